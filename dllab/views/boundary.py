"""The plane of a net's two inputs: which class it gives to each place, and where the training points lie.

Colour shows the regions finely (two pixels a character, by half blocks); letters show the same without it: small letters
are what the net says, capitals are training points with the class they have. A capital among other small letters is
a point the net gets wrong. Where it is known how sure the net is, its colours fade to grey, and signs to blanks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.views.colours import mixed

REGIONS = ("#005f87", "#875f00", "#00875f", "#875f87", "#0087af", "#870000", "#878700", "#585858")
"""Colours that a terminal of 256 has exactly, and that stay apart for the colour-blind where they are likely to meet."""

POINTS = ("#afd7ff", "#ffd787", "#afffd7", "#ffafd7", "#d7ffff", "#ffaf87", "#ffffaf", "#ffffff")
SHADES = "·░▒▓-+=:"
ASCII_SHADES = ".-+=:~*%"
UNSURE = "#9e9e9e"
FADES = 4
"""Steps in which a region's colour goes over to UNSURE."""
BLANK = 0.75
"""Less sure than this is blank where there is no colour."""
LATTICE = (6, 3)  # a small letter every so many columns and lines


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane as pixels, two above each other in a character.

    classes (2 H, W): the class at each pixel, top row first. points: (column, row, class). names: of the classes.
    sure (2 H, W): the probability of that class, if it is known. blanks: what is under BLANK is blank without colour.
    """

    classes: np.ndarray
    points: tuple[tuple[int, int, int], ...]
    names: tuple[str, ...] = ()
    sure: np.ndarray | None = None
    blanks: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """H lines of W characters, and a line that names the classes."""
        colours = console.color_system is not None and not console.no_color and not options.ascii_only
        on_top = {(column, row // 2): label for column, row, label in self.points}
        shades = self._shades() if colours else None
        for line in range(len(self.classes) // 2):
            text = Text(no_wrap=True)
            cells = []
            for column in range(self.classes.shape[1]):
                above, below = (int(self.classes[2 * line + half, column]) for half in (0, 1))
                point, marked = on_top.get((column, line)), _on_lattice(column, line)
                if shades is not None:
                    pair = shades[2 * line][column], shades[2 * line + 1][column]
                    cells.append(_coloured(above, below, pair, point, marked))
                elif point is None and self.blanks and self.sure is not None and self.sure[2 * line, column] < BLANK:
                    cells.append((" ", ""))
                else:
                    cells.append((_plain(above, point, marked, options.ascii_only), ""))
            for style, run in groupby(cells, key=lambda cell: cell[1]):
                text.append("".join(character for character, _ in run), style)
            yield text
        yield self._legend(options.max_width)

    def _shades(self) -> list[list[str]]:
        """The colour of each pixel."""
        if self.sure is None:
            return [[REGIONS[label % len(REGIONS)] for label in row] for row in self.classes.tolist()]
        least = 1 / max(len(self.names), 2)
        levels = np.clip((self.sure - least) / (1 - least) * FADES, 0, FADES).round().astype(int)
        return [
            [mixed(UNSURE, REGIONS[label % len(REGIONS)], level / FADES) for label, level in zip(*rows)]
            for rows in zip(self.classes.tolist(), levels.tolist())
        ]

    def _legend(self, width: int) -> Text:
        shown = min(max(len(self.names), int(self.classes.max(initial=0)) + 1), 26)
        wordy = any(name not in ("", str(index)) for index, name in enumerate(self.names))
        pieces = []
        for index in range(shown):
            name = self.names[index] if index < len(self.names) else str(index)
            pieces.append(f"{letter(index).upper()} {name}" if wordy else f"{letter(index).upper()}={name}")
        line = Text("  ".join(pieces), no_wrap=True, overflow="ellipsis")
        line.truncate(width, overflow="ellipsis")
        return line


def letter(label: int) -> str:
    """The small letter of a class."""
    return chr(ord("a") + label % 26)


def _on_lattice(column: int, line: int) -> bool:
    return column % LATTICE[0] == (LATTICE[0] // 2 if line // LATTICE[1] % 2 else 0) and line % LATTICE[1] == 1


def _coloured(above: int, below: int, shades: tuple[str, str], point: int | None, marked: bool) -> tuple[str, str]:
    upper, lower = shades
    if point is not None:
        return letter(point).upper(), f"bold {POINTS[point % len(POINTS)]} on {REGIONS[above % len(REGIONS)]}"
    if marked and above == below:
        return letter(above), f"{POINTS[above % len(POINTS)]} on {upper}"
    return ("▀", f"{upper} on {lower}") if upper != lower else (" ", f"on {upper}")


def _plain(above: int, point: int | None, marked: bool, ascii_only: bool) -> str:
    if point is not None:
        return letter(point).upper()
    shades = ASCII_SHADES if ascii_only else SHADES
    return letter(above) if marked else shades[above % len(shades)]
