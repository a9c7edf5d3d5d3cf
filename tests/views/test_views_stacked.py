"""Figures of a training that goes on: what is seen of them at several stages and sizes, never more than fits."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text
from screens import compare
from test_views_activations import training
from test_views_gradients import DEEP, TIME
from test_views_train import frame, live, run

from dllab.lab.activations_during import During
from dllab.lab.gradients import Gradients
from dllab.lab.plane_map import Line, PlaneMap, Points, Unit, Units
from dllab.views import gradients, plane_map
from dllab.views.activations_during import OverEpochs, during_frame
from dllab.views.stacked import Blocks, Stacked

SIZES = [(80, 24), (200, 50), (60, 30), (40, 10), (20, 5)]
SEEN = Points("mine", "trained", 120, "train", 60)


def part(looks: int) -> During:
    """What is known of the training after so many of its 60 looks."""
    whole = training()
    names = ("mean", "spread", "least", "most", "zeros", "histogram", "active", "flat", "dead", "gradient")
    layers = tuple(
        replace(layer, **{n: None if getattr(layer, n) is None else getattr(layer, n)[:looks] for n in names})
        for layer in whole.layers
    )
    return replace(whole, steps=whole.steps[:looks], epochs=whole.epochs[:looks], layers=layers)


def a_plane(across: int, down: int, units: int = 0) -> PlaneMap:
    x = np.tile(np.linspace(-1, 1, across), (down, 1))
    places, side = np.random.default_rng(3).uniform(-1, 1, (60, 2)), np.linspace(-1, 1, 12)
    truth = (places[:, 0] + places[:, 1] > 0).astype(np.int64)
    lines = tuple(Unit(n, np.add.outer(np.cos(n) * side, np.sin(n) * side), 0.5) for n in range(1, units + 1))
    return PlaneMap(
        SEEN, ("x1", "x2"), ("no", "yes"), -np.ones(2), np.ones(2), (x > 0).astype(np.int64), 0.5 + abs(x) / 2, places,
        truth, (places[:, 0] > 0).astype(np.int64), 17, Units("1_tanh", "tanh", lines) if units else None,
    )  # fmt: skip


X = np.linspace(0, 3, 50)
A_LINE = Line(SEEN, "x", X, np.sin(X), X[::5], np.sin(X[::5]) + 0.1, 0.1)
FRAMES: dict[str, Blocks] = {
    "first": lambda options, lines: during_frame(part(1), False, lines),
    "during": lambda options, lines: during_frame(part(25), False, lines),
    "layer": lambda options, lines: during_frame(
        replace(part(25), layers=part(25).layers[1:2], unusual=("1 is dead",)), True, lines
    ),
    "deep": lambda options, lines: gradients.frame(Gradients(**DEEP), options, 960),
    "time": lambda options, lines: gradients.frame(Gradients(**TIME), options, 960),
    "plane": lambda options, lines: plane_map.frame(a_plane(*plane_map.frame_size(options.max_width, lines)), lines),
    "units": lambda options, lines: plane_map.frame(a_plane(40, 30, 30), lines),
    "line": lambda options, lines: plane_map.frame(A_LINE, lines),
}


def stacked(blocks: Blocks) -> Stacked:
    return Stacked(live(run(epochs=25)), blocks)


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name: str) -> None:
    compare(f"stacked_{name}", frame(stacked(FRAMES[name])))


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("system", [None, "truecolor"])
def test_no_frame_is_higher_or_wider_than_the_terminal(name: str, width: int, height: int, system: str | None) -> None:
    file = io.StringIO()
    colours = {"color_system": system, "force_terminal": system is not None, "no_color": False}
    console = Console(file=file, width=width, height=height, legacy_windows=False, **colours)  # type: ignore[arg-type]
    lines = console.render_lines(stacked(FRAMES[name]), console.options, pad=False)
    assert 3 <= len(lines) <= height - 1
    assert max(sum(segment.cell_length for segment in line) for line in lines) <= width
    assert frame(stacked(FRAMES[name]), width, height, ascii_only=True).isascii()


def test_blocks_are_whole_and_one_too_high_for_a_terminal_is_cut() -> None:
    def blocks(*heights: int) -> Blocks:
        return lambda options, lines: [Text("\n".join([f"{n}"] * n)) for n in heights]

    assert frame(stacked(blocks(4, 9, 3)), height=12).split()[-7:] == list("4444333")
    assert frame(stacked(blocks(3, 30)), height=24).split()[-20:] == [*"333", *["30"] * 17]
    assert "30" not in frame(stacked(blocks(15, 30)), height=24).split()[-16:]


def test_a_map_that_grows_keeps_its_scale_of_time() -> None:
    epochs = np.arange(60) * 0.5
    values = np.random.default_rng(0).random((2, 60))
    short, long = (
        frame(OverEpochs(epochs[:n], values[:, :n], ["a", "b"], "m", low=0, high=1, end=30.0)).splitlines()
        for n in (20, 60)
    )
    assert long[2].startswith(short[2].rstrip()) and len(long[2]) > 2 * len(short[2])
    assert "each column: 0.5 epochs" in short[-1] and short[-1] == long[-1]
