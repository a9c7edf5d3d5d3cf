"""Flip: the picture as in a mirror."""

from __future__ import annotations

from typing import Literal

from dllab.augment.augmentation import Augmentation, Chance, Sample, need_picture
from dllab.augment.draws import happens, row_key
from dllab.augment.frame import Frame
from dllab.core.kernel import kernel
from dllab.symbols import Net, Value


@kernel(y="B H L", x="B H L", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64",
        channels=":int64")  # fmt: skip
def horizontal(y, x, rows, chance, seed, link, step, channels):
    """Y[i, j] = x[i, W - 1 - j] where the row is drawn, else x[i, j]."""
    length = y.shape[2]
    for n in range(y.shape[0]):
        flipped = happens(row_key(seed, link, step, rows[n]), chance)
        for i in range(y.shape[1]):
            to, of = y[n, i], x[n, i]
            if not flipped:
                for k in range(length):
                    to[k] = of[k]
                continue
            for c in range(channels):
                last = length - channels + c
                for k in range(c, length, channels):
                    to[k] = of[(last + c - k) & 0x7FFFFFFF]  # never negative, which the compiler cannot see


@kernel(y="B H L", x="B H L", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64")
def vertical(y, x, rows, chance, seed, link, step):
    """Y[i] = x[H - 1 - i] where the row is drawn, else x[i]."""
    height = y.shape[1]
    for n in range(y.shape[0]):
        flipped = happens(row_key(seed, link, step, rows[n]), chance)
        for i in range(height):
            to, of = y[n, i], x[n, height - 1 - i if flipped else i]
            for k in range(to.shape[0]):
                to[k] = of[k]


class Flip(Augmentation):
    """Flip: y[i, j] = x[i, W - 1 - j], left and right exchanged, for half of the rows.

    For pictures of things that are what they are in a mirror, too: clothes, animals, landscapes. Not for digits and
    letters, where a mirrored 2 is none.

        augment: [flip]
        augment: [flip: {axis: vertical, probability: 0.2}]

    Options:

    - axis: horizontal exchanges left and right, vertical top and bottom.
    - probability: the chance that a row is flipped, drawn anew in every epoch.

    Source: Krizhevsky, Sutskever, Hinton, ImageNet classification with deep convolutional neural networks (2012),
    section 4.1.
    """

    name = "flip"
    moves = True
    group = "moves"
    main = "axis"
    axis: Literal["horizontal", "vertical"] = "horizontal"
    probability: Chance = 0.5

    def check(self, frame: Frame) -> None:
        """Pictures only."""
        need_picture(self.name, frame)

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row, into another array."""
        frame, y = sample.frame, sample.other(net, x)
        lines = (frame.height, frame.width * frame.channels)
        operands = {"y": sample.view(net, y, *lines), "x": sample.view(net, x, *lines)}
        if self.axis == "horizontal":
            sample.call(net, horizontal, self.probability, **operands, channels=net.whole(frame.channels))
        else:
            sample.call(net, vertical, self.probability, **operands)
        return y
