"""Sweeps on a cluster: the figures of this machine to the bit, whatever becomes of workers and of the scheduler."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason="needs dask and distributed")

from clustering import away, bits, local
from sweeping import RECIPE, settle

from dllab.core.settings import jit_enabled
from dllab.lab import cluster as clusters
from dllab.lab import cluster_address, cluster_batch
from dllab.lab.cluster import Cluster
from dllab.lab.cluster_address import NoCluster
from dllab.lab.cluster_batch import Job, train_batch
from dllab.lab.sweep import Sweep
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_run import SweepProgress, SweepRun
from dllab.runs.sweep_folder import MEMBERS, PLAN

pytestmark = [
    pytest.mark.skipif(not jit_enabled(), reason="too long without compiled kernels"),
    pytest.mark.filterwarnings("default"),  # of Dask and what it stands on
]
TABLE = "a,b,y\n" + "".join(f"{i},{i * i % 7},{i % 2}\n" for i in range(30))
OWN = "from dllab.ops.tanh import Tanh\n\n\nclass Mine(Tanh):\n    '''Mine.'''\n\n    name = 'mine'\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe to work in."""
    return settle(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two workers in processes of their own, that come again when they die."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local.scheduler_address


@pytest.fixture
def cluster(address: str) -> Iterator[Cluster]:
    found = Cluster(address)
    yield found
    found.close()


# ---- real workers ------------------------------------------------------------------------------------------------------


def test_figures_are_those_of_this_machine(cluster: Cluster) -> None:
    values = ["optimizer.lr=0.1,1e-2,1000", "model[0].dense.units=3,5", "train.epochs=1,3"]
    plan = plan_of("r.yaml", values, seeds=5, first=3)
    assert bits(away(cluster, plan)) == local(plan)
    assert (cluster.threads, cluster.notes) == (2, [])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="has no such signal")
def test_a_worker_killed_midway_loses_nothing(cluster: Cluster, here: Path) -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=log(0.001,1,40)", "train.epochs=100"], seeds=10)
    killed: list[int] = []

    def kill(progress: SweepProgress) -> None:
        if not killed and progress.done > 20:
            pid = next(iter(cluster.client.run(os.getpid).values()))
            os.kill(pid, signal.SIGKILL)
            killed.append(progress.done)

    run = SweepRun(plan, cluster=cluster)
    run.follow(kill)
    assert killed and killed[0] < len(plan.grid) // 2 and run.status == "finished"
    assert run.folder is not None
    lines = [json.loads(line) for line in (run.folder.path / MEMBERS).read_text().splitlines()]
    assert sorted(line["index"] for line in lines) == list(range(400))
    there = {line["index"]: (line["status"], line["steps"], json.dumps(line["final"])) for line in lines}
    here_ = SweepRun(plan, jobs=2)
    here_.follow()
    assert here_.folder is not None
    for line in (here_.folder.path / MEMBERS).read_text().splitlines():
        one = json.loads(line)
        assert there[one["index"]] == (one["status"], one["steps"], json.dumps(one["final"]))


def test_what_was_interrupted_goes_on_elsewhere(cluster: Cluster) -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=log(0.001,1,20)", "train.epochs=100"], seeds=10)

    def enough(progress: SweepProgress) -> None:
        if progress.done > 30:
            raise KeyboardInterrupt

    run = SweepRun(plan, cluster=cluster)
    run.follow(enough)
    assert run.status == "interrupted" and run.folder is not None
    kept = (run.folder.path / MEMBERS).read_text().splitlines()
    assert 30 < len(kept) < 200
    again = SweepRun.resumed(str(run.folder.path))
    again.follow()
    lines = [json.loads(line) for line in (run.folder.path / MEMBERS).read_text().splitlines()]
    assert [json.dumps(line) for line in lines[: len(kept)]] == [json.dumps(json.loads(line)) for line in kept]
    assert sorted(line["index"] for line in lines) == list(range(200))
    assert json.loads((run.folder.path / PLAN).read_text())["status"] == "finished"
    figures = {line["index"]: repr(line["final"]) for line in lines}
    assert figures == {index: final for index, (_, _, final) in local(plan).items()}


def test_members_that_fail_are_told_as_here(cluster: Cluster) -> None:
    plan = plan_of("r.yaml", ["optimizer=sgd,adam", "optimizer.beta1=0.5,0.9"])
    ended = {one.member.index: (one.status, one.error) for one in away(cluster, plan)}
    alone = {one.member.index: (one.status, one.error)
             for each in Sweep(plan.make, 1).run(plan.grid.member, range(4)) for one in each}  # fmt: skip
    assert ended == alone and sorted(status for status, _ in ended.values()) == ["failed", "failed", "finished", "finished"]


def test_weights_to_begin_with_travel_along(cluster: Cluster, here: Path) -> None:
    import dllab

    dllab.train("r.yaml", save=True)
    plan = plan_of("r.yaml", ["init_from=last", "optimizer.lr=0.1,0.01"])
    run, other = SweepRun(plan, cluster=cluster, save=False), SweepRun(plan, save=False)
    for one in (run, other):
        one.follow()
    assert (
        run.tally.value.tobytes() == other.tally.value.tobytes() and run.tally.loss.tobytes() == other.tally.loss.tobytes()
    )
    with pytest.raises(NoCluster, match="members that begin with different weights are not sent to a cluster"):
        SweepRun(plan_of("r.yaml", ["init_from=last,r.yaml"]), cluster=cluster)


