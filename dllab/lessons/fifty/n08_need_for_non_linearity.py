"""Why does a net need activations that are not linear?

A layer without one multiplies by a matrix and adds a vector. A stack of such layers does so again and again, and

    ((x W_1 + b_1) W_2 + b_2) W_3 + b_3  =  x W + b    with    W = W_1 W_2 W_3

is one layer in disguise: however deep, it draws one straight line. Any bend between two layers ends that: then the second
one sees what no single matrix could make of x. One hidden layer of ReLUs is enough for two rings.
"""

from __future__ import annotations

from functools import reduce
from statistics import median

import numpy as np

from dllab.lab.plane_map import plane_map
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid

RECIPE = """\
about: A stack of layers with nothing between them. Two rings are too much for it.
data: {name: rings, samples: 400, test: 0.5}
model:
  - repeat: {times: 5, layers: [{dense: 16}, identity]}
  - dense: classes
optimizer: {adam: 0.01}
train: {epochs: 30, batch: 32}
"""
KNOBS = {
    "depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense", "activation": "model[0].repeat.layers[1]",
    "noise": "data.noise", "lr": "optimizer.adam",
}  # fmt: skip
ONE_RELU = ("model=[{dense: 16}, relu, {dense: classes}]",)
PREDICT = Prediction(
    "six layers, more than 1,000 weights, no activations: how much of two rings does the net get right? Guessing gets 50.",
    unit="%", near=8, least=0, most=100,
    low="Below 50 it would only have to say the opposite. It is as good as guessing, no worse.",
    high="Depth and weights promise much; but multiplied out they are one matrix, and what that draws is a straight line.",
    good="Yes: one straight line cuts both rings in two, and is right about half of the points.",
)  # fmt: skip
LEFT_OUT = """Linear in x is not linear in its weights: to double all six matrices multiplies W by 2 to the sixth, as
measured above. So training the stack is no linear problem; it has plateaus and sudden drops as deep nets have (Saxe,
McClelland, Ganguli 2014), which is why theory likes it. And not every bend will do for everything: one layer of polynomial
units, however wide, cannot come near every function (Leshno and others 1993)."""
NEXT = (
    ("dllab lesson 8 activation=tanh", "another bend in the stack"),
    ("dllab viz-boundary rings", "the line that a net with a bend draws"),
)
BREAKS = (("activation=relu", "one-matrix"), ("activation=tanh", "rings"))


def run(lab: Lab) -> None:
    """Two nets on two rings; the linear one multiplied out."""
    recipes = {"linear stack": lab.recipe(), "one ReLU layer": lab.recipe(*ONE_RELU)}
    nets = lab.nets(recipes, 7)
    planes = {name: [plane_map(net, "test", size=(50, 32)) for net in each] for name, each in nets.items()}
    right = {name: [100 - 100 * one.wrong / one.seen.rows for one in each] for name, each in planes.items()}
    weights = {name: sum(values.size for values in each[0].network.parameters.values()) for name, each in nets.items()}
    lab.picture(
        Grid([each[0] for each in planes.values()]),
        "What two nets say of the plane: left the linear stack, right one layer of 16 ReLUs.",
    )
    lab.table("", ("net", "weights", "test points right, %"), [(name, weights[name], median(right[name])) for name in nets])
    lab.picture(
        Bars("test points right", {name: median(each) for name, each in right.items()}, "%", you=True),
        "Guessing is right about half of the points.",
    )  # fmt: skip
    found = [one_matrix(lab, net) for net in nets["linear stack"]]
    gap, size = [one[0] for one in found], [one[1] for one in found]
    lab.trace(
        "the matrix of the whole stack",
        formula="W = W_1 W_2 ... W_L, one gemm a layer",
        code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
        number=f"|W| = {size[0]:.3g}; net and W differ by {max(gap):.1g} at most",
        picture="the straight edge in the left plane runs across W",
    )
    lab.predicted(median(right["linear stack"]))
    lab.claim("one-matrix", "outputs of the stack and of its one matrix differ by at most", gap, "<", 1e-10)
    lab.claim("rings", "linear stack: right about two rings", right["linear stack"], "<", 65, "%")
    lab.claim("bend", "one ReLU layer: right about two rings", right["one ReLU layer"], ">", 97, "%")
    lab.claim("doubled", "all layers' weights doubled: W is that many times as large", [one[2] for one in found], "==",
              2 ** sum(label.endswith(".w") for label in nets["linear stack"][0].network.parameters))  # fmt: skip


def one_matrix(lab: Lab, net: Subject) -> tuple[float, float, float]:
    """How far a trained stack is from x W + b, in float64; the size of W, and how it grows with doubled weights."""
    exact = lab.network(net.recipe)
    for label, values in net.network.parameters.items():
        exact.parameters[label][...] = values
    x = net.data.seen(net.rows("test")).astype(np.float64)
    matrices = [values for values in exact.parameters.values() if values.ndim == 2]
    vectors = [values for values in exact.parameters.values() if values.ndim == 1]
    w = reduce(np.matmul, matrices)
    b = reduce(lambda b, layer: b @ layer[0] + layer[1], zip(matrices, vectors), np.zeros(len(matrices[0])))
    gap = float(np.abs(exact.forward(x) - (x @ w + b)).max())
    doubled = reduce(np.matmul, [2 * one for one in matrices])
    return gap, float(np.linalg.norm(w)), float(np.linalg.norm(doubled) / np.linalg.norm(w))
