"""Figures as files: what is drawn of which character, alike in all kinds, and the same bytes for the same figure."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from PIL import Image
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.text import Text

from dllab.views.curves import Plot, Series
from dllab.views.next_steps import NextSteps
from dllab.views.save import fonts
from dllab.views.save.blocks import Rect, dots, is_shape, rects, shade
from dllab.views.save.cells import CELL, LINE, MARGIN, cells, columns_of, drawn, plain, terminal
from dllab.views.save.figure import ENDINGS, figure
from dllab.views.save.png import MOST_CELLS, TooLarge, png
from dllab.views.save.svg import text_of

BACK = (13, 17, 23)
FRONT = (214, 220, 228)


class Sample:
    """Half blocks where there is colour, shades where there is none; letters, lines, dots, and a width."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.color_system is None or console.no_color:
            yield Text("▒░ no colour")
        else:
            yield Text.assemble(("▀", "#102030 on #405060"), ("▄█", "#708090"), " a<b")
        yield Text("-" * options.max_width)
        yield Text.assemble("⠁⣿─│", (" é日✓", "bold"), ("dim", "dim"), "░")
        yield Plot("loss", (Series("train", [0, 1, 2], [3.0, 2.0, 1.0], "#56b4e9"),), 6)


def opened(shown: object, width: int = 80) -> Image.Image:
    """The PNG of a figure, as Pillow opens it."""
    return Image.open(io.BytesIO(figure(shown, ".png", "test", width))).convert("RGB")  # type: ignore[arg-type]


def pixel(picture: Image.Image, column: int, line: int, x: float, y: float) -> tuple[int, ...]:
    """The colour in a cell at a place of CELL x LINE."""
    at = 2 * (MARGIN + CELL * column + x), 2 * (MARGIN + LINE * line + y)
    found = picture.getpixel((int(at[0]), int(at[1])))
    assert isinstance(found, tuple)
    return found


@pytest.fixture
def no_system_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fonts, "FONTS", ())
    monkeypatch.setattr(fonts, "OTHERS", ())
    for kept in (fonts.glyph, fonts.regular):
        kept.cache_clear()
    yield
    for kept in (fonts.glyph, fonts.regular):
        kept.cache_clear()


# ---- characters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character", "found"),
    [
        ("▀", [(0, 0, 10, 10)]), ("▄", [(0, 10, 10, 20)]), ("█", [(0, 0, 10, 20)]), ("▌", [(0, 0, 5, 20)]),
        ("▁", [(0, 17.5, 10, 20)]), ("▇", [(0, 2.5, 10, 20)]), ("▏", [(0, 0, 1.25, 20)]), ("▉", [(0, 0, 8.75, 20)]),
        ("▐", [(5, 0, 10, 10), (5, 10, 10, 20)]), ("▘", [(0, 0, 5, 10)]), ("▗", [(5, 10, 10, 20)]),
        ("▚", [(0, 0, 5, 10), (5, 10, 10, 20)]), ("▔", [(0, 0, 10, 2.5)]), ("▕", [(8.75, 0, 10, 20)]),
        ("▒", [(0, 0, 10, 20)]), ("─", [(0, 9, 10, 10)]), ("━", [(0, 8, 10, 12)]), ("│", [(4.5, 0, 5.5, 20)]),
        ("┃", [(3, 0, 7, 20)]), ("╺", [(3, 8, 10, 12)]), ("╸", [(0, 8, 7, 12)]),
        ("└", [(4.5, 0, 5.5, 10), (4.5, 9, 10, 10)]),
        ("┐", [(4.5, 9, 5.5, 20), (0, 9, 5.5, 10)]), ("╰", [(4.5, 0, 5.5, 10), (4.5, 9, 10, 10)]),
        ("├", [(4.5, 0, 5.5, 20), (4.5, 9, 10, 10)]), ("┴", [(4.5, 0, 5.5, 10), (0, 9, 10, 10)]),
        ("┼", [(4.5, 0, 5.5, 20), (0, 9, 10, 10)]),
        ("┡", [(3, 0, 7, 12), (4.5, 8, 5.5, 20), (3, 8, 10, 12)]),
        ("a", []), (" ", []), ("═", []), ("╱", []), ("●", []), ("", []),
    ],
)  # fmt: skip
def test_what_a_character_is_made_of(character: str, found: list[tuple[float, ...]]) -> None:
    assert [tuple(rect) for rect in rects(character)] == found
    assert is_shape(character) == bool(found)


def test_every_block_and_line_is_in_its_cell() -> None:
    for code in range(0x2500, 0x25A0):
        for rect in rects(chr(code)):
            assert 0 <= rect.left < rect.right <= CELL and 0 <= rect.top < rect.bottom <= LINE, chr(code)
    letters = [chr(code) for code in range(0x2500, 0x25A0) if not is_shape(chr(code))]
    assert letters == [chr(code) for code in (*range(0x2550, 0x256D), *range(0x2571, 0x2574))]  # double, slanting


