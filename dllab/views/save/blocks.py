"""Characters that are shapes rather than letters: blocks, shades, lines and Braille dots, as they lie in a cell.

A font need not have them, nor fit them to its lines, so they are drawn. Unicode's names of lines say what they look like.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from dllab.views.save.cells import CELL, LINE

BRAILLE = 0x2800
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dots of a Braille character, by their bit."""
DOT = 3  # pixels across

SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
EIGHTHS_UP, EIGHTHS_ACROSS = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█"
QUARTERS = dict(zip("▘▝▀▖▌▞▛▗▚▐▜▄▙▟█", range(1, 16)))
"""Which quarters are filled, a bit for each: upper left, upper right, lower left, lower right."""

THICK = {"LIGHT": 1, "HEAVY": 4}
DASHES = {"DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}
SIDES = {"UP": ("UP",), "DOWN": ("DOWN",), "LEFT": ("LEFT",), "RIGHT": ("RIGHT",),
         "HORIZONTAL": ("LEFT", "RIGHT"), "VERTICAL": ("UP", "DOWN")}  # fmt: skip


class Rect(NamedTuple):
    """A rectangle in a cell of CELL x LINE; fractions of a pixel are fine."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def across(self) -> bool:
        """Whether it goes from edge to edge, and so makes one with the next."""
        return self.left == 0 and self.right == CELL


@cache
def rects(character: str) -> tuple[Rect, ...]:
    """The rectangles a character is made of; none for letters."""
    if len(character) != 1:
        return ()
    if character in SHADES:
        return (Rect(0, 0, CELL, LINE),)
    if character in EIGHTHS_UP:
        return (Rect(0, LINE * (7 - EIGHTHS_UP.index(character)) / 8, CELL, LINE),)
    if character in EIGHTHS_ACROSS:
        return (Rect(0, 0, CELL * (1 + EIGHTHS_ACROSS.index(character)) / 8, LINE),)
    if character == "▀":
        return (Rect(0, 0, CELL, LINE // 2),)
    if character in "▔▕":
        return (Rect(0, 0, CELL, LINE / 8) if character == "▔" else Rect(CELL * 7 / 8, 0, CELL, LINE),)
    if character in QUARTERS:
        return tuple(_quarters(QUARTERS[character]))
    return tuple(_lines(character)) if 0x2500 <= ord(character) < 0x2580 else ()


def shade(character: str) -> float:
    """How much of its rectangles is filled."""
    return SHADES.get(character, 1.0)


@cache
def dots(character: str) -> tuple[tuple[int, int], ...]:
    """The middles of a Braille character's dots; none for others."""
    bits = ord(character) - BRAILLE if len(character) == 1 else -1
    if not 0 <= bits < 256:
        return ()
    return tuple((3 + 5 * column, 2 + 5 * row) for bit, (column, row) in enumerate(DOTS) if bits >> bit & 1)


def is_shape(character: str) -> bool:
    """Whether it is drawn, and no letter; the Braille character without a dot is."""
    return bool(rects(character)) or (len(character) == 1 and 0 <= ord(character) - BRAILLE < 256)


def _quarters(bits: int) -> Iterator[Rect]:
    for bit in range(4):
        if bits >> bit & 1:
            left, top = bit % 2 * CELL // 2, bit // 2 * LINE // 2
            yield Rect(left, top, left + CELL // 2, top + LINE // 2)


def _lines(character: str) -> Iterator[Rect]:
    """A line's rectangles, from the edges to behind where they meet. Double and slanting lines stay letters."""
    name = unicodedata.name(character).removeprefix("BOX DRAWINGS ")
    dashes = next((count for dash, count in DASHES.items() if f"{dash} DASH" in name), 1)
    up, down, left, right = _arms(re.sub(r"\w+ DASH |ARC ", "", name))
    level, upright = max(left, right) or max(up, down), max(up, down) or max(left, right)
    for start, end, low, high in _along(up, down, LINE, CELL, _centred(LINE, level), dashes):
        yield Rect(low, start, high, end)
    for start, end, low, high in _along(left, right, CELL, LINE, _centred(CELL, upright), dashes):
        yield Rect(start, low, end, high)


def _arms(name: str) -> tuple[int, int, int, int]:
    """How thick the lines up, down, left and right are, by a name such as `DOWN LIGHT AND RIGHT UP HEAVY`."""
    arms, thick = dict.fromkeys(("UP", "DOWN", "LEFT", "RIGHT"), 0), 0
    if "DOUBLE" not in name and "DIAGONAL" not in name:
        for part in name.split(" AND "):
            words = part.split()
            thick = next((THICK[word] for word in words if word in THICK), thick)
            arms.update({side: thick for word in words for side in SIDES.get(word, ())})
    return arms["UP"], arms["DOWN"], arms["LEFT"], arms["RIGHT"]


def _along(
    first: int, second: int, length: int, across: int, meeting: tuple[float, float], dashes: int
) -> Iterator[tuple[float, float, float, float]]:
    """The pieces of the lines from both ends: start and end, and how they lie across."""
    if first and first == second:
        piece = length / dashes
        for i in range(dashes):
            yield i * piece, (i + 1) * piece - (piece / 3 if dashes > 1 else 0), *_centred(across, first)
        return
    if first:
        yield 0, meeting[1], *_centred(across, first)
    if second:
        yield meeting[0], length, *_centred(across, second)


def _centred(length: int, thick: int) -> tuple[float, float]:
    """Where a line lies that goes through the middle; a level one on whole pixels."""
    low = (length - thick) // 2 if length == LINE else (length - thick) / 2
    return low, low + thick
