"""How can a net learn new classes from two examples of each?

It begins with the weights of a net that has learnt other classes from many examples: filters that see edges and strokes
serve other pictures, too. Here the first net has learnt the digits 0 to 4, and the second one is to learn 5 to 9 from ten
pictures. Its first two convolutions stay as they are (frozen), the third goes on learning, the last layer is new:

    w = w of the first net;  frozen: w stays;  else: w <- w - lr dL/dw

It takes fewer steps than a net from new weights, and with so few pictures it is more accurate in the end, too (Yosinski
and others 2014): frozen filters cannot be fitted to what ten pictures happen to look like.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.filters import filters
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines
from dllab.recipe import Recipe

RECIPE = """\
about: The digits 5 to 9 from two pictures of each, on filters that have seen the digits 0 to 4.
data: {name: mnist10k, flatten: false, size: 14, only: [5, 6, 7, 8, 9], per_class: 2, validation: 0.1, test: 0.05}
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
train: {steps: 40, batch: 10, evaluate_every: 5}
"""
KNOBS = {"freeze": "freeze", "images": "data.per_class", "steps": "train.steps", "lr": "optimizer.lr"}
OPTIONS = {"source": "digits"}
BASE = ("init_from=", "freeze=", "data.only=[0, 1, 2, 3, 4]", "data.per_class=400", "lr=0.003",
        "train={epochs: 4, batch: 32, evaluate_every: 4}")  # fmt: skip
NEW = ("init_from=", "freeze=")
ONCE, TEN = "train.evaluate_every=40", ("images=10", "steps=100")
WAYS = {"transfer": (), "new weights": NEW,
        "transfer, all filters frozen": ('freeze=["edges*", "strokes*", "shapes*"]', "lr=0.03", ONCE),
        "transfer, ten of each": (*TEN, ONCE), "new weights, ten of each": (*NEW, *TEN, ONCE)}  # fmt: skip
PREDICT = Prediction(
    "after 40 steps on ten pictures a net from new weights gets about 55 % of other digits 5 to 9 right. How much does a "
    "net get right whose filters have seen the digits 0 to 4?",
    unit="%", near=6, least=0, most=100,
    low="It has never seen a 5; but its filters know strokes, and ten pictures show how strokes make a 5.",
    high="Its filters are good, but what makes a 5 it still has to learn from two pictures.",
    good="Right: it knows strokes; how they make the new digits it still has to learn from two pictures of each.",
)  # fmt: skip
LEFT_OUT = """The gain is large only where examples are few: with ten pictures of each class and 100 steps new weights are
at least as good, and transfer saves only steps. Nor is more frozen better: with all filters frozen, so that a new last
layer alone learns, at three times the rate, the net is less accurate: its last filters were made to tell 0 to 4 apart."""
NEXT = (("dllab lesson 38 freeze=", "nothing is frozen: how much of the gain is left?"),
        ("dllab train transfer --no-save", "a run that tells what is taken and what is frozen"))  # fmt: skip
BREAKS = (("source=none", "better"), ("freeze=", "frozen"))


def run(lab: Lab) -> None:
    """Ten pictures of new digits, from weights that have learnt other digits and from new ones."""
    bases = lab.nets({"": lab.recipe(*BASE)}, 3, trained=lab.option("source") != "none")[""]
    seeds = lab.seeds(7)  # each net gets other pictures
    base = [bases[place % len(bases)] for place in range(len(seeds))]
    work = [(one, lab.recipe(*change, f"data.seed={seed}"), seed)
            for change in WAYS.values() for one, seed in zip(base, seeds)]  # fmt: skip
    made, count = lab.each(work, train), len(seeds)
    nets = {name: made[place * count : (place + 1) * count] for place, name in enumerate(WAYS)}
    curves = {name: 100 * np.array([accuracies(net) for net in each]) for name, each in nets.items()}
    right = {name: each[:, -1].tolist() for name, each in curves.items()}
    steps, pair = [end.step for end in made[0].history], list(WAYS)[:2]
    lab.picture(
        Lines("accuracy on other pictures of 5 to 9, median of the nets",
              {name: (steps, np.median(curves[name], axis=0)) for name in pair}, x="step", y="%", you="y",
              you_at=steps[-1]),
        f"At the end {median(right['transfer']):.0f} % with the first net's weights, {median(right['new weights']):.0f} % "
        "with new ones.",
    )  # fmt: skip
    before, after = (filters(net, "edges").layers[0].weights[:4, :, :, 0] for net in (base[0], made[0]))
    lab.picture(
        Images("four filters of the first layer after training on 0 to 4, and then on 5 to 9",
               np.concatenate([before, after]), ["0 to 4"] * 4 + ["5 to 9"] * 4, signed=True, own=True, zoom=2),
        f"The greatest difference between them is {np.abs(after - before).max():g}.",
    )  # fmt: skip
    lab.trace(
        "a weight of a frozen filter",
        formula="frozen: w stays;  else: w <- w - lr dL/dw",
        code=("plan/groups.py", "if parameter.frozen:"),
        number=f"{before[0, 1, 1]:.6f} before, {after[0, 1, 1]:.6f} after",
        picture="the middle of the first filter, before and after",
    )
    lab.table("medians of the nets", ("net", "learns from", "steps", "accuracy in %"),
              [(name, f"{len(each[0].rows('train'))} pictures", each[0].steps, round(median(right[name]), 1))
               for name, each in nets.items()])  # fmt: skip
    lab.predicted(median(right["transfer"]))
    half, gain = len(steps) // 2 - 1, "accuracy of transfer less that of new weights"
    ahead = curves["transfer"] - curves["new weights"]  # (nets, evaluations)
    lab.claim("early", f"after {steps[half]} steps: {gain}", ahead[:, half].tolist(), ">", 5, "points")
    lab.claim("better", f"after all {steps[-1]} steps: {gain}", ahead[:, -1].tolist(), ">", 2, "points")
    lab.claim("frozen", "the greatest change of a frozen weight or statistic",
              max(moved(one, net, ("edges", "strokes")) for one, net in zip(base, made)), "==", 0)  # fmt: skip
    lab.claim("learns", "the greatest change of a weight that may learn",
              [moved(one, net, ("shapes",)) for one, net in zip(base, made)], ">", 0.1)  # fmt: skip
    lab.claim("head", "accuracy of transfer less that with all filters frozen",
              less(right["transfer"], right["transfer, all filters frozen"]), ">", 0, "points")  # fmt: skip
    lab.claim("many", f"ten pictures of each, 100 steps: {gain}",
              less(right["transfer, ten of each"], right["new weights, ten of each"]), "<", 3, "points")  # fmt: skip


def train(item: tuple[Subject, Recipe, int]) -> Subject:
    """A net that begins with the weights of another, or from new ones where its recipe says so."""
    base, recipe, seed = item
    return Subject.trained(recipe, seed=seed, source=base.source() if recipe.init_from is not None else None)


def accuracies(net: Subject) -> list[float]:
    """How much of the validation pictures a net got right at each evaluation."""
    return [float(end.figures["validation"]["accuracy"]) for end in net.history]


def moved(base: Subject, net: Subject, layers: tuple[str, ...]) -> float:
    """How far the farthest weight or running statistic of some layers is from where it began."""
    before, after = base.source().arrays, net.source().arrays
    return max(float(np.abs(after[name] - before[name]).max()) for name in after if name.startswith(layers))
