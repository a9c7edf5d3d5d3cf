"""Global pools against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, plain, run
from linear_twins import pulled_back, ramp
from nets import batch, net, worst_error

import dllab
from dllab.ops import global_avg_pool, global_max_pool
from dllab.recipe import RecipeError

SHAPES = [(2, 3, 4, 5), (1, 1, 1, 3), (3, 7, 2), (1, 5, 17), (2, 1, 4)]
TOLERANCE = {"float32": 1e-6, "float64": 1e-14}
POOLS = {"global_avg_pool": np.mean, "global_max_pool": np.max}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward(name: str, precision: str, shape: tuple[int, ...]) -> None:
    network = net([name], list(shape[1:]), precision)
    x, _ = batch(network, shape[0])
    expected = POOLS[name](x, axis=tuple(range(1, x.ndim - 1)), dtype="float64") if name == "global_avg_pool" else (
        x.max(axis=tuple(range(1, x.ndim - 1))))  # fmt: skip
    near = TOLERANCE[precision]
    np.testing.assert_allclose(network.forward(x), expected, rtol=near, atol=near)


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_backward_of_the_mean(call: Any, precision: str) -> None:
    dy, dx = ramp((2, 3), 1, precision), np.full((2, 4, 3), np.nan, precision)
    call(global_avg_pool.backward, precision, dx=dx, dy=dy)
    np.testing.assert_allclose(dx, pulled_back(lambda x: x.mean(1), dx.shape, dy), rtol=TOLERANCE[precision])


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_largest_its_place_and_what_it_learns(call: Any, precision: str) -> None:
    x = np.array([[[1, 5, -3, np.nan], [4, 5, -1, 7], [2, 5, -2, 9]], [[0, 0, 1, 1], [0, 0, 2, np.nan], [0, -1, 0, 3]]])
    x = x.astype(precision)  # (B, P, C): equal numbers, negative ones, and NaN first and in between
    y, at = np.empty((2, 4), precision), np.empty((2, 4), np.int32)
    call(global_max_pool.forward, precision, y=y, at=at, x=x)
    np.testing.assert_array_equal(y, [[4, 5, -1, np.nan], [0, 0, 2, np.nan]])
    np.testing.assert_array_equal(at, [[1, 0, 1, 0], [0, 0, 1, 1]])
    dx, dy = np.full_like(x, np.nan), ramp((2, 4), 1, precision)
    call(global_max_pool.backward, precision, dx=dx, dy=dy, at=at)
    expected = np.zeros_like(x)
    for n, c in np.ndindex(2, 4):
        expected[n, at[n, c], c] = dy[n, c]
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("shards", [1, 2])
def test_gradients(name: str, shards: int) -> None:
    model = [{"dense": 3}, "tanh", name, {"dense": 2}]
    for inputs in ([2, 3, 4], [5, 2]):
        assert worst_error(net(model, inputs, shards=shards)) < 1e-8


@pytest.mark.parametrize("name", POOLS)
def test_vectors_are_refused(name: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": [8], "model": [name], "loss": "mse"})
    words = "it takes pictures (B, height, width, channels), not (B, 8); give picture data the option flatten: false"
    assert words in " ".join(str(error.value).split())
