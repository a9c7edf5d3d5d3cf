"""Trains the members of a sweep on several threads. What comes out depends on the members alone.

Kernels release the interpreter and a net is planned once for all its rates and seeds (training/series.py), so a member
costs little more than its steps: no process, no plan, no file.
"""

from __future__ import annotations

import contextlib
import math
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dllab.engine.budget import bytes_needed
from dllab.lab.grid import RATE, Member, Watch
from dllab.recipe import Recipe, RecipeError
from dllab.recipe.place import visible
from dllab.runs.transfer import NoWeights
from dllab.training.events import Compiling, EpochEnd, Figures
from dllab.training.series import Series, Stopped, with_rate
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source

SERIES_KEPT, BYTES_KEPT = 4, 200_000_000
"""Nets that a thread keeps planned, and of how many bytes; as members come, one is used up before the next."""

CHUNK_SECONDS, MOST_AT_ONCE = 0.03, 256
"""What a thread takes from the list at a time."""

MOST_TOLD = 4096
"""Members that are told at a time."""

TICK = 0.1
"""Seconds between two looks at what has ended, even if nothing has."""

PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

Make = Callable[[Sequence[str]], Recipe]
"""From changes as texts to the recipe with them."""


@dataclass(frozen=True)
class Done:
    """A member's end. `final`: figures of every split; empty where `status` is failed, and then `error` says why.

    `curve`: the figure it was watched by, at every evaluation; None: nobody watched.
    """

    member: Member
    status: Literal["finished", "stopped", "diverged", "failed", "pruned"]
    steps: int
    final: Figures = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    curve: tuple[float, ...] | None = None


class Watcher:
    """Follows a run; says no as soon as its best figure so far is worse than what is asked at an evaluation."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.curve: list[float] = []

    def __call__(self, end: EpochEnd) -> bool:
        """Whether the run may go on."""
        (figures,) = end.figures.values()
        value = float(figures[self.watch.metric])
        self.curve.append(value if math.isfinite(value) else math.nan)  # as a journal has it
        place = len(self.curve) - 1
        bar = self.watch.bars[place] if place < len(self.watch.bars) else None
        sign = -1.0 if self.watch.higher else 1.0
        best = min((sign * value for value in self.curve if value == value), default=math.inf)
        return bar is None or best <= sign * bar


class Worker:
    """What one thread keeps from member to member: the recipe as it was last, nets that are planned."""

    def __init__(self, make: Make, sources: Callable[[Trainer], Source], building: threading.Lock,
                 on_event: Callable[[Compiling], None] | None = None) -> None:  # fmt: skip
        self._make, self._sources, self._building, self._on_event = make, sources, building, on_event
        self._last: tuple[tuple[str, ...], Recipe] | None = None
        self._series: dict[str, Series] = {}
        self._own: tuple[tuple[str, ...], Series] | None = None

    def train(self, member: Member, wanted: Callable[[], bool] = lambda: True) -> Done:
        """One member. Raises Stopped as soon as it is not wanted any more; every other error is the member's own."""
        began = time.perf_counter()
        watcher = None if member.watch is None else Watcher(member.watch)
        try:
            recipe = self._recipe(member.overrides)
            found = self._series_of(recipe, member.overrides).train(recipe, member.seed, wanted=wanted, good=watcher)
        except Stopped:
            raise
        except RecipeError as error:
            return Done(member, "failed", 0, seconds=time.perf_counter() - began, error=reason_of(error))
        except Exception as error:  # one member that breaks must not end the others
            told = visible(" ".join(f"{type(error).__name__}: {error}".split()))
            return Done(member, "failed", 0, seconds=time.perf_counter() - began, error=told)
        assert found.status in ("finished", "stopped", "diverged")
        if watcher is None:
            return Done(member, found.status, found.steps, found.figures, found.seconds)
        status = "pruned" if found.given_up else found.status
        return Done(member, status, found.steps, found.figures, found.seconds, curve=tuple(watcher.curve))

    def _recipe(self, overrides: tuple[str, ...]) -> Recipe:
        """Loaded, or the last one with another rate where nothing else has changed."""
        others, rate = _apart(overrides)
        if rate is None or self._last is None or self._last[0] != others or len(self._last[1].optimizer) != 1:
            recipe = self._make(overrides)
            self._last = others, recipe
            return recipe
        try:
            return with_rate(self._last[1], rate)
        except ValueError:  # out of range: the loader says it with the key and the place
            return self._make(overrides)

    def _series_of(self, recipe: Recipe, overrides: tuple[str, ...]) -> Series:
        others, _ = _apart(overrides)
        if self._own is not None and self._own[0] == others and getattr(recipe.optimizer[-1], "rate_apart", False):
            return self._own[1]
        key = Series.key(recipe)
        series = self._series.pop(key, None)
        if series is None:
            with self._building:  # threads that need the same kernels compile and load them once
                series = Series(recipe, on_event=self._on_event)
            if recipe.init_from is not None:
                series.begin_with(self._sources(series.trainer))
        self._series[key] = series
        while len(self._series) > SERIES_KEPT or (len(self._series) > 1 and self._bytes() > BYTES_KEPT):
            del self._series[next(iter(self._series))]
        self._own = others, series
        return series

    def _bytes(self) -> int:
        return sum(bytes_needed(series.trainer.network.plan) for series in self._series.values())


