"""What does the learning rate do, and how does one find a good one?

It says how far a step goes down the slope:

    w  <-  w - lr x dL/dw

Too small a rate crawls: there are not enough steps. Too large a one jumps across the valley and lands higher up on the
other side, again and again: the loss blows up. So the loss after training, drawn over the logarithm of the rate, falls
for decades and then rises like a cliff: a lopsided U. A range test (Smith 2015) finds its good side in one short run: it
lets the rate rise and watches where the loss falls.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.lr_find import lr_find
from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.crowd import Run
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: How far cars go on a gallon, learnt by a small net with plain descent.
data: {name: autompg, test: 0.2}
model: [{dense: 16}, relu, {dense: 1}]
optimizer: {sgd: 0.01}
train: {epochs: 40, batch: 32, evaluate_every: 40}
"""
KNOBS = {"batch": "train.batch", "epochs": "train.epochs", "units": "model[0].dense.units", "activation": "model[1]"}
OPTIONS = {"low": 1e-5, "high": 1.0}
NOTHING = 1e-12
PREDICT = Prediction(
    "which rate leaves the lowest loss on this net, after 40 epochs of plain descent? (we try 1e-5 to 1)",
    log=True, near=1.75, least=1e-12, most=1e6,
    low="A rate below the best still learns, but each step gets less far: it would take more epochs.",
    high="Beyond the best rate the loss soon blows up: a step lands higher up on the other side than it began.",
    good="Right: the best rate lies close below those that blow up.",
)  # fmt: skip
LEFT_OUT = """A rate is not good by itself: with momentum 0.9 a tenth of it does the same, as measured, since each
gradient counts ten times; another batch or length moves the best one, too. The best rate lies close to the cliff, where
another seed may fall over. So a range test proposes one well below (the last number above), and a schedule that falls
does the rest."""
NEXT = (
    ("dllab lr-find spirals", "a range test of another net"),
    ("dllab lesson 24 epochs=2", "fewer steps: how wide is the U?"),
)
BREAKS = (("high=0.03", "diverges"), ("low=0.003", "crawls"))


def run(lab: Lab) -> None:
    """Train at rates over decades, let a range test propose one, and train with that."""
    low, high = lab.option("low"), lab.option("high")
    rates = [float(rate) for rate in np.geomspace(low, high, max(round(4 * np.log10(high / low)), 2) + 1)]
    test = lr_find(lab.recipe(), seeds=lab.seeds(3))
    proposed = test.suggested or NOTHING
    runs = lab.runs({f"{name} {lr}": lab.recipe(f"optimizer={{{name}: {lr}}}")
                     for name in ("sgd", "momentum") for lr in (NOTHING, proposed, *rates)}, 7)  # fmt: skip
    all_ = {key: left(each) for key, each in runs.items()}
    loss = {key: median(each) for key, each in all_.items()}
    curve = {name: [loss[f"{name} {lr}"] for lr in rates] for name in ("sgd", "momentum")}
    best = rates[int(np.argmin(curve["sgd"]))]
    start, least = loss[f"sgd {NOTHING}"], min(curve["sgd"])
    top = 2 * start
    lab.picture(
        Lines("loss by learning rate",
              {"after training": (rates, np.minimum(curve["sgd"], top)),
               "during the range test": (test.rates, np.minimum(test.smoothed, top))},
              x="rate", y="loss", log=True, log_x=True, you="x", marks={"r": proposed}),
        "A long way down to the right, then a cliff: what diverges is drawn at twice the loss of the start. r: the rate "
        "that the range test proposes, where its own loss is falling.",
    )  # fmt: skip
    some, nets = sorted({proposed, *rates[::4], best}), len(lab.seeds(7))
    gone = {lr: sum(run.status == "diverged" for run in runs[f"sgd {lr}"]) for lr in (*some, high)}
    names = {proposed: " (r)", best: " (best)"}
    rows = [(f"{lr:.2g}{names.get(lr, '')}", loss[f"sgd {lr}"], f"{gone[lr]} of {nets}") for lr in some]
    lab.table("after training", ("rate", "loss", "nets that diverged"), rows)
    lab.trace(
        "the length of a step",
        formula="w <- w - lr g",
        code=("optim/sgd.py", "p[i] -= lr * g[i]"),
        number=f"lr {low:.2g} leaves a loss of {curve['sgd'][0]:.3g}, lr {best:.2g} of {least:.3g}",
        picture="x is lr; the height, what is left after as many steps",
    )
    lab.predicted(best)
    first, low_, best_, there = (all_[f"sgd {lr}"] for lr in (NOTHING, rates[0], best, proposed))
    lab.claim("crawls", "lowest rate: loss after training divided by that at the start", over(low_, first), ">", 0.6)
    lab.claim("u", "loss with the lowest rate divided by that with the best", over(low_, best_), ">", 5)
    lab.claim("diverges", "highest rate: nets that diverge", 100 * gone[high] / nets, "==", 100, "%")
    gain = [100 * one for one in over(less(first, there), less(first, best_))]
    lab.claim("proposed", "what the proposed rate takes off the loss, of what the best one does", gain, ">", 70, "%")
    cliff = min((lr for lr in rates if lr > best and not np.isfinite(loss[f"sgd {lr}"])), default=np.nan)
    lab.claim("cliff", "the lowest rate that diverges divided by the proposed one", cliff / proposed, ">", 10)
    pairs = [(f"momentum {slow}", f"sgd {fast}") for slow, fast in zip(rates[:8], rates[4:])]  # 4 rates: a factor of 10
    off = [max((max(one / other, other / one) for one, other in pair), default=np.nan)
           for pair in zip(*(zip(all_[slow], all_[fast]) for slow, fast in pairs))]  # fmt: skip
    lab.claim("momentum", "momentum 0.9 with a tenth of the rate: larger loss divided by smaller", off, "<", 1.2)
    lab.shown("below", "the best rate divided by the proposed one", best / proposed)


def left(runs: list[Run]) -> list[float]:
    """The loss of each net after training, infinite where it diverged."""
    return [float(loss) for loss in np.nan_to_num([run.figure("loss", "train") for run in runs], nan=np.inf)]
