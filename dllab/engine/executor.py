"""Runs bound programs: many steps a call, on one thread or one for each shard, with the same bits either way."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from dllab.core import loop, native
from dllab.core.settings import jit_enabled
from dllab.engine.binding import Bound

CALLS_ALONE = 20
"""After the other cores turned out to be busy, this many calls run all shards on one thread before another try."""


def run(bound: Bound, first: int, last: int, rates: np.ndarray | None = None, threads: bool = True) -> int | None:
    """Run steps [first, last); `rates` (last - first,) are their learning rates.

    Returns the step at which a check stopped the run, or None. Raises KernelError. Ctrl-C is noticed when this returns,
    so callers keep it short (training.pace).
    """
    control = bound.control
    given = np.zeros(max(last - first, 1)) if rates is None else np.ascontiguousarray(rates, np.float64)
    control[loop.RATE_LIST], control[loop.RATE_FROM] = given.ctypes.data, first
    control[[loop.STOPPED_AT, loop.ABORT]] = -1, 0
    control[loop.STEP] = first
    step_loop = native.loop_function(loop.run_steps, 3) if jit_enabled() else loop.run_steps
    while int(control[loop.STEP]) < last and control[loop.STOPPED_AT] < 0:
        control[[loop.END, loop.CROWDED]] = last, 0
        if threads and bound.shards > 1 and jit_enabled() and bound.alone == 0 and free_cores() > 1:
            _on_threads(bound, step_loop)
            if control[loop.CROWDED] > loop.YIELDS_BEFORE_GIVING_UP:
                bound.alone = CALLS_ALONE
        else:
            bound.alone = max(bound.alone - 1, 0)
            step_loop(control.ctypes.data, 0, bound.shards)
    stopped = int(control[loop.STOPPED_AT])
    return None if stopped < 0 else stopped


def free_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _on_threads(bound: Bound, step_loop: Any) -> None:
    errors: list[BaseException] = []

    def work(shard: int) -> None:
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
