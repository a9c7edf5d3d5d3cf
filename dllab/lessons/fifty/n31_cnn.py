"""What can a CNN do that a dense net of as many weights cannot?

It knows a digit in a place where it has never seen one. Convolutions look for small patterns, with the same weights at
every place, and a pool over all places keeps how strongly each pattern c is found, but not where:

    y_c = max over all places p, q of map_c[p, q]

To a dense net a digit that is shifted by two pixels is another set of inputs, about which it has learned nothing
(Fukushima 1980; LeCun 1989).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.inside import Inside
from dllab.lab.shifted import accuracy_shifted
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines

RECIPE = """\
about: A small CNN for digits that keeps what it has found and forgets where.
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
KNOBS = {"head": "model[5]", "pool": "model[2]", "units": "model[3].conv.units", "steps": "train.steps",
         "bias1": "model[0].conv.bias", "bias2": "model[3].conv.bias"}  # fmt: skip
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
the CNN loses most of its points, too. And a pixel costs even the CNN some points: a shift by one changes which places share
a window of the 2 x 2 pool, and at the edge the zeros of the padding are not like empty paper, which biases have made other
than 0. Without that pool and those biases it costs next to nothing (the last command below). A dense net can learn shifts
from shifted examples, but needs longer: after equally many steps it gets fewer of the unshifted digits right."""
NEXT = (("dllab lesson 31 head=flatten", "a CNN that keeps places"),
        ("dllab lesson 31 pool=identity bias1=false bias2=false --full", "what does one pixel cost now?"))  # fmt: skip
BREAKS = (("head=flatten", "shifted"), ("pool=identity bias1=false bias2=false", "not-exact"))


def run(lab: Lab) -> None:
    """Four nets, tested on digits where they have learned them and elsewhere."""
    nets = lab.nets({name: lab.recipe(*changes) for name, changes in WAYS.items()}, 5)
    sizes = {name: sum(w.size for w in each[0].network.parameters.values()) for name, each in nets.items()}
    right = {name: np.array(lab.each(each, lambda net: accuracy_shifted(net, SHIFTS))) for name, each in nets.items()}
    one = nets["CNN"][0]
    digits = one.data.seen(one.rows("test", 2))[..., 0]
    both = np.concatenate([digits, np.roll(digits, 2, axis=2)])
    lab.picture(Images("two test digits, as they are and shifted by two pixels", both),
                "All four nets are tested on both; only 'dense, shifted' has learned from shifted digits.")  # fmt: skip
    middle = {name: np.median(each, axis=0) for name, each in right.items()}
    lab.picture(
        Lines("test accuracy on shifted digits", {name: (SHIFTS, each) for name, each in middle.items()}, x="pixels", y="%",
              you="y", you_at=SHIFTS[-1]),
        f"Shifted by two pixels the CNN gets {middle['CNN'][2]:.0f} %, the dense net {middle['dense'][2]:.0f} %.",
    )  # fmt: skip
    lab.table("accuracy in %, medians", ("net", "parameters", *(f"{by} px" for by in SHIFTS)),
              [(name, sizes[name], *(f"{value:.1f}" for value in middle[name])) for name in WAYS],
              "CNN, flat: maps go to the dense layer as they are. Dense, shifted: learned from shifted ones.")  # fmt: skip
    first, then = (features(one, by) for by in (0, 2))
    lab.trace(
        "how strongly one pattern is found",
        formula="y_c = max over p, q of map_c[p, q]",
        code=("ops/global_max_pool.py", "to[c] = of[c] if larger else to[c]"),
        number=f"in the first digit {first.max():.2f}, shifted by two pixels {then[first.argmax()]:.2f}",
        picture="how little the curve of the CNN falls",
    )
    lab.predicted(middle["dense"][2])
    still, one_off, two_off = ({name: each[:, by].tolist() for name, each in right.items()} for by in range(len(SHIFTS)))
    lab.claim("weights", "parameters of the dense net divided by those of the CNN", sizes["dense"] / sizes["CNN"], ">=", 1)
    lab.claim("same", "not shifted: the CNN is ahead of the dense net by", less(still["CNN"], still["dense"]), ">", -4,
              "points")  # fmt: skip
    lab.claim("shifted", "shifted by two pixels: the CNN is ahead of the dense net by",
              less(two_off["CNN"], two_off["dense"]), ">", 45, "points")  # fmt: skip
    lab.claim("dense", "shifted by two pixels: the dense net gets right", two_off["dense"], "<", 25, "%")
    lab.claim("places", "two pixels cost the CNN whose maps go to the dense layer as they are",
              less(still["CNN, flat"], two_off["CNN, flat"]), ">", 45, "points")  # fmt: skip
    lab.claim("not-exact", "one pixel costs the CNN", less(still["CNN"], one_off["CNN"]), ">", 1.5, "points")
    lab.claim("learned", "shifted by two pixels: learning from shifted digits gives the dense net",
              less(two_off["dense, shifted"], two_off["dense"]), ">", 20, "points")  # fmt: skip
    lab.claim("price", "not shifted: learning from shifted digits, in equal steps, costs the dense net",
              less(still["dense"], still["dense, shifted"]), ">", 10, "points")  # fmt: skip


def features(net: Subject, by: int) -> NDArray[Any]:
    """What the pool over all places gives of the first test digit, shifted to the right by so many pixels."""
    rows = net.rows("test", 1)
    inside = Inside.training(net.network, np.roll(net.data.seen(rows), by, axis=2), net.data.targets(rows))
    return np.asarray(inside.output(net.network.plan.infos[5].path)[0].copy()).ravel()
