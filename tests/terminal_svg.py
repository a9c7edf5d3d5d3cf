"""What a terminal shows, as an SVG: letters as text, half blocks, lines and Braille dots as shapes.

A font need not have those characters, nor fit them to its lines, so they are drawn. Nothing is loaded from elsewhere.
The text as a whole is kept in `<desc>`: for people who hear the page, and for tests.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

CELL, LINE, MARGIN = 10, 20, 16  # pixels
FONT = "'DejaVu Sans Mono', ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace"
BRAILLE = 0x2800
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dots of a Braille character, by their bit."""

THEME = TerminalTheme(
    (13, 17, 23), (214, 220, 228),
    [(72, 79, 88), (255, 123, 114), (86, 211, 100), (227, 179, 65), (121, 192, 255), (210, 168, 255), (86, 212, 221),
     (177, 186, 196)],
)  # fmt: skip
Lines = Sequence[Sequence[Segment]]
Cell = tuple[str, str, str, bool, bool]
"""Character, colour, background (or ""), bold, dim."""


def terminal(width: int, height: int) -> Console:
    """A console that takes colours and all characters, and shows nothing."""
    return Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system="truecolor", legacy_windows=False,
        highlight=False, markup=False, emoji=False, _environ={},
    )  # fmt: skip


def drawn(console: Console, *shown: RenderableType) -> list[list[Segment]]:
    """The lines of what is shown, one thing below the other."""
    return console.render_lines(Group(*shown), console.options.update(height=None), pad=False)


def plain(lines: Lines) -> str:
    """The text of the lines, spaces at line ends left out."""
    return "".join("".join(s.text for s in line if not s.control).rstrip() + "\n" for line in lines).rstrip("\n") + "\n"


def svg(lines: Lines, columns: int, title: str, before: Sequence[Lines] = (), times: Sequence[float] = ()) -> str:
    """The picture of these lines; it moves if there are other frames `before`.

    Frame i is there until `times[i]` seconds have passed; then all begins anew. Where nothing may move, or can, these
    lines alone are seen.
    """
    width, height = columns * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    frames = "".join(f'<g class="f{i}" visibility="hidden">\n{_body(frame)}</g>\n' for i, frame in enumerate(before))
    last = f'<g class="f{len(before)}">\n{_body(lines)}</g>\n'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img">\n<title>{escape(title)}</title>\n<desc>\n{escape(plain(lines))}</desc>\n{_moving(times)}'
        f'<rect width="{width}" height="{height}" rx="10" fill="{THEME.background_color.hex}"/>\n'
        f'<g font-family="{FONT}" font-size="16">\n{frames}{last}</g>\n</svg>\n'
    )


def _moving(times: Sequence[float]) -> str:
    """The style by which one frame follows the other."""
    if not times:
        return ""
    rules, began = [], 0.0
    for i, ends in enumerate(times):
        shares = f"{100 * began / times[-1]:.2f}", f"{100 * ends / times[-1]:.2f}"
        before = "" if not began else "0%{visibility:hidden}"
        after = "" if ends == times[-1] else shares[1] + "%{visibility:hidden}"
        rules.append(f"@keyframes k{i}{{{before}{shares[0]}%{{visibility:visible}}{after}}}\n")
        rules.append(f".f{i}{{animation:k{i} {times[-1]:g}s step-end infinite}}\n")
        began = ends
    return f"<style>@media (prefers-reduced-motion: no-preference) {{\n{''.join(rules)}}}</style>\n"


def _body(lines: Lines) -> str:
    return "".join(
        piece for number, line in enumerate(lines) for piece in _line(list(_cells(line)), MARGIN + LINE * number)
    )


def text_of(picture: str) -> str:
    """The text in a picture's `<desc>`."""
    inside = picture.partition("<desc>\n")[2].partition("</desc>")[0]
    return inside.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _cells(line: Iterable[Segment]) -> Iterator[Cell]:
    for segment in line:
        if segment.control:
            continue
        style = segment.style or Style()
        front = _hex(style, "color", True) or THEME.foreground_color.hex
        back = _hex(style, "bgcolor", False)
        if style.reverse:
            front, back = back or THEME.background_color.hex, front
        for character in segment.text.rstrip("\n"):
            yield character, front, back, bool(style.bold), bool(style.dim)


def _hex(style: Style, of: str, foreground: bool) -> str:
    colour = getattr(style, of)
    return "" if colour is None or colour.is_default else colour.get_truecolor(THEME, foreground).hex


def _line(cells: list[Cell], top: int) -> Iterator[str]:
    """Backgrounds first, then what stands on them."""
    for place, run in _runs(cells, lambda cell: cell[2]):
        if run[0][2]:
            yield _rect(place, top, len(run), LINE, run[0][2])
    for place, run in _runs(cells, lambda cell: (_kind(cell[0]), *cell[1:])):
        kind, (_, colour, _, bold, dim) = _kind(run[0][0]), run[0]
        faint = ' opacity=".55"' if dim else ""
        if kind == "half":
            yield _rect(place, top, len(run), LINE // 2, colour)
        elif kind == "axis":
            yield _rect(place + 0.45, top, 0.1, LINE, colour, faint)
        elif kind in ("bar", "line"):
            thick = 4 if kind == "bar" else 1
            yield _rect(place, top + (LINE - thick) // 2, len(run), thick, colour, faint)
        elif kind == "dots":
            dots = "".join(_dots(ord(cell[0]) - BRAILLE, place + i, top) for i, cell in enumerate(run))
            yield f'<path d="{dots}" stroke="{colour}" stroke-width="3" stroke-linecap="round"{faint}/>\n'
        elif kind != "space":
            text = "".join(cell[0] for cell in run)
            weight = ' font-weight="bold"' if bold else ""
            yield (
                f'<text x="{MARGIN + CELL * place}" y="{top + 15}" textLength="{CELL * len(run)}" fill="{colour}"'
                f"{weight}{faint}>{escape(text)}</text>\n"
            )


def _runs(cells: list[Cell], by: object) -> Iterator[tuple[int, list[Cell]]]:
    place = 0
    for _, run in groupby(cells, key=by):  # type: ignore[call-overload]
        members = list(run)
        yield place, members
        place += len(members)


def _kind(character: str) -> str:
    """How it is drawn; letters of other alphabets and signs each for itself, as fonts make them of any width."""
    drawn = {" ": "space", "▀": "half", "━": "bar", "─": "line", "│": "axis"}
    if BRAILLE <= ord(character) <= BRAILLE + 255:
        return "dots"
    return drawn.get(character, "text" if character.isascii() else character)


def _rect(place: float, top: int, columns: float, height: int, colour: str, more: str = "") -> str:
    return (
        f'<rect x="{MARGIN + CELL * place:g}" y="{top}" width="{CELL * columns:g}" height="{height}" fill="{colour}"'
        f' shape-rendering="crispEdges"{more}/>\n'
    )


def _dots(bits: int, place: int, top: int) -> str:
    return "".join(
        f"M{MARGIN + CELL * place + 3 + 5 * column} {top + 2 + 5 * row}h0"
        for bit, (column, row) in enumerate(DOTS)
        if bits >> bit & 1
    )
