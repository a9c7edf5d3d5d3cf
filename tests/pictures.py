"""The pictures of the terminal in docs/pictures: what the commands show, drawn anew.

DLLAB_WRITE_DOCS=1 pytest tests/test_docs_pictures.py writes them. Times are set, not measured, so that a picture that is
made again is the same: a run takes as long as it would at so many steps a second.
"""

from __future__ import annotations

import dataclasses
import io
import math
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from engine_picture import engine
from rich.text import Text

import dllab.cli.train
from dllab.cli.main import run
from dllab.cli.tempo import USUAL
from dllab.recipe import load
from dllab.runs.plane import Look
from dllab.runs.train import train_loaded
from dllab.training.events import EpochEnd, Event, Finished, Progress, Started
from dllab.views.boundary import Plane
from dllab.views.save.cells import drawn, terminal
from dllab.views.save.svg import svg
from dllab.views.train_final import TrainFinal
from dllab.views.train_live import TrainLive

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "pictures"
STEPS_A_SECOND = 150_000
FRAMES = (4, 8, 12, 16, 24, 32, 44, 60, 80, 120, 200, 400)
"""Epochs after which the moving picture shows how things stand."""
PAUSE = 8.0  # seconds that the result stays
COLUMNS = 84


def prompt(command: str) -> Text:
    """The line a command is typed on."""
    return Text.assemble(("$ ", "#56b4e9"), (command, "bold"))


def training() -> str:
    """A run of spirals: the live picture while it trains, slowed as at a terminal, and the result."""
    console, view = terminal(COLUMNS, 24), TrainLive("spirals")
    line, view.planar, view.slowed = prompt("dllab train spirals"), True, True
    looks: list[Look] = []
    frames, times = [], []

    def listen(event: Event) -> None:
        if isinstance(event, Started):
            found = Look.at(event.recipe, event.network)
            assert found is not None
            looks.append(found)
        for one in timed(event, view):
            view.update(one)
        if view.progress is not None:
            view.left = USUAL * (1 - math.sqrt(view.progress.step / view.progress.steps))
        if isinstance(event, EpochEnd | Finished):
            columns, lines = view.plane_size(console.width, console.height)
            view.plane = Plane(looks[0].classes(columns, 2 * lines), looks[0].points(columns, 2 * lines), looks[0].names)
        if isinstance(event, EpochEnd) and event.epoch in FRAMES:
            frames.append(drawn(console, line, view))
            times.append(round(USUAL * 2 * math.sqrt(event.epoch / FRAMES[-1]), 2))

    result = train_loaded(load("spirals"), [], seed=None, run_dir=None, save=False, on_event=listen)
    kept = Path("runs/spirals-20261125-045225")
    result = dataclasses.replace(result, seconds=result.steps / STEPS_A_SECOND, folder=kept)
    steps = dllab.cli.train._next(result, ["spirals"], slowed=True)
    last = drawn(console, line, view, Text(), TrainFinal(result, steps))
    times = [*times[1:], times[-1] + PAUSE / 2, times[-1] + PAUSE]
    return svg(last, COLUMNS, "dllab train spirals, and what it shows", frames, times)


def timed(event: Event, view: TrainLive) -> list[Event]:
    """The event at a set time, an evaluation with a Progress of its own: the others come as the machine is fast."""
    if isinstance(event, EpochEnd):
        seconds, steps = event.step / STEPS_A_SECOND, view.started.steps if view.started is not None else 0
        now = Progress(event.step, steps, event.epoch, event.loss, event.lr, event.gradient_norm, seconds)
        return [now, dataclasses.replace(event, seconds=seconds)]
    if isinstance(event, Finished):
        return [dataclasses.replace(event, seconds=event.steps / STEPS_A_SECOND)]
    return [event] if isinstance(event, Started) else []


class TerminalText(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def command(line: str, title: str, files: Sequence[str] = ()) -> str:
    """What a command writes on stdout at a terminal, with copies of these files beside it."""
    variables = {"COLORTERM": "truecolor", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "60"}
    unset = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CI", "FORCE_COLOR")}
    shown = TerminalText()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for file in files:
            shutil.copy(ROOT / file, folder)
        stack.enter_context(mock.patch.dict(os.environ, {**unset, **variables}, clear=True))
        stack.enter_context(chdir(folder))
        stack.enter_context(redirect_stdout(shown))
        stack.enter_context(redirect_stderr(io.StringIO()))
        run(shlex.split(line)[1:])
    text = Text.from_ansi(shown.getvalue().rstrip("\n"))
    return svg(drawn(terminal(COLUMNS, 60), prompt(line), text), COLUMNS, title)


def gradcheck() -> str:
    """A gradient check that passes."""
    return command("dllab gradcheck spirals", "dllab gradcheck spirals: every gradient is right")


def planted() -> str:
    """A gradient check that finds a bug."""
    line = "dllab gradcheck xor --inject-bug 0_dense"
    return command(line, "dllab gradcheck finds a gradient that is 1.1 times what it should be")


def table() -> str:
    """What is understood of a table."""
    return command("dllab datasets show penguins.csv", "dllab datasets show penguins.csv", ["datasets/penguins.csv"])


def told() -> str:
    """A lesson with a guess."""
    line = "dllab lesson 8 --predict 80 --no-input"
    with mock.patch("dllab.views.lesson.duration", return_value="0.4 s"):
        return command(line, "dllab lesson 8: a question, a guess, two nets, and what was measured")


PICTURES: dict[str, Callable[[], str]] = {
    "train.svg": training, "gradcheck.svg": gradcheck, "gradcheck-bug.svg": planted, "datasets-show.svg": table,
    "lesson.svg": told,
    "engine.svg": engine,
}  # fmt: skip


def check(name: str) -> str:
    """The picture as it lies in docs/pictures; DLLAB_WRITE_DOCS=1 draws it anew."""
    path = FOLDER / name
    if os.environ.get("DLLAB_WRITE_DOCS") == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(PICTURES[name](), encoding="utf-8")
    return path.read_text(encoding="utf-8")
