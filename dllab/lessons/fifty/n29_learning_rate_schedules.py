"""Why let the learning rate fall while training?

A batch shows the slope with noise. A large rate gets far but goes on shaking about the bottom; a small one shakes less
but does not arrive in time. A schedule has both: large first, small at the end (Robbins and Monro 1951).

    step         lr x factor ^ floor(t / every)
    exponential  lr x 2 ^ (-t / half-life)
    cosine       lr x (1 + cos(pi t / T)) / 2          (Loshchilov, Hutter 2017)
    warm-up      lr x (t + 1) / warmup, before any of them
"""

from __future__ import annotations

from statistics import median
from typing import cast

import numpy as np

from dllab.engine.prepare import data_of
from dllab.lab.least_squares import least_squares
from dllab.lessons.claim import Prediction, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines
from dllab.schedules.schedule import Schedule
from dllab.training.trainer import length_of

RECIPE = """\
about: A straight line through the progress of diabetes, learnt from batches of four patients.
data: {name: diabetes, test: 0.2}
model: [{dense: 1}]
optimizer: {sgd: 0.01}
train: {epochs: 20, batch: 4, evaluate_every: 20}
"""
KNOBS = {"epochs": "train.epochs", "batch": "train.batch"}
OPTIONS = {"final": 0.0}
RATES = [10 ** (k / 4) for k in range(-11, 0)]  # from far too small to where every schedule diverges
PREDICT = Prediction(
    "in equal steps, how many times closer to the least possible loss does a cosine come than the best constant rate?",
    unit="times", log=True, near=2.5, least=0.01, most=1e6,
    low="More is gained: the shaking goes down with the rate, and at its end the cosine is hardly above 0.",
    high="Not that much: to get there at all, most of the steps need a large rate, with its noise.",
    good="Right: the shaking goes down with the rate, and a few hundred small steps at the end suffice.",
)  # fmt: skip
LEFT_OUT = """It is the training loss that comes so close. On other patients hardly anything is gained, as the last number
above says: their loss is dozens of times what a schedule takes off that of the training. Each schedule has its own best
rate: one that falls can begin with a larger one. Warm-up hardly matters here; it is for nets that full steps harm at the
start, as Adam's harm a Transformer."""
NEXT = (
    ("dllab lesson 29 batch=full epochs=200", "no noise: who needs a schedule?"),
    ("dllab viz-schedule cosine one_cycle", "another one beside it"),
)
BREAKS = (("batch=full epochs=200", "cosine"), ("final=0.9", "cosine"))


def run(lab: Lab) -> None:
    """Draw the schedules beside their formulas, then train with each at many rates."""
    recipe = lab.recipe()
    count = len(data_of(recipe).splits.train)
    total = length_of(recipe, count, count if recipe.train.batch == "full" else int(recipe.train.batch))[1]
    t, quarter, half, rise = np.arange(total), max(total // 4, 1), total / 6, max(total // 10, 1)
    final, after = lab.option("final"), np.maximum(t - rise, 0) / max(total - rise, 1)
    ways = {  # as a recipe has them, and by hand
        "constant": ("constant", np.ones(total)),
        "step": (f"{{name: step, every: {quarter}, factor: 0.2}}", 0.2 ** (t // quarter)),
        "exponential": (f"{{exponential: {half}}}", 2.0 ** (-t / half)),
        "cosine": (f"{{cosine: {final}}}", final + (1 - final) * (1 + np.cos(np.pi * t / total)) / 2),
        "warm-up, cosine": (
            f"{{name: cosine, warmup: {rise}}}",
            np.minimum((t + 1) / rise, (1 + np.cos(np.pi * after)) / 2),
        ),
    }
    schedules = {name: f"schedule={text}" for name, (text, _) in ways.items()}
    rates = {name: cast(Schedule, lab.recipe(text).schedule).factors(t, total) for name, text in schedules.items()}
    drawn = Lines("share of the full learning rate", {name: (t, share) for name, share in rates.items()}, x="step")
    ends = f"cosine {rates['cosine'][-1]:.2f}, step {rates['step'][-1]:.2f}, exponential {rates['exponential'][-1]:.2f}"
    lab.picture(drawn, f"Shares of the full rate in the last step: {ends}.")
    least = least_squares(recipe)
    runs = lab.runs({f"{name} {lr}": lab.recipe(f"optimizer={{sgd: {lr}}}", text)
                     for name, text in schedules.items() for lr in RATES}, 11)  # fmt: skip
    above = {key: [run.figure("loss", "train") - least for run in each] for key, each in runs.items()}
    best = {name: min(RATES, key=lambda lr: median(np.nan_to_num(above[f"{name} {lr}"], nan=np.inf))) for name in ways}
    ended = {name: above[f"{name} {lr}"] for name, lr in best.items()}
    test = {name: [run.figure("loss") for run in runs[f"{name} {lr}"]] for name, lr in best.items()}
    closer = {name: over(ended["constant"], each) for name, each in ended.items()}
    rows = [(name, f"{lr:.3g}", f"{median(ended[name]):.2g}", f"{median(test[name]):.3g}") for name, lr in best.items()]
    lab.table(
        "training loss and test loss after equally many steps, medians",
        ("schedule", "its best rate", "training loss above the least", "test loss"),
        rows,
    )
    bars = {name: median(each) for name, each in closer.items() if name != "constant"}
    lab.picture(Bars("how many times closer to the least loss than the best constant rate", bars, "times", you=True),
                "Each schedule had equally many steps, and the same rates to choose its best from.")  # fmt: skip
    lab.trace(
        "the cosine's rate half-way",
        formula="(1 + cos(pi / 2)) / 2 = 1/2 of the full rate",
        code=("schedules/cosine.py", "(1.0 + np.cos(np.pi * progress)) / 2.0"),
        number=f"at step {total // 2} of {total} the share is {rates['cosine'][total // 2]:.3f}",
        picture="the cosine's curve in the middle",
    )
    lab.predicted(median(closer["cosine"]))
    off = max(float(abs(rates[name] - by_hand).max()) for name, (_, by_hand) in ways.items())
    lab.claim("formulas", "schedules and their formulas by hand differ by", off, "<", 1e-12)
    for name, bound in (("step", 1.5), ("exponential", 2.5), ("cosine", 3.5)):
        lab.claim(name, f"{name}: times closer to the least loss than the best constant rate", closer[name], ">", bound)
    lab.shown(
        "test", "test loss of the best constant rate divided by that of the cosine", over(test["constant"], test["cosine"])
    )
