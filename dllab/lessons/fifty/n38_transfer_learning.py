"""How can a net learn from ten examples of each class?

It begins with what another net has learnt from many: its first filters see edges and strokes, and those are the same in
other pictures. Only the last layer, which names the classes, is new:

    w = w of the other net,  frozen: w stays;  else: w <- w - lr dL/dw

With fewer weights to find, fewer examples and fewer steps are enough (Yosinski and others 2014). Here a net has learnt the
digits 0 to 4, and learns the digits 5 to 9 from 50 pictures.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.filters import filters
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines
from dllab.recipe import Recipe

RECIPE = """\
about: The digits 5 to 9 from ten pictures of each, on filters that have seen the digits 0 to 4.
data: {name: mnist10k, flatten: false, size: 14, only: [5, 6, 7, 8, 9], per_class: 10, validation: 0.1}
model:
  - conv: {units: 16, padding: same, bias: false, name: edges}
  - batch_norm: {name: edges_norm}
  - relu
  - max_pool: 2
  - conv: {units: 32, padding: same, bias: false, name: strokes}
  - batch_norm: {name: strokes_norm}
  - relu
  - conv: {units: 32, padding: same, bias: false, name: shapes}
  - batch_norm: {name: shapes_norm}
  - relu
  - global_avg_pool
  - dense: {units: classes, name: head}
