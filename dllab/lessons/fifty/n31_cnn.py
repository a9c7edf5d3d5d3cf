"""What can a CNN do that a dense net of as many weights cannot?

It knows a digit in a place where it has never seen one. Convolutions look for small patterns, with the same weights at
every place, and a pool over all places keeps of each pattern only that it is there:

    y_c = max over all places p, q of map_c[p, q]

To a dense net a digit that is shifted by two pixels is another set of inputs, about which it has learned nothing
(Fukushima 1980; LeCun 1989).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.inside import Inside
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines

RECIPE = """\
about: A small CNN for digits, which forgets where it has found something.
data: {name: mnist10k, size: 14, flatten: false, per_class: 100}
model:
  - conv: {units: 16, padding: same}
  - relu
  - max_pool
  - conv: {units: 24, padding: same}
  - relu
  - global_max_pool
  - dense: classes
optimizer: {adam: 0.005}
train: {steps: 400, batch: 20}
"""
KNOBS = {"head": "model[5]", "pool": "model[2]", "units": "model[3].conv.units", "steps": "train.steps"}
DENSE = "model=[flatten, {dense: 20}, relu, {dense: classes}]"
WAYS = {"CNN": (), "dense": (DENSE,), "CNN, flat": ("head=flatten",), "dense, shifted": (DENSE, "augment=[shift: 2]")}
SHIFTS = (0, 1, 2)
PREDICT = Prediction(
    "a dense net has learned digits of 14 x 14 pixels and gets about 87 % of new ones right. How much does it get right "
    "when all are shifted by two pixels?", unit="%", near=8, least=0, most=100,
    low="Guessing gives 10 %, and it does a little better than that.",
    high="To you it is the same digit; to a dense net nearly every input has changed, and each has weights of its own.",
    good="Right: hardly better than guessing, for nearly every input has changed, and each has weights of its own.",
)  # fmt: skip
LEFT_OUT = """Convolutions alone do not do it: where a dense layer takes the place of the last pool and tells places apart,
the CNN loses most of its points, too. Nor is the pool exact: at the edge of the page, and within a step of the pool of 2
below it, a shift changes what comes out. And what is not built in can be learned from shifted examples, at a price: of
unshifted digits the dense net then gets fewer right."""
NEXT = (("dllab lesson 31 head=flatten", "a CNN that keeps places"),
        ("dllab lesson 31 pool=identity", "no pool of 2: what does one pixel cost?"))  # fmt: skip
BREAKS = (("head=flatten", "shifted"),)


def run(lab: Lab) -> None:
    """Four nets, tested on digits where they have learned them and elsewhere."""
    nets = lab.nets({name: lab.recipe(*changes) for name, changes in WAYS.items()}, 5)
    sizes = {name: sum(w.size for w in each[0].network.parameters.values()) for name, each in nets.items()}
    right = {name: np.array(lab.each(each, accuracy)) for name, each in nets.items()}  # (nets, shifts)
    one = nets["CNN"][0]
    digits = one.data.seen(one.rows("test", 2))[..., 0]
    both = np.concatenate([digits, np.roll(digits, 2, axis=2)])
    lab.picture(Images("two test digits, as they are and shifted by two pixels", both),
                "All four nets are asked for both; only one has learned from shifted ones.")  # fmt: skip
    middle = {name: np.median(each, axis=0) for name, each in right.items()}
    lab.picture(
        Lines("test accuracy on shifted digits", {name: (SHIFTS, each) for name, each in middle.items()}, x="pixels", y="%",
              you="y"),
        f"Shifted by two pixels the CNN gets {middle['CNN'][2]:.0f} %, the dense net {middle['dense'][2]:.0f} %.",
    )  # fmt: skip
    lab.table("accuracy in %, medians", ("net", "weights", *(f"{by} px" for by in SHIFTS)),
              [(name, sizes[name], *(f"{value:.1f}" for value in middle[name])) for name in WAYS],
              "Flat: maps go to the dense layer as they are. Shifted: it has learned from shifted digits.")  # fmt: skip
    first, then = (features(one, by) for by in (0, 2))
    lab.trace(
        "one pattern's strongest place",
        formula="y_c = max over p, q of map_c[p, q]",
        code=("ops/global_max_pool.py", "to[c] = of[c] if larger else to[c]"),
        number=f"the first digit's largest: {first.max():.2f}, shifted by two pixels: {then[first.argmax()]:.2f}",
        picture="how little the CNN's curve falls",
    )
    lab.predicted(middle["dense"][2])
    plain, cnn, kept, told = (right[name] for name in ("dense", "CNN", "CNN, flat", "dense, shifted"))
    lab.claim("weights", "weights of the dense net by those of the CNN", sizes["dense"] / sizes["CNN"], ">=", 1)
    lab.claim("same", "not shifted, the CNN is ahead of the dense net by", (cnn - plain)[:, 0].tolist(), ">", -4, "points")
    lab.claim("shifted", "shifted by two pixels, by", (cnn - plain)[:, 2].tolist(), ">", 45, "points")
    lab.claim("dense", "shifted by two pixels, the dense net gets right", plain[:, 2].tolist(), "<", 25, "%")
    lab.claim("places", "two pixels cost the CNN that keeps places", (kept[:, 0] - kept[:, 2]).tolist(), ">", 45, "points")
    lab.claim("not-exact", "one pixel costs the CNN with the pool", (cnn[:, 0] - cnn[:, 1]).tolist(), ">", 2, "points")
    lab.claim(
        "learned", "shifted examples give the dense net, at two pixels", (told - plain)[:, 2].tolist(), ">", 20, "points"
    )
    lab.claim("price", "and take from it where nothing is shifted", (plain - told)[:, 0].tolist(), ">", 10, "points")


def accuracy(net: Subject) -> list[float]:
    """How much of the test is right, in %, when digits are shifted by so many pixels; mean of the four directions."""
    rows = net.rows("test", 800)
    x, y = net.data.seen(rows), net.data.targets(rows)
    ways = [[(by, 0), (-by, 0), (0, by), (0, -by)][: 4 if by else 1] for by in SHIFTS]
    moved = [np.concatenate([np.roll(x, way, axis=(1, 2)) for way in each]) for each in ways]
    return [100 * float((net.network.forward(each).argmax(axis=1).reshape(-1, len(y)) == y).mean()) for each in moved]


def features(net: Subject, by: int) -> NDArray[Any]:
    """What the pool over all places gives of the first test digit, shifted to the right by so many pixels."""
    rows = net.rows("test", 1)
    inside = Inside.training(net.network, np.roll(net.data.seen(rows), by, axis=2), net.data.targets(rows))
    return np.asarray(inside.output(net.network.plan.infos[5].path)[0].copy()).ravel()
