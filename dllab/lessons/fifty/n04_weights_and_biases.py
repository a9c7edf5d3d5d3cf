"""What are weights and biases for?

A weight says how strongly an input counts, and a bias how large the weighted sum must be before the answer changes:

    y = f(w x + b)        y = 1/2 where x = -b / w

The weight squeezes the curve, the bias moves it. Without a bias the border goes through the origin, whatever the weights
are: a neuron gives all points on one side of it the same answer, and a ReLU net, however deep, gives one answer to all
points that lie in the same direction from the origin.
"""

from __future__ import annotations

import dataclasses
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.plane_map import plane_map
from dllab.lab.subject import Subject
from dllab.lessons.claim import Op, Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Lines, Titled

CLOUDS = """\
about: Two clouds on a line, at 3 and at 5; the origin is far to the left of both.
data: {name: blobs, classes: 2, features: 1, offset: 4, noise: 0.3, samples: 200, test: 0.25}
model: [{dense: 1}, sigmoid]
loss: binary_cross_entropy
optimizer: {adam: 0.1}
train: {epochs: 60, batch: 50}
"""
RINGS = """\
about: Two rings around the origin; each direction from there leads through both.
data: {name: rings, samples: 400, test: 0.25}
model: [{repeat: {times: 2, layers: [{dense: 16}, relu]}}, {dense: 1}, sigmoid]
loss: binary_cross_entropy
optimizer: {adam: 0.02}
train: {epochs: 40, batch: 50}
"""
RECIPES = {"clouds": CLOUDS, "rings": RINGS}
KNOBS = {"offset": "data.blobs.offset", "activation": "model[0].repeat.layers[1]", "epochs": "train.epochs"}
PREDICT = Prediction(
    "two clouds lie on a line at x = 3 and x = 5. What test accuracy does a trained neuron without a bias reach?", unit="%",
    near=5, least=0, most=100,
    low="It gives all points the same answer, and that is right for one of the two clouds: a half.",
    high="w x has the same sign for every x > 0. Whatever the weight, all points get the same answer, right for one cloud.",
    good="w x has the same sign for every x > 0, so all points get the same answer: right for one cloud of the two.",
)  # fmt: skip
LEFT_OUT = """What counts is where the data lie. Once the inputs are centred, as standardising does, the neuron needs no
bias here, as measured above; and before a batch norm, which subtracts the mean, a bias changes nothing. The rings,
though, lie around the origin as they are, and still need biases: without them no border can close around it."""
NEXT = (("dllab lesson 4 offset=0", "clouds around the origin need no bias"),
        ("dllab viz-boundary rings --units", "what each unit of such a net does"))  # fmt: skip
BREAKS = (("offset=0", "pinned"), ("activation=tanh", "direction"))
BARE = {
    "clouds": ("model[0].dense.bias=false",),
    "rings": ("model[0].repeat.layers[0].dense.bias=false", "model[1].dense.bias=false"),
}
JUDGED: tuple[tuple[str, str, Op, float], ...] = (
    ("clouds", "clouds", ">", 95), ("pinned", "clouds, no bias", "<", 55), ("centred", "clouds, no bias, centred", ">", 95),
    ("rings", "rings", ">", 95), ("sectors", "rings, no bias", "<", 65),
)  # fmt: skip


