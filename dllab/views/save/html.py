"""Lines of a terminal as a page: text to be copied, in which blocks, lines and Braille dots are drawn as backgrounds.

So they meet whatever font there is. Nothing is loaded, and there are no scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rich.cells import cell_len

from dllab.views.save.blocks import DOT, Rect, dots, is_shape, rects, shade
from dllab.views.save.cells import CELL, FONT, LINE, MARGIN, THEME, Cell, Lines, cells, clean, mixed, runs

STYLE = f"""\
html {{ background: {THEME.background_color.hex}; color: {THEME.foreground_color.hex}; }}
body {{ margin: {MARGIN}px; }}
pre {{ margin: 0; font: 16px/{LINE}px {FONT}; font-variant-ligatures: none; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }}
pre * {{ display: inline-block; height: {LINE}px; vertical-align: top; font-style: normal; font-weight: normal; }}
pre b {{ font-weight: bold; }}
pre i {{ text-align: center; }}
pre s {{ text-decoration: none; color: currentColor; -webkit-text-fill-color: transparent; }}
"""
"""Letters are in `span` or `b`, signs that a font may make of any width in `i`, shapes in `s`."""
FIRST_RARE = "\u0250"
"""What comes before are the letters of Latin alphabets, which every font has."""


def html(lines: Lines, title: str) -> str:
    """The page of these lines."""
    split = [cells(line) for line in lines]
    body = "".join("".join(_line(line)) + "\n" for line in split)
    shapes = sorted({cell.text for line in split for cell in line if is_shape(cell.text)})
    rules = "".join(f"pre .{_name(text)} {{ background: {', '.join(_layers(text)) or 'none'}; }}\n" for text in shapes)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(clean(title))}</title>\n'
        f"<style>\n{STYLE}{rules}</style>\n</head>\n<body>\n<pre>\n{body}</pre>\n</body>\n</html>\n"
    )


def _line(line: list[Cell]) -> Iterator[str]:
    for _, run in runs(line, lambda cell: (_kind(cell.text), *cell[1:])):
        kind = _kind(run[0].text)
        if kind == "text":
            text = "".join(cell.text for cell in run)
            style = _style(run[0], blank=text.isspace())
            tag = "b" if run[0].bold and not text.isspace() else "span"
            yield _element(tag, style, text) if tag == "b" or style else escape(text)
        elif kind == "sign":
            yield from (_element("i", f"{_style(cell)}width:{cell_len(cell.text)}ch", cell.text) for cell in run)
        elif kind:  # equal shapes, drawn as the tiles of one background
            yield _element("s", f"{_style(run[0])}width:{len(run)}ch", kind * len(run), _name(kind))


def _kind(text: str) -> str:
    """How it is shown: shapes each for itself; nothing for the second cell of a wide character."""
    if not text or is_shape(text):
        return text
    return "text" if all(character < FIRST_RARE for character in text) else "sign"


def _element(tag: str, style: str, text: str, name: str = "") -> str:
    named = f' class="{name}"' if name else ""
    styled = f' style="{style.rstrip(";")}"' if style else ""
    return f"<{tag}{named}{styled}>{escape(text)}</{tag}>"


def _style(cell: Cell, blank: bool = False) -> str:
    """Colours and underlining, where they are not those of the page."""
    colour = mixed(cell, shade(cell.text))
    style = "" if colour == THEME.foreground_color.hex or blank else f"color:{colour};"
    style += f"background-color:{cell.back};" if cell.back else ""
    return style + ("text-decoration:underline;" if cell.underline else "")


def _name(shape: str) -> str:
    return f"u{ord(shape):x}"


def _layers(shape: str) -> Iterator[str]:
    """The background images, one cell wide or across all, that make up a shape in the element's colour."""
    for rect in rects(shape):
        width = "100%" if rect.across else "1ch"
        yield f"{_image(rect)} 0 {rect.top:g}px/{width} {rect.bottom - rect.top:g}px repeat-x"
    for x, y in dots(shape):
        round_ = f"circle at {100 * x / CELL:g}% {y:g}px, currentColor {DOT / 2 - 0.25:g}px, #0000 {DOT / 2 + 0.25:g}px"
        yield f"radial-gradient({round_}) 0 0/1ch {LINE}px repeat-x"


def _image(rect: Rect) -> str:
    if rect.across:
        return "linear-gradient(currentColor, currentColor)"
    left, right = f"{100 * rect.left / CELL:g}%", f"{100 * rect.right / CELL:g}%"
    return f"linear-gradient(90deg, #0000 {left}, currentColor {left} {right}, #0000 {right})"
