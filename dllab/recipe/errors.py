"""What is wrong with a recipe: every problem with its place and what to write instead."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dllab.recipe.place import Place, cells, visible

LARGE = 1e6  # numbers from here on are shown with an exponent
SHOWN = 20  # problems printed at once; the rest is counted


@dataclass(frozen=True)
class Problem:
    """One thing wrong: what (`message`), where (`place`), and what was expected or what to do next (`hint`).

    `rows` stand below the hint, each on a line of its own.
    """

    message: str
    place: Place
    hint: str
    rows: tuple[str, ...] = ()

    def render(self, columns: int = 80) -> str:
        """Plain text no wider than `columns`, except for a path that has no space to break at."""
        head = _wrap(f"{self.place}: {visible(self.message)}", columns, "", "  ")
        hint = _wrap(visible(self.hint), columns, "  ", "  ") if self.hint else []
        rows = [line for row in self.rows for line in _row(visible(row), columns)]
        return "\n".join([*head, *self.place.excerpt(columns), *hint, *rows])


class RecipeError(Exception):
    """A recipe that cannot be used; `problems` lists everything wrong with it, in the order of the text."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        ordered = sorted(problems, key=lambda p: (p.place.line is None, p.place.line or 0, p.place.column or 0))
        super().__init__(ordered)
        self.problems: list[Problem] = ordered

    def __str__(self) -> str:
        return self.render()

    def render(self, columns: int = 80) -> str:
        """All problems as plain text, a blank line between two."""
        texts = [problem.render(columns) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            texts.append(f"... and {len(self.problems) - SHOWN} more problems")
        return "\n\n".join(texts)


@dataclass
class Problems:
    """Collects problems while a recipe is read, so that all are told at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, message: str, place: Place, hint: str) -> None:
        """Note one problem and go on."""
        self.found.append(Problem(message, place, hint))

    def __len__(self) -> int:
        return len(self.found)

    def raise_if_any(self) -> None:
        """Raise RecipeError if anything was noted."""
        if self.found:
            raise RecipeError(self.found)


def _row(row: str, columns: int) -> list[str]:
    """A row as it is, its gaps included, if it fits."""
    return [f"    {row}"] if cells(row) + 4 <= columns else _wrap(row, columns, "    ", "      ")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'units'?` (with the leading space) when a known word is close, else an empty text."""
    close = closest(word, known)
    return f" Did you mean '{close[0]}'?" if close else ""


def closest(word: str, known: Iterable[str]) -> list[str]:
    """The known word that a slip most likely stands for, alone in a list; an empty list if none is close."""
    lowered = {name.lower(): name for name in known}
    return [lowered[name] for name in difflib.get_close_matches(word[:64].lower(), lowered, n=1, cutoff=0.6)]


def one_of(known: Iterable[str], word: str = "", also: Iterable[str] = ()) -> str:
    """`expected one of: bias, units. Did you mean 'units'?`; a slip for a word of `also` is noticed, too."""
    names = list(known)
    return f"expected one of: {', '.join(names)}.{did_you_mean(word, [*names, *also])}".removesuffix(".")


def show(value: object, limit: int = 40) -> str:
    """A value as a recipe would write it, cut to `limit` characters: 'ten', 3, true, nothing, [1, 2], {a: 1}."""
    text = _written(value)
    if len(text) <= limit:
        return text
    closing = text[-1] if text[-1] in "']}" else ""
    return text[: limit - 2].rstrip() + "…" + closing


def article(words: str) -> str:
    """`a layer`, `an optimizer`."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _written(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{visible(value)}'"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{visible(str(key))}: {_written(inner)}" for key, inner in list(value.items())[:20])
        return "{" + inside + "}"
    if isinstance(value, float) and abs(value) >= LARGE:
        mantissa, _, exponent = f"{value:.15e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_written(inner) for inner in value[:20]) + "]"
    return visible(str(value))


def _wrap(text: str, columns: int, first: str, later: str) -> list[str]:
    """Break at spaces only (a path stays whole), by terminal columns, which textwrap does not count."""
    lines: list[str] = []
    line = first
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if cells(longer) > columns and line.strip():
            lines.append(line)
            longer = f"{later}{word}"
        line = longer
    return [*lines, line]
