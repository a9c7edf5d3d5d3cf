"""Batches on their way to workers that do as they are told: of what size, what is sent again, how it ends."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from fake_cluster import FakeClient, FakeFuture, Neighbours

pytest.importorskip("distributed", reason="needs dask and distributed")

from clustering import away, swept
from marks import compiled_only
from sweeping import settle

from dllab.lab import cluster as clusters
from dllab.lab import cluster_address, cluster_batch
from dllab.lab.cluster import Cluster
from dllab.lab.cluster_address import NoCluster
from dllab.lab.sweep_plan import plan_of
from dllab.lab.sweep_run import SweepProgress, SweepRun
from dllab.runs.sweep_folder import MEMBERS, PLAN

pytestmark = compiled_only


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe to work in."""
    return settle(tmp_path, monkeypatch)


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
    run = SweepRun(plan_of("r.yaml", ["optimizer.lr=0.1,0.2"]), cluster=cluster)
    run.follow()
    SweepRun.resumed("last").follow()
    assert run.folder is not None
    assert json.loads((run.folder.path / PLAN).read_text())["differences"] == cluster.notes


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
