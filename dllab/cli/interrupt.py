"""Ctrl-C: at once while nothing is worth keeping, after the step in hand while a net is being trained.

SIGTERM (a batch system that takes its machine back) and SIGHUP (a terminal that was closed) are met in the same way.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
SHOW_CURSOR = "\x1b[?25h"


class Interrupts:
    """What SIGINT does, and the others that end a process. Once too often, and the process ends on the spot.

    `pressed`: how many have come; `number`: the signal that came first.
    """

    def __init__(self) -> None:
        self.pressed = 0
        self.number = int(signal.SIGINT)
        self._holding = False

    @property
    def code(self) -> int:
        """The exit code of a process that a signal ended: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.number

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Take over these signals for the length of a command; one that is ignored (nohup) stays ignored."""
        self.pressed, self.number, self._holding = 0, int(signal.SIGINT), False
        taken = [number for number in ENDING if signal.getsignal(number) not in (signal.SIG_IGN, None)]
        try:
            before = {number: signal.signal(number, self._arrived) for number in taken}
        except ValueError:  # not in the main thread: signals never come here
            yield
            return
        hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        try:
            yield
        finally:
            sys.unraisablehook = hook
            for number, handler in before.items():
                signal.signal(number, handler)

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
        if not self.pressed:
            self.number = number
        self.pressed += 1
        if self._holding and self.pressed == 1:
            return
        if self.pressed > 2:
            self._leave()
        raise KeyboardInterrupt

    def _unraisable(self, what: Any) -> None:
        """A KeyboardInterrupt that arose where none can be raised (a weak reference's callback) counts all the same."""
        if what.exc_type is not None and issubclass(what.exc_type, KeyboardInterrupt):
            self._leave()
        sys.__unraisablehook__(what)

    def _leave(self) -> None:
        if sys.stderr is not None and sys.stderr.isatty():
            with contextlib.suppress(OSError):
                os.write(sys.stderr.fileno(), f"{SHOW_CURSOR}\n".encode())
        os._exit(self.code)


interrupts = Interrupts()
"""The one of this process."""
