"""Some rows of sequences of ids, spelt by their vocabulary: what is read, and what a net is to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.data.dataset import Dataset
from dllab.data.sequences import NOT_ASKED

ROWS = 4
LONGEST = 400  # steps of a row that are spelt
BLANK = "_"
"""Stands for a step that asks for nothing."""


@dataclass(frozen=True)
class Samples:
    """The first rows, or the first one of each of the first classes, or `rows`; with their `ids`."""

    dataset: Dataset
    rows: Sequence[int] | None = None
    ids: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Two lines a row, cut off where the terminal ends; three where a decoder reads."""
        for number, row in enumerate(_chosen(self.dataset) if self.rows is None else self.rows):
            lines = list(self._lines(row))
            if number and len(lines) > 1:
                yield Text()
            for title, text in lines:
                line = Text(f"{title:>7}  {in_ascii(text) if options.ascii_only else text}", no_wrap=True)
                line.truncate(options.max_width, overflow="crop" if options.ascii_only else "ellipsis")
                yield line

    def _lines(self, row: int) -> Iterator[tuple[str, str]]:
        columns, dataset = self.dataset.columns, self.dataset
        length = int(columns["lengths"][row]) if "lengths" in columns else columns["inputs"].shape[1]
        yield "reads", spelt(columns["inputs"][row, :length], dataset.vocabulary)
        if self.ids:
            yield "ids", " ".join(map(str, columns["inputs"][row, :length].tolist()))
        if "decoder" in columns:
            yield "and", spelt(columns["decoder"][row], dataset.classes)
        target = columns["targets"][row]
        if dataset.at_every_step:
            yield "says", spelt(np.trim_zeros(target - NOT_ASKED, "b") + NOT_ASKED, dataset.classes)
        elif dataset.classes:
            yield "says", shown(dataset.classes[int(target)])
        elif columns["targets"].any():
            yield "says", ", ".join(f"{number:.4g}" for number in target)


@dataclass(frozen=True)
class Words:
    """A text with words of the data in it, as far as the terminal has their characters."""

    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The text, with escapes where it has not; lines that are broken stand below its beginning."""
        text = self.text.lstrip(" ")
        indent = len(self.text) - len(text)
        whole = Text(in_ascii(text) if options.ascii_only else text)
        lines = whole.wrap(console, max(1, options.max_width - indent)) if indent else (whole,)  # tables cut as they do
        yield from (Text(" " * indent) + line if indent else line for line in lines)


def in_ascii(text: str) -> str:
    """A text with escapes for all that is not ASCII."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


def spelt(ids: Iterable[int], words: Sequence[str]) -> str:
    """Ids on one line: characters without gaps, words with a space between. What cannot be seen is written as in Python."""
    gap = "" if in_characters(words) else " "
    return gap.join(BLANK if i == NOT_ASKED else escaped(words[i]) for i in list(ids)[:LONGEST])


def in_characters(words: Sequence[str]) -> bool:
    """Whether ids stand for characters, a few special ones aside."""
    return sum(len(word) == 1 for word in words) > len(words) / 2


def escaped(word: str) -> str:
    r"""A word or character with \n for a line end, and escapes for whatever else would not be seen as itself."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in word)


def shown(word: str) -> str:
    """A word in a list: a space stands between quotes, and so does a comma."""
    return repr(word) if word == "," or (word.isspace() and word.isprintable()) else escaped(word)


def _chosen(dataset: Dataset) -> list[int]:
    targets: NDArray[Any] = dataset.columns["targets"]
    if targets.ndim == 1:
        return [int(np.argmax(targets == label)) for label in range(min(ROWS, len(dataset.classes)))]
    return list(range(min(ROWS, dataset.rows)))
