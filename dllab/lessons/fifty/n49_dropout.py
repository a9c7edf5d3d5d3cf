"""Why does a net that is trained with holes in it get better at new examples?

In every training step dropout puts 0 in place of half of a layer's numbers, drawn anew for each row, and makes up for it:

    y = x m / (1 - rate),    m = 0 with probability rate, else 1

So no unit can lean on another one being there (Srivastava and others 2014). An answer is given by all units, without
holes. Every mask leaves another sub-network; all of them share their weights, and the whole net stands for their mean.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, over
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
    "with rate 0.5, how many of 100 units work in a training step is plain: about 50. And how many when the trained net "
    "answers?",
    near=5, least=0, most=100,
    low="Holes are for training only. They are there to make units useful by themselves; then all are used.",
    high="There are only 100: all of them, and no more.",
    good="All of them: holes are for training only.",
)  # fmt: skip
LEFT_OUT = """That the whole net gives the mean of its sub-networks is exact for one dropout in front of the last linear
layer. With a ReLU behind the dropout the mean of what it makes is no longer what it makes of the mean: a rule of thumb, off
by far more than sampling explains. And look at the accuracies: dropout cured the loss, that is how sure the net is of its
errors, far more than their number."""
NEXT = (("dllab lesson 49 images=200", "with twenty times the pictures, what is left?"),
        ("dllab layers dropout", "its formula, options and source"))  # fmt: skip
BREAKS = (("rate=0", "gap"), ("rate=0", "loss"), ("rate=0", "stacked"))
HOLES, EACH = "model[0].repeat.layers[2]", 1600


def run(lab: Lab) -> None:
    """The same net with and without holes; then sub-networks against the whole."""
    recipes = {"dropout": lab.recipe(), "none": lab.recipe(f"{HOLES}=identity")}
    nets = lab.nets(recipes, 7)
    loss, right, train = (
        {name: [net.ended.figures[split][metric] for net in each if net.ended] for name, each in nets.items()}
        for split, metric in (("test", "loss"), ("test", "accuracy"), ("train", "loss"))
    )
    curves = {name: np.array([(end.epoch, end.figures["validation"]["loss"]) for end in each[0].history])
              for name, each in nets.items()}  # fmt: skip
    gap = {name: [test - own for test, own in zip(loss[name], train[name])] for name in nets}
    lab.picture(
        Lines("loss on pictures that no net is trained on, one net of each",
              {name: (curve[:, 0], curve[:, 1]) for name, curve in curves.items()}, y="loss"),
        f"Of all nets the median test loss is {median(loss['dropout']):.2f} with, {median(loss['none']):.2f} without.",
    )  # fmt: skip
    lab.table("medians over the nets", ("net", "train loss", "test loss", "gap", "test accuracy"),
              [(name, *(median(found[name]) for found in (train, loss, gap, right))) for name in nets])  # fmt: skip
    nets |= lab.nets({"one": lab.recipe("model[0].repeat.times=1")}, 5)
    x, y, mask, kept = holes(nets["dropout"][0])
    rate = round(1 - 1 / float(mask.max()), 3)
    lab.picture(
        Grid([Heat(name, part[:6, :5].round(2), numbers=True) for name, part in (("before", x), ("behind", y))], 30),
        f"Five units of six pictures in a training step: some are 0, the others {mask.max():.3g} times as large.",
    )  # fmt: skip
    at = np.unravel_index(int((x * (mask > 0))[:6, :5].argmax()), (6, 5))
    lab.trace(
        "the largest number that is kept",
        formula="y = x m / (1 - rate)",
        code=("ops/dropout.py", "to[i] = factors[i] * of[i]"),
        number=f"{x[:6, :5][at]:.2f} x 1 / (1 - {rate:g}) = {y[:6, :5][at]:.2f}",
        picture=f"row {at[0] + 1}, column {at[1] + 1}, left and right",
    )
    working = {"a training step": 100 * float((mask > 0).mean()), "an answer": 100 * kept}
    lab.picture(Bars("of 100 units, how many work in", working, you=True), "An answer is given by all units.")
    off = {name: lab.each(nets[name][:5], from_mean, "sub-networks") for name in ("one", "dropout")}
    lab.predicted(working["an answer"])
    lab.claim("gap", "dropout: the gap between test and training loss, as a share of the gap without",
              over(gap["dropout"], gap["none"]), "<", 0.9)  # fmt: skip
    lab.claim("loss", "its test loss, as a share of the test loss without",
              over(loss["dropout"], loss["none"]), "<", 0.92)  # fmt: skip
    lab.claim("all", "share of the units that are used in an answer", kept, "==", 1)
    lab.claim("mean", f"dropout before the last layer: logits off the mean of {EACH} sub-networks, in standard errors",
              off["one"], "<", 1.25)  # fmt: skip
    lab.claim("stacked", "the same with two dropouts: off by more than sampling explains", off["dropout"], ">", 3)
    lab.shown("accuracy", "dropout changes the test accuracy by", median(right["dropout"]) - median(right["none"]))


def holes(net: Subject) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Before and behind the last dropout in a training step, its mask, and the share of units that an answer uses."""
    path = next(info.path for info in reversed(net.network.plan.infos) if info.kind == "dropout")
    rows = net.rows("train", 64)
    inside = net.backward(rows)
    x, y = inside.input(path), inside.output(path)
    mask = inside.inner(path, "mask") if "mask" in inside.inner_names(path) else np.ones_like(y)
    answer = net.inference(rows)
    return x, y, mask, float((answer.output(path) == answer.input(path)).mean())


def from_mean(net: Subject) -> float:
    """How far the whole net's logits are from the mean of sub-networks', in standard errors (root mean square)."""
    x = net.data.seen(net.rows("test", 10))
    whole = net.network.forward(x)
    drawn = net.network.forward(np.repeat(x, EACH, axis=0), training=True).reshape(len(x), EACH, -1).astype(np.float64)
    error = np.maximum(drawn.std(axis=1) / np.sqrt(EACH), 1e-6)
    return float(np.sqrt((((drawn.mean(axis=1) - whole) / error) ** 2).mean()))
