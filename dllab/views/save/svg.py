"""Lines of a terminal as an SVG: letters as text, blocks, lines and Braille dots as shapes.

Nothing is loaded from elsewhere. The text as a whole is kept in `<desc>`: for people who hear the page, and for tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from rich.cells import cell_len

from dllab.views.save.blocks import DOT, Rect, dots, is_shape, rects, shade
from dllab.views.save.cells import CELL, DIM, FONT, LINE, MARGIN, THEME, Cell, Lines, cells, clean, plain, runs


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
        f'role="img">\n<title>{escape(clean(title))}</title>\n<desc>\n{escape(plain(lines))}</desc>\n{_moving(times)}'
        f'<rect width="{width}" height="{height}" rx="10" fill="{THEME.background_color.hex}"/>\n'
        f'<g font-family="{FONT}" font-size="16">\n{frames}{last}</g>\n</svg>\n'
    )


def text_of(picture: str) -> str:
    """The text in a picture's `<desc>`."""
    inside = picture.partition("<desc>\n")[2].partition("</desc>")[0]
    return inside.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


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
    return "".join(piece for number, line in enumerate(lines) for piece in _line(cells(line), MARGIN + LINE * number))


def _line(line: list[Cell], top: int) -> Iterator[str]:
    """Backgrounds first, then what stands on them."""
    for place, run in runs(line, lambda cell: cell.back):
        if run[0].back:
            yield _rect(Rect(0, 0, CELL * len(run), LINE), place, top, run[0].back)
    for place, run in runs(line, lambda cell: (_kind(cell.text), *cell[1:])):
        kind, first = _kind(run[0].text), run[0]
        if kind == "dots":
            path = "".join(_dots(cell.text, place + i, top) for i, cell in enumerate(run))
            yield (
                f'<path d="{path}" stroke="{first.colour}" stroke-width="{DOT}" stroke-linecap="round"'
                f"{_faint(first, 1.0)}/>\n"
            )
        elif kind == "shape":
            yield from _shapes(run, place, top)
        elif kind != "space":
            yield _text(run, place, top)


def _kind(text: str) -> str:
    """How it is drawn; letters of other alphabets and signs each for itself, as fonts make them of any width."""
    if text in ("", " "):
        return "space"
    if is_shape(text):
        return "shape" if rects(text) else "dots"
    return "text" if text.isascii() else text


def _shapes(run: list[Cell], place: int, top: int) -> Iterator[str]:
    """The rectangles of cells of one look; those of equal characters that meet at the edges are one."""
    for start, same in runs(run, lambda cell: cell.text):
        text, faint = same[0].text, _faint(same[0], shade(same[0].text))
        for rect in rects(text):
            if rect.across:
                yield _rect(rect._replace(right=CELL * len(same)), place + start, top, same[0].colour, faint)
            else:
                yield from (_rect(rect, place + start + i, top, same[0].colour, faint) for i in range(len(same)))


def _text(run: list[Cell], place: int, top: int) -> str:
    text = "".join(cell.text for cell in run)
    more = ' font-weight="bold"' if run[0].bold else ""
    more += ' text-decoration="underline"' if run[0].underline else ""
    return (
        f'<text x="{MARGIN + CELL * place}" y="{top + 15}" textLength="{CELL * cell_len(text)}" fill="{run[0].colour}"'
        f"{more}{_faint(run[0], 1.0)}>{escape(text)}</text>\n"
    )


def _faint(cell: Cell, share: float) -> str:
    seen = share * (DIM if cell.dim else 1.0)
    return "" if seen == 1.0 else f' opacity="{seen:.4g}"'.replace('"0.', '".')


def _rect(rect: Rect, place: int, top: int, colour: str, more: str = "") -> str:
    left, width, height = MARGIN + CELL * place + rect.left, rect.right - rect.left, rect.bottom - rect.top
    return (
        f'<rect x="{left:.10g}" y="{top + rect.top:.10g}" width="{width:.10g}" height="{height:.10g}" fill="{colour}"'
        f' shape-rendering="crispEdges"{more}/>\n'
    )


def _dots(text: str, place: int, top: int) -> str:
    return "".join(f"M{MARGIN + CELL * place + x} {top + y}h0" for x, y in dots(text))
