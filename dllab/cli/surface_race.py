"""Shows a race of optimizers on a landscape of two coordinates: live at a terminal, then as a whole."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dllab.cli.terminal import lively

if TYPE_CHECKING:
    from dllab.lab.surface_race import SurfaceRace
    from dllab.losses.surface import Landscape
    from dllab.training.events import Compiling

FRAME = 0.05
"""Seconds between two pictures."""
WATCH = 4.0
"""Seconds that a race at a terminal lasts, if nobody says how long."""


def show_race(
    surface: Landscape, optimizers: Sequence[tuple[str, Mapping[str, Any]]], *, steps: int | None = None,
    start: tuple[float, float] | None = None, seed: int = 0, watch: float | None = None, save: str | None = None,
    as_json: bool = False, quiet: bool = False, title: str = "",
) -> None:  # fmt: skip
    """Let the optimizers, names with options, race; see lab.surface_race.race. `watch`: seconds, 0 for no live picture."""
    from dllab.cli import saving
    from dllab.cli.console import output, progress
    from dllab.lab.surface_race import STEPS, race
    from dllab.views import surface_race as views

    saving.check(save)
    with progress("race") as advance:

        def listen(event: Compiling) -> None:
            advance(event.done, event.total, f"compiling {event.kernel}")

        found = race(surface, optimizers, steps or STEPS, start, seed, listen)
    seconds = WATCH if watch is None else watch
    if seconds > 0 and not as_json and not quiet and lively(sys.stderr) and lively(sys.stdout):
        _animate(found, seconds)
    view = views.race_view(found)
    if as_json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(view, save, title)


def _animate(found: SurfaceRace, seconds: float) -> None:
    """The race as it goes, then nothing."""
    from rich.console import Group

    from dllab.cli.console import messages
    from dllab.cli.screen import Screen
    from dllab.views.surface_race import frame

    console = messages()
    with Screen(console) as screen:
        began, share = time.monotonic(), 0.0
        while share < 1:
            share = min((time.monotonic() - began) / seconds, 1.0)
            screen.draw(frame(found, round(share * found.steps), console.size.height))
            time.sleep(FRAME)
        screen.draw(Group())
