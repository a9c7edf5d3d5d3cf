"""The copying problem: ten symbols, a long silence, and then the same ten again."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Samples
from dllab.data.steps import LETTERS, symbols_dataset

BLANK, GO = "_", "?"


class CopyMemory(Source):
    """Copy memory: repeat ten symbols after a long silence: y[t] = x[t - length - 10] at the last ten steps.

    A row has length + 20 steps: 10 symbols, each one of 8 with equal chance; length - 1 blanks; the sign "?" to begin;
    10 blanks, during which the symbols are to be said again in their order. By default these ten steps alone are counted:
    guessing has loss ln 8 = 2.08 and accuracy 1/8. With `score: all` every step is, as in the papers, the answer at all
    others being blank. Who says blank until "?" and then guesses has mean loss 10 ln 8 / (length + 20), 0.173 for a length
    of 100, and accuracy (length + 10 + 10/8) / (length + 20): no memory yet, low as the loss looks.

    Options:

    - length: steps between the symbols and the answer, the last of them "?" (the papers' T).
    - samples: rows.
    - symbols: how many kinds there are; 8 becomes this number in the formulas.
    - remember: how many symbols are to be repeated; 10 becomes this number in the formulas.
    - score: answer counts the steps of the answer only, all counts every step.

        data: {name: copy_memory, length: 30}
        data: {name: copy_memory, length: 100, score: all}

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; in this form Arjovsky, Shah and Bengio 2016,
    "Unitary evolution recurrent neural networks".
    """

    name = "copy_memory"
    main = "length"
    length: Annotated[int, Field(ge=1, le=10_000)] = 50
    samples: Samples = 5000
    symbols: Annotated[int, Field(ge=2, le=26)] = 8
    remember: Annotated[int, Field(ge=1, le=1000)] = 10
    score: Literal["answer", "all"] = "answer"

    def generate(self) -> Dataset:
        """Inputs and labels (samples, length + 2 remember). Where all steps count, class 0 is the blank."""
        steps, back = self.length + 2 * self.remember, self.length + self.remember
        said = 1 + self.stream("rows").integers(0, self.symbols, (self.samples, self.remember))
        inputs = np.zeros((self.samples, steps), np.int64)  # id 0 is the blank
        inputs[:, : self.remember] = said
        inputs[:, back - 1] = self.symbols + 1
        scored = self.score == "all"
        targets = np.full_like(inputs, 0 if scored else -1)
        targets[:, back:] = said if scored else said - 1
        symbols = LETTERS[: self.symbols]
        about = f"Repeat {self.remember} symbols after {self.length} steps."
        classes = (BLANK, *symbols) if scored else symbols
        return symbols_dataset(self.name, about, inputs, targets, (BLANK, *symbols, GO), classes)
