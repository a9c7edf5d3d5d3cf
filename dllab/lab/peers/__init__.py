"""Other libraries, timed at the same step: forward, backward and Adam on one batch, as their users would write it.

Each module gives `contenders(case)`: what to call its ways of doing it, and for each a function that times one round and
returns the seconds a step took. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Mapping

from dllab.lab.bench_cases import BenchCase

Contender = Callable[[], float]
"""Does one round of steps and returns the seconds for one of them."""

LIBRARIES = {"torch": "torch", "jax": "jax", "sklearn": "sklearn"}
"""The name of a peer and the package it needs."""

ROUND = 0.25  # seconds


def installed(peer: str) -> bool:
    """Whether the peer's package is there."""
    return importlib.util.find_spec(LIBRARIES[peer]) is not None


def contenders(peer: str, case: BenchCase) -> Mapping[str, Contender]:
    """The peer's ways of training a case, ready to be timed (compiled, warmed up)."""
    found: Mapping[str, Contender] = importlib.import_module(f"{__name__}.{peer}_peer").contenders(case)
    return found


def repeated(step: Callable[[], object]) -> Contender:
    """Warm a step up, find out how many fill a round, and time rounds of so many."""
    for _ in range(3):
        step()
    count = max(2, min(2000, int(ROUND / max(_seconds(step, 1), 1e-7))))
    return lambda: _seconds(step, count) / count


def _seconds(step: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        step()
    return time.perf_counter() - start