def told(run: SweepRun) -> dict[int, Any]:
    """Train it; the journal's lines without times, by number."""
    run.follow()
    assert run.folder is not None and run.status == "finished"
    found = [json.loads(line) for line in (run.folder.path / MEMBERS).read_text().splitlines()]
    return {one["index"]: {**one, "seconds": 0} for one in found}


def test_weights_come_with_the_first_net_they_fit(cluster: Cluster, here: Path) -> None:
    import dllab

    dllab.train("r.yaml", save=True)
    (here / "r.yaml").write_text(
        RECIPE.replace("{dense: classes}", "{dense: 5}, tanh, {dense: classes}") + "init_from: last\n"
    )
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01", "model[0].dense.units=7,4"])
    there, own = told(SweepRun(plan, cluster=cluster)), told(SweepRun(plan))
    assert there == own and sorted(one["status"] for one in there.values()) == ["failed", "failed", "finished", "finished"]
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01", "model[0].dense.units=7"])
    there, own = told(SweepRun(plan, cluster=cluster)), told(SweepRun(plan))
    assert there == own and "init_from: no layer fits" in there[1]["error"]


def test_own_parts_and_several_tables_travel_by_their_paths(cluster: Cluster, here: Path) -> None:
    (here / "own.py").write_text(OWN)
    (here / "r.yaml").write_text("use: [own.py]\n" + RECIPE.replace("tanh", "mine"))
    (here / "a.csv").write_text(TABLE)
    (here / "b.csv").write_text(TABLE.replace("1,", "2,"))
    data = "data={csv: a.csv, target: y},{csv: b.csv, target: y}"
    plan = plan_of("r.yaml", [data, "optimizer.lr=0.1,0.01"], trust=True)
    there = bits(away(cluster, plan))
    assert there == local(plan) and len({final for _, _, final in there.values()}) == 4


def test_a_search_finds_on_workers_what_it_finds_here(cluster: Cluster) -> None:
    pytest.importorskip("optuna", reason="needs optuna")
    plan = plan_of("r.yaml", ["train.epochs=10", "optimizer.lr=log(0.0001,10)"], seeds=3, sample=16, search="tpe")
    own = told(SweepRun(plan, metric="validation_loss", jobs=2))
    assert own == told(SweepRun(plan, metric="validation_loss", cluster=cluster))
    assert {one["status"] for one in own.values()} == {"finished", "pruned"}


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail ESMTP\r\n", b"\0" * 16], ids=["ssh", "mail", "zeros"]
)
def test_another_service_is_no_scheduler(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])
                    taken[-1].sendall(greeting)

        taken: list[socket.socket] = []
        threading.Thread(target=answer, daemon=True).start()
        for protocol, hint in (("tcp", cluster_address.HINT), ("tls", cluster_address.CERTIFICATES)):
            with pytest.raises(NoCluster, match="what answers there does not speak as a Dask scheduler") as caught:
                Cluster(f"{protocol}://127.0.0.1:{server.getsockname()[1]}")
            assert caught.value.hint == hint
        for connection in taken:
            connection.close()


def test_a_worker_is_no_scheduler(cluster: Cluster) -> None:
    with pytest.raises(NoCluster, match="does not speak as a Dask scheduler"):
        Cluster(next(iter(cluster.client.nthreads())))


# ---- what a worker does, in this process -------------------------------------------------------------------------------


def job(plan: SweepPlan, **changes: Any) -> Job:
    made = clusters._job(plan, lambda trainer: None)  # type: ignore[arg-type, return-value]
    return replace(made, **changes)


def test_a_recipe_travels_as_text(here: Path) -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01"])
    sent, wanted = job(plan), local(plan)
    (here / "r.yaml").unlink()
    assert bits(list(train_batch(sent, list(plan.grid)).ended)) == wanted


def test_data_are_the_same_or_it_says_so(here: Path) -> None:
    (here / "t.csv").write_text(TABLE)
    plan = plan_of("r.yaml", ["data={csv: t.csv, target: y}", "optimizer.lr=0.1,0.01"])
    assert train_batch(job(plan), list(plan.grid)).problem is None
    (here / "t.csv").write_text(TABLE.replace("1,", "2,"))
    assert train_batch(job(plan, token="b"), list(plan.grid)).problem == "the recipe's data are others there"
    (here / "t.csv").unlink()
    back = train_batch(job(plan, token="c"), list(plan.grid))
    assert back.problem is not None and "t.csv" in back.problem and not back.ended


def test_what_is_compared_makes_no_net(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01"])
    sent = job(plan)
    monkeypatch.setattr("dllab.lab.cluster_batch._worker", lambda job: None)
    monkeypatch.setattr("dllab.training.trainer.Trainer.__init__", lambda self: None)  # one too large for a worker, say
    assert train_batch(sent, []).problem is None


def test_own_parts_are_the_same_or_it_says_so(here: Path) -> None:
    (here / "own.py").write_text(OWN)
    (here / "r.yaml").write_text("use: [own.py]\n" + RECIPE.replace("tanh", "mine"))
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01"], trust=True)
    assert len(train_batch(job(plan), list(plan.grid)).ended) == 2
    (here / "own.py").write_text(OWN + "\n")
    assert train_batch(job(plan, token="d"), list(plan.grid)).problem == "the recipe's own Python files are others there"


def test_what_nobody_wants_is_let_go() -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01"])
    sent = job(plan)
    cluster_batch.forget(sent.token)
    assert not train_batch(sent, list(plan.grid)).ended
