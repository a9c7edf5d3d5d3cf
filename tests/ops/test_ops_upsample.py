"""Upsample against nested loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, plain, run
from linear_twins import Array, pulled_back, ramp
from nets import batch, net, worst_error

import dllab
from dllab.ops import upsample
from dllab.recipe import RecipeError

CASES: list[tuple[tuple[int, ...], int | list[int]]] = [
    ((2, 3, 4, 5), 2), ((1, 1, 1, 1), 3), ((1, 5, 3, 2), 1), ((2, 2, 3, 17), [1, 3]), ((2, 3, 2, 1), [4, 2]),
    ((3, 5, 2), 2), ((1, 1, 3), 5), ((2, 7, 1), 1),
]  # fmt: skip
ids = [f"{shape} by {factor}" for shape, factor in CASES]


def twin(x: Array, factor: int | list[int]) -> Array:
    """(B, H, W, C) or (B, T, C) to the larger one."""
    factors = [factor] * (x.ndim - 2) if isinstance(factor, int) else factor
    y = np.zeros((x.shape[0], *(n * f for n, f in zip(x.shape[1:-1], factors)), x.shape[-1]))
    for index in np.ndindex(*y.shape):
        of = (index[0], *(place // f for place, f in zip(index[1:-1], factors)), index[-1])
        y[index] = x[of]
    return y


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("shape", "factor"), CASES, ids=ids)
def test_forward(precision: str, shape: tuple[int, ...], factor: Any) -> None:
    network = net([{"upsample": factor}], list(shape[1:]), precision)
    x, _ = batch(network, shape[0])
    np.testing.assert_array_equal(network.forward(x), twin(x, factor))


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("shape", "factor"), [case for case in CASES if len(case[0]) == 4], ids=str)
def test_backward(call: Any, precision: str, shape: tuple[int, ...], factor: Any) -> None:
    down, across = [factor] * 2 if isinstance(factor, int) else factor
    dy = ramp((shape[0], shape[1] * down, shape[2] * across, shape[3]), 1, precision)
    dx = np.full(shape, np.nan, precision)
    call(upsample.backward, precision, dx=dx, dy=dy, down=down, across=across)
    expected = pulled_back(lambda x: twin(x, factor), shape, dy)
    np.testing.assert_allclose(dx, expected, rtol=1e-5 if precision == "float32" else 1e-13, atol=1e-6)


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize(("inputs", "factor"), [([2, 1, 3], 2), ([3, 2], 3)])
def test_gradients(inputs: list[int], factor: int, shards: int) -> None:
    model = [{"dense": 3}, "tanh", {"upsample": factor}, {"dense": 2}, "tanh", "flatten", {"dense": 2}]
    assert worst_error(net(model, inputs, shards=shards)) < 1e-8


@pytest.mark.parametrize(
    ("inputs", "factor", "words"),
    [
        ([8], 2, "it takes pictures (B, height, width, channels), not (B, 8)"),
        ([8, 2], [1, 2], "a signal (B, steps, channels) has one axis to enlarge; give it one number, not a pair"),
        ([8, 2], 0, "factor"),
        ([8, 2, 1], [1, 2, 3], "factor"),
    ],
)
def test_what_does_not_fit(inputs: list[int], factor: Any, words: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": inputs, "model": [{"upsample": factor}], "loss": "mse"})
    assert words in " ".join(str(error.value).split())
