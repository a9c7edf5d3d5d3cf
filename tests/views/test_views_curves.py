"""Curves: what stands beside the scale, room for other pictures' values, a legend with lines of its own."""

from __future__ import annotations

import pytest
from screens import screen

from dllab.views.curves import Plot, Series


def labels(plot: Plot) -> list[str]:
    return [line[:7].strip() for line in screen(plot, 60).splitlines()[1:-1] if line[:7].strip()]


def curve(*y: float, label: str = "loss") -> Series:
    return Series(label, list(range(len(y))), y)


@pytest.mark.parametrize(
    ("y", "log", "expected"),
    [
        ((2e-5, 1.0), True, ["1", "0.01", "2e-05"]),
        ((0.02, 200.0), True, ["200", "1", "0.02"]),
        ((2.0, 5.0), True, ["5", "3", "2"]),
        ((-0.8, 1.0), False, ["1", "0", "-0.8"]),
        ((0.0, 28.0), False, ["28", "14", "0"]),
        ((0.9, 1.0), False, ["1", "0.95", "0.9"]),
    ],
)  # fmt: skip
def test_the_roundest_number_stands_in_the_middle(y: tuple[float, ...], log: bool, expected: list[str]) -> None:
    assert labels(Plot("", (curve(*y),), 12, log=log)) == expected


def test_a_tick_stands_where_its_number_lies() -> None:
    """A curve that stays at 0.01 goes through the line whose scale says 0.01."""
    lines = screen(Plot("", (curve(1.0, 1e-5, label="a"), curve(0.01, 0.01, label="b")), 13, log=True), 60).splitlines()
    (row,) = [line for line in lines if line.startswith("   0.01 ")]
    assert sum(character > "⠀" for character in row[9:]) > 45


def test_the_scale_has_room_for_the_values_of_another_picture() -> None:
    assert labels(Plot("", (curve(1.0, 2.0),), 6, holds=[-4.0, 40.0])) == ["40", "-4"]


def test_a_logarithmic_scale_spans_as_many_decades_as_it_is_given() -> None:
    plots = [Plot("", (curve(1.0, 1e-30),), 6, log=True, decades=decades) for decades in (12, 40)]
    assert [labels(plot)[-1] for plot in plots] == ["1e-12", "1e-30"]


def test_a_legend_takes_lines_of_its_own_where_it_may() -> None:
    names = ["hand-made sums", "hand-made edges", "learnt from pixels"]
    curves = tuple(Series(name, [0, 1], [place, 1], mark="abc"[place]) for place, name in enumerate(names))
    cut, whole = (screen(Plot("accuracy", curves, 8, roomy=roomy), 40).splitlines() for roomy in (False, True))
    assert len(whole) == len(cut) + 2 and "accuracy" in whole[0]
    assert [name for name in names if any(name in line for line in whole)] == names
    assert not any(name in line for line in cut for name in names) and max(map(len, whole)) <= 40
