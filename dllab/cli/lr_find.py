"""`dllab lr-find`: which learning rate to try, by a range test."""

from __future__ import annotations

import shlex
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.interrupt import interrupts
from dllab.cli.options import Changes, Json, RecipeName, SeedOption, Settings, Trust
from dllab.cli.saving import Save

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dllab.cli.screen import Screen
    from dllab.lab.lr_find import Soundings
    from dllab.training.events import Event

FRAME = 0.125
"""Seconds between two pictures."""
PATIENCE = 1.0
"""Seconds from which on a test is worth a picture while it runs."""
MOST_STEPS, MOST_SEEDS = 100_000, 1000
LEAST_RATE, MOST_RATE = 1e-12, 1e6


def lr_find(
    recipe: RecipeName,
    changes: Changes = None,
    settings: Settings = None,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", help="Length of each training [default: 43 a decade].", min=20, max=MOST_STEPS, metavar="N"
        ),
    ] = None,
    low: Annotated[float, typer.Option("--from", help="The first rate.", metavar="RATE")] = 1e-6,
    high: Annotated[
        float, typer.Option("--to", help="The last rate, unless the loss blows up before.", metavar="RATE")
    ] = 10,
    seeds: Annotated[
        int, typer.Option("--seeds", help="Trainings, of which the mean is taken.", min=1, max=MOST_SEEDS, metavar="N")
    ] = 3,
    seed: SeedOption = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Find a learning rate: train with rates that rise from far too small to far too large, and look at the loss.

    The range test of Smith (2015): every step has a higher rate than the one before, by the same factor, and the test ends
    where the smoothed loss is 4 times its least (and above the first) or no number. Two rules read a rate from the curve:
    where the loss falls most, and a tenth of where it is least. What is suggested lies half-way between them, in powers
    of ten. No run is kept. A loss that blows up is what the test is for: the exit code is 0.
    """
    from dllab.cli import saving

    saving.check(save)
    _check(low, high)
    from dllab.cli.console import output
    from dllab.lab import lr_find as lab
    from dllab.recipe import load
    from dllab.views import lr_find as views

    given = [*(changes or ()), *(settings or ())]
    loaded = load(recipe, given, trust=trust)
    first = loaded.train.seed if seed is None else seed
    with _Live(loaded.name) as live:
        chosen = range(first, first + seeds)
        found = lab.lr_find(loaded, low=low, high=high, steps=steps, seeds=chosen, on_event=live.show, trust=trust)
    others = [word for word in given if not word.startswith("optimizer.lr=")]
    words = shlex.join([recipe, *others, *(["--trust"] if trust else [])])
    view = views.lr_find_view(found, words)
    if json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(view, save, "dllab " + shlex.join(["lr-find", recipe, *given]))


def _check(low: float, high: float) -> None:
    """Raises Refused for rates that do not rise, or that no optimizer takes."""
    for option, rate in (("--from", low), ("--to", high)):
        if not LEAST_RATE <= rate <= MOST_RATE:
            raise Refused(
                f"{option} {rate:g}: rates here are from {LEAST_RATE:g} to {MOST_RATE:g}", "such as --from 1e-6 --to 10"
            )
    if not low < high / 2:
        raise Refused(f"--from {low:g} --to {high:g}: the rates are to rise, to twice the first at least",
                      "such as --from 1e-6 --to 10")  # fmt: skip


class _Live:
    """The curve as it grows, at a terminal, of a test that takes long; gone at the end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._screen: Screen | None = None
        self._next = time.monotonic() + PATIENCE

    def __enter__(self) -> _Live:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        interrupts.release()
        if self._screen is not None:
            from rich.console import Group

            self._screen.draw(Group())
            self._screen.__exit__(kind, error, traceback)

    def show(self, event: Event | Soundings) -> None:
        """Draw what is known, if it is time. Ctrl-C waits for this once training has begun."""
        from dllab.cli.terminal import lively
        from dllab.training.events import Compiling
        from dllab.views.lr_find import live_view

        if time.monotonic() >= self._next and lively(sys.stderr):
            self._draw(live_view(self._name, event))
            self._next = time.monotonic() + FRAME
        if not isinstance(event, Compiling):
            interrupts.hold()
            interrupts.check()

    def _draw(self, view: RenderableType) -> None:
        if self._screen is None:
            from dllab.cli.console import messages
            from dllab.cli.screen import Screen

            self._screen = Screen(messages())
            self._screen.__enter__()
        self._screen.draw(view)
