"""Groups of parameters: padding, shards, threads, frozen layers, factors of the learning rate."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from by_hand import RULES, batches, net_with

from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.question import INPUTS, TARGETS
from dllab.plan.plan import Plan
from dllab.symbols import COLUMN

CHAINS: dict[str, Any] = {
    **{name: {name: 0.02} for name in RULES},
    "adamw decayed": {"adamw": {"lr": 0.02, "weight_decay": 1.0}},
    "chain": [{"clip_norm": 0.5}, {"clip_value": 0.1}, {"l1": 0.01}, {"l2": 0.01}, {"weight_decay": 0.1}, "momentum"],
    "chain to muon": [{"clip_norm": 0.5}, {"l2": 0.1}, {"muon": 0.02}],
}
chains = pytest.mark.parametrize("chain", CHAINS.values(), ids=list(CHAINS))


def rebuilt(chain: Any, **changes: Any) -> Network:
    """The usual net under a changed question."""
    net = net_with(chain, changes.pop("precision", "float64"))
    return Network(Plan(dataclasses.replace(net.plan.question, **changes)), net.recipe)


def trained(net: Network, steps: int = 5, threads: bool = True) -> dict[str, np.ndarray]:
    """Parameters after some steps over 11 rows in batches of 4, the last one short."""
    x, y = next(batches(1, rows=11))
    rows = np.arange(11)
    columns = {COLUMN + INPUTS: x.astype(net.dtype), COLUMN + TARGETS: y.astype(net.dtype)}
    bound = Bound(net.memory, "train:plain", 4, columns, rows.copy(), base=rows)
    assert executor.run(bound, 0, steps, np.full(steps, net.learning_rate), threads=threads) is None
    return {label: p.copy() for label, p in net.parameters.items()}


@chains
@pytest.mark.parametrize("shards", [1, 2])
def test_padding_between_parameters_stays_zero(chain: Any, shards: int) -> None:
    net = rebuilt(chain, shards=shards)
    trained(net)
    inside = np.zeros(net.plan.arena, bool)
    for p in net.plan.parameters:
        start = p.offset // net.dtype.itemsize  # type: ignore[operator]
        inside[start : start + int(np.prod(p.shape))] = True
    assert (~inside).sum() > 4
    for name in ("parameters", "gradients@0", "optimizer"):
        flat = net.memory.flat(name)
        copies = flat[: flat.size // net.plan.arena * net.plan.arena].reshape(-1, net.plan.arena)  # sgd keeps no state
        assert not copies[:, ~inside].any(), name


@chains
def test_two_shards_give_what_one_gives_to_rounding(chain: Any) -> None:
    one, two = trained(rebuilt(chain, shards=1)), trained(rebuilt(chain, shards=2))
    for label, p in one.items():
        np.testing.assert_allclose(two[label], p, rtol=1e-10, atol=1e-12, err_msg=label)


@chains
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_shards_on_threads_and_one_after_the_other_give_the_same_bits(chain: Any, precision: str) -> None:
    threaded = trained(rebuilt(chain, shards=2, precision=precision), 40)
    alone = trained(rebuilt(chain, shards=2, precision=precision), 40, threads=False)
    for label, p in alone.items():
        np.testing.assert_array_equal(threaded[label], p, err_msg=label)


def test_whole_matrices_are_read_only_after_all_slices_are_done() -> None:
    rows = rebuilt(CHAINS["chain to muon"], shards=2).plan.program("train").rows
    sliced = False
    for row in rows:
        sliced = (sliced or row.sliced) and row.kernel is not None  # a barrier settles what slices did
        if row.kernel is not None and row.kernel.title.startswith("optim.muon"):
            assert not sliced, row.kernel.title


@chains
def test_frozen_layers_stay_and_the_rest_moves(chain: Any) -> None:
    net = rebuilt(chain, frozen=("0_dense", "2_dense.b"))
    before = {label: p.copy() for label, p in net.parameters.items()}
    after = trained(net)
    still = {label for label in after if np.array_equal(after[label], before[label])}
    assert still == {"0_dense.w", "0_dense.b", "2_dense.b"}


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("name", ["sgd", "adamw", "muon"])
def test_a_rate_factor_scales_the_learning_rate_of_its_layer_alone(name: str, shards: int) -> None:
    def step(factors: tuple[tuple[str, float], ...], lr: float) -> dict[str, np.ndarray]:
        net = rebuilt({name: 0.02}, rate_factors=factors, shards=shards)
        x, y = next(batches(1))
        before = {label: p.copy() for label, p in net.parameters.items()}
        net.step(x, y, lr)
        return {label: before[label] - p for label, p in net.parameters.items()}

    plain, tenth = step((), 0.02), step((), 0.002)
    mixed = step((("2_dense", 0.1), ("0_dense.b", 0.1)), 0.02)
    for label, moved in mixed.items():
        np.testing.assert_allclose(moved, (plain if label == "0_dense.w" else tenth)[label], rtol=1e-9, atol=1e-14)


def test_attributes_of_parameters_set_before_the_program_is_built_count() -> None:
    question = net_with({"sgd": 0.1}).plan.question
    plan = Plan(question)
    for parameter in plan.parameters:
        parameter.frozen = parameter.label == "0_dense.b"
        parameter.rate_factor = 3.0 if parameter.label == "2_dense.w" else 1.0
    changed, usual = Network(plan), Network(Plan(question))
    x, y = next(batches(1))
    moved = {}
    for key, net in (("changed", changed), ("usual", usual)):
        before = {label: p.copy() for label, p in net.parameters.items()}
        net.step(x, y)
        moved[key] = {label: net.parameters[label] - p for label, p in before.items()}
    for label, step in moved["usual"].items():
        factor = {"0_dense.b": 0.0, "2_dense.w": 3.0}.get(label, 1.0)
        np.testing.assert_allclose(moved["changed"][label], factor * step, rtol=1e-9, atol=1e-14, err_msg=label)
