"""How a recipe trains: the `train:` key."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from dllab.recipe.forms import Block

DEFAULT_EPOCHS = 20

Count = Annotated[int, Field(ge=1, le=10**9)]
Seed = Annotated[int, Field(ge=0)]
Limit = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_STRICT = ConfigDict(strict=True, extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class EarlyStop:
    """Stop when a figure has not improved for some time; `early_stop: 10` sets `patience`.

    `patience` counts evaluations without an improvement of `metric` by more than `min_delta`; `restore_best` goes back
    to the best parameters at the end.
    """

    main: ClassVar[str] = "patience"
    patience: Count
    metric: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "loss"
    min_delta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    restore_best: bool = True


@dataclass(frozen=True, config=_STRICT)
class Checkpoint:
    """When a run's state is kept, so that it can go on after a kill; `checkpoint: 5` sets `every`.

    `every` counts epochs between two checkpoints (None: one about every 10 seconds); `last` keeps the state at the end,
    so that training can go on for more epochs; `best` also keeps the weights of the best evaluation, beside the last.
    """

    main: ClassVar[str] = "every"
    every: Count | None = None
    best: bool = False
    last: bool = True


@dataclass(frozen=True, config=_STRICT)
class FoldOptions:
    """k-fold cross-validation: train once for each fold, which is then the test split; `folds: 5` sets `count`.

    `repeats` does it again with the rows dealt out anew and other first weights.
    """

    main: ClassVar[str] = "count"
    count: Annotated[int, Field(ge=2, le=10**6)]
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1


@dataclass(frozen=True, config=_STRICT)
class TrainOptions:
    """Length, batches, numbers and regularisation of a training run.

    `epochs` or `steps` (20 epochs when neither is given; the other is None); `batch` examples per step or "full";
    `evaluate_every` counts epochs between evaluations (None: the trainer chooses); `folds` trains once for each part of
    the data, which then is the test split. `clip_norm` bounds the norm of the whole gradient, `clip_value` each of its
    entries; `l1` and `l2` penalise the weights in the loss, `weight_decay` shrinks them in the update.
    """

    epochs: Count | None = None
    steps: Count | None = None
    batch: Count | Literal["full"] = 32
    seed: Seed = 0
    dtype: Literal["float32", "float64"] = "float32"
    shuffle: bool = True
    clip_norm: Limit | None = None
    clip_value: Limit | None = None
    l1: Penalty = 0.0
    l2: Penalty = 0.0
    weight_decay: Penalty = 0.0
    evaluate_every: Count | None = None
    early_stop: Annotated[EarlyStop | None, Block(EarlyStop)] = None
    checkpoint: Annotated[Checkpoint, Block(Checkpoint)] = Checkpoint()
    folds: Annotated[FoldOptions | None, Block(FoldOptions)] = None

    @model_validator(mode="after")
    def _one_length(self) -> TrainOptions:
        if self.epochs is not None and self.steps is not None:
            raise ValueError("both epochs and steps say how long to train; keep one")
        if self.epochs is None and self.steps is None:
            object.__setattr__(self, "epochs", DEFAULT_EPOCHS)
        return self
