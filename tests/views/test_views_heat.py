"""Heat maps as text at three widths, with colours and without."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from screens import coloured, compare, piece

from dllab.views.beside import Beside
from dllab.views.heat import HeatMap
from dllab.views.scale import Scale

LETTERS = list("the cat sat")
WORDS = ["the", "little", "cat", "sat", "on", "our", "mat", "yesterday", "with", "猫猫", "transformers"]


def looks(count: int) -> np.ndarray:
    """Weights of attention to what went before, in rows that add up to 1."""
    i, j = np.indices((count, count))
    weights = np.where(j <= i, np.exp(3 * np.sin(2.0 * i + 3 * j)), 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def waves(rows: int, columns: int) -> np.ndarray:
    return np.sin(np.linspace(0.5, 3, rows)[:, None] * np.linspace(0, 6, columns))


CONFUSION = np.array([[98, 0, 3], [1, 120, 12], [0, 7, 91]])
SOUNDS = ["AH0", "B", "CH"]
NAN, INF = math.nan, math.inf
FIGURES: dict[str, RenderableType] = {
    "letters": HeatMap(looks(11), LETTERS, LETTERS, 0, 1, title="head 1", unit="weight"),
    "words": HeatMap(looks(11), WORDS, WORDS, 0, 1, title="head 1"),
    "confusion": HeatMap(CONFUSION, SOUNDS, SOUNDS, title="row: what it is; column: what the net says", numbers=True),
    "time": HeatMap(waves(24, 300), columns=[str(i) for i in range(300)], signed=True, dense=True, column_unit="steps",
                    row_unit="units", title="hidden state"),
    "many": HeatMap(waves(90, 12), [f"layer {i}" for i in range(90)], [f"{i}" for i in range(12)], signed=True,
                    most_rows=9, row_unit="layers", unit="mean activation"),
    "marks": HeatMap(np.array([[0, NAN, 1], [INF, 0.5, -INF]]), ["a", "b"], ["x", "y", "z"], title="no numbers"),
    "heads": Beside([HeatMap(looks(11) * k / 3, LETTERS, LETTERS, 0, 1, title=f"head {k}") for k in (1, 2, 3)]),
}  # fmt: skip
ODD: dict[str, RenderableType] = {
    "empty": HeatMap(np.zeros((0, 5)), title="nothing"),
    "flat": HeatMap(np.zeros(5)),
    "cell": HeatMap(np.ones((1, 1)), ["a"], ["b"]),
    "constant": HeatMap(np.full((3, 4), 0.3)),
    "zero": HeatMap(np.zeros((3, 4)), signed=True),
    "nan": HeatMap(np.full((2, 2), NAN), numbers=True),
    "infinite": HeatMap(np.full((3, 2), INF), dense=True, signed=True),
    "huge": HeatMap(np.array([[-1.7e308, 1.7e308]]), numbers=True),
    "tall": HeatMap(np.full((100, 3), NAN), dense=True),
    "blank": HeatMap(np.eye(3), ["", "\n", " "], ["", "\t", " "], title="a long title " * 9, unit="of something " * 9),
    "none": Beside([]),
}


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["plain", "ascii"])
def test_heat_maps_without_colour(width: int, ascii_only: bool) -> None:
    text = "\n".join(piece(figure, width, ascii_only) for figure in FIGURES.values())
    compare(f"heat_{width}{'_ascii' if ascii_only else ''}", text)


@pytest.mark.parametrize("system", ["256", "truecolor"])
def test_heat_maps_in_colour(system: Any) -> None:
    shown = "\n".join(coloured(FIGURES[name], 60, system) for name in ("confusion", "marks"))
    shown += coloured(HeatMap(waves(5, 6), columns=list("abcdef"), signed=True, dense=True, cell=1), 60, system)
    compare(f"heat_colour_{system}", shown.replace("\x1b", "^"))


@pytest.mark.parametrize("name", [*FIGURES, *ODD])
@pytest.mark.parametrize("width", [8, 20, 60, 61, 80, 133, 200])
def test_never_wider_than_there_is_room(name: str, width: int) -> None:
    figure = (FIGURES | ODD)[name]
    for shown in (piece(figure, width), piece(figure, width, True), coloured(figure, width)):
        assert max((cell_len(line.plain) for line in Text.from_ansi(shown).split("\n")), default=0) <= width


def test_odd_matrices() -> None:
    compare("heat_odd", "".join(f"{name}:\n{piece(figure, 60)}" for name, figure in ODD.items()))


def test_columns_stand_below_their_labels_of_wide_characters() -> None:
    for width in (14, 40):
        above, row, *_ = piece(HeatMap(np.array([[0, 0, 1.0]]), ["猫"], ["a", "b", "犬"]), width).splitlines()
        place = cell_len(above[: above.index("犬")])
        cells = [cell_len(row[: i + 1]) - 1 for i, c in enumerate(row) if c == "█"]
        assert {place, place + 1} <= set(cells)


def test_neighbours_are_averaged_and_what_is_no_number_passed_over() -> None:
    values = np.array([[0.0, 1.0, NAN, 1.0, NAN, NAN, 0.0]])
    assert piece(HeatMap(values), 4).splitlines()[0] == "▒█?"
    assert "each column: 2 steps" in piece(HeatMap(np.tile(values, 9), column_unit="steps"), 32)


def test_numbers_only_where_they_fit() -> None:
    figure = HeatMap(1000 * CONFUSION, numbers=True)
    assert "120000" in piece(figure, 24) and "120000" not in piece(figure, 20) and "█" in piece(figure, 20)


def test_sixteen_colours_are_none() -> None:
    console = Console(width=60, color_system="standard", force_terminal=True, no_color=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(FIGURES["marks"])
    assert "█" in capture.get() and "[4" not in capture.get()


def test_a_scale_says_where_numbers_lie() -> None:
    assert Scale.of([1, 5]).shares([1, 2, 5, 9]).tolist() == [0, 0.25, 1, 1]
    assert Scale.of([1, -4], signed=True) == Scale(-4, 4, True)
    assert Scale.of([NAN, INF], 0, 1).shares([INF, 0.5]).tolist() == [1, 0.5]
    signed = Scale(-1, 1, True)
    assert "".join(signed.shade(share, False) for share in (0, 0.2, 0.5, 0.8, 1)) == "O= ▒█"
    assert signed.shade(0.3, True) != signed.shade(0.7, True) and signed.shade(NAN, True) == "?"


def test_a_table_gives_a_heat_map_the_room_it_takes() -> None:
    table = Table.grid("", "", padding=(0, 2))
    table.add_row(FIGURES["letters"], FIGURES["marks"])
    lines = piece(table, 120).splitlines()
    assert lines[0] == f"{'head 1':<70}no numbers" and lines[2].startswith("t ██████")


def test_what_ascii_lacks_takes_one_cell() -> None:
    lines = piece(HeatMap(np.eye(2), ["猫", "ab"], ["é", "犬"]), 80, True).splitlines()
    assert lines[:3] == ["     ?     ?", " ? @@@@@@", "ab       @@@@@@"]


def test_labels_do_not_touch() -> None:
    tokens = ["ab", "cd", "ef"]
    assert piece(HeatMap(np.eye(3), columns=tokens, cell=2), 80).splitlines()[:2] == ["a c e", "b d f"]
    assert piece(HeatMap(np.eye(3), columns=["10", "20", "30"], cell=2), 80).splitlines()[0] == "10  30"
    assert piece(HeatMap(np.eye(3), columns=tokens, cell=3), 80).splitlines()[0] == "ab cd ef"
