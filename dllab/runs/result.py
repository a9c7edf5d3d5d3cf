"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dllab.engine.network import Network
from dllab.recipe import Recipe
from dllab.runs.metrics_log import plain
from dllab.training.events import Diverged, EpochEnd, Figures, Finished
from dllab.training.transfer import Beginning


@dataclass(frozen=True)
class Expectation:
    """A figure the recipe says training must reach, and what it reached."""

    name: str
    stated: float
    reached: float
    met: bool


@dataclass(frozen=True)
class Result:
    """What a run came to.

    `metrics` maps split (`train`, `validation`, `test`; those that exist) to metric to value, with the weights the net
    has now; of an interrupted run it holds the last figures there were. `history` has one entry for each evaluation.
    `status`: finished, stopped (early), diverged, failed or interrupted. `seconds` of training. `folder`: None where
    nothing was kept. `beginning`: weights taken from elsewhere, layers frozen, rates of their own.
    """

    recipe: Recipe
    seed: int
    status: str
    network: Network
    folder: Path | None
    metrics: Figures
    history: tuple[EpochEnd, ...]
    epochs: int
    steps: int
    seconds: float
    rows: dict[str, int] = field(default_factory=dict)
    best_epoch: int | None = None
    diverged: Diverged | None = None
    expectations: tuple[Expectation, ...] = ()
    beginning: Beginning | None = None

    def document(self) -> dict[str, Any]:
        """The run as plain JSON data, as `dllab train --json` prints it; NaN and infinities are None."""
        return {
            "recipe": self.recipe.name,
            "seed": self.seed,
            "status": self.status,
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": round(self.seconds, 6),
            "run": None if self.folder is None else str(self.folder),
            "final": plain(self.metrics),
            **(plain(self.beginning.document()) if self.beginning is not None else {}),
        }


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during training; `result` is what there was by then, and the run's folder holds what it takes to go on."""

    def __init__(self, result: Result) -> None:
        super().__init__("training was interrupted")
        self.result = result


def expectations_of(done: Finished, recipe: Recipe) -> tuple[Expectation, ...]:
    """The recipe's expectations in its own order, each with whether it is met."""
    return tuple(
        expectation_of(name, stated, reached)
        for name, (stated, reached) in ((name, done.expected[name]) for name in recipe.expect if name in done.expected)
    )


def expectation_of(name: str, stated: float, reached: float) -> Expectation:
    """A figure of `expect:` and whether what was reached meets it."""
    return Expectation(name, stated, reached, _met(name, stated, reached))


def _met(name: str, stated: float, reached: float) -> bool:
    from dllab.catalogue import find

    metric = name.partition("_")[2]
    higher = metric != "loss" and find("metrics", metric).higher_is_better  # type: ignore[attr-defined]
    return reached >= stated if higher else reached <= stated
