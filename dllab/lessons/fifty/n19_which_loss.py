"""Which loss for numbers, which for classes, and what does the choice change?

A loss says what to answer where one cannot be right for all: for numbers

    MSE    (y - t)^2                        the mean
    MAE    |y - t|                          the median
    Huber  a square near 0, then straight   between

so that outliers draw MSE and hardly MAE (Huber 1964). For two classes, with p the sigmoid's probability for the true one,
cross-entropy has the slope p - 1 at the score; squared error has 2 (p - 1) p (1 - p): where the net is sure and wrong, p is
next to 0, and so is the slope. Behind a softmax p is a factor of it, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dllab.lab.bias_only import charged, fitted, steps_until
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPES = {"number": """\
about: One number, the bias, that is to stand for many.
input: [1]
model: [{dense: 1}]
loss: mse
optimizer: {sgd: 0.3}
""", "curve": """\
about: A sine, of whose points a fifth is moved up.
data: {name: function, samples: 300, noise: 0.1, outliers: 0.2, outlier_size: 3, one_sided: true, test: 0}
model: [{dense: 16}, tanh, {dense: 16}, tanh, {dense: outputs}]
loss: mse
optimizer: {adam: 0.01}
schedule: cosine
train: {epochs: 60, batch: 30}
""", "classes": """\
about: Clouds, and a softmax that begins sure of itself, and mostly wrong.
data: {name: blobs, classes: 3, samples: 300, noise: 0.3, test: 0.5}
model: [{dense: {units: classes, init: {normal: 10}}}, softmax]
loss: cross_entropy
optimizer: {sgd: 0.3}
train: {epochs: 10, batch: 15}
"""}  # fmt: skip
KNOBS = {"outliers": "data.outliers", "spread": "model[0].dense.init.normal", "lr": "optimizer.sgd"}
OPTIONS = {"share": 0.2, "moved": 10.0, "start": -6.0}
LOSSES = {"MSE": "loss=mse", "Huber": "loss=huber", "MAE": "loss=mae"}
PREDICT = Prediction(
    "1001 numbers lie about 0. A fifth of them is moved up by 10. Which one number has the least squared error?",
    near=0.5, least=-1000, most=1000,
    low="Squares make far numbers count most: it is least at the mean, and a fifth of 10 is 2.",
    high="It gives in, but not so far: it is least at the mean, and a fifth of 10 is 2.",
    good="Yes, the mean: a fifth of 10.",
)  # fmt: skip
LEFT_OUT = """Outliers are not always errors. Damage by floods is rare and large: its median, which MAE answers, is 0, right
in most years and ruinous in total; who pays needs the mean. And squared error is no bad loss for classes where nothing is
saturated: from a score of 0 it takes a few times the steps (measured as the last claim), and large nets tuned for it do as
well (Hui and Belkin 2021)."""
NEXT = (("dllab lesson 19 moved=1000", "outliers that are further out"),
        ("dllab lesson 19 start=-8", "two points more, how many steps more?"))  # fmt: skip
BREAKS = (("moved=0", "drawn"), ("start=0", "faster"), ("spread=0.1", "classes"), ("outliers=0", "pulled"))


def run(lab: Lab) -> None:
    """One number by three losses, a curve by three losses, a sure score by two, and classes by two."""
    rng, moved = np.random.default_rng(lab.seed), lab.option("moved")
    values = rng.normal(0, 0.3, 1001) + moved * (np.arange(1001) < lab.option("share") * 1001)
    fits = {name: fitted(lab.network(lab.recipe(loss, name="number")), values) for name, loss in LOSSES.items()}
    mean, middle = values.mean(), np.median(values)
    lab.picture(Bars("one number for all", {"the mean": mean, **fits, "the median": middle}, you=True),
                "By MSE it ends at the mean, by MAE at the median, by Huber's loss between.")  # fmt: skip
    lab.predicted(fits["MSE"])
    nets = lab.nets({name: lab.recipe(loss, name="curve") for name, loss in LOSSES.items()}, 5)
    x = np.linspace(-1, 1, 60)
    truth = np.sin(np.pi * x)
    lines = {name: [net.network.forward(x[:, None])[:, 0] for net in each] for name, each in nets.items()}
    data: Any = lab.recipe(name="curve").data
    lab.picture(
        Lines(f"a sine, {100 * data.outliers:g} % of its points moved up by {data.outlier_size:g}: what nets make of it",
              {"sine": (x, truth), **{name: (x, np.median(each, axis=0)) for name, each in lines.items()}}, x="x", y="y"),
        "MSE's curve lies above the sine, by about the mean of what the points were moved; MAE's stays near it.",
    )  # fmt: skip
    scores, at = np.linspace(-8, 8, 65), lab.option("start")
    score = {name: lab.network(lab.recipe("model=[{dense: 1}, sigmoid]", loss, name="number")) for name, loss in
             (("cross-entropy", "loss=binary_cross_entropy"), ("squared error", "loss=mse"))}  # fmt: skip
    slopes = {name: charged(net, scores[:, None])[:, 1] for name, net in score.items()}
    lab.picture(
        Lines("slope at the score of a sigmoid that should say 1", {name: (scores, one) for name, one in slopes.items()},
              x="score", y="slope", marks={"S": at}),
        "On the left the net is wrong and sure: there only cross-entropy's slope is steep.",
    )  # fmt: skip
    steps = {z: [steps_until(net, z, float(np.log(9))) for net in score.values()] for z in (at, 0.0)}
    lab.table(
        "steps at a rate of 1 from a score until p is 0.9", ("score", *score), [(z, *each) for z, each in steps.items()]
    )
    lab.trace(
        "the slope at the score",
        formula="cross-entropy: p - 1    squared error: 2 (p - 1) p (1 - p)",
        code=("ops/sigmoid.py", "dx[i] = dy[i] * (y[i] * (like(y[i], 1.0) - y[i]))"),
        number=f"score {at:g}: " + " and ".join(f"{charged(net, [[at]])[0, 1]:.5f}" for net in score.values()),
        picture="both curves above S; the code is the factor p (1 - p), which cross-entropy is without",
    )
    runs = lab.runs({name: lab.recipe(f"loss={loss}", name="classes") for name, loss in
                     (("cross-entropy", "cross_entropy"), ("squared error", "mse"))}, 15)  # fmt: skip
    right = {name: [100 * run.figure("accuracy") for run in each] for name, each in runs.items()}
    lab.claim("mean", "MSE's number is off the mean by", abs(fits["MSE"] - mean), "<", 1e-9)
    lab.claim("median", "MAE's number is off the median by", abs(fits["MAE"] - middle), "<", 1e-3)
    lab.claim("drawn", "outliers draw MSE's number further than MAE's by", fits["MSE"] - fits["MAE"], ">", 1)
    way = (fits["Huber"] - middle) / (mean - middle)
    lab.claim("between", "Huber's lies between: share of the way from the nearer of both", min(way, 1 - way), ">", 0.03)
    off = {name: [float(np.mean(line - truth)) for line in each] for name, each in lines.items()}
    lab.claim("pulled", "nets: MSE's curve is too high by", off["MSE"], ">", 0.4)
    lab.claim("stays", "nets: MAE's curve is too high by", off["MAE"], "<", 0.15)
    ratio = {z: squared / max(cross, 1) for z, (cross, squared) in steps.items()}
    lab.claim("faster", f"from a score of {at:g}: squared error's steps divided by cross-entropy's", ratio[at], ">", 10)
    lab.claim("classes", "nets that begin sure and wrong: cross-entropy's accuracy less squared error's",
              less(right["cross-entropy"], right["squared error"]), ">", 10, "points")  # fmt: skip
    lab.claim("even", "from a score of 0: squared error's steps divided by cross-entropy's", ratio[0.0], "<", 6)
