"""How many threads a call of BLAS takes: one where threads of ours work already, and where more would give other bits.

threadpoolctl finds the libraries and sets them. From 3.8 on it obeys one thread at a time and ignores all others without
a word, so that a limit asked for by a worker came to nothing: let go of that thread, before and after.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import threadpoolctl

_LOCK = threading.RLock()
_for_good: set[str] = set()
_before: dict[str, tuple[Any, int]] = {}  # of libraries that are limited for now, what they had
_blocks = 0


def one_for_good() -> None:
    """From now on one thread a call, in every BLAS that is loaded; NumPy's own is left as it is."""
    with _LOCK:
        found = [each for each in _libraries() if "numpy.libs" not in each.filepath]
        _for_good.update(each.filepath for each in found)
        _set([(each, 1) for each in found])


@contextmanager
def one_for_now() -> Iterator[None]:
    """One thread a call, in every BLAS that is loaded, until the last of the blocks that overlap ends."""
    global _blocks
    with _LOCK:
        _blocks += 1
        new = [each for each in _known(len(sys.modules)) if each.filepath not in _before]
        _before.update({each.filepath: (each, each.num_threads) for each in new})
        _set([(each, 1) for each in new])
    try:
        yield
    finally:
        with _LOCK:
            _blocks -= 1
            if _blocks == 0:
                _set([kept for path, kept in _before.items() if path not in _for_good])
                _before.clear()


def _libraries() -> list[Any]:
    controllers = threadpoolctl.ThreadpoolController().lib_controllers
    return [each for each in controllers if each.user_api == "blas"]


@lru_cache(1)
def _known(modules: int) -> list[Any]:
    """The same while no module has been imported: to look takes a millisecond."""
    return _libraries()


def _set(wanted: list[tuple[Any, int]]) -> None:
    for library, threads in wanted:
        _let_go()
        library.set_num_threads(threads)
        _let_go()


def _let_go() -> None:
    controller = getattr(threadpoolctl, "OpenBLASController", None)
    release = getattr(controller, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)
