"""How a recipe trains: the `train:` key."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from dllab.recipe.forms import Block

DEFAULT_EPOCHS = 20
INSTEAD = {"epochs": "steps", "steps": "epochs"}
"""Options that say the same in two ways: an override of one takes the other of the recipe out."""

Count = Annotated[int, Field(ge=1, le=10**9)]
Seed = Annotated[int, Field(ge=0)]
Limit = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_STRICT = ConfigDict(strict=True, extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class EarlyStop:
    """Stop when a figure has not improved for some time; `early_stop: 10` sets `patience`.

    Options:

    - patience: evaluations without an improvement before the end.
    - metric: the validation figure that is watched: loss, or one of metrics.
    - min_delta: least change that counts as an improvement.
    - restore_best: go back to the best weights at the end.
    """

    main: ClassVar[str] = "patience"
    patience: Count
    metric: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "loss"
    min_delta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    restore_best: bool = True


@dataclass(frozen=True, config=_STRICT)
class Checkpoint:
    """When a run's state is kept, so that it can go on after a kill; `checkpoint: 5` sets `every`.

    Options:

    - every: epochs between two checkpoints; left out, some 10 seconds.
    - best: also keep the weights of the best evaluation, in `best.safetensors`.
    - last: keep the state at the end, so that `dllab resume` can train on.
    """

    main: ClassVar[str] = "every"
    every: Count | None = None
    best: bool = False
    last: bool = True


@dataclass(frozen=True, config=_STRICT)
class FoldOptions:
    """k-fold cross-validation: train once for each fold, which is then the test split; `folds: 5` sets `count`.

    Options:

    - count: parts of the data; each is the test split of a training of its own.
    - repeats: times to do it all, with the rows dealt out anew and other first weights.
    """

    main: ClassVar[str] = "count"
    count: Annotated[int, Field(ge=2, le=10**6)]
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1


@dataclass(frozen=True, config=_STRICT)
class TrainOptions:
    """Length, batches, numbers and regularisation of a training run.

    Penalties and decay leave biases and gains alone.

    Options:

    - epochs: length in passes over the training rows; this or `steps`. With neither, 20 epochs.
    - steps: length in steps; this or `epochs`.
    - batch: examples in a step, or full.
    - seed: of parameters, order and dropout; `--seed` sets it too.
    - dtype: precision of all numbers.
    - shuffle: a new order in every epoch.
    - bucket_lengths: put sequences of about the same length into a batch, so that less of it is padding.
    - carry_state: truncated backpropagation through time: recurrent layers begin each batch with the states in which the
      last one ended. For data that flow on from row to row, such as the windows of a text.
    - clip_norm: most length of the whole gradient; left out, any.
    - clip_value: most size of each number of the gradient; left out, any.
    - l1: penalty on the sizes of weights, in the gradient.
    - l2: penalty on the squares of weights, in the gradient.
    - weight_decay: shrinks weights in the update, apart from the gradient.
    - evaluate_every: epochs between evaluations; left out, some 100 in a run, with `early_stop` or `plateau` every epoch.
    - early_stop: stop when a figure has not improved for some time; needs a `validation` split. `early_stop: 10` gives
      the patience alone.
    - checkpoint: when the run's state is kept, for `dllab resume`. `checkpoint: 5` keeps it every 5 epochs.
    - folds: cross-validation: train once for each part of the data, which then is the test split. `folds: 5` gives the
      count alone.
    """

    epochs: Count | None = None
    steps: Count | None = None
    batch: Count | Literal["full"] = 32
    seed: Seed = 0
    dtype: Literal["float32", "float64"] = "float32"
    shuffle: bool = True
    bucket_lengths: bool = False
    carry_state: bool = False
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
