"""What viz-augment shows: pictures, curves and numbers, at a fixed width, without colour and in ASCII."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from screens import compare, screen

from dllab.augment.frame import Frame
from dllab.lab.augmented import Augmented, Sampler
from dllab.recipe import load
from dllab.views.augment import augment_view, document

MODEL = [{"dense": "classes"}]
RECIPES: dict[str, dict[str, Any]] = {
    "digits": {"data": "digits", "augment": [{"shift": 1}, {"cutout": {"size": 3, "fill": 16}}]},
    "mixed": {"data": "digits", "augment": [{"shift": 1}, {"mixup": 2.0}]},
    "clothes": {"data": "fashion6k", "augment": ["flip", {"shift": {"pixels": 4, "axis": "horizontal"}}]},
    "signals": {"data": {"mnist1d": {"samples": 200}}, "augment": [{"shift": 5}]},
    "table": {"data": "iris", "augment": [{"mixup": 2.0}]},
    "wide_table": {"data": "wine", "augment": [{"mixup": 2.0}]},
    "numbers": {"data": "diabetes", "augment": [{"mixup": 2.0}]},
}


@cache
def found(name: str, rows: int = 2, draws: int = 3) -> Augmented:
    recipe = load({**RECIPES[name], "model": [{"dense": "outputs"}]})
    return Sampler(recipe).look(rows, draws)


@pytest.mark.parametrize("name", RECIPES)
def test_views(name: str) -> None:
    text = screen(augment_view(found(name), "my.yaml"))
    assert max(map(len, text.splitlines())) <= 80
    compare(f"augment_{name}", text)


@pytest.mark.parametrize("name", ["digits", "signals"])
def test_ascii(name: str) -> None:
    text = screen(augment_view(found(name, 1), "my.yaml"), ascii_only=True)
    assert text.isascii()
    compare(f"augment_{name}_ascii", text)


def test_pictures_that_do_not_fit_beside_each_other_go_on_below() -> None:
    text = screen(augment_view(found("clothes", 1, 9), "my.yaml"))
    assert max(map(len, text.splitlines())) <= 80 and text.count("epoch") == 10
    compare("augment_many", text)


def test_a_wide_terminal_shows_every_pixel() -> None:
    lines = screen(augment_view(found("clothes", 1, 1), "my.yaml"), width=150).splitlines()
    assert len([line for line in lines if any(sign in line for sign in "░▒▓█")]) > 12


@pytest.mark.parametrize("width", [20, 40, 60])
def test_narrow_terminals(width: int) -> None:
    for name in ("mixed", "clothes", "signals"):
        text = screen(augment_view(found(name), "my.yaml"), width=width)
        assert "as it is" in text and "epoch 3" in text


def test_colours() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, color_system="truecolor", force_terminal=True, legacy_windows=False)
    console.print(augment_view(found("clothes", 1), "my.yaml"))
    assert "▀" in file.getvalue() and "\x1b[38;2;" in file.getvalue()


def test_pictures_of_three_channels(tmp_path: Path) -> None:
    path = tmp_path / "red.npz"
    x = np.zeros((8, 4, 6, 3), np.uint8)
    x[..., 0] = 255
    np.savez(path, x=x, y=np.arange(8) % 2)
    recipe = load({"data": {"npz": str(path)}, "augment": ["flip"], "model": MODEL})
    shown = Sampler(recipe).look(1, 1)
    assert shown.frame == Frame("picture", 4, 6, 3)
    file = io.StringIO()
    console = Console(file=file, width=80, color_system="truecolor", force_terminal=True, legacy_windows=False)
    console.print(augment_view(shown, "my.yaml"))
    assert "38;2;255;0;0" in file.getvalue()


def test_the_document() -> None:
    shown = found("mixed", 2, 2)
    told = document(shown)
    assert told["augment"][1] == {"mixup": {"probability": 1.0, "alpha": 2.0}}
    assert (told["kind"], told["input_shape"], told["seed"]) == ("picture", [64], 0)
    for sample, kept in zip(told["samples"], shown.samples, strict=True):
        assert sample["row"] == kept.row and sample["target"] == shown.said(kept.row)
        for draw, own in zip(sample["draws"], kept.draws, strict=True):
            np.testing.assert_array_equal(np.array(draw["values"], np.float32), own.values)
            assert draw["partner_target"] == shown.said(own.partner or 0)
    plain = document(found("digits", 1, 1))["samples"][0]["draws"][0]
    assert plain["partner"] is plain["partner_target"] is plain["weight"] is None
