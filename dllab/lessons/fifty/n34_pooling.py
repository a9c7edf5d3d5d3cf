"""What does pooling do to a map, and what is it good for?

A window of 2 x 2 numbers moves in steps of 2, and of each window one number is left:

    max: y = the largest        average: y = (x1 + x2 + x3 + x4) / 4

Height and width are halved, so all that follows has a quarter of the places to work on, and a dense layer at the end a
quarter of the weights. What was found stays, where exactly is forgotten: a shift by a pixel changes less (Ranzato 2007).
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
WAYS = {"max": (), "average": ("model[2]=avg_pool",), "no pool": ("model[2]=identity",),
        "stride 2": ("model[2]=identity", "model[0].conv.stride=2")}  # fmt: skip
PREDICT = Prediction(
    "a pool of 2 is put between two convolutions; how many times fewer weights has the dense layer at the end?", near=0.5,
    low="Height and width are both halved: a quarter of the places is left, and every place has its weights.",
    high="Half the height times half the width is a quarter. Channels stay as many as they were.",
    good="Right: half the height times half the width.",
)  # fmt: skip
LEFT_OUT = """Pooling makes maps less sensitive to a shift, not insensitive: they still change by about half their size,
and the answer by nearly as much as without a pool, because the dense layer tells places apart. Nor must it be a pool that
halves: a convolution with stride 2 does, too, cheaper still, and learns how (Springenberg 2015)."""
NEXT = (("dllab lesson 34 pool=avg_pool", "the mean in place of the largest"),
        ("dllab layers max_pool", "its formula, options and source"))  # fmt: skip
BREAKS = (("size=1", "shift"), ("size=1", "weights"), ("pool=identity", "work"))


def run(lab: Lab) -> None:
    """Pools by hand, what a shift by one pixel changes behind them, and what they save."""
    recipes = {name: lab.recipe(*changes) for name, changes in WAYS.items()}
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
    ended = {name: [net.ended for net in each if net.ended] for name, each in nets.items()}
    right = {name: [end.figures["test"]["accuracy"] for end in each] for name, each in ended.items()}
    weights = {name: each[0].network.parameters["6_dense.w"].size for name, each in nets.items()}
    work = {name: summarize(recipe).multiply_adds for name, recipe in recipes.items()}
    lab.table("medians over the nets", ("pool", "dense weights", "multiply-adds", "map", "answer", "accuracy"),
              [(name, weights[name], work[name], f"{median(behind[name]):.0%}", f"{median(said[name]):.0%}",
                f"{median(right[name]):.1%}") for name in WAYS],
              "Map, answer: the share of it that changes when the digit is shifted by one pixel.")  # fmt: skip
    saved = {"dense weights": weights["no pool"] / weights["max"], "multiply-adds": work["no pool"] / work["max"]}
    lab.picture(Bars("how many times less there is of it with a max pool", saved, you=True), "And the pool has no weights.")
    lab.trace(
        "the average of a window",
        formula="y = (x1 + x2 + x3 + x4) / 4",
        code=("ops/avg_pool.py", "mean[c] *= share"),
        number=f"({' + '.join(f'{one:.2f}' for one in windows[0, 2, 2, unit])}) / 4 = {mean[0, 2, 2, unit]:.2f}",
        picture="top left: four numbers of the map, and the first average",
    )
    wrong = [float(np.abs(gap).max()) for gap in (largest - windows.max(axis=-1), mean - windows.mean(axis=-1))]
    lab.predicted(saved["dense weights"])
    lab.claim("halved", "a pool of 2 leaves of 14 rows", largest.shape[1], "==", 7)
    lab.claim("largest", "max pool: off the largest of a window by", wrong[0], "==", 0)
    lab.claim("mean", "average pool: off the mean of a window by", wrong[1], "<", 1e-12)
    lab.claim("weights", "times fewer weights in the dense layer", saved["dense weights"], "==", 4)
    lab.claim("work", "times fewer multiply-adds in the whole net", saved["multiply-adds"], ">", 3)
    share = {name: over(behind[name], behind["no pool"]) for name in ("max", "average")}
    lab.claim("shift", "a shift changes the map, as a share of its change without a pool", share["max"], "<", 0.8)
    lab.claim("average", "the same with average pool", share["average"], "<", 0.8)
    of_answer = over(said["max"], said["no pool"])
    lab.claim("answer", "a shift changes the answer, as a share of that without a pool", of_answer, ">", 0.75)
    lab.claim("accuracy", "the max pool costs an accuracy of", less(right["no pool"], right["max"]), "<", 0.05)


def outputs(net: Subject, shift: int = 0) -> list[NDArray[Any]]:
    """What every layer gives for test digits that are shifted by so many pixels."""
    rows = net.rows("test", 200)
    inside = Inside.training(net.network, np.roll(net.data.seen(rows), shift, axis=2), net.data.targets(rows))
    return [inside.output(info.path).copy() for info in net.network.plan.infos]


def moved(net: Subject, layer: int) -> float:
    """The share of a layer's output that changes when digits are shifted by one pixel."""
    first, then = outputs(net)[layer], outputs(net, 1)[layer]
    return float(np.linalg.norm(then - first) / np.linalg.norm(first))
