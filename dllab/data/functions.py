"""Functions of one variable to fit: one-dimensional regression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.points import Noise, Points, Samples
from dllab.data.streams import permutation

Shape = Literal["sine", "step", "bump", "sawtooth"]


class Function(Source):
    """Function: fit a curve of one variable through noisy points. Regression, x from -1 to 1.

    y = f(x) + noise * e with e standard normal and x uniform on -1..1, where f is one of

    - sine: sin(pi * periods * x)
    - step: 0 for x < 0, 1 for x >= 0
    - bump: exp(-x^2 / (2 * 0.2^2))
    - sawtooth: rises from -1 to 1, then falls back, `periods` times over -1..1

    Options:

    - function: the form of f.
    - samples: rows.
    - noise: standard deviation of the noise on y.
    - periods: of sine and sawtooth over the whole range.
    - outliers: share of the rows whose y is moved away. They fall on every split alike.
    - outlier_size: how far an outlier is moved.
    - stratify: does nothing here, where there are no classes.
    - one_sided: true moves every outlier up; false moves it up or down with equal chance.

        data: {name: function, function: step}
        data: {name: function, noise: 0.05, outliers: 0.1, one_sided: true}

    Source: the usual targets of universal approximation; Cybenko 1989, "Approximation by superpositions of a sigmoidal
    function". Outliers after Huber 1964, "Robust estimation of a location parameter".
    """

    name = "function"
    main = "function"
    function: Shape = "sine"
    samples: Samples = 200
    noise: Noise = 0.1
    periods: Annotated[float, Field(gt=0, le=1000)] = 1.0
    outliers: Fraction = 0.0
    outlier_size: Annotated[float, Field(gt=0, le=1e6)] = 3.0
    one_sided: bool = False

    def generate(self) -> Dataset:
        """Inputs x (samples, 1) and targets y (samples, 1), in no order."""
        x = 2.0 * self.stream("rows").random(self.samples) - 1.0
        y = CURVES[self.function](x, self.periods)
        y += self.noise * self.stream("noise").standard_normal(self.samples)
        y += self._moves()
        return Dataset(
            name=self.name,
            columns={"inputs": x[:, None].astype(np.float32), "targets": y[:, None].astype(np.float32)},
            task="regression",
            classes=(),
            features=("x",),
            fixed_test=None,
            about=f"A {self.function} with noise {self.noise:g}.",
        )

    def _moves(self) -> Points:
        """What the outliers add to y, (samples,): 0 in all other rows."""
        moved = permutation(self.data_seed, "outliers", self.samples)[: round(self.outliers * self.samples)]
        up = np.ones(self.samples)
        if not self.one_sided:
            up = self.stream("outlier signs").choice([-1.0, 1.0], self.samples)
        moves = np.zeros(self.samples)
        moves[moved] = self.outlier_size * up[moved]
        return moves


def _sine(x: Points, periods: float) -> Points:
    return np.asarray(np.sin(np.pi * periods * x))


def _step(x: Points, periods: float) -> Points:
    return (x >= 0).astype(np.float64)


def _bump(x: Points, periods: float) -> Points:
    return np.asarray(np.exp(-(x**2) / (2 * 0.2**2)))


def _sawtooth(x: Points, periods: float) -> Points:
    return np.asarray(2.0 * np.mod(periods * (x + 1.0) / 2.0, 1.0) - 1.0)


CURVES: dict[Shape, Callable[[Points, float], Points]] = {
    "sine": _sine,
    "step": _step,
    "bump": _bump,
    "sawtooth": _sawtooth,
}
