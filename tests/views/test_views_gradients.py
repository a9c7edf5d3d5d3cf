"""What viz-gradients shows, from made-up figures, at three widths, without colour and in ASCII."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from screens import compare, screen

from dllab.lab.gradients import Gradients, LayerGradients, Verdict
from dllab.lab.recording import ParameterTrace
from dllab.lab.through_time import ThroughTime
from dllab.views.gradients import GradientsView, document, downwards
from dllab.views.labels import path_ends

LOOKS = np.arange(0, 480, 16)
WAVE = 1 + 0.5 * np.sin(LOOKS / 50)


def layer(path: str, size: float | None, norm: float | None = None, depth: int = 0) -> LayerGradients:
    kind = path.rpartition("_")[2]
    return LayerGradients(path, kind, depth, None if size is None else size * WAVE, None if norm is None else norm * WAVE)


def parameter(label: str, norm: float, ratio: float) -> ParameterTrace:
    return ParameterTrace(label, norm * np.ones(30), 0.1 * WAVE, norm * ratio * WAVE)


DEEP: dict[str, Any] = {
    "name": "deep", "state": "trained", "steps": 480, "diverged": False, "rows": 32, "looks": LOOKS,
    "layers": (
        layer("0_flatten", None), layer("1_dense", 1e-5, 2e-5), layer("2_sigmoid", 4e-5), layer("3_repeat", 0.01),
        layer("3_repeat.0.0_residual", 0.001, depth=1), layer("3_repeat.0.0_residual.0_dense", 2e-4, 0.002, depth=2),
        layer("3_repeat.1.0_residual", 0.01, depth=1), layer("3_repeat.1.0_residual.0_dense", 3e-3, 0.03, depth=2),
        layer("4_dense", 0.7, 0.9),
    ),
    "parameters": (
        parameter("1_dense.w", 3.0, 2e-6), parameter("1_dense.b", 0.1, 0.3),
        parameter("3_repeat.0.0_residual.0_dense.w", 0, 0),
        parameter("3_repeat.1.0_residual.0_dense.w", 2.0, 1e-3), parameter("4_dense.w", 1.0, 0.05),
    ),
    "weights": frozenset(
        {"1_dense.w", "3_repeat.0.0_residual.0_dense.w", "3_repeat.1.0_residual.0_dense.w", "4_dense.w"}
    ),
    "times": (), "verdicts": (Verdict("vanishing", "depth", 1.4e-5, ("1_dense", "4_dense")),),
}  # fmt: skip
TIME: dict[str, Any] = {
    "name": "adding-rnn", "state": "trained", "steps": 480, "diverged": False, "rows": 50, "looks": LOOKS,
    "layers": (layer("0_rnn", 0.9, 0.2), layer("1_dense", 0.8, 0.5)),
    "parameters": (parameter("0_rnn.wh", 5.0, 1e-3), parameter("1_dense.w", 1.0, 1e-3)),
    "weights": frozenset({"0_rnn.wh", "1_dense.w"}),
    "times": (ThroughTime("0_rnn", "rnn", 0.5 ** np.arange(40)[::-1], True, 0.5**39),),
    "verdicts": (Verdict("vanishing", "time", 1.8e-12, ("0_rnn", "0_rnn")),),
}  # fmt: skip
ONE = np.zeros(1, np.int64)
BEFORE: dict[str, Any] = {
    **TIME, "state": "untrained", "steps": 0, "looks": ONE,
    "layers": tuple(
        LayerGradients(f"{n}_dense", "dense", 0, np.array([size]), np.array([size])) for n, size in enumerate([3e8, 1.0])
    ),
    "times": (ThroughTime("0_rnn", "rnn", 0.9 ** np.arange(40)[::-1], False, 0.9**39),),
    "verdicts": (Verdict("exploding", "depth", 3e8, ("0_dense", "1_dense")), Verdict("exploding", "diverged", np.inf)),
}  # fmt: skip
MADE = {"deep": DEEP, "time": TIME, "before": BEFORE}


def view(name: str) -> GradientsView:
    return GradientsView(Gradients(**MADE[name]), ((f"dllab summary {name}", "its layers"),))


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", MADE)
def test_widths(name: str, width: int) -> None:
    text = screen(view(name), width)
    assert max(map(len, text.splitlines())) <= width
    compare(f"gradients_{name}_{width}", text)


@pytest.mark.parametrize("name", MADE)
def test_ascii(name: str) -> None:
    text = screen(view(name), ascii_only=True)
    assert text.isascii()
    compare(f"gradients_{name}_ascii", text)


@pytest.mark.parametrize("width", [20, 30, 40])
def test_narrow_terminals(width: int) -> None:
    for name in MADE:
        assert MADE[name]["verdicts"][0].name in screen(view(name), width)


def test_paths_that_do_not_fit_are_shortened_to_ends_that_the_option_takes() -> None:
    paths = ["0_conv", "3_repeat.2.0_residual.0_conv", "encoder.ahead.0_gru", "3_repeat.2.0_residual.0_conv.w"]
    assert path_ends(paths, 40, False) == paths
    ends = path_ends(paths, 20, False)
    assert ends == ["0_conv", "2.0_residual.0_conv", "encoder.ahead.0_gru", "0_residual.0_conv.w"]
    assert path_ends(paths, 5, True) == ["0_co.", "3_re.", "0_gru", "w"]


def test_shortened_paths_that_would_be_alike_begin_with_what_they_differ_in() -> None:
    paths = [f"2_repeat.{n}.0_transformer_block.{part}" for n in (0, 11) for part in ("dense1", "attention")]
    paths.append("2_repeat.11.0_transformer_block.gelu")
    assert path_ends(paths, 40, False)[:2] == paths[:2]
    ends = ["0.0_transformer_block.dense1", "0…attention", "11…dense1", "11…attention", "11.0_transformer_block.gelu"]
    assert path_ends(paths, 28, False) == ends
    assert path_ends(paths, 12, True) == ["0...dense1", "0...attenti.", "11...dense1", "11...attent.", "gelu"]
    assert path_ends(["a.ahead.0_gru", "a.back.0_gru", "0_gru"], 11, False) == ["ahead.0_gru", "back.0_gru", "0_gru"]
    assert path_ends(["ahead.0_gru", "a.ahead.0_gru"], 6, False) == ["ahead…", "a…0_g…"]


def test_blocks_stand_in_front_of_what_is_in_them() -> None:
    paths = [one.path for one in downwards(DEEP["layers"])]
    assert paths == [
        "4_dense", "3_repeat", "3_repeat.1.0_residual", "3_repeat.1.0_residual.0_dense", "3_repeat.0.0_residual",
        "3_repeat.0.0_residual.0_dense", "2_sigmoid", "1_dense", "0_flatten",
    ]  # fmt: skip


def test_the_document_is_plain_and_has_no_nan() -> None:
    for made in MADE.values():
        found = document(Gradients(**made))
        json.dumps(found, allow_nan=False)
    assert found["verdicts"][1] == {
        "verdict": "exploding", "rule": "diverged", "factor": None, "limit": 1000.0, "first": None, "last": None,
    }  # fmt: skip
    deep = document(Gradients(**DEEP))
    assert deep["parameters"][2]["ratio"] == [None] * 30 and deep["layers"][0]["size"] is None


def test_infinite_gradients_are_drawn() -> None:
    layers = (LayerGradients("0_dense", "dense", 0, np.full(30, np.inf), np.full(30, np.inf)), *DEEP["layers"][2:])
    text = screen(
        GradientsView(Gradients(**{**DEEP, "layers": layers, "verdicts": (Verdict("exploding", "depth", np.inf),)}))
    )
    assert "inf" in text
