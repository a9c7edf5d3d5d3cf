"""What does a deep net learn that a classical model must be given?

Features. A linear model can only weigh the numbers it is given, so people used to think up better numbers for it. A deep
net makes its own, layer after layer, from the same pixels and labels,

    h_1 = f(x W_1 + b_1)    h_2 = f(h_1 W_2 + b_2)    ...    z = h_L W + b

and only its last layer is the linear model of old (LeCun, Bengio and Hinton 2015). What W_1 ... W_L are is found by the
same descent that finds W.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab import hand_made
from dllab.lab.keenest import keenest
from dllab.lab.linear_probe import SoftmaxProbe, judged, probed
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines

RECIPE = """\
about: Three hidden layers learn their own features of 3,000 digits.
data: {name: mnist10k, size: 14, per_class: 300}
model:
  - repeat: {times: 3, layers: [{dense: 96}, relu]}
  - dense: classes
loss: cross_entropy
optimizer: {adam: 0.002}
train: {epochs: 12, batch: 32}
"""
KNOBS = {
    "depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense", "activation": "model[0].repeat.layers[1]",
    "per_class": "data.mnist10k.per_class", "epochs": "train.epochs",
}  # fmt: skip
PREDICT = Prediction(
    "a linear model gets about 90 % of digits right from pixels. And from the last hidden layer of a trained deep net?",
    unit="%", near=2, least=0, most=100,
    low="More: the hidden layers were trained for nothing but outputs from which a linear model can tell the digits apart.",
    high="Less: the features fit the digits that were trained on; of new ones a few in a hundred are still taken wrongly.",
    good="The learnt features take away about four in ten of the mistakes that a linear model of the pixels makes.",
)  # fmt: skip
LEFT_OUT = """Good features that somebody thought of are hard to beat. A linear model of edges (how much brighter or darker
it gets to the right and downwards, in 16 zones) is level with the deep net, as claimed above; sums of ink are not. With 10
digits of each kind the edges are a little ahead: it takes data to learn features, and edges are knowledge."""
NEXT = (("dllab lesson 1 activation=identity", "layers that cannot make features"),
        ("dllab train digits", "a single hidden layer on smaller digits"))  # fmt: skip
BREAKS = (("activation=identity", "pixels"), ("activation=identity", "probe"))


def square(x: NDArray[Any]) -> NDArray[Any]:
    """Pixels as pictures."""
    return x.reshape(-1, 14, 14)


MADE = {"pixels": square, "sums": lambda x: hand_made.sums(square(x)), "edges": lambda x: hand_made.edges(square(x))}


def run(lab: Lab) -> None:
    """Linear models of pixels, of hand-made features and of each layer of deep nets; and all of it with few digits."""
    nets = lab.nets({"": lab.recipe()}, 5)[""]
    scarce = {f"{seed}": lab.recipe("per_class=10", "epochs=60", f"data.seed={seed}") for seed in lab.seeds(11)}
    small = [net for (net,) in lab.nets(scarce, 1).values()]  # few digits are a matter of luck: others for each net
    layers = [info.path for info in nets[0].network.plan.infos if info.depth and info.kind != "dense"]
    seen = 100 * np.array(lab.each(nets, lambda net: list(probed(net, layers, probe=SoftmaxProbe).values()), "probes"))
    deep, apart = ([100 * net.figure("accuracy") for net in each] for each in (nets, small))
    models = lab.each([nets[0], *small], hand_fed, "linear models")
    linear, few = models[0], {name: [one[name] for one in models[1:]] for name in MADE}
    middle, places = [linear["pixels"], *np.median(seen, axis=0)], range(len(layers) + 1)
    curves = {name: (places, np.full(len(places), linear[name])) for name in ("sums", "edges")}
    curves["learnt"] = (places, np.array(middle))
    lab.picture(Lines("test accuracy of linear models of each layer's outputs (0: the pixels)", curves, x="layer", y="%",
                      you="y"),
                f"Learnt features: {middle[0]:.1f} % from pixels, {middle[1]:.1f} % from the outputs of layer 1, "
                f"{middle[-1]:.1f} % from the last.")  # fmt: skip
    keen = {digit: keenest(nets[0], layers[-1], digit) for digit in (0, 2, 4, 7)}
    images, captions = zip(*((one.likes.reshape(14, 14), f"{100 * one.share:.0f} %") for one in keen.values()))
    lab.picture(Images("mean of all digits, weighted by the output of a unit of the last hidden layer", np.stack(images),
                       own=True, names=[f"keen on {digit}" for digit in keen], captions=captions),
                "Below: the digit's share of the unit's total output; by chance it would be 10 %.")  # fmt: skip
    lab.table("test accuracy in %", ("", "recipe's digits", "10 of each"), [
        *((f"linear model of {name}", linear[name], median(few[name])) for name in MADE),
        ("deep net of pixels", median(deep), median(apart)),
    ], "All linear models are the same: a softmax trained by cross-entropy, with the same small L2 penalty.")  # fmt: skip
    lab.trace("a feature", formula="h = f(x . w + b)", code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
              number=f"{100 * keen[0].share:.0f} % of a unit's total output h is for 0s",
              picture="the first image")  # fmt: skip
    lab.predicted(float(middle[-1]))
    for name, bound in (("pixels", 1.4), ("sums", 4.5)):
        more = [one - linear[name] for one in deep]
        lab.claim(name, f"deep net, above a linear model of {name} by", more, ">", bound, "points")
    far = [abs(one - linear["edges"]) for one in deep]
    lab.claim("edges", "deep net and a linear model of edges differ by", far, "<", 2.5, "points")
    for id, layer, bound in (("probe", -1, 2.0), ("first", 0, 1.5)):
        what = f"linear model of the {id.replace('probe', 'last')} hidden layer, above that of pixels by"
        lab.claim(id, what, list(seen[:, layer] - linear["pixels"]), ">", bound, "points")
    lab.claim("few", "10 digits of each kind: linear model of edges, above deep net by", less(few["edges"], apart), ">", 0,
              "points")  # fmt: skip


def hand_fed(net: Subject) -> dict[str, float]:
    """The test accuracy in percent of linear models of pixels and of hand-made features of a net's data."""
    return {name: 100 * judged(net, make, SoftmaxProbe) for name, make in MADE.items()}
