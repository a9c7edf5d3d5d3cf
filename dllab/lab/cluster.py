"""Trains the members of a sweep on the workers of a Dask scheduler. What comes out depends on the members alone.

Members travel in batches of about BATCH_SECONDS, so that what the scheduler costs (a millisecond or so a batch) is
nothing beside them. A batch whose worker dies is trained again by another.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from dllab.lab.cluster_batch import Back, Job, forget, here, train_batch
from dllab.lab.grid import Member
from dllab.lab.sweep import Done
from dllab.recipe.find import locate
from dllab.training.series import Stopped
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source

if TYPE_CHECKING:
    from distributed import Client, Future

    from dllab.lab.sweep_plan import SweepPlan

BATCH_SECONDS, MOST_AT_ONCE = 0.7, 4096
"""What a worker gets at a time."""

AHEAD = 2
"""Batches on their way for every thread of the workers: one in training, one that waits."""

TICK = 0.1
"""Seconds between two looks at what has ended, even if nothing has."""

ANSWER, GRACE = 10.0, 5.0
"""Seconds within which a scheduler answers, and those that workers have to let go of what nobody wants."""

COUNTED = 1.0
"""Seconds between two counts of the workers."""

DIES = "its worker died each time it was trained; memory may have run out there"


class NoCluster(Exception):
    """A cluster that cannot train a sweep; `hint` says what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


class Cluster:
    """A scheduler that answers at an address. Raises NoCluster where none does."""

    def __init__(self, address: str) -> None:
        self.address, self.client = address, _connected(address)
        self._counted, self._threads = -COUNTED, 0
        self._told: dict[str, list[str]] = {}
        for place, around in self.client.run(here, on_error="return").items():
            if isinstance(around, Exception):
                raise NoCluster(f"the worker {place} cannot train: {_one_line(around)}", _same(place))
            self.seen(place, around)

    @property
    def threads(self) -> int:
        """How many members are trained at a time; 0 while there are no workers."""
        if time.perf_counter() > self._counted + COUNTED:
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
        self._open: dict[Future[Any], list[Member]] = {}
        self._back: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._size = 1
        self._fault: NoCluster | None = None

    @property
    def goes_on(self) -> bool:
        """Whether something is still to come."""
        if time.perf_counter() > self._until:
            return False
        if self._fault is not None:
            return True
        return bool(self._open) or (not self._stopped and (bool(self._again) or self._taken < len(self.indices)))

    @property
    def _stopped(self) -> bool:
        return self._until < float("inf")

    def fill(self) -> None:
        """Send batches until there are enough of them."""
        wanted = 0 if self._stopped else AHEAD * max(1, self.cluster.threads)
        while len(self._open) < wanted and (batch := self._next()):
            future = self.cluster.client.submit(train_batch, self.job, batch, pure=False, key=f"dllab-{uuid.uuid4().hex}")
            self._open[future] = batch
            future.add_done_callback(self._back.put)

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
            return self._broken(future.exception(), batch)
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

    def _broken(self, error: BaseException | None, batch: list[Member]) -> list[Done]:
        """Workers that died of a batch, time and again: the member that kills them is found by halves."""
        from distributed.scheduler import KilledWorker

        if not isinstance(error, KilledWorker):
            raise NoCluster(f"workers cannot train this: {_one_line(error)}", _same("each worker"))
        if len(batch) == 1:
            return [Done(batch[0], "failed", 0, error=DIES)]
        self._again += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
        return []

    def _measure(self, back: Back) -> None:
        """The size of batches by how long members take: twice as many at a time until it is reached."""
        if back.ended:
            took = max(back.seconds, 1e-6) / len(back.ended)
            self.pace = took if not self.pace else (self.pace + took) / 2
            self._size = max(1, min(2 * self._size, int(BATCH_SECONDS / self.pace), MOST_AT_ONCE))

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


def _connected(address: str) -> Client:
    """Raises NoCluster."""
    import distributed

    _silence()
    hint = "the line `dask scheduler` prints has the address, such as tcp://192.168.1.5:8786; docs/cluster.md says more"
    try:
        protocol, host, port = _place(address)
        with socket.create_connection((host, port), timeout=ANSWER) as there:
            if protocol == "tcp" and not there.recv(1):  # a scheduler speaks first; others wait to be spoken to
                raise OSError("closed")
        return distributed.Client(address, timeout=ANSWER, set_as_default=False, name="dllab")
    except ValueError as error:
        raise NoCluster(f"--cluster {address}: {error}", hint) from None
    except OSError:
        raise NoCluster(f"--cluster {address}: no Dask scheduler answers there", hint) from None


def _silence() -> None:
    """Dask's own lines would stand between those of the lab."""
    import distributed

    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _place(address: str) -> tuple[str, str, int]:
    """Protocol, host and port. Raises ValueError."""
    from distributed.comm.addressing import parse_address, parse_host_port

    protocol, place = parse_address(address)
    if protocol not in ("tcp", "tls"):
        raise ValueError(f"tcp and tls are known, {protocol} is not")
    host, port = parse_host_port(place)
    return protocol, host, port


def _job(plan: SweepPlan, sources: Callable[[Trainer], Source]) -> Job:
    """The sweep as it is sent: the text of the recipe as it stands in its file."""
    recipe, first = plan.recipe, plan.first
    path = None if recipe.source_path is None else str(recipe.source_path.resolve())
    source = sources(Trainer(plan.make(first))) if recipe.init_from is not None else None
    label = locate(plan.reference)[1]
    return Job(uuid.uuid4().hex, recipe.text, label, path, plan.trust, first, recipe.used, plan.data, source,
               plan.folder, plan.files)  # fmt: skip


def _differences(around: Mapping[str, Any]) -> list[str]:
    """What may change bits and is not what it is here."""
    found = []
    for group, names in (("versions", ("dllab", "numpy", "numba")), ("machine", ("processor",))):
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
