"""Cutout: a square of the picture is blotted out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Fill, Sample, need_picture
from dllab.augment.draws import happens, row_key, whole_at
from dllab.augment.frame import Frame
from dllab.core.kernel import kernel
from dllab.symbols import Net, ShapeError, Value


@kernel(x="B H L", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64", side=":int64",
        channels=":int64", fill="")  # fmt: skip
def forward(x, rows, chance, seed, link, step, side, channels, fill):
    """X = fill in a square about a pixel that is drawn, as much of it as lies in the picture."""
    height, width = x.shape[1], x.shape[2] // channels
    for n in range(x.shape[0]):
        own = row_key(seed, link, step, rows[n])
        if not happens(own, chance):
            continue
        top = whole_at(own, 1, height) - side // 2
        left = whole_at(own, 2, width) - side // 2
        for i in range(max(top, 0), min(top + side, height)):
            hole = x[n, i, max(left, 0) * channels : min(left + side, width) * channels]
            for k in range(hole.shape[0]):
                hole[k] = fill


class Cutout(Augmentation):
    """Cutout: y = fill in a square of the picture, its middle drawn among all pixels; y = x elsewhere.

    A net cannot rely on one telling detail. At the edge part of the square lies outside, so less is hidden there. A
    quarter to half of the picture's side is usual: 8 for 28 x 28.

        augment: [cutout: 8]
        augment: [shift: 2, cutout: {size: 12, probability: 0.5}]

    Options:

    - size: the side of the square, in pixels.
    - fill: the number in the square, in the unit of the data set (bytes: 0 to 255); it is scaled as the data are.

    Source: DeVries and Taylor, Improved regularization of convolutional neural networks with cutout (2017).
    """

    name = "cutout"
    group = "hides"
    main = "size"
    size: Annotated[int, Field(ge=1, le=10_000)] = 8
    fill: Fill = 0.0

    def check(self, frame: Frame) -> None:
        """Pictures that are larger than the square."""
        need_picture(self.name, frame)
        if self.size >= max(frame.height, frame.width):
            raise ShapeError(f"cutout of {self.size} x {self.size} would hide all of {frame}; take a smaller size")

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row, in place."""
        frame = sample.frame
        sample.call(
            net, forward, self.probability, x=sample.view(net, x, frame.height, frame.width * frame.channels),
            side=net.whole(self.size), channels=net.whole(frame.channels), fill=net.constant(self.fill),
        )  # fmt: skip
        return x