def test_dashes_have_gaps() -> None:
    assert [(rect.left, rect.right) for rect in rects("╌")] == [(0, pytest.approx(10 / 3)), (5, pytest.approx(25 / 3))]
    assert len(rects("┊")) == 4 and len(rects("┄")) == 3


def test_shades_and_dots() -> None:
    assert [shade(character) for character in "░▒▓█"] == [0.25, 0.5, 0.75, 1.0]
    assert dots("⠁") == ((3, 2),) and dots("⢀") == ((8, 17),) and len(dots("⣿")) == 8 and dots("⠀") == dots("a") == ()
    assert is_shape("⠀")


def test_cells_of_wide_characters_and_accents() -> None:
    line = drawn(terminal(20, 5), Text("日e\u0301\ud800"))[0]
    assert [cell.text for cell in cells(line)] == ["日", "", "é", "\ufffd"]


# ---- all kinds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_figure_made_again_is_the_same(ending: str, width: int) -> None:
    assert figure(Sample(), ending, "test", width) == figure(Sample(), ending, "test", width)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_sizes(width: int) -> None:
    text = figure(Sample(), ".txt", "test", width).decode()
    lines = text.splitlines()
    assert max(map(len, lines)) == width and len(lines) == 9
    across, down = width * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    assert opened(Sample(), width).size == (2 * across, 2 * down)
    picture = figure(Sample(), ".svg", "test", width).decode()
    assert f'viewBox="0 0 {across} {down}" width="{across}" height="{down}"' in picture
    assert figure(Sample(), ".html", "test", width).decode().partition("<pre>\n")[2].count("\n") == len(lines) + 3


def test_a_picture_is_as_wide_as_its_longest_line() -> None:
    assert opened(Text("a" * 50), 200).size[0] == 2 * (50 * CELL + 2 * MARGIN)
    assert opened(Text("a"), 200).size[0] == 2 * (40 * CELL + 2 * MARGIN)


def test_text_is_what_is_seen_without_colour() -> None:
    lines = figure(Sample(), ".txt", "test", 50).decode("utf-8").splitlines()
    assert lines[:3] == ["▒░ no colour", "-" * 50, "⠁⣿─│ é日✓dim░"] and "\x1b" not in "".join(lines)


def test_svg() -> None:
    picture = figure(Sample(), ".svg", "a & b", 60).decode()
    ElementTree.fromstring(picture)
    assert "<title>a &amp; b</title>" in picture and text_of(picture).startswith("▀▄█ a<b\n")
    shapes = picture.partition("</desc>")[2]
    assert not [character for character in shapes if is_shape(character)]
    for piece in (
        '<rect x="16" y="16" width="10" height="20" fill="#405060"',
        '<rect x="16" y="16" width="10" height="10" fill="#102030"',
        '<rect x="26" y="26" width="10" height="10" fill="#708090"',
        '<rect x="36" y="16" width="10" height="20" fill="#708090"',
        'textLength="20" fill="#d6dce4" font-weight="bold">日</text>',
        'shape-rendering="crispEdges" opacity=".25"/>',
    ):
        assert piece in shapes


def test_equal_shapes_side_by_side_are_one() -> None:
    picture = figure(Text("▄▄▄││"), ".svg", "test").decode()
    found = re.findall(r'<rect x="(\d+\.?\d*)" y="\d+" width="(\d+)"', picture)
    assert found == [("16", "30"), ("50.5", "1"), ("60.5", "1")]


