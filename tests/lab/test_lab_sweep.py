"""Sweeps: every member is the run of its own line to the bit, for any number of jobs, any order, and after any kill."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.lab.grid import NoGrid, grid_of
from dllab.lab.sweep import Done, Sweep, _apart
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_run import SweepProgress, SweepRun
from dllab.lab.sweep_summary import NoMeasure, Tally, guessed, measure_of
from dllab.recipe import RecipeError, load
from dllab.runs.disk import StoreError
from dllab.runs.sweep_folder import MEMBERS, PLAN

compiled_only = pytest.mark.skipif(not jit_enabled(), reason="too long without compiled kernels")
RECIPE = """\
data: {name: moons, samples: 40, validation: 0.25}
model: [{dense: 4}, tanh, {dropout: 0.2}, {dense: classes}]
train: {epochs: 2, batch: 16}
"""
Figures = dict[int, tuple[str, int, str]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLLAB_RUNS", str(tmp_path / "runs"))
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


def trained(plan: SweepPlan, jobs: int = 2, order: list[int] | None = None) -> dict[int, Done]:
    """The members of a plan, by number."""
    found: dict[int, Done] = {}
    for ended in Sweep(plan.make, jobs).run(plan.grid.member, order or range(len(plan.grid))):
        for one in ended:
            assert one.member.index not in found, "a member is told once"
            found[one.member.index] = one
    assert sorted(found) == list(range(len(plan.grid)))
    return found


def bits(ended: dict[int, Done]) -> Figures:
    return {index: (one.status, one.steps, repr(one.final)) for index, one in sorted(ended.items())}


def alone(plan: SweepPlan, index: int) -> tuple[str, int, str]:
    """What `dllab train` of a member's line comes to."""
    member = plan.grid.member(index)
    result = dllab.train(plan.reference, list(member.overrides), seed=member.seed, save=False, trust=plan.trust)
    return result.status, result.steps, repr(result.metrics)


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


@compiled_only
def test_what_nobody_wants_any_more_is_let_go_at_once() -> None:
    plan = plan_of("r.yaml", ["train.epochs=10000000"], seeds=4)
    sweep = Sweep(plan.make, 2)
    running = sweep.run(plan.grid.member, range(4))
    next(running)
    sweep.stop()
    began = time.monotonic()
    assert [one for part in running for one in part] == [] and time.monotonic() - began < 60


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
    assert found is not None and (found.text, found.higher, found.asked) == ("validation_accuracy", True, False)
    asked = measure_of(plan, "train_loss")
    assert asked is not None and (asked.text, asked.higher, asked.asked) == ("train_loss", False, True)
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


# ---- kept as it goes ---------------------------------------------------------------------------------------------------


def kept(folder: Path) -> Figures:
    """What a journal says of each member, without times; of two lines the later."""
    told = [json.loads(line) for line in (folder / MEMBERS).read_text().splitlines()]
    return dict(sorted((one["index"], (one["status"], one["steps"], repr(one["final"]))) for one in told))


def sweep_folder(here: Path) -> Path:
    (found,) = (here / "runs").glob("sweep-*")
    return found


def begun(values: list[str], seeds: int, listener: Callable[[SweepProgress], None] = lambda progress: None) -> SweepRun:
    run = SweepRun(plan_of("r.yaml", values, seeds=seeds), jobs=2)
    run.follow(listener)
    return run


@compiled_only
def test_a_sweep_is_kept(here: Path) -> None:
    run = begun(["optimizer.lr=0.1,1e6", "loss=mse"], 3)
    document = json.loads((sweep_folder(here) / PLAN).read_text())
    assert document["status"] == "finished" and sum(document["counts"].values()) == 6
    assert document["values"] == ["optimizer.lr=0.1,1e6", "loss=mse"] and document["metric"] == "validation_accuracy"
    assert {"versions", "machine", "recipe_yaml", "began", "seconds"} <= set(document)
    lines = [json.loads(line) for line in (sweep_folder(here) / MEMBERS).read_text().splitlines()]
    assert sorted(line["index"] for line in lines) == list(range(6))
    assert set(lines[0]) == {"index", "overrides", "seed", "status", "steps", "final", "seconds", "error"}
    assert run.summary(5).counts == document["counts"]