def run(lab: Lab) -> None:
    """One neuron's curve; then clouds and rings, with biases and without."""
    recipes = {name: lab.recipe(name=name) for name in BARE}
    recipes |= {f"{name}, no bias": lab.recipe(*bare, name=name) for name, bare in BARE.items()}
    recipes["clouds, no bias, centred"] = lab.recipe("data.standardise=true", *BARE["clouds"], name="clouds")
    nets = lab.nets(recipes, 7)
    right = {name: [100 * net.figure("accuracy") for net in each] for name, each in nets.items()}
    x = np.linspace(-8, 8, 161)
    curves = {name: neuron(lab, x, w, b) for name, w, b in (("w = 1", 1, 0), ("w = 3", 3, 0), ("w = 1, b = -4", 1, -4))}
    lab.picture(Lines("one neuron's curve", {name: (x, y) for name, y in curves.items()}, x="x", y="y"),
                "The weight squeezes the curve: three times as steep. The bias moves it: to x = 4.")  # fmt: skip
    learnt = {said: (x, nets[name][0].network.forward(x[:, None])[:, 0])
              for said, name in (("with a bias", "clouds"), ("without", "clouds, no bias"))}  # fmt: skip
    at = float(getattr(lab.recipe(name="clouds").data, "offset", 4))  # half way between the clouds
    lab.picture(Lines("trained on two clouds, around A and B", learnt, x="x", y="y", marks={"A": at - 1, "B": at + 1}),
                "Without a bias y is 1/2 at x = 0, whatever w is: all points right of 0 get one answer.")  # fmt: skip
    bare = max(nets["rings, no bias"], key=lambda net: float(plane_map(net, "test", size=(30, 20)).labels.std()))
    maps = {"rings": nets["rings"][0], "rings, no bias": bare}
    lab.picture(Grid([Titled(name, dataclasses.replace(plane_map(net, "test"), sure=None)) for name, net in maps.items()]),
                "Without biases all places in one direction get one answer, so that at most sectors differ. Drawn of "
                "these nets is the one that gives the other answer in the widest sector.")  # fmt: skip
    bars = ("bias: clouds", "none: clouds", "none: centred", "bias: rings", "none: rings")
    lab.picture(Bars("test accuracy with biases or none, median of the nets",
                     {bar: median(right[name]) for bar, (_, name, *_) in zip(bars, JUDGED)}, "%", you=True),
                "Centred: the clouds, standardised. To guess would give 50 %.")  # fmt: skip
    (w, b), (alone, *_) = ([float(values.flat[0]) for values in nets[name][0].network.parameters.values()]
                           for name in ("clouds", "clouds, no bias"))  # fmt: skip
    lab.table(
        "the trained neurons", ("neuron", "w", "b", "border"), [("with a bias", w, b, -b / w), ("without", alone, 0, 0)]
    )
    lab.trace("where the answer changes", formula="x = -b / w", code=("ops/dense.py", "row[o] = b[o]"),
              number=f"-b / w = {-b:.2f} / {w:.2f} = {-b / w:.2f}",
              picture="where the curve with a bias crosses 1/2")  # fmt: skip
    lab.predicted(median(right["clouds, no bias"]))
    lab.claim("weight", "the curve with w = 3 and the first one at 3 x differ by",
              float(abs(curves["w = 3"] - neuron(lab, 3 * x, 1, 0)).max()), "<", 1e-12)  # fmt: skip
    lab.claim("bias", "the curve with b = -4 and the first one at x - 4 differ by",
              float(abs(curves["w = 1, b = -4"] - neuron(lab, x - 4, 1, 0)).max()), "<", 1e-12)  # fmt: skip
    for id, name, op, bound in JUDGED:
        lab.claim(id, f"{name}: test accuracy", right[name], op, bound, "%")
    lab.claim("direction", "rings, no bias: test rows with another answer at twice the distance from the origin",
              max(moved(net) for net in nets["rings, no bias"]), "==", 0)  # fmt: skip


def neuron(lab: Lab, x: NDArray[Any], w: float, b: float) -> NDArray[Any]:
    """What a neuron with this weight and this bias gives for x (N,)."""
    net = lab.network(lab.recipe("model=[{dense: 1}, sigmoid]", name="clouds"))
    for values, number in zip(net.parameters.values(), (w, b)):
        values[...] = number
    return net.forward(x[:, None])[:, 0]


def moved(net: Subject) -> int:
    """How many test rows get another answer at twice their distance from the origin."""
    x = net.data.seen(net.rows("test"))
    near, far = (net.network.forward(times * x)[:, 0] > 0.5 for times in (1, 2))
    return int((near != far).sum())