init_from: {from: transfer-base, layers: ["edges*", "strokes*", "shapes*"]}
freeze: ["edges*", "strokes*"]
optimizer: {adam: 0.01}
schedule: cosine
train: {epochs: 5, batch: 10, evaluate_every: 1}
"""
KNOBS = {"freeze": "freeze", "images": "data.per_class", "epochs": "train.epochs", "lr": "optimizer.lr"}
OPTIONS = {"source": "digits"}
BASE = ("data.only=[0, 1, 2, 3, 4]", "data.per_class=200", "train.epochs=4", "train.batch=32", "optimizer.lr=0.003")
NEW = ("init_from=", "freeze=")
PREDICT = Prediction(
    "after 25 steps on 50 pictures a net from new weights names about half of the digits 5 to 9. How many does a net name, "
    "in percent, whose filters have seen other digits?",
    unit="%", near=6, least=0, most=100,
    low="It has never seen a 5; but it has seen what a 5 is made of, and only has to put that together.",
    high="It begins with good strokes, but its last layers still have to learn five digits from 50 pictures.",
    good="Far more than from new weights: what digits are made of it has seen before.",
)  # fmt: skip
LEFT_OUT = """What is saved is mostly steps: with four times as many the net from new weights catches up, for then its early
layers suit the new digits. And more frozen is not safer: with all filters frozen, so that the last layer alone learns, the
gain is lost, for the last filters have learnt to tell 0 to 4 apart."""
NEXT = (("dllab train transfer --no-save", "the whole of it, with what is taken and frozen"),)
BREAKS = (("source=none", "better"), ("freeze=", "frozen"))


def run(lab: Lab) -> None:
    """Fifty pictures, from weights that have learnt other digits and from new ones."""
    begun, new = lab.recipe(), lab.recipe(*NEW)
    base = lab.nets({"base": lab.recipe(*NEW, *BASE)}, 5, trained=lab.option("source") != "none")["base"]
    head = lab.recipe('freeze=["edges*", "strokes*", "shapes*"]')
    nets = lab.each([(one, recipe, seed) for recipe in (begun, head) for one, seed in zip(base, lab.seeds(5))], train)
    nets, alone = nets[: len(base)], nets[len(base) :]
    runs = lab.runs({"new": new, "long": lab.recipe(*NEW, f"train.epochs={4 * (begun.train.epochs or 1)}")}, 5)
    transfer, only = ([net.ended.figures["test"]["accuracy"] for net in each if net.ended] for each in (nets, alone))
    scratch, long = ([run.figure("accuracy") for run in runs[name]] for name in ("new", "long"))
    ends = {"transfer": [net.history for net in nets], "new weights": [run.curve for run in runs["new"]]}
    curves = {name: np.array([[end.figures["validation"]["accuracy"] for end in curve] for curve in each])
              for name, each in ends.items()}  # fmt: skip
    steps = [end.step for end in nets[0].history]
    lab.picture(
        Lines("accuracy on other pictures of 5 to 9, in percent, median of the nets",
              {name: (steps, 100 * np.median(each, axis=0)) for name, each in curves.items()}, x="step", y="%", you="y"),
        f"Then {np.median(curves['transfer'][:, -1]):.0%} with, {np.median(curves['new weights'][:, -1]):.0%} without: "
        "its strokes are there already, and only what is made of them has to be learnt.",
    )  # fmt: skip
    before, after = (filters(net, "edges").layers[0].weights[:4, :, :, 0] for net in (base[0], nets[0]))
    lab.picture(
        Images("four filters of the first layer after training on 0 to 4, and then on 5 to 9",
               np.concatenate([before, after]), ["0 to 4"] * 4 + ["5 to 9"] * 4, signed=True, own=True, zoom=2),
        f"The greatest difference between them is {np.abs(after - before).max():g}.",
    )  # fmt: skip
    frozen = [moved(one, net, ("edges", "strokes")) for one, net in zip(base, nets)]
    lab.trace(
        "a weight of a frozen filter",
        formula="frozen: w stays;  else: w <- w - lr dL/dw",
        code=("plan/groups.py", "if parameter.frozen:"),
        number=f"{before[0, 1, 1]:.6f} before, {after[0, 1, 1]:.6f} after",
        picture="the middle of the first filter, before and after",
    )
    lab.table("median test accuracy", ("net", "steps", "accuracy"), [
        ("new weights", steps[-1], median(scratch)), ("new weights, for longer", 4 * steps[-1], median(long)),
        ("transfer, two convolutions frozen", steps[-1], median(transfer)),
        ("transfer, all of them frozen", steps[-1], median(only)),
    ])  # fmt: skip
    lab.predicted(100 * float(np.median(curves["transfer"][:, -1])))

    def less(these: list[float], those: list[float]) -> list[float]:
        return [one - other for one, other in zip(these, those)]

    lab.claim("better", "transfer is more accurate than new weights by", less(transfer, scratch), ">", 0.1)
    lab.claim("sooner", "share of the steps in which it gets as far as new weights do in all of them",
              [reached(a, b[-1]) for a, b in zip(curves["transfer"], curves["new weights"])], "<=", 0.8)  # fmt: skip
    lab.claim("frozen", "the greatest change of a frozen weight or statistic", max(frozen), "==", 0)
    lab.claim("learns", "the greatest change of a weight that may learn",
              [moved(one, net, ("shapes",)) for one, net in zip(base, nets)], ">", 0.1)  # fmt: skip
    lab.claim("catches-up", "with four times the steps new weights end behind transfer by", less(transfer, long), "<", 0)
    lab.claim("head", "with all filters frozen transfer is less accurate by", less(transfer, only), ">", 0.1)


def train(item: tuple[Subject, Recipe, int]) -> Subject:
    """A net that begins with the weights of another."""
    base, recipe, seed = item
    return Subject.trained(recipe, seed=seed, source=base.source())


def moved(base: Subject, net: Subject, layers: tuple[str, ...]) -> float:
    """How far the farthest weight or running statistic of some layers is from where it began."""
    before, after = base.source().arrays, net.source().arrays
    return max(float(np.abs(after[name] - before[name]).max()) for name in after if name.startswith(layers))


def reached(accuracy: np.ndarray, goal: float) -> float:
    """After which share of a training its accuracy was first at the goal; 1 where it never was."""
    there = np.flatnonzero(accuracy >= goal)
    return float(there[0] + 1) / len(accuracy) if len(there) else 1.0
