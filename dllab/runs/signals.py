"""Ctrl-C in a Python program that trains: taken where the state of the run is whole, not in the middle of a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def held_interrupts() -> Iterator[Callable[[], None]]:
    """Holds Ctrl-C back until what is yielded is called, which then raises KeyboardInterrupt; a second one raises at once.

    Only where Python's own handler is in force: a program with a handler of its own knows what it wants.
    """
    pressed = 0

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    def arrived(number: int, frame: Any) -> None:
        nonlocal pressed
        pressed += 1
        if pressed > 1:
            raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    before = signal.signal(signal.SIGINT, arrived)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
