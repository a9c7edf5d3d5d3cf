"""Work that several threads share: trainings, whose kernels release Python's lock. Results do not depend on how many.

A piece of work is an iterator that tells what happens. Pieces come in groups: a thread takes a group and lets its pieces go
on in turn, message by message, as in a race. `work` hands all messages to the thread that asks.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Generic, TypeVar

from dllab.engine import budget, executor

TICK = 0.1
"""Seconds after which whoever listens gets a word (None), though nothing has happened: to look at the keyboard."""

GRACE = 1.0
"""Seconds that a thread has to leave when it is to stop; one that is in the middle of a long piece is left to itself."""

M = TypeVar("M")


class Crew(Generic[M]):
    """So many threads. `hold`: called in them after each message; may wait, so that people can watch."""

    def __init__(self, jobs: int, hold: Callable[[], None] | None = None) -> None:
        self.jobs, self._hold = jobs, hold
        self._messages: queue.SimpleQueue[tuple[M | None, BaseException | None]] = queue.SimpleQueue()
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._groups: list[Sequence[Iterator[M]]] = []

    def work(self, groups: Sequence[Sequence[Iterator[M]]]) -> Generator[M | None]:
        """Do it all and yield what is told. Close it to stop: threads leave at the next message of the work in hand.

        What goes wrong in a thread is raised here. A piece whose messages are far apart looks at `stopped` between them.
        """
        self._groups = list(groups)
        threads = [threading.Thread(target=self._thread, daemon=True) for _ in range(min(self.jobs, len(groups)))]
        for thread in threads:
            thread.start()
        there = len(threads)
        try:
            while there:
                message, error = None, None
                with contextlib.suppress(queue.Empty):
                    message, error = self._messages.get(timeout=TICK)
                    there -= message is None
                if error is not None:
                    raise error
                yield message
        finally:
            self._stop.set()
            last = time.monotonic() + GRACE
            for thread in threads:
                thread.join(max(last - time.monotonic(), 0.0))

    @property
    def stopped(self) -> bool:
        """Whether work is to end."""
        return self._stop.is_set()

    def _thread(self) -> None:
        error = None
        try:
            with executor.one_thread() if self.jobs > 1 else contextlib.nullcontext():
                self._take_groups()
        except BaseException as caught:
            error = caught
        self._messages.put((None, error))

    def _take_groups(self) -> None:
        while (group := self._next()) is not None:
            while group:
                group = [piece for piece in group if self._step(piece)]

    def _next(self) -> Sequence[Iterator[M]] | None:
        with self._lock:
            return self._groups.pop(0) if self._groups and not self._stop.is_set() else None

    def _step(self, piece: Iterator[M]) -> bool:
        """Let a piece go on to its next message; whether there was one."""
        message = None if self._stop.is_set() else next(piece, None)
        if message is None:
            return False
        self._messages.put((message, None))
        if self._hold is not None:
            self._hold()
        return True


def jobs_for(wanted: int | None, groups: int, needed: int) -> int:
    """How many threads: no more than there are processors, or are wanted, than groups, and than fit in memory."""
    return budget.fitting(min(wanted or executor.free_cores(), groups), needed)
