"""The adding problem: two of many numbers are marked, and their sum is wanted at the end."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Samples
from dllab.data.steps import step_names


class Adding(Source):
    """Adding: y = the sum of the two marked numbers of a long row. The first lies many steps back when it is asked for.

    Every step gives two inputs: a number uniform on 0..1, and a mark, which is 1 at one step of the first half and at one
    step of the second half, both drawn at random, and 0 elsewhere. Wanted is one number, the sum of the two. Who answers
    1 for every row has mean squared error 1/6 = 0.167, the variance of the sum of two uniform numbers; a net that has
    only found one of the two reaches 1/12 = 0.083. An LSTM or GRU goes far below; a plain RNN of tanh units stays at 1/6
    once the rows are long.

    Options:

    - length: steps of a row. The longer, the farther back lies what counts.
    - samples: rows.

        data: adding
        data: {name: adding, length: 50, samples: 20000}

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory", experiment 4; in this form Arjovsky, Shah and
    Bengio 2016, "Unitary evolution recurrent neural networks".
    """

    name = "adding"
    main = "length"
    length: Annotated[int, Field(ge=2, le=10_000)] = 100
    samples: Samples = 10_000

    def generate(self) -> Dataset:
        """Inputs (samples, length, 2), number and mark of each step, and sums (samples, 1)."""
        numbers = self.stream("rows").random((self.samples, self.length)).astype(np.float32)
        half, marks = self.length // 2, self.stream("marks")
        first = marks.integers(0, half, self.samples)
        second = marks.integers(half, self.length, self.samples)
        row = np.arange(self.samples)
        mark = np.zeros_like(numbers)
        mark[row, first] = mark[row, second] = 1.0
        return Dataset(
            name=self.name,
            columns={
                "inputs": np.stack([numbers, mark], axis=2),  # (N, T, 2)
                "targets": (numbers[row, first] + numbers[row, second])[:, None],
            },
            task="regression",
            classes=(),
            features=step_names(self.length, "value", "mark"),
            fixed_test=None,
            about=f"Two of {self.length} numbers are marked: their sum.",
        )
