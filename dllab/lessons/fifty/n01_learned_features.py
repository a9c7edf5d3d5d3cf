"""What does a deep net learn that a classical model must be given?

Features. A linear model can only weigh the numbers it is given, so people used to think up better numbers for it. A deep
net makes its own, layer after layer, from the same pixels and labels,

    h_1 = f(x W_1 + b_1)    h_2 = f(h_1 W_2 + b_2)    ...    z = h_L W + b

and only its last layer is the linear model of old (LeCun, Bengio and Hinton 2015). What W_1 ... W_L are is found by the
same descent that finds W.
"""

from __future__ import annotations

import math
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab import hand_made
from dllab.lab.keenest import keenest
from dllab.lab.linear_probe import judged, probed
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
    "a linear classifier gets about 85 % of digits right from pixels. And from the last hidden layer of a trained net?",
    unit="%", near=2.5, least=0, most=100,
    low="More: three layers have worked for nothing else than that a linear model can tell the digits apart behind them.",
    high="Less: 3,000 digits teach features that fit these; of new ones a few in a hundred stay out of place.",
    good="The features that were learnt are worth about half of the mistakes, and more.",
)  # fmt: skip
LEFT_OUT = """It takes data to learn features. With 10 digits of each kind in place of 300 the edges somebody thought of
are still good, and the net's own ones are not: the linear model on edges is ahead, as measured above. Thought-out features
are knowledge; who has much of it and few data does well to use it."""
NEXT = (("dllab lesson 1 activation=identity", "layers that cannot make features"),
        ("dllab train digits", "a single hidden layer on smaller digits"))  # fmt: skip
BREAKS = (("activation=identity", "linear"), ("activation=identity", "probe"))


def sums(x: NDArray[Any]) -> NDArray[Any]:
    """The ink in rows, columns and zones."""
    return hand_made.sums(x.reshape(-1, 14, 14))


def edges(x: NDArray[Any]) -> NDArray[Any]:
    """The edges in zones, by their direction."""
    return hand_made.edges(x.reshape(-1, 14, 14))


def run(lab: Lab) -> None:
    """Linear models of pixels, of hand-made features and of each layer of deep nets; and all of it with few digits."""
    recipes = {"deep": lab.recipe(), "linear": lab.recipe("model=[{dense: classes}]", "epochs=20")}
    nets, draws = lab.nets(recipes, 5), lab.seeds(11)  # few digits are a matter of luck: others for each net
    scarce = lab.nets({f"{seed}": lab.recipe("per_class=10", "epochs=60", f"data.seed={seed}") for seed in draws}, 1)
    right = {name: [figure(net) for net in nets[name]] for name in recipes}
    layers = ("", *(info.path for info in nets["deep"][0].network.plan.infos if info.depth and info.kind != "dense"))
    seen = 100 * np.array(lab.each(nets["deep"], lambda net: list(probed(net, layers).values()), "probes"))
    hands = {name: 100 * judged(nets["deep"][0], make, ridge=0.01) for name, make in (("sums", sums), ("edges", edges))}
    small = [net for (net,) in scarce.values()]
    few, apart = [100 * judged(net, edges, ridge=0.3) for net in small], [figure(net) for net in small]
    places, middle = range(len(layers)), np.median(seen, axis=0)
    curves = {f"hand-made {name}": (places, np.full(len(layers), value)) for name, value in hands.items()}
    curves["learnt"] = (places, middle)
    lab.picture(Lines("linear classifiers of what each layer gives (0: the pixels)", curves, x="layer", y="%", you="y"),
                "From layer to layer the net's own features are better; at the end they beat both.")  # fmt: skip
    keen = {digit: keenest(nets["deep"][0], layers[-1], digit) for digit in (0, 2, 4, 7)}
    images, captions = zip(*((one.likes.reshape(14, 14), f"{100 * one.share:.0f} %") for one in keen.values()))
    lab.picture(Images("all digits, weighed by what a unit of the last hidden layer gives", np.stack(images), own=True,
                       names=[f"keen on {digit}" for digit in keen], captions=captions),
                "Below: how much of all that it gives goes to that digit.")  # fmt: skip
    lab.table("test accuracy in %", ("", "300 of each", "10 of each"), [
        ("linear, trained on pixels", median(right["linear"]), None),
        ("linear, of row, column and zone sums", hands["sums"], None),
        ("linear, of edges in zones", hands["edges"], median(few)),
        ("deep, trained on pixels", median(right["deep"]), median(apart)),
    ])  # fmt: skip
    lab.trace("a feature", formula="h = relu(x . w + b)", code=("ops/relu.py", "y[i] = 0 if x[i] < 0 else x[i]"),
              number=f"{100 * keen[0].share:.0f} % of what a unit gives goes to 0s", picture="the first image")  # fmt: skip
    lab.predicted(float(middle[-1]))
    more = less(right["deep"], right["linear"])
    lab.claim("linear", "deep, above a linear model of the pixels by", more, ">", 1.5, "points")
    for name, bound in (("sums", 5), ("edges", 2)):
        more = [one - hands[name] for one in right["deep"]]
        lab.claim(name, f"deep, above a linear model of hand-made {name} by", more, ">", bound, "points")
    for id, layer, bound in (("probe", -1, 5), ("first", 1, 3)):
        what = f"linear classifier of the {id.replace('probe', 'last')} hidden layer, above pixels by"
        lab.claim(id, what, list(seen[:, layer] - seen[:, 0]), ">", bound, "points")
    lab.claim("few", "10 digits of each kind: hand-made edges, above deep by", less(few, apart), ">", 0, "points")


def figure(net: Subject) -> float:
    """The test accuracy in percent."""
    return 100 * net.ended.figures["test"]["accuracy"] if net.ended else math.nan
