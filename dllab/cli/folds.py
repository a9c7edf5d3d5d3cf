"""`dllab train` of a recipe with folds: cross-validation, with a bar for all trainings together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dllab.cli.failures import FINE, INTERRUPTED, NEGATIVE, Refused

if TYPE_CHECKING:
    from dllab.lab.cross_validate import FoldEvent
    from dllab.recipe import Recipe


def train_folds(recipe: Recipe, *, seed: int | None, jobs: int | None, run_dir: str | None, save: bool, as_json: bool,
                quiet: bool, commands: Sequence[tuple[str, str]], advice: Callable[[Any], list[str]],
                changes: list[str], trust: bool = False) -> int:  # fmt: skip
    """Train all folds and show what they come to; returns the exit code."""
    from dllab.cli.console import messages, output
    from dllab.cli.interrupt import interrupts
    from dllab.lab import cross_validate as lab
    from dllab.views.train_folds import FoldsFinal

    interrupted = False
    try:
        with _listener(quiet, as_json) as listener:
            result = lab.cross_validate_loaded(
                recipe, changes, seed=seed, jobs=jobs, run_dir=run_dir, save=save, on_event=listener, trust=trust
            )
    except lab.FoldsInterrupted as stopped:
        interrupted, result = True, stopped.result
    finally:
        interrupts.release()
    if as_json:
        output().document(result.document())
    else:
        output().show(FoldsFinal(result, [] if quiet else commands, advice(result)))
    if as_json and result.status == "diverged":
        messages().show(FoldsFinal(result))
    return INTERRUPTED if interrupted else NEGATIVE if result.status == "diverged" else FINE


def refuse_options(folds: bool, jobs: int | None, watch: float | None) -> None:
    """Raise Refused for an option that means nothing with this recipe."""
    if jobs is not None and not folds:
        raise Refused("--jobs is for a recipe with folds, and this one trains once", "leave it out, or add train.folds=5")
    if watch and folds:
        raise Refused("--watch is for one run, and this recipe trains in folds", "leave it out, or add train.folds=")


class _listener:
    """Shows events as suits the streams: a bar at a terminal, lines elsewhere, nothing if quiet."""

    def __init__(self, quiet: bool, as_json: bool) -> None:
        import sys

        from dllab.cli.console import messages, output, progress
        from dllab.cli.terminal import lively
        from dllab.views.train_folds import FoldLines

        self._lines = FoldLines()
        self._bar = progress("folds") if not quiet and lively(sys.stderr) else None
        self._console = None if quiet or self._bar is not None else messages() if as_json else output()
        self._advance: Callable[[float, int, str], None] = lambda done, total, what: None

    def __enter__(self) -> Callable[[FoldEvent], None]:
        if self._bar is not None:
            self._advance = self._bar.__enter__()
        return self.show

    def __exit__(self, *error: Any) -> None:
        if self._bar is not None:
            self._bar.__exit__(*error)

    def show(self, event: FoldEvent) -> None:
        """Show an event. Once training has begun Ctrl-C waits for this, which then raises KeyboardInterrupt."""
        from dllab.cli.interrupt import interrupts
        from dllab.lab.cross_validate import FoldsProgress, FoldsStarted
        from dllab.training.events import Compiling, FirstTraining

        if isinstance(event, FoldsStarted):
            interrupts.hold()
        line = self._lines.line(event)
        if line is not None and self._console is not None:
            self._console.sentence(line)
        if isinstance(event, Compiling):
            self._advance(event.done, event.total, f"compiling {event.kernel} (once)" if event.kernel else "")
        elif isinstance(event, FirstTraining):
            interrupts.hold()
            self._advance(event.step, event.steps, f"{event.recipe} first")
        elif isinstance(event, FoldsProgress):
            self._advance(event.work, event.of, self._lines.so_far())
        interrupts.check()
