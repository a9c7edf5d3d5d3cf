"""What happens to the numbers on their way through a net?

Layer after layer does the same: it multiplies what the layer before it gave by weights, adds the products and a bias,
and sends each sum through its activation f:

    h_0 = x        z_l = h_(l-1) W_l + b_l        h_l = f(z_l)

The last h is the answer. The loss compares it with the target, in one number. That is all of forward propagation: no
search and no memory, only products, sums and activations, and anybody with a pencil gets the same numbers.
"""

from __future__ import annotations

import numpy as np

from dllab.lab.by_hand import Forget, cross_entropy, forward
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

TINY = """\
about: XOR by hand. One hidden unit sees x1 - x2, the other x2 - x1; ReLU keeps the one that is positive.
data: xor
model: [{dense: 2}, relu, {dense: 1}, sigmoid]
loss: binary_cross_entropy
optimizer: {sgd: 0.1}
train: {dtype: float64, epochs: 1, batch: full}
"""
DRAWN = """\
about: A net for three kinds of iris, to be worked out by hand.
data: {name: iris, test: 0.2, standardise: false}
model: [{dense: 5}, tanh, {dense: classes}, softmax]
loss: cross_entropy
optimizer: {adam: 0.01}
train: {dtype: float64, epochs: 5, batch: 16}
"""
RECIPES = {"drawn": DRAWN, "tiny": TINY}
KNOBS = {"width": "model[0].dense", "activation": "model[1]", "epochs": "train.epochs"}
OPTIONS = {"forget": "nothing"}  # in the calculation by hand: bias or activation
WEIGHTS = {"0_dense.w": [[1, -1], [-1, 1]], "0_dense.b": [0, 0], "2_dense.w": [[4], [4]], "2_dense.b": [-2]}
PREDICT = Prediction(
    "hidden units h1 = relu(x1 - x2) and h2 = relu(x2 - x1), output z = 4 h1 + 4 h2 - 2. What is z for (1, 0)?", near=0.5,
    low="Was the ReLU left out? h2 = relu(0 - 1) is 0, not -1: it must not take anything away from z.",
    high="Was the bias left out? The products make 4, and then the bias of -2 is added.",
    good="4 times 1, plus 4 times 0 because ReLU makes -1 a 0, minus 2.",
)  # fmt: skip
LEFT_OUT = """A computer's numbers are rounded after every step. The lab trains in float32, with 7 digits; there the same
calculation differs from that by hand, as measured above, and the order of a sum matters. And some layers, dropout and batch
norm among them, do something else in training than in use: such nets have two ways forward."""
NEXT = (("dllab lesson 7 forget=bias", "who leaves the biases out gets another net"),
        ("dllab explain xor", "the same for a whole step, and the way back"))  # fmt: skip
BREAKS = (("forget=bias", "engine"), ("forget=activation", "trace"), ("forget=bias", "loss"))


def run(lab: Lab) -> None:
    """A net of nine parameters number by number, then trained ones: by hand, by the engine, and what its buffers hold."""
    forget = lab.option("forget")
    net = lab.nets({"": lab.recipe("width=2", name="tiny")}, 1, trained=False)[""][0]
    for name, values in WEIGHTS.items():
        net.network.parameters[name][...] = values
    w1, b1, w2, b2 = (values.T.tolist() for values in net.network.parameters.values())
    lab.table("nine parameters: each unit's weights of what comes in, and its bias",
              ("unit", "first weight", "second weight", "bias"),
              [(name, *w, b) for name, w, b in zip(("z1", "z2", "z"), w1 + w2, b1 + b2)])  # fmt: skip
    rows = net.rows("train")
    x, targets = net.data.seen(rows).tolist(), net.data.targets(rows).tolist()
    ways = [by_hand(net, row, forget) for row in x]
    table = [[f"{x1:g} {x2:g}", *sums, *hidden, *z, round(p, 2), target, round(cross_entropy([p], target), 2)]
             for (x1, x2), (sums, hidden, z, (p,)), target in zip(x, ways, targets)]  # fmt: skip
    lab.table("by hand, a row for each input: from x to its loss",
              ("x", "z1", "z2", "h1", "h2", "z", "p", "y", "loss"), table)  # fmt: skip
    along = np.linspace(-1, 1, 41)
    forgets: dict[str, Forget] = {"right": forget, "no activation": "activation", "no bias": "bias"}
    curves = {name: (along, [by_hand(net, [x1, 0], left)[2][0] for x1 in along]) for name, left in forgets.items()}
    lab.picture(Lines("the output z as x1 goes from -1 to 1, with x2 = 0", curves, x="x1", y="z", you="y"),
                "On the right, at x1 = 1, three answers end: the right one, and what forgetting makes of it.")  # fmt: skip
    z = float(net.inference(rows).output("2_dense")[x.index([1.0, 0.0]), 0])
    lab.trace("the output z for x = (1, 0)", formula="z = h1 * 4 + h2 * 4 - 2",
              code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
              number=f"z = {z:g}, in the engine's own buffer", picture="the right end of the curve 'right'")  # fmt: skip
    lab.predicted(z)
    right = sum((p[0] > 0.5) == bool(target) for (*_, p), target in zip(ways, targets))
    lab.claim("xor", "rows of XOR that these nine parameters answer rightly", right, "==", 4)
    drawn = lab.nets({dtype: lab.recipe(f"train.dtype={dtype}", name="drawn") for dtype in ("float64", "float32")}, 5)
    found = [differences(net, forget) for net in drawn["float64"]]
    for id, text in (("engine", "outputs for all flowers"), ("trace", "every number of every layer"), ("loss", "the loss")):
        lab.claim(id, f"{text}: hand and engine differ by", max(one[id] for one in found), "<", 1e-12)
    rounded = [differences(net, forget)["trace"] for net in drawn["float32"]]
    lab.claim("float32", "every number, in float32: hand and engine differ by", rounded, ">", 1e-9)


def by_hand(net: Subject, row: list[float], forget: Forget) -> list[list[float]]:
    """What each layer makes of one input, with no more than Python's sums and products."""
    return forward(net.network.plan.program("infer").infos, net.network.parameters, row, forget)


def differences(net: Subject, forget: Forget) -> dict[str, float]:
    """How far the calculation by hand is from the engine's outputs, its buffers and its loss."""
    rows = net.rows("train")
    x, targets = net.data.seen(rows), net.data.targets(rows)
    ways, inside = [by_hand(net, row, forget) for row in x.tolist()], net.inference(rows)
    layers = [np.array(layer) for layer in zip(*ways)]
    loss = sum(cross_entropy(way[-1], target) for way, target in zip(ways, targets.tolist())) / len(rows)
    return {"engine": float(abs(net.network.forward(x) - layers[-1]).max()),
            "trace": max(float(abs(inside.output(info.path) - layer).max()) for info, layer in zip(inside.infos, layers)),
            "loss": abs(float(net.backward(rows).loss or 0.0) - loss)}  # fmt: skip
