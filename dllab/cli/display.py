"""Shows a run's events as they come: a live picture at a terminal, a plain line an evaluation elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Group

from dllab.cli.console import Output, messages, output
from dllab.cli.interrupt import interrupts
from dllab.cli.screen import Screen
from dllab.cli.tempo import LEAST_POINTS, USUAL, Tempo
from dllab.cli.terminal import lively
from dllab.lab.glimpse import Glimpse
from dllab.runs.plane import Look
from dllab.training.events import Compiling, EpochEnd, Event, Finished, FirstTraining, Started
from dllab.views.boundary import Plane
from dllab.views.train_lines import TrainLines
from dllab.views.train_live import TrainLive
from dllab.views.transfer import beginning_lines

FRAME = 0.125
"""Seconds between two pictures; drawing one takes from the time of training."""

WRITES = len("writes ")

SMOOTH = 0.05
"""The same where the run is held back anyway."""


class Display:
    """Shows nothing; what the others have in common. `slowed`: the run was held back so that it could be watched."""

    slowed = False

    def __enter__(self) -> Display:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        pass

    def show(self, event: Event) -> None:
        """Show an event. From the first step on Ctrl-C waits for this, which then raises KeyboardInterrupt."""
        if isinstance(event, FirstTraining | Started):
            interrupts.hold()
        if not isinstance(event, Finished):
            interrupts.check()


class Lines(Display):
    """A line for each evaluation."""

    def __init__(self, console: Output) -> None:
        self._console, self._lines = console, TrainLines()

    def show(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        line = self._lines.line(event)
        if line is not None:
            self._console.sentence(line)
        super().show(event)


class Picture(Display):
    """A live picture, a few times a second.

    A run is stretched to `watch` seconds; without a figure only one with a boundary to watch is, and only if `leisurely`.
    """

    def __init__(self, name: str, console: Output, *, watch: float | None, leisurely: bool) -> None:
        self._view, self._console, self._screen = TrainLive(name), console, Screen(console)
        self._watch, self._leisurely = watch, leisurely
        self._tempo: Tempo | None = None
        self._look: Look | None = None
        self._glimpse: Glimpse | None = None
        self._next = 0.0
        self._first = ""

    def __enter__(self) -> Display:
        self._screen.__enter__()
        self._draw()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._screen.__exit__(kind, error, traceback)

    def show(self, event: Event) -> None:
        """Take the event into the picture, and draw it when it is time."""
        self._view.update(event)
        if isinstance(event, Started):
            self._begin(event)
        if isinstance(event, EpochEnd) and self._glimpse is not None:
            self._view.written = self._glimpse.line(self._console.width - WRITES) or self._view.written
        if self._tempo is not None:
            self._tempo.follow(event)
            self.slowed = self._view.slowed = self._tempo.slowed
            self._view.left = self._tempo.left
        if isinstance(event, Compiling | Started | Finished) or self._begins_first(event) or time.monotonic() >= self._next:
            self._draw()
        super().show(event)

    def _begins_first(self, event: Event) -> bool:
        """Whether another recipe begins to be trained first: shown however soon it ends."""
        if not isinstance(event, FirstTraining) or event.recipe == self._first:
            return False
        self._first = event.recipe
        return True

    def _begin(self, event: Started) -> None:
        lines = beginning_lines(event.beginning) if not event.first else []
        if lines:
            self._screen.draw(Group())
            for line in lines:
                self._console.sentence(line)
        self._look = Look.at(event.recipe, event.network)
        self._glimpse = Glimpse.at(event.recipe, event.network)
        for seen in (self._look, self._glimpse):
            for compiling in seen.compile() if seen is not None else ():
                self._view.update(compiling)
                self._draw()
        self._view.planar = self._look is not None
        self._view.written = None if self._glimpse is None else ""
        worth = self._leisurely and self._look is not None and event.rows.get("train", 0) >= LEAST_POINTS
        seconds = self._watch if self._watch is not None else USUAL if worth else 0.0
        if seconds > 0:
            self._tempo = Tempo(seconds, interrupts.check)

    def _draw(self) -> None:
        size = self._console.size
        columns, lines = self._view.plane_size(size.width, size.height)
        if self._look is not None and columns:
            classes = self._look.classes(columns, 2 * lines)
            self._view.plane = Plane(classes, self._look.points(columns, 2 * lines), self._look.names)
        self._screen.draw(self._view)
        self._next = time.monotonic() + (SMOOTH if self.slowed else FRAME)


def display_for(name: str, *, quiet: bool, as_json: bool, watch: float | None = None) -> Display:
    """The display that suits the streams: stdout belongs to the result, so a picture is drawn on stderr."""
    if quiet:
        return Display()
    if lively(sys.stderr) and not messages().legacy_windows:
        return Picture(name, messages(), watch=watch, leisurely=not as_json and lively(sys.stdout))
    return Lines(messages() if as_json else output())
