"""MyPart: say in a line how the learning rate changes."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dllab.schedules.schedule import Schedule


class MyPart(Schedule):
    """MyPart: the learning rate is divided by 1 + decay * t at step t.

    Say here when to use it. This text is the schedule's page: `dllab schedules mypart.py --trust`.

        schedule: mypart
        schedule: {name: mypart, decay: 0.1, warmup: 20}

    Options:

    - decay: how fast the rate falls.

    Source: name the paper or book, so that others can check the formula.
    """

    name = "mypart"  # what recipes write
    main: ClassVar[str | None] = "decay"  # `mypart: 0.1` is short for `mypart: {decay: 0.1}`
    decay: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 0.01

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The factor at each of these steps (counted from 0 after the warm-up) of `total`."""
        return 1.0 / (1.0 + self.decay * steps)