class Reader(HTMLParser):
    """The text of a page's <pre>, with the style each piece is in, and the page's title."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.title = "", ""
        self.styles: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        names = [tag for tag, _ in self.open]
        if "pre" in names:
            self.text += data
            self.styles[data] = self.open[-1][1].get("style") or ""
        elif "title" in names:
            self.title += data


def test_html() -> None:
    page = figure(Group(Sample(), Text.assemble(("  cyan", "#00ffff"))), ".html", "<a> & b", 60).decode()
    read = Reader()
    read.feed(page)
    picture = text_of(figure(Group(Sample(), Text("  cyan")), ".svg", "test", 60).decode())
    assert read.open == [] and read.title == "<a> & b" and read.text.removeprefix("\n") == picture
    assert not re.search(r"http|@import|url\(|href|<script|src=", page)
    assert read.styles["▀"] == "color:#102030;background-color:#405060;width:1ch"
    assert read.styles["日"] == "width:2ch" and read.styles["  cyan"] == "color:#00ffff"
    used = {f"u{ord(character):x}" for character in read.text if is_shape(character)}
    assert set(re.findall(r"pre \.(u\w+) \{ background: ", page)) == used
    assert "pre .u2584 { background: linear-gradient(currentColor, currentColor) 0 10px/100% 10px repeat-x; }" in page


# ---- pixels ----------------------------------------------------------------------------------------------------------


def test_half_blocks_on_the_pixels_of_their_cells() -> None:
    shown = Text.assemble(("▀", "#102030 on #405060"), ("▄", "#708090"), ("▌", "#ff0000"), (" ", "on #00ff00"))
    picture = opened(shown)
    upper, lower = (16, 32, 48), (64, 80, 96)
    for x in (0, 9.5):
        assert [pixel(picture, 0, 0, x, y) for y in (0, 9.5, 10, 19.5)] == [upper, upper, lower, lower]
        assert [pixel(picture, 1, 0, x, y) for y in (0, 9.5, 10, 19.5)] == [BACK, BACK, (112, 128, 144), (112, 128, 144)]
    assert [pixel(picture, 2, 0, x, 7) for x in (0, 4.5, 5, 9.5)] == [(255, 0, 0), (255, 0, 0), BACK, BACK]
    assert pixel(picture, 3, 0, 9.5, 19.5) == (0, 255, 0) and pixel(picture, 4, 0, 0, 0) == BACK
    assert picture.getpixel((0, 0)) == pixel(picture, 0, 0, -0.5, 0) == pixel(picture, 0, 0, 0, -0.5) == BACK


def test_dots_lines_and_shades() -> None:
    picture = opened(Text.assemble(("⠁⢀", "#56b4e9"), "─│░", ("█", "dim")))
    blue = (86, 180, 233)
    assert pixel(picture, 0, 0, 3, 2) == blue and pixel(picture, 0, 0, 8, 2) == pixel(picture, 0, 0, 3, 7) == BACK
    assert pixel(picture, 1, 0, 8, 17) == blue and pixel(picture, 1, 0, 3, 17) == BACK
    assert [pixel(picture, 2, 0, 5, y) for y in (8.5, 9, 9.5, 10)] == [BACK, FRONT, FRONT, BACK]
    assert [pixel(picture, 3, 0, x, 0) for x in (4, 4.5, 5, 5.5)] == [BACK, FRONT, FRONT, BACK]
    assert pixel(picture, 4, 0, 5, 10) == tuple(round(a / 4 + 3 * b / 4) for a, b in zip(FRONT, BACK))
    assert pixel(picture, 5, 0, 5, 10) == tuple(round(0.55 * a + 0.45 * b) for a, b in zip(FRONT, BACK))


def letters_in_their_cells(text: str) -> None:
    """Every letter has ink, in its colour, and none in the cells beside it."""
    for letter in text:
        picture = opened(Text(f" {letter} ", "#ff8000"))
        for column, inked in ((0, False), (1, True), (2, False)):
            left, top = 2 * (MARGIN + CELL * column), 2 * MARGIN
            colours = picture.crop((left, top, left + 2 * CELL, top + 2 * LINE)).getcolors() or []
            assert (len(colours) > 1) == inked, (letter, column)
            assert not inked or max(colour[0] for _, colour in colours if isinstance(colour, tuple)) > 200


def test_letters_stand_in_their_cells() -> None:
    letters_in_their_cells("iMW@g|")


@pytest.mark.usefixtures("no_system_font")
def test_letters_of_the_font_that_pillow_brings() -> None:
    assert fonts.regular(False)[0].getname()[0] == "Aileron"
    letters_in_their_cells("iMW@g✓→")
    assert opened(Sample()).size == (2 * (80 * CELL + 2 * MARGIN), 2 * (9 * LINE + 2 * MARGIN))
    assert figure(Sample(), ".png", "test") == figure(Sample(), ".png", "test")


@pytest.mark.usefixtures("no_system_font")
def test_signs_that_no_font_has_are_written_with_letters() -> None:
    assert opened(Text("✓●→≤")).tobytes() == opened(Text("v*><")).tobytes() != opened(Text("日")).tobytes()


def test_bold_is_another_picture() -> None:
    assert opened(Text("a")).tobytes() != opened(Text("a", "bold")).tobytes()
    assert opened(Text("a")).tobytes() != opened(Text("a", "underline")).tobytes()


def test_a_figure_that_is_too_large() -> None:
    lines = drawn(terminal(80, 24), Text("\n" * (MOST_CELLS // 80)))
    with pytest.raises(TooLarge, match="801 lines of 80 characters"):
        png(lines, 80)


def test_rectangles_from_edge_to_edge() -> None:
    assert Rect(0, 3, CELL, 4).across and not Rect(0, 0, 9, LINE).across


def test_a_figure_has_no_commands_to_try_next() -> None:
    shown = Group("a figure", Text(), NextSteps([("dllab train spirals", "train it")]))
    assert figure(shown, ".txt", "t").decode() == "a figure\n"
    assert "dllab train" in plain(drawn(terminal(80, 24), shown))


def test_coloured_spaces_at_the_end_of_the_longest_line_are_whole() -> None:
    assert columns_of(drawn(terminal(80, 24), Text.assemble("ab  ", ("   ", "on #405060"), "  "))) == 7
    assert columns_of(drawn(terminal(80, 24), Text("é日  "))) == 3
