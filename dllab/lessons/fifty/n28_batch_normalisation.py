"""What does batch normalisation do?

It gives every unit of a layer the mean 0 and the variance 1 over the batch, then a gain and a bias that are learnt:

    y = gain (x - mean) / sqrt(variance + eps) + bias

(Ioffe and Szegedy 2015.) Whatever size the weights below have, what comes out has the same scale: so larger rates work, and
the size of the first weights matters less. At inference there may be no batch: running means, kept while training, stand
in for its mean and variance.
"""

from __future__ import annotations

from math import isnan
from statistics import median

import numpy as np

from dllab.lab.batch_statistics import noise_of_mates, normed
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: Six layers with batch norm on small digits.
data: {name: digits, test: 0.5}
model:
  - repeat: {times: 6, layers: [{dense: {units: 32, bias: false, init: he}}, batch_norm, relu]}
  - dense: classes
optimizer: {sgd: 0.1}
schedule: cosine
train: {epochs: 8, batch: 32, evaluate_every: 8}
"""
LAYERS = "model[0].repeat.layers"
KNOBS = {
    "depth": "model[0].repeat.times",
    "norm": "model[0].repeat.layers[1]",
    "batch": "train.batch",
    "epochs": "train.epochs",
}
RATES = (0.03, 0.1, 0.3, 1.0, 4.0)
SCALES = (0.01, 0.1, 1.0)
AGAIN = "weights of 1, rate 1.6"
MATES = (4, 8, 16, 32, 64, 128)
PREDICT = Prediction(
    "a plain net of six layers learns well at a rate of 0.1. Up to which does one with batch norm get 80 % right?",
    log=True, near=1.9, least=1e-6, most=1e6,
    low="More: a large step makes large weights, and those are divided away; it only makes the next steps smaller.",
    high="Not without end: the last layer has no norm behind it, and for it the rate is as large as it says.",
    good="Right: about ten times as far as the plain net, until the last layer, which has no norm behind it, gives way.",
)  # fmt: skip
LEFT_OUT = """Why it helps is disputed: not because the inputs of layers shift less, as its authors thought (Santurkar 2018
shifted them on purpose, and it trained as well); the loss is said to be smoother. Nor is the start all the same to it: the
larger the weights, the less a step turns them, as if the rate were smaller; weights of 1 learn far more at a rate of 1.6
than at 0.1. Each output depends on its batch-mates, a noise that regularises a little. And in a batch of one every output
is the bias, whatever goes in."""
NEXT = (("dllab lesson 28 norm=layer_norm", "a norm without batch-mates"),
        ("dllab lesson 28 batch=4", "what do small batches cost?"))  # fmt: skip
BREAKS = (("norm=identity", "rate"), ("norm=identity", "start"), ("norm=identity", "turns"), ("norm=layer_norm", "mates"))


def run(lab: Lab) -> None:
    """Train with and without the norm at many rates and starts; look into one norm, in training and at inference."""
    ways = {"plain": (f"{LAYERS}[1]=identity", f"{LAYERS}[0].dense.bias=true"), "with norm": ()}
    tries: dict[str, tuple[str, ...]] = {f"rate {rate:g}": (f"optimizer.lr={rate}",) for rate in RATES}
    tries |= {f"weights of {scale:g}": (f"{LAYERS}[0].dense.init={{normal: {scale}}}",) for scale in SCALES}
    tries[AGAIN] = (*tries["weights of 1"], "optimizer.lr=1.6")
    recipes = {f"{way} {one}": lab.recipe(*change, *tries[one]) for way, change in ways.items() for one in tries}
    found = {key: [0.0 if isnan(one := run.figure("accuracy")) else 100 * one for run in each]
             for key, each in lab.runs(recipes, 5).items()}  # fmt: skip
    plain, norm = ([median(found[f"{way} {one}"]) for one in tries] for way in ways)
    by_rate = {way: (RATES, each[: len(RATES)]) for way, each in zip(ways, (plain, norm))}
    at_one = {way: median(found[f"{way} rate 1"]) for way in ways}
    lab.picture(
        Lines("test accuracy by learning rate, medians", by_rate, x="rate", y="%", log_x=True, you="x"),
        f"At a rate of 1: {at_one['plain']:.0f} % without the norm and {at_one['with norm']:.0f} % with it.",
    )
    lab.table("test accuracy in %, medians; a net that diverged counts as 0", ("", *ways),
              [(one, f"{a:.1f}", f"{b:.1f}") for one, a, b in zip(tries, plain, norm)],
              "Weights of 0.01, 0.1, 1: with that standard deviation at the start. Elsewhere about 0.25.")  # fmt: skip
    lab.predicted(max((rate for rate, one in zip(RATES, norm) if one > 80), default=RATES[0]))
    gained = less(found["with norm rate 1"], found["plain rate 1"])
    lab.claim("rate", "rate 1: the norm gains in test accuracy", gained, ">", 35, "points")
    worst = {way: list(np.min([found[f"{way} weights of {scale:g}"] for scale in SCALES], axis=0)) for way in ways}
    gained = less(worst["with norm"], worst["plain"])
    lab.claim("start", "weights of 0.01, 0.1, 1, the worst of the three: the norm gains", gained, ">", 35, "points")
    gained = less(found[f"with norm {AGAIN}"], found["with norm weights of 1"])
    lab.claim("turns", "weights of 1, with norm: a rate of 1.6 in place of 0.1 gains", gained, ">", 8, "points")
    net = lab.nets({"": lab.recipe("train.dtype=float64")}, 1)[""][0]
    path = next(info.path for info in net.network.plan.infos if info.path.startswith("0_repeat.0.1_"))
    noise, still = (noise_of_mates(net, path, MATES, seed=lab.seed, training=training) for training in (True, False))
    spread = {"training": (MATES, noise), "inference": (MATES, still)}
    lab.picture(
        Lines("standard deviation of one example's outputs over 60 draws of its batch-mates", spread, x="batch", y="std",
              height=9),
        "In training the others in the batch change them, the less the more there are; at inference they do not.",
    )  # fmt: skip
    ratio = f"standard deviation with {MATES[0]} in a batch divided by that with {MATES[-1]}"
    lab.claim("mates", ratio, noise[0] / noise[-1], ">", 2.5)
    lab.claim("inference", "standard deviation over draws of batch-mates at inference", still.max(), "<", 1e-12)
    if not path.endswith("batch_norm"):
        return
    seen, lone = normed(net, net.rows("train", 32), path), normed(net, net.rows("train")[:1], path)
    lab.trace(
        "one output of the norm",
        formula="y = gain (x - mean) / sqrt(variance + eps) + bias",
        code=("ops/batch_norm.py", "to[v] = wide_gain[v] * ((of[v] - middle[v]) * wide_scale[v]) + wide_bias[v]"),
        number=f"the first is {seen.y[0, 0]:.3f} in training, {seen.inferred[0, 0]:.3f} at inference",
        picture="what varies with the batch-mates in the second picture",
    )
    mean, variance = seen.normalised.mean(0), seen.normalised.var(0)
    lab.claim("mean", "before gain and bias: the mean of a unit farthest from 0", abs(mean).max(), "<", 1e-12)
    lab.claim("variance", "the variance farthest from 1 is off by (due to eps)", abs(variance - 1).max(), "<", 1e-3)
    off = max(abs(got - by_hand).max() for got, by_hand in zip((seen.y, seen.inferred), seen.by_hand()))
    lab.claim("formula", "outputs differ from the formula (at inference with running statistics) by", off, "<", 1e-12)
    apart = abs(seen.y - seen.inferred).mean()
    lab.claim("differ", "outputs in training and at inference differ by, on average", apart, ">", 0.03)
    lab.claim("alone", "in a batch of one: outputs differ from the bias by", abs(lone.y - lone.bias).max(), "==", 0)
