"""Pictures side by side, with colours and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.text import Text
from screens import coloured, compare, piece

from dllab.views.pixels import Pictures

ROW, COLUMN = np.indices((6, 7))
FILTERS = np.stack([np.sin(k * ROW + COLUMN) for k in range(9)])
BLOB = np.exp(-((np.mgrid[-1:1:28j, -1:1:28j] ** 2).sum(axis=0)) * 4)  # type: ignore[misc]
BLOBS = np.stack([BLOB, BLOB / 2, 1 - BLOB])
NAN = np.nan
FIGURES = {
    "filters": Pictures(FILTERS, [f"unit {k}" for k in range(9)], signed=True, zoom=2, legend=True, unit="weight"),
    "maps": Pictures(BLOBS, ["bright", "faint", "猫" * 20], ["0.98", "猫猫", "it is a 7"], legend=True),
    "own": Pictures(BLOBS[:2], per_image_scale=True, legend=True),
    "ink": Pictures(BLOBS[:2], two_tone=True),
}
ODD = {
    "empty": Pictures(np.zeros((0, 5, 5))),
    "wrong": Pictures(np.zeros(7)),
    "pixel": Pictures(np.ones((1, 1, 1)), ["a"], legend=True),
    "constant": Pictures(np.full((2, 3, 3), 0.5), legend=True),
    "nan": Pictures(np.array([[[NAN, 1.0], [0.0, np.inf]]]), two_tone=True),
    "two channels": Pictures(np.ones((1, 2, 2, 2)), legend=True, signed=True),
    "wide": Pictures(np.ones((3, 4, 300, 3)), widest=100, zoom=3),
}


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["plain", "ascii"])
def test_pictures_without_colour(width: int, ascii_only: bool) -> None:
    text = "\n".join(piece(figure, width, ascii_only) for figure in FIGURES.values())
    compare(f"pixels_{width}{'_ascii' if ascii_only else ''}", text)


@pytest.mark.parametrize("system", ["256", "truecolor"])
def test_pictures_in_colour(system: Any) -> None:
    red, blue, dark = [1.0, 0, 0], [0, 0, 1.0], [0.0, 0, 0]
    small = [
        Pictures(FILTERS[:2, :3, :3], ["a", "b"], signed=True, legend=True),
        Pictures(np.array([[[red, blue], [dark, red], [blue, blue]]])),
        Pictures(np.array([[[0, 0.5], [1, NAN]]]), legend=True),
    ]
    compare(f"pixels_colour_{system}", "".join(coloured(one, 60, system) for one in small).replace("\x1b", "^"))


@pytest.mark.parametrize("name", [*FIGURES, *ODD])
@pytest.mark.parametrize("width", [8, 20, 60, 80, 200])
def test_never_wider_than_there_is_room(name: str, width: int) -> None:
    figure = (FIGURES | ODD)[name]
    for shown in (piece(figure, width), piece(figure, width, True), coloured(figure, width)):
        assert max((cell_len(line.plain) for line in Text.from_ansi(shown).split("\n")), default=0) <= width


def test_odd_pictures() -> None:
    compare("pixels_odd", "".join(f"{name}:\n{piece(figure, 60)}" for name, figure in ODD.items()))


def test_a_line_of_two_rows_shows_the_mean_of_both() -> None:
    assert piece(Pictures(np.array([[[0.0, 1.0], [1.0, 1.0]]]))) == "  ▒█\n"


def test_each_on_its_own_scale_is_as_bright_as_the_others() -> None:
    faint = Pictures(np.array([[[0.0, 1.0]], [[0.0, 0.1]]]))
    own = Pictures(faint.images, per_image_scale=True)
    assert piece(faint) == "   █\n" and piece(own) == "   █   █\n"


def test_lines_of_pictures_end_where_they_should() -> None:
    assert len(piece(Pictures(np.ones((90, 2, 2)), most_lines=2), 60).splitlines()) == 2
