"""Running parity: after every bit, is the number of ones so far odd? And sums that wrap around."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Samples
from dllab.data.steps import step_names


class RunningParity(Source):
    """Running parity: y[t] = (x[1] + ... + x[t]) mod 2 at every step: one bit of state, and it may never be lost.

    With `modulo: 5` the inputs are 0 to 4 and the classes the sums of all so far modulo 5; for 2 that is parity. Inputs
    are drawn with equal chance, so at every step all classes are equally likely: guessing has accuracy 1/modulo and loss
    ln modulo, and one wrong step turns all later ones wrong. Recurrent nets can do it for any length once the right state
    is found; Transformers find it hard, because every single input matters. Where modulo^length is not far above samples,
    test rows repeat training rows.

    Options:

    - length: steps of a row.
    - samples: rows.
    - modulo: where the sum begins anew at 0; 2 is parity.
    - answer: every asks for the sum so far at every step, last only for that of all steps. Last is far harder to learn.
    - ids: true gives the inputs as ids for an embedding, (length,), instead of numbers, (length, 1).

        data: running_parity
        data: {name: running_parity, length: 30, answer: last}
        data: {name: running_parity, modulo: 5, ids: true}

    Source: Minsky and Papert 1969, "Perceptrons"; as a sequence Hochreiter and Schmidhuber 1996, "LSTM can solve hard long
    time lag problems".
    """

    name = "running_parity"
    main = "length"
    length: Annotated[int, Field(ge=1, le=10_000)] = 20
    samples: Samples = 2000
    modulo: Annotated[int, Field(ge=2, le=100)] = 2
    answer: Literal["every", "last"] = "every"
    ids: bool = False

    def generate(self) -> Dataset:
        """Inputs (samples, length, 1) float32 or (samples, length) ids; labels (samples, length) or (samples,)."""
        drawn = self.stream("rows").integers(0, self.modulo, (self.samples, self.length)).astype(np.int32)
        sums = (drawn.cumsum(axis=1) % self.modulo).astype(np.int32)
        words = tuple(str(number) for number in range(self.modulo))
        what = "number of ones so far odd" if self.modulo == 2 else f"sum so far modulo {self.modulo}"
        return Dataset(
            name=self.name,
            columns={
                "inputs": drawn if self.ids else drawn.astype(np.float32)[:, :, None],
                "targets": sums if self.answer == "every" else sums[:, -1],
            },
            task="classification",
            classes=words,
            features=step_names(self.length),
            fixed_test=None,
            about=f"{'Is the' if self.modulo == 2 else 'The'} {what}, over {self.length} steps.",
            vocabulary=words if self.ids else (),
        )
