"""Pairs of dense layers split among shards by hidden units: the same net, by another way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.catalogue import parts
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan import split
from dllab.plan.plan import Plan, Question
from dllab.plan.probes import Probe
from dllab.plan.split import Pair
from dllab.recipe import load
from dllab.symbols import COLUMN

RNG = np.random.default_rng(0)
DEEP = [
    {"dense": 64}, "tanh", {"dense": 32}, "relu",
    {"dense": 64}, "gelu", {"dense": {"units": 32, "init": "he"}}, {"dense": 3},
]  # fmt: skip


@pytest.fixture(autouse=True)
def every_pair_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "WEIGHTS_WORTH_IT", 1)


def question(model: Any, precision: str = "float64", optimizer: Any = "adam") -> Question:
    recipe = load({"input": [6], "model": model, "loss": "cross_entropy", "optimizer": optimizer})
    return question_of(recipe, None, precision=precision, batch=9)


def network(model: Any, shards: int, **changes: Any) -> Network:
    return Network(Plan(replace(question(model), shards=shards, **changes)))


def test_where_pairs_are_found() -> None:
    assert network(DEEP, 2).plan.pairs == {0: Pair(0, 2), 4: Pair(4, 6)}
    assert network(DEEP, 1).plan.pairs == {}
    assert network([{"dense": 7}, {"dense": 32}, {"dense": 5}], 2).plan.pairs == {1: Pair(1, 2)}


@pytest.mark.parametrize(
    "model",
    [
        [{"dense": 48 + 7}, "relu", {"dense": 3}],  # halves would not begin on a cache line
        [{"dense": {"units": 32, "bias": False}}, {"dense": 3}],
        [{"dense": 32}, {"dropout": 0.5}, {"dense": 3}],  # its mask belongs to rows
        [{"dense": {"units": 32, "name": "hidden"}}, {"dense": 3}],  # somebody may read its rows
        [{"dense": 32}, {"relu": {"name": "hidden"}}, {"dense": 3}],
        [{"residual": [{"dense": 6}]}, {"dense": 3}],
        [{"dense": 32}, "softmax", {"dense": 3}],  # needs the whole row
    ],
)
def test_where_there_are_none(model: Any) -> None:
    assert network(model, 2).plan.pairs == {}


def test_what_needs_whole_layers_gets_them() -> None:
    assert Plan(replace(question(DEEP, optimizer="muon"), shards=2)).pairs == {}
    assert Plan(replace(question(DEEP), shards=2, input_gradient=True)).pairs == {}
    assert Plan(replace(question(DEEP), shards=2, frozen=("2_dense",))).pairs == {4: Pair(4, 6)}


@pytest.mark.parametrize("model", [DEEP, [{"dense": 32}, {"dense": 5}, "softmax"], [{"dense": 5}, "relu", *DEEP]])
def test_losses_gradients_and_steps_are_those_of_one_shard(model: Any) -> None:
    whole, halves = network(model, 1), network(model, 2)
    for rows in (9, 5, 1, 2, 9):
        x, y = RNG.normal(size=(rows, 6)), RNG.integers(0, 3, rows)
        expected, found = whole.loss_and_gradients(x, y), halves.loss_and_gradients(x, y)
        assert found[0] == pytest.approx(expected[0], rel=1e-12)
        for label, gradient in expected[1].items():
            assert found[1][label].shape == gradient.shape
            np.testing.assert_allclose(found[1][label], gradient, rtol=1e-9, atol=1e-14, err_msg=label)
        whole.step(x, y)
        halves.step(x, y)
    for label, values in whole.parameters.items():
        np.testing.assert_allclose(halves.parameters[label], values, rtol=1e-8, atol=1e-12, err_msg=label)
    np.testing.assert_allclose(halves.forward(x), whole.forward(x), rtol=1e-9)


ELEMENTWISE = [name for name, part in parts("layers").items() if part.elementwise]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_layers_are_elementwise(name: str) -> None:
    net = dllab.build({"input": [5], "model": [name], "loss": "mse"}, dtype="float64")
    x = RNG.normal(size=(3, 5))
    other = x.copy()
    other[1, 2] = 0.77
    changed = net.forward(other) != net.forward(x)
    changed[1, 2] = False
    assert not changed.any()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_layers_inside_pairs(name: str) -> None:
    whole, halves = (network([{"dense": 32}, name, {"dense": 3}], shards) for shards in (1, 2))
    x, y = RNG.normal(size=(9, 6)), RNG.integers(0, 3, 9)
    expected, found = whole.loss_and_gradients(x, y)[1], halves.loss_and_gradients(x, y)[1]
    for label, gradient in expected.items():
        np.testing.assert_allclose(found[label], gradient, rtol=1e-9, atol=1e-14, err_msg=label)


def test_parameters_look_as_ever_and_can_be_written() -> None:
    whole, halves = network(DEEP, 1), network(DEEP, 2)
    for label, values in halves.parameters.items():
        np.testing.assert_array_equal(values, whole.parameters[label])
    for net in (whole, halves):
        net.parameters["0_dense.w"][2, 5] = 3.0
    x = RNG.normal(size=(4, 6))
    np.testing.assert_allclose(halves.forward(x), whole.forward(x), rtol=1e-12)


def trained(threads: bool, optimizer: Any) -> np.ndarray:
    net = Network(Plan(replace(question(DEEP, "float32", optimizer), shards=2)))
    rng = np.random.default_rng(1)
    columns = {
        COLUMN + "inputs": rng.normal(size=(31, 6)).astype(np.float32),
        COLUMN + "targets": rng.integers(0, 3, 31).astype(np.int32),
    }
    order = np.arange(31)
    bound = Bound(net.memory, "train", 9, columns, order.copy(), base=order)
    executor.run(bound, 0, 60, np.full(60, 0.01), threads=threads)
    return net.memory.flat("parameters").copy()


@pytest.mark.parametrize("optimizer", ["adam", [{"clip_norm": 0.1}, {"l2": 0.01}, {"momentum": 0.1}]])
def test_threads_or_in_turn_the_bits_are_the_same(optimizer: Any) -> None:
    np.testing.assert_array_equal(trained(True, optimizer), trained(False, optimizer))


def test_the_norm_is_that_of_all_parameters() -> None:
    norms = []
    for net in (network(DEEP, 1), network(DEEP, 2)):
        x, y = np.random.default_rng(2).normal(size=(9, 6)), np.arange(9) % 3
        net.loss_and_gradients(x, y)
        norms.append(net.memory.arrays["history"].view(np.float64)[4096])
    assert norms[1] == pytest.approx(norms[0], rel=1e-12)


WATCHED = [Probe("1_tanh"), Probe("1_tanh", "output_gradient"), Probe("2_dense"), Probe("0_dense.w", "parameter"),
           Probe("0_dense.w", "gradient"), Probe("2_dense.w", "gradient")]  # fmt: skip
SUMMED = [Probe("1_tanh", "output", "portrait", flat=(-0.5, 0.25)), Probe("1_tanh", "output_gradient", "square"),
          Probe("5_gelu", "output", "moments"), Probe("0_dense.w", "parameter", "square"),
          Probe("0_dense.w", "update", "square")]  # fmt: skip


def test_probes_see_what_they_see_of_one_shard() -> None:
    active = Probe("3_relu", "output", "units"), Probe("5_gelu", "output", "units")
    whole, halves = (network(DEEP, shards, probes=(*WATCHED, *SUMMED, *active)) for shards in (1, 2))
    assert halves.plan.pairs == {0: Pair(0, 2), 4: Pair(4, 6)}
    for _ in range(4):
        x, y = RNG.normal(size=(9, 6)), RNG.integers(0, 3, 9)
        whole.step(x, y)
        halves.step(x, y)
    for probe in WATCHED:
        expected, found = whole.memory.looks(probe, 4), halves.memory.looks(probe, 4)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12, err_msg=str(probe))
    for probe in SUMMED:
        expected, found = whole.memory.looks(probe, 4)[:, 0], halves.memory.looks(probe, 4)
        if probe.summary in ("portrait", "moments"):
            least, most = found[..., 3].min(1), found[..., 4].max(1)
            found = found.sum(1)
            found[:, 3], found[:, 4] = least, most
        else:
            found = found.sum(1)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12, err_msg=str(probe))
    by_rows, by_units = (net.memory.looks(active[0], 4) for net in (whole, halves))  # (4, shards, U + 1)
    np.testing.assert_array_equal(by_units.sum(1), by_rows[:, 0])
    by_rows, by_units = (net.memory.looks(active[1], 4) for net in (whole, halves))
    np.testing.assert_array_equal(by_units[..., :-1].reshape(4, 64), by_rows[:, 0, :-1])
    np.testing.assert_array_equal(by_units[..., -1], 9)
