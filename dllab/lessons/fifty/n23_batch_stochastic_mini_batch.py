"""Batch, stochastic, mini-batch: how many examples should a step see?

The gradient of B examples drawn from N is right on the average, but noisy: its mean squared distance from that of all is

    sigma^2 / B  x  (N - B) / (N - 1)

(sigma^2: that of one example). A hundred times the work makes a step only ten times as exact. One example a step
(stochastic) makes many cheap, wild steps; all of them (batch) few dear, exact ones; a mini-batch lies between.
"""

from __future__ import annotations

from math import inf
from statistics import median

import numpy as np

from dllab.engine.prepare import data_of
from dllab.lab.gradient_noise import gradient_noise
from dllab.lessons.claim import Prediction, over
from dllab.lessons.crowd import Run
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPE = """\
about: Handwritten digits, told apart by one layer, from 1,000 examples.
data: {name: mnist10k, size: 14, test: 0.9}
model: [{dense: classes}]
optimizer: {sgd: 1}
train: {epochs: 40, batch: 32, evaluate_every: 1}
"""
KNOBS = {"batch": "train.batch", "model": "model", "size": "data.size", "test": "data.test"}
OPTIONS = {"replacement": "no", "target": 0.5}
SIZES = (1, 2, 4, 8, 16, 32, 64, 100, 150)
SOME = 200
PREDICT = Prediction(
    "batches of 32 take about 3 epochs down to a loss of 0.5. How many do steps on all 1,000 examples take, at their best?",
    unit="epochs", log=True, near=1.7, least=1, most=1e6,
    low="An epoch is a single step there: however exact, one step gets no further than its rate, and that has a limit.",
    high="Fewer: the exact slope at least bears a larger rate.",
    good="Right: a step for each epoch, and a rate that cannot be much larger.",
)  # fmt: skip
LEFT_OUT = """Steps, epochs and seconds are three different prices. Counted in updates the order turns round: the whole set
needs the fewest. In seconds it depends on the machine: a batch of one wastes wide hardware, which is why mini-batches win.
The noise is no mere nuisance, either: it is said to lead to flatter places (Keskar 2017), which is disputed (Dinh 2017)."""
NEXT = (("dllab lesson 23 batch=8", "smaller mini-batches"), ("dllab lesson 23 target=0.4", "who suffers most?"))
BREAKS = (("replacement=yes", "noise"), ("batch=1000", "epochs"))


def run(lab: Lab) -> None:
    """Measure the noise of the gradient by the size of the batch; then train with one, some and all examples a step."""
    recipe, target = lab.recipe(), lab.option("target")
    data = data_of(recipe)
    rows = data.splits.train
    mini = len(rows) if recipe.train.batch == "full" else int(recipe.train.batch)
    x, y = data.seen(rows[:SOME]), data.targets(rows[:SOME])
    noise = gradient_noise(lab.network(recipe), x, y, SIZES, seed=lab.seed, replacement=lab.option("replacement") == "yes")
    curves = {"measured": (SIZES, noise.measured), "by the formula": (SIZES, noise.predicted),
              "sigma^2 / B": (SIZES, noise.single / np.array(SIZES))}  # fmt: skip
    lab.picture(
        Lines(f"mean squared error of the gradient of B of {SOME} examples", curves, x="B", log=True, log_x=True),
        "Twice the batch, half the squared error; less still where few examples are left out.",
    )
    scale = min(1.0, (mini / 32) ** 0.5)
    plans = {"one": (1, 6, (0.03, 0.1)), "some": (mini, 40, (0.5 * scale, scale)), "all": ("full", 40, (2, 4))}
    runs = lab.runs({f"{name} {lr}": lab.recipe(f"batch={size}", f"train.epochs={most}", f"optimizer={{sgd: {lr}}}")
                     for name, (size, most, rates) in plans.items() for lr in rates}, 5)  # fmt: skip
    ends = {key: [reached(run, target) for run in each] for key, each in runs.items()}
    best = {name: min((ends[f"{name} {lr}"] for lr in rates), key=lambda each: median(epochs for epochs, _, _ in each))
            for name, (_, _, rates) in plans.items()}  # fmt: skip
    epochs, steps, seconds = ({name: [one[place] for one in each] for name, each in best.items()} for place in range(3))
    table = [(name, str(plans[name][0]), *(median(found[name]) for found in (epochs, steps, seconds))) for name in plans]
    lab.table(f"down to a training loss of {target:g}", ("examples", "a step", "epochs", "updates", "seconds"), table)
    bars = {f"{name} a step": median(epochs[name]) for name in plans}
    lab.picture(
        Bars(f"epochs down to a loss of {target:g}", bars, you=True), "The more a step sees, the more passes it takes."
    )
    lab.trace(
        "the mean over a batch",
        formula="g_B = (g_1 + ... + g_B) / B",
        code=("losses/cross_entropy.py", "loss[0] = total / (batch * positions)"),
        number=f"squared error {noise.measured[0]:.3g} with one example, {noise.measured[5]:.3g} with {SIZES[5]}",
        picture="the measured curve at B = 1 and 32",
    )
    lab.predicted(median(epochs["all"]))
    off = float(abs(noise.measured / noise.predicted - 1).max())
    lab.claim("noise", "measured and predicted noise: greatest difference, as a share", off, "<", 0.12)
    for id, found, more, fewer, bound in (("epochs", epochs, "all", "some", 3.5), ("updates", steps, "some", "all", 2),
                                         ("stochastic", steps, "one", "some", 5)):  # fmt: skip
        what = f"{'epochs' if found is epochs else 'updates'}: {more} examples a step over {fewer}"
        lab.claim(id, what, over(found[more], found[fewer]), ">", bound)
    for name in plans:
        lab.shown(f"seconds-{name}", f"seconds with {name} a step", seconds[name])


def reached(run: Run, target: float) -> tuple[float, float, float]:
    """Epochs, steps and seconds until the loss is below the target."""
    for end in run.curve:
        if end.figures["train"]["loss"] < target:
            return end.epoch, end.step, end.seconds
    return inf, inf, inf
