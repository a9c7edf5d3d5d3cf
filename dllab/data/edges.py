"""Digits, and what an edge filter says of every place of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Dataset, Source
from dllab.data.digits import Digits
from dllab.data.points import Noise, Points, Samples

FILTERS: dict[str, NDArray[np.float64]] = {
    "sobel_x": np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "sobel_y": np.array([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "laplace": np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "mean": np.full((3, 3), 1 / 9),
}


class Edges(Source):
    """Edges: digits of 8 x 8 pixels, and what a filter of 3 x 3 weights says of every place. The filter is to be found.

    Inputs are pictures (8, 8, 1), ink 1 on paper 0, the digits of data set digits in its order; wanted are the 36 numbers
    of the filter's map of 6 x 6 places, row by row: y[p, q] = sum of x[p + i, q + j] w[i, j] over i, j = 0 to 2. A net of
    one convolution can give them exactly, with the filter's own nine weights, and learns these from the examples.

    - sobel_x: rows -1 0 1, -2 0 2, -1 0 1: how much more ink is on the right
    - sobel_y: the same turned: how much more ink is below
    - laplace: rows 0 1 0, 1 -4 1, 0 1 0: how much more ink is around
    - mean: the average of the nine pixels

    Options:

    - filter: the filter that is to be found.
    - samples: rows; beyond 1,797 the digits come again.
    - noise: standard deviation of normal noise on what is wanted.

        data: edges
        data: {name: edges, filter: laplace, noise: 0.1, samples: 200}

    Source: Sobel and Feldman 1968, "A 3x3 isotropic gradient operator for image processing"; the digits as in digits.
    """

    name = "edges"
    main = "filter"
    card = "digits"
    filter: Literal["sobel_x", "sobel_y", "laplace", "mean"] = "sobel_x"
    samples: Samples = 1000
    noise: Noise = 0.0

    def generate(self) -> Dataset:
        """Inputs (samples, 8, 8, 1) in 0..1, and what the filter says of them (samples, 36)."""
        digits = Digits(flatten=False).generate()
        ink = digits.columns["inputs"][np.arange(self.samples) % digits.rows].astype(np.float64) / Digits.full_scale
        said = filtered(ink[..., 0], FILTERS[self.filter]).reshape(self.samples, -1)
        said += self.noise * self.stream("noise").standard_normal(said.shape)
        return Dataset(
            name=self.name,
            columns={"inputs": ink.astype(np.float32), "targets": said.astype(np.float32)},
            task="regression",
            classes=(),
            features=digits.features,
            fixed_test=None,
            about=f"What the filter {self.filter} says of handwritten digits.",
        )


def filtered(pictures: Points, weights: NDArray[np.float64]) -> Points:
    """What a filter (K, L) says of pictures (N, H, W) at all places where it fits in: (N, H - K + 1, W - L + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(pictures, weights.shape, axis=(1, 2))
    return np.asarray(np.einsum("npqij,ij->npq", windows, weights))
