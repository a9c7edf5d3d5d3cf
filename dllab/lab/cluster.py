"""Trains the members of a sweep on the workers of a Dask scheduler. What comes out depends on the members alone.

Members travel in batches of about BATCH_SECONDS, so that what the scheduler costs (a millisecond or so a batch) is
nothing beside them. A batch whose worker dies is trained again by another.
"""

from __future__ import annotations

import contextlib
import queue
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dllab.lab.cluster_address import ANSWER, NoCluster, connected
from dllab.lab.cluster_batch import Back, Job, forget, here, train_batch
from dllab.lab.grid import Grid, Member, same_net
from dllab.lab.sweep import Done
from dllab.recipe import RecipeError
from dllab.recipe.find import locate
from dllab.runs.transfer import NoWeights
from dllab.training.series import Stopped
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source

if TYPE_CHECKING:
    from distributed import Future

    from dllab.lab.sweep_plan import SweepPlan

BATCH_SECONDS, MOST_AT_ONCE = 0.7, 4096
"""What a worker gets at a time."""

AHEAD = 2
"""Batches on their way for every thread of the workers: one in training, one that waits."""

TICK = 0.1
"""Seconds between two looks at what has ended, even if nothing has."""

GRACE = 5.0
"""Seconds that workers have to let go of what nobody wants."""

COUNTED = 1.0
"""Seconds between two counts of the workers."""

MOST_TRIED = 1000
"""Nets that weights to begin with are tried on, until they fit one."""

DIES = "its worker died each time it was trained; memory may have run out there"


class Cluster:
    """A scheduler that answers at an address. Raises NoCluster where none does."""

    def __init__(self, address: str) -> None:
        self.address, self.client = address, connected(address)
        self._counted, self._threads = -COUNTED, 0
        self._told: dict[str, list[str]] = {}
        try:
            workers = self.client.run(here, on_error="return")
        except Exception:
            raise _lost(address) from None
        for place, around in workers.items():
            if isinstance(around, Exception):
                raise NoCluster(f"the worker {place} cannot train: {_one_line(around)}", _same(place))
            self.seen(place, around)

    @property
    def threads(self) -> int:
        """How many members are trained at a time; 0 while there are no workers. Of a scheduler that is gone as it was."""
        if time.perf_counter() > self._counted + COUNTED and self.client.status == "running":
            with contextlib.suppress(Exception):
                self._threads = sum(self.client.nthreads().values())
            self._counted = time.perf_counter()
        return self._threads

    @property
    def notes(self) -> list[str]:
        """How workers differ from this machine in what may change bits: each difference once."""
        found: dict[str, list[str]] = {}
        for place, differences in self._told.items():
            for difference in differences:
                found.setdefault(difference, []).append(place)
        return [f"{difference} ({_listed(places)})" for difference, places in found.items()]

    def seen(self, place: str, around: Mapping[str, Any]) -> None:
        """What a worker tells of itself."""
        if place not in self._told:
            self._told[place] = _differences(around)

    def sweep(self, plan: SweepPlan, sources: Callable[[Trainer], Source]) -> ClusterSweep:
        """A sweep on its workers. Raises NoCluster for one that cannot be sent."""
        return ClusterSweep(self, plan, sources)

    def close(self) -> None:
        """Leave the scheduler to others."""
        with contextlib.suppress(Exception):
            self.client.close(timeout=2)


class ClusterSweep:
    """As lab.sweep.Sweep, on workers elsewhere. `compiling`: what is waited for, "" if nothing is."""

    def __init__(self, cluster: Cluster, plan: SweepPlan, sources: Callable[[Trainer], Source]) -> None:
        if any(axis.key.startswith("init_from") for axis in plan.varied):
            raise NoCluster("members that begin with different weights are not sent to a cluster",
                            "give init_from one value, or leave out --cluster")  # fmt: skip
        self._cluster, self._plan, self._sources = cluster, plan, sources
        self._job: Job | None = None
        self._flight: _Flight | None = None
        self._pace = 0.0
        self.compiling, self.stopped = "", False

    @property
    def jobs(self) -> int:
        """Members trained at a time."""
        return self._cluster.threads

    def run(self, members: Callable[[int], Member], indices: Sequence[int]) -> Iterator[list[Done]]:
        """What has ended since the last time, several times a second: perhaps nothing. Raises NoCluster."""
        if self._job is None:
            with ThreadPoolExecutor(1) as thread:  # a net whose weights are wanted may be trained first
                made = thread.submit(_job, self._plan, self._sources)
                while not made.done():
                    yield []
                    wait([made], TICK)
            try:
                self._job = made.result()
            except Stopped:
                return
        if self.stopped:  # while the job was made
            return
        flight = self._flight = _Flight(self._cluster, self._job, members, indices, self._pace)
        self.compiling = "workers get ready" if self._pace == 0.0 else ""
        try:
            while flight.goes_on:
                flight.fill()
                ended = flight.ended(TICK)
                if flight.pace:
                    self.compiling = ""
                if not self._cluster.threads:
                    self.compiling = f"no workers at {self._cluster.address} yet"
                yield ended
        finally:
            self._pace = flight.pace
            flight.drop()

    def stop(self) -> None:
        """Let what is in training go; what has ended is still told by `run`, which then comes to its end."""
        self.stopped = True
        if self._flight is not None:
            self._flight.stop()


