"""Sweeps: every member is the run of its own line to the bit, for any number of jobs, any order, and after any kill."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from marks import compiled_only
from sweeping import RECIPE, alone, bits, settle, trained

from dllab.lab.grid import NoGrid, Watch, grid_of
from dllab.lab.sweep import Sweep, Worker, _apart
from dllab.lab.sweep_plan import plan_of
from dllab.lab.sweep_run import SweepRun
from dllab.lab.sweep_summary import NoMeasure, Tally, guessed, measure_of
from dllab.recipe import RecipeError, load


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe to work in."""
    return settle(tmp_path, monkeypatch)


AXES = [
    ["optimizer.lr=0.1,1e-2,1000", "model[0].dense.units=3,5"],
    ["optimizer=sgd,adam,muon", "optimizer.lr=0.05,0.5"],
    ["optimizer.lr=0.05,0.5", "optimizer=sgd,adam"],
    ["schedule=cosine,{step: 2}", "train.epochs=1,3", "optimizer.lr=0.01,0.1"],
    ["train.early_stop={patience: 1}", "train.epochs=9", "optimizer.lr=0.9,0.1"],
    ["train.checkpoint.best=true,false", "schedule={plateau: {patience: 1}},constant"],
    ["optimizer=[{clip_norm: 1}, {sgd: 0.1}],adam", "loss=cross_entropy,mse"],
    ["data.noise=0.1,0.3", "data.samples=20,40", "train.dtype=float64,float32"],
]


@compiled_only
@pytest.mark.parametrize("values", AXES, ids=[axes[0] for axes in AXES])
def test_members_are_the_runs_of_their_own_lines(values: list[str]) -> None:
    plan = plan_of("r.yaml", values, seeds=2, first=5)
    for index, found in bits(trained(plan)).items():
        assert found == alone(plan, index), plan.line(plan.grid.member(index))


@compiled_only
def test_drawn_members_too() -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=log(0.001,1)", "model[0].dense.units=range(2,9)"], sample=6, seeds=2)
    for index, found in bits(trained(plan)).items():
        assert found == alone(plan, index)


@compiled_only
@pytest.mark.parametrize(
    ("recipe", "values"),
    [
        ("digits", ["model[0].dense.units=500", "train.batch=512", "train.epochs=1"]),
        ("digits-cnn", ["train.epochs=", "train.steps=3"]),
        ("brackets", ["train.epochs=", "train.steps=2"]),
    ],
)
def test_recipes_of_every_kind(recipe: str, values: list[str]) -> None:
    plan = plan_of(recipe, [*(text for text in values if not text.endswith("=")), "optimizer.lr=0.1,0.01"])
    if recipe == "digits":
        from dllab.training.trainer import Trainer

        assert Trainer(plan.recipe).network.plan.shards == 2, "a recipe that two threads share when it is trained alone"
    for index, found in bits(trained(plan)).items():
        assert found == alone(plan, index)


@compiled_only
def test_jobs_and_order_change_no_bit() -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01,100", "model[0].dense.units=range(2,9)"], seeds=3)
    expected = bits(trained(plan, 1))
    assert {one[0] for one in expected.values()} == {"finished"}
    for jobs, seed in ((2, 0), (3, 1), (1, 2)):
        order = list(range(len(plan.grid)))
        random.Random(seed).shuffle(order)
        assert bits(trained(plan, jobs, order)) == expected


@compiled_only
def test_a_member_that_fails_is_alone_in_that() -> None:
    plan = plan_of("r.yaml", ["optimizer=sgd,adam", "optimizer.beta1=0.5,0.9", "optimizer.lr=0.1,0.2"])
    found = trained(plan)
    for index, one in found.items():
        if "optimizer=sgd" in one.member.overrides:
            assert one.status == "failed" and one.error is not None and "unknown option 'beta1'" in one.error
            assert "\n" not in one.error
        else:
            assert (one.status, one.steps, repr(one.final)) == alone(plan, index)


def test_any_fault_is_a_members_own() -> None:
    recipe = load("r.yaml", ["train.epochs=1"])

    def make(overrides: Any) -> Any:
        if overrides == ("a=2",):
            raise ZeroDivisionError("so\nit is")
        return recipe

    ended = [one for part in Sweep(make, 2).run(grid_of(["a=1,2,3"]).member, range(3)) for one in part]
    told = {one.member.index: (one.status, one.error) for one in ended}
    assert told == {0: ("finished", None), 1: ("failed", "ZeroDivisionError: so it is"), 2: ("finished", None)}


