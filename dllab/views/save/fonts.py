"""Letters for pictures: of a font of the system whose letters are all as wide, or of the one that Pillow brings."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dllab.views.save.cells import CELL, LINE

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

SCALE = 2
"""Pixels of a picture for each pixel of a cell: sharp on a slide."""
WIDTH, HEIGHT, BASE, SIZE = SCALE * CELL, SCALE * LINE, SCALE * 15, SCALE * 16
"""A cell, the line letters stand on, and how large they are."""
FONTS = (
    ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"), ("Menlo.ttc", "Menlo.ttc"), ("consola.ttf", "consolab.ttf"),
    ("LiberationMono-Regular.ttf", "LiberationMono-Bold.ttf"), ("NotoSansMono-Regular.ttf", "NotoSansMono-Bold.ttf"),
    ("UbuntuMono-R.ttf", "UbuntuMono-B.ttf"), ("FreeMono.ttf", "FreeMonoBold.ttf"), ("cour.ttf", "courbd.ttf"),
)  # fmt: skip
"""Files by which systems know their fonts, and the bold ones; the first that is there is taken."""
OTHERS = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "seguisym.ttf", "msgothic.ttc")
"""Fonts of more alphabets and signs, for characters that the first one has not."""
MENLO_BOLD = 1  # the second font of its file
ALIKE = {
    "●": "*", "•": "*", "○": "o", "◦": "o", "■": "#", "□": "o", "◆": "*", "◇": "o", "▲": "^", "△": "^", "▼": "v", "▽": "v",
    "✓": "v", "✗": "x", "−": "-", "→": ">", "←": "<", "↑": "^", "↓": "v", "≤": "<", "≥": ">", "≈": "~", "µ": "u", "∧": "^",
}  # fmt: skip
"""What is written where no font has a character."""
NOWHERE = "\U0010ffff"
"""A character that no font has: what is drawn for it is drawn for all that a font has not."""


@cache
def glyph(text: str, cells: int, bold: bool) -> Image:
    """How much of each pixel a character covers, in a picture of its cells; it stands in the middle."""
    from PIL import Image, ImageDraw

    text, font, thicker = _found(text, bold)
    width = max(1, round(font.getlength(text)))
    room = cells * WIDTH
    drawn = Image.new("L", (max(width, room), HEIGHT))
    left = max(0, (room - width) // 2)
    for shift in range(1 + thicker):
        ImageDraw.Draw(drawn).text((left + shift, BASE), text, 255, font, anchor="ls")
    return drawn if width <= room else drawn.resize((room, HEIGHT), Image.Resampling.BILINEAR)


def _found(text: str, bold: bool) -> tuple[str, FreeTypeFont, int]:
    """What is written for a text, in which font, and how many pixels thicker than that has it."""
    main, thicker = regular(bold)
    if _has(main, text):
        return text, main, thicker
    for name in OTHERS:
        font = _opened(name)
        if font is not None and _has(font, text):
            return text, font, thicker
    return ALIKE.get(text, text), main, thicker


@cache
def regular(bold: bool) -> tuple[FreeTypeFont, int]:
    """The font for most letters, and how many pixels thicker than that has it they are drawn."""
    for usual, heavy in FONTS:
        if bold and (font := _opened(heavy, MENLO_BOLD if heavy == "Menlo.ttc" else 0)) is not None:
            return font, 0
        if (font := _opened(usual)) is not None:
            return font, int(bold)
    return _brought(), int(bold)


def _brought() -> FreeTypeFont:
    """Pillow's own font. Its letters are not all as wide, so it is a little smaller."""
    from PIL import ImageFont

    return ImageFont.load_default(SIZE - 2 * SCALE)  # type: ignore[return-value]


@cache
def _opened(name: str, index: int = 0) -> FreeTypeFont | None:
    """A font of the system, by the name of its file."""
    from PIL import ImageFont

    try:
        return ImageFont.truetype(name, SIZE, index, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None


def _has(font: FreeTypeFont, text: str) -> bool:
    return text.isascii() or bytes(font.getmask(text[0])) != bytes(font.getmask(NOWHERE))
