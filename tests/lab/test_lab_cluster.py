"""Sweeps on a cluster: the figures of this machine to the bit, whatever becomes of workers and of the scheduler."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_cluster import FakeClient, FakeFuture, Neighbours

pytest.importorskip("distributed", reason="needs dask and distributed")

from dllab.core.settings import jit_enabled
from dllab.lab import cluster as clusters
from dllab.lab import cluster_address, cluster_batch
from dllab.lab.cluster import Cluster
from dllab.lab.cluster_address import NoCluster
from dllab.lab.cluster_batch import Job, train_batch
from dllab.lab.sweep import Done, Sweep
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_run import SweepProgress, SweepRun
from dllab.runs.sweep_folder import MEMBERS, PLAN
from dllab.training.trainer import Trainer

pytestmark = [
    pytest.mark.skipif(not jit_enabled(), reason="too long without compiled kernels"),
    pytest.mark.filterwarnings("default"),  # of Dask and what it stands on
]
RECIPE = """\
data: {name: moons, samples: 40, validation: 0.25}
model: [{dense: 4}, tanh, {dropout: 0.2}, {dense: classes}]
train: {epochs: 2, batch: 16}
"""
TABLE = "a,b,y\n" + "".join(f"{i},{i * i % 7},{i % 2}\n" for i in range(30))
Figures = dict[int, tuple[str, int, str]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLLAB_RUNS", str(tmp_path / "runs"))
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


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


def local(plan: SweepPlan) -> Figures:
    """What the members come to on this machine."""
    return bits([one for ended in Sweep(plan.make, 2).run(plan.grid.member, range(len(plan.grid))) for one in ended])


def bits(ended: list[Done]) -> Figures:
    assert len({one.member.index for one in ended}) == len(ended), "a member is told once"
    return {one.member.index: (one.status, one.steps, repr(one.final)) for one in ended}


def away(cluster: Cluster, plan: SweepPlan) -> list[Done]:
    """The same on workers."""
    return [one for ended in swept(cluster, plan).run(plan.grid.member, range(len(plan.grid))) for one in ended]


def swept(cluster: Cluster, plan: SweepPlan) -> clusters.ClusterSweep:
    def none(trainer: Trainer) -> Any:
        raise AssertionError("no recipe here begins with weights")

    return cluster.sweep(plan, none)


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


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail ESMTP\r\n", b"\0" * 16])
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


def test_own_parts_are_the_same_or_it_says_so(here: Path) -> None:
    own = "from dllab.ops.tanh import Tanh\n\n\nclass Mine(Tanh):\n    '''Mine.'''\n\n    name = 'mine'\n"
    (here / "own.py").write_text(own)
    (here / "r.yaml").write_text("use: [own.py]\n" + RECIPE.replace("tanh", "mine"))
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01"], trust=True)
    assert len(train_batch(job(plan), list(plan.grid)).ended) == 2
    (here / "own.py").write_text(own + "\n")
    assert train_batch(job(plan, token="d"), list(plan.grid)).problem == "the recipe's own Python files are others there"


def test_what_nobody_wants_is_let_go() -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=0.1,0.01"])
    sent = job(plan)
    cluster_batch.forget(sent.token)
    assert not train_batch(sent, list(plan.grid)).ended


# ---- the flight of batches, with workers that do as they are told ------------------------------------------------------


def fake(monkeypatch: pytest.MonkeyPatch, client: FakeClient) -> Cluster:
    monkeypatch.setattr(clusters, "connected", lambda address: client)
    return Cluster("tcp://a:1")


def test_batches_grow_until_they_take_most_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    plan = plan_of("r.yaml", ["optimizer.lr=log(0.001,1,200)"], seeds=50)
    assert len(away(fake(monkeypatch, client), plan)) == 10_000
    assert client.sizes[0] == 1 and max(client.sizes) in (699, 700) and sum(client.sizes) == 10_000
    assert client.sizes[-1] < 20, "towards the end nobody waits for one long batch"


def test_a_member_that_kills_its_workers_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("r.yaml", ["optimizer.lr=log(0.001,1,100)"])
    ended = away(fake(monkeypatch, FakeClient({37, 38})), plan)
    assert sorted(one.member.index for one in ended) == list(range(100))
    assert {one.member.index for one in ended if one.status == "failed"} == {37, 38}
    assert {one.error for one in ended} == {None, clusters.DIES}


def test_who_only_waits_beside_a_member_that_kills_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "TICK", 0.001)
    plan = plan_of("r.yaml", ["optimizer.lr=log(0.001,1,20)"])
    client = Neighbours({0, 13})
    ended = away(fake(monkeypatch, client), plan)
    assert sorted(one.member.index for one in ended) == list(range(20))
    assert {one.member.index for one in ended if one.status == "failed"} == {0, 13}


def test_results_that_are_gone_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    client.lost = 3
    ended = away(fake(monkeypatch, client), plan_of("r.yaml", ["optimizer.lr=log(0.001,1,100)"]))
    assert sorted(one.member.index for one in ended) == list(range(100))


def test_workers_that_differ_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    client.around = {**client.around, "machine": {**client.around["machine"], "processor": "Z80"}}
    cluster = fake(monkeypatch, client)
    own = cluster_batch.here()["machine"]["processor"]
    assert cluster.notes == [f"processor Z80 there, {own} here (tcp://a:1)"]
    away(cluster, plan_of("r.yaml", ["optimizer.lr=0.1,0.2"]))
    assert cluster.notes == [f"processor Z80 there, {own} here (tcp://a:1 and 1 more)"]


def test_a_scheduler_that_is_lost_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    cluster = fake(monkeypatch, client)
    run = swept(cluster, plan := plan_of("r.yaml", ["optimizer.lr=log(0.001,1,100)"]))
    found = run.run(plan.grid.member, range(100))
    while run._flight is None:
        next(found)
    client.status = "closed"
    with pytest.raises(NoCluster, match="the scheduler tcp://a:1 is gone"):
        list(found)


class Mute(FakeClient):
    """Its scheduler is gone, and it does not know yet."""

    gone = False

    def nthreads(self) -> dict[str, int]:
        if self.gone:
            raise OSError("closed")
        return super().nthreads()

    def submit(self, *arguments: Any, **options: Any) -> FakeFuture:
        if self.gone:
            raise OSError("closed")
        return super().submit(*arguments, **options)


def test_what_came_before_the_scheduler_was_lost_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "COUNTED", 0.0)
    client = Mute()
    cluster = fake(monkeypatch, client)
    run = SweepRun(plan_of("r.yaml", ["optimizer.lr=log(0.001,1,100)"]), cluster=cluster)

    def lose(progress: SweepProgress) -> None:
        client.gone = client.gone or progress.done > 20

    with pytest.raises(NoCluster, match="the scheduler tcp://a:1 is gone"):
        run.follow(lose)
    summary = run.summary(1)
    assert summary.jobs == 2 and run.status == "failed" and run.folder is not None
    assert 20 < summary.done == len((run.folder.path / MEMBERS).read_text().splitlines()) == sum(client.sizes) < 100


def test_a_scheduler_that_is_lost_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(self: FakeClient, *arguments: Any, **options: Any) -> None:
        raise OSError("closed")

    monkeypatch.setattr(FakeClient, "run", lost)
    with pytest.raises(NoCluster, match="the scheduler tcp://a:1 is gone"):
        fake(monkeypatch, FakeClient())


def test_a_search_begins_at_the_pace_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    run = swept(fake(monkeypatch, client), plan := plan_of("r.yaml", ["optimizer.lr=log(0.001,1,200)"], seeds=20))
    for first in range(0, 4000, 2000):
        assert sum(len(ended) for ended in run.run(plan.grid.member, range(first, first + 2000))) == 2000
        assert client.sizes[0] == 1 if not first else client.sizes[0] > 400
        client.sizes.clear()


def test_a_fault_comes_after_what_ended_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    run = swept(fake(monkeypatch, client), plan := plan_of("r.yaml", ["optimizer.lr=log(0.001,1,100)"]))
    found = run.run(plan.grid.member, range(100))
    while not next(found):
        pass
    client.error = ModuleNotFoundError("No module named 'dllab'")
    with pytest.raises(NoCluster, match="workers cannot train this: ModuleNotFoundError: No module named 'dllab'"):
        list(found)


def test_stopping_does_not_wait_for_what_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "GRACE", 0.3)
    monkeypatch.setattr(FakeFuture, "add_done_callback", lambda self, call: None)
    run = swept(fake(monkeypatch, FakeClient()), plan := plan_of("r.yaml", ["optimizer.lr=0.1,0.2"]))
    found = run.run(plan.grid.member, range(2))
    while run._flight is None:
        next(found)
    run.stop()
    began = time.perf_counter()
    assert not any(found) and time.perf_counter() - began < cluster_address.ANSWER


def test_stopping_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    run = swept(fake(monkeypatch, client), plan := plan_of("r.yaml", ["optimizer.lr=0.1,0.2"]))
    run.stop()
    assert not any(run.run(plan.grid.member, range(2))) and client.sizes == []


def test_it_waits_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    monkeypatch.setattr(FakeClient, "nthreads", lambda self: {})
    monkeypatch.setattr(FakeFuture, "add_done_callback", lambda self, call: None)
    run = swept(fake(monkeypatch, client), plan := plan_of("r.yaml", ["optimizer.lr=log(0.001,1,100)"]))
    found = run.run(plan.grid.member, range(100))
    while not run.compiling.startswith("no workers"):
        assert next(found) == []
    assert run.compiling == "no workers at tcp://a:1 yet" and client.sizes == [1] * clusters.AHEAD
    found.close()
