"""Filters as text at three widths."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from rich.text import Text
from screens import coloured, compare, screen

from dllab.lab.filters import Filtered, Filters, pairs, weak
from dllab.views.filters import document, filters_view


def layer(path: str, kind: str, shape: tuple[int, ...], colours: bool = False) -> Filters:
    place = np.arange(np.prod(shape)).reshape(shape)
    w = np.sin(0.7 * place) * np.cos(0.31 * place)
    w[-1] *= 0.01
    w[1] = 2 * w[0]
    flat = w.reshape(len(w), -1)
    norms = np.linalg.norm(flat, axis=1)
    return Filters(path, kind, w, colours, kind == "conv1d", norms, weak(norms), pairs(flat))


FOUND = {
    "grey": Filtered("lenet", "trained", 300, (layer("0_conv", "conv", (6, 5, 5, 1)),
                                               layer("2_repeat.0.0_residual.3_conv", "conv", (16, 5, 5, 6)))),
    "colours": Filtered("cats", "untrained", 0, (layer("0_conv", "conv", (5, 4, 4, 3), colours=True),)),
    "deep": Filtered("deep", "trained", 1, (layer("4_conv", "conv", (40, 3, 3, 12)),)),
    "signals": Filtered("mnist1d-cnn", "trained", 9, (layer("0_conv1d", "conv1d", (6, 1, 7, 1)),
                                                      layer("2_conv1d", "conv1d", (5, 1, 3, 6)))),
    "transposed": Filtered("auto", "trained", 9, (layer("9_conv_transpose", "conv_transpose", (3, 4, 4, 2)),
                                                  layer("5_depthwise_conv", "depthwise_conv", (4, 11, 11, 1)))),
}  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["plain", "ascii"])
def test_filters_without_colour(width: int, ascii_only: bool) -> None:
    views = [filters_view(found, found.name, every=name != "grey") for name, found in FOUND.items()]
    text = "\n".join(screen(view, width, ascii_only) for view in views)
    compare(f"filters_{width}{'_ascii' if ascii_only else ''}", text)
    assert text.isascii() or not ascii_only


def test_three_colours_are_drawn_in_them_with_grey_for_0() -> None:
    weights = np.zeros((2, 2, 2, 3))
    weights[0, ..., 0], weights[1, ..., 2] = 1.0, -1.0
    norms = np.ones(2)
    shown = coloured(
        filters_view(Filtered("r", "untrained", 0, (Filters("0_conv", "conv", weights, True, False, norms, (), ()),)), "r")
    )
    assert "38;2;255;128;128" in shown and "38;2;128;128;0" in shown


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("width", [30, 60, 61, 80, 133, 200])
def test_never_wider_than_there_is_room(name: str, width: int) -> None:
    view = filters_view(FOUND[name], "r", every=True)
    for shown in (screen(view, width), screen(view, width, True), coloured(view, width)):
        lines = Text.from_ansi(shown).split("\n")
        assert max(cell_len(line.plain) for line in lines if "dllab " not in line.plain) <= width


def test_weights_that_are_no_numbers() -> None:
    for name in FOUND:
        layer = FOUND[name].layers[0]
        weights = np.full_like(layer.weights, np.nan)
        norms = np.full(len(weights), np.nan)
        found = Filtered("r", "trained", 3, (replace(layer, weights=weights, norms=norms, weak=weak(norms), pairs=()),))
        assert "not all of its weights are numbers" in screen(filters_view(found, "r"))
        json.dumps(document(found), allow_nan=False)


def test_the_document_has_all_weights() -> None:
    found = document(FOUND["deep"])
    json.dumps(found, allow_nan=False)
    (layer,) = found["layers"]
    np.testing.assert_array_equal([one["weights"] for one in layer["filters"]], FOUND["deep"].layers[0].weights)
    assert layer["near_zero"] == [40] and layer["alike"][0]["filters"] == [1, 2]
