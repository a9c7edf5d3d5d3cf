"""MyPart: say in a line what this augmentation is for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Sample
from dllab.augment.draws import happens, row_key
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.rng import uniform_at
from dllab.symbols import Net, Value

# A kernel is a plain loop over arrays, compiled by Numba. The decorator gives the shape of each operand: equal letters are
# equal sizes, "" is a number. `rows` to `step` come from sample.call: by them every row of the data set has its own draws,
# whatever its place in the batch. Element 0 decides whether a row is changed; take 1, 2, ... for the rest.


@kernel(x="B F", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64", most="")
def forward(x, rows, chance, seed, link, step, most):
    """X = g x, g drawn from 1 - most to 1 + most for each row."""
    for n in range(x.shape[0]):
        own, row = row_key(seed, link, step, rows[n]), x[n]
        if happens(own, chance):
            gain = like(most, 1.0 + most * (2.0 * uniform_at(own, 1) - 1.0))
            for j in range(row.shape[0]):
                row[j] *= gain


class MyPart(Augmentation):
    """MyPart: y = g x, g drawn from 1 - most to 1 + most for each row.

    Say here when to use it. This text is its page: `dllab augmentations mypart.py --trust`.

        augment: [mypart]
        augment: [mypart: 0.5]

    Options:

    - most: how far g may be from 1.

    Source: name the paper or book, so that others can check the formula.
    """

    name = "mypart"  # what recipes write
    main = "most"  # `mypart: 0.5` is short for `mypart: {most: 0.5}`
    most: Annotated[float, Field(ge=0, le=1)] = 0.2

    # Inputs that it cannot change are refused by a method `check(self, frame)`: see dllab/augment/flip.py.

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row that changes x (B, F) in place. `sample.other(net, x)` is another array, where that cannot be."""
        sample.call(net, forward, self.probability, x=x, most=net.constant(self.most))
        return x
