"""Temporal order: in which order did the few symbols that count appear among many that do not?"""

from __future__ import annotations

from itertools import product
from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Samples, balanced
from dllab.data.steps import BOUNDARY, symbols_dataset

VOCABULARY = (BOUNDARY, *"EBabcdXY")
STARTS = {2: (0.1, 0.5), 3: (0.1, 0.33, 0.66)}  # where the ranges of the X and Y begin, as shares of the length


class TemporalOrder(Source):
    """Temporal order: y = which of X and Y came first, and which second, far apart among symbols without meaning.

    A row begins with E, ends with B and has letters a to d at random between, but for two places: an X or Y between 10 %
    and 20 % of `length`, and one between 50 % and 60 % of it. Rows have length to 1.1 length steps, drawn at random. The
    4 classes XX, XY, YX, YY are equally frequent: guessing has accuracy 1/4 and loss ln 4 = 1.386; who remembers one of
    the two only, 1/2 and ln 2. With `marks: 3` there are 8 classes, and the places begin at 10, 33 and 66 %.

    Options:

    - length: the fewest steps of a row, E and B among them.
    - samples: rows.
    - marks: how many X and Y a row has, 2 or 3.

        data: temporal_order
        data: {name: temporal_order, length: 40, marks: 3}

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory", experiments 6a and 6b.
    """

    name = "temporal_order"
    main = "length"
    length: Annotated[int, Field(ge=10, le=10_000)] = 100
    samples: Samples = 4000
    marks: Annotated[int, Field(ge=2, le=3)] = 2

    def generate(self) -> Dataset:
        """Inputs (samples, 1.1 length), padded by id 0 behind their lengths; labels (samples,)."""
        spread = self.length // 10
        lengths = self.length + self.stream("lengths").integers(0, spread + 1, self.samples)
        labels = balanced(self.samples, 2**self.marks)
        inputs = self.stream("rows").integers(3, 7, (self.samples, self.length + spread))  # a, b, c, d
        row = np.arange(self.samples)
        places = self.stream("places").integers(0, spread + 1, (self.samples, self.marks))
        for mark, start in enumerate(STARTS[self.marks]):
            inputs[row, int(self.length * start) + places[:, mark]] = 7 + (labels >> (self.marks - 1 - mark) & 1)
        inputs[:, 0] = VOCABULARY.index("E")
        inputs[row, lengths - 1] = VOCABULARY.index("B")
        inputs[np.arange(inputs.shape[1]) >= lengths[:, None]] = 0
        classes = ["".join(order) for order in product("XY", repeat=self.marks)]
        about = f"The order of {self.marks} symbols among {self.length} and more."
        return symbols_dataset(self.name, about, inputs, labels, VOCABULARY, classes, lengths=lengths)
