"""A run as plain lines, one for each evaluation: for pipes, logs and terminals that cannot be drawn on."""

from __future__ import annotations

from dllab.training.events import Compiling, Diverged, EpochEnd, Event, FirstTraining, Started
from dllab.views.text import count, figure, heading, number
from dllab.views.transfer import beginning_lines, first_line

WIDTH = 80


class TrainLines:
    """Turns events into lines, most into none."""

    def __init__(self) -> None:
        self._epochs = 0
        self._announced = False
        self._first = ""

    def line(self, event: Event) -> str | None:
        """The line that tells of an event."""
        match event:
            case Compiling(total=total) if not self._announced:
                self._announced = True
                return f"compiling {total} kernels (once)"
            case FirstTraining() if event.recipe != self._first:
                self._first = event.recipe
                return first_line(event)
            case Started():
                self._epochs = event.epochs
                rows = ", ".join(f"{many:,} {split}" for split, many in event.rows.items())
                line = f"{event.recipe.name}: {count(event.epochs, 'epoch')}, {count(event.steps, 'step')}; rows: {rows}"
                done = event.first // event.steps_per_epoch
                if event.first:
                    return f"{line}\ngoing on after step {event.first:,} ({count(done, 'whole epoch')})"
                return "\n".join([line, *beginning_lines(event.beginning)])
            case EpochEnd():
                return self._epoch(event)
            case Diverged():
                return f"diverged at step {event.step} (epoch {event.epoch}): {event.value} in {event.layer}"
        return None

    def _epoch(self, event: EpochEnd) -> str:
        width = len(str(self._epochs))
        line = f"epoch {event.epoch:>{width}}/{self._epochs}  loss {number(event.loss):<9}"
        for split, figures in event.figures.items():
            line += f"  {split}:"
            for name, value in figures.items():
                piece = f" {heading(name)} {figure(name, value):<9}"
                if isinstance(value, int | float) and len(line) + len(piece) <= WIDTH:
                    line += piece
        rate = f"  lr {number(event.lr, 3)}"
        return line + rate if len(line) + len(rate) <= WIDTH else line.rstrip()
