"""What an augmentation is: options, a `check` of the inputs, and a `build` that adds rows to the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.augment.draws import DRAWS
from dllab.augment.frame import Frame
from dllab.catalogue import Part
from dllab.core.kernel import Kernel
from dllab.symbols import Dim, Net, ShapeError, Value

Chance = Annotated[float, Field(ge=0, le=1)]
Fill = Annotated[float, Field(ge=-1e9, le=1e9)]


@dataclass
class Sample:
    """The rows of the data set that are being changed, and how their numbers lie.

    `rows` (B,) int64, `base` (N,) int64: the training rows, `link`: the place of the part in the list. `scale` (F,):
    numbers are (raw - shift) * scale later on; None: they are used as they are. `same` brings other rows of the data
    set, changed by the parts before this one. `mixed`: the rows to mix these with, and how much of a row itself is kept.
    """

    frame: Frame
    rows: Value
    base: Value
    link: int
    scale: Value | None
    same: Callable[[Value], Value]
    mixed: tuple[Value, Value] | None = None
    buffers: list[Value] = field(default_factory=list)

    def other(self, net: Net, x: Value) -> Value:
        """An array like x that is free to be written."""
        if len(self.buffers) < 2:
            self.buffers.append(net.array(x.shape, "other"))
        return next(buffer for buffer in self.buffers if buffer is not x)

    def view(self, net: Net, x: Value, *shape: int) -> Value:
        """X (B, F) under another shape of an example."""
        whole: tuple[Dim, ...] = (x.shape[0], *shape)
        return net.view(x, whole)

    def call(self, net: Net, kernel: Kernel, probability: float, **operands: Value) -> None:
        """Add a row of a kernel that draws: besides its operands it gets `rows`, `chance`, `seed`, `link` and `step`."""
        keys = {
            "rows": self.rows,
            "chance": net.whole(round(probability * DRAWS)),
            "seed": net.counter("seed"),
            "link": net.whole(self.link),
            "step": net.counter("step"),
        }
        net.call(kernel, backward=(), **operands, **keys)


class Augmentation(Part):
    """Base of all augmentations.

    The numbers that parts see are those of the data set, before they are shifted and scaled, so that empty places are
    filled with what stands for nothing there.

    Options:

    - probability: the chance that a row is changed at all, drawn anew in every epoch.
    """

    group = ""
    mixes: ClassVar[bool] = False  # needs targets that lie between those of two rows, and must be the last of the list
    moves: ClassVar[bool] = False  # what stands at a place goes to another
    probability: Chance = 1.0

    def check(self, frame: Frame) -> None:
        """Complain about inputs it cannot change; raises ShapeError."""

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """Add the rows that change x (B, F); returns x, changed in place, or another array of its shape."""
        raise NotImplementedError


def need_order(name: str, frame: Frame) -> None:
    """Raise ShapeError for rows of a table, whose numbers have no neighbours."""
    if frame.kind == "table":
        raise ShapeError(f"{name} moves pixels, or points in time, and the inputs are {frame}; "
                         "of the augmentations noise and mixup are for tables")  # fmt: skip


def need_picture(name: str, frame: Frame) -> None:
    """Raise ShapeError for inputs that are no pictures."""
    if frame.kind != "picture":
        raise ShapeError(f"{name} changes pictures, (H, W) or (H, W, C), and the inputs are {frame}; "
                         "take it out of augment:")  # fmt: skip
