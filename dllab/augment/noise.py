"""Noise: every number a little off."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Sample
from dllab.augment.draws import happens, row_key
from dllab.core.bits import polynomial, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.rng import bits_at
from dllab.core.vecmath import log
from dllab.symbols import Net, Value

# sqrt(2) erfinv(x) / x as polynomials in w - 2.5 (w = -log(1 - x^2) below 5) and sqrt(w) - 3, after Giles (2010).
ROOT_2 = 1.4142135623730951
_MIDDLE = (1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06, -3.5233877e-06,
           3.43273939e-07, 2.81022636e-08)  # fmt: skip
_TAIL = (2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322,
         0.000100950558, -0.000200214257)  # fmt: skip
MIDDLE, TAIL = (_MIDDLE, _MIDDLE), (_TAIL, _TAIL)


@device
def normal_at(key: int, i: int) -> float:
    """A standard normal number for element i: the quantile of a uniform one, right to 1e-6."""
    x = 2.0 * ((((bits_at(key, i) >> 12) & 0xFFFFFFFFFFFFF) + 0.5) * 2.0**-52) - 1.0
    w = -log((1.0 - x) * (1.0 + x))
    middle = polynomial(w - 2.5, MIDDLE)
    tail = polynomial(sqrt(w) - 3.0, TAIL)
    return ROOT_2 * x * (middle if w < 5.0 else tail)


@kernel(x="B F", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64", sigma="")
def plain(x, rows, chance, seed, link, step, sigma):
    """X += sigma z, each z drawn from the standard normal distribution."""
    spread = float(sigma)
    for n in range(x.shape[0]):
        own, row = row_key(seed, link, step, rows[n]), x[n]
        if happens(own, chance):
            for j in range(row.shape[0]):
                row[j] += spread * normal_at(own, 1 + j)


@kernel(x="B F", rows="B:int64", chance=":int64", seed=":int64", link=":int64", step=":int64", sigma="", scale="F")
def scaled(x, rows, chance, seed, link, step, sigma, scale):
    """X += sigma z / scale: x will be scaled later on."""
    spread = float(sigma)
    for n in range(x.shape[0]):
        own, row = row_key(seed, link, step, rows[n]), x[n]
        if happens(own, chance):
            for j in range(row.shape[0]):
                row[j] += spread * normal_at(own, 1 + j) / float(scale[j])


class Noise(Augmentation):
    """Noise: y = x + sigma z, every z drawn from the standard normal distribution.

    For any inputs, tables too: the net must not hang on single digits of a number. Small noise acts as a penalty on steep
    nets (Tikhonov's). sigma is in the unit that the net sees, after scaling: 0 to 1 for the pixels of pictures, standard
    deviations for data that are standardised.

        augment: [noise: 0.1]
        augment: [shift: 2, noise: {sigma: 0.3, probability: 0.5}]

    Options:

    - sigma: the standard deviation of what is added.

    Source: Bishop, Training with noise is equivalent to Tikhonov regularization (1995); the normal numbers: Giles,
    Approximating the erfinv function (2010).
    """

    name = "noise"
    group = "disturbs"
    main = "sigma"
    sigma: Annotated[float, Field(ge=0, le=1e6)] = 0.1

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row, in place."""
        sigma = net.constant(self.sigma)
        if sample.scale is None:
            sample.call(net, plain, self.probability, x=x, sigma=sigma)
        else:
            sample.call(net, scaled, self.probability, x=x, sigma=sigma, scale=sample.scale)
        return x
