"""What viz-landscape shows: a map, a path, curves and a verdict, at three widths, in colour, without, and in ASCII."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from screens import coloured, compare, piece, screen

from dllab.lab.landscape import Landscape, WalkedPath
from dllab.views.landscape import document, landscape_view
from dllab.views.surface import LEVELS, Surface


def valley(points: int = 21) -> Landscape:
    """A bent valley, and a path that goes down into it."""
    x, y = np.linspace(-1.2, 0.3, points), np.linspace(-0.6, 0.4, points)
    share = np.linspace(0, 1, 26)[:, None]
    places = np.concatenate([-1.0 * (1 - share) ** 2, -0.4 * (1 - share) ** 3 + 0.25 * share * (1 - share)], axis=1)
    path = WalkedPath(np.arange(26) * 10, places, (0.91, 0.07), False)

    def height(a: Any, b: Any) -> Any:
        return 0.002 + 0.5 * a**2 + 3 * (b - 0.2 * a) ** 2

    lines = np.array([height(x, 0 * x), height(0 * y, y)])
    return Landscape(
        "spirals", "trained", 250, 512, 675, 1251, 27.5, x, y, height(x[None], y[:, None]), 0.002, 1.1, lines,
        (0.74, 0.2), None, path,
    )  # fmt: skip


def bowl() -> Landscape:
    """Around a run, with places where the loss is no number."""
    axis = np.linspace(-1, 1, 15)
    loss = 1.5 + axis[None] ** 2 + 0.5 * axis[:, None] ** 2
    loss[0, 0], loss[-1, -1] = np.nan, np.inf
    lines = np.array([1.5 + axis**2, 1.5 + 0.5 * axis**2])
    return Landscape("mine-1", "trained", 90, 96, 96, 44, 3.25, axis, axis, loss, 1.5, 1.1, lines, (2.0, 1.0), 7, None)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_path_at_every_width(width: int) -> None:
    text = screen(landscape_view(valley(), "spirals"), width)
    assert max(map(len, text.splitlines())) <= width
    compare(f"landscape_path_{width}", text)


def test_a_run_between_random_directions() -> None:
    compare("landscape_random", screen(landscape_view(bowl(), "last")))


@pytest.mark.parametrize("found", [valley(), bowl()], ids=["path", "random"])
def test_ascii(found: Landscape) -> None:
    text = screen(landscape_view(found, "x"), ascii_only=True)
    assert text.isascii()
    compare(f"landscape_{'path' if found.path else 'random'}_ascii", text)


def test_colours() -> None:
    text = coloured(landscape_view(valley(), "spirals"))
    assert "▀" in text and "·" in text and "\x1b[1;" in text, "half blocks, contours, bold marks"
    for shade in " ░▒▓█".strip():
        assert shade not in text


def test_marks_stand_where_the_path_goes() -> None:
    lines = screen(landscape_view(valley(), "spirals")).splitlines()
    rows = [line.partition("│")[2] for line in lines[4:24] if "│" in line]
    places = {sign: (number, row.index(sign)) for number, row in enumerate(rows) for sign in "123456789*" if sign in row}
    assert list("123456789*") == sorted(places, key=lambda sign: places[sign][1]), "each further right than the one before"
    assert places["1"][0] > places["*"][0], "it begins below"


def test_levels_are_far_apart_where_the_loss_spans_decades() -> None:
    far, near = (
        Surface(*_axes(), np.array([[1e-3, 1.0], [1e-2, 1e2]])),
        Surface(*_axes(), np.array([[1.0, 2.0], [3.0, 6.0]])),
    )
    assert far.logarithmic and not near.logarithmic
    np.testing.assert_allclose(far.bounds, 10.0 ** np.arange(-2, 3))
    np.testing.assert_allclose(near.bounds, np.arange(2, LEVELS + 2))


def test_a_corner_that_is_high_does_not_flatten_the_rest() -> None:
    heights = np.tile(np.linspace(1, 2, 20), (20, 1))
    heights[-1, -1] = 25
    steep = Surface(np.linspace(-1, 1, 20), np.linspace(-1, 1, 20), heights)
    assert steep.bounds[-1] < 3 and "[█] more" in piece(steep)
    heights[-1, -1] = 2
    assert "[█] 2" in piece(steep), "but where there is none levels end at the highest"


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan, np.inf])
def test_a_surface_without_a_slope(value: float) -> None:
    text = piece(Surface(*_axes(), np.full((2, 2), value)), 40)
    assert ("?" in text) == bool(np.isnan(value)) and ("!" in text) == bool(np.isinf(value))


def _axes() -> tuple[Any, Any]:
    return np.array([-1.0, 1.0]), np.array([-1.0, 1.0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"curvature": (0.0, 0.0), "centre": 0.0},
            "Flat: over 0.1 the loss rises by 0, 0 of a tenth of the loss with all weights 0 (rule",
        ),
        (
            {"curvature": (9.0, 0.0), "centre": 0.5},
            "Flat: over 0.1 the loss rises by 0.045, 0.09 of what it is (rule",
        ),
        (
            {"curvature": (44.0, 0.0), "centre": 0.0},
            "Sharp: over 0.1 the loss rises by 0.22, 2 of a tenth of the loss with all weights 0",
        ),
        ({"curvature": (-3.0, 3.0)}, "Saddle: no minimum; along one direction the loss falls on both sides"),
        ({"curvature": (-0.01, -0.1)}, "Falls: no minimum; along both directions the loss falls on both sides"),
        ({"curvature": (-0.01, 0.01)}, "Along one of them it falls: no minimum."),
        ({"curvature": (np.nan, 3.0)}, "no number, so nothing follows"),
        ({"state": "untrained"}, "spirals: landscape, untrained, loss of"),
        ({"path": replace(valley().path, back=True)}, "the best on the way, taken back"),  # type: ignore[type-var]
    ],
)
def test_what_is_said(change: dict[str, Any], said: str) -> None:
    text = " ".join(screen(landscape_view(replace(valley(), **change), "spirals")).split())
    assert said in text


def test_the_document_has_no_number_that_json_has_not() -> None:
    found = json.loads(json.dumps(document(bowl()), allow_nan=False))
    assert found["loss"][0][0] is None and found["loss"][-1][-1] is None and found["loss"][0][1] > 0
    assert found["plane"] == "random" and found["path"] is None and found["seed"] == 7
    walked = document(valley())
    assert walked["path"]["steps"][-1] == 250 and walked["plane"] == "path"
