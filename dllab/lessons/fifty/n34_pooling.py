"""What does pooling do to a map, and what is it good for?

A window of 2 x 2 numbers moves in steps of 2, and of each window one number is left:

    max: y = the largest        average: y = (x1 + x2 + x3 + x4) / 4

Height and width are halved, so all that follows has a quarter of the places to work on, and a dense layer at the end a
quarter of the weights. The pool keeps what was found and forgets where exactly: a shift by one pixel changes its map less
than it changes a map without a pool (Ranzato 2007).
"""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.inside import Inside
from dllab.lab.subject import Subject
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Heat

RECIPE = """\
about: A small CNN for digits, with a pool.
data: {name: mnist10k, size: 14, flatten: false, per_class: 40}
model:
  - conv: {units: 8, padding: same}
  - relu
  - max_pool: 2
  - conv: {units: 16, padding: same}
  - relu
  - flatten
  - dense: classes
optimizer: {adam: 0.003}
train: {epochs: 6, batch: 20}
"""
KNOBS = {"pool": "model[2]", "size": "model[2].max_pool.size", "units": "model[0].conv.units"}
OTHERS = {"average": ("model[2]=avg_pool",), "no pool": ("model[2]=identity",),
          "stride 2": ("model[2]=identity", "model[0].conv.stride=2")}  # fmt: skip
PREDICT = Prediction(
    "a pool of 2 is put between two convolutions. How many times fewer weights does the dense layer at the end have then?",
    near=0.5, least=0,
    low="Height and width are both halved: a quarter of the places is left, and every place has its weights.",
    high="Half the height times half the width is a quarter. Channels stay as many as they were.",
    good="Right: half the height times half the width.",
)  # fmt: skip
LEFT_OUT = """Pooling makes maps less sensitive to a shift, not insensitive: they still change by about half their size,
and the answer by nearly as much as without a pool, because the dense layer tells places apart. Nor must it be a pool that
halves: a convolution with stride 2 does, too, for fewer multiply-adds, and its way of halving is learned (Springenberg
2015). What that costs in accuracy here is the last number above."""
NEXT = (("dllab lesson 34 pool=avg_pool", "the mean in place of the largest"),
        ("dllab layers max_pool", "its formula, options and source"))  # fmt: skip
BREAKS = (("size=1", "shift"), ("size=1", "weights"), ("pool=identity", "work"))


def run(lab: Lab) -> None:
    """Pools by hand, what a shift by one pixel changes behind them, and what they save."""
    own = summarize(lab.recipe()).layers[2].kind  # max_pool, unless the recipe is changed
    recipes = {own: lab.recipe()} | {name: lab.recipe(*changes) for name, changes in OTHERS.items()}
    pools = [lab.recipe("train.dtype=float64", f"model[2]={pool}") for pool in ("max_pool", "avg_pool")]
    (_, x, largest, *_), (_, _, mean, *_) = (outputs(Subject.untrained(pool, seed=lab.seed)) for pool in pools)
    windows = x.reshape(-1, 7, 2, 7, 2, x.shape[3]).transpose(0, 1, 3, 5, 2, 4).reshape(*largest.shape, 4)
    unit = int(x[0].sum(axis=(0, 1)).argmax())
    lab.picture(
        Grid([Heat("a map, part of it", x[0, 4:10, 4:10, unit].round(1), numbers=True),
              Heat("the largest", largest[0, 2:5, 2:5, unit].round(1), numbers=True),
              Heat("the average", mean[0, 2:5, 2:5, unit].round(2), numbers=True)], 24),
        "Every window of 2 x 2 numbers becomes one.",
    )  # fmt: skip
    nets = lab.nets(recipes, 5)
    behind, said = ({name: [moved(net, at) for net in each] for name, each in nets.items()} for at in (4, -1))
    right = {name: [100 * net.figure("accuracy") for net in each] for name, each in nets.items()}
    weights = {name: each[0].network.parameters["6_dense.w"].size for name, each in nets.items()}
    work = {name: summarize(recipe).multiply_adds for name, recipe in recipes.items()}
    lab.table("medians over the nets", ("pool", "dense weights", "multiply-adds", "map, %", "answer, %", "accuracy, %"),
              [(name, weights[name], work[name], round(median(behind[name])), round(median(said[name])),
                round(median(right[name]), 1)) for name in recipes],
              "Map (of the second convolution), answer: length of the change when the digit is shifted by one pixel, "
              "divided by the length of the output before.")  # fmt: skip
    saved = {"dense weights": weights["no pool"] / weights[own], "multiply-adds": work["no pool"] / work[own]}
    lab.picture(Bars("how many times fewer with the recipe's pool than with none", saved, you=True),
                "And the pool has no weights of its own.")  # fmt: skip
    lab.trace(
        "the average of a window",
        formula="y = (x1 + x2 + x3 + x4) / 4",
        code=("ops/avg_pool.py", "mean[c] *= share"),
        number=f"({' + '.join(f'{one:.2f}' for one in windows[0, 2, 2, unit])}) / 4 = {mean[0, 2, 2, unit]:.2f}",
        picture="top left: four numbers of the map, and the first average",
    )
    wrong = [float(np.abs(gap).max()) for gap in (largest - windows.max(axis=-1), mean - windows.mean(axis=-1))]
    lab.predicted(saved["dense weights"])
    lab.claim("halved", "rows that a pool of 2 leaves of 14", largest.shape[1], "==", 7)
    lab.claim("largest", "max pool: greatest difference from the largest of each window", wrong[0], "==", 0)
    lab.claim("mean", "average pool: greatest difference from the mean of each window", wrong[1], "<", 1e-12)
    lab.claim(
        "weights", "dense weights with no pool divided by those with the recipe's pool", saved["dense weights"], "==", 4
    )
    lab.claim("work", "multiply-adds of the net, no pool divided by the recipe's pool", saved["multiply-adds"], ">", 3)
    share = {name: over(behind[name], behind["no pool"]) for name in (own, "average")}
    lab.claim("shift", "change of the map by a shift, the recipe's pool divided by no pool", share[own], "<", 0.8)
    lab.claim("average", "change of the map by a shift, average pool divided by no pool", share["average"], "<", 0.8)
    lab.claim("answer", "change of the answer by a shift, the recipe's pool divided by no pool",
              over(said[own], said["no pool"]), ">", 0.75)  # fmt: skip
    lab.claim(
        "accuracy",
        "accuracy with no pool less that with the recipe's pool",
        less(right["no pool"], right[own]),
        "<",
        5,
        "points",
    )
    lab.shown(
        "stride", "accuracy with the recipe's pool less that with stride 2", less(right[own], right["stride 2"]), "points"
    )


def outputs(net: Subject, shift: int = 0) -> list[NDArray[Any]]:
    """What every layer gives for test digits that are shifted by so many pixels."""
    rows = net.rows("test", 200)
    inside = Inside.training(net.network, np.roll(net.data.seen(rows), shift, axis=2), net.data.targets(rows))
    return [inside.output(info.path).copy() for info in net.network.plan.infos]


def moved(net: Subject, layer: int) -> float:
    """How far a layer's output moves when digits are shifted by one pixel, in % of its length."""
    first, then = outputs(net)[layer], outputs(net, 1)[layer]
    return 100 * float(np.linalg.norm(then - first) / np.linalg.norm(first))
