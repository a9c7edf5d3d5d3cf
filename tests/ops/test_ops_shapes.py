"""Flatten and reshape: the same numbers under other axes, and nothing is computed."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import batch, net, worst_error

import dllab
from dllab.ops.reshape import Reshape
from dllab.recipe import RecipeError

SHAPES: list[tuple[Any, list[int], tuple[int, ...]]] = [
    ("flatten", [7], (7,)),
    ("flatten", [3, 4], (12,)),
    ("flatten", [3, 2, 5], (30,)),
    ({"reshape": [2, 3, 4]}, [24], (2, 3, 4)),
    ({"reshape": [-1, 4]}, [2, 3, 4], (6, 4)),
    ({"reshape": [-1]}, [2, 3], (6,)),
    ({"reshape": [3, -1]}, [3], (3, 1)),
]
ids = [f"{layer} of {shape}" for layer, shape, _ in SHAPES]


@pytest.mark.parametrize(("layer", "inputs", "expected"), SHAPES, ids=ids)
@pytest.mark.parametrize("rows", [1, 4])
def test_numbers_keep_their_order(layer: Any, inputs: list[int], expected: tuple[int, ...], rows: int) -> None:
    network = net([layer], inputs)
    x, _ = batch(network, rows)
    np.testing.assert_array_equal(network.forward(x), x.reshape(rows, *expected))


def test_nothing_is_copied() -> None:
    """The layers add no row and no array to a training step; its gradient is what goes on."""
    ops = [{"dense": 6}, {"reshape": [3, 2]}, "tanh", "flatten", {"dense": 2}]
    program = net(ops, [4]).plan.program("train")
    titles = {row.layer for row in program.rows}
    assert "1_reshape" not in titles and "3_flatten" not in titles
    assert not {value.name for value in program.work} & {"1_reshape.y", "3_flatten.y"}


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("inputs", [[2, 3, 2], [12]])
def test_gradients_go_through(inputs: list[int], shards: int) -> None:
    labelled = {"dense": {"units": 6, "name": "h"}}
    model = ["flatten", labelled, {"reshape": [3, -1]}, "tanh", {"residual": [{"dense": 2}]}, "flatten",
             {"branches": [["identity"], [{"reshape": {"shape": [6], "from": "h"}}]]}, {"dense": 2}]  # fmt: skip
    assert worst_error(net(model, inputs, shards=shards)) < 1e-8


def test_a_flattened_picture_in_front_of_layers_split_by_units() -> None:
    """Pairs of dense layers gather the whole batch; a view of the inputs is gathered as well."""
    model = ["flatten", {"dense": 256}, "relu", {"dense": 160}]
    one, two = (net(model, [16, 8, 1], shards=shards) for shards in (1, 2))
    assert two.plan.pairs
    for label, values in one.parameters.items():
        two.parameters[label][...] = values
    x, y = batch(one, 6)
    (loss, gradients), (same, others) = one.loss_and_gradients(x, y), two.loss_and_gradients(x, y)
    assert same == pytest.approx(loss, rel=1e-12)
    for label, gradient in gradients.items():
        np.testing.assert_allclose(others[label], gradient, rtol=1e-9, atol=1e-12, err_msg=label)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
def test_minus_one_is_what_is_left(sizes: list[int], data: Any) -> None:
    place = data.draw(st.integers(0, len(sizes) - 1))
    asked = [-1 if i == place else size for i, size in enumerate(sizes)]
    assert Reshape(shape=tuple(asked))._sizes(prod(sizes)) == tuple(sizes)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ([2, 3], "an example has 8 numbers here, and [2, 3] takes 6"),
        ([-1, 3], "an example has 8 numbers here, and [-1, 3] takes a multiple of 3"),
        ([-1, -1], "at most one -1"),
        ([0, -1], "sizes of 1 and more"),
        ([-2], "shape"),
        ([], "shape"),
    ],
)
def test_what_does_not_fit(shape: list[int], words: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": [8], "model": [{"reshape": shape}], "loss": "mse"})
    assert words in " ".join(str(error.value).split())
