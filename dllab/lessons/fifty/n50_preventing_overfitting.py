"""A net knows its examples by heart and little else: what helps?

It has more weights than examples, so many nets fit them all; a remedy prefers some of these, or widens the data:

    loss + l2 / 2 sum of w^2      or      loss + l1 sum of |w|

keep weights small. Dropout forbids to rely on single units, augmentation shows each picture shifted and turned, batch norm
adds the noise of the batch, a smaller net has less to remember with. Early stopping ends when the validation loss rises:
here after the pictures are known by heart, but before the net is too sure. And more data leave less to guess.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.crowd import Run
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars
from dllab.recipe import Recipe

RECIPE = """\
about: A hundred digits, ten of each, and a net that soon knows them all by heart.
data: {name: mnist10k, size: 14, per_class: 10, validation: 0.02}
model:
  - repeat: {times: 2, layers: [{dense: 100}, relu, identity]}
  - dense: classes
optimizer: {adam: 0.003}
schedule: cosine
train: {epochs: 80, batch: 20}
"""
KNOBS = {"images": "data.per_class", "width": "model[0].repeat.layers[0].dense", "epochs": "train.epochs",
         "lr": "optimizer.lr"}  # fmt: skip
OPTIONS = {"dropout": 0.5, "l1": 0.001, "l2": 0.01}
LAYERS, SHIFTS = "model[0].repeat.layers", "augment=[shift: 1, rotate: 15]"
NORMS = (f"{LAYERS}[1]=batch_norm", f"{LAYERS}[2]=relu")
NOTHING, MIX, DATA, SMALLER = "nothing", "mix", "5 x the data", "smaller net"
SINGLE = ("dropout", "L1", "L2", "augmentation", "early stopping")
PREDICT = Prediction(
    "with nothing against it the net has 100 % of its 100 pictures right and about 77 % of others. How many percent of "
    "others with the best mix found here, from the same 100 pictures?",
    unit="%", near=3, least=0, most=100,
    low="A mix of remedies brings some points: it does not get worse.",
    high="Remedies bring some points; what 100 pictures do not show, none of them can know.",
    good="Some points: what 100 pictures do not show no remedy can know.",
)  # fmt: skip
LEFT_OUT = """In accuracy most single remedies can hardly be told from luck: look at the spread over nets. What they cure
is the loss, that is how sure the net is where it is wrong. Nor do they add up: each changes what the others need (an L2 of
0.1, as in the mix, would ruin the net without batch norm). A smaller net is no remedy here, it is worse: large nets need
not overfit more (Neyshabur and others 2015). And early stopping costs examples of its own, for validation: here 200, twice
those to learn from."""
NEXT = (("dllab lesson 50 images=40 epochs=20", "more pictures: which claims fail?"),
        ("dllab lesson 50 l2=0.1", "too much of a remedy"))  # fmt: skip
BREAKS = (("images=100 epochs=8", "overfits"), ("images=100 epochs=8", "mix-gains"))


def ways(lab: Lab) -> dict[str, Recipe]:
    """The net with nothing, with each remedy, with a mix, and with more data for as many steps."""
    recipe = lab.recipe()
    assert recipe.data is not None
    images, epochs = recipe.data.model_dump()["per_class"], recipe.train.epochs
    changes = {
        NOTHING: (),
        "dropout": (f"{LAYERS}[2]={{dropout: {lab.option('dropout')}}}",),
        "L1": (f"train.l1={lab.option('l1')}",),
        "L2": (f"train.l2={lab.option('l2')}",),
        "augmentation": (SHIFTS,),
        "early stopping": ("train.early_stop={patience: 2}", "train.evaluate_every=2"),
        "batch norm": NORMS,
        SMALLER: ("width=16",),
        MIX: (SHIFTS, "train.l2=0.1", *NORMS),
        DATA: (f"images={5 * images}", *([f"epochs={-(-epochs // 5)}"] if epochs else [])),  # as many steps
    }
    return {name: lab.recipe(*each) for name, each in changes.items()}


def run(lab: Lab) -> None:
    """Ten ways to train one net on a few digits."""
    runs = lab.runs(ways(lab), 5)
    right, train, loss = (
        {name: [scale * run.figure(metric, split) for run in each] for name, each in runs.items()}
        for metric, split, scale in (("accuracy", "test", 100), ("accuracy", "train", 100), ("loss", "test", 1))
    )
    middle = {name: median(each) for name, each in right.items()}
    lab.picture(
        Bars("test accuracy: median, least and greatest of the nets", middle, "%",
             spread={name: (min(each), max(each)) for name, each in right.items()}, you=True),
        f"The lowest is {min(middle, key=middle.__getitem__)}, the highest {max(middle, key=middle.__getitem__)}. mix: "
        "augmentation, L2 of 0.1 and batch norm.",
    )  # fmt: skip
    lab.table("medians over the nets", ("way", "train accuracy, %", "test accuracy, %", "test loss"),
              [(name, median(train[name]), middle[name], median(loss[name])) for name in runs])  # fmt: skip
    size = {name: median(first_weights(run) for run in runs[name]) for name in (NOTHING, "L1", "L2", MIX)}
    lab.picture(
        Bars("root mean square of the first layer's weights, median of the nets", size),
        "A penalty pulls every weight towards 0: only what the data pull the other way stays large.",
    )
    lab.trace(
        "the pull on the weights",
        formula="g = dL/dw + l2 w",
        code=("optim/l2.py", "g[i] += strength * p[i]"),
        number=f"weights of {size['L2']:.3f} with L2 in place of {size[NOTHING]:.3f}",
        picture="the bars of nothing and of L2",
    )
    best = max((name for name in runs if name not in (MIX, DATA)), key=middle.__getitem__)
    worst = max(SINGLE, key=lambda name: median(over(loss[name], loss[NOTHING])))
    lab.predicted(middle[MIX])
    lab.claim("overfits", "nothing: training accuracy less test accuracy", less(train[NOTHING], right[NOTHING]),
              ">", 15, "points")  # fmt: skip
    lab.claim("loss", "dropout, L1, L2, augmentation, early stopping: the worst test loss, divided by that of nothing",
              over(loss[worst], loss[NOTHING]), "<", 1)  # fmt: skip
    lab.claim("mix", "the mix is more accurate than the best single remedy by", less(right[MIX], right[best]),
              ">", -1.5, "points")  # fmt: skip
    lab.claim("mix-loss", "the mix: test loss, divided by that of nothing", over(loss[MIX], loss[NOTHING]), "<", 0.85)
    lab.claim("mix-gains", "the mix is more accurate than nothing by", less(right[MIX], right[NOTHING]), ">", 2, "points")
    lab.claim("data", "five times the data are more accurate than the mix by", less(right[DATA], right[MIX]),
              ">", 0, "points")  # fmt: skip
    lab.claim("smaller", "the smaller net is less accurate than nothing by", less(right[NOTHING], right[SMALLER]),
              ">", 0, "points")  # fmt: skip


def first_weights(run: Run) -> float:
    """The root mean square of the first layer's weights."""
    return float(np.sqrt((next(iter(run.parameters.values())).astype(np.float64) ** 2).mean()))
