"""Trains the members of a sweep on several threads. What comes out depends on the members alone.

Kernels release the interpreter and a net is planned once for all its rates and seeds (training/series.py), so a member
costs little more than its steps: no process, no plan, no file.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dllab.lab.grid import RATE, Member
from dllab.recipe import Recipe, RecipeError
from dllab.training.events import Compiling, Figures
from dllab.training.series import Series, Stopped, with_rate
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source

SERIES_KEPT = 4
"""Nets that a thread keeps planned; members come in an order in which one is used up before the next."""

CHUNK_SECONDS, MOST_AT_ONCE = 0.03, 256
"""What a thread takes from the list at a time."""

AHEAD = 4096
"""Members that may be done before an earlier one is: they wait in memory to be told in their order."""

PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

Make = Callable[[Sequence[str]], Recipe]
"""From changes as texts to the recipe with them."""


@dataclass(frozen=True)
class Done:
    """A member's end. `final`: figures of every split; empty where `status` is failed, and then `error` says why."""

    member: Member
    status: Literal["finished", "stopped", "diverged", "failed"]
    steps: int
    final: Figures = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None


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
        try:
            recipe = self._recipe(member.overrides)
            found = self._series_of(recipe, member.overrides).train(recipe, member.seed, wanted=wanted)
        except Stopped:
            raise
        except RecipeError as error:
            return Done(member, "failed", 0, seconds=time.perf_counter() - began, error=str(error))
        except Exception as error:  # one member that breaks must not end the others
            told = f"{type(error).__name__}: {error}"
            return Done(member, "failed", 0, seconds=time.perf_counter() - began, error=told)
        assert found.status in ("finished", "stopped", "diverged")
        return Done(member, found.status, found.steps, found.figures, found.seconds)  # type: ignore[arg-type]

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
            with self._building:  # threads that need the same kernels compile them once
                series = Series(recipe, on_event=self._on_event)
            if recipe.init_from is not None:
                series.begin_with(self._sources(series.trainer))
        self._series[key] = series
        while len(self._series) > SERIES_KEPT:
            del self._series[next(iter(self._series))]
        self._own = others, series
        return series


def _apart(overrides: tuple[str, ...]) -> tuple[tuple[str, ...], float | None]:
    """The changes but for the learning rate, and that, where it is given as one plain number."""
    rates = [text for text in overrides if text.startswith(f"{RATE}=")]
    said = rates[0].partition("=")[2].strip() if len(rates) == 1 else ""
    if not PLAIN_NUMBER.fullmatch(said):
        return overrides, None
    return tuple(text for text in overrides if text is not rates[0]), float(said)


class Sweep:
    """Members on `jobs` threads; iterate over `run()` once.

    `make`: the recipe with a member's changes. `sources`: the weights that a recipe's `init_from` names; asked for by one
    thread at a time.
    """

    def __init__(self, make: Make, jobs: int, *, sources: Callable[[Trainer], Source] | None = None,
                 on_event: Callable[[Compiling], None] | None = None) -> None:  # fmt: skip
        self._make, self.jobs, self._on_event = make, jobs, on_event
        self._known: dict[Any, Source] = {}
        self._sources, self._asking = sources, threading.Lock()
        self._building = threading.Lock()

    def run(self, members: Callable[[int], Member], indices: Sequence[int]) -> Iterator[Done]:
        """The ends of the members of these numbers, in that order. Closed (or after Ctrl-C) it stops what is in training.

        `members`: from a number to the member, such as `Grid.member`, so that a million of them need no memory.
        """
        jobs = max(1, min(self.jobs, len(indices)))
        if jobs == 1:
            worker = self._worker()
            for index in indices:
                yield worker.train(members(index))
            return
        shared = _Shared(members, indices, jobs)
        threads = [threading.Thread(target=shared.work, args=(self._worker(),), daemon=True) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        try:
            yield from shared.in_order()
        finally:
            shared.stop()
            for thread in threads:
                thread.join()

    def _worker(self) -> Worker:
        return Worker(self._make, self._source, self._building, self._on_event)

    def _source(self, trainer: Trainer) -> Source:
        with self._asking:
            key = str(trainer.recipe.init_from)
            if key not in self._known:
                assert self._sources is not None, "a recipe with init_from needs its weights"
                self._known[key] = self._sources(trainer)
            return self._known[key]


class _Shared:
    """The list that threads take their members from, and the way back."""

    def __init__(self, members: Callable[[int], Member], indices: Sequence[int], jobs: int) -> None:
        self.members, self.indices, self.jobs = members, indices, jobs
        self._taken = self._told = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._ended: queue.SimpleQueue[tuple[int, list[Done]] | BaseException] = queue.SimpleQueue()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def work(self, worker: Worker) -> None:
        """One thread's life."""
        size = 1
        try:
            while (part := self._take(size)) is not None:
                began = time.perf_counter()
                first, indices = part
                ended = [worker.train(self.members(index), lambda: not self._stopped) for index in indices]
                self._ended.put((first, ended))
                took = max(time.perf_counter() - began, 1e-6) / len(indices)
                size = max(1, min(2 * size, int(CHUNK_SECONDS / took), MOST_AT_ONCE))
        except Stopped:
            pass
        except BaseException as error:
            self._ended.put(error)

    def _take(self, size: int) -> tuple[int, Sequence[int]] | None:
        """The next members, fewer towards the end; None when there are none, or nobody wants them."""
        with self._changed:
            while not self._stopped and self._taken - self._told > AHEAD:
                self._changed.wait()
            first, left = self._taken, len(self.indices) - self._taken
            if self._stopped or left == 0:
                return None
            size = min(size, left // (2 * self.jobs) + 1)
            self._taken += size
            return first, self.indices[first : first + size]

    def in_order(self) -> Iterator[Done]:
        """What is done, member after member."""
        early: dict[int, list[Done]] = {}
        while self._told < len(self.indices):
            got = self._ended.get()
            if isinstance(got, BaseException):
                raise got
            early[got[0]] = got[1]
            while (part := early.pop(self._told, None)) is not None:
                yield from part
                with self._changed:
                    self._told += len(part)
                    self._changed.notify_all()
