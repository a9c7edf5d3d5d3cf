"""Logic gates as data: every row of a truth table, or many noisy copies of it."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.points import Noise, classified


class Gate(Source):
    """Base of the gates of two inputs: the four rows of the truth table, repeated and blurred on request.

    Options:

    - samples: rows, those of the table repeated in turn.
    - noise: standard deviation of the normal noise added to the inputs.
    """

    main = "samples"
    samples: Annotated[int, Field(ge=4, le=1_000_000)] = 4
    noise: Noise = 0.0
    test: Fraction | None = 0.0

    table: ClassVar[tuple[int, int, int, int]]  # the output for inputs 00, 01, 10, 11

    def generate(self) -> Dataset:
        """The rows 00, 01, 10, 11, 00, ... as (samples, 2) inputs."""
        row = np.arange(self.samples) % 4
        corners = np.stack([row // 2, row % 2], axis=1)  # (N, 2)
        points = corners + self.noise * self.stream("noise").standard_normal(corners.shape)
        return classified(self.name, points, np.array(self.table)[row], 2, f"The truth table of {self.name.upper()}.")


class And(Gate):
    """AND: 1 where both inputs are 1. One neuron can learn it.

    y = x1 and x2. Two inputs of value 0 or 1, classes "0" and "1", four rows, all of them training rows by default.

        data: and
        data: {name: and, samples: 200, noise: 0.1, test: 0.25}

    Source: McCulloch and Pitts 1943, "A logical calculus of the ideas immanent in nervous activity".
    """

    name = "and"
    table = (0, 0, 0, 1)


class Or(Gate):
    """OR: 1 where at least one input is 1. One neuron can learn it.

    y = x1 or x2. Two inputs of value 0 or 1, classes "0" and "1", four rows, all of them training rows by default.

        data: or
        data: {name: or, samples: 200, noise: 0.1, test: 0.25}

    Source: McCulloch and Pitts 1943, "A logical calculus of the ideas immanent in nervous activity".
    """

    name = "or"
    table = (0, 1, 1, 1)


class Nand(Gate):
    """NAND: 0 only where both inputs are 1. One neuron can learn it, and every circuit can be built from it.

    y = not (x1 and x2). Two inputs of value 0 or 1, classes "0" and "1", four rows, all of them training rows by
    default.

        data: nand
        data: {name: nand, samples: 200, noise: 0.1, test: 0.25}

    Source: Sheffer 1913, "A set of five independent postulates for Boolean algebras".
    """

    name = "nand"
    table = (1, 1, 1, 0)


class Xor(Gate):
    """XOR: 1 where the inputs differ. The smallest problem that needs a hidden layer.

    y = x1 xor x2. Two inputs of value 0 or 1, classes "0" and "1", four rows, all of them training rows by default.
    No straight line separates the classes: a single neuron gets at most three of the four rows right.

        data: xor
        data: {name: xor, samples: 400, noise: 0.1, test: 0.25}

    Source: Minsky and Papert 1969, "Perceptrons"; learnt by backpropagation in Rumelhart, Hinton and Williams 1986.
    """

    name = "xor"
    table = (0, 1, 1, 0)


class Xnor(Gate):
    """XNOR: 1 where the inputs agree. XOR with the classes exchanged, and as hard.

    y = not (x1 xor x2). Two inputs of value 0 or 1, classes "0" and "1", four rows, all of them training rows by
    default.

        data: xnor
        data: {name: xnor, samples: 400, noise: 0.1, test: 0.25}

    Source: Minsky and Papert 1969, "Perceptrons".
    """

    name = "xnor"
    table = (1, 0, 0, 1)


class Parity(Source):
    """Parity: is the number of ones odd? XOR of many bits; every single bit matters.

    y = (x1 + x2 + ... + xn) mod 2. All 2^bits rows of n inputs with value 0 or 1, x1 the most significant bit; classes
    "0" and "1", half of the rows each. A net with one hidden layer of n threshold units solves it. All rows are
    training rows by default; with `test` it asks whether a net has found the rule or learnt the table by heart.

    Options:

    - bits: inputs of a row.

        data: parity
        data: {name: parity, bits: 6, test: 0.25}

    Source: Minsky and Papert 1969, "Perceptrons"; Rumelhart, Hinton and Williams 1986, "Learning internal
    representations by error propagation".
    """

    name = "parity"
    main = "bits"
    bits: Annotated[int, Field(ge=1, le=16)] = 4
    test: Fraction | None = 0.0

    def generate(self) -> Dataset:
        """All bit patterns in counting order, (2^bits, bits)."""
        bits = (np.arange(2**self.bits)[:, None] >> np.arange(self.bits)[::-1]) & 1
        about = f"Is the number of ones among {self.bits} bits odd: yes or no."
        return classified(self.name, bits.astype(np.float64), bits.sum(axis=1) % 2, 2, about)
