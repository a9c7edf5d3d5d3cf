"""What the plan must carry: rebinding, live sizes, columns in their own types, groups, shards, chunks, verdicts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core import loop
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.prepare import LAYERS_SHOWN
from dllab.engine.question import question_of
from dllab.plan.plan import Column, Plan
from dllab.recipe import RecipeError, load
from dllab.symbols import COLUMN

RNG = np.random.default_rng(1)
ROWS = 23
X = RNG.normal(size=(ROWS, 3))
Y = RNG.integers(0, 2, ROWS).astype(np.int32)
MODEL = [{"dense": 5}, "tanh", {"dense": 2}]


def plan(precision: str = "float64", optimizer: Any = "adam", model: Any = MODEL, **changes: Any) -> Plan:
    recipe = load({"input": [3], "model": model, "loss": "cross_entropy", "optimizer": optimizer})
    return Plan(replace(question_of(recipe, None, precision=precision, batch=8), **changes))


def bind(network: Network, x: np.ndarray = X, **columns: np.ndarray) -> Bound:
    dtype = network.dtype if x.dtype.kind == "f" else x.dtype
    data = {COLUMN + "inputs": x.astype(dtype), COLUMN + "targets": Y, **columns}
    order = np.arange(len(x))
    return Bound(network.memory, "train", network.plan.question.batch, data, order.copy(), base=order)


def train(network: Network, chunks: list[int], *, threads: bool = True) -> np.ndarray:
    """Run chunks of steps; the parameters afterwards."""
    bound, first = bind(network), 0
    for steps in chunks:
        executor.run(bound, first, first + steps, np.full(steps, 0.05), threads=threads)
        first += steps
    return network.memory.flat("parameters").copy()


def losses(network: Network, steps: int) -> np.ndarray:
    return network.memory.arrays["history"].view(np.float64)[:steps].copy()


def test_one_plan_serves_many_memories() -> None:
    shared = plan()
    one, other, alone = Network(shared), Network(shared), Network(plan())
    other.initialise(7)
    bounds = [bind(one), bind(other)]
    for step in range(6):  # in turns: neither may disturb the other
        for bound in bounds:
            executor.run(bound, step, step + 1, np.array([0.05]))
    np.testing.assert_array_equal(one.memory.flat("parameters"), train(alone, [6]))
    assert not np.array_equal(one.memory.flat("parameters"), other.memory.flat("parameters"))


def test_the_short_last_batch_counts_its_own_rows() -> None:
    network = Network(plan(shuffle=False))
    bound = bind(network)
    executor.run(bound, 0, 3, np.zeros(3))  # 8, 8 and 7 rows; nothing moves
    for step, rows in enumerate([slice(0, 8), slice(8, 16), slice(16, 23)]):
        expected, _ = Network(plan()).loss_and_gradients(X[rows], Y[rows])
        assert losses(network, 3)[step] == pytest.approx(expected, rel=1e-12)


def test_buffers_sized_for_a_batch_serve_shorter_ones_too() -> None:
    network = Network(plan())
    outputs = network.forward(X)
    for count in (1, 2, 7):
        np.testing.assert_allclose(network.forward(X[:count]), outputs[:count], rtol=1e-12)
    assert network.forward(X[:0]).shape == (0, 2)


def test_columns_stay_in_their_own_type() -> None:
    images = RNG.integers(0, 256, (ROWS, 3)).astype(np.uint8)
    shift, scale = np.array([100.0, 120.0, 90.0]), np.array([0.02, 0.01, 0.015])
    network = Network(plan(inputs=Column("inputs", (3,), "uint8", scaled=True), shuffle=False))
    bound = bind(network, images, **{COLUMN + "inputs:shift": shift, COLUMN + "inputs:scale": scale})
    executor.run(bound, 0, 1, np.zeros(1))
    assert bound.arrays[COLUMN + "inputs"].dtype == np.uint8
    expected, _ = Network(plan()).loss_and_gradients((images[:8] - shift) * scale, Y[:8])
    assert losses(network, 1)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["adam", "muon", [{"clip_norm": 0.1}, {"momentum": 0.1}]])
def test_two_shards_on_threads_or_in_turn_give_the_same_bits(optimizer: Any) -> None:
    results = [train(Network(plan("float32", optimizer, shards=2)), [40], threads=threads) for threads in (True, False)]
    np.testing.assert_array_equal(*results)
    np.testing.assert_allclose(results[0], train(Network(plan("float32", optimizer, shards=1)), [40]), atol=2e-3)


def test_two_shards_agree_with_one_in_float64() -> None:
    one, two = (train(Network(plan(shards=shards)), [30]) for shards in (1, 2))
    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)


def test_more_shards_than_rows() -> None:
    network, whole = Network(plan(shards=4)), Network(plan(shards=1))
    for net in (network, whole):
        net.step(X[:2], Y[:2])
    np.testing.assert_allclose(network.memory.flat("parameters"), whole.memory.flat("parameters"), rtol=1e-9)


def test_a_crowded_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop gives up threads in the middle of a call when others keep it waiting; the rest runs on one."""
    network = Network(plan("float32", shards=2))
    bound, calls = bind(network), []

    def crowded(of: Bound, step_loop: Any) -> None:
        calls.append(int(of.control[loop.STEP]))
        of.control[loop.END] = of.control[loop.STEP] + 3
        step_loop(of.control.ctypes.data, 0, of.shards)
        of.control[loop.CROWDED] = 1000

    monkeypatch.setattr(executor, "_on_threads", crowded)
    monkeypatch.setattr(executor, "free_cores", lambda: 2)
    executor.run(bound, 0, 40, np.full(40, 0.05))
    np.testing.assert_array_equal(
        network.memory.flat("parameters"), train(Network(plan("float32", shards=2)), [40], threads=False)
    )
    assert len(calls) <= 1


