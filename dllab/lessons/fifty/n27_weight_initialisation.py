"""Why does it matter how weights start?

A unit adds up n inputs, each times a weight, so a layer multiplies the variance of what passes through it, forward and
back. To keep it, weights need a variance of

    1 / n for tanh (Xavier: 2 / (n_in + n_out)),   2 / n for ReLU (He)

since ReLU lets half of the squares through (Glorot and Bengio 2010; He et al. 2015). Any other factor is taken to the
power of the depth. And equal weights make equal units: they get the same gradient and stay equal.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.activations import activations
from dllab.lab.gradients import gradients
from dllab.lab.subject import Subject
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
WAYS = {"too small": ("{{normal: {small}}}", "relu"), "too large": ("{{normal: {large}}}", "relu"),
        "Xavier, ReLU": ("xavier", "relu"), "Xavier, tanh": ("xavier", "tanh"), "He, ReLU": ("he", "relu")}  # fmt: skip
ALIKE = {"zeros": "{{normal: {{std: {mixed}}}}}", "equal": "{{normal: {{mean: 0.02, std: {mixed}}}}}"}
PREDICT = Prediction(
    "ReLU with weights that suit tanh (Xavier's): how many times does the variance shrink from layer 1 to layer 20?",
    log=True, near=30, least=1e-300, most=1e300,
    low="ReLU halves the squares in every layer, not once: that makes 2 to the 19th, or half a million.",
    high="That is too much: a layer loses about half, and 2 to the 19th is half a million.",
    good="Right: about half is lost in each of 19 layers, and 2 to the 19th is half a million.",
)  # fmt: skip
LEFT_OUT = """Both rules keep the variance on the average over many draws. A single deep net drifts from that, the more the
narrower it is (Hanin and Rolnick 2018): the last number above. And they hold at the start only; batch norm and residual
blocks keep the scale through the training, too, and make the start matter less."""
NEXT = (("dllab lesson 27 width=16", "a narrower net drifts more"), ("dllab lesson 27 depth=3", "few layers forgive"))
BREAKS = (("small=0.18", "small"), ("large=0.18", "large"), ("mixed=0.1", "equal"), ("depth=3", "learns"))


def run(lab: Lab) -> None:
    """Variances by depth at five starts, what each net learns, and what becomes of equal weights."""
    said = {name: lab.option(name) for name in OPTIONS}
    ways = {name: lab.recipe(f"{INIT}={init.format(**said)}", f"{KIND}={kind}") for name, (init, kind) in WAYS.items()}
    same = {name: lab.recipe(*(f"{place}={init.format(**said)}" for place in (INIT, OUT))) for name, init in ALIKE.items()}
    seen = {name: lab.each(nets, variances) for name, nets in lab.nets(ways, 5, trained=False).items()}
    forth = {name: [one[-1] / one[0] for one, _ in each] for name, each in seen.items()}
    back = {name: [one[0] / one[-1] for _, one in each] for name, each in seen.items()}
    ended = lab.runs(ways, 5) | lab.runs(same, 1)
    accuracy = {name: [run.figure("accuracy") for run in each] for name, each in ended.items()}
    curves = {name: np.log10([median(layer) for layer in zip(*(one for one, _ in each))]) for name, each in seen.items()}
    depth = len(curves["He, ReLU"])
    drawn = {name: (range(1, depth + 1), curve) for name, curve in curves.items()}
    lab.picture(
        Lines("variance of activations before training, as a power of ten", drawn, x="layer", y="log10"),
        "Straight lines: the same factor in every layer. Only a start that suits the activation keeps its height.",
    )
    rows = [(name, median(forth[name]), median(back[name]), median(accuracy[name])) for name in ways]
    rows += [(name, None, None, median(accuracy[name])) for name in same]
    lab.table("variance, last layer over first, of gradients the reverse", ("start", "forward", "back", "accuracy"), rows)
    n = len(ended["He, ReLU"][0].parameters["0_repeat.0.0_dense.w"])
    lab.trace(
        "the spread of He's weights",
        formula=f"std = sqrt(2 / n) = {(2 / n) ** 0.5:.3f} for n = {n} inputs",
        code=("inits/he.py", "return math.sqrt(2.0 / fan_in)"),
        number=f"a layer multiplies the variance by {median(forth['He, ReLU']) ** (1 / max(depth - 1, 1)):.2f}",
        picture="how steep the curve of He, ReLU is",
    )
    lab.predicted(1 / median(forth["Xavier, ReLU"]))
    for name, id in (("Xavier, tanh", "tanh"), ("He, ReLU", "relu")):
        off = [max(a, 1 / a, b, 1 / b) for a, b in zip(forth[name], back[name])]
        lab.claim(id, f"{name}: activations or gradients change in variance by a factor", off, "<", 25)
    lab.claim("small", "too small: what is left of the variance", forth["too small"], "<", 1e-46)
    lab.claim("large", "too large: how many times it grows", forth["too large"], ">", 1e26)
    lab.claim("mismatch", "Xavier before ReLU: what is left of the variance", forth["Xavier, ReLU"], "<", 1e-5)
    fit = ("Xavier, tanh", "He, ReLU")
    lead = less(
        np.min([accuracy[name] for name in fit], axis=0),
        np.max([accuracy[name] for name in ways if name not in fit], axis=0),
    )
    lab.claim("learns", "the worse of the matching starts leads the best other in accuracy by", lead, ">", 0.15)
    zeros, alike = (ended[name][0].parameters[f"0_repeat.{depth - 1}.0_dense.w"] for name in same)
    lab.claim("zeros", "zeros: the largest weight of the last hidden layer after training", abs(zeros).max(), "==", 0)
    lab.claim("equal", "equal weights: two units differ after training by", abs(alike - alike[:, :1]).max(), "<", 1e-3)
    lab.shown("drift", "He, ReLU: the factor for the net that drifts most", max(off))


def variances(net: Subject) -> tuple[list[float], list[float]]:
    """Of the outputs of each activation, and of the gradients there."""
    found = {layer.path: layer.spread**2 for layer in activations(net, "train").layers if layer.kind in ("relu", "tanh")}
    sizes = {layer.path: layer.size for layer in gradients(net).layers if layer.size is not None}
    return list(found.values()), [float(sizes[path][0]) ** 2 for path in found]
