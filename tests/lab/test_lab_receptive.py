"""Receptive fields against counts by hand, and against what really changes when a pixel does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marks import compiled_only

import dllab
from dllab.lab.summary import summarize
from dllab.recipe import load


def fields(model: list[Any], inputs: list[int]) -> dict[str, Any]:
    """Path of each layer to its field."""
    return {layer.name: layer.receptive_field for layer in summarize(load({"input": inputs, "model": model})).layers}


def same(units: int = 2, **options: Any) -> dict[str, Any]:
    return {"conv": {"units": units, "padding": "same", **options}}


def test_a_plain_net_by_hand() -> None:
    """Dumoulin and Visin's recurrence: a field grows by (k - 1) d times the product of the strides so far."""
    model = [same(kernel=5), "relu", "max_pool", same(), "batch_norm", {"max_pool": 3},
             same(kernel=(1, 3), dilation=2), "flatten", {"dense": 3}]  # fmt: skip
    assert list(fields(model, [36, 48, 1]).values()) == [
        (5, 5), (5, 5), (6, 6), (10, 10), (10, 10), (14, 14), (14, 14 + 2 * 2 * 6), (36, 48), (36, 48),
    ]  # fmt: skip


def test_blocks() -> None:
    model = [
        {"residual": {"layers": [same(stride=2), same(3)], "shortcut": "projection"}},
        {"branches": [[same(kernel=1)], [same(kernel=7)], [same(kernel=3), same(kernel=3)]]},
        same(),
        {"repeat": {"times": 2, "layers": [{"residual": [same()]}]}},
    ]
    found = fields(model, [16, 16, 1])
    assert found["0_residual.0_conv"] == (3, 3) and found["0_residual"] == found["0_residual.1_conv"] == (7, 7)
    assert found["0_residual.shortcut.0_conv"] == (1, 1)
    assert found["1_branches"] == (7 + 6 * 2,) * 2 and found["2_conv"] == (7 + 6 * 2 + 2 * 2,) * 2
    assert found["3_repeat.0.0_residual"] == (27, 27) and found["3_repeat"] == found["3_repeat.1.0_residual"] == (31, 31)


def test_what_makes_arrays_larger() -> None:
    model = [same(stride=2), {"upsample": 2}, same(), {"conv_transpose": {"units": 1, "kernel": 4}}, same()]
    assert list(fields(model, [8, 8, 1]).values()) == [(3, 3), (3, 3), (5, 5), (7, 7), (7, 7)]


def test_other_inputs() -> None:
    assert set(fields([{"dense": 2}, "relu"], [4]).values()) == {None}
    assert set(fields([{"dense": 2}, "relu"], [5, 4]).values()) == {None}
    assert list(fields([{"conv1d": 2}, {"max_pool": 2}, "global_max_pool"], [9, 1]).values()) == [(3,), (4,), (9,)]
    reads_input = {"conv": {"units": 2, "kernel": 3, "padding": "same", "from": "input"}}
    assert list(fields([same(), same(), reads_input], [8, 8, 1]).values()) == [(3, 3), (5, 5), (3, 3)]
    assert fields([{"reshape": [4, 4, 1]}, same()], [16])["1_conv"] == ()


@compiled_only
@pytest.mark.parametrize(
    "model",
    [
        [same(), "tanh", {"avg_pool": 2}, same(kernel=(3, 2), dilation=(1, 2))],
        [same(stride=2), {"conv_transpose": {"units": 2, "kernel": 3}}, {"depthwise_conv": {"padding": "same"}}],
        [
            same(stride=(1, 2)),
            {"upsample": [1, 3]},
            same(),
            {"residual": {"layers": [same(3, stride=2)], "shortcut": "projection"}},
        ],
        [{"branches": [[same(kernel=1)], [same(kernel=5)]]}, "tanh", same(stride=3)],
        [same(stride=2), {"upsample": 2}, same(), {"conv_transpose": {"units": 1, "kernel": 4}}],
    ],
    ids=["pool", "transposed", "upsample", "branches", "both"],
)
def test_no_pixel_outside_of_it_matters_and_the_field_is_filled(model: list[Any]) -> None:
    """The pixels that change one output, for every output: the largest such window is the field."""
    recipe = {"input": [18, 18, 1], "model": model, "loss": "mse"}
    field = [layer for layer in summarize(load(recipe)).layers if layer.depth == 0][-1].receptive_field
    network = dllab.build(recipe, dtype="float64")
    x = np.random.default_rng(0).normal(size=(1, 18, 18, 1))
    y = network.forward(x)
    moved = np.repeat(x, 18 * 18, 0)
    moved[np.arange(18 * 18), np.arange(18 * 18) // 18, np.arange(18 * 18) % 18] += 1.0
    changed = np.abs(network.forward(moved) - y).max(-1) > 1e-12  # (pixel, P, Q)
    widest = [0, 0]
    for p, q in np.ndindex(*y.shape[1:3]):
        rows, columns = np.nonzero(changed[:, p, q].reshape(18, 18))
        widest = [max(widest[0], int(np.ptp(rows)) + 1), max(widest[1], int(np.ptp(columns)) + 1)]
    assert tuple(widest) == field
