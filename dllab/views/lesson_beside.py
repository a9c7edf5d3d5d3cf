"""A lesson as it is and with a change, side by side: pictures on the same scales, and those that are alike named only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from itertools import zip_longest
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from dllab.lessons import pictures
from dllab.views.beside import Beside
from dllab.views.lesson_pictures import drawn, row_width
from dllab.views.parts import Plain

HALF = 39
"""Columns of each picture in a terminal of 80."""
HEIGHT = 10
Block = tuple[Any, str]
NOTHING: Block = (None, "")


def blocks(before: Sequence[Block], now: Sequence[Block]) -> Iterator[RenderableType]:
    """Every picture and table that a change has changed, before on the left, now on the right."""
    alike = []
    for then, this in zip_longest(map(_seen, before), map(_seen, now), fillvalue=NOTHING):
        if then[0] is None and this[0] is None:
            continue
        old, new = _one_scale(then[0], this[0])
        said = this[1] if this[1] != then[1] else ""  # words that were not made for the change may not be true of it
        if old is not None and new is not None and _text((old, then[1])) == _text((new, this[1])):
            alike.append(_title(new))
            continue
        left, right = _whole((old, then[1])), _whole((new, said))
        if any(isinstance(one, pictures.Table) and row_width(one) > HALF for one in (old, new)):
            yield Plain(Group(Text("as it is:", "bold"), left, Text("with the change:", "bold"), right))
        else:
            yield Plain(Beside([left, right], HALF - 3, 2))
        yield Text()
    if alike:
        yield Plain(Text(f"The same in both: {'; '.join(alike)}."))
        yield Text()


def _seen(block: Block) -> Block:
    """A block, if it is one that can be compared."""
    return NOTHING if isinstance(block[0], pictures.Trace) else block


def _whole(block: Block) -> RenderableType:
    """A picture with what it says."""
    picture, says = block
    if picture is None:
        return Text("(nothing here)")
    return Group(drawn(picture), *([Text(says)] if says else []))


def _text(block: Block) -> str:
    """A picture as it is seen."""
    console = Console(width=HALF, file=StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(_whole(block))
    return captured.get()


def _title(picture: Any) -> str:
    if isinstance(picture, pictures.Grid):
        return ", ".join(_title(one) for one in picture.pictures)
    return getattr(picture, "title", "") or ("a table" if isinstance(picture, pictures.Table) else "a picture")


def _one_scale(old: Any, new: Any) -> tuple[Any, Any]:
    """Two pictures of one kind, such that a length in one means what it means in the other."""
    if isinstance(old, pictures.Lines) and isinstance(new, pictures.Lines):
        both = [*old.curves.values(), *new.curves.values()]
        xs, ys = (np.concatenate([np.asarray(curve[axis], np.float64).ravel() for curve in both]) for axis in (0, 1))
        x, y = _ends(xs), _ends(ys[ys > 0] if new.log else ys)
        old, new = (replace(one, height=min(one.height, HEIGHT), with_x=x, with_y=y) for one in (old, new))
        return old, new
    if isinstance(old, pictures.Bars) and isinstance(new, pictures.Bars):
        return replace(old, beside=list(new.values.values())), replace(new, beside=list(old.values.values()))
    return old, new


def _ends(values: np.ndarray) -> list[float]:
    finite = values[np.isfinite(values)]
    return [float(finite.min()), float(finite.max())] if len(finite) else []