def test_a_fault_of_the_sweep_itself_ends_it() -> None:
    def member(index: int) -> Any:
        raise SystemError("gone")

    with pytest.raises(SystemError, match="gone"):
        list(Sweep(lambda overrides: load("r.yaml"), 2).run(member, range(9)))
    assert threading.active_count() < 9


def test_what_has_ended_before_a_fault_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The members of a batch in which a fault comes, too: they have ended."""
    from dllab.lab import sweep as module

    grid, taken = grid_of(["optimizer.lr=log(0.1,1,30)"]), []

    def member(index: int) -> Any:
        if index == 20:
            raise SystemError("gone")
        taken.append(index)
        return grid.member(index)

    monkeypatch.setattr(module, "TICK", 5.0)
    monkeypatch.setattr(module._Shared, "_take", lambda self, size: take(self))

    def take(shared: Any) -> Any:
        first, shared._taken = shared._taken, shared._taken + 10
        return shared.indices[first : shared._taken]

    found, told = Sweep(lambda overrides: load("r.yaml"), 1).run(member, range(30)), []
    with pytest.raises(SystemError, match="gone"):
        for ended in found:
            told += [one.member.index for one in ended]
            time.sleep(0.3)  # both ends of the way back wait for whoever looks
    assert told == taken == list(range(20))


@compiled_only
def test_what_nobody_wants_any_more_is_let_go_at_once() -> None:
    plan = plan_of("r.yaml", ["train.epochs=10000000"], seeds=4)
    sweep = Sweep(plan.make, 2)
    running = sweep.run(plan.grid.member, range(4))
    next(running)
    sweep.stop()
    began = time.monotonic()
    assert [one for part in running for one in part] == [] and time.monotonic() - began < 60


def test_a_member_that_stops_by_itself_is_not_pruned() -> None:
    plan = plan_of("r.yaml", ["train.early_stop={patience: 1}", "train.epochs=9", "optimizer.lr=0.9"])
    worker = Worker(plan.make, lambda trainer: None, threading.Lock())  # type: ignore[arg-type, return-value]
    member = plan.grid.member(0)
    free = worker.train(replace(member, watch=Watch("loss", False)))
    assert free.status == "stopped" and free.curve is not None
    last = len(free.curve) - 1
    hard = Watch("loss", False, (*[None] * last, 0.0))
    assert worker.train(replace(member, watch=hard)).status == "stopped"
    sooner = Watch("loss", False, (*[None] * (last - 1), 0.0))
    assert worker.train(replace(member, watch=sooner)).status == "pruned"


def test_a_rate_counts_for_the_optimizer_named_before_it() -> None:
    assert _apart(("a=1", "optimizer.lr=0.1")) == (("a=1",), 0.1)
    assert _apart(("optimizer.lr=0.1", "a=1")) == (("a=1",), 0.1)
    for line in (
        ("optimizer.lr=0.1", "optimizer=sgd"),
        ("optimizer.lr=x",),
        ("a=1",),
        ("optimizer.lr=1", "optimizer.lr=2"),
    ):
        assert _apart(line) == (line, None)


# ---- plans -------------------------------------------------------------------------------------------------------------


def test_slips_are_refused_before_anything_is_trained() -> None:
    for values, said in [
        (["model[0].dense.units=8,0"], "wrong value for option 'units'"),
        (["optimizer.rl=0.1,0.2"], "unknown option 'rl'"),
        (["optimizer=sgd,adma", "optimizer.lr=0.1,0.2"], "adma"),
        (["model[7].dense.units=1,2"], "model"),
        (["train.l2=linear(-1,1)"], "l2"),
    ]:
        with pytest.raises(RecipeError) as caught:
            plan_of("r.yaml", values, sample=3 if "linear" in values[0] else None)
        assert said in str(caught.value)


def test_a_value_that_only_goes_with_some_others_is_no_slip() -> None:
    for first in ("optimizer=sgd,momentum", "optimizer=momentum,sgd"):
        assert len(plan_of("r.yaml", [first, "optimizer.beta=0.8,0.9"]).grid) == 4
    assert len(plan_of("r.yaml", ["optimizer=momentum,nesterov", "optimizer.beta=0.8"]).grid) == 2
    with pytest.raises(RecipeError, match="unknown option 'beta' of optimizer sgd"):
        plan_of("r.yaml", ["optimizer=momentum,sgd", "optimizer.beta=0.8"])


def test_nets_are_counted_without_the_product_being_made() -> None:
    def nets(*values: str, sample: int | None = None) -> int:
        return plan_of("r.yaml", list(values), seeds=3, sample=sample).nets

    assert nets("optimizer.lr=log(0.01,1,20)", "schedule=cosine,constant", "train.epochs=1,2") == 1
    assert nets("model[0].dense.units=2,3,4", "train.batch=8,16", "optimizer.lr=1,2") == 6
    assert nets("model[0].dense.units=range(1,1001)", "train.l2=0,0.1") == 2000
    assert nets("train.l2=linear(0,1)", "optimizer.lr=log(0.1,1)", sample=7) == 7
    assert nets("optimizer.lr=log(0.1,1)", sample=7) == 1


def test_no_more_at_a_time_than_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from dllab.engine import budget

    plan = plan_of("r.yaml", [], seeds=9)
    assert SweepRun(plan, jobs=8).jobs == 8 and SweepRun(plan, jobs=80).jobs == 9
    monkeypatch.setattr(budget, "bytes_available", lambda: 3 * plan.needed + 1)
    assert SweepRun(plan, jobs=8).jobs == 3


@compiled_only
def test_nets_that_are_used_up_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    from dllab.lab import sweep
    from dllab.training.series import Stopped

    plan = plan_of("r.yaml", ["model[0].dense.units=range(2,9)"])
    worker = sweep.Worker(plan.make, lambda trainer: pytest.fail("no weights"), threading.Lock())
    for kept, limit in ((sweep.SERIES_KEPT, sweep.BYTES_KEPT), (1, 0)):
        monkeypatch.setattr(sweep, "BYTES_KEPT", limit)
        for member in plan.grid:
            worker.train(member)
        assert len(worker._series) == kept
    with pytest.raises(Stopped):
        worker.train(plan.grid.member(0), lambda: False)


def test_folds_and_seeds_are_refused() -> None:
    (Path("f.yaml")).write_text(RECIPE.replace("batch: 16", "batch: 16, folds: 3"))
    for reference, values in [
        ("f.yaml", ["optimizer.lr=1,2"]),
        ("r.yaml", ["train.folds=3"]),
        ("r.yaml", ["train.folds=2,3"]),
    ]:
        with pytest.raises(RecipeError, match=r"take them out with train\.folds="):
            plan_of(reference, values)
    for values, first in [(["train.seed=1,2"], None), (["train.seed=4"], None), ([], 2**63 - 1)]:
        with pytest.raises(NoGrid):
            plan_of("r.yaml", values, first=first, seeds=2)
    assert plan_of("f.yaml", ["train.folds=", "optimizer.lr=1,2"]).recipe.train.folds is None
    assert list(plan_of("r.yaml", [], seeds=3).grid.seeds) == [0, 1, 2]


def test_what_is_ranked_by() -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=1,2"])
    found = measure_of(plan)
    assert found is not None and (found.text, found.higher) == ("validation_accuracy", True)
    asked = measure_of(plan, "train_loss")
    assert asked is not None and (asked.text, asked.higher) == ("train_loss", False)
    with pytest.raises(NoMeasure) as caught:
        measure_of(plan, "test_acuracy")
    assert "test_accuracy" in caught.value.known
    for changes, wanted in [
        (["data.validation=0"], "test_accuracy"), (["data.validation=0", "data.test=0"], "train_accuracy"),
        (["metrics=[confusion_matrix,f1]"], "validation_f1"), (["metrics=[confusion_matrix]"], "validation_loss"),
    ]:  # fmt: skip
        best = measure_of(plan_of("r.yaml", changes))
        assert best is not None and best.text == wanted
    best = guessed({"test": {"loss": 1.0, "confusion_matrix": [[1]], "mae": 2.0}})
    assert best is not None and (best.text, best.higher) == ("test_mae", False)


def test_a_tally_holds_numbers_only() -> None:
    tally = Tally(1000, None)
    for index in range(1000):
        status = ("finished", "diverged", "failed")[index % 3]
        tally.add(index, status, {"test": {"loss": 1.0 / (index + 1), "accuracy": np.nan}}, f"reason {index % 7}")
    assert [tally.count(status) for status in range(5)] == [0, 334, 0, 333, 333]
    assert sum(count for _, count, _ in tally.failures()) == 333
    tally.add(2, "finished", {"test": {"loss": 0.5}}, None)
    assert sum(count for _, count, _ in tally.failures()) == 332 and 2 not in tally.todo and 5 in tally.todo
    many = Tally(5000, None)
    for index in range(5000):
        many.add(index, "failed", {}, f"its own reason {index}")
    told = list(many.failures())
    assert len(told) == 1000 and sum(count for _, count, _ in told) == 5000
