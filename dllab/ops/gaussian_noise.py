"""Gaussian noise: inputs or activations that are never twice the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.core.normal import normal_at
from dllab.core.rng import STREAM_DROPOUT, bits_at, key
from dllab.ops.flatten import numbers
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value


@kernel(y="B F", x="B F", rows="B:int64", sigma="", seed=":int64", layer=":int64", step=":int64")
def forward(y, x, rows, sigma, seed, layer, step):
    """Y = x + sigma z, z normal, drawn for (seed, layer, step, row of the data set, element).

    A layer has a number of its own, so noise and dropout never share a key.
    """
    step_key = key(key(seed, STREAM_DROPOUT, layer), 0, step)
    for n in range(y.shape[0]):
        row_key, to, of = bits_at(step_key, rows[n]), y[n], x[n]
        for i in range(to.shape[0]):
            to[i] = of[i] + sigma * normal_at(row_key, i)


@kernel(dx="*N", dy="*N")
def backward(dx, dy):
    """Dx = dy."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i]


class GaussianNoise(Layer):
    """Gaussian noise: in training y = x + sigma z, z a normal number; at inference y = x.

    A net that sees every example a little changed cannot learn it by heart. At the input it acts like a weight decay that
    knows the data, and it makes of an autoencoder a denoising one: what goes in is noisy, what is asked for is not. With
    standardised inputs 0.05 to 0.3. The noise depends on the seed, the layer, the step and the row of the data set, so a
    run repeats to the bit. Backward: dx = dy.

        - gaussian_noise: 0.1
        - dense: 64

    Options:

    - sigma: standard deviation of the noise; 0 adds none.

    Source: Bishop, Training with noise is equivalent to Tikhonov regularization (1995).
    """

    name = "gaussian_noise"
    group = "between layers"
    main = "sigma"
    sigma: Annotated[float, Field(ge=0, le=1000)] = 0.1

    cases: ClassVar[Sequence[Case]] = (Case(), Case({"sigma": 0.5}, shape=(3, 4)), Case(shape=(2, 2, 3), batch=1))

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward; none at inference."""
        if not net.training or self.sigma == 0:
            return x
        y = net.array((x.shape[0], numbers(x.shape)))
        net.call(
            forward, backward=(backward,), y=y, x=net.view(x, y.shape), rows=net.batch_rows(),
            sigma=net.constant(self.sigma), seed=net.counter("seed"), layer=net.counter("layer"), step=net.counter("step"),
        )  # fmt: skip
        return net.view(y, x.shape)
