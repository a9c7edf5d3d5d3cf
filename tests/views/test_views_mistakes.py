"""Planes, confusions and mistakes as text at three widths, with blocks and in ASCII."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from rich.console import RenderableType
from screens import coloured, compare, piece, screen

from dllab.lab.misses import Miss, Misses
from dllab.lab.mistakes import Confusion, Looked, Mistake
from dllab.lab.plane_map import PlaneMap, Points, Unit, Units
from dllab.views import misses, mistakes, plane_map


def looked(features: tuple[str, ...], classes: tuple[str, ...], words: tuple[str, ...] = ()) -> Looked:
    count = len(features)
    return Looked("own", "trained", 120, "test", 40, features, classes, words, (count,), np.zeros(count), np.ones(count))


def plane(units: bool) -> PlaneMap:
    x, y = np.meshgrid(np.linspace(-1, 1, 120), np.linspace(1, -1, 80))
    p = 1 / (1 + np.exp(-6 * (x + y)))
    drawn = tuple(Unit(i, (x * i - y)[::5, ::8][:16, :15], 0.5) for i in (1, 2, 3)) if units else ()
    points, truth = np.array([[-0.5, -0.5], [0.5, 0.4], [0.6, 0.6]]), np.array([0, 1, 0])
    return PlaneMap(
        Points("own", "trained", 120, "train", 3), ("x1", "x2"), ("no", "yes"),
        np.array([-1.0, -1.0]), np.array([1.0, 1.0]),
        (p > 0.5).astype(int), np.maximum(p, 1 - p), points, truth, np.array([0, 1, 1]), 1,
        Units("1_relu", "relu", drawn) if units else None,
    )  # fmt: skip


def letters() -> Confusion:
    count = 26
    counts = np.diag(np.arange(10, 10 + count)) + np.eye(count, k=1, dtype=int) * 3
    names = tuple(chr(97 + i) for i in range(count))
    worst = (Mistake(3, 7, np.array([2.0, 0, 19]), 3, 0, 4, 0.9, 0.01, 1),)
    return Confusion(looked(("t1", "t2", "t3"), names, names), "steps", counts, 0.25, None, worst)


def table() -> Confusion:
    worst = (Mistake(2, 5, np.array([5.1, 3.5]), 2, 0, 1, 0.75, 0.25),)
    return Confusion(
        looked(("length", "width"), ("rose", "lily")), "class", np.array([[18, 2], [1, 19]]), None, None, worst
    )


def values() -> Misses:
    truth = np.linspace(10, 40, 40)
    said = truth + 3 * np.sin(truth)
    counts, edges = np.histogram(said - truth, np.linspace(-3, 3, 25))
    worst = (Miss(4, 9, np.array([4.0, 86.0]), np.array([30.0]), np.array([27.0]), 3.0),)
    return Misses(looked(("cylinders", "weight"), ()), False, 1, truth, said, counts, edges, 2.1, 1.9, 0.94, 8.7, worst)


VIEWS: dict[str, RenderableType] = {
    "boundary": plane_map.view(plane(False), "own"),
    "boundary_units": plane_map.view(plane(True), "own"),
    "predictions_letters": mistakes.view(letters(), "own"),
    "predictions_table": mistakes.view(table(), "own"),
    "predictions_values": misses.view(values(), "own"),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["blocks", "ascii"])
def test_what_is_shown(name: str, width: int, ascii_only: bool) -> None:
    text = screen(VIEWS[name], width, ascii_only)
    assert max(len(line) for line in text.splitlines() if "dllab" not in line) <= width
    assert text.isascii() or not ascii_only
    compare(f"{name}_{width}{'_ascii' * ascii_only}", text)


def test_regions_fade_to_grey_where_the_net_is_unsure() -> None:
    shown = coloured(plane_map.view(plane(False), "own"))
    assert "48;2;0;95;135" in shown and "Grey: unsure" in shown
    assert "158;158;158" in shown, "the colour of what is not sure at all"


def test_a_net_that_is_nowhere_sure_has_no_blanks() -> None:
    found = plane(False)
    assert found.sure is not None
    shown = screen(plane_map.view(replace(found, sure=np.full_like(found.sure, 0.6)), "own"))
    lines = [line for line in shown.splitlines() if "│" in line]
    assert "Nowhere 75 % sure." in shown and "Blank" not in shown
    assert lines and not any(" " in line.partition("│")[2].rstrip() for line in lines)


@pytest.mark.parametrize("state", ["trained", "untrained"])
@pytest.mark.parametrize("units", [False, True])
def test_next_steps_keep_what_was_asked_for(state: Literal["trained", "untrained"], units: bool) -> None:
    found = plane(units)
    shown = screen(plane_map.view(replace(found, seen=replace(found.seen, state=state)), "own", 30, "--layer relu"))
    steps = [line.strip().split("  ")[0].removeprefix("dllab viz-boundary own") for line in shown.splitlines()[-2:]]
    before = " --before" * (state == "untrained")
    other = (" --layer relu" * (not units) + before, " --layer relu" * units + " --before" * (state == "trained"))
    assert tuple(steps) == other


def test_signs_in_a_matrix_are_no_classes() -> None:
    counts = np.array([[3, 0, 0, 1], [0, 2, 0, 0], [0, 0, 5, 0], [0, 0, 0, 40]])
    found = Confusion(looked(("word",), (".", "-", "#", "a")), "class", counts, None, None, ())
    text = screen(mistakes.view(found, "own"))
    assert "how often, ' never" in text and "'.' taken for a: 1 time" in text and "always a would be" in text
    narrow = " ".join(piece(mistakes.Matrix(found.counts * 1000, found.looked.classes), 12).split())
    assert "' less, @ all" in narrow


def test_what_is_told_of_a_class_is_not_broken() -> None:
    lines = screen(mistakes.Listed("Right:", ["a 10 % of 3", "b 20 % of 4", "c 30 % of 5"]), 22).splitlines()
    assert lines == ["Right: a 10 % of 3,", "b 20 % of 4,", "c 30 % of 5"]
