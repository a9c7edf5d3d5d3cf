"""The two streams: results go to stdout, progress and messages to stderr; plain text where no terminal can take more."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

from rich.console import Console, RenderableType

from dllab.cli.failures import forget_output
from dllab.cli.terminal import lively, sign


class Output(Console):
    """A console on one stream, without control codes where the stream is not lively."""

    def __init__(self, stream: IO[str]) -> None:
        sign.clear()
        plain: dict[str, Any] = {"force_terminal": False, "color_system": None, "no_color": True}
        options = {} if lively(stream) else plain
        super().__init__(file=stream, highlight=False, markup=False, emoji=False, **options)

    def show(self, renderable: RenderableType) -> None:
        """A result for people; only commands to be copied may be wider than the terminal."""
        self.print(renderable, crop=False)

    def sentence(self, text: str) -> None:
        """One line as it is, however long, and at once."""
        self.print(text, soft_wrap=True)
        with contextlib.suppress(BrokenPipeError):
            self.file.flush()

    def document(self, data: Any) -> None:
        """A result for programs: one JSON document on one line."""
        self.sentence(json.dumps(data))

    def on_broken_pipe(self) -> None:
        """The reader has gone (`| head`): the work goes on, what is still to be said is dropped."""
        self.quiet = True
        forget_output()


def output() -> Output:
    """The console for results."""
    return Output(sys.stdout)


def messages() -> Output:
    """The console for progress and messages."""
    return Output(sys.stderr)


@contextlib.contextmanager
def progress(title: str) -> Iterator[Callable[[float, int, str], None]]:
    """A bar with rate and time left on stderr; call what is yielded with (done, total, what). Silent off a terminal.

    Another total than before begins another piece of work, with a rate of its own.
    """
    if not lively(sys.stderr):
        yield lambda done, total, what: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[what]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
    )
    with Progress(*columns, console=messages(), transient=True, expand=True) as bars:
        task = bars.add_task(title, total=None, what="getting ready", rate="", count="")

        def advance(done: float, total: int, what: str) -> None:
            if bars.tasks[0].total != total:
                bars.reset(task, total=total)
            speed = bars.tasks[0].speed
            rate, count = f"{speed:.1f}/s" if speed else "", f"{int(done):>{len(str(total))}}/{total}"
            bars.update(task, completed=done, what=what, rate=rate, count=count)

        yield advance
