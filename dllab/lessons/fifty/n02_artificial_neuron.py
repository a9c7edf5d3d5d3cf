"""What can a single artificial neuron do, and what not?

It weighs its inputs, adds them up with a bias, and sends the sum through an activation f:

    z = w1 x1 + w2 x2 + b        y = f(z)

With f a step it is Rosenblatt's perceptron (1958), with a sigmoid it gives a probability. Its answer changes where z = 0,
on a straight line. A line can part the 0s of AND from its 1s, and those of OR: a neuron learns both. No line does that for
XOR: z(0,0) + z(1,1) = z(0,1) + z(1,0) for all w and b, so the first two cannot be below 0 and the others above it (Minsky
and Papert 1969).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab import by_hand
from dllab.lab.online import Walk, walk
from dllab.lab.plane_map import plane_map
from dllab.lab.straight_lines import ANGLES, best_line
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Lines, Titled

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
to all four, as claimed above. A small loss and many right answers are two things. And the name promises too much: to
imitate one nerve cell of the cortex takes a net of five to eight layers (Beniaguev, Segev and London 2021)."""
NEXT = (("dllab lesson 2 hidden=8", "eight neurons before it: XOR is learnt"),
        ("dllab train perceptron data=xor", "twelve epochs of the rule, and still wrong"))  # fmt: skip
BREAKS = (("hidden=8", "xor"), ("hidden=4", "sum"))


def run(lab: Lab) -> None:
    """Neurons that learn gates from gradients, others that do so by Rosenblatt's rule, and all lines there are."""
    hidden = lab.option("hidden")
    before, what = (f"{{dense: {hidden}}}, tanh, ", f"{hidden} + 1 neurons") if hidden else ("", "a neuron")
    changes = {gate: (f"data={gate}", f"model=[{before}{{dense: 1}}, sigmoid]") for gate in GATES}
    nets = lab.nets({gate: lab.recipe(*changes[gate], name="neuron") for gate in GATES}, 7)
    z, y, hand = ({gate: [found(net)[place] for net in nets[gate]] for gate in GATES} for place in range(3))
    rows = nets["and"][0].rows("train")
    x, targets = nets["and"][0].data.seen(rows), {gate: nets[gate][0].data.targets(rows) for gate in GATES}
    right = {gate: [100 * float(np.mean((one > 0.5) == targets[gate])) for one in y[gate]] for gate in GATES}
    half = [float(abs(one - 0.5).max()) for one in y["xor"]]
    maps = {gate: dataclasses.replace(plane_map(nets[gate][0], "train"), sure=None) for gate in ("and", "xor")}
    lab.picture(Grid([Titled(f"{what} trained on {gate.upper()}", one) for gate, one in maps.items()]),
                f"Capitals: the four rows; small letters: the answers. XOR: y is at most {half[0]:.1g} away from 1/2"
                + ("; where the border runs is a matter of rounding." if half[0] < 1e-3 else "."))  # fmt: skip
    lab.table(f"{what} for each gate", ("x", "AND: z", "y", "OR: z", "y", "XOR: z", "y"), [
        (f"{x1:g} {x2:g}", *(round(float(one[gate][0][row]), 1) + 0.0 for gate in GATES for one in (z, y)))
        for row, (x1, x2) in enumerate(x)
    ])  # fmt: skip
    best = {gate.upper(): 100 * best_line(x, targets[gate]) for gate in GATES}
    lab.picture(Bars("rows that the best straight line gets right", best, "%", you=True),
                f"Of all lines at {ANGLES} angles.")  # fmt: skip
    walks = {gate: walked(lab, gate, x, targets[gate]) for gate in GATES}
    longest = {gate: max(walks[gate], key=lambda one: int(one.corrections.sum())) for gate in GATES}
    lab.picture(Lines("Rosenblatt's rule: rows of an epoch at which it corrected the weights",
                      {gate.upper(): (range(1, 13), longest[gate].corrections[:12]) for gate in GATES}, y="rows"),
                "AND and OR end at 0 corrections; XOR goes round, however long one waits.")  # fmt: skip
    w = list(nets["and"][0].network.parameters.values())[-2]
    z11, length = z["and"][0][3], float(np.linalg.norm(w))
    lab.trace("the sum z", formula="z = w1 x1 + w2 x2 + b",
              code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
              number=f"z(1,1) = {z11:.3g} after training on AND; divided by the length of w: {z11 / length:.2g}",
              picture="how far the B at (1,1) is from the border, where z is 0")  # fmt: skip
    lab.predicted(best["XOR"])
    wrong = max(float(abs(one - other).max()) for gate in GATES for one, other in zip(y[gate], hand[gate]))
    lab.claim("hand", "y by the engine and by hand differ by", wrong, "<", 1e-12)
    lab.claim("learns", "AND and OR: the worst of the trained nets gets right", min(right["and"] + right["or"]), "==", 100,
              "%")  # fmt: skip
    lab.claim("xor", "XOR: the best of the trained nets gets right", max(right["xor"]), "<=", 75, "%")
    lab.claim("lines", f"XOR: the best of all straight lines, at {ANGLES} angles, gets right", best["XOR"], "==", 75, "%")
    apart = max(abs(float(one @ (1, -1, -1, 1))) for gate in GATES for one in z[gate])
    lab.claim("sum", "all three: z(0,0) + z(1,1) and z(0,1) + z(1,0) differ by", apart, "<", 1e-12)
    lab.claim("half", "XOR: y is away from 1/2 by", half, "<", 0.05)
    settled = max(one.converged or 99 for gate in ("and", "or") for one in walks[gate])
    lab.claim("converges", "Rosenblatt's rule: AND and OR need no correction from this epoch on", settled, "<=", 11)
    again = max(one.again or 99 for one in walks["xor"])
    lab.claim("cycles", "Rosenblatt's rule: XOR's weights repeat from this epoch on", again, "<=", 2)
    fewest = min(int(one.corrections.min()) for one in walks["xor"])
    lab.claim("never", "Rosenblatt's rule: XOR's fewest corrections in an epoch", fewest, ">=", 1)


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
