"""Neighbours of words: tables of cosines with bars; agreement with other vectors; circles among numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.neighbours import Answer, Table
from dllab.lab.word_vectors import Overlap, top_share
from dllab.runs.metrics_log import plain
from dllab.views.parts import Plain, inline
from dllab.views.text import percent

LONGEST = 40
"""Cells of a bar for a cosine of 1."""
FREQUENCIES = 5
"""How many are shown."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was asked of a table: nearest words, and where wanted how far they agree with those of another one."""

    table: Table
    answers: Sequence[Answer] = ()
    other: str = ""
    overlap: Overlap | None = None
    circles: NDArray[np.float64] | None = None


class Neighbours:
    """A line on the table, then a block for each question; then what is told of the table as a whole."""

    def __init__(self, found: Found) -> None:
        self.found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """All blocks, with an empty line between two."""
        yield Plain(Group(*self._lines(options)))

    def _lines(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        found, table = self.found, self.found.table
        words, units = table.vectors.shape
        yield Text.assemble((table.source, "bold"), f": {words:,} words, {units} numbers each ({table.name})")
        width = min(options.max_width, 100)
        for answer in found.answers:
            yield Text()
            yield from answer_lines(answer, width, options.ascii_only)
        if found.overlap is not None:
            yield Text()
            yield overlap_text(found.overlap, found.other)
        if found.circles is not None and not found.answers:
            yield Text()
            yield from circle_lines(found.circles, width, options.ascii_only)
        if not found.answers and found.overlap is None:
            yield Text()
            yield inline(f"`dllab neighbours {table.source} WORD` shows the words nearest to one.")


def answer_lines(answer: Answer, width: int, ascii_only: bool) -> list[Text]:
    """The question, and a line for each of the nearest words."""
    longest = max((cell_len(shown(word)) for word, _ in answer.nearest), default=0)
    names = min(longest, max(width // 3, 10))
    lines = [Text(shown(str(answer.question)), "bold")]
    for word, cosine in answer.nearest:
        name = Text(f"  {shown(word)}")
        name.truncate(2 + names, overflow="ellipsis", pad=True)
        room = min(LONGEST, width - names - 12)
        lines.append(Text.assemble(name, f"  {cosine:6.3f}  ", bar(cosine, room, ascii_only)))
    return lines


def overlap_text(overlap: Overlap, other: str) -> Text:
    """How far the neighbours agree, in a sentence."""
    return inline(
        f"Of the {overlap.nearest} nearest words {percent(overlap.share)} are the same in {other}, among the "
        f"{overlap.words:,} words that both have: {overlap.share / overlap.chance:.1f} times as many as by chance."
    )


def circle_lines(shares: NDArray[np.float64], width: int, ascii_only: bool) -> list[Text]:
    """The strongest frequencies of the numbers' vectors, and how much they have together."""
    order = np.argsort(-shares, kind="stable")[:FREQUENCIES]
    lines = [Text("numbers on circles: frequencies and their shares", "bold")]
    for place in order:
        share = float(shares[place])
        lines.append(Text(f"  {place + 1:>4}  {percent(share):>6}  " + bar(share, min(LONGEST, width - 18), ascii_only)))
    together, even = top_share(shares, len(order)), len(order) / len(shares)
    text = f"together {percent(together)} of all {len(shares)}; evenly spread it would be {percent(even)}"
    return [*lines, Text(text)]


def bar(share: float, room: int, ascii_only: bool) -> str:
    """A bar of a share of the room; none for what is negative or no number."""
    length = 0 if not np.isfinite(share) else round(max(0.0, min(share, 1.0)) * room)
    return ("#" if ascii_only else "█") * length


def shown(word: str) -> str:
    """A word as it can be printed: a space or a line end in quotes."""
    return word if word.isprintable() and word.strip() == word != "" else repr(word)


def document(found: Found) -> dict[str, Any]:
    """The same as plain JSON data."""
    table = found.table
    words, units = table.vectors.shape
    told: dict[str, Any] = {
        "run": table.source,
        "table": table.name,
        "words": words,
        "units": units,
        "questions": [
            {
                "question": str(answer.question),
                "neighbours": [{"word": word, "cosine": plain(cosine)} for word, cosine in answer.nearest],
            }
            for answer in found.answers
        ],
    }
    if found.overlap is not None:
        one = found.overlap
        told["against"] = {
            "run": found.other, "words": one.words, "nearest": one.nearest, "share": one.share, "chance": one.chance,
        }  # fmt: skip
    if found.circles is not None:
        told["circles"] = [plain(share) for share in found.circles]
    return told
