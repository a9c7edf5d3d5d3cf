"""A net knows its examples by heart and little else: what helps?

It has more weights than it has examples, so many nets fit them all; a remedy prefers some of these, or widens the data:

    loss + l2 / 2 sum of w^2      or      loss + l1 sum of |w|

keep weights small. Dropout forbids to rely on single units, augmentation shows each picture shifted and turned, early
stopping ends before the details are learnt, batch norm adds the noise of the batch, a smaller net has less to remember
with. And more data leave less to guess. Here is each of them alone, and a mix.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars

RECIPE = """\
about: A hundred digits, ten of each, and a net that soon knows them all by heart.
data: {name: mnist10k, size: 14, per_class: 10, validation: 0.02}
augment: []
model:
  - dense: 100
  - relu
  - identity
  - dense: 100
  - relu
  - identity
  - dense: classes
optimizer: {adam: 0.003}
schedule: cosine
train: {epochs: 80, batch: 20}
"""
KNOBS = {"images": "data.per_class", "width": "model[0].dense", "augment": "augment", "epochs": "train.epochs",
         "l1": "train.l1", "l2": "train.l2", "lr": "optimizer.lr", "layer": "model[2]"}  # fmt: skip
SHIFTS = "augment=[shift: 1, rotate: 15]"
NORMS = ("model[1]=batch_norm", "layer=relu", "model[4]=batch_norm", "model[5]=relu")
WAYS = {
    "nothing": (),
    "dropout": ("layer={dropout: 0.5}", "model[5]={dropout: 0.5}"),
    "L1": ("l1=0.001",),
    "L2": ("l2=0.01",),
    "augmentation": (SHIFTS,),
    "early stopping": ("train.early_stop={patience: 2}", "train.evaluate_every=2"),
    "batch norm": NORMS,
    "smaller net": ("width=16", "model[3].dense=16"),
    "augm, L2, norm": (SHIFTS, "l2=0.1", *NORMS),
    "5 x the data": ("images=50", "epochs=16"),
}
MIX, DATA = "augm, L2, norm", "5 x the data"
SINGLE = ("dropout", "L1", "L2", "augmentation", "early stopping")
PREDICT = Prediction(
    "with nothing against it the net has 100 % of its 100 pictures right and about 77 % of others. How many of others with "
    "the best mix found here, from the same 100 pictures?",
    unit="%", near=3, least=0, most=100,
    low="A mix of remedies brings some points: it does not get worse.",
    high="Remedies bring some points; what 100 pictures do not show, none of them can know.",
    good="Some points: what 100 pictures do not show no remedy can know.",
)  # fmt: skip
LEFT_OUT = """In accuracy most single remedies can hardly be told from luck: look at the spread over nets. What they cure
is the loss, that is how sure the net is where it is wrong. Nor do they add up: each changes what the others need (the L2 of
the mix alone would ruin the net). A smaller net is no remedy here, it is worse: large nets need not overfit more (Neyshabur
and others 2015). And early stopping costs examples of its own, for validation: here 200, twice those to learn from."""
NEXT = (("dllab lesson 50 images=40 epochs=20", "four times the pictures, as many steps"),
        ("dllab viz-augment mnist10k 'augment=[shift: 1, rotate: 15]'", "digits, shifted and turned"))  # fmt: skip
BREAKS = (("images=100 epochs=8", "overfits"), ("images=100 epochs=8", "data"))


def run(lab: Lab) -> None:
    """Ten ways to train one net on a hundred digits."""
    runs = lab.runs({name: lab.recipe(*changes) for name, changes in WAYS.items()}, 5)
    right, loss, train = (
        {name: [run.figure(metric, split) for run in each] for name, each in runs.items()}
        for metric, split in (("accuracy", "test"), ("loss", "test"), ("accuracy", "train"))
    )
    size = {name: float(np.median([weight(run.parameters) for run in each])) for name, each in runs.items()}
    lab.picture(
        Bars("test accuracy in percent: median, least and greatest of the nets",
             {name: 100 * median(each) for name, each in right.items()}, "%",
             spread={name: (100 * min(each), 100 * max(each)) for name, each in right.items()}, you=True),
        f"The lowest is {min(right, key=lambda name: median(right[name]))}, the highest {best(right)}.",
    )  # fmt: skip
    lab.table("medians over the nets", ("way", "train accuracy", "test accuracy", "test loss"),
              [(name, median(train[name]), median(right[name]), median(loss[name])) for name in WAYS])  # fmt: skip
    lab.picture(
        Bars("root mean square of the first layer's weights", {name: size[name] for name in ("nothing", "L1", "L2", MIX)}),
        "A penalty pulls every weight towards 0, so only those stay large that the data need.",
    )
    lab.trace(
        "the pull on the weights",
        formula="g = dL/dw + l2 w",
        code=("optim/l2.py", "g[i] += strength * p[i]"),
        number=f"weights of {size['L2']:.3f} with L2 in place of {size['nothing']:.3f}",
        picture="the bars of nothing and of L2",
    )
    others = [name for name in WAYS if name not in (MIX, DATA)]
    lab.predicted(100 * median(right[MIX]))
    lab.claim(
        "overfits", "nothing: training accuracy less test accuracy", less(train["nothing"], right["nothing"]), ">", 0.15
    )
    lab.claim("loss", "the worst of dropout, L1, L2, augmentation, early stopping: test loss beside that of nothing",
              max((over(loss[name], loss["nothing"]) for name in SINGLE), key=median), "<", 1)  # fmt: skip
    lab.claim("mix", "the mix is less accurate than the best single remedy by",
              less(max((right[name] for name in others), key=median), right[MIX]), "<", 0.005)  # fmt: skip
    lab.claim("mix-loss", "the mix: test loss beside that of nothing", over(loss[MIX], loss["nothing"]), "<", 0.85)
    lab.claim("mix-gains", "the mix is more accurate than nothing by", less(right[MIX], right["nothing"]), ">", 0.02)
    lab.claim("data", "five times the data are more accurate than the mix by", less(right[DATA], right[MIX]), ">", 0)
    lab.claim("smaller", "the smaller net is less accurate than nothing by",
              less(right["nothing"], right["smaller net"]), ">", 0)  # fmt: skip


def weight(parameters: dict[str, np.ndarray]) -> float:
    """The root mean square of the first layer's weights."""
    return float(np.sqrt((next(iter(parameters.values())).astype(np.float64) ** 2).mean()))


def best(right: dict[str, list[float]]) -> str:
    """The way with the highest median."""
    return max(right, key=lambda name: median(right[name]))
