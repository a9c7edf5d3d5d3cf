"""Why do the gradients of deep nets vanish?

On its way back through a layer the gradient is multiplied by the slope of the activation and by the weights. A sigmoid's
slope is at most 1/4, so in a net of L layers

    |dW_1| / |dW_L|  ~  (slope x size of the weights) ^ (L - 1)

and the first layers learn next to nothing (Hochreiter 1991). ReLU's slope is 1 wherever it is on; with He's weights (2015),
with batch norm, or past residual blocks, the factor of a layer stays near 1.
"""

from __future__ import annotations

from statistics import median

from dllab.lab.gradients import gradients
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: Twenty layers of sigmoids, whose first layers hardly get a gradient.
data: {name: spirals, samples: 600, test: 0.25}
model:
  - dense: 64
  - repeat: {times: 19, layers: [sigmoid, {dense: 64}]}
  - sigmoid
  - dense: classes
optimizer: {adam: 0.003}
train: {epochs: 20, batch: 32}
"""
KNOBS = {
    "depth": "model[1].repeat.times",
    "activation": "model[1].repeat.layers[0]",
    "layers": "model[1].repeat.layers",
}
WAYS = {
    "sigmoid": (),
    "ReLU, He": ("layers=[relu, {dense: 64}]", "model[2]=relu"),
    "batch norm": ("layers=[batch_norm, relu, {dense: {units: 64, bias: false}}]", "model[2]=relu"),
    "residual": ("layers=[{residual: [layer_norm, relu, {dense: {units: 64, init: zeros}}]}]", "model[2]=relu"),
}
PREDICT = Prediction(
    "how many times smaller is the gradient of the first layer's weights than that of the last one's, in 20 layers of "
    "sigmoids?",
    log=True, near=1000, least=1e-30, most=1e300,
    low="A factor of 4 or so looks harmless; but it is multiplied 19 times, and 4 to the 19th is 3e11.",
    high="It is bad, but not as bad: the weights take a little of it back.",
    good="That is the right size: a factor of 4 and more for each of 19 layers.",
)  # fmt: skip
LEFT_OUT = """What vanishes is the share that the first layers get, not the loss: Adam, which divides by the size of each
gradient, moves them all the same, but in a direction that is mostly rounding and noise. And a gradient that survives is no
promise: whether the net generalises is another question."""
NEXT = (
    ("dllab lesson 16 depth=5", "five layers fewer than twenty: does it still vanish?"),
    ("dllab lesson 17", "the opposite: gradients that explode"),
)
BREAKS = (("activation=relu", "sigmoid"), ("depth=3", "sigmoid"))


def run(lab: Lab) -> None:
    """Gradients by depth at the start of four nets, and what each learns."""
    recipes = {name: lab.recipe(*changes) for name, changes in WAYS.items()}
    norms = {name: [weights(net) for net in nets] for name, nets in lab.nets(recipes, 5, trained=False).items()}
    share = {name: [one[0] / one[-1] for one in each] for name, each in norms.items()}
    runs = lab.runs(recipes, 5)
    accuracy = {name: [run.figure("accuracy") for run in each] for name, each in runs.items()}
    curves = {name: (range(1, len(each[0]) + 1), [median(layer) for layer in zip(*each)]) for name, each in norms.items()}
    lab.picture(
        Lines("size of each layer's weight gradient before training", curves, x="layer", y="|dW|", log=True),
        "Only the sigmoid's curve falls from right to left, the way the gradient goes: by the same factor a layer.",
    )
    lab.table("", ("net", "|dW_1| / |dW_L|", "test accuracy"),
              [(name, median(share[name]), median(accuracy[name])) for name in WAYS])  # fmt: skip
    factor = median(share["sigmoid"]) ** (1 / (len(norms["sigmoid"][0]) - 1))
    lab.trace(
        "the slope of a sigmoid",
        formula="dx = dy y (1 - y), at most dy / 4",
        code=("ops/sigmoid.py", "dx[i] = dy[i] * (y[i] * (like(y[i], 1.0) - y[i]))"),
        number=f"the gradient keeps {factor:.2f} of its size a layer",
        picture="how steep the sigmoid's curve is",
    )
    lab.predicted(1 / median(share["sigmoid"]))
    lab.claim("sigmoid", "sigmoid: the first layer's share of the last layer's gradient", share["sigmoid"], "<", 1e-9)
    for name, bound in (("ReLU, He", 10), ("batch norm", 100), ("residual", 10)):
        off = [max(one, 1 / one) for one in share[name]]
        id = name.split(",")[0].lower().replace(" ", "-")
        lab.claim(id, f"{name}: first and last differ by a factor", off, "<", bound)
    worst = min((name for name in WAYS if name != "sigmoid"), key=lambda name: median(accuracy[name]))
    lab.claim("learns", "the worst of the other three is more accurate than the sigmoid's net by",
              less(accuracy[worst], accuracy["sigmoid"]), ">", 0.2)  # fmt: skip


def weights(net: Subject) -> list[float]:
    """The size of the gradient of each layer's weights, from the first to the last."""
    found = gradients(net)
    return [float(one.gradient[0]) for one in found.parameters if one.label in found.weights]
