"""Sweeps that are kept as they go: what has ended is there after Ctrl-C and kills, and the rest comes to the same bits."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from marks import compiled_only
from sweeping import RECIPE, Figures, alone, bits, settle, trained

import dllab
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_run import SweepProgress, SweepRun
from dllab.recipe import RecipeError
from dllab.runs.disk import StoreError
from dllab.runs.sweep_folder import MEMBERS, PLAN


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe to work in."""
    return settle(tmp_path, monkeypatch)


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
def test_a_recipe_that_diverges_is_trained_first_once(here: Path) -> None:
    base = RECIPE.replace("tanh", "relu").replace("epochs: 2", "epochs: 200")
    (here / "base.yaml").write_text(base + "loss: mse\noptimizer: {sgd: {lr: 1000000}}\n")
    (here / "r.yaml").write_text(RECIPE + "init_from: base.yaml\n")
    run = begun(["optimizer.lr=0.1,0.01", "train.batch=8,16"], 2)
    assert len(list((here / "runs").glob("base-*"))) == 1
    (failure,) = run.summary(1).failures
    assert failure.count == 8 and "init_from: base is trained first, and diverged after" in failure.reason


@compiled_only
def test_weights_that_do_not_fit_one_net_may_fit_another(here: Path) -> None:
    dllab.train("r.yaml", run_dir=here / "runs")
    (here / "r.yaml").write_text(
        RECIPE.replace("{dense: classes}", "{dense: 3}, tanh, {dense: classes}") + "init_from: last\n"
    )
    run = begun(["model[0].dense.units=7,4", "model[3].dense.units=5"], 1)
    assert [status for status, _, _ in kept(sweep_folder(here)).values()] == ["failed", "finished"]
    (failure,) = run.summary(1).failures
    assert "init_from: no layer fits" in failure.reason


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
@pytest.mark.skipif(find_spec("resource") is None, reason="the system does not tell")
def test_ten_thousand_members_need_little_memory() -> None:
    from dllab.lab import bench_sweep

    held = b"x" * 500_000_000  # what this process takes does not count
    small, large = bench_sweep.run((200, 10_000))
    assert len(held) > 400e6
    assert small.peak is not None and large.peak is not None
    print(f"peak memory: {small.peak / 1e6:.0f} MB for 200 members, {large.peak / 1e6:.0f} MB for 10,000")
    assert large.peak < 400e6 and large.peak < small.peak + 60e6
