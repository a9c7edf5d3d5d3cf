"""Why does a net need activations that are not linear?

A layer without one multiplies by a matrix and adds a vector. A stack of such layers does so again and again, and

    ((x W_1 + b_1) W_2 + b_2) W_3 + b_3  =  x W + b    with    W = W_1 W_2 W_3

is one layer in disguise: however deep, it draws one straight line. Any bend between two layers ends that: then the second
one sees what no single matrix could make of x. One hidden layer of ReLUs is enough for two rings.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.plane_map import plane_map
from dllab.lab.standing import rows_of
from dllab.lab.straight_lines import best_line, multiplied_out
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Titled

RECIPE = """\
about: A stack of layers with nothing between them. Two rings are too much for it.
data: {name: rings, samples: 400, test: 0.5}
model:
  - repeat: {times: 5, layers: [{dense: 16}, identity]}
  - dense: classes
optimizer: {adam: 0.01}
train: {dtype: float64, epochs: 30, batch: 32}
"""
KNOBS = {
    "depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense", "activation": "model[0].repeat.layers[1]",
    "noise": "data.noise", "lr": "optimizer.adam",
}  # fmt: skip
ONE_RELU = ("model=[{dense: 16}, relu, {dense: classes}]",)
STACK, BENT, LINE = "the stack", "one ReLU layer", "the best straight line"
PREDICT = Prediction(
    "six layers, more than 1,000 parameters, no activations: how much of two rings does the net get right? Guessing gets "
    "50 %.",
    unit="%", near=8, least=0, most=100,
    low="Below 50 it would only have to say the opposite. It is as good as guessing, no worse.",
    high="Multiplied out, six layers are one matrix and draw one straight line. The best line there is gets about two "
    "thirds, as it cuts a piece off the outer ring; training does not even find that one.",
    good="Yes. Even the best straight line would get only about two thirds: it cuts a piece off the outer ring. Training "
    "does not look for right answers but for a small loss, and that is least where all is called 50 % sure.",
)  # fmt: skip
LEFT_OUT = """Linear in x is not linear in its weights: to double all matrices of six layers multiplies W by 2 to the sixth,
as measured above. So training the stack is no linear problem; it has plateaus and sudden drops as deep nets have (Saxe,
McClelland, Ganguli 2014), which is why theory likes it. And not every bend will do for everything: one layer of polynomial
units, however wide, cannot come near every function (Leshno and others 1993)."""
NEXT = (
    ("dllab lesson 8 activation=tanh", "a bend between the layers of the stack"),
    ("dllab viz-boundary rings", "the border that a net with a bend draws"),
)
BREAKS = (("activation=relu", "one-matrix"), ("activation=tanh", "found"), ("data=blobs data.classes=2", "line"))


def run(lab: Lab) -> None:
    """Two nets on two rings, and all straight lines; the stack multiplied out."""
    nets = lab.nets({STACK: lab.recipe(), BENT: lab.recipe(*ONE_RELU)}, 7)
    planes = {name: [plane_map(net, "test", size=(50, 32)) for net in each] for name, each in nets.items()}
    right = {name: [100 - 100 * one.wrong / one.seen.rows for one in each] for name, each in planes.items()}
    line = 100 * best_line(*rows_of(nets[STACK][0], "test"))
    lab.picture(
        Grid([Titled(f"what {name} says", each[0]) for name, each in planes.items()]),
        "Capitals: the points; small letters: what the net says there. Places where a net is less than 75 % sure are blank "
        "(if it is that sure nowhere, all are drawn).",
    )
    size = {name: sum(values.size for values in each[0].network.parameters.values()) for name, each in nets.items()}
    bars = {STACK: median(right[STACK]), LINE: line, BENT: median(right[BENT])}
    rows = [(name, size.get(name), share) for name, share in bars.items()]
    lab.table("", ("", "parameters", "test points right, %"), rows)
    lab.picture(Bars("test points right", bars, "%", you=True), "Guessing is right about half of the points.")
    found = [one_matrix(net) for net in nets[STACK]]
    gap, norm, doubled = zip(*found)
    lab.trace(
        "the matrix of the whole stack",
        formula="W = W_1 W_2 ... W_L, one gemm a layer",
        code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
        number=f"|W| = {norm[0]:.3g}; the stack and x W + b differ by {max(gap):.1g} at most",
        picture="the border on the left, where x W + b gives both classes the same",
    )
    lab.predicted(median(right[STACK]))
    lab.claim("one-matrix", "outputs of the stack and of x W + b differ by at most", gap, "<", 1e-10)
    lab.claim("rings", "the stack: right about two rings", right[STACK], "<", 65, "%")
    lab.claim("line", "the best of all straight lines, at 360 angles: right", line, "<", 80, "%")
    lab.claim("found", "the best line beats the one that the stack has learnt by", [line - one for one in right[STACK]],
              ">", 4, "points")  # fmt: skip
    lab.claim("bend", "one ReLU layer: right about two rings", right[BENT], ">", 97, "%")
    matrices = sum(label.endswith(".w") for label in nets[STACK][0].network.parameters)
    lab.claim("doubled", "all layers' weights doubled: new W divided by the old one", doubled, "==", 2**matrices)


def one_matrix(net: Subject) -> tuple[float, float, float]:
    """How far a stack is from x W + b; the size of W, and how many times as large it is with all weights doubled."""
    w, b = multiplied_out(net.network)
    x, _ = rows_of(net, "test")
    gap = float(np.abs(net.network.forward(x) - (x @ w + b)).max())
    for values in net.network.parameters.values():
        values *= 2
    return gap, float(np.linalg.norm(w)), float(np.linalg.norm(multiplied_out(net.network)[0]) / np.linalg.norm(w))
