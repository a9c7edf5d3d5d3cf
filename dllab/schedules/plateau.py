"""Plateau: the learning rate drops when the validation loss stops improving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dllab.schedules.schedule import Schedule


class Plateau(Schedule):
    """Plateau: the learning rate is multiplied by `factor` after `patience` evaluations without an improvement.

    The loss after each evaluation (on the validation split) is compared with the best so far; less than it by more than
    `min_delta` is an improvement. After a drop the count starts again. The rate follows what the run does instead of a
    plan made before it, which suits runs whose length nobody knows. A loss that is not a number is no improvement.

        schedule: plateau
        schedule: {name: plateau, factor: 0.2, patience: 3, min_delta: 0.001}

    Options:

    - factor: what the rate is multiplied by at a drop.
    - patience: evaluations without an improvement before a drop.
    - min_delta: least change of the loss that counts as an improvement.

    Source: the rule in general use, known from Keras and PyTorch (ReduceLROnPlateau); it goes back to practice such as
    Krizhevsky, Sutskever, Hinton (2012), who divided the rate by 10 "when the validation error rate stopped improving".
    """

    name = "plateau"
    main: ClassVar[str | None] = "patience"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=1, le=10**9)] = 5
    min_delta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """Ones: what the losses ask for comes from `react` and is multiplied in."""
        return np.ones(len(steps))

    def react(self, history: Sequence[float]) -> float:
        """The factor after these losses, one for each evaluation so far, in order.

        It depends on nothing else, so a run resumed with the losses it has recorded goes on as it would have.
        """
        factor, best, waited = 1.0, math.inf, 0
        for loss in history:
            if loss < best - self.min_delta:
                best, waited = loss, 0
                continue
            waited += 1
            if waited == self.patience:
                factor, waited = factor * self.factor, 0
        return factor
