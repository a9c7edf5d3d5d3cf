"""How the numbers of one example lie: a picture, a signal in time, or a row of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal


@dataclass(frozen=True)
class Frame:
    """An example as (height, width, channels), channels last. A signal (T, C) and a table have the height 1."""

    kind: Literal["picture", "signal", "table"]
    height: int
    width: int
    channels: int

    @property
    def size(self) -> int:
        """Numbers of an example."""
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        """`28 x 28 pixels`, `40 points in time`, `4 numbers`."""
        channels = f" of {self.channels} channels" if self.channels > 1 else ""
        if self.kind == "picture":
            return f"{self.height} x {self.width} pixels{channels}"
        return f"{self.width} points in time{channels}" if self.kind == "signal" else f"{self.width} numbers of a table"


def frame_of(shape: Sequence[int], features: Sequence[str]) -> Frame:
    """The frame of inputs of that shape; `features` are their names, which tell pictures that lie flat.

    (H, W, C) and (H, W) are pictures. (T,) is a signal where its numbers are only counted, as t0, t1, ... or those of an
    .npz file, x0, x1, ...; (T, C) is one where they are t0, t1, .... Whatever else is flat is a row of a table.
    """
    last = re.match(r"row (\d+) column (\d+)", features[-1]) if features else None
    if last is not None:
        height, width = int(last[1]) + 1, int(last[2]) + 1
        if prod(shape) % (height * width) == 0:
            return Frame("picture", height, width, prod(shape) // (height * width))
    if len(shape) == 3:
        return Frame("picture", *shape)
    timed = len(features) > 2 and all(re.match(r"t\d+", name) for name in features)
    if len(shape) == 2:
        return Frame("signal", 1, shape[0], shape[1]) if timed else Frame("picture", shape[0], shape[1], 1)
    counted = len(features) > 2 and all(name == f"x{i}" for i, name in enumerate(features))
    kind: Literal["signal", "table"] = "signal" if timed or counted else "table"
    return Frame(kind, 1, prod(shape), 1)
