"""Vectors of words in a plane, each word at its place as far as there is room, and the nearest words of a few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.embeddings import CIRCLE, ORDER, WordPlane
from dllab.lab.neighbours import Answer
from dllab.runs.metrics_log import plain
from dllab.views.labels import cut, shown
from dllab.views.looked import state_of
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number, percent

WIDEST, TALLEST = 120, 22
"""Cells and lines of the plane at most."""
LABEL = 14
"""Cells of a word at most."""
MOVES = [(0, 0), (0, -1), (0, 1), (0, -2), (0, 2), (-1, 0), (1, 0), (0, -3), (0, 3), (-1, -2), (-1, 2), (1, -2), (1, 2)]
"""Lines and cells by which a word may stand beside its place, in this order."""

Array = NDArray[Any]


def embeddings_view(found: WordPlane, reference: str, asked: str = "", kept: str = "") -> RenderableType:
    """What is drawn, the plane, what to make of it, the nearest words. `reference`: what the user calls the net.

    `asked`, `kept`: words and options for the next command.
    """
    blocks: list[RenderableType] = [
        _about(found), Text(_what(found)), _Map(found), Text(_verdict(found)), Text(),
        Text("nearest by the cosine, in all directions", "bold"), *map(_Line, found.answers), Text(),
    ]  # fmt: skip
    return Group(Plain(Group(*blocks)), NextSteps(_next(found, reference, asked, kept)))


def _about(found: WordPlane) -> Text:
    table, vectors = found.vectors.table, found.vectors
    units = table.vectors.shape[1]
    state = f"{state_of(vectors.state, vectors.steps, vectors.best_step)}; " if vectors.state else ""
    return Text.assemble((table.source, "bold"), f": {state}{table.name}, {_many(table.words)}, {units} numbers each")


def _what(found: WordPlane) -> str:
    """Which words, and which plane."""
    words = len(found.words)
    many = _many(found.words)
    if found.frequency is not None:
        return (f"Numbers 0 to {words - 1} on the circle of frequency {found.frequency}: n is turned by n times "
                f"{found.frequency}/{words} of a round.")  # fmt: skip
    which = f"{many}, those in brackets and some near them," if found.asked else many
    if not found.asked and found.vectors.counts is not None and words < len(found.vectors.table.words):
        which = f"The {words} most frequent {many.split()[1]}"
    return f"{which} in the plane in which they differ most (first two principal components)."


def _many(words: Sequence[str]) -> str:
    """How many, and whether they are letters."""
    return count(len(words), "letter" if all(len(word) == 1 for word in words) else "word")


def _verdict(found: WordPlane) -> str:
    """What the plane shows, by a rule that is named."""
    share, chance = percent(found.share), percent(found.chance)
    if found.frequency is not None:
        return (f"This circle has {share} of how the numbers differ, an even share is {chance}; it is drawn from "
                f"{CIRCLE:g} times that on.")  # fmt: skip
    shows = f"The plane shows {share} of how they differ, and {chance} of random vectors"
    rule = f"odds {number(found.odds, 2)} times as high; from {ORDER:g} times on what is close here is close"
    if found.orderly:
        return f"{shows} ({rule})."
    return f"{shows} ({rule}): what is close here may be far apart in other directions."


@dataclass(frozen=True, eq=False)
class _Map:
    """The words at their places, as many as there is room for; a dot for each of the others."""

    found: WordPlane

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A frame with the words; one unit is as long across as down, a line being two cells high."""
        ascii_only = options.ascii_only
        across = max(10, min(options.max_width, WIDEST) - 2)
        labels = [self._label(word, ascii_only) for word in self.found.words]
        grid = _Grid(across, *_cells(self.found.places, across, max(map(cell_len, labels), default=1)))
        order = sorted(range(len(labels)), key=lambda i: self.found.words[i] not in self.found.asked)
        left = [i for i in order if not grid.place(i, labels[i])]
        for i in left:
            grid.dot(i, "." if ascii_only else "·")
        side, line = ("|", "-") if ascii_only else ("│", "─")
        yield Text(("+{}+" if ascii_only else "┌{}┐").format(line * across))
        for row in grid.lines():
            yield Text(f"{side}{row}{side}", no_wrap=True, overflow="crop")
        yield Text(("+{}+" if ascii_only else "└{}┘").format(line * across))
        if left:
            yield Text(f"{len(left)} without room: dots, as far as there is room for these")

    def _label(self, word: str, ascii_only: bool) -> str:
        label = cut(shown(word, ascii_only), LABEL, ascii_only)
        return f"[{label}]" if word in self.found.asked else label


