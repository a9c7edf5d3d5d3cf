"""What do activation functions look like, and what does it take to be one?

Each maps a number to a number, y = f(x), between two layers. Two things count: that f is no straight line, or the layers
around it would be one, and that it has a slope, which goes into the gradient of all that lies below:

    dL/dx = dL/dy f'(x)

Sigmoid and tanh are flat on both sides, ReLU and its kin on one at most. On a board of 2 x 2 squares (XOR) each of them
does what identity cannot; the step, as bent as can be, does not, for it has no slope.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.activation_curves import curve, names
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Lines

RECIPE = """\
about: A board of 2 x 2 squares, XOR with points, for one hidden layer of any activation.
data: {name: checkerboard, cells: 2, samples: 400, test: 0.5}
model:
  - dense: {units: 32, init: {normal: 2}}
  - relu
  - dense: classes
optimizer: {adam: 0.03}
train: {epochs: 20, batch: 16}
"""
FOUR = ("identity", "step", "tanh", "relu")
SMALL = "init=xavier"
KNOBS = {
    "activation": "model[1]",
    "width": "model[0].dense.units",
    "init": "model[0].dense.init",
    "lr": "optimizer.adam",
    "cells": "data.cells",
}
PREDICT = Prediction(
    "two step units could do XOR by hand. How much of the board does a net with 32 of them get right once it is trained? "
    "Guessing gets 50.",
    unit="%", near=12, least=0, most=100,
    low="It is as good as guessing, no worse.",
    high="The bend would do, but training cannot use it: its slope is 0 everywhere, so the layer below gets no gradient.",
    good="Yes: with slope 0 everywhere, the layer below never gets a gradient, and the bend is of no use.",
)  # fmt: skip
LEFT_OUT = """A bend helps only where the numbers reach it. Hard tanh is straight from -1 to 1, and with small weights the
points of this board never leave that part: the net is then a linear one to the last bit, as measured above. Which one is
best depends on the rest of the net (Ramachandran, Zoph, Le 2017 tried many); among good ones the differences are small."""
NEXT = (
    ("dllab lesson 11 init=xavier", "small weights: which activations suffer?"),
    ("dllab layers", "all layers, activations among them"),
)
BREAKS = (("init=xavier", "worst"), ("data=blobs", "identity"))


def run(lab: Lab) -> None:
    """A gallery, and the same net with each."""
    x = np.linspace(-4, 4, 82)
    curves = {name: curve(name, x) for name in names()}
    gallery = [Lines(name, {"y": (x, one.y), "slope": (x, one.slope)}, x="x", height=8) for name, one in curves.items()]
    lab.picture(Grid(gallery, 24), "Whole: the value; dotted: the slope. Softmax looks at all units at once: lesson 15.")
    recipes = {name: lab.recipe(f"activation={name}") for name in ("identity", *curves)}
    steepest = {name: curve(name, np.linspace(-4, 4, 161)).slope.max() for name in recipes}
    small = {name: lab.recipe(f"activation={name}", SMALL) for name in ("identity", "hard_tanh")}
    right = {name: [100 * run.figure("accuracy") for run in each] for name, each in lab.runs(recipes, 5).items()}
    at_3 = {name: curve(name, [-3, 3]).y.tolist() for name in recipes}
    lab.table("", ("activation", "f(-3)", "f(3)", "steepest", "board right, %"),
              [(name, *at_3[name], steepest[name], median(each)) for name, each in right.items()])  # fmt: skip
    lab.picture(
        Bars("board right", {name: median(right[name]) for name in FOUR}, "%", you=True),
        "Guessing is right about half of the points: no bend, or no slope, is no better than that.",
    )
    lab.trace(
        "the slope of ELU at -1",
        formula="dx = dy exp(x) = dy (y + 1) where x < 0",
        code=("ops/elu.py", "dx[i] = dy[i] if y[i] > 0 else dy[i] * (y[i] + alpha)"),
        number=f"y = {curve('elu', [-1]).y[0]:.4f}, slope {curve('elu', [-1]).slope[0]:.4f}",
        picture="the height of the dotted curve of elu, left of its middle",
    )
    lab.predicted(median(right["step"]))
    bent = [name for name in curves if name != "step"]
    lab.claim(
        "slopes", "slopes and difference quotients of all activations differ by at most", max(map(gap, curves)), "<", 1e-6
    )
    lab.claim("identity", "right with identity", right["identity"], "<", 70, "%")
    worst = min(bent, key=lambda name: median(right[name]))
    lab.claim("worst", f"right with the worst of {len(bent)} with bend and slope ({worst})", right[worst], ">", 88, "%")
    lab.claim("step", "right with the step", right["step"], "<", 70, "%")
    lab.claim(
        "stays", "training moves the weights below the step by", moved(lab.nets({"": recipes["step"]}, 1)[""][0]), "==", 0
    )
    pairs = [[run.figure("accuracy") for run in each] for each in lab.runs(small, 5).values()]
    lab.claim("unbent", "small weights: hard tanh from identity by", [abs(a - b) for a, b in zip(*pairs)], "==", 0)


def gap(name: str) -> float:
    """How far the slope of an activation is from the difference quotient of its values, away from kinks."""
    x, h = np.linspace(-4, 4, 82), 1e-6
    quotient = (curve(name, x + h).y - curve(name, x - h).y) / (2 * h)
    return float(np.abs(curve(name, x).slope - quotient).max())


def moved(net: Subject) -> float:
    """How far training has moved a weight of the first layer at most."""
    before, after = Subject.untrained(net.recipe, seed=net.network.plan.question.seed).network, net.network
    return float(np.abs(before.parameters["0_dense.w"] - after.parameters["0_dense.w"]).max())
