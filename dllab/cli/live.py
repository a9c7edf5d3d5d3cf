"""Figures that move: drawn a few times a second at a terminal while their net is trained, gone when the last one comes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.failures import Refused
from dllab.cli.follow import LONGEST_WATCH

if TYPE_CHECKING:
    from dllab.cli.tempo import Tempo
    from dllab.lab.subject import SoFar, Subject
    from dllab.training.events import Event, Started
    from dllab.views.stacked import Blocks

SHARE = 0.1
"""Of the time that pictures may take from training, the first one aside."""
PICTURES = 20
"""In a second of a training that is slowed down for them, at most."""


def _option(default: str) -> Any:
    text = "Seconds a training at a terminal is stretched to at least, so that the figure is seen to move; 0: full speed"
    return typer.Option("--watch", help=f"{text} [default: {default}].", min=0, max=LONGEST_WATCH, metavar="SECONDS")


Watch = Annotated[float | None, _option("0")]
WatchBoundary = Annotated[float | None, _option("3, with fewer than 100 points 0")]


@dataclass(frozen=True)
class Figure:
    """What is drawn of a net in training. `blocks`: from the net, the steps of the whole, and the columns and lines there
    are. `programs`: what that runs. `leisurely`: worth watching, so a training is slowed down unless nobody wants it.
    """

    blocks: Callable[[Subject, int, int, int], Blocks]
    programs: tuple[str, ...] = ()
    leisurely: bool = False


def live_for(
    figure: Figure, name: str, *, watch: float | None, as_json: bool, trains: bool, hint: str
) -> Live | None:  # fmt: skip
    """What draws a figure, if a net is trained and both streams are terminals; `hint`: how to have one trained."""
    import sys

    from dllab.cli.terminal import lively

    if watch is not None and not trains:
        raise Refused("--watch: no training is drawn here", hint)
    if not trains or as_json or not lively(sys.stderr) or not lively(sys.stdout):
        return None
    from dllab.cli.console import messages

    return None if messages().legacy_windows else Live(name, figure, watch)


class Shutter:
    """When the next picture is due: not more often than `every` seconds, and so that drawing takes at most a `share`."""

    def __init__(self) -> None:
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._next

    def drawn(self, began: float, every: float, share: float) -> None:
        """One was drawn, and that began then."""
        now = time.monotonic()
        self._next = max(began + every, now + (now - began) * (1 / share - 1))


class Live:
    """Shows a training: `show` is told its events, `look` may look at its net between steps."""

    def __init__(self, name: str, figure: Figure, watch: float | None) -> None:
        from dllab.cli.console import messages
        from dllab.cli.screen import Screen
        from dllab.views.stacked import Stacked
        from dllab.views.train_live import TrainLive

        self._console, self._figure, self._watch = messages(), figure, watch
        self._screen, self._view = Screen(self._console), Stacked(TrainLive(name))
        self._shutter = Shutter()
        self._tempo: Tempo | None = None
        self._steps, self._first = 0, True

    @contextmanager
    def showing(self) -> Iterator[Callable[[Event], None]]:
        """What events are to be told to. In the end the picture is wiped away, and Ctrl-C does what it did."""
        from rich.console import Group

        from dllab.cli.interrupt import interrupts

        with self._screen:
            try:
                self._screen.draw(self._view)
                yield self.show
            finally:
                interrupts.release()
                self._screen.draw(Group())
        interrupts.check()

    def show(self, event: Event) -> None:
        """Take the event into the lines on top. From the first step on Ctrl-C waits for this."""
        from dllab.cli.interrupt import interrupts
        from dllab.training.events import Compiling, Finished, FirstTraining, Started

        head = self._view.head
        head.update(event)
        if isinstance(event, FirstTraining | Started):
            interrupts.hold()
        if isinstance(event, Started):
            self._begin(event)
        if self._tempo is not None:
            self._tempo.follow(event)
            head.slowed, head.left = self._tempo.slowed, self._tempo.left
        if isinstance(event, Compiling | FirstTraining) and self._shutter.due():
            self._draw()
        if not isinstance(event, Finished):
            interrupts.check()

    def look(self, so_far: SoFar) -> None:
        """Draw the net, if it is time."""
        if not self._shutter.due():
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that are not finite: they would tear the picture
            self._look(so_far)

    def _look(self, so_far: SoFar) -> None:
        from dllab.lab.suits import Unsuited

        began = time.monotonic()
        subject, size = so_far(), self._console.size
        if self._first:
            if self._tempo is not None:
                so_far.often(int(self._tempo.seconds * PICTURES))
            subject.compile(*self._figure.programs, on_event=self._compiling)
        try:
            room = self._view.room(size.height)
            self._view.blocks = self._figure.blocks(subject, self._steps, size.width, room)
        except Unsuited as error:
            raise Refused(error.problem, error.hint) from None
        self._draw(began)

    def _begin(self, event: Started) -> None:
        from dllab.cli.interrupt import interrupts
        from dllab.cli.tempo import LEAST_POINTS, USUAL, Tempo

        self._view.head.name, self._steps = event.recipe.name, event.steps
        worth = self._figure.leisurely and event.rows.get("train", 0) >= LEAST_POINTS
        seconds = self._watch if self._watch is not None else USUAL if worth else 0.0
        if seconds > 0:
            self._tempo = Tempo(seconds, interrupts.check)

    def _compiling(self, event: Event) -> None:
        self._view.head.update(event)
        self._draw()

    def _draw(self, began: float | None = None) -> None:
        """A picture of a run that is held back anyway may take its time, and so may the first one."""
        from dllab.cli.display import FRAME, SMOOTH

        began = time.monotonic() if began is None else began
        self._screen.draw(self._view)
        slowed = self._view.head.slowed
        if self._view.blocks is not None and self._first:
            self._first, began = False, time.monotonic()
        self._shutter.drawn(began, SMOOTH if slowed else FRAME, 0.5 if slowed else SHARE)
