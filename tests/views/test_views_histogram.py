"""Histograms and sparklines."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import RenderableType
from screens import compare, screen

from dllab.views.histogram import Histogram, sparkline

EDGES = np.linspace(-4, 4, 41)
BELL = (1000 * np.exp(-(((EDGES[1:] + EDGES[:-1]) / 2) ** 2) / 2)).round()
ZERO_OFTEN = np.array([800, 3, 20, 41, 66, 40, 20, 9, 0, 1])
FIGURES: dict[str, RenderableType] = {
    "bell": Histogram(BELL, EDGES, "0_dense", unit="activation"),
    "relu": Histogram(ZERO_OFTEN, np.linspace(0, 2.5, 11), "1_relu", height=4),
    "many": Histogram(np.tile(BELL, 10), np.linspace(0, 1e6, 401), height=3),
}
ODD: dict[str, RenderableType] = {
    "empty": Histogram([], []),
    "none": Histogram([0, 0], [0, 1, 2], height=1),
    "one": Histogram([7], [3, 3], height=2),
    "no numbers": Histogram([np.nan, -3, np.inf, 2], [-np.inf, 0, 1, 2, np.nan], height=2),
    "long": Histogram([1, 2, 3], [-1.23e-9, 0, 1, 2.34e10], height=2, unit="of something " * 9),
}


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["plain", "ascii"])
def test_histograms(width: int, ascii_only: bool) -> None:
    text = "\n".join(screen(figure, width, ascii_only) for figure in FIGURES.values())
    compare(f"histogram_{width}{'_ascii' if ascii_only else ''}", text)


def test_odd_histograms() -> None:
    compare("histogram_odd", "".join(f"{name}:\n{screen(figure, 60)}" for name, figure in ODD.items()))


@pytest.mark.parametrize("name", [*FIGURES, *ODD])
@pytest.mark.parametrize("width", [8, 20, 60, 80, 200])
def test_never_wider_than_there_is_room(name: str, width: int) -> None:
    for ascii_only in (False, True):
        assert max(map(cell_len, screen((FIGURES | ODD)[name], width, ascii_only).splitlines()), default=0) <= width


def test_bars_are_as_high_as_their_counts_and_one_of_many_is_seen() -> None:
    lines = screen(Histogram([8, 4, 1, 0, 2], range(6), height=2), 80).splitlines()
    columns = [lines[0][9:].ljust(30)[::6], lines[1][9:].ljust(30)[::6]]
    assert columns == ["█    ", "██▂ ▄"]
    assert lines[0].split("│")[0].strip() == "53.3 %"
    assert sparkline([1000, 1, 0], 3) == "▇▁ " and sparkline([1000, 1, 0], 3, True) == "@. "


def test_neighbours_are_added_where_there_is_no_room() -> None:
    assert sparkline([1, 1, 2, 2, 4], 3) == "▄▇▇"
    assert sparkline([], 5) == "" and sparkline([0, 0], 5) == "  "
