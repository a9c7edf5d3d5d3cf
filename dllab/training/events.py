"""What training tells as it goes. Views draw these; the run store keeps them; nothing here prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from dllab.engine.network import Network
    from dllab.recipe import Recipe
    from dllab.training.transfer import Beginning

Status = Literal["finished", "stopped", "diverged", "failed", "interrupted"]
Figures = dict[str, dict[str, Any]]
"""Split (`train`, `validation`, `test`) to metric (`loss`, `accuracy`, ...) to value; only splits that exist."""


@dataclass(frozen=True)
class Compiling:
    """A kernel is being compiled, which happens once; `done` of `total` are ready."""

    done: int
    total: int
    kernel: str


@dataclass(frozen=True)
class FirstTraining:
    """Another recipe, whose weights `init_from` takes, is being trained first."""

    recipe: str
    step: int
    steps: int
    seconds: float


@dataclass(frozen=True)
class Started:
    """Everything is ready and the first step comes next: step `first`, above 0 in a run that goes on.

    `history`: what was evaluated before, in a run that goes on. `beginning`: weights taken, layers frozen.
    """

    recipe: Recipe
    network: Network
    epochs: int
    steps: int
    steps_per_epoch: int
    rows: dict[str, int]
    metrics: tuple[str, ...]
    loss: str
    first: int = 0
    history: tuple[EpochEnd, ...] = ()
    beginning: Beginning | None = None


@dataclass(frozen=True)
class Progress:
    """Some steps are done; comes at least every 50 ms or so. `loss`: mean over the steps since the last event."""

    step: int
    steps: int
    epoch: int
    loss: float
    lr: float
    gradient_norm: float
    seconds: float


@dataclass(frozen=True)
class EpochEnd:
    """An epoch that is evaluated has ended. `loss`: mean training loss since the last such event.

    `figures` holds the watched split (`validation`, or `train` where there is none). `best`: better than all before.
    """

    epoch: int
    step: int
    loss: float
    lr: float
    gradient_norm: float
    figures: Figures
    seconds: float
    best: bool


@dataclass(frozen=True)
class Diverged:
    """A value that is not finite ended the run at `step` (counted from 0), before its update.

    `layer` is where it appeared first, in its output (`forward`), in a gradient (`backward`), or in its parameters by
    the `update` of a step whose loss and gradient were finite: then `step` is that one, and the run ended with the next.
    """

    step: int
    epoch: int
    layer: str
    where: Literal["input", "forward", "loss", "backward", "update"]
    value: str  # "NaN" or "inf"
    loss: float


@dataclass(frozen=True)
class Finished:
    """The end. `status` finished, stopped (early) or diverged; `figures` of all splits, after best weights came back."""

    status: Status
    epochs: int
    steps: int
    seconds: float
    figures: Figures
    best_epoch: int | None = None
    expected: dict[str, tuple[float, float]] = field(default_factory=dict)  # name: (stated, reached)


Event = Compiling | FirstTraining | Started | Progress | EpochEnd | Diverged | Finished
