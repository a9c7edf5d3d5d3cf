"""Rotate: the picture turned about its middle."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Fill, Sample, need_picture
from dllab.augment.bilinear import warped
from dllab.augment.draws import cosine_of_both, happens, row_key, sine_of_both
from dllab.augment.frame import Frame
from dllab.core.kernel import kernel
from dllab.core.rng import uniform_at
from dllab.symbols import Net, Value


@kernel(turns="B 4", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64", furthest="")
def draw(turns, rows, chance, seed, link, step, furthest):
    """The matrix that turns by an angle drawn from -furthest to furthest (radians)."""
    for n in range(turns.shape[0]):
        own = row_key(seed, link, step, rows[n])
        half = float(furthest) * (uniform_at(own, 1) - 0.5) if happens(own, chance) else 0.0
        cosine, sine = cosine_of_both(half), sine_of_both(half)
        turns[n, 0] = cosine
        turns[n, 1] = sine
        turns[n, 2] = -sine
        turns[n, 3] = cosine


class Rotate(Augmentation):
    """Rotate: the picture turned about its middle by an angle drawn from -degrees to degrees.

    y[i, j] = x[i', j'] with (i', j') = (i, j) turned back; between pixels the four around a place count by how near they
    are (bilinear). 10 to 15 degrees suit digits and letters; a 6 turned by 180 is a 9.

        augment: [rotate: 15]
        augment: [rotate: {degrees: 180, probability: 0.5}]

    Options:

    - degrees: the largest angle, to either side.
    - fill: the number in empty corners, in the unit of the data set (bytes: 0 to 255); it is scaled as the data are.

    Source: Simard, Steinkraus, Platt, Best practices for convolutional neural networks applied to visual document
    analysis (2003), section 2.
    """

    name = "rotate"
    moves = True
    group = "moves"
    main = "degrees"
    degrees: Annotated[float, Field(ge=0, le=180)] = 15.0
    fill: Fill = 0.0

    def check(self, frame: Frame) -> None:
        """Pictures only."""
        need_picture(self.name, frame)

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row that draws, one that reads x into another array."""
        turns = net.array((x.shape[0], 4), "turns")
        furthest = net.constant(math.radians(self.degrees))
        sample.call(net, draw, self.probability, turns=turns, furthest=furthest)
        return warped(net, x, sample, turns, self.fill)
