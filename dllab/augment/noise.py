"""Noise: every number a little off."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Sample
from dllab.augment.draws import happens, row_key
from dllab.core.kernel import kernel
from dllab.core.normal import normal_at
from dllab.symbols import Net, Value


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
