"""Runs bound programs: many steps a call, on one thread or one for each shard, with the same bits either way."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from dllab.core import loop, native
from dllab.core.settings import jit_enabled
from dllab.engine.binding import Bound

CALLS_ALONE = 5
"""After the other cores turned out to be busy, this many calls run all shards on one thread before another try."""

_here = threading.local()


@contextmanager
def one_thread() -> Iterator[None]:
    """In this thread all shards run one after the other: other trainings keep the other cores busy. Same bits."""
    before, _here.alone = getattr(_here, "alone", False), True
    try:
        yield
    finally:
        _here.alone = before


def run(bound: Bound, first: int, last: int, rates: np.ndarray | None = None, threads: bool = True) -> int | None:
    """Run steps [first, last); `rates` (last - first,) are their learning rates.

    Returns the step at which a check stopped the run, or None. Raises KernelError. Ctrl-C is noticed when this returns,
    so callers keep it short (engine.pace).
    """
    control = bound.control
    given = np.zeros(max(last - first, 1)) if rates is None else np.ascontiguousarray(rates, np.float64)
    control[loop.RATE_LIST], control[loop.RATE_FROM] = given.ctypes.data, first
    control[[loop.STOPPED_AT, loop.ABORT]] = -1, 0
    control[loop.STEP] = first
    step_loop = native.loop_function(loop.run_steps, 3) if jit_enabled() else loop.run_steps
    while int(control[loop.STEP]) < last and control[loop.STOPPED_AT] < 0:
        control[[loop.END, loop.CROWDED]] = last, 0
        if threads and not getattr(_here, "alone", False) and _may_share(bound) and bound.alone == 0 and free_cores() > 1:
            _on_threads(bound, step_loop)
            if control[loop.CROWDED] > loop.YIELDS_BEFORE_GIVING_UP:
                bound.alone = CALLS_ALONE
        else:
            bound.alone = max(bound.alone - 1, 0)
            step_loop(control.ctypes.data, 0, bound.shards)
    stopped = int(control[loop.STOPPED_AT])
    return None if stopped < 0 else stopped


def _may_share(bound: Bound) -> bool:
    """Whether threads can run it: they leave together only where they meet in every step."""
    return bound.shards > 1 and not bound.limited and jit_enabled()


def free_cores() -> int:
    """How many processors this process may use."""
    return len(_allowed())


def _on_threads(bound: Bound, step_loop: Any) -> None:
    errors: list[BaseException] = []
    places = _apart(bound.shards)

    def work(shard: int) -> None:
        with _kept_at(places[shard]):
            try:
                step_loop(bound.control.ctypes.data, shard, shard + 1)
            except BaseException as error:  # the other shards must not wait at a barrier for this one
                errors.append(error)
                bound.control[loop.ABORT] = 1

    helpers = [threading.Thread(target=work, args=(shard,), daemon=True) for shard in range(1, bound.shards)]
    for helper in helpers:
        helper.start()
    work(0)
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]


def _allowed() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _apart(shards: int) -> list[int | None]:
    """A processor for every shard, this thread's own first: threads that wait for each other must not share one.

    Left to itself the system may keep two such threads on one processor for seconds: each looks idle half of the time.
    """
    if not hasattr(os, "sched_setaffinity"):
        return [None] * shards
    here, allowed = _this_processor(), _allowed()
    first = allowed.index(here) if here in allowed else 0
    return [allowed[(first + shard) % len(allowed)] for shard in range(shards)]


@cache
def _get_processor() -> Callable[[], int] | None:
    return getattr(ctypes.CDLL(None), "sched_getcpu", None)


def _this_processor() -> int:
    function = _get_processor()
    return -1 if function is None else function()


@contextmanager
def _kept_at(processor: int | None) -> Iterator[None]:
    """Keep this thread on one processor, where the system can do that."""
    if processor is None:
        yield
        return
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {processor})
    except OSError:  # taken away from this process meanwhile
        yield
        return
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