def test_chunks_do_not_show_in_the_bits() -> None:
    whole = train(Network(plan("float32")), [37])
    for chunks in ([1] * 37, [3, 30, 4], [36, 1]):
        np.testing.assert_array_equal(train(Network(plan("float32")), chunks), whole)


def test_the_seed_decides_everything_and_differs() -> None:
    first, again, other = (train(Network(plan("float32", seed=seed)), [20]) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_frozen_layers_stay_and_the_others_learn_as_before() -> None:
    frozen, free = Network(plan(frozen=("0_dense",), optimizer={"sgd": 0.1})), Network(plan(optimizer={"sgd": 0.1}))
    before = {label: values.copy() for label, values in frozen.parameters.items()}
    for net in (frozen, free):
        net.step(X[:8], Y[:8])
    for label, values in frozen.parameters.items():
        if label.startswith("0_dense"):
            np.testing.assert_array_equal(values, before[label])
        else:
            np.testing.assert_allclose(values, free.parameters[label], rtol=1e-12)
    kernels = [row.kernel.title for row in frozen.plan.program("train").rows if row.kernel]
    assert kernels.count("ops.dense.backward_w") == 1  # what nobody needs is not computed


def test_rate_factors_scale_the_steps_of_their_layers() -> None:
    slow = Network(plan(rate_factors=(("0_dense", 0.25), ("0_dense.b", 2.0)), optimizer={"sgd": 0.1}))
    usual = Network(plan(optimizer={"sgd": 0.1}))
    before = {label: values.copy() for label, values in usual.parameters.items()}
    for net in (slow, usual):
        net.step(X[:8], Y[:8])
    for label, factor in (("0_dense.w", 0.25), ("0_dense.b", 2.0), ("2_dense.w", 1.0)):
        moved, expected = slow.parameters[label] - before[label], usual.parameters[label] - before[label]
        np.testing.assert_allclose(moved, factor * expected, rtol=1e-9, atol=1e-15)


def test_a_run_that_diverges_stops_before_that_update() -> None:
    bad = X.copy()
    bad[17] = np.nan  # in the third batch
    network, whole = Network(plan(shuffle=False)), Network(plan(shuffle=False))
    bound = bind(network, bad)
    assert executor.run(bound, 0, 9, np.full(9, 0.05)) == 2
    np.testing.assert_array_equal(network.memory.flat("parameters"), train(whole, [2]))


def test_working_values_do_not_overlap() -> None:
    program = plan(shards=2).program("train")
    network = Network(plan(shards=2))
    bound = bind(network)
    ends = sorted((bound.layout.where[id(v)], v) for v in bound.program.work if id(v) in bound.layout.where)
    for (start, value), (following, _) in itertools.pairwise(ends):
        assert start % 64 == 0
        assert start + bound.work(value, 0, 4).nbytes <= following
    assert len(ends) == len(program.work)


def test_padding_between_parameters_stays_zero() -> None:
    network = Network(plan("float32", {"name": "adamw", "lr": 0.05, "weight_decay": 0.1}))
    arena = train(network, [20])
    used = np.zeros(len(arena), bool)
    for parameter in network.plan.parameters:
        assert parameter.offset is not None
        first = parameter.offset // 4
        used[first : first + int(np.prod(parameter.shape))] = True
    assert not used.all()
    assert not arena[~used].any()


def test_the_way_of_shapes_ends_where_it_fails() -> None:
    recipe = load({"input": [4], "model": [{"dense": 8}, {"residual": [{"dense": 5}]}, {"dense": 2}], "loss": "mse"})
    with pytest.raises(RecipeError) as refused:
        dllab.build(recipe)
    assert [row.split(maxsplit=1) for row in refused.value.problems[0].rows] == [
        ["input", "(B, 4)"], ["0_dense", "(B, 8)"], ["1_residual.0_dense", "(B, 5)"],
        ["1_residual", "← here, with (B, 8)"],
    ]  # fmt: skip


def test_a_long_way_shows_its_end_and_blocks_that_are_done_as_one() -> None:
    block = {"residual": [{"dense": 8}, "tanh", {"dense": 8}]}
    model = [{"dense": 8}, *[block, "tanh"] * 9, {"reshape": [3, 3]}]
    with pytest.raises(RecipeError) as refused:
        dllab.build({"input": [4], "model": model, "loss": "mse"})
    rows = [row.split(maxsplit=1) for row in refused.value.problems[0].rows]
    assert len(rows) <= LAYERS_SHOWN + 2
    assert rows[0] == ["input", "(B, 4)"] and rows[1] == ["…", "6 layers"]
    assert rows[2:] == [
        *([f"{place}_{'tanh' if place % 2 == 0 else 'residual'}", "(B, 8)"] for place in range(6, 19)),
        ["19_reshape", "← here"],
    ]
