"""The pictures in docs/pictures show what the lab shows now, and are drawn with nothing from elsewhere.

DLLAB_WRITE_DOCS=1 draws them anew. Words are compared, and the numbers of what is exact: another processor may end in
other bits.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from marks import compiled_only
from pictures import FOLDER, PICTURES, check

from dllab.views.save.cells import drawn, plain, terminal
from dllab.views.save.svg import svg, text_of

ROOT = Path(__file__).parent.parent
TERMINAL = sorted(set(PICTURES) - {"engine.svg"})


def words(picture: str) -> list[str]:
    """The words of a picture in their order; neither numbers nor what is on the plane."""
    return re.findall(r"(?<![\w.])[a-z_]{3,}\b", text_of(picture))


@compiled_only
@pytest.mark.parametrize("name", TERMINAL)
def test_a_picture_says_what_the_command_says_now(name: str) -> None:
    assert words(check(name)) == words(PICTURES[name]())


def test_the_picture_of_the_engine_is_that_of_its_script() -> None:
    assert check("engine.svg") == PICTURES["engine.svg"]()


@compiled_only
@pytest.mark.parametrize("name", sorted(PICTURES))
def test_a_picture_made_again_is_the_same(name: str) -> None:
    assert PICTURES[name]() == PICTURES[name]()


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_a_picture_needs_nothing_from_elsewhere(name: str) -> None:
    picture = check(name)
    ElementTree.fromstring(picture)
    assert picture.count("http") == 1 and 'xmlns="http://www.w3.org/2000/svg"' in picture  # the name of the format
    assert not re.search(r"@import|@font-face|url\(|href|<script|<image", picture)


def test_every_picture_is_shown_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert {path.name for path in FOLDER.iterdir()} == set(PICTURES)
    assert shown == {path.resolve() for path in FOLDER.iterdir()}


def test_the_first_thing_in_the_readme_is_a_picture() -> None:
    before, _, _ = (ROOT / "README.md").read_text(encoding="utf-8").partition("](docs/pictures/train.svg)")
    assert len(before.splitlines()) <= 8


def test_characters_become_shapes() -> None:
    from rich.text import Text

    lines = drawn(terminal(20, 5), Text.assemble(("▀▀", "#112233 on #445566"), "a<b ⣿─", ("✓", "bold green")))
    picture = svg(lines, 20, "test")
    assert text_of(picture) == plain(lines) == "▀▀a<b ⣿─✓\n"
    for piece in (
        '<rect x="16" y="16" width="20" height="20" fill="#445566"',
        '<rect x="16" y="16" width="20" height="10" fill="#112233"',
        ">a&lt;b</text>",
        'stroke-width="3"',
        'font-weight="bold">✓</text>',
    ):
        assert piece in picture
    assert "⣿" not in picture.partition("</desc>")[2]


def test_frames_follow_each_other() -> None:
    from rich.text import Text

    frames = [drawn(terminal(20, 5), Text(letter)) for letter in "abc"]
    picture = svg(frames[2], 20, "test", frames[:2], [1.0, 3.0, 4.0])
    assert re.findall(r"@keyframes (k\d)\{(.*)\}", picture) == [
        ("k0", "0.00%{visibility:visible}25.00%{visibility:hidden}"),
        ("k1", "0%{visibility:hidden}25.00%{visibility:visible}75.00%{visibility:hidden}"),
        ("k2", "0%{visibility:hidden}75.00%{visibility:visible}"),
    ]
    assert picture.count('visibility="hidden"') == 2 and text_of(picture) == "c\n"
