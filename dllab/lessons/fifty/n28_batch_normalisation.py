"""What does batch normalisation do?

It gives every unit of a layer the mean 0 and the variance 1 over the batch, then a gain and a bias that are learnt:

    y = gain (x - mean) / sqrt(variance + eps) + bias

(Ioffe and Szegedy 2015.) Whatever size the weights below have, what comes out keeps its scale: so larger rates work, and
the start matters less. At inference there may be no batch: running means of the statistics stand in for it.
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
KNOBS = {"depth": "model[0].repeat.times", "norm": f"{LAYERS}[1]", "batch": "train.batch", "epochs": "train.epochs"}
RATES = (0.03, 0.1, 0.3, 1.0, 3.0)
SCALES = (0.01, 0.1, 1.0)
MATES = (4, 8, 16, 32, 64, 128)
PREDICT = Prediction(
    "a plain net of six layers learns well at a rate of 0.1. Up to which rate does one with batch norm still learn (80 %)?",
    log=True, near=3.5, least=1e-6, most=1e6,
    low="More: a large step makes large weights, and those are divided away; it only makes the next steps smaller.",
    high="Not without end: the last layer has no norm behind it, and for it the rate is as large as it says.",
    good="Right: about ten times as far as the plain net, until the last layer, which has no norm behind it, gives way.",
)  # fmt: skip
LEFT_OUT = """Why it helps is disputed: not because the inputs of layers shift less, as its authors thought (Santurkar 2018
shifted them on purpose, and it trained as well); the loss is said to be smoother. And each output hangs on its batch-mates:
a noise that regularises a little. Of a batch of one nothing is left at all, as measured: only the bias."""
NEXT = (("dllab lesson 28 norm=layer_norm", "a norm without batch-mates"), ("dllab lesson 28 batch=4", "what is lost?"))
BREAKS = (("norm=identity", "rate"), ("norm=identity", "start"), ("norm=layer_norm", "mates"))


def run(lab: Lab) -> None:
    """Train with and without the norm at many rates and starts; look into one norm, in training and at inference."""
    ways = {"plain": (f"{LAYERS}[1]=identity", f"{LAYERS}[0].dense.bias=true"), "with norm": ()}
    tries = {f"rate {rate:g}": f"optimizer.lr={rate}" for rate in RATES}
    tries |= {f"weights of {scale:g}": f"{LAYERS}[0].dense.init={{normal: {scale}}}" for scale in SCALES}
    runs = lab.runs({f"{way} {one}": lab.recipe(*change, tries[one]) for way, change in ways.items() for one in tries}, 5)
    found = {key: [0.0 if isnan(one := run.figure("accuracy")) else one for run in each] for key, each in runs.items()}
    plain, norm = ([float(median(found[f"{way} {one}"])) for one in tries] for way in ways)
    by_rate = {way: (RATES, each[: len(RATES)]) for way, each in zip(ways, (plain, norm))}
    lab.picture(
        Lines("test accuracy by learning rate", by_rate, x="rate", y="accuracy", log_x=True, you="x"),
        "Beyond rates of about 0.1 the plain net gives way; with the norm larger ones work, up to a point.",
    )
    lab.table("test accuracy; a net that diverged counts as 0", ("", *ways), list(zip(tries, plain, norm)))
    lab.predicted(max((rate for rate, one in zip(RATES, norm) if one > 0.8), default=RATES[0]))
    gained = less(found["with norm rate 1"], found["plain rate 1"])
    lab.claim("rate", "rate 1: accuracy gained by the norm", gained, ">", 0.4)
    worst = {way: list(np.min([found[f"{way} weights of {scale:g}"] for scale in SCALES], axis=0)) for way in ways}
    lab.claim("start", "weights of 0.01, 0.1, 1: accuracy gained by the norm at the worst",
              less(worst["with norm"], worst["plain"]), ">", 0.35)  # fmt: skip
    net = lab.nets({"": lab.recipe("train.dtype=float64")}, 1)[""][0]
    path = next(info.path for info in net.network.plan.infos if info.path.startswith("0_repeat.0.1_"))
    noise, still = (noise_of_mates(net, path, MATES, seed=lab.seed, training=training) for training in (True, False))
    spread = {"training": (MATES, noise), "inference": (MATES, still)}
    lab.picture(
        Lines("how far one example's outputs move with its batch-mates", spread, x="batch", y="spread", height=9),
        "In training the others in the batch move them, the less the more there are; at inference nothing does.",
    )
    lab.claim("mates", f"spread with {MATES[0]} in a batch over that with {MATES[-1]}", noise[0] / noise[-1], ">", 3)
    lab.claim("inference", "spread with other batch-mates at inference", still.max(), "<", 1e-12)
    if not path.endswith("batch_norm"):
        return
    seen, lone = normed(net, net.rows("train", 32), path), normed(net, net.rows("train")[:1], path)
    lab.trace(
        "one output of the norm",
        formula="y = gain (x - mean) / sqrt(variance + eps) + bias",
        code=("ops/batch_norm.py", "to[v] = wide_gain[v] * ((of[v] - middle[v]) * wide_scale[v]) + wide_bias[v]"),
        number=f"the first is {seen.y[0, 0]:.3f} in training, {seen.inferred[0, 0]:.3f} at inference",
        picture="what moves with the batch-mates in the second picture",
    )
    mean, variance = seen.normalised.mean(0), seen.normalised.var(0)
    lab.claim("mean", "normalised: the mean that is farthest from 0", abs(mean).max(), "<", 1e-12)
    lab.claim("variance", "normalised: the variance farthest from 1 is off by", abs(variance - 1).max(), "<", 1e-3)
    off = max(abs(got - by_hand).max() for got, by_hand in zip((seen.y, seen.inferred), seen.by_hand()))
    lab.claim("formula", "by hand, with the batch's statistics, at inference the running ones: off by", off, "<", 1e-12)
    apart = abs(seen.y - seen.inferred).mean()
    lab.claim("differ", "outputs in training and at inference differ by, on average", apart, ">", 0.03)
    lab.claim("alone", "a batch of one: outputs differ from the bias by", abs(lone.y - lone.bias).max(), "==", 0)
