"""A checkerboard: XOR many times over."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Noise, Samples, balanced, classified


class Checkerboard(Source):
    """Checkerboard: squares of two colours in turn. XOR many times over: 2 cells a side are XOR itself.

    The square from -1 to 1 is cut into cells x cells squares; the class is (row + column) mod 2. A row of the data is
    a uniform point in a square chosen at random among those of its class, plus normal noise on both coordinates. Both
    classes have equally many rows.

    Options:

    - cells: squares along one side.
    - samples: rows.
    - noise: standard deviation of the noise on both coordinates.

        data: checkerboard
        data: {name: checkerboard, cells: 6, samples: 4000}

    Source: the XOR problem of Minsky and Papert 1969, "Perceptrons", laid out as a board.
    """

    name = "checkerboard"
    main = "cells"
    cells: Annotated[int, Field(ge=2, le=50)] = 4
    samples: Samples = 1000
    noise: Noise = 0.0

    def generate(self) -> Dataset:
        """Rows alternate between the classes."""
        labels = balanced(self.samples, 2)
        random = self.stream("rows")
        squares = np.arange(self.cells**2)
        colour = (squares // self.cells + squares % self.cells) % 2
        by_colour = [squares[colour == 0], squares[colour == 1]]
        pick = random.random(self.samples)
        square = np.where(
            labels == 0,
            by_colour[0][(pick * len(by_colour[0])).astype(np.int64)],
            by_colour[1][(pick * len(by_colour[1])).astype(np.int64)],
        )
        corner = np.stack([square % self.cells, square // self.cells], axis=1)  # (N, 2), column then row
        points = 2.0 * (corner + random.random(corner.shape)) / self.cells - 1.0
        points += self.noise * self.stream("noise").standard_normal(points.shape)
        return classified(self.name, points, labels, 2, f"A board of {self.cells} x {self.cells} squares.")
