"""Why are gradients clipped, and is it the same by norm and by value?

A gradient can be millions of times as long as usual (lesson 17), and one step along it loses the net. Clipping limits
every gradient g to a threshold c:

    by norm:   g <- g min(1, c / |g|)
    by value:  g_i <- min(max(g_i, -c), c)

By norm the gradient keeps its direction and only gets shorter (Pascanu, Mikolov and Bengio 2013). By value every number is
limited by itself, the large ones lose more than the small ones, and the direction turns.
"""

from __future__ import annotations

from math import inf
from statistics import median

import numpy as np

from dllab.lab.clipping import Clipping, clipping
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPE = """\
about: A ReLU RNN with large recurrent weights, under plain SGD that is clipped.
data: {name: adding, length: 20, samples: 2000}
model:
  - rnn: {units: 32, activation: relu, return: last, recurrent_init: {orthogonal: 2.2}}
  - dense: outputs
loss: mse
optimizer: {sgd: 0.1}
train: {epochs: 15, batch: 20, clip_norm: 1.0}
"""
KNOBS = {
    "threshold": "train.clip_norm", "lr": "optimizer.sgd", "length": "data.length", "units": "model[0].rnn.units",
    "gain": "model[0].rnn.recurrent_init.orthogonal", "activation": "model[0].rnn.activation",
}  # fmt: skip
WAYS = {"by norm": (), "by value": ("train.clip_norm=", "train.clip_value=0.1"), "not at all": ("train.clip_norm=",),
        "not at all, rate 0.001": ("train.clip_norm=", "lr=0.001")}  # fmt: skip
PREDICT = Prediction(
    "each of the 1,153 numbers of an RNN's first gradient is limited to between -0.1 and 0.1. By how many degrees does the "
    "gradient turn?", unit="degrees", near=10, least=0, most=90,
    low="Large numbers are cut and small ones stay, so the arrow swings from its few large numbers to the many small ones.",
    high="No number changes its sign, so it cannot turn by 90 degrees; much of the old direction is left.",
    good="About right: large numbers are cut, small ones stay, and none changes its sign.",
)  # fmt: skip
LEFT_OUT = """A smaller rate is no substitute: without clipping most nets diverge at a hundredth of the rate, too, as the
first gradients are millions of times longer than later ones. Where every step is clipped, the threshold times the rate is
the length of a step: two knobs for one thing. And clipping does nothing for gradients that vanish."""
NEXT = (("dllab lesson 30 gain=0.9", "gradients that need no clipping"),
        ("dllab lesson 30 threshold=0.1", "shorter steps: what is learnt?"))  # fmt: skip
BREAKS = (("gain=0.9", "diverges"), ("gain=0.9", "rate"), ("threshold=1000", "rescued"))


def run(lab: Lab) -> None:
    """Gradients before and after clipping, step by step, and nets that train with it and without."""
    recipes = {name: lab.recipe(*changes) for name, changes in WAYS.items()}
    limit = recipes["by norm"].train.clip_norm or inf

    def both(seed: int) -> tuple[Clipping, Clipping]:
        return clipping(recipes["by norm"], seed=seed), clipping(recipes["by value"], seed=seed)

    norm, value = zip(*lab.each(lab.seeds(5), both))
    curves = {"before": norm[0].before, "clipped by norm": norm[0].after, "clipped by value": value[0].after}
    lab.picture(
        Lines("length of the gradient in the first steps of training",
              {name: (range(1, len(each) + 1), each) for name, each in curves.items()}, x="step", y="|g|", log=True),
        f"'before' is that of the net clipped by norm: what is longer than {limit:g} is cut to it, what is shorter stays.",
    )  # fmt: skip
    turned = {"by norm": [one.turned[0] for one in norm], "by value": [one.turned[0] for one in value]}
    lab.picture(
        Bars("degrees by which clipping turns the first gradient", {name: median(each) for name, each in turned.items()},
             you=True), "By norm it turns by no more than rounding does.",
    )  # fmt: skip
    runs = lab.runs(recipes, 9)
    ends = {name: [inf if run.status == "diverged" else run.figure("loss") for run in each] for name, each in runs.items()}
    gone = {name: 100 * float(np.mean(np.isinf(each))) for name, each in ends.items()}
    lab.table("how training ends", ("clipped", "nets that diverge", "test loss, median"),
              [(name, f"{gone[name]:.0f} %", f"{median(ends[name]):.3g}") for name in ends],
              "The loss of a net that diverges is inf; that of always answering 1 is 1/6 = 0.167.")  # fmt: skip
    first = float(norm[0].before[0])
    lab.trace(
        "what the first gradient is multiplied by",
        formula="c / |g|",
        code=("optim/clip_norm.py", "factor = max_norm / norm"),
        number=f"{limit:g} / {first:.3g} = {limit / first:.3g}",
        picture="at step 1, how far 'clipped by norm' is below 'before'",
    )
    lab.predicted(median(turned["by value"]))
    longest, gap = max(one.after.max() for one in norm), max(abs(1 - one.cosine).max() for one in norm)
    lab.claim("bounded", "clipped by norm: length of the longest gradient", longest, "<=", limit * (1 + 1e-12))
    lab.claim("kept", "clipped by norm: the cosine of gradients before and after differs from 1 by", gap, "<", 1e-12)
    lab.claim("turned", "clipped by value: the first gradient turns by", turned["by value"], ">", 45, "degrees")
    lab.claim("diverges", "not clipped: share of nets that diverge", gone["not at all"], ">", 70, "%")
    lab.claim("rescued", "clipped by norm: test loss (0.167 for always answering 1)", ends["by norm"], "<", 0.14)
    lab.claim("rate", "not clipped, at a rate of 0.001: share of nets that diverge", gone["not at all, rate 0.001"], ">",
              50, "%")  # fmt: skip
