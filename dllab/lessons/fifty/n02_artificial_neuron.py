"""What can a single artificial neuron do, and what not?

It weighs its inputs, adds them up with a bias, and sends the sum through an activation f:

    z = w1 x1 + w2 x2 + b        y = f(z)

With f a step it is Rosenblatt's perceptron (1958), with a sigmoid it gives a probability. Where z = 0 it changes its mind:
on a straight line. AND and OR lie on two sides of a line, and it learns them. XOR does not, and nothing helps, as for every
w and b z(0,0) + z(1,1) = z(0,1) + z(1,0) (Minsky and Papert 1969).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab import by_hand
from dllab.lab.online import Walk, walk
from dllab.lab.plane_map import plane_map
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Grid, Lines, Titled

Numbers = NDArray[Any]

NEURON = """\
about: One neuron with a sigmoid learns AND.
data: and
model: [{dense: 1}, sigmoid]
loss: binary_cross_entropy
optimizer: {adam: 0.05}
train: {dtype: float64, epochs: 400, batch: full}
"""
PERCEPTRON = """\
about: One neuron with a step learns AND by Rosenblatt's rule.
data: and
model: [{dense: {units: 1, init: zeros}}, step]
loss: perceptron
optimizer: perceptron
train: {dtype: float64, epochs: 24, batch: 1}
"""
RECIPES = {"neuron": NEURON, "perceptron": PERCEPTRON}
KNOBS = {"lr": "optimizer.lr", "epochs": "train.epochs"}
OPTIONS = {"hidden": 0}  # neurons before it
GATES = ("and", "or", "xor")
PREDICT = Prediction(
    "of the four rows of XOR, how many percent does the best neuron get right?", unit="%", near=5, least=0, most=100,
    low="A line can do better than that: cut off one corner of the square, and three of the four rows are right.",
    high="(0,1) and (1,0) must lie on one side of a line, (0,0) and (1,1) on the other. No line does that.",
    good="A line can cut off one corner of the square, so that three of the four rows are right, and no more.",
)  # fmt: skip
LEFT_OUT = """The neuron that is trained on XOR does not look for three right rows: cross-entropy is least where it says 1/2
to everything, as measured above. A small loss and many right answers are two things. And the name promises too much: to
imitate one nerve cell of the cortex takes a net of five to eight layers (Beniaguev, Segev and London 2021)."""
NEXT = (("dllab lesson 2 hidden=8", "eight neurons before it: XOR is learnt"),
        ("dllab train perceptron data=xor", "the rule at work, for ever"))  # fmt: skip
BREAKS = (("hidden=8", "xor"), ("hidden=4", "sum"))


def run(lab: Lab) -> None:
    """Neurons that learn gates from gradients, others that do so by Rosenblatt's rule, and all lines there are."""
    before = f"{{dense: {lab.option('hidden')}}}, tanh, " if lab.option("hidden") else ""
    changes = {gate: (f"data={gate}", f"model=[{before}{{dense: 1}}, sigmoid]") for gate in GATES}
    nets = lab.nets({gate: lab.recipe(*changes[gate], name="neuron") for gate in GATES}, 7)
    z, y, hand = ({gate: [found(net)[place] for net in nets[gate]] for gate in GATES} for place in range(3))
    rows = nets["and"][0].rows("train")
    x, targets = nets["and"][0].data.seen(rows), {gate: nets[gate][0].data.targets(rows) for gate in GATES}
    right = {gate: [100 * float(np.mean((one > 0.5) == targets[gate])) for one in y[gate]] for gate in GATES}
    maps = [Titled(f"a neuron trained on {gate.upper()}", plane_map(nets[gate][0], "train")) for gate in ("and", "xor")]
    lab.picture(Grid(maps), "Capitals are the rows, small letters its answers. AND: one straight border. XOR: none helps.")
    lab.table("the first neuron of each", ("x", "AND: z", "y", "OR: z", "y", "XOR: z", "y"), [
        (f"{x1:g} {x2:g}", *(round(float(one[gate][0][row]), 1) for gate in GATES for one in (z, y)))
        for row, (x1, x2) in enumerate(x)
    ])  # fmt: skip
    walks = {gate: walked(lab, gate, x, targets[gate]) for gate in GATES}
    far = {gate: max(walks[gate], key=lambda one: float(one.right.max())) for gate in GATES}
    curves = {gate.upper(): (range(1, 49), 100 * far[gate].right[:12].ravel()) for gate in GATES}
    lab.picture(Lines("Rosenblatt's rule, a row at a time, twelve epochs", curves, x="rows seen", y="% right", you="y"),
                "AND and OR reach 100 and stay there; XOR goes round, however long one waits.")  # fmt: skip
    lab.trace("the sum z", formula="z = w1 x1 + w2 x2 + b",
              code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
              number=f"z(1,1) = {z['and'][0][3]:.3g} in the neuron that learnt AND",
              picture="how far (1,1) is from the border, where z is 0")  # fmt: skip
    best = 100 * max(np.mean((x @ (np.cos(turn), np.sin(turn)) > shift) == targets["xor"])
                     for turn in np.radians(range(360)) for shift in np.linspace(-2, 2, 41))  # fmt: skip
    lab.predicted(best)
    wrong = max(float(abs(one - other).max()) for gate in GATES for one, other in zip(y[gate], hand[gate]))
    lab.claim("hand", "y by the engine and by hand differ by", wrong, "<", 1e-12)
    lab.claim("learns", "AND and OR: the worst neuron gets right", min(right["and"] + right["or"]), "==", 100, "%")
    lab.claim("xor", "XOR: the best of the trained neurons gets right", max(right["xor"]), "<=", 75, "%")
    lab.claim("lines", "XOR: the best of 14,760 lines, at all angles, gets right", best, "==", 75, "%")
    apart = max(abs(float(one @ (1, -1, -1, 1))) for one in z["xor"])
    lab.claim("sum", "XOR: z(0,0) + z(1,1) and z(0,1) + z(1,0) differ by", apart, "<", 1e-12)
    lab.claim("half", "XOR: y is away from 1/2 by", [float(abs(one - 0.5).max()) for one in y["xor"]], "<", 0.05)
    settled = max(one.converged or 99 for gate in ("and", "or") for one in walks[gate])
    lab.claim("converges", "Rosenblatt's rule: AND and OR need no correction from this epoch on", settled, "<=", 11)
    again = max(one.again or 99 for one in walks["xor"])
    lab.claim("cycles", "XOR: the weights are again those of an epoch before, from epoch", again, "<=", 2)
    fewest = min(int(one.corrections.min()) for one in walks["xor"])
    lab.claim("never", "XOR: the fewest corrections of an epoch", fewest, ">=", 1)


def found(net: Subject) -> tuple[Numbers, Numbers, Numbers]:
    """Of each row the last sum and the answer, and that worked out by hand."""
    rows = net.rows("train")
    inside, infos = net.inference(rows), net.network.plan.program("infer").infos
    hand = [by_hand.forward(infos, net.network.parameters, row)[-1][0] for row in net.data.seen(rows).tolist()]
    return inside.input(inside.infos[-1].path)[:, 0], inside.outputs[:, 0], np.array(hand)


def walked(lab: Lab, gate: str, x: Numbers, targets: Numbers) -> list[Walk]:
    """The rule with the rows in several orders."""
    recipe = lab.recipe(f"data={gate}", name="perceptron")
    return [walk(lab.network(recipe), x, targets, 24, seed=7 * lab.seed + number) for number in range(7)]
