"""Scale: the picture larger or smaller about its middle; a signal faster or slower."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Fill, Sample, need_order
from dllab.augment.bilinear import warped
from dllab.augment.draws import happens, row_key
from dllab.augment.frame import Frame
from dllab.core.kernel import kernel
from dllab.core.rng import uniform_at
from dllab.symbols import Net, Value


@kernel(turns="B 4", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64", furthest="")
def draw(turns, rows, chance, seed, link, step, furthest):
    """The matrix that divides both axes by a factor drawn from 1 - furthest to 1 + furthest."""
    for n in range(turns.shape[0]):
        own = row_key(seed, link, step, rows[n])
        factor = 1.0 + float(furthest) * (2.0 * uniform_at(own, 1) - 1.0) if happens(own, chance) else 1.0
        turns[n, 0] = 1.0 / factor
        turns[n, 1] = 0.0
        turns[n, 2] = 0.0
        turns[n, 3] = 1.0 / factor


class Scale(Augmentation):
    """Scale: the picture about its middle by a factor s drawn from 1 - range to 1 + range.

    y[i, j] = x[i / s, j / s], counted from the middle; between pixels the four around a place count by how near they are
    (bilinear). A signal is stretched in time; its heights stay. 0.1 suits digits and letters.

        augment: [scale: 0.1]
        augment: [scale: {range: 0.3, probability: 0.5}]

    Options:

    - range: how far the factor may be from 1.
    - fill: the number in empty places, in the unit of the data set (bytes: 0 to 255); it is scaled as the data are.

    Source: Yaeger, Lyon, Webb, Effective training of a neural network character classifier for word recognition (1996),
    section 5.
    """

    name = "scale"
    moves = True
    group = "moves"
    main = "range"
    range: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    fill: Fill = 0.0

    def check(self, frame: Frame) -> None:
        """There are neighbours to read between."""
        need_order(self.name, frame)

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row that draws, one that reads x into another array."""
        turns = net.array((x.shape[0], 4), "turns")
        sample.call(net, draw, self.probability, turns=turns, furthest=net.constant(self.range))
        return warped(net, x, sample, turns, self.fill)