def reason_of(error: RecipeError) -> str:
    """What is wrong with a recipe on one line; of several things the first."""
    first = error.problems[0]
    told = [f"{first.place}: {first.message}", first.hint, *(row.strip() for row in first.rows[-1:])]
    return visible("; ".join(part for part in told if part))


def _apart(overrides: tuple[str, ...]) -> tuple[tuple[str, ...], float | None]:
    """The changes but for the learning rate, and that, where it is one plain number for the last optimizer named."""
    rates = [place for place, text in enumerate(overrides) if text.startswith(f"{RATE}=")]
    if len(rates) != 1 or any(text.startswith("optimizer") for text in overrides[rates[0] + 1 :]):
        return overrides, None
    said = overrides[rates[0]].partition("=")[2].strip()
    if not PLAIN_NUMBER.fullmatch(said):
        return overrides, None
    return overrides[: rates[0]] + overrides[rates[0] + 1 :], float(said)


class Sweep:
    """Members on `jobs` threads; `run()` may come again with others.

    `make`: the recipe with a member's changes. `sources`: the weights that a recipe's `init_from` names; asked for by one
    thread at a time. `compiling`: the kernel that is being compiled, "" if none is.
    """

    def __init__(self, make: Make, jobs: int, *, sources: Callable[[Trainer], Source] | None = None) -> None:
        self._make, self.jobs = make, max(1, jobs)
        self._known: dict[str, Source | NoWeights] = {}
        self._sources, self._asking = sources, threading.Lock()
        self._building = threading.Lock()
        self._shared: _Shared | None = None
        self._workers: list[Worker] = []
        self.compiling = ""

    def run(self, members: Callable[[int], Member], indices: Sequence[int]) -> Iterator[list[Done]]:
        """What has ended since the last time, in whatever order it ends, several times a second: perhaps nothing.

        `members`: from a number to the member, such as `Grid.member`, so that a million of them need no memory.
        """
        jobs = min(self.jobs, len(indices))
        shared = self._shared = _Shared(members, indices, jobs)
        self._workers += [self._worker() for _ in range(jobs - len(self._workers))]
        threads = [threading.Thread(target=shared.work, args=(worker,), daemon=True) for worker in self._workers[:jobs]]
        for thread in threads:
            thread.start()
        try:
            while shared.working:
                yield shared.ended()
        finally:
            shared.stop()
            for thread in threads:
                thread.join()

    def stop(self) -> None:
        """Let what is in training go; what has ended is still told by `run`, which then comes to its end."""
        if self._shared is not None:
            self._shared.stop()

    @property
    def stopped(self) -> bool:
        """Whether nobody wants any more of it."""
        return self._shared is not None and self._shared.stopped

    def _worker(self) -> Worker:
        return Worker(self._make, self._source, self._building, self._told)

    def _told(self, event: Compiling) -> None:
        self.compiling = event.kernel

    def _source(self, trainer: Trainer) -> Source:
        with self._asking:
            key = str(trainer.recipe.init_from)
            if key not in self._known:
                if self.stopped:
                    raise Stopped
                assert self._sources is not None, "a recipe with init_from needs its weights"
                try:
                    self._known[key] = self._sources(trainer)
                except NoWeights as error:
                    self._known[key] = error
            if isinstance(found := self._known[key], NoWeights):
                raise NoWeights(found.problems)
            return found


class _Shared:
    """The list that threads take their members from, and the way back. `working`: threads that may still tell something."""

    def __init__(self, members: Callable[[int], Member], indices: Sequence[int], jobs: int) -> None:
        self.members, self.indices, self.jobs = members, indices, jobs
        self._taken, self.stopped = 0, False
        self.working = jobs
        self._taking = threading.Lock()
        self._fault: BaseException | None = None
        self._ended: queue.SimpleQueue[list[Done] | BaseException | None] = queue.SimpleQueue()

    def stop(self) -> None:
        self.stopped = True

    def work(self, worker: Worker) -> None:
        """One thread's life."""
        try:
            self._train(worker)
        except Stopped:
            pass
        except BaseException as error:
            self._ended.put(error)
        finally:
            self._ended.put(None)

    def _train(self, worker: Worker) -> None:
        size = 1
        while indices := self._take(size):
            began = time.perf_counter()
            ended: list[Done] = []
            try:
                for index in indices:
                    ended.append(worker.train(self.members(index), lambda: not self.stopped))
            finally:
                self._ended.put(ended)
            took = max(time.perf_counter() - began, 1e-6) / len(indices)
            size = max(1, min(2 * size, int(CHUNK_SECONDS / took), MOST_AT_ONCE))

    def _take(self, size: int) -> Sequence[int]:
        """The next members, fewer towards the end; none when there are none, or nobody wants them."""
        with self._taking:
            left = 0 if self.stopped else len(self.indices) - self._taken
            size = min(size, left // (2 * self.jobs) + 1, left)
            self._taken += size
            return self.indices[self._taken - size : self._taken]

    def ended(self) -> list[Done]:
        """What has ended; where nothing has, what does within a moment. Raises what has ended a thread, the next time."""
        if self._fault is not None:
            raise self._fault
        found: list[Done] = []
        with contextlib.suppress(queue.Empty):
            found += self._got(self._ended.get(timeout=TICK))
            while self.working and self._fault is None and len(found) < MOST_TOLD:
                found += self._got(self._ended.get_nowait())
        return found

    def _got(self, message: list[Done] | BaseException | None) -> list[Done]:
        if isinstance(message, BaseException):
            self._fault = message
            return []
        self.working -= message is None
        return message or []
