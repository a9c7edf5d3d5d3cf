"""Why do the gradients of deep nets vanish?

On its way back through a layer the gradient is multiplied by the slope of the activation and by the weights. A sigmoid's
slope is at most 1/4, so from the last of L layers back to the first, past L - 1 sigmoids,

    |dW_1| / |dW_L|  ~  (slope x size of the weights) ^ (L - 1)

and the first layers learn next to nothing (Hochreiter 1991). ReLU's slope is 1 wherever it is on; with He's weights (2015),
with batch norm, or past residual blocks, the factor of a layer stays near 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np

from dllab.lab.activations import between
from dllab.lab.gradients import weight_gradients
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: Twenty layers of sigmoids, whose first layers hardly get a gradient.
data: {name: spirals, samples: 600, test: 0.25}
model:
  - repeat: {times: 20, layers: [{dense: 64}, sigmoid]}
  - dense: classes
optimizer: {adam: 0.003}
train: {epochs: 20, batch: 32}
"""
KNOBS = {"depth": "model[0].repeat.times", "activation": "model[0].repeat.layers[1]", "layers": "model[0].repeat.layers"}
RELU, NORMED, RESIDUAL = "ReLU, He", "batch norm", "residual"
BLOCKS = """model=[{dense: 64}, {repeat: {times: %d, layers: [
    {residual: [layer_norm, relu, {dense: {units: 64, init: zeros}}]}]}}, relu, {dense: classes}]"""
PREDICT = Prediction(
    "how many times smaller is the gradient of the first layer's weights than that of the last one's, in 20 layers of "
    "sigmoids?",
    log=True, near=1000, least=1e-30, most=1e300,
    low="A factor of 4 or so looks harmless; but from W_21 back to W_1 it comes 20 times, and 4 to the 20th is 1e12.",
    high="It is bad, but not as bad: a layer takes a factor of a little more than 4, and 4 to the 20th is 1e12.",
    good="That is the right size: a factor of a little more than 4 for each of 20 sigmoids.",
)  # fmt: skip
LEFT_OUT = """Adam divides by the size of each gradient, so should it not mend this? It adds 1e-8 to what it divides by, and
a gradient far below that moves nothing: see the last two claims. The residual blocks here begin with last layers of zeros;
at the start they are the identity and hand the gradient on unchanged by construction. And a gradient that survives is no
promise: whether the net generalises is another question."""
NEXT = (
    ("dllab lesson 16 depth=6", "six layers of sigmoids: does it still vanish?"),
    ("dllab lesson 17", "the opposite: gradients that explode"),
)
BREAKS = (("activation=relu", "sigmoid"), ("depth=3", "sigmoid"), ("activation=relu", "adam"))


def run(lab: Lab) -> None:
    """Gradients by depth at the start of four nets, and what each learns."""
    given = lab.recipe()
    repeat: Any = given.model[0].part
    others = {
        RELU: lab.recipe("activation=relu"),
        NORMED: lab.recipe("layers=[{dense: {units: 64, bias: false}}, batch_norm, relu]"),
        RESIDUAL: lab.recipe(BLOCKS % (repeat.times - 1)),
    }
    drawn = lab.nets({"": given}, 5, trained=False)[""]
    own = between(drawn[0])[0].kind
    recipes = {own: given} | others
    nets = {own: drawn} | lab.nets(others, {RELU: 31, NORMED: 5, RESIDUAL: 5}, trained=False)
    norms = {name: [weight_gradients(net) for net in each] for name, each in nets.items()}
    share = {name: [one[0] / one[-1] for one in each] for name, each in norms.items()}
    runs = lab.runs(recipes, 5)
    right = {name: [100 * run.figure("accuracy") for run in each] for name, each in runs.items()}
    curves = {name: (range(1, len(each[0]) + 1), [median(layer) for layer in zip(*each)]) for name, each in norms.items()}
    fall = median(share[own]) ** (1 / (len(norms[own][0]) - 1))
    lab.picture(
        Lines("size of each layer's weight gradient before training", curves, x="layer", y="|dW|", log=True, decades=20),
        f"The gradient goes from right to left. In the recipe's net ({own}) each layer leaves {fall:.2g} of it.",
    )
    lab.table(f"guessing among 3 classes is right in {100 / 3:.1f} %", ("net", "|dW_1| / |dW_L|", "test accuracy, %"),
              [(name, median(share[name]), median(right[name])) for name in recipes])  # fmt: skip
    lab.trace(
        "the slope of a sigmoid",
        formula="dx = dy y (1 - y), at most dy / 4",
        code=("ops/sigmoid.py", "dx[i] = dy[i] * (y[i] * (like(y[i], 1.0) - y[i]))"),
        number=f"the gradient keeps {fall:.2f} of its size a layer",
        picture="how steeply curve a falls to the left",
    )
    lab.predicted(1 / median(share[own]))
    lab.claim("sigmoid", "the recipe's net: |dW_1| divided by |dW_L|", share[own], "<", 1e-9)
    for name, bound in ((RELU, 10), (NORMED, 100), (RESIDUAL, 10)):
        off = [max(one, 1 / one) for one in share[name]]
        id = name.split(",")[0].lower().replace(" ", "-")
        lab.claim(id, f"{name}: the larger of |dW_1| and |dW_L| divided by the smaller", off, "<", bound)
    worst = min(others, key=lambda name: median(right[name]))
    lab.claim("learns", "the worst of the other three: test accuracy less that of the recipe's net",
              less(right[worst], right[own]), ">", 20, "points")  # fmt: skip
    moved = [went(net.network.parameters, run.parameters) for net, run in zip(drawn, runs[own])]
    lab.claim("adam", "the recipe's net: change of W_1 in all of Adam's training, as a share of its size",
              [one[0] for one in moved], "<", 1e-5)  # fmt: skip
    lab.claim("end", "the same of the matrix that changes most", [max(one) for one in moved], ">", 0.1)


def went(start: Mapping[str, Any], end: Mapping[str, Any]) -> list[float]:
    """How far each weight matrix has moved, as a share of its size, from the first layer to the last."""
    return [float(np.linalg.norm(end[name] - w) / np.linalg.norm(w)) for name, w in start.items() if w.ndim > 1]
