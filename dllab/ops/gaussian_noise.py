"""Gaussian noise: inputs or activations that are never twice the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.core.bits import sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.rng import STREAM_DROPOUT, bits_at, key
from dllab.core.vecmath import log
from dllab.ops.flatten import numbers
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value


@device
def erfinv(x: float) -> float:
    """The inverse of the error function for a float64 -1 < x < 1, to some six digits.

    The one number in ten million whose normal number lies beyond 5.3 deviations is right to a tenth.
    Source: Giles, Approximating the erfinv function (2010), the single-precision polynomials.
    """
    w = -log((1.0 - x) * (1.0 + x))
    a = w - 2.5
    near = 3.43273939e-07 + 2.81022636e-08 * a
    near = -3.5233877e-06 + near * a
    near = -4.39150654e-06 + near * a
    near = 0.00021858087 + near * a
    near = -0.00125372503 + near * a
    near = -0.00417768164 + near * a
    near = 0.246640727 + near * a
    near = 1.50140941 + near * a
    b = sqrt(w) - 3.0
    far = 0.000100950558 - 0.000200214257 * b
    far = 0.00134934322 + far * b
    far = -0.00367342844 + far * b
    far = 0.00573950773 + far * b
    far = -0.0076224613 + far * b
    far = 0.00943887047 + far * b
    far = 1.00167406 + far * b
    far = 2.83297682 + far * b
    return (near if w < 5.0 else far) * x


@kernel(y="B F", x="B F", rows="B:int64", sigma="", seed=":int64", layer=":int64", step=":int64")
def forward(y, x, rows, sigma, seed, layer, step):
    """Y = x + sigma z, z normal: sqrt(2) erfinv(u) of the draw for (seed, layer, step, row of the data set, element).

    The draw for element i is rng.bits_at(rng.bits_at(step's key, row), i); u is its upper 53 bits brought to -1..1. A layer
    has a number of its own, so noise and dropout never share a key.
    """
    step_key = key(key(seed, STREAM_DROPOUT, layer), 0, step)
    for n in range(y.shape[0]):
        row_key, to, of = bits_at(step_key, rows[n]), y[n], x[n]
        for i in range(to.shape[0]):
            draw = (bits_at(row_key, i) >> 11) & 0x1FFFFFFFFFFFFF
            to[i] = of[i] + sigma * (1.4142135623730951 * erfinv((draw + 0.5) * 2.0**-52 - 1.0))


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