def _cells(places: Array, across: int, widest: int) -> tuple[Array, Array]:
    """The lines and cells of places (W, 2), on one scale."""
    x, y = places[:, 0], places[:, 1]
    room = max(1, across - widest)
    unit = max(float(np.ptp(x)) / room, float(np.ptp(y)) / (2 * (TALLEST - 1))) or 1.0
    columns = np.rint((x - x.min()) / unit + (across - float(np.ptp(x)) / unit) / 2).astype(int)
    return np.rint((y.max() - y) / (2 * unit)).astype(int), columns


class _Grid:
    """Words in cells, none over another."""

    def __init__(self, across: int, lines: Array, columns: Array) -> None:
        self.across, self.at = across, list(zip(lines.tolist(), columns.tolist()))
        self.height = max(lines.tolist(), default=0) + 1
        self.taken: list[dict[int, str]] = [{} for _ in range(self.height)]  # cell of a line to what begins or lies there

    def place(self, word: int, label: str) -> bool:
        """Put a word where it belongs, or near by; False where there is no room."""
        line, column = self.at[word]
        width = cell_len(label)
        for down, right in MOVES:
            row, first = line + down, column - width // 2 + right
            if not (0 <= row < self.height and first >= 0 and first + width <= self.across):
                continue
            if not any(cell in self.taken[row] for cell in range(first - 1, first + width + 1)):
                self.taken[row] |= {first: label} | dict.fromkeys(range(first + 1, first + width), "")
                return True
        return False

    def dot(self, word: int, sign: str) -> None:
        """A sign where a word belongs, if nothing is there."""
        line, column = self.at[word]
        if not any(cell in self.taken[line] for cell in (column - 1, column, column + 1)):
            self.taken[line][min(max(column, 0), self.across - 1)] = sign

    def lines(self) -> list[str]:
        """The lines from top to bottom."""
        return ["".join(row.get(cell, " ") for cell in range(self.across)) for row in self.taken]


@dataclass(frozen=True, eq=False)
class _Line:
    """A word and its nearest ones with their cosines, as many as fit on a line."""

    answer: Answer

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One line."""
        ascii_only = options.ascii_only
        word = cut(shown(str(self.answer.question), ascii_only), LABEL, ascii_only)
        line = f"  {word}{' ' * (LABEL - cell_len(word))}"
        for near, cosine in self.answer.nearest:
            more = f"  {cut(shown(near, ascii_only), LABEL, ascii_only)} {cosine:.2f}"
            if cell_len(line + more) > options.max_width:
                break
            line += more
        yield Text(line, no_wrap=True)


def _next(found: WordPlane, reference: str, asked: str, kept: str) -> list[tuple[str, str]]:
    commands = []
    if not found.asked and found.frequency is None:
        words = [word for word in found.words if word.isalnum()][:2]
        commands.append((_line(reference, " ".join(words), kept), "these, and words near them"))
    if found.vectors.state == "trained":
        commands.append((_line(reference, asked, kept, "--before"), "before training"))
    return [*commands, ("dllab neighbours --help", "nearest words, and sums of words")]


def _line(*parts: str) -> str:
    return " ".join(["dllab viz-embeddings", *filter(None, parts)])


def document(found: WordPlane) -> dict[str, Any]:
    """The same as plain JSON data."""
    table, counts = found.vectors.table, found.vectors.counts
    row = {word: i for i, word in enumerate(table.words)}
    return {
        "name": table.source,
        "state": found.vectors.state or None,
        "steps": found.vectors.steps,
        "best_step": found.vectors.best_step,
        "table": table.name,
        "words": len(table.words),
        "units": table.vectors.shape[1],
        "plane": "principal components" if found.frequency is None else "circle",
        "frequency": found.frequency,
        "share": plain(found.share),
        "chance": plain(found.chance),
        "orderly": found.orderly,
        "places": [
            {"word": word, "x": plain(x), "y": plain(y), "asked": word in found.asked,
             "count": None if counts is None else int(counts[row[word]])}
            for word, (x, y) in zip(found.words, found.places.tolist())
        ],
        "neighbours": [
            {"word": str(answer.question),
             "nearest": [{"word": word, "cosine": plain(cosine)} for word, cosine in answer.nearest]}
            for answer in found.answers
        ],
    }  # fmt: skip
