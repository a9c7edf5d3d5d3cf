"""What a terminal that takes colours and all characters would show, cell by cell; not the user's terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from unicodedata import normalize

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

CELL, LINE, MARGIN = 10, 20, 16  # pixels
FONT = "'DejaVu Sans Mono', ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace"
DIM = 0.55
"""How much of a dim colour is seen."""

THEME = TerminalTheme(
    (13, 17, 23), (214, 220, 228),
    [(72, 79, 88), (255, 123, 114), (86, 211, 100), (227, 179, 65), (121, 192, 255), (210, 168, 255), (86, 212, 221),
     (177, 186, 196)],
)  # fmt: skip
NO_SIGN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no picture and no page may have in its text."""

Lines = Sequence[Sequence[Segment]]


class Cell(NamedTuple):
    """One cell: what stands in it, and how. The second cell of a wide character has no text; `back` may be ""."""

    text: str
    colour: str
    back: str
    bold: bool
    dim: bool
    underline: bool


class Paper(Console):
    """Has the figure alone: nothing that belongs to a session at a terminal, such as commands to try next."""


def terminal(width: int, height: int, colour: bool = True, kind: type[Console] = Console) -> Console:
    """A console that takes all characters, and colours if it may, and shows nothing."""
    return kind(
        file=io.StringIO(), width=width, height=height, force_terminal=colour, color_system="truecolor" if colour else None,
        no_color=not colour, legacy_windows=False, highlight=False, markup=False, emoji=False, _environ={},
    )  # fmt: skip


def drawn(console: Console, *shown: RenderableType) -> list[list[Segment]]:
    """The lines of what is shown, one thing below the other."""
    return console.render_lines(Group(*shown), console.options.update(height=None), pad=False)


def plain(lines: Lines) -> str:
    """The text of the lines, spaces at line ends left out."""
    text = "".join("".join(s.text for s in line if not s.control).rstrip() + "\n" for line in lines)
    return clean(text.rstrip("\n")) + "\n"


def clean(text: str) -> str:
    """The text with a sign for each character that cannot be shown."""
    return NO_SIGN.sub("\ufffd", text)


def columns_of(lines: Lines) -> int:
    """The cells of the longest line; spaces at its end count where they have a colour."""
    seen = (place + 1 for line in lines for place, cell in enumerate(cells(line)) if cell.back or cell.text != " ")
    return max(seen, default=0)


def cells(line: Iterable[Segment]) -> list[Cell]:
    """The cells of a line."""
    found: list[Cell] = []
    for segment in line:
        if segment.control:
            continue
        style = segment.style or Style()
        front = _hex(style, "color", True) or THEME.foreground_color.hex
        back = _hex(style, "bgcolor", False)
        if style.reverse:
            front, back = back or THEME.background_color.hex, front
        look = front, back, bool(style.bold), bool(style.dim), bool(style.underline)
        for character in clean(segment.text.rstrip("\n")):
            wide = cell_len(character)
            if wide == 0 and found:  # an accent, say, that stands on the character before
                found[-1] = found[-1]._replace(text=normalize("NFC", found[-1].text + character))
            else:
                found += [Cell(character, *look), *[Cell("", *look)] * (wide - 1)]
    return found


def _hex(style: Style, of: str, foreground: bool) -> str:
    colour = getattr(style, of)
    return "" if colour is None or colour.is_default else colour.get_truecolor(THEME, foreground).hex


def runs(line: Sequence[Cell], by: Callable[[Cell], Any]) -> Iterator[tuple[int, list[Cell]]]:
    """Cells in a row that are alike in something, each run with the column it begins at."""
    place = 0
    for _, run in groupby(line, key=by):
        members = list(run)
        yield place, members
        place += len(members)


def mixed(cell: Cell, share: float = 1.0) -> str:
    """The colour that is seen where `share` of the cell's colour, less if it is dim, lies on what is behind it."""
    seen = share * (DIM if cell.dim else 1.0)
    if seen == 1.0:
        return cell.colour
    front, back = rgb(cell.colour), rgb(cell.back or THEME.background_color.hex)
    return "#" + "".join(f"{round(seen * a + (1 - seen) * b):02x}" for a, b in zip(front, back))


def rgb(colour: str) -> tuple[int, int, int]:
    """`#0a0b0c` as numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
