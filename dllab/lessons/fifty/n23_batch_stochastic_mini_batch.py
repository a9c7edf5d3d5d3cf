"""Batch, stochastic, mini-batch: how many examples should a step see?

The gradient of B examples drawn from N is right on the average, but noisy: its mean squared distance from that of all is

    sigma^2 / B  x  (N - B) / (N - 1)

(sigma^2: that of one example). A hundred times the work makes a step only ten times as exact. One example a step
(stochastic) makes many cheap, wild steps; all of them (batch) few dear, exact ones; a mini-batch lies between.
"""

from __future__ import annotations

from math import inf, isnan
from statistics import median

import numpy as np

from dllab.engine.prepare import data_of
from dllab.lab.gradient_noise import gradient_noise
from dllab.lab.until import until
from dllab.lessons.claim import Prediction, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPE = """\
about: Handwritten digits, told apart by one layer, from 1,000 examples.
data: {name: mnist10k, size: 14, test: 0.9}
model: [{dense: classes}]
optimizer: {sgd: 1}
train: {epochs: 40, batch: 32}
"""
KNOBS = {"batch": "train.batch", "model": "model", "size": "data.size", "test": "data.test"}
OPTIONS = {"replacement": "no", "target": 0.5}
SIZES = (1, 2, 4, 8, 16, 32, 64, 100, 150)
SOME = 200
PREDICT = Prediction(
    "batches of 32 take about 1 epoch, some 30 updates, down to a loss of 0.5. How many epochs do steps on all 1,000 "
    "examples take, each kind at its best rate?",
    unit="epochs", log=True, near=1.7, least=1, most=1e6,
    low="An epoch is a single step there: however exact, one step gets no further than its rate, and that has a limit.",
    high="Fewer: the slope is exact, so that no step goes astray.",
    good="Right: each epoch is one step, and a rate that is hardly larger.",
)  # fmt: skip
LEFT_OUT = """Steps, epochs and seconds are three different prices. Counted in updates the order turns round: the whole
set needs the fewest. In seconds it depends on the machine: a batch of one wastes wide hardware, which is why mini-batches
win. The noise is no mere nuisance, either: it is said to lead to flatter places (Keskar 2017), which is disputed (Dinh
2017)."""
NEXT = (("dllab lesson 23 batch=8", "smaller mini-batches"), ("dllab lesson 23 target=0.4", "who suffers most?"))
BREAKS = (("replacement=yes", "noise"), ("batch=1000", "epochs"))


def run(lab: Lab) -> None:
    """Measure the noise of the gradient by the size of the batch; then train with one, some and all examples a step."""
    recipe, target = lab.recipe(), lab.option("target")
    data = data_of(recipe)
    rows = data.splits.train
    mini = len(rows) if recipe.train.batch == "full" else int(recipe.train.batch)
    names = {"one": "1", "some": f"{mini:,}", "all": f"all {len(rows):,}"}
    x, y = data.seen(rows[:SOME]), data.targets(rows[:SOME])
    noise = gradient_noise(lab.network(recipe), x, y, SIZES, seed=lab.seed, replacement=lab.option("replacement") == "yes")
    curves = {"measured": (SIZES, noise.measured), "by the formula": (SIZES, noise.predicted),
              "sigma^2 / B": (SIZES, noise.single / np.array(SIZES))}  # fmt: skip
    lab.picture(
        Lines(f"mean squared error of the gradient of B of {SOME} examples", curves, x="B", y="squared error", log=True,
              log_x=True),
        "Twice the batch, half the squared error; less still where few examples are left out.",
    )  # fmt: skip
    scale = min(1.0, (mini / 32) ** 0.5)
    plans = {"one": (1, 6, (0.1, 0.2), 32), "some": (mini, 40, (scale, 2 * scale, 3 * scale), 2),
             "all": ("full", 40, (3, 4), 1)}  # fmt: skip
    work = {(name, lr): (lab.recipe(f"batch={size}", f"train.epochs={most}", f"optimizer={{sgd: {lr}}}"), looks)
            for name, (size, most, rates, looks) in plans.items() for lr in rates}  # fmt: skip
    ends = dict(zip(work, lab.each(work.values(), lambda one: until(one[0], target, lab.seeds(7), one[1]), "down to it")))
    middle = {key: median(one.epochs for one in each) for key, each in ends.items()}
    best = {name: min((key for key in work if key[0] == name), key=lambda key: inf if isnan(middle[key]) else middle[key])
            for name in plans}  # fmt: skip
    epochs, updates, seconds = ({name: [getattr(one, what) for one in ends[best[name]]] for name in plans}
                                for what in ("epochs", "updates", "seconds"))  # fmt: skip
    table = [(names[name], best[name][1], *(median(found[name]) for found in (epochs, updates, seconds))) for name in plans]
    lab.table(f"down to a training loss of {target:g}, each at the best of its rates",
              ("examples a step", "rate", "epochs", "updates", "seconds"), table)  # fmt: skip
    bars = {f"{names[name]} a step": median(epochs[name]) for name in plans}
    lab.picture(
        Bars(f"epochs down to a loss of {target:g}", bars, you=True),
        "In epochs, the more examples a step sees the longer it takes.",
    )
    lab.trace(
        "the mean over a batch",
        formula="g_B = (g_1 + ... + g_B) / B",
        code=("losses/cross_entropy.py", "loss[0] = total / (batch * positions)"),
        number=f"squared error {noise.measured[0]:.3g} with 1 example, {noise.measured[5]:.3g} with {SIZES[5]}",
        picture="the measured curve at B = 1 and 32",
    )
    lab.predicted(median(epochs["all"]))
    off = float(abs(noise.measured / noise.predicted - 1).max())
    lab.claim("noise", "measured noise against predicted: greatest relative difference", off, "<", 0.12)
    for id, what, found, more, fewer, bound in (
        ("epochs", "epochs", epochs, "all", "some", 8), ("updates", "updates", updates, "some", "all", 1),
        ("stochastic", "updates", updates, "one", "some", 5),
    ):  # fmt: skip
        text = f"{what} with {names[more]} a step divided by those with {names[fewer]}"
        lab.claim(id, text, over(found[more], found[fewer]), ">", bound)
    for name in plans:
        lab.shown(f"seconds-{name}", f"seconds with {names[name]} a step", seconds[name], "s")
