"""Ctrl-C: at once while nothing is worth keeping, after the step in hand while a net is being trained."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

SHOW_CURSOR = "\x1b[?25h"


class Interrupts:
    """What SIGINT does. Pressed once too often, it ends the process on the spot."""

    def __init__(self) -> None:
        self.pressed = 0
        self._holding = False

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Take over SIGINT for the length of a command."""
        self.pressed, self._holding = 0, False
        try:
            before = signal.signal(signal.SIGINT, self._arrived)
        except ValueError:  # not in the main thread: signals never come here
            yield
            return
        hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        try:
            yield
        finally:
            sys.unraisablehook = hook
            signal.signal(signal.SIGINT, before)

    def hold(self) -> None:
        """From now on the first Ctrl-C is only noted, for `check` to find: the work in hand comes to its end."""
        self._holding = True

    def release(self) -> None:
        """From now on Ctrl-C raises KeyboardInterrupt again; one noted before does so at the next `check`."""
        self._holding = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed since."""
        if self.pressed:
            self._holding = False
            raise KeyboardInterrupt

    def _arrived(self, number: int, frame: Any) -> None:
        self.pressed += 1
        if self._holding and self.pressed == 1:
            return
        if self.pressed > 2:
            _leave()
        raise KeyboardInterrupt

    def _unraisable(self, what: Any) -> None:
        """A KeyboardInterrupt that arose where none can be raised (a weak reference's callback) counts all the same."""
        if what.exc_type is not None and issubclass(what.exc_type, KeyboardInterrupt):
            _leave()
        sys.__unraisablehook__(what)


def _leave() -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        os.write(sys.stderr.fileno(), f"{SHOW_CURSOR}\n".encode())
    os._exit(130)


interrupts = Interrupts()
"""The one of this process."""
