"""Curves of contenders: the mean over the runs that have come so far, one letter for each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dllab.lab.comparison import Mark
from dllab.views.compare_words import short_names
from dllab.views.curves import Plot, Series
from dllab.views.data_pictures import PALETTE
from dllab.views.text import SHARES, heading

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Averages:
    """Means over runs of what is watched, at every step at which they are evaluated."""

    def __init__(self, split: str, metric: str) -> None:
        self.split, self.metrics = split, tuple(dict.fromkeys(["loss", metric]))
        self._sums: dict[tuple[int, str], dict[int, tuple[float, int]]] = {}

    @property
    def there(self) -> bool:
        """Whether anything is known."""
        return bool(self._sums)

    def add(self, contender: int, mark: Mark) -> None:
        """Take in an evaluation of one run."""
        for metric in self.metrics:
            value = float(mark.figures.get(self.split, {}).get(metric, math.nan))
            sums = self._sums.setdefault((contender, metric), {})
            before, count = sums.get(mark.step, (0.0, 0))
            sums[mark.step] = before + value, count + 1

    def curve(self, contender: int, metric: str) -> tuple[list[float], list[float]]:
        """Steps and means; percent for shares."""
        sums = sorted(self._sums.get((contender, metric), {}).items())
        scale = 100 if metric in SHARES else 1
        return [float(step) for step, _ in sums], [scale * total / count for _, (total, count) in sums]

    def last(self, contender: int, metric: str) -> float:
        """Where a contender stands: at the last step that any of its runs has come to; NaN before the first."""
        sums = self._sums.get((contender, metric), {})
        if not sums:
            return math.nan
        total, count = sums[max(sums)]
        return total / count


def curves_plot(averages: Averages, names: Sequence[str], metric: str, height: int, end: int) -> Plot:
    """One figure of all contenders over the steps."""
    short = short_names(names)
    series = tuple(
        Series(name, *averages.curve(number, metric), PALETTE[number % len(PALETTE)], mark=mark)
        for number, (name, mark) in enumerate(zip(short, marks_of(short)))
    )
    share = metric in SHARES
    title = f"{averages.split} {heading(metric)}{' %' if share else ''}"
    return Plot(title, series, height, end=float(end), unit="step", log="auto" if not share else False,
                top=100.0 if share else None)  # fmt: skip


def marks_of(names: Sequence[str]) -> list[str]:
    """The first letters of the names where they differ, else a, b, c, ..."""
    first = [name[:1] for name in names]
    alike = len(set(first)) < len(first) or not all(letter.isalpha() and letter.isascii() for letter in first)
    return list(LETTERS[: len(names)]) if alike else first
