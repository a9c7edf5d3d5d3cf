"""What viz-activations shows: tables, details, examples and trainings, at three widths, without colour and in ASCII."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from screens import coloured, compare, screen

from dllab.lab.activation_example import Example, Shown
from dllab.lab.activations import Activations
from dllab.lab.activations_during import During
from dllab.lab.recording import EDGES, LayerTrace
from dllab.lab.tally import LayerActivations
from dllab.views.activations import activations_view, document
from dllab.views.activations_during import OverEpochs, during_view
from dllab.views.activations_during import document as during_document

PLACES = np.arange(16)
MAPS = np.sin(np.arange(6 * 6 * 3).reshape(6, 6, 3) / 5.0)
TIME = np.sin(np.arange(5 * 4).reshape(5, 4) / 3.0)
UNUSUAL = ("block.0_relu: 75 % of its units are dead (rule: more than half)",)


def layer(path: str, kind: str, depth: int, shape: tuple[int, ...], **more) -> LayerActivations:
    counts = np.maximum(0, 40 - (np.arange(32) - 18) ** 2)
    active = np.linspace(0, 1, shape[-1])
    told = {
        "mean": 0.125, "spread": 1.5, "least": -3.0, "most": 4.25, "counts": counts, "own": counts[::-1], "zeros": 0.0,
        "edges": np.linspace(-3, 4.25, 33), "zeros_apart": False, "dead": None, "flat": None, "active": active,
        "size": 2 * active,
    }  # fmt: skip
    return LayerActivations(path, kind, depth, shape, **(told | more))


def found(*layers: LayerActivations, unusual: tuple[str, ...] = ()) -> Activations:
    return Activations("mine", "trained", 1200, "test", 256, layers, unusual)


LAYERS = (
    layer("0_conv", "conv", 0, (6, 6, 3)),
    layer("block", "residual", 0, (6, 6, 3)),
    layer("block.0_relu", "relu", 1, (6, 6, 4), dead=0.75, zeros=0.8, zeros_apart=True),
    layer("2_tanh", "tanh", 0, (20,), flat=0.31, mean=-1.25e-7),
    layer("3_dense", "dense", 0, (2,), mean=float("nan"), spread=float("inf")),
)


def an_example(*layers: Shown) -> Example:
    picture = np.linspace(0, 1, 36).reshape(6, 6, 1)
    return Example(3, 17, "test", picture.reshape(-1), picture, (), "seven", ("seven", "eight"), layers)


def a_text(*layers: Shown) -> Example:
    return Example(0, 4, "train", np.arange(5), None, tuple("davis"), "avis.", tuple("abc"), layers)


LSTM = Shown("1_lstm", "lstm", TIME, tuple("davis"), {
    "h": TIME, "i": abs(TIME), "f": 1 - abs(TIME), "g": -TIME, "o": TIME**2, "c": 2 * TIME,
})  # fmt: skip
SHOWN = (
    Shown("0_conv", "conv", MAPS, (), {}),
    Shown("block", "residual", MAPS, (), {}),
    Shown("block.0_relu", "relu", np.maximum(np.concatenate([MAPS] * 4, -1), 0), (), {}),
    Shown("2_tanh", "tanh", np.sin(np.arange(84)), (), {}),
    Shown("3_dense", "dense", np.array([0.25, -1.5]), (), {}),
)
VIEWS = {
    "table": activations_view(found(*LAYERS, unusual=UNUSUAL), None, "mine", False),
    "picture": activations_view(found(*LAYERS), an_example(*SHOWN), "mine", False),
    "maps": activations_view(found(LAYERS[2]), an_example(SHOWN[2]), "mine", True),
    "text": activations_view(found(layer("1_lstm", "lstm", 0, (5, 4))), a_text(LSTM), "mine", False),
    "gates": activations_view(found(layer("1_lstm", "lstm", 0, (5, 4))), a_text(LSTM), "mine", True),
}


def trace(path: str, kind: str, looks: int, dead: bool = False, flat: bool = False) -> LayerTrace:
    t = np.linspace(0, 1, looks)
    rows = np.exp(-(((np.arange(32) - 16 - 10 * t[:, np.newaxis]) / (1 + 2 * t[:, np.newaxis])) ** 2))
    return LayerTrace(path, kind, t - 0.3, 1 + t, -t, t, 0 * t, rows / rows.sum(1, keepdims=True), np.ones((looks, 3)),
                      t if flat else None, 0.5 * t if dead else None, None)  # fmt: skip


def training(looks: int = 60, epochs: float = 30.0) -> During:
    layers = (
        trace("0_dense", "dense", looks),
        trace("1_relu", "relu", looks, dead=True),
        trace("2_tanh", "tanh", looks, flat=True),
    )
    at = np.arange(looks) * epochs / looks
    return During("mine", 16, 1200, np.arange(looks) * 20, at, epochs, layers, ())


DURING = {
    "during": during_view(training(), "mine", False),
    "during_layer": during_view(
        During(*(*training().__dict__.values(),)[:6], training().layers[1:], UNUSUAL), "mine", True
    ),
}


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", [*VIEWS, *DURING])
def test_as_it_is_drawn(name: str, width: int, ascii_only: bool) -> None:
    shown = screen((VIEWS | DURING)[name], width, ascii_only)
    assert all(len(line) <= width or line.startswith("  dllab") for line in shown.splitlines())
    assert shown.isascii() or not ascii_only
    compare(f"activations_{name}_{width}{'_ascii' * ascii_only}", shown)


def test_colours_do_not_tell_alone() -> None:
    for view in (VIEWS | DURING).values():
        assert "\x1b[" in coloured(view) and "\x1b" not in screen(view)


def test_nothing_unusual_is_said() -> None:
    assert "Nothing unusual" in screen(VIEWS["picture"]) and "Unusual: block.0_relu" in screen(VIEWS["table"])
    many = activations_view(found(LAYERS[0], unusual=UNUSUAL * 5), None, "mine", False)
    assert screen(many).count("Unusual:") == 3 and "and 2 more such layers" in screen(many)


def test_the_output_may_be_saturated() -> None:
    sure = found(*LAYERS[:4], layer("3_sigmoid", "sigmoid", 0, (1,), flat=1.0))
    text = screen(activations_view(sure, None, "mine", False))
    assert "no hidden layer mostly dead or saturated" in text and "100 %" in text and "flat" not in text


def test_units_are_counted_from_1() -> None:
    first = layer("1_relu", "relu", 0, (3,), dead=0.0, active=np.array([1.0, 0.5, 0.0]))
    text = screen(activations_view(found(first), None, "mine", True))
    assert "most active: 1 (100 %)" in text and "least active: 3 (0 %)" in text


def test_what_batch_norm_divides_by_before_training() -> None:
    told = "running averages here, which are 0 and 1 before training"
    one = found(*LAYERS)
    assert told in screen(activations_view(dataclasses.replace(one, normed=True), None, "mine", False))
    assert told not in screen(activations_view(one, None, "mine", False))


def test_columns_are_as_many_epochs_as_fit() -> None:
    one = OverEpochs(np.arange(300) / 3, np.arange(300.0)[np.newaxis], ["a"], "", low=0.0)
    assert "each column: 2 epochs" in screen(one, 70) and "each column" not in screen(one, 110)
    short = OverEpochs(np.arange(10) / 40, np.arange(10.0)[np.newaxis], ["a"], "")
    assert "each column: 0.03 epochs" in screen(short, 80)
    alone = OverEpochs(np.zeros(1), np.ones((1, 1)), ["a"], "")
    assert "all 1" in screen(alone)


def test_documents_hold_no_nan() -> None:
    told = document(found(*LAYERS, unusual=UNUSUAL), an_example(*SHOWN))
    assert told["layers"][4]["mean"] is told["layers"][4]["spread"] is told["layers"][0]["dead"] is None
    assert told["unusual"] == list(UNUSUAL) and told["example"]["input"] == 3 and told["example"]["row"] == 17
    np.testing.assert_allclose(told["example"]["layers"][0]["values"], MAPS)
    assert document(found(*LAYERS), None)["example"] is None
    moved = during_document(training())
    assert moved["edges"][0] is moved["edges"][-1] is None and len(moved["edges"]) == len(EDGES)
    assert np.shape(moved["layers"][1]["histogram"]) == (60, 32) and moved["layers"][1]["flat"] is None
