"""MNIST-1D: ten digits as short noisy curves."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.points import Noise, Points

# Heights of the twelve points that draw each digit, from the authors' code (Apache-2.0).
STROKES = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)
POINTS = STROKES.shape[1]
PADDING = (36, 60)  # zeros after the digit, drawn uniformly from this range, both ends included
WIDE = POINTS + PADDING[1]  # points of every curve before the last resampling
TINY = 1e-8  # keeps the digit's own zeros apart from the padding's
TRAIN_SHARE = 0.8
BLUR_SIGMA, BLUR_RADIUS = 2.0, 8


class Mnist1d(Source):
    """MNIST-1D: ten digits as noisy curves of 40 points. Small, and it still tells dense nets, CNNs and RNNs apart.

    Each digit is a curve of 12 points. A row pads it with 36 to 60 zeros, resamples it to 72 points, scales it by up to
    20 %, shifts it cyclically by up to 47 points, fills what is empty with smoothed noise (Gaussian of sigma 2) and
    adds white noise everywhere, adds a random slope, and resamples it to 40 points. All numbers together are then
    shifted to mean 0 and scaled to standard deviation 1. With the options left alone these are the authors' frozen
    arrays: 5,000 rows of seed 42, the first 4,000 to train and the last 1,000 to test. Test accuracy they publish:
    logistic regression 32 %, MLP 68 %, CNN 94 %, GRU 91 %, a person 96 %; shuffled 32, 68, 56 and 57 %.

    Options:

    - samples: rows, a multiple of 10; the first 80 % train, the rest test, unless `test` is given.
    - noise: standard deviation of the white noise.
    - smooth_noise: standard deviation of the noise that is then smoothed.
    - scale: range of the random factor, 1 - scale/2 to 1 + scale/2.
    - translation: number of cyclic shifts to draw from; 1 is none.
    - slope: range of the random slope from one end to the other (the authors call it shear).
    - length: points of a row.
    - shuffle: true puts the points of all rows in one random order: what a CNN gains from neighbours is gone.
    - seed: left out, 42. This source alone draws from NumPy's legacy generator, as the authors did.

        data: mnist1d
        data: {name: mnist1d, shuffle: true, validation: 0.1}

    Source: Greydanus 2020, "Scaling down deep learning", arXiv:2011.14439; digits and order of the random draws after
    the authors' code, github.com/greydanus/mnist1d (Apache-2.0).
    """

    name = "mnist1d"
    main = "samples"
    default_seed = 42
    samples: Annotated[int, Field(ge=10, le=1_000_000, multiple_of=10)] = 5000
    noise: Noise = 0.02
    smooth_noise: Noise = 0.25
    scale: Annotated[float, Field(ge=0, le=2)] = 0.4
    translation: Annotated[int, Field(ge=1, le=WIDE)] = 48
    slope: Annotated[float, Field(ge=0, le=100)] = 0.75
    length: Annotated[int, Field(ge=2, le=10_000)] = 40
    shuffle: bool = False
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    test: Fraction | None = None

    def generate(self) -> Dataset:
        """(samples, 40) float32 curves in the authors' order."""
        random = np.random.RandomState(self.data_seed)
        labels = np.repeat(np.arange(len(STROKES)), self.samples // len(STROKES))
        curves = self._curves(labels, random)
        order = random.permutation(self.samples)
        curves, labels = curves[order], labels[order]
        if self.shuffle:
            curves = curves[:, random.permutation(self.length)]
        curves = (curves - curves.mean()) / curves.std()
        return Dataset(
            name=self.name,
            columns={"inputs": curves.astype(np.float32), "targets": labels.astype(np.int32)},
            task="classification",
            classes=tuple(str(digit) for digit in range(len(STROKES))),
            features=tuple(f"t{point}" for point in range(self.length)),
            fixed_test=np.arange(int(self.samples * TRAIN_SHARE), self.samples, dtype=np.int64),
            about="Ten digits drawn as noisy curves (Greydanus 2020).",
        )

    def _curves(self, labels: NDArray[np.int64], random: np.random.RandomState) -> Points:
        """One curve a label: (N, length) float64, not yet centred."""
        padding, scale, shift, noise, slope = self._draws(len(labels), random)
        padded = np.zeros((len(labels), WIDE + 1))
        padded[:, :POINTS] = templates()[labels] + TINY
        curves = _resample(padded, (POINTS + padding)[:, None], WIDE)
        curves *= 1.0 + self.scale * (scale[:, None] - 0.5)
        curves = np.take_along_axis(curves, (np.arange(WIDE) - shift[:, None]) % WIDE, axis=1)
        smooth, white = noise[:, 0], noise[:, 1]
        curves = np.where(curves != 0.0, curves, _blur(self.smooth_noise * smooth))
        curves += self.noise * white
        curves -= self.slope * (slope[:, None] - 0.5) * np.linspace(-0.5, 0.5, WIDE)
        return _resample(curves, np.full((1, 1), WIDE), self.length)

    def _draws(
        self, rows: int, random: np.random.RandomState
    ) -> tuple[NDArray[np.int64], Points, NDArray[np.int64], Points, Points]:
        """The random numbers of all rows, drawn row by row as the authors do.

        Zeros of padding (N,), scale (N,) and slope (N,) in [0, 1), cyclic shift (N,), noise (N, 2, WIDE): first the
        part that is smoothed, then the white part.
        """
        padding, scale, slope = np.empty(rows), np.empty(rows), np.empty(rows)
        shift, noise = np.empty(rows, dtype=np.int64), np.empty((rows, 2, WIDE))
        for row in range(rows):
            padding[row], scale[row] = random.random_sample(), random.random_sample()
            shift[row] = random.randint(self.translation)
            noise[row] = random.standard_normal((2, WIDE))
            slope[row] = random.random_sample()
        low, high = PADDING
        return low + (padding * (high - low + 1)).astype(np.int64), scale, shift, noise, slope


def templates() -> Points:
    """The ten digits as curves, (10, 12): mean 0 and standard deviation 1 each, then moved to start at 0, over 6."""
    curves = STROKES - STROKES.mean(axis=1, keepdims=True)
    curves /= curves.std(axis=1, keepdims=True)
    moved: Points = curves - curves[:, :1]
    return moved / 6.0


def _resample(curves: Points, lengths: NDArray[np.int64], points: int) -> Points:
    """Linear interpolation of the first `lengths` (N or 1, 1) points of each curve (N, ...) at `points` even places.

    Positions are whole numbers over points - 1, so that a place on a point gives that point exactly: whether a value is
    0 decides where noise goes.
    """
    steps = np.arange(points) * (lengths - 1)  # (N or 1, points)
    left, part = np.divmod(steps, points - 1)
    right = np.minimum(left + 1, curves.shape[1] - 1)
    start = np.take_along_axis(curves, left, axis=1)
    end = np.take_along_axis(curves, right, axis=1)
    return start + (end - start) * (part / (points - 1))


def _blur(noise: Points) -> Points:
    """Gaussian smoothing along the last axis, mirrored at both ends: (N, WIDE)."""
    weights = np.exp(-0.5 * (np.arange(-BLUR_RADIUS, BLUR_RADIUS + 1) / BLUR_SIGMA) ** 2)
    weights /= weights.sum()
    wide = np.pad(noise, ((0, 0), (BLUR_RADIUS, BLUR_RADIUS)), mode="symmetric")
    blurred = np.zeros_like(noise)
    for place, weight in enumerate(weights):
        blurred += weight * wide[:, place : place + noise.shape[1]]
    return blurred
