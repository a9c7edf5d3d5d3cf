"""What does a deep net learn that a classical model must be given?

Features. A linear model can only weigh the numbers it is given, so people used to think up better numbers for it. A deep
net makes its own, layer after layer, from the same pixels and labels,

    h_1 = f(x W_1 + b_1)    h_2 = f(h_1 W_2 + b_2)    ...    z = h_L W + b

and only its last layer is the linear model of old (LeCun, Bengio and Hinton 2015). What W_1 ... W_L are is found by the
same descent that finds W.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab import hand_made
from dllab.lab.linear_probe import LinearProbe, probed
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
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
        ("dllab train mnist10k", "the same on all 8,000 digits, larger"))  # fmt: skip
BREAKS = (("activation=identity", "linear"), ("activation=identity", "probe"))
DIGITS = (0, 2, 4, 7)
HANDS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {"sums": hand_made.sums, "edges": hand_made.edges}


def run(lab: Lab) -> None:
    """Linear models of pixels, of hand-made features and of each layer of deep nets; and all of it with few digits."""
    few = ("per_class=10", "epochs=60")
    recipes = {"deep": lab.recipe(), "linear": lab.recipe("model=[{dense: classes}]", "epochs=20"), "few": lab.recipe(*few)}
    nets = lab.nets(recipes, 5)
    right = {
        name: [100 * net.ended.figures["test"]["accuracy"] for net in each if net.ended] for name, each in nets.items()
    }
    layers = ("", *(info.path for info in nets["deep"][0].network.plan.infos if info.depth and info.kind != "dense"))
    seen = 100 * np.array(lab.each(nets["deep"], lambda net: list(probed(net, layers).values()), "probes"))
    hands = {name: 100 * by_hand(nets["deep"][0], make) for name, make in HANDS.items()}
    places, middle = range(len(layers)), np.median(seen, axis=0)
    curves = {"learnt": (places, middle)} | {
        f"hand-made {name}": (places, [value] * len(layers)) for name, value in hands.items()
    }
    lab.picture(Lines("linear classifiers of what each layer gives (0: the pixels)", curves, x="layer", y="%", you="y"),
                "From layer to layer the net's own features are better; at the end they beat both.")  # fmt: skip
    shares, images = zip(*(keenest(nets["deep"][0], layers[-1], digit) for digit in DIGITS))
    names, captions = [f"for {digit}" for digit in DIGITS], [f"{share:.0f} %" for share in shares]
    lab.picture(Images("digits, weighed by what the keenest unit for each gives (last layer)", np.stack(images), own=True,
                       names=names, captions=captions), "Below: how much of what it gives goes to that digit.")  # fmt: skip
    lab.table("test accuracy in %", ("", "300 of each", "10 of each"), [
        ("linear, trained on pixels", median(right["linear"]), None),
        ("linear, of row, column and zone sums", hands["sums"], None),
        ("linear, of edges in zones", hands["edges"], 100 * by_hand(nets["few"][0], hand_made.edges)),
        ("deep, trained on pixels", median(right["deep"]), median(right["few"])),
    ])  # fmt: skip
    lab.trace("a feature", formula="h = relu(x . w + b)", code=("ops/relu.py", "y[i] = 0 if x[i] < 0 else x[i]"),
              number=f"{shares[0]:.0f} % of what it gives goes to {DIGITS[0]}s", picture="the first image")  # fmt: skip
    lab.predicted(float(middle[-1]))
    deep = median(right["deep"])
    lab.claim("linear", "deep, above a linear model of the pixels by", deep - median(right["linear"]), ">", 1.5, "points")
    for name, bound in (("sums", 5), ("edges", 2)):
        lab.claim(name, f"deep, above a linear model of hand-made {name} by", deep - hands[name], ">", bound, "points")
    lab.claim(
        "probe",
        "linear classifiers: the last hidden layer, above the pixels by",
        list(seen[:, -1] - seen[:, 0]),
        ">",
        5,
        "points",
    )
    lab.claim("first", "the first hidden layer, above the pixels by", list(seen[:, 1] - seen[:, 0]), ">", 3, "points")
    ahead = [100 * by_hand(net, hand_made.edges) - figure for net, figure in zip(nets["few"], right["few"])]
    lab.claim("few", "10 digits of each kind: hand-made edges, above deep by", ahead, ">", 0.5, "points")


def by_hand(net: Subject, features: Callable[[NDArray[Any]], NDArray[Any]]) -> float:
    """Accuracy of a linear classifier of features that are worked out from a net's data."""
    train, test = (net.rows(split) for split in ("train", "test"))
    x, tests = (features(net.data.seen(rows).reshape(len(rows), 14, 14)) for rows in (train, test))
    labels = net.data.dataset.columns["targets"]
    return LinearProbe(x, labels[train], ridge=30 / len(train)).accuracy(tests, labels[test])


def keenest(net: Subject, layer: str, digit: int) -> tuple[float, NDArray[Any]]:
    """Of the unit that goes most by a digit: how much of what it gives goes to that, in %; all digits, weighed by it."""
    rows = net.rows("test")
    h, labels = net.inference(rows).output(layer).astype(float), net.data.dataset.columns["targets"][rows]
    means = np.array([h[labels == one].mean(axis=0) for one in range(10)])  # (10, units)
    unit = int((means[digit] - means.mean(axis=0)).argmax())
    image = (h[:, unit] @ net.data.seen(rows)).reshape(14, 14)
    return float(100 * means[digit, unit] / means[:, unit].sum()), image
