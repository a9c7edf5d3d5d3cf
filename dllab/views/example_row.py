"""A row of data as it can be seen: a picture, a curve, a text, or the numbers of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from dllab.data.images import picture_shape
from dllab.views.data_pictures import Curves
from dllab.views.data_text import spelt
from dllab.views.labels import shown
from dllab.views.text import number

if TYPE_CHECKING:
    from dllab.lab.mistakes import Looked

FEATURES = 10
"""Features of a wide table that are shown: those furthest from the mean of the training rows."""


def pictures_of(looked: Looked, rows: Sequence[NDArray[Any]]) -> NDArray[Any] | None:
    """Rows as pictures (N, H, W, C); None if they are none."""
    shape = picture_shape(looked.features)
    return None if shape is None or looked.vocabulary else np.stack(rows).reshape(-1, *shape)


def drawn(looked: Looked, inputs: NDArray[Any], length: int, step: int | None = None) -> RenderableType:
    """One row that is no picture; `step`: the one to be marked, of a sequence."""
    if looked.vocabulary:
        return Read(tuple(spelt([i], looked.vocabulary) for i in inputs[:length].astype(int)), step)
    if step is not None:
        return Read(tuple(" ".join(number(v, 3) for v in np.atleast_1d(values)) for values in inputs[:length]), step)
    if inputs.ndim == 2:
        names = [re.sub(r"^t1 ?", "", name) or "value" for name in looked.features[: inputs.shape[1]]]
        return Curves(inputs[:length, :4].T, tuple(names[:4]))
    if len(inputs) > 2 and all(re.fullmatch(r"t\d+", name) for name in looked.features):
        return Curves(inputs[None], ("",))
    return Text(table_row(looked, inputs.ravel()), overflow="fold")


def table_row(looked: Looked, values: NDArray[Any]) -> str:
    """`alcohol 13.2, malic acid 1.8`; of words spread over a number each, the one that holds."""
    there = [i for i, name in enumerate(looked.features) if "=" not in name or values[i] != 0]
    more = ""
    if len(there) > FEATURES:
        far = abs(values - looked.centre) / np.where(looked.spread > 0, looked.spread, 1.0)
        chosen = sorted(there, key=lambda i: -far[i])[:FEATURES]
        more, there = f", ... ({len(there)} in all; these are the most unusual)", sorted(chosen)
    told = [name if "=" in name else f"{name} {number(float(values[i]))}" for i in there for name in [looked.features[i]]]
    return "  " + ", ".join(told) + more


class Read:
    """A sequence that was read, on one line: the words around the one that is marked, by brackets, or its beginning."""

    def __init__(self, words: tuple[str, ...], step: int | None) -> None:
        self.words, self.step = words, step

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As much of it as there is room for."""
        words = [shown(word, options.ascii_only) for word in self.words]
        gap = "" if all(len(word) == 1 for word in words) else " "
        more = "..." if options.ascii_only else "…"
        room = options.max_width - 4
        if self.step is None or self.step >= len(words):
            text = gap.join(words)
            yield Text("  " + (text if len(text) <= room else text[: room - len(more)] + more), no_wrap=True)
            return
        before, at = gap.join(words[: self.step]) + gap * (self.step > 0), f"[{words[self.step]}]"
        behind = gap.join(["", *words[self.step + 1 :]])
        left = max(room - len(at) - min(len(behind), room // 3), 8)
        before = before if len(before) <= left else more + before[len(more) - left :]
        left = max(room - len(at) - len(before), 0)
        behind = behind if len(behind) <= left else behind[: max(left - len(more), 0)] + more
        line = Text(f"  {before}", no_wrap=True).append(at, "bold").append(behind)
        yield line
