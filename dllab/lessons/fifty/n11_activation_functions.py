"""What do activation functions look like, and what does it take to be one?

Each maps a number to a number, y = f(x), between two layers. Two things count: that f is no straight line, or the layers
around it would be one, and that it has a slope, which goes into the gradient of all that lies below:

    dL/dx = dL/dy f'(x)

Sigmoid, tanh, hard tanh and relu6 are flat on both sides, relu and its smooth kin on one, leaky ReLU on none. On a board
of 2 x 2 squares (XOR) each of them does what identity cannot. The step does not: it has no slope, so what lies below it
never learns.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.activation_curves import curve, gap, names
from dllab.lab.linear_probe import judged
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less
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
KNOBS = {"width": "model[0].dense.units", "init": "model[0].dense.init", "lr": "optimizer.adam", "cells": "data.cells"}
END = 8
"""The curves are drawn from -END to END, so that relu6's bend at 6 is seen."""
TWINS = ("mish", "selu")
"""They look like silu and elu; the table has them."""
FROZEN = "frozen steps, biases drawn"
PREDICT = Prediction(
    "two step units could do XOR by hand. How much of the board does a net with 32 of them get right once it is trained? "
    "Guessing gets 50 %.",
    unit="%", near=12, least=0, most=100,
    low="It is as good as guessing, no worse.",
    high="Its slope is 0 everywhere, so the layer below learns nothing. All its biases stay at 0, where they began: each "
    "unit cuts the board through its middle, and opposite squares, which are of one class, get opposite answers.",
    good="Yes: the slope is 0 everywhere, so the biases below stay at 0, where they began. Each unit cuts the board through"
    " its middle, and opposite squares, which are of one class, get opposite answers.",
)  # fmt: skip
LEFT_OUT = """Frozen units are not useless: with biases drawn at random, too, 32 steps that never learn are a good
description of the board for the last layer, but not as good as units that learn, as measured above. And a bend helps only
where the numbers reach it: hard tanh is straight from -1 to 1, and with small weights no point of this board leaves that
part, so the net is a linear one to the last bit, as measured above. Which one is best depends on the rest of the net
(Ramachandran, Zoph, Le 2017 tried many); among good ones the differences are small."""
NEXT = (
    ("dllab lesson 11 init=xavier", "small weights: which activations suffer?"),
    ("dllab layers", "all layers, activations among them"),
)
BREAKS = (("init=xavier", "worst"), ("data=blobs", "identity"))


def run(lab: Lab) -> None:
    """A gallery, and the same net with each."""
    x = np.linspace(-END, END, 82)
    curves = {name: curve(name, x) for name in names()}
    gallery = [Lines(name, {"y": (x, one.y), "slope": (x, one.slope)}, x="x", height=6)
               for name, one in curves.items() if name not in TWINS]  # fmt: skip
    lab.picture(Grid(gallery, 18), "Whole line: the value; dashed: the slope. Mish looks like silu, selu like elu; softmax "
                "looks at all units at once (lesson 15).")  # fmt: skip
    recipes = {name: lab.recipe(f"model[1]={name}") for name in ("identity", *curves)}
    right = {name: [100 * run.figure("accuracy") for run in each] for name, each in lab.runs(recipes, 5).items()}
    steps = lab.nets({"": recipes["step"]}, 5)[""]
    right[FROZEN] = [100 * frozen(net) for net in steps]
    shape = {name: (*curve(name, [-3, 3]).y.tolist(), curve(name, np.linspace(-END, END, 321)).slope.max())
             for name in recipes}  # fmt: skip
    lab.table("", ("activation", "f(-3)", "f(3)", f"steepest, -{END} to {END}", "board right, %"),
              [(name, *shape[name], median(right[name])) for name in recipes])  # fmt: skip
    bars = {name: median(right[name]) for name in ("identity", "step", FROZEN, "tanh", "relu")}
    lab.picture(
        Bars("board right", bars, "%", you=True),
        "Guessing is right about half of the points; with no bend, or no slope, the net is no better than that.",
    )
    at_minus_1 = curve("elu", [-1])
    lab.trace(
        "the slope of ELU at -1",
        formula="dx = dy exp(x) = dy (y + 1) where x < 0",
        code=("ops/elu.py", "dx[i] = dy[i] if y[i] > 0 else dy[i] * (y[i] + alpha)"),
        number=f"y = {at_minus_1.y[0]:.4f}, slope {at_minus_1.slope[0]:.4f}",
        picture="the height of the dashed curve of elu, left of its middle",
    )
    lab.predicted(median(right["step"]))
    lab.claim("slopes", "slopes of all activations and their difference quotients differ by at most",
              max(gap(name, x) for name in curves), "<", 1e-6)  # fmt: skip
    lab.claim("identity", "right with identity", right["identity"], "<", 70, "%")
    worst = min((right[name] for name in curves if name != "step"), key=median)
    lab.claim("worst", "right with the worst activation that has a bend and a slope", worst, ">", 88, "%")
    lab.claim("step", "right with the step", right["step"], "<", 72, "%")
    lab.claim("stays", "training moves weights and biases below the step by", [moved(net) for net in steps], "==", 0)
    lab.claim("frozen", "frozen steps with biases drawn at random: right", right[FROZEN], ">", 80, "%")
    lab.claim("learns", "relu, whose layer learns, beats these by", less(right["relu"], right[FROZEN]), ">", 2, "points")
    small = {name: lab.recipe(f"model[1]={name}", "init=xavier") for name in ("identity", "hard_tanh")}
    pairs = [[100 * run.figure("accuracy") for run in each] for each in lab.runs(small, 5).values()]
    lab.claim("unbent", "small weights: right with hard tanh and with identity differ by",
              [abs(a - b) for a, b in zip(*pairs)], "==", 0, "points")  # fmt: skip


def frozen(net: Subject) -> float:
    """What a linear classifier gets right on steps with a net's first weights, which never move, and random biases."""
    w = net.network.parameters["0_dense.w"]
    b = np.random.default_rng(net.network.plan.question.seed).normal(0, 2, w.shape[1])
    return judged(net, lambda x: (x @ w + b > 0).astype(np.float64))


def moved(net: Subject) -> float:
    """How far training has moved a weight or a bias of the first layer at most."""
    before = Subject.untrained(net.recipe, seed=net.network.plan.question.seed).network.parameters
    return max(float(np.abs(before[name] - net.network.parameters[name]).max()) for name in ("0_dense.w", "0_dense.b"))
