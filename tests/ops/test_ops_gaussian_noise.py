"""Gaussian noise: normal numbers, and that nothing but (seed, layer, step, row, element) decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, plain, run
from nets import batch, net, worst_error
from scipy import special
from test_ops_dropout import masks, rows_of

import dllab
from dllab.core import rng
from dllab.core.settings import jit_enabled
from dllab.ops import gaussian_noise
from dllab.recipe import RecipeError

SIGMA = 0.3


def twin(shape: tuple[int, ...], rows: np.ndarray, seed: int, layer: int, step: int) -> np.ndarray:
    """Standard normal numbers for a batch of those rows."""
    step_key = rng.key(rng.key(seed, rng.STREAM_DROPOUT, layer), 0, step)
    count = int(np.prod(shape[1:]))
    draws = [rng.uniform(rng.bits_at(step_key, int(row)), count) for row in rows]
    return special.ndtri(np.reshape(draws, shape) + 2.0**-54)


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_kernels_against_the_twin(call: Any, precision: str) -> None:
    rows = np.array([12, 3, 40, 0, 7])
    x = np.random.default_rng(1).normal(size=(5, 300)).astype(precision)
    x[0, 0] = np.nan
    y, dx = np.empty_like(x), np.empty_like(x)
    call(gaussian_noise.forward, precision, y=y, x=x, rows=rows, sigma=SIGMA, seed=9, layer=2, step=31)
    np.testing.assert_allclose(y, x + SIGMA * twin(x.shape, rows, 9, 2, 31), rtol=1e-6, atol=1e-6)
    assert np.isnan(y[0, 0])
    call(gaussian_noise.backward, precision, dx=dx, dy=x)
    np.testing.assert_array_equal(dx, x)


@pytest.mark.skipif(not jit_enabled(), reason="machine code needs JIT")
def test_the_kernel_is_packed() -> None:
    assert "mulpd" in assembly(gaussian_noise.forward)


@pytest.mark.parametrize("shape", [[40], [3, 5], [2, 3, 4]])
def test_the_net_adds_what_the_twin_says(shape: list[int]) -> None:
    rows = np.array([4, 17, 2, 33])
    for step in (0, 5):
        found = masks(net([{"gaussian_noise": SIGMA}], shape, seed=6), rows, step=step)
        np.testing.assert_allclose(found, 1 + SIGMA * twin(found.shape, rows, 6, 1, step), rtol=1e-6, atol=1e-6)


def test_it_is_normal() -> None:
    """Mean, deviation, skewness and kurtosis, and how much lies beyond 1, 2 and 3 deviations."""
    z = net([{"gaussian_noise": 1.0}], [500]).forward(np.zeros((400, 500)), training=True).ravel()
    near = 5 / np.sqrt(z.size)
    assert abs(z.mean()) < near and abs(z.std() - 1) < near
    assert abs((z**3).mean()) < near * np.sqrt(15) and abs((z**4).mean() - 3) < near * np.sqrt(96)
    for bound in (1, 2, 3):
        beyond = special.erfc(bound / np.sqrt(2))
        assert abs((np.abs(z) > bound).mean() - beyond) < 5 * np.sqrt(beyond / z.size)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_shards_threads_and_places_in_the_batch_do_not_show(precision: str) -> None:
    rows = np.arange(11)
    whole = masks(net([{"gaussian_noise": SIGMA}], [7], precision), rows)
    for threads in (True, False):
        two = net([{"gaussian_noise": SIGMA}], [7], precision, shards=2)
        np.testing.assert_array_equal(masks(two, rows, threads=threads), whole)
    shuffled = np.random.default_rng(4).permutation(11)
    np.testing.assert_array_equal(masks(net([{"gaussian_noise": SIGMA}], [7], precision), shuffled), whole[shuffled])


def test_steps_layers_seeds_and_rows_differ() -> None:
    rows, one = np.arange(20), net([{"gaussian_noise": 1.0}], [40])
    base = masks(one, rows)
    two = net([{"gaussian_noise": 1.0}, {"gaussian_noise": 1.0}], [40])
    others = [masks(one, rows, step=1) - 1, masks(net([{"gaussian_noise": 1.0}], [40], seed=1), rows) - 1,
              masks(one, rows + 20) - 1, masks(two, rows) - base]  # fmt: skip
    for other in others:
        assert abs(np.corrcoef((base - 1).ravel(), other.ravel())[0, 1]) < 0.15


def test_inference_is_the_identity_without_a_row() -> None:
    network = net([{"dense": 5}, {"gaussian_noise": 0.5}], [3])
    x, _ = batch(network, 6)
    np.testing.assert_array_equal(network.forward(x), net([{"dense": 5}], [3]).forward(x))
    assert not any(title.startswith("ops.gaussian_noise") for title in rows_of(net([{"gaussian_noise": 0}], [3])))


@pytest.mark.parametrize("shards", [1, 2])
def test_gradients(shards: int) -> None:
    model = [{"dense": 6}, "tanh", {"gaussian_noise": 0.4}, {"residual": [{"dense": 6}, "gaussian_noise"]}, {"dense": 2}]
    assert worst_error(net(model, [4], shards=shards)) < 1e-8


@pytest.mark.parametrize("sigma", [-0.1, "much", 1e9])
def test_sigmas_out_of_range_are_refused(sigma: Any) -> None:
    with pytest.raises(RecipeError, match="sigma"):
        dllab.build({"input": [3], "model": [{"gaussian_noise": sigma}]})
