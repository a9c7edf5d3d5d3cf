"""Lines of a terminal as a PNG: blocks, lines and Braille dots on the pixels of their cells, letters of a font."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from rich.cells import cell_len

from dllab.views.save.blocks import DOT, dots, is_shape, rects, shade
from dllab.views.save.cells import MARGIN, THEME, Cell, Lines, cells, mixed, rgb, runs
from dllab.views.save.fonts import HEIGHT, SCALE, WIDTH, glyph

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

EDGE = SCALE * MARGIN
MOST_CELLS = 64_000
"""About 50 million pixels; larger ones fill memories, and few programs open them."""
FINER = 8  # how many times larger a dot is drawn, so that it is round


class TooLarge(Exception):
    """More lines than a picture should have."""


def png(lines: Lines, columns: int) -> bytes:
    """The picture of these lines. Raises TooLarge."""
    from PIL import Image, ImageDraw

    if columns * len(lines) > MOST_CELLS:
        raise TooLarge(f"{len(lines)} lines of {columns} characters")
    size = columns * WIDTH + 2 * EDGE, len(lines) * HEIGHT + 2 * EDGE
    picture = Image.new("RGB", size, THEME.background_color.hex)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        _line(picture, draw, cells(line), EDGE + HEIGHT * number)
    file = io.BytesIO()
    picture.save(file, "PNG", dpi=(72 * SCALE, 72 * SCALE))
    return file.getvalue()


def _line(picture: Image, draw: ImageDraw, line: list[Cell], top: int) -> None:
    """Backgrounds first, then what stands on them."""
    for place, run in runs(line, lambda cell: cell.back):
        if run[0].back:
            _fill(draw, EDGE + WIDTH * place, top, WIDTH * len(run), HEIGHT, run[0].back)
    for place, cell in enumerate(line):
        left = EDGE + WIDTH * place
        if is_shape(cell.text):
            _shape(picture, draw, cell, left, top)
        elif cell.text.strip():
            across = max(1, cell_len(cell.text))
            picture.paste(rgb(mixed(cell)), (left, top), glyph(cell.text, across, cell.bold))
        if cell.underline:
            _fill(draw, left, top + HEIGHT - 3 * SCALE, WIDTH, SCALE, mixed(cell))


def _shape(picture: Image, draw: ImageDraw, cell: Cell, left: int, top: int) -> None:
    colour = mixed(cell, shade(cell.text))
    for rect in rects(cell.text):
        x, y = round(SCALE * rect.left), round(SCALE * rect.top)
        right, bottom = round(SCALE * rect.right), round(SCALE * rect.bottom)
        _fill(draw, left + x, top + y, right - x, bottom - y, colour)
    for across, down in dots(cell.text):
        corner = round(SCALE * (across - DOT / 2)), round(SCALE * (down - DOT / 2))
        picture.paste(rgb(colour), (left + corner[0], top + corner[1]), _dot())


def _fill(draw: ImageDraw, left: int, top: int, width: int, height: int, colour: str) -> None:
    draw.rectangle((left, top, left + width - 1, top + height - 1), colour)


@cache
def _dot() -> Image:
    """How much of each pixel a Braille dot covers."""
    from PIL import Image, ImageDraw

    size = SCALE * DOT
    large = Image.new("L", (FINER * size, FINER * size))
    ImageDraw.Draw(large).ellipse((0, 0, FINER * size - 1, FINER * size - 1), 255)
    return large.resize((size, size), Image.Resampling.BOX)
