"""Dropout: which units it drops, and that nothing but (seed, layer, step, row, element) decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, plain, run
from nets import batch, net, worst_error

import dllab
from dllab.core import rng
from dllab.core.settings import jit_enabled
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.ops import dropout
from dllab.recipe import RecipeError
from dllab.symbols import COLUMN

RATE = 0.3
WIDTH = 40


def twin(shape: tuple[int, ...], rows: np.ndarray, rate: float, seed: int, layer: int, step: int) -> np.ndarray:
    """The mask of a batch of those rows, 0 and 1 / (1 - rate)."""
    step_key = rng.key(rng.key(seed, rng.STREAM_DROPOUT, layer), 0, step)
    count = int(np.prod(shape[1:]))
    draws = [rng.uniform(rng.bits_at(step_key, int(row)), count) for row in rows]
    return np.where(np.reshape(draws, shape) < rate, 0.0, 1 / (1 - rate))


def masks(network: Network, rows: np.ndarray, *, step: int = 0, threads: bool = True) -> np.ndarray:
    """What comes out for inputs of 1 in training, for a batch of those rows of a data set of 50."""
    outputs = np.empty((len(rows), int(np.prod(network.output_shape))), network.dtype)
    columns = {COLUMN + "inputs": np.ones((50, *network.plan.question.inputs.shape), network.dtype)}
    bound = Bound(network.memory, "forward:plain", len(rows), columns, rows.astype(np.int64), outputs=outputs)
    executor.run(bound, step, step + 1, threads=threads)  # the batch is all there is, so every step sees the same rows
    return outputs.reshape(len(rows), *network.output_shape)


def dropping(precision: str = "float64", shape: list[int] | None = None, **changes: Any) -> Network:
    return net([{"dropout": RATE}], shape or [WIDTH], precision, **changes)


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", [(5, 7), (3, 4, 6)])
def test_kernels_against_the_twin(call: Any, precision: str, shape: tuple[int, ...]) -> None:
    rows = np.array([12, 3, 40, 0, 7])[: shape[0]]
    flat = (shape[0], int(np.prod(shape[1:])))
    x = np.random.default_rng(1).normal(size=flat).astype(precision)
    x[0, 0] = np.nan
    y, mask, dx = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    call(dropout.forward, precision, y=y, mask=mask, x=x, rows=rows, threshold=round(RATE * dropout.DRAWS),
         scale=1 / (1 - RATE), seed=9, layer=2, step=31)  # fmt: skip
    expected = twin(shape, rows, RATE, 9, 2, 31).reshape(flat).astype(precision)
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_array_equal(y, expected * x)
    assert np.isnan(y[0, 0])
    call(dropout.backward, precision, dx=dx, dy=x, mask=mask)
    np.testing.assert_array_equal(dx, expected * x)


@pytest.mark.skipif(not jit_enabled(), reason="machine code needs JIT")
def test_kernels_are_packed() -> None:
    assert "mulps" in assembly(dropout.backward)
    for kernel in (dropout.forward, dropout.backward):
        assert "cvtps2pd" not in assembly(kernel)


@pytest.mark.parametrize("shape", [[WIDTH], [3, 5]])
def test_the_net_drops_as_the_twin_says(shape: list[int]) -> None:
    rows = np.array([4, 17, 2, 33])
    for step in (0, 5):
        found = masks(dropping(shape=shape, seed=6), rows, step=step)
        np.testing.assert_allclose(found, twin(found.shape, rows, RATE, 6, 1, step), rtol=1e-14)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_mean_is_kept_and_the_rate_is_met(rate: float) -> None:
    network = net([{"dropout": rate}], [500])
    found = network.forward(np.ones((200, 500)), training=True)
    spread = np.sqrt(rate / (1 - rate) / found.size)
    assert abs(found.mean() - 1) < 5 * spread
    assert abs((found == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / found.size)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_shards_and_threads_do_not_show(precision: str) -> None:
    rows = np.arange(11)
    whole = masks(dropping(precision), rows)
    for shards in (2, 3):
        for threads in (True, False):
            np.testing.assert_array_equal(masks(dropping(precision, shards=shards), rows, threads=threads), whole)


def test_the_place_in_the_batch_does_not_show() -> None:
    rows = np.arange(12)
    shuffled = np.random.default_rng(4).permutation(12)
    whole = masks(dropping(), rows)
    np.testing.assert_array_equal(masks(dropping(), shuffled), whole[shuffled])
    np.testing.assert_array_equal(masks(dropping(), rows[5:6]), whole[5:6])


def test_precision_does_not_show() -> None:
    single, double = (masks(dropping(precision), np.arange(50)) for precision in PRECISIONS)
    np.testing.assert_array_equal(single == 0, double == 0)


def test_steps_layers_seeds_and_rows_differ() -> None:
    rows = np.arange(20)
    base = masks(dropping(), rows) == 0
    two = net([{"dropout": RATE}, {"dropout": RATE}], [WIDTH])
    second = (masks(two, rows) == 0) & ~base  # what only the second layer dropped
    others = [masks(dropping(), rows, step=1) == 0, masks(dropping(seed=1), rows) == 0, masks(dropping(), rows + 20) == 0]
    for other in others:
        # Independent masks agree where both drop or both keep.
        assert (base == other).mean() == pytest.approx(RATE**2 + (1 - RATE) ** 2, abs=0.09)
    assert second[~base].mean() == pytest.approx(RATE, abs=0.09)


def test_inference_is_the_identity_without_a_row() -> None:
    network = net([{"dense": 5}, {"dropout": 0.5}], [3])
    x, _ = batch(network, 6)
    np.testing.assert_array_equal(network.forward(x), net([{"dense": 5}], [3]).forward(x))
    titles = [row.kernel.title for row in network.plan.program("infer").rows if row.kernel]
    assert not any(title.startswith("ops.dropout") for title in titles)
    assert not any(title.startswith("ops.dropout") for title in rows_of(net([{"dropout": 0}], [3])))


def rows_of(network: Network) -> list[str]:
    return [row.kernel.title for row in network.plan.program("train").rows if row.kernel]


def test_every_training_step_drops_anew() -> None:
    network = net([{"dropout": 0.5}, {"dense": 1}], [30])
    x, y = batch(network, 8)
    first = network.loss_and_gradients(x, y)[0]
    assert network.loss_and_gradients(x, y)[0] == first  # the same step again
    assert network.step(x, y, lr=0.0) == first
    assert network.step(x, y, lr=0.0) != first


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("shape", [[4], [2, 3]])
def test_gradients(shards: int, shape: list[int]) -> None:
    model = [{"dense": 6}, "tanh", {"dropout": 0.4}, {"residual": [{"dense": 6}, {"dropout": 0.2}]}, {"dense": 2}]
    assert worst_error(net(model, shape, shards=shards)) < 1e-8


@pytest.mark.parametrize("rate", [1, 1.5, -0.1, "half"])
def test_rates_out_of_range_are_refused(rate: Any) -> None:
    with pytest.raises(RecipeError, match="rate"):
        dllab.build({"input": [3], "model": [{"dropout": rate}]})


# ---- whole channels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_channel_kernels_against_the_twin(call: Any, precision: str) -> None:
    rows, places, channels = np.array([12, 3, 40]), 5, 19
    x = np.random.default_rng(1).normal(size=(3, places, channels)).astype(precision)
    y, dx, mask = np.empty_like(x), np.empty_like(x), np.empty((3, channels), precision)
    call(dropout.forward_channels, precision, y=y, mask=mask, x=x, rows=rows, threshold=round(RATE * dropout.DRAWS),
         scale=1 / (1 - RATE), seed=9, layer=2, step=31)  # fmt: skip
    expected = twin((3, channels), rows, RATE, 9, 2, 31).astype(precision)
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_array_equal(y, expected[:, None] * x)
    call(dropout.backward_channels, precision, dx=dx, dy=x, mask=mask)
    np.testing.assert_array_equal(dx, expected[:, None] * x)


@pytest.mark.parametrize("shape", [[4, 3, 30], [6, 30], [30]])
@pytest.mark.parametrize("shards", [1, 2])
def test_a_channel_is_dropped_everywhere_or_nowhere(shape: list[int], shards: int) -> None:
    network = net([{"dropout": {"rate": RATE, "channels": True}}], shape, shards=shards)
    rows = np.array([4, 17, 2, 33, 8])
    for step in (0, 5):
        found = masks(network, rows, step=step)
        expected = twin((5, 30), rows, RATE, 0, 1, step)
        for place in np.ndindex(*shape[:-1]):
            np.testing.assert_allclose(found[(slice(None), *place)], expected, rtol=1e-14)


@pytest.mark.parametrize("shards", [1, 2])
def test_gradients_of_dropped_channels(shards: int) -> None:
    model = [{"dense": 6}, "tanh", {"dropout": {"rate": 0.4, "channels": True}}, "flatten", {"dense": 2}]
    assert worst_error(net(model, [2, 3, 2], shards=shards)) < 1e-8
