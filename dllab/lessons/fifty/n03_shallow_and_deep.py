"""Why should a net be deep, when one hidden layer can be as wide as one likes?

A ReLU unit puts one kink into a line. Units side by side add their kinks: H of them make at most H + 1 straight pieces.
Layers on top of each other do more: a later one folds all that is below it. Two units fold the line from 0 to 1 to a tent,

    T(x) = 2 relu(x) - 4 relu(x - 1/2)

and every further layer can fold it again: k layers make 2^k pieces, or more (Telgarsky 2015). Where a target is folded, as
wound spirals are, a deep net does better with the same number of parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from dllab.lab.pieces import curve, fold, pieces, scatter
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Grid, Lines

FOLDS = """\
about: Layers of two ReLU units; with the right weights each of them folds the line once more.
data: {name: function, function: sawtooth, periods: 2, samples: 400, noise: 0, test: 0.25}
model: [{repeat: {times: 6, layers: [{dense: 2}, relu]}}, {dense: 1}]
loss: mse
optimizer: {adam: 0.01}
train: {epochs: 60, batch: 32}
"""
DEEP = """\
about: Spirals that wind almost twice; three narrow layers against a wide one.
data: {name: spirals, turns: 1.75, noise: 0.1, samples: 900, test: 0.25}
model: [{dense: 16}, relu, {dense: 16}, relu, {dense: 16}, relu, {dense: classes}]
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 40, batch: 32}
"""
RECIPES = {"folds": FOLDS, "spirals": DEEP}
KNOBS = {"folds": "model[0].repeat.times", "activation": "model[0].repeat.layers[1]", "turns": "data.spirals.turns",
         "epochs": "train.epochs"}  # fmt: skip
PREDICT = Prediction(
    "six hidden layers of two ReLU units; each layer folds the line once, by T. How many straight pieces has the result?",
    log=True, near=1.2, least=1, most=1e9,
    low="Twelve units side by side would make twelve kinks, 13 pieces. But every layer folds all that is below it.",
    high="Every layer folds what is below it once, and so doubles the pieces: 2 to the 6th, that is 64.",
    good="Every layer folds what is below it once, and so doubles the pieces.",
)  # fmt: skip
LEFT_OUT = """2^k is not the most: with other weights the last hidden layer makes three pieces of each, as counted above.
And that a net can do something does not mean that training finds it. The net that can fold, trained from random weights,
mostly misses a sawtooth of two teeth, which one hidden layer with as many parameters follows. Depth can also make training
harder: eight layers of sigmoids end with a larger loss than one."""
NEXT = (("dllab lesson 3 folds=4", "four layers: how many pieces now?"),
        ("dllab lesson 3 turns=0.5", "spirals that hardly wind: is depth worth it?"))  # fmt: skip
BREAKS = (("activation=identity", "pieces"), ("turns=0.25", "deep"))
RATES = (0.003, 0.01, 0.03)
ONE = "model=[{{dense: {}}}, relu, {{dense: 1}}]"
WIDE = "model=[{{dense: {}}}, relu, {{dense: classes}}]"
SIGMOIDS = "model=[{{repeat: {{times: {}, layers: [{{dense: 32}}, sigmoid]}}}}, {{dense: classes}}]"


def run(lab: Lab) -> None:
    """Pieces of folded nets and of wide ones; then trained ones: where depth wins, and where it does not."""
    x, folded, deep, wide = np.linspace(0, 1, 4097), {}, {}, {}
    most = len(lab.network(lab.recipe(name="folds")).parameters) // 2 - 1
    for k in range(1, most + 1):
        net, single = (lab.network(lab.recipe(change, name="folds")) for change in (f"folds={k}", ONE.format(2 * k)))
        fold(net)
        folded[k] = curve(net, x)
        deep[2 * k], wide[2 * k] = pieces(x, folded[k]), 0
        for draw in range(20):
            scatter(single, 20 * lab.seed + draw)
            wide[2 * k] = max(wide[2 * k], pieces(x, curve(single, x)))
    shown = sorted({most // 3 or 1, 2 * most // 3 or 1})
    titles = {k: f"{k} layer{'s' * (k > 1)} of 2 units: {deep[2 * k]} pieces" for k in shown}
    lab.picture(Grid([Lines(titles[k], {"y": (x, folded[k])}, x="x", y="y") for k in shown]),
                "Every further layer folds the line once more: it doubles the pieces and their slopes.")  # fmt: skip
    curves = {"deep": (list(deep), list(deep.values())), "wide": (list(wide), list(wide.values()))}
    lab.picture(Lines("straight pieces, counted", curves, x="hidden units", y="pieces", log=True, you="y"),
                "Deep: layers of two units multiply the pieces. Wide: units in one layer add them.")  # fmt: skip
    lab.trace("how steep the first piece is", formula="T(x) = 2 relu(x) - 4 relu(x - 1/2), k times",
              code=("ops/relu.py", "y[i] = 0 if x[i] < 0 else x[i]"),
              number=f"{folded[most][1] / x[1]:g} after {most} layers",
              picture="the slope, which doubles from layer to layer")  # fmt: skip
    lab.predicted(deep[2 * most])
    fold(net, thirds=True)
    size = sum(values.size for values in lab.network(lab.recipe(name="spirals")).parameters.values())
    spirals = {"deep": best(lab, 20, "accuracy", "spirals"),  # each unit of the wide one has 2 + 1 + 3 parameters
               "wide": best(lab, 20, "accuracy", "spirals", WIDE.format(round((size - 3) / 6)))}  # fmt: skip
    teeth = {"deep": best(lab, 9, "rmse", "folds"), "wide": best(lab, 9, "rmse", "folds", ONE.format(2 * most))}
    sigmoids = {k: best(lab, 5, "loss", "spirals", SIGMOIDS.format(k), "turns=0.75") for k in (8, 1)}
    lab.table("trained, each at the best of three learning rates", ("", "deep", "one layer"), [
        ("spirals, test accuracy in %", median(spirals["deep"]), median(spirals["wide"])),
        ("sawtooth, test error (root mean square)", median(teeth["deep"]), median(teeth["wide"])),
        ("sigmoids, 8 layers or 1, training loss", median(sigmoids[8]), median(sigmoids[1])),
    ])  # fmt: skip
    lab.claim("pieces", f"{most} layers of 2 units: straight pieces", deep[2 * most], "==", 2**most)
    lab.claim("thirds", "the same with another last hidden layer", pieces(x, curve(net, x)), "==", 3 * 2 ** (most - 1))
    lab.claim("add", f"one layer of {2 * most} units: the most pieces of 20 nets", wide[2 * most], "==", 2 * most + 1)
    more = less(spirals["deep"], spirals["wide"])
    lab.claim("deep", f"spirals, {size} parameters: accuracy of three layers, above one by", more, ">", 9, "points")
    more = less(teeth["deep"], teeth["wide"])
    lab.claim("sawtooth", "sawtooth: error of the net that can fold, above that of one layer by", more, ">", 0.2)
    more = less(sigmoids[8], sigmoids[1])
    lab.claim("sigmoid", "sigmoids: training loss of 8 layers, above that of one by", more, ">", 0.4)


def best(lab: Lab, nets: int, metric: str, name: str, *changes: str) -> Sequence[float]:
    """What nets reach at the learning rate that is best for them in the median."""
    recipes = {str(rate): lab.recipe(*changes, f"optimizer.lr={rate}", name=name) for rate in RATES}
    split = "train" if metric == "loss" else "test"
    times = 100 if metric == "accuracy" else 1  # in percent
    found = [[times * run.figure(metric, split) for run in each] for each in lab.runs(recipes, nets).values()]
    return (max if metric == "accuracy" else min)(found, key=median)
