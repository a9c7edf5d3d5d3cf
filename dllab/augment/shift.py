"""Shift: the picture or signal lies some pixels further up, down, left or right."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Fill, Sample, need_order
from dllab.augment.draws import happens, row_key, whole_at
from dllab.augment.frame import Frame
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.symbols import Net, ShapeError, Value


@device
def moved(to, of, by, fill):
    """Line to = line of, moved by so many numbers to the right (negative: left)."""
    gap = min(abs(by), to.shape[0])
    kept = to.shape[0] - gap
    empty = to[:gap] if by > 0 else to[kept:]
    target, source = (to[gap:], of[:kept]) if by > 0 else (to[:kept], of[gap:])
    for k in range(target.shape[0]):
        target[k] = source[k]
    for k in range(empty.shape[0]):
        empty[k] = fill


@kernel(y="B H L", x="B H L", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64",
        down=":int64", across=":int64", channels=":int64", fill="")  # fmt: skip
def forward(y, x, rows, chance, seed, link, step, down, across, channels, fill):
    """Y[i, j] = x[i - a, j - b], a and b whole numbers drawn from -down..down and -across..across; outside `fill`."""
    height = y.shape[1]
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        own = row_key(seed, link, step, rows[n])
        changed = happens(own, chance)
        a = whole_at(own, 1, 2 * down + 1) - down if changed else 0
        b = (whole_at(own, 2, 2 * across + 1) - across) * channels if changed else 0
        for i in range(height):
            if 0 <= i - a < height:
                moved(to[i], of[i - a], b, fill)
            else:
                moved(to[i], of[i], to.shape[1], fill)


class Shift(Augmentation):
    """Shift: y[i, j] = x[i - a, j - b], a and b drawn from -pixels to pixels; what moves in is empty.

    For pictures in which the place of a thing does not matter, such as handwriting: 1 or 2 of 28 pixels. A signal is moved
    along its time only. A dense net gains most, for it knows nothing of neighbours.

        augment: [shift: 2]
        augment: [shift: {pixels: 4, axis: horizontal}]

    Options:

    - pixels: the furthest a picture is moved, or how many points in time a signal is.
    - axis: along which of its axes a picture moves.
    - fill: the number in empty places, in the unit of the data set (bytes: 0 to 255); it is scaled as the data are.

    Source: Simard, Steinkraus, Platt, Best practices for convolutional neural networks applied to visual document
    analysis (2003), section 2.
    """

    name = "shift"
    moves = True
    group = "moves"
    main = "pixels"
    pixels: Annotated[int, Field(ge=0, le=10_000)] = 2
    axis: Literal["both", "horizontal", "vertical"] = "both"
    fill: Fill = 0.0

    def check(self, frame: Frame) -> None:
        """There is an order to move along, and it is longer than the shift."""
        need_order(self.name, frame)
        down, across = self._furthest(frame)
        if down >= frame.height or across >= frame.width:
            raise ShapeError(f"shift by {self.pixels} would move all of {frame} out of sight; take a smaller number")

    def _furthest(self, frame: Frame) -> tuple[int, int]:
        picture = frame.kind == "picture"
        down = self.pixels if picture and self.axis != "horizontal" else 0
        return down, self.pixels if not picture or self.axis != "vertical" else 0

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row, into another array."""
        frame, y = sample.frame, sample.other(net, x)
        down, across = self._furthest(frame)
        lines = (frame.height, frame.width * frame.channels)
        sample.call(
            net, forward, self.probability, y=sample.view(net, y, *lines), x=sample.view(net, x, *lines),
            down=net.whole(down), across=net.whole(across), channels=net.whole(frame.channels),
            fill=net.constant(self.fill),
        )  # fmt: skip
        return y
