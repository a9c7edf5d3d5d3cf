"""How a sweep goes: a bar at a terminal, a line now and then elsewhere, members as JSON lines for programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dllab.lab.sweep_run import Listener, SweepProgress, SweepRun

EVERY = 10.0
"""Seconds between two lines where there is no bar."""


@contextlib.contextmanager
def show_progress(run: SweepRun, *, as_json: bool, quiet: bool) -> Iterator[Listener]:
    """What is to be called with progress. Ctrl-C waits for it, and then raises KeyboardInterrupt."""
    import sys

    from dllab.cli.console import messages, output, progress
    from dllab.cli.interrupt import interrupts
    from dllab.cli.terminal import lively

    lines = _InOrder(run) if as_json else None
    told = 0.0
    bar = progress("sweep") if not quiet and lively(sys.stderr) else contextlib.nullcontext(None)
    with bar as advance:

        def listen(now: SweepProgress) -> None:
            nonlocal told
            if lines is not None and (text := lines.ready(now)):
                output().sentence(text)
            if advance is not None:
                advance(now.done, now.total, so_far(now))
            elif not quiet and now.seconds > told + EVERY:
                told = now.seconds
                messages().sentence(line_of(now))
            interrupts.check()

        interrupts.hold()
        try:
            yield listen
        finally:
            interrupts.release()
            if lines is not None and (rest := lines.rest()):
                output().sentence(rest)


def so_far(now: SweepProgress) -> str:
    """What a bar has no column for."""
    if now.what:
        return now.what if " " in now.what else f"compiling {now.what}"
    return f"{now.failed:,} failed" + (f", {now.diverged:,} diverged" if now.diverged else "")


def line_of(now: SweepProgress) -> str:
    """`1,200 of 10,000 members, 950/s, 2 failed, 9.3 s left`."""
    from dllab.views.text import duration

    rate = now.done / max(now.seconds, 1e-9)
    left = duration((now.total - now.done) / rate) if now.done else "?"
    shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
    return f"{now.done:,} of {now.total:,} members, {shown}/s, {so_far(now)}, {left} left"


class _InOrder:
    """Members' lines by their numbers: one that ended before an earlier one waits for it."""

    def __init__(self, run: SweepRun) -> None:
        self._run, self._next, self._waiting = run, 0, run.kept

    def ready(self, now: SweepProgress) -> str:
        """The lines that may be told, one below the other."""
        self._waiting.update(now.lines)
        found = []
        while (line := self._waiting.pop(self._next, None)) is not None:
            found.append(line)
            self._next += 1
        return "\n".join(found)

    def rest(self) -> str:
        """At the end: what is left, where some before it will never come."""
        return "\n".join(self._waiting[index] for index in sorted(self._waiting))
