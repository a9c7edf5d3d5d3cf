"""A scale of numbers: which colour, or which character, stands for which, and the line that says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.text import Text

from dllab.views import colours
from dllab.views.text import number

SHADES, ASCII_SHADES = " ░▒▓█", " .:-=+*#%@"
POSITIVE, ASCII_POSITIVE, NEGATIVE = "░▒▓█", ".+*#", "-=oO"  # weak to strong
NAN, INFINITE = "?", "!"
STEPS = 16  # colours in the legend


@dataclass(frozen=True)
class Scale:
    """Numbers from low to high. `signed`: from -high to high, so that 0 is in the middle. `few`: with 256 colours."""

    low: float
    high: float
    signed: bool = False
    few: bool = False

    @classmethod
    def of(
        cls, values: ArrayLike, low: float | None = None, high: float | None = None, signed: bool = False, few: bool = False
    ) -> Scale:
        """The scale that these values span; what is infinite or no number is left out."""
        array = np.asarray(values, np.float64)
        finite = array[np.isfinite(array)]
        least = float(finite.min()) if low is None and finite.size else low or 0.0
        most = float(finite.max()) if high is None and finite.size else high or 0.0
        if signed:
            far = max(abs(least), abs(most)) or 1.0
            return cls(-far, far, True, few)
        return cls(least, max(least, most), False, few)

    def shares(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values lie, 0 at the low end and 1 at the high one; 0.5 if both are the same; NaN for what is no number."""
        array = np.asarray(values, np.float64)
        if self.high <= self.low:
            return np.where(np.isnan(array), np.nan, 0.5)
        inside = np.clip(array, self.low, self.high)
        return (inside / 2 - self.low / 2) / (self.high / 2 - self.low / 2)  # halves: a difference may exceed all numbers

    def colour(self, share: float) -> str:
        """The colour of a share."""
        return colours.signed(2 * share - 1, self.few) if self.signed else colours.amount(share, self.few)

    def shade(self, share: float, ascii_only: bool) -> str:
        """The character of a share; those of negative numbers look different from those of positive ones."""
        if np.isnan(share):
            return NAN
        if not self.signed:
            shades = ASCII_SHADES if ascii_only else SHADES
            return shades[round(share * (len(shades) - 1))]
        level = round((2 * share - 1) * len(NEGATIVE))
        if level < 0:
            return NEGATIVE[-level - 1]
        return " " if level == 0 else (ASCII_POSITIVE if ascii_only else POSITIVE)[level - 1]

    def legend(self, coloured: bool, ascii_only: bool, unit: str = "") -> Text:
        """What stands for the numbers between both ends: 0 [ ░▒▓█] 0.93; of signed ones on both sides of 0."""
        line, end = Text(end=""), f" {number(self.high, 3)} {unit}".rstrip()
        if self.high <= self.low:
            return line.append(f"all{end}")
        line.append(f"{number(self.low, 3)} ")
        if not self.signed:
            self._part(line, 0.0, 1.0, coloured, ASCII_SHADES if ascii_only else SHADES)
            return line.append(end)
        self._part(line, 0.0, 0.5, coloured, NEGATIVE[::-1])
        self._part(line.append(" 0 "), 0.5, 1.0, coloured, ASCII_POSITIVE if ascii_only else POSITIVE)
        return line.append(end)

    def key(self, coloured: bool, ascii_only: bool) -> Text:
        """What stands for negative and for positive numbers, where both ends differ from picture to picture."""
        line = Text("negative ", end="")
        self._part(line, 0.0, 0.5, coloured, NEGATIVE[::-1])
        self._part(line.append(" 0 "), 0.5, 1.0, coloured, ASCII_POSITIVE if ascii_only else POSITIVE)
        return line.append(" positive")

    def _part(self, line: Text, first: float, last: float, coloured: bool, shades: str) -> None:
        """What stands for the shares from the first to the last."""
        if not coloured:
            line.append(f"[{shades}]")
            return
        steps = round(STEPS * (last - first))
        for step in range(steps + 1):
            colour = self.colour(first + (last - first) * step / steps)
            line.append("▀", f"{colour} on {colour}")
