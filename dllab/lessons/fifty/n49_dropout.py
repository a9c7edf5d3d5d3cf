"""Why is a net that was trained with holes in it less sure of its errors?

In every training step dropout puts 0 in place of half of a layer's numbers, drawn anew for each row, and makes up for it:

    y = x m / (1 - rate),    m = 0 with probability rate, else 1

So no unit can lean on another one being there (Srivastava and others 2014), and a net that knows its few examples by heart
becomes less sure of itself: on new examples its loss is lower, even where as many of its answers are wrong. Every mask
leaves another sub-network; all of them share their weights, and the whole net stands for their mean.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.sub_networks import from_mean, holes
from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Heat, Lines

RECIPE = """\
about: Ten pictures of each kind of clothes, and a net large enough to know them all by heart.
data: {name: fashion6k, size: 14, per_class: 10, validation: 0.1}
model:
  - repeat: {times: 2, layers: [{dense: 200}, relu, {dropout: 0.5}]}
  - dense: classes
optimizer: {adam: 0.001}
train: {epochs: 80, batch: 20, evaluate_every: 8}
"""
KNOBS = {
    "rate": "model[0].repeat.layers[2].dropout",
    "width": "model[0].repeat.layers[0].dense",
    "layers": "model[0].repeat.times",
    "images": "data.per_class",
    "epochs": "train.epochs",
    "lr": "optimizer.lr",
}
PREDICT = Prediction(
    "with rate 0.5 about 50 of 100 units work in a training step. How many of 100 work when the trained net answers?",
    near=5, least=0, most=100,
    low="Holes are for training only. They are there to make units useful by themselves; then all are used.",
    high="There are only 100: all of them, and no more.",
    good="All of them: holes are for training only.",
)  # fmt: skip
LEFT_OUT = """That the whole net gives the mean of its sub-networks is exact for one dropout just before the last linear
layer. Where a ReLU comes after the dropout, the mean of its outputs is not its output for the mean, and the rule holds only
roughly: the net is off by far more than sampling explains. And look at the accuracies: dropout cured the loss, that is how
sure the net is of its errors, far more than their number."""
NEXT = (("dllab lesson 49 images=200", "with twenty times the pictures, what is left?"),
        ("dllab layers dropout", "its formula, options and source"))  # fmt: skip
BREAKS = (("rate=0", "gap"), ("rate=0", "loss"), ("rate=0", "stacked"))
DROPOUT, NONE, SUBNETWORKS = "dropout", "no dropout", 1600


def run(lab: Lab) -> None:
    """The same net with and without holes; then sub-networks against the whole."""
    nets = lab.nets({DROPOUT: lab.recipe(), NONE: lab.recipe("model[0].repeat.layers[2]=identity")}, 7)
    loss, right, train = (
        {name: [net.figure(metric, split) for net in each] for name, each in nets.items()}
        for split, metric in (("test", "loss"), ("test", "accuracy"), ("train", "loss"))
    )
    right = {name: [100 * one for one in each] for name, each in right.items()}
    gap = {name: less(loss[name], train[name]) for name in nets}
    curves = {name: np.array([(end.epoch, end.figures["validation"]["loss"]) for end in each[0].history])
              for name, each in nets.items()}  # fmt: skip
    lab.picture(
        Lines("loss on the validation pictures, which no net is trained on; one net of each",
              {name: (curve[:, 0], curve[:, 1]) for name, curve in curves.items()}, y="loss"),
        f"On the test pictures the median loss of all nets is {median(loss[DROPOUT]):.2f} with dropout, "
        f"{median(loss[NONE]):.2f} without.",
    )  # fmt: skip
    lab.table("medians over the nets", ("net", "train loss", "test loss", "gap", "test accuracy, %"),
              [(name, *(median(found[name]) for found in (train, loss, gap, right))) for name in nets])  # fmt: skip
    step = holes(nets[DROPOUT][0])
    corner = np.s_[:6, :5]
    lab.picture(
        Grid([Heat(name, part[corner].round(2), numbers=True) for name, part in
              (("before dropout", step.before), ("after dropout", step.after))], 30),
        f"Five units of six pictures in a training step. Of all units {100 * (step.mask == 0).mean():.0f} % are 0 after "
        f"it, the others {step.mask.max():.3g} times as large.",
    )  # fmt: skip
    at = np.unravel_index(int((step.before * (step.mask > 0))[corner].argmax()), (6, 5))
    x = round(float(step.before[at]), 3)
    lab.trace(
        "the largest number that is kept",
        formula="y = x m / (1 - rate)",
        code=("ops/dropout.py", "to[i] = factors[i] * of[i]"),
        number=f"{x:g} x 1 / (1 - {step.rate:g}) = {x / (1 - step.rate):.4g}",
        picture=f"row {at[0] + 1}, column {at[1] + 1}, left and right",
    )
    working = {"a training step": 100 * float((step.mask > 0).mean()), "an answer": 100 * step.used}
    lab.picture(Bars("of 100 units, how many work in", working, you=True), "The holes are for training only.")
    one = lab.nets({"one": lab.recipe("model[0].repeat.times=1")}, 5)["one"]
    off = [lab.each(each, lambda net: from_mean(net, SUBNETWORKS), "sub-networks") for each in (one, nets[DROPOUT][:5])]
    lab.predicted(working["an answer"])
    lab.claim("gap", "gap between test and training loss, divided by the gap without dropout",
              over(gap[DROPOUT], gap[NONE]), "<", 0.9)  # fmt: skip
    lab.claim("loss", "test loss, divided by the test loss without dropout", over(loss[DROPOUT], loss[NONE]), "<", 0.92)
    lab.shown("accuracy", "test accuracy, less that without dropout", less(right[DROPOUT], right[NONE]), "points")
    lab.claim("all", "units that are used in an answer", working["an answer"], "==", 100, "%")
    lab.claim("mean", f"one dropout, before the last layer: outputs off the mean of {SUBNETWORKS:,} sub-networks, in "
              "standard errors (1: by chance alone)", off[0], "<", 1.25)  # fmt: skip
    lab.claim("stacked", "a dropout after every hidden layer: the same, in standard errors", off[1], ">", 3)
