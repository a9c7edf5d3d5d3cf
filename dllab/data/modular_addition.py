"""Modular addition: a table of sums that wrap around, of which a part is held back."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.steps import symbols_dataset


class ModularAddition(Source):
    """Modular addition: y = (a + b) mod p, for all p^2 pairs. Nets learn it by heart first and understand it much later.

    A row is the ids of a, b and "=", and p - 1 numbers beside the right one are as good a guess: accuracy 1/p and loss
    ln p (4.57 for 97), before and, on the test rows, long after the training rows are right. With strong weight decay and
    many steps the test accuracy then rises to 1 ("grokking"); the smaller the training share, the later. Every pair occurs
    once, half of them in the test; of (a, b) and (b, a) one may be there and the other here, so that a net that takes the
    sum of two embeddings knows many test rows at once.

    Options:

    - p: the modulus, usually a prime number such as 97 or 113.
    - equals: false leaves out the "=", the same in all rows, on which a Transformer says its answer.
    - test: share of the pairs held back.

        data: modular_addition
        data: {name: modular_addition, p: 113, test: 0.7}

    Source: Power, Burda, Edwards, Babuschkin and Misra 2022, "Grokking: generalization beyond overfitting on small
    algorithmic datasets"; p = 113: Nanda, Chan, Lieberum, Smith and Steinhardt 2023, "Progress measures for grokking".
    """

    name = "modular_addition"
    main = "p"
    p: Annotated[int, Field(ge=2, le=1000)] = 97
    equals: bool = True
    test: Fraction | None = 0.5

    def generate(self) -> Dataset:
        """All pairs in counting order: inputs (p^2, 3) or (p^2, 2), labels (p^2,). Id p is "="."""
        a, b = np.divmod(np.arange(self.p**2), self.p)
        inputs = np.stack([a, b, np.full_like(a, self.p)][: 3 if self.equals else 2], axis=1)
        numbers = tuple(str(number) for number in range(self.p))
        about = f"All sums a + b modulo {self.p}."
        vocabulary = (*numbers, "=") if self.equals else numbers
        return symbols_dataset(self.name, about, inputs, (a + b) % self.p, vocabulary, numbers)