class Stop:
    """Presses Ctrl-C when so many members have ended."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, progress: SweepProgress) -> None:
        if progress.done >= self.at:
            raise KeyboardInterrupt


@compiled_only
def test_ctrl_c_keeps_what_has_ended_and_resume_trains_the_rest(here: Path) -> None:
    values = ["optimizer.lr=0.1,0.01", "model[0].dense.units=range(2,6)"]
    expected = bits(trained(plan_of("r.yaml", values, seeds=40)))
    run = begun(values, 40, Stop(60))
    folder = sweep_folder(here)
    before = kept(folder)
    assert run.status == "interrupted" and 60 <= len(before) < 320
    assert json.loads((folder / PLAN).read_text())["status"] == "interrupted"
    again = SweepRun.resumed("last", jobs=3)
    told: list[int] = []
    again.follow(lambda progress: told.extend(index for index, _ in progress.lines))
    assert sorted(told) == sorted(set(range(320)) - set(before)), "what is missing, and nothing else"
    assert again.status == "finished" and kept(folder) == {i: (s, n, f) for i, (s, n, f) in expected.items()}
    once = again.summary(3)
    whole = SweepRun.resumed(folder.name).summary(3)
    assert (once.best, once.counts) == (whole.best, whole.counts)


@compiled_only
def test_failed_members_are_trained_again(here: Path) -> None:
    (here / "own.py").write_text(OWN)
    (here / "r.yaml").write_text("use: [own.py]\n" + RECIPE.replace("tanh", "same"))
    (here / "bad").touch()
    run = SweepRun(plan_of("r.yaml", ["optimizer.lr=0.1,0.2"], seeds=2, trust=True), jobs=2)
    run.follow()
    assert run.status == "finished" and run.summary(1).counts["failed"] == 4
    (failure,) = run.summary(1).failures
    assert failure.reason == "RuntimeError: bad is there" and failure.count == 4
    assert failure.line == ("dllab", "train", "r.yaml", "optimizer.lr=0.1", "--seed", "0", "--trust")
    (here / "bad").unlink()
    with pytest.raises(RecipeError, match="--trust"):
        SweepRun.resumed("last")
    again = SweepRun.resumed("last", trust=True)
    again.follow()
    assert again.summary(1).counts == {"finished": 4, "stopped": 0, "diverged": 0, "failed": 0}
    assert again.summary(1).failures == ()


OWN = '''\
import os

from dllab.core.kernel import kernel
from dllab.ops.layer import Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    for i in range(y.shape[0]):
        y[i] = x[i]


@kernel(dx="*N", dy="*N")
def backward(dx, dy):
    for i in range(dx.shape[0]):
        dx[i] = dy[i]


class Same(Pointwise):
    """Nothing."""

    name = "same"
    kernels = (forward, backward)

    def build(self, net, x):
        if os.path.exists("bad"):
            raise RuntimeError("bad is there")
        return super().build(net, x)
'''


def test_resume_refuses_another_recipe(here: Path) -> None:
    begun(["optimizer.lr=0.1,0.2"], 1)
    folder = sweep_folder(here)
    before = (folder / MEMBERS).read_bytes()
    (here / "r.yaml").write_text(RECIPE.replace("dropout: 0.2", "dropout: 0.3").replace("16", "20"))
    with pytest.raises(StoreError) as caught:
        SweepRun.resumed("last")
    told = str(caught.value)
    assert (
        "the recipe is not what it was" in told and "rate was 0.2, is 0.3" in told and "train.batch was 16, is 20" in told
    )
    (here / "r.yaml").write_text(RECIPE + "about: Changes nothing.\n")
    SweepRun.resumed("last").follow()
    assert (folder / MEMBERS).read_bytes() == before


def test_resume_refuses_other_data(here: Path) -> None:
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    (here / "r.yaml").write_text(RECIPE.replace("{name: moons, samples: 40, validation: 0.25}", "{csv: t.csv, target: y}"))
    run = SweepRun(plan_of("r.yaml", ["optimizer.lr=0.1,0.2"]), jobs=2)
    run.follow()
    assert run.summary(1).counts["finished"] == 2
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(1, 21)))
    with pytest.raises(StoreError, match="its data have changed"):
        SweepRun.resumed("last")


def test_one_process_at_a_time(here: Path) -> None:
    run = begun(["optimizer.lr=0.1,0.2"], 1)
    assert run.folder is not None
    run.folder.open()
    with pytest.raises(StoreError, match="a sweep is being trained there by another process"):
        SweepRun.resumed("last")
    run.folder.close()
    SweepRun.resumed("last").follow()


@compiled_only
def test_fail_fast_ends_at_the_first(here: Path) -> None:
    run = SweepRun(plan_of("r.yaml", ["optimizer=sgd,adam", "optimizer.beta1=0.5,0.9"], seeds=2000), jobs=2)
    run.follow(fail_fast=True)
    assert run.status == "failed" and 0 < run.summary(1).done < 8000 and run.summary(1).counts["failed"] > 0


@compiled_only
def test_weights_of_another_recipe_are_trained_once(here: Path) -> None:
    base = RECIPE.replace("{dense: classes}", "{dense: 3}, tanh, {dense: classes}")
    (here / "base.yaml").write_text(base)
    (here / "r.yaml").write_text(base + "init_from: base.yaml\nfreeze: 0_dense\n")
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01", "train.batch=8,16"], seeds=2)
    run = SweepRun(plan, jobs=2)
    run.follow()
    assert len(list((here / "runs").glob("base-*"))) == 1
    for index, found in kept(sweep_folder(here)).items():
        assert found == alone(plan, index)


@compiled_only
def test_ctrl_c_ends_a_recipe_that_is_trained_first(here: Path) -> None:
    (here / "base.yaml").write_text(RECIPE.replace("epochs: 2", "epochs: 100000000"))
    (here / "r.yaml").write_text(RECIPE + "init_from: base.yaml\n")

    def listener(progress: SweepProgress) -> None:
        if progress.what == "base first":
            raise KeyboardInterrupt

    run = begun(["optimizer.lr=0.1,0.2"], 2, listener)
    assert run.status == "interrupted" and run.summary(1).done == 0
    (base,) = (here / "runs").glob("base-*/run.json")
    assert json.loads(base.read_text())["status"] == "interrupted"


OTHER_WEIGHTS = """\
r.yaml:4:1: init_from: its weights are not those that this sweep began with; begin a new sweep, or put that run back
"""


@compiled_only
def test_other_weights_than_those_of_the_beginning_are_refused(here: Path) -> None:
    (here / "base.yaml").write_text(RECIPE)
    dllab.train("base.yaml", run_dir=here / "runs")
    (here / "r.yaml").write_text(RECIPE + "init_from: last\n")
    run = begun(["optimizer.lr=0.1,0.2"], 20, Stop(1))
    done = run.summary(1).done
    assert 0 < done < 40
    SweepRun.resumed("last").follow(Stop(1))
    dllab.train("base.yaml", run_dir=here / "runs", seed=4)
    again = SweepRun.resumed("last")
    again.follow()
    (failure,) = again.summary(1).failures
    assert f"{failure.reason}\n" == OTHER_WEIGHTS
    assert again.summary(1).counts["finished"] >= done


# ---- kills -------------------------------------------------------------------------------------------------------------

PATIENCE = 0.3  # seconds at most before a kill
VALUES = ["optimizer.lr=0.1,0.01", "model[0].dense.units=range(2,6)"]


def killed_and_resumed(here: Path, kills: int, seed: int) -> None:
    """Kill a sweep again and again at random instants, go on each time; nothing that was kept is lost, no bit differs."""
    chance = random.Random(seed)
    plan = plan_of("r.yaml", VALUES, seeds=200)
    expected = bits(trained(plan))
    before: Figures = {}
    for _ in range(kills):
        if len(before) == len(plan.grid):  # begin anew
            assert before == expected
            shutil.rmtree(here / "runs")
            before = {}
        died(plan, chance)
        folders = [path.parent for path in (here / "runs").glob(f"sweep-*/{PLAN}")]
        assert len(folders) <= 1
        now = readable(folders[0]) if folders else {}
        assert now.items() >= before.items(), "nothing that was kept is lost"
        assert now.items() <= expected.items()
        before = now
    if not folders:
        died(plan, chance, patience=600)
    again = SweepRun.resumed("last")
    again.follow()
    assert again.folder is not None
    assert again.status == "finished" and kept(again.folder.path) == expected


def died(plan: SweepPlan, chance: random.Random, patience: float = PATIENCE) -> None:
    """A process that begins or goes on with a sweep until it is killed, or ends."""
    jobs, wait = chance.choice([1, 2, 3]), chance.uniform(0, patience)
    child = os.fork()
    if not child:
        try:
            there = any(Path("runs").glob(f"sweep-*/{PLAN}"))
            run = SweepRun.resumed("last", jobs=jobs) if there else SweepRun(plan, jobs=jobs)
            run.follow()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    end = time.monotonic() + wait
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)


def readable(folder: Path) -> Figures:
    """The whole lines of a journal whose end may be torn."""
    path = folder / MEMBERS
    if not path.exists():
        return {}
    whole = path.read_bytes().rpartition(b"\n")[0].splitlines()
    told = [json.loads(line) for line in whole]
    return {one["index"]: (one["status"], one["steps"], repr(one["final"])) for one in told}


@compiled_only
@pytest.mark.skipif(os.name == "nt", reason="forks")
@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_lose_nothing_and_change_no_bit(here: Path, kills: int) -> None:
    killed_and_resumed(here, kills, seed=kills)


# ---- memory ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@compiled_only
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system does not tell")
def test_ten_thousand_members_need_little_memory() -> None:
    from dllab.lab import bench_sweep

    small, large = bench_sweep.run((200, 10_000))
    assert small.peak is not None and large.peak is not None
    print(f"peak memory: {small.peak / 1e6:.0f} MB for 200 members, {large.peak / 1e6:.0f} MB for 10,000")
    assert large.peak < 400e6 and large.peak < small.peak + 60e6


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