class _Flight:
    """Batches on their way. `pace`: seconds of a member, as measured; 0 before the first batch is back."""

    def __init__(self, cluster: Cluster, job: Job, members: Callable[[int], Member], indices: Sequence[int],
                 pace: float) -> None:  # fmt: skip
        self.cluster, self.job, self.members, self.indices, self.pace = cluster, job, members, indices, pace
        self._taken, self._until = 0, float("inf")
        self._again: list[list[Member]] = []
        self._suspects: list[Member] = []
        self._alone: Future[Any] | None = None
        self._open: dict[Future[Any], list[Member]] = {}
        self._back: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._size = self._fitting(MOST_AT_ONCE) if pace else 1
        self._fault: NoCluster | None = None

    @property
    def goes_on(self) -> bool:
        """Whether something is still to come."""
        if time.perf_counter() > self._until:
            return False
        if self._fault is not None:
            return True
        waits = self._again or self._suspects or self._taken < len(self.indices)
        return bool(self._open) or (not self._stopped and bool(waits))

    @property
    def _stopped(self) -> bool:
        return self._until < float("inf")

    def fill(self) -> None:
        """Send batches until there are enough of them."""
        if self._stopped or self._fault is not None or self._alone in self._open:
            return
        try:
            while len(self._open) < AHEAD * max(1, self.cluster.threads) and (batch := self._next()):
                self._send(batch)
            if not self._open and self._suspects:
                self._alone = self._send([self._suspects.pop()])
        except Exception:
            self._fault = _lost(self.cluster.address)

    def _send(self, batch: list[Member]) -> Future[Any]:
        future: Future[Any] = self.cluster.client.submit(
            train_batch, self.job, batch, pure=False, key=f"dllab-{uuid.uuid4().hex}"
        )
        self._open[future] = batch
        future.add_done_callback(self._back.put)
        return future

    def _next(self) -> list[Member]:
        """The members of the next batch, fewer towards the end."""
        if self._again:
            return self._again.pop()
        left = len(self.indices) - self._taken
        size = min(self._size, left // (AHEAD * max(1, self.cluster.threads)) + 1, left)
        self._taken += size
        return [self.members(int(index)) for index in self.indices[self._taken - size : self._taken]]

    def ended(self, wait: float) -> list[Done]:
        """What has come back; where nothing has, what does within so many seconds."""
        if self._fault is not None:
            raise self._fault
        found: list[Done] = []
        try:
            found += self._got(self._back.get(timeout=wait))
            while self._fault is None:
                found += self._got(self._back.get_nowait())
        except queue.Empty:
            pass
        except NoCluster as error:  # told when what has come before is taken
            self._fault = error
        if self.cluster.client.status != "running" and not self._stopped:
            self._fault = self._fault or _lost(self.cluster.address)
        return found

    def _got(self, future: Future[Any]) -> list[Done]:
        batch = self._open.pop(future, None)
        if batch is None or (self._stopped and future.status != "finished"):
            return []
        if future.status == "error":
            return self._broken(future, batch)
        try:
            back: Back = future.result(timeout=ANSWER + GRACE)
        except Exception:  # its worker died before it was fetched, or the scheduler is gone: `ended` tells
            self._again.append(batch)
            return []
        self.cluster.seen(back.where, back.around)
        if back.problem is not None:
            raise NoCluster(f"the worker {back.where} cannot train this: {back.problem}", _same(back.where))
        self._measure(back)
        if len(back.ended) < len(batch) and not self._stopped:
            self._again.append(batch[len(back.ended) :])
        return list(back.ended)

    def _broken(self, future: Future[Any], batch: list[Member]) -> list[Done]:
        """Workers died that had a batch, time and again: the member that kills them is found by halves.

        Dask counts such a death against whatever the worker had, what only waited there too. So a member has failed when
        workers die of it that have nothing else; such trials come last.
        """
        from distributed.scheduler import KilledWorker

        error = future.exception()
        if not isinstance(error, KilledWorker):
            raise NoCluster(f"workers cannot train this: {_one_line(error)}", _same("each worker"))
        if future is self._alone:
            return [Done(batch[0], "failed", 0, error=DIES)]
        if len(batch) == 1:
            self._suspects += batch
        else:
            self._again += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
        return []

    def _measure(self, back: Back) -> None:
        """The size of batches by how long members take: twice as many at a time until it is reached."""
        if back.ended:
            took = max(back.seconds, 1e-6) / len(back.ended)
            self.pace = took if not self.pace else (self.pace + took) / 2
            self._size = self._fitting(2 * self._size)

    def _fitting(self, most: int) -> int:
        """How many members a batch has, at their pace."""
        return max(1, min(most, int(BATCH_SECONDS / self.pace), MOST_AT_ONCE))

    def stop(self) -> None:
        """Have workers let go what they train, and send what they have."""
        if not self._stopped:
            self._until = time.perf_counter() + GRACE
            self._forget()

    def drop(self) -> None:
        """Want nothing any more of what is still on its way."""
        if self._open:
            with contextlib.suppress(Exception):
                self.cluster.client.cancel(list(self._open))
            self._forget()

    def _forget(self) -> None:
        with contextlib.suppress(Exception):
            self.cluster.client.run(forget, self.job.token, on_error="ignore")


def _job(plan: SweepPlan, sources: Callable[[Trainer], Source]) -> Job:
    """The sweep as it is sent: the text of the recipe as it stands in its file."""
    recipe = plan.recipe
    path = None if recipe.source_path is None else str(recipe.source_path.resolve())
    source = _source(plan, sources) if recipe.init_from is not None else None
    label = locate(plan.reference)[1]
    return Job(uuid.uuid4().hex, recipe.text, label, path, plan.trust, plan.first, recipe.used, plan.data, source,
               plan.folder, plan.files)  # fmt: skip


def _source(plan: SweepPlan, sources: Callable[[Trainer], Source]) -> Source | RecipeError | None:
    """The weights of `init_from`, asked for with the first net that they fit; why there are none where they fit none.

    None where no setting makes a net: members then fail before they ask. Raises NoCluster.
    """
    nets = _nets(plan.grid)
    unfit: RecipeError | None = None
    for number in range(min(nets.settings, MOST_TRIED)):
        try:
            trainer = Trainer(plan.make(nets.setting(number)))
        except Exception:  # members say what is wrong
            continue
        try:
            return sources(trainer)
        except NoWeights as error:
            return error
        except RecipeError as error:
            unfit = unfit or error
    if nets.settings > MOST_TRIED:
        raise NoCluster(f"the weights of init_from fit none of the first {MOST_TRIED:,} nets", "leave out --cluster")
    return unfit


def _nets(grid: Grid) -> Grid:
    """The settings of a grid that make different nets, or what a random search would draw."""
    if grid.sample is not None:
        return Grid(grid.axes, grid.seeds, grid.sample)
    one = [replace(axis, values=axis.values[:1]) if same_net(axis.key) else axis for axis in grid.axes]
    return Grid(tuple(one))


def _differences(around: Mapping[str, Any]) -> list[str]:
    """What may change bits and is not what it is here."""
    found = []
    for group, names in (("versions", ("dllab", "numpy", "numba", "llvmlite")), ("machine", ("processor",))):
        for name in names:
            there, own = around[group].get(name), here()[group].get(name)
            if there != own:
                found.append(f"{name} {there} there, {own} here")
    return found


def _listed(places: Sequence[str]) -> str:
    return places[0] if len(places) == 1 else f"{places[0]} and {len(places) - 1:,} more"


def _one_line(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _same(place: str) -> str:
    return f"{place} needs this version of dllab, and the files of the recipe under the same paths"


def _lost(address: str) -> NoCluster:
    return NoCluster(f"the scheduler {address} is gone", "what had ended is kept: go on with --resume when it is back")
