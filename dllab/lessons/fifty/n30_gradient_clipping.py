"""Why are gradients clipped, and is it the same by norm and by value?

A gradient that explodes throws the weights so far in one step that the net is lost. Clipping bounds the step:

    by norm:   g <- g min(1, c / |g|)
    by value:  g_i <- min(max(g_i, -c), c)

By norm the gradient keeps its direction and only gets shorter (Pascanu, Mikolov and Bengio 2013). By value every number is
cut on its own, and the direction turns. Recurrent nets need it most: the same weights multiply the gradient at each step.
"""

from __future__ import annotations

from functools import partial
from math import inf
from statistics import mean, median

import numpy as np

from dllab.engine.network import build
from dllab.engine.prepare import data_of
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines
from dllab.recipe import Recipe

RECIPE = """\
about: A ReLU RNN whose gradient explodes, under plain SGD that is clipped.
data: {name: adding, length: 25, samples: 2000}
model:
  - rnn: {units: 32, activation: relu, return: last, recurrent_init: {orthogonal: 1.7}}
  - dense: outputs
loss: mse
optimizer: {sgd: 0.1}
train: {epochs: 15, batch: 20, clip_norm: 1.0}
"""
KNOBS = {
    "threshold": "train.clip_norm", "lr": "optimizer.sgd", "length": "data.length", "units": "model[0].rnn.units",
    "gain": "model[0].rnn.recurrent_init.orthogonal", "activation": "model[0].rnn.activation",
}  # fmt: skip
WAYS = {"by norm": (), "by value": ("train.clip_norm=", "train.clip_value=0.1"), "not at all": ("train.clip_norm=",)}
PREDICT = Prediction(
    "each of the 1,153 numbers of an RNN's first gradient is cut at 0.1. By how many degrees does the gradient turn?",
    unit="degrees", near=10, least=0, most=90,
    low="Large numbers are cut and small ones stay, so the long arrow swings from its few large numbers to the many small.",
    high="No number changes its sign, so it never turns by 90 degrees; part of the way was left.",
    good="About right: large numbers are cut, small ones stay, and none changes its sign.",
)  # fmt: skip
LEFT_OUT = """A smaller rate is no substitute: with a thousandth of it nets without clipping are lost all the same, for
the first gradients are far longer than all that follow. But where every step is clipped, the threshold times the rate is
the length of a step: two knobs for one thing. And clipping does nothing for gradients that vanish."""
NEXT = (("dllab lesson 30 gain=0.9", "a gradient that does not explode"),
        ("dllab train adding-rnn train.clip_norm=0.1", "the same for tanh units"))  # fmt: skip
BREAKS = (("gain=0.9", "diverges"), ("threshold=1000", "rescued"))


def run(lab: Lab) -> None:
    """Gradients before and after clipping, step by step, and nets that train with it and without."""
    recipes = {name: lab.recipe(*changes) for name, changes in WAYS.items()}
    limit = recipes["by norm"].train.clip_norm or 0.0
    norm, value = (np.array(lab.each(lab.seeds(5), partial(follow, recipes[name]))) for name in ("by norm", "by value"))
    curves = {"before": norm[0, :, 0], "clipped by norm": norm[0, :, 1], "clipped by value": value[0, :, 1]}
    lab.picture(
        Lines("length of the gradient in the first steps of training",
              {name: (range(1, len(each) + 1), each) for name, each in curves.items()}, x="step", y="|g|", log=True),
        f"By norm it is never longer than {limit:g}; one that is shorter stays as it is.",
    )  # fmt: skip
    turned = {"by norm": norm[:, 0, 2].tolist(), "by value": value[:, 0, 2].tolist()}
    lab.picture(
        Bars("degrees by which clipping turns the first gradient", {name: median(each) for name, each in turned.items()},
             you=True), "By norm it turns by no more than rounding does.",
    )  # fmt: skip
    runs = lab.runs({**recipes, "rate 0.0001": lab.recipe("train.clip_norm=", "lr=0.0001")}, 9)
    ends = {name: [inf if run.status == "diverged" else run.figure("loss") for run in each] for name, each in runs.items()}
    gone, lost = ({name: mean(not loss < most for loss in each) for name, each in ends.items()} for most in (inf, 1 / 6))
    lab.table("how training ends", ("clipped", "diverged", "lost", "median loss"),
              [(name, f"{gone[name]:.0%}", f"{lost[name]:.0%}", f"{median(ends[name]):.3g}") for name in ends],
              "Lost: it diverges, or ends no better than who always says 1, which has loss 1/6.")  # fmt: skip
    lab.trace(
        "what the first gradient is multiplied by",
        formula="c / |g|",
        code=("optim/clip_norm.py", "factor = max_norm / norm"),
        number=f"{limit:g} / {norm[0, 0, 0]:.3g} = {limit / norm[0, 0, 0]:.3g}",
        picture="at step 1, how far the curve b is below a",
    )
    lab.predicted(median(turned["by value"]))
    lab.claim(
        "bounded", "clipped by norm: the longest of all gradients has", norm[:, :, 1].max(), "<=", limit * (1 + 1e-12)
    )
    lab.claim("kept", "and its cosine with the gradient before is off 1 by", norm[:, :, 3].max(), "<", 1e-12)
    lab.claim("turned", "clipped by value: the first gradient turns by", turned["by value"], ">", 40, "degrees")
    lab.claim("diverges", "not clipped: share of nets that diverge", gone["not at all"], ">", 0.7)
    lab.claim("rescued", "clipped by norm: test loss, that of always 1 being 0.167", ends["by norm"], "<", 0.14)
    lab.claim("rate", "not clipped, at a rate of 0.0001: share that is lost", lost["rate 0.0001"], ">", 0.6)


def follow(recipe: Recipe, seed: int) -> list[list[float]]:
    """Of each of the first 50 steps: the gradient's length before and after, by how much it turns, 1 - its cosine."""
    net, data = build(recipe, seed=seed, dtype="float64"), data_of(recipe)
    found: list[list[float]] = []
    for step in range(50):
        rows = data.splits.train[step * 20 : step * 20 + 20]
        x, y, w = data.seen(rows), data.targets(rows), {name: values.copy() for name, values in net.parameters.items()}
        before = np.concatenate([g.ravel() for g in net.loss_and_gradients(x, y)[1].values()])
        net.step(x, y)
        after = np.concatenate([(w[name] - net.parameters[name]).ravel() for name in w]) / net.learning_rate
        lengths = float(np.linalg.norm(before)), float(np.linalg.norm(after))
        cosine = float(before @ after) / (lengths[0] * lengths[1])
        found.append([*lengths, float(np.degrees(np.arccos(min(cosine, 1.0)))), abs(1 - cosine)])
    return found
