"""Why does it matter how weights start?

A unit adds up n inputs, each times a weight, so a layer multiplies the variance of what passes through it, forward and
back. To keep it, weights need a variance of

    1 / n for tanh (Xavier: 2 / (n_in + n_out)),   2 / n for ReLU (He)

since ReLU lets half of the squares through (Glorot and Bengio 2010; He et al. 2015). Otherwise each layer multiplies the
variance by the same factor, and depth raises that to a power. And units that start with equal weights get equal gradients:
they stay equal.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.variances import variances
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: Twenty layers whose weights start with the spread that suits ReLU.
data: {name: digits, test: 0.5}
model:
  - repeat: {times: 20, layers: [{dense: {units: 64, init: he}}, relu]}
  - dense: {units: classes, init: xavier}
optimizer: {adam: 0.001}
train: {epochs: 5, batch: 32, evaluate_every: 5}
"""
KNOBS = {"depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense.units", "lr": "optimizer.lr"}
OPTIONS = {"small": 0.01, "large": 1.0, "mixed": 0.0}
INIT, KIND, OUT = "model[0].repeat.layers[0].dense.init", "model[0].repeat.layers[1]", "model[1].dense.init"
WAYS = {"std {small:g}": ("{{normal: {small}}}", "relu"), "std {large:g}": ("{{normal: {large}}}", "relu"),
        "Xavier, ReLU": ("xavier", "relu"), "Xavier, tanh": ("xavier", "tanh"), "He, ReLU": ("he", "relu")}  # fmt: skip
ALIKE = {"zeros": "{{normal: {{std: {mixed}}}}}", "equal": "{{normal: {{mean: 0.02, std: {mixed}}}}}"}
PREDICT = Prediction(
    "ReLU with weights that suit tanh (Xavier's): how many times does the variance shrink from layer 1 to layer 20?",
    log=True, near=30, least=1e-300, most=1e300,
    low="ReLU halves the squares in every layer, not once: 2 to the 19th is half a million, and many nets lose more yet.",
    high="That is too much: a layer loses about half, and 2 to the 19th is half a million; many nets lose a little more.",
    good="Right: about half is lost in each of 19 layers, 2 to the 19th is half a million, and many nets lose more yet.",
)  # fmt: skip
LEFT_OUT = """He's rule keeps the variance on the average over many draws of the weights. A single deep net drifts from
that, and more so the narrower it is (Hanin and Rolnick 2018): see how far the nets of the second claim lie apart. Tanh
shrinks the variance a little in every layer, at any width, since its slope is below 1; Xavier's rule only slows that. And
both are rules for the start: batch norm and residual blocks keep the scale through the training, too."""
NEXT = (("dllab lesson 27 width=16 --full", "narrower nets drift more"), ("dllab lesson 27 depth=3", "few layers forgive"))
BREAKS = (("small=0.18", "small"), ("large=0.18", "large"), ("mixed=0.1", "equal"), ("depth=3", "learns"))


def run(lab: Lab) -> None:
    """Variances by depth at five starts, what each net learns, and what becomes of equal weights."""
    said = {name: lab.option(name) for name in OPTIONS}
    ways = {name.format(**said): lab.recipe(f"{INIT}={init.format(**said)}", f"{KIND}={kind}")
            for name, (init, kind) in WAYS.items()}  # fmt: skip
    same = {name: lab.recipe("train.dtype=float64", *(f"{place}={init.format(**said)}" for place in (INIT, OUT)))
            for name, init in ALIKE.items()}  # fmt: skip
    seen = {name: lab.each(nets, variances) for name, nets in lab.nets(ways, 5, trained=False).items()}
    forth = {name: [one[-1] / one[0] for one, _ in each] for name, each in seen.items()}
    back = {name: [one[0] / one[-1] for _, one in each] for name, each in seen.items()}
    ended = lab.runs(ways, 5) | lab.runs(same, 1)
    accuracy = {name: [100 * run.figure("accuracy") for run in each] for name, each in ended.items()}
    curves = {name: np.log10([median(layer) for layer in zip(*(one for one, _ in each))]) for name, each in seen.items()}
    depth = len(curves["He, ReLU"])
    drawn = {name: (range(1, depth + 1), curve) for name, curve in curves.items()}
    lab.picture(
        Lines("variance of what the layers put out before training, as a power of ten", drawn, x="layer", y="log10"),
        "A straight line: the same factor in every layer. A level line: a start that suits the activation.",
    )
    rows = [(name, f"{median(forth[name]):.3g}", f"{median(back[name]):.3g}", f"{median(accuracy[name]):.1f}")
            for name in ways]  # fmt: skip
    rows += [(name, "", "", f"{median(accuracy[name]):.1f}") for name in same]
    columns = ("weights", "outputs", "gradients", "accuracy, %")
    lab.table("variance: last layer / first; for gradients first / last", columns, rows,
              "std: weights with this standard deviation, and ReLU. Accuracy: on the test, after training.")  # fmt: skip
    n = len(ended["He, ReLU"][0].parameters["0_repeat.0.0_dense.w"])
    lab.trace(
        "the spread of He's weights",
        formula=f"std = sqrt(2 / n) = {(2 / n) ** 0.5:.3f} for n = {n} inputs",
        code=("inits/he.py", "return math.sqrt(2.0 / fan_in)"),
        number=f"then a layer multiplies the variance by {median(forth['He, ReLU']) ** (1 / max(depth - 1, 1)):.2f}",
        picture="how steep the curve of He, ReLU is",
    )
    lab.predicted(1 / median(forth["Xavier, ReLU"]))
    for name, id in (("Xavier, tanh", "tanh"), ("He, ReLU", "relu")):
        off = [max(a, 1 / a, b, 1 / b) for a, b in zip(forth[name], back[name])]
        lab.claim(id, f"{name}: activations or gradients change in variance by a factor", off, "<", 25)
    small, large = (name.format(**said) for name in list(WAYS)[:2])
    change = "variance in the last layer divided by that in the first"
    lab.claim("small", f"{small}: {change}", forth[small], "<", 1e-46)
    lab.claim("large", f"{large}: {change}", forth[large], ">", 1e26)
    lab.claim("mismatch", f"Xavier, ReLU: {change}", forth["Xavier, ReLU"], "<", 2e-5)
    fit = ("Xavier, tanh", "He, ReLU")
    lead = less(np.min([accuracy[name] for name in fit], axis=0),
                np.max([accuracy[name] for name in ways if name not in fit], axis=0))  # fmt: skip
    lab.claim(
        "learns", "accuracy: the worse start that suits is ahead of the best that does not by", lead, ">", 15, "points"
    )
    zeros, alike = (ended[name][0].parameters[f"0_repeat.{depth - 1}.0_dense.w"] for name in same)
    lab.claim("zeros", "zeros: the largest weight of the last hidden layer after training", abs(zeros).max(), "==", 0)
    lab.claim("equal", "equal weights: two units differ after training by", abs(alike - alike[:, :1]).max(), "<", 1e-12)
