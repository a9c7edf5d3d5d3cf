"""Layer norm: every example shifted and scaled by its own features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dllab.core.bits import like, sqrt
from dllab.core.kernel import kernel
from dllab.inits.constant import Constant
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value

Gain = bool | Annotated[float, Field(ge=-100, le=100)]
"""Whether a normalised feature is multiplied with a factor that is learnt, and what that starts at if not at 1."""


@kernel(y="*N F", mean="*N", scale="*N", x="*N F", gain="F", bias="F", eps="")
def forward(y, mean, scale, x, gain, bias, eps):
    """Y = gain (x - mean) scale + bias, scale = 1 / sqrt(variance + eps), both over the features of each row."""
    count = like(eps, x.shape[1])
    for n in range(y.shape[0]):
        of, to = x[n], y[n]
        total = like(eps, 0.0)
        for f in range(of.shape[0]):
            total += of[f]
        middle = total / count
        squares = like(eps, 0.0)
        for f in range(of.shape[0]):
            squares += (of[f] - middle) * (of[f] - middle)
        factor = like(eps, 1.0) / sqrt(squares / count + eps)
        for f in range(of.shape[0]):
            to[f] = gain[f] * ((of[f] - middle) * factor) + bias[f]
        mean[n] = middle
        scale[n] = factor


@kernel(dx="*N F", dy="*N F", mean="*N", scale="*N", x="*N F", gain="F")
def backward_x(dx, dy, mean, scale, x, gain):
    """Dx = scale (g - mean of g - z * mean of g z), z = (x - mean) scale and g = gain dy."""
    for n in range(dx.shape[0]):
        to, slope, of = dx[n], dy[n], x[n]
        middle, factor = mean[n], scale[n]
        count = like(middle, x.shape[1])
        total = like(middle, 0.0)
        product = like(middle, 0.0)
        for f in range(of.shape[0]):
            g = gain[f] * slope[f]
            total += g
            product += g * (of[f] - middle)
        level = total / count
        tilt = product * factor * factor / count
        for f in range(of.shape[0]):
            to[f] = factor * (gain[f] * slope[f] - level - (of[f] - middle) * tilt)


@kernel(dgain="F", dy="*N F", mean="*N", scale="*N", x="*N F")
def backward_gain(dgain, dy, mean, scale, x):
    """Dgain = the sum of dy z over all rows, z = (x - mean) scale."""
    for f in range(dgain.shape[0]):
        dgain[f] = 0
    for n in range(dy.shape[0]):
        slope, of = dy[n], x[n]
        middle, factor = mean[n], scale[n]
        for f in range(slope.shape[0]):
            dgain[f] += slope[f] * ((of[f] - middle) * factor)


@kernel(dbias="F", dy="*N F")
def backward_bias(dbias, dy):
    """Dbias = the sum of dy over all rows."""
    for f in range(dbias.shape[0]):
        dbias[f] = 0
    for n in range(dy.shape[0]):
        slope = dy[n]
        for f in range(slope.shape[0]):
            dbias[f] += slope[f]


class LayerNorm(Layer):
    """Layer norm: y = gain * (x - mean) / sqrt(variance + eps) + bias, over the last axis.

    Every example (every position, for inputs (B, T, F)) is brought to mean 0 and variance 1 by itself, then stretched and
    shifted by what is learnt for each feature. It does the same in training and at inference and does not care how large a
    batch is: the usual choice in sequence models and wherever batches are small. Not right behind an input of one or two
    features, of which it leaves hardly more than the sign. The variance divides by the number of features.

        - dense: 64
        - layer_norm
        - relu

    Options:

    - gain: learn a factor for each feature; a number is what the factors start at, instead of 1.
    - bias: learn a shift for each feature.
    - eps: added to the variance, so that an example of equal numbers does not divide by 0.

    Source: Ba, Kiros, Hinton, Layer normalization (2016).
    """

    name = "layer_norm"
    group = "between layers"
    gain: Gain = True
    bias: bool = True
    eps: Annotated[float, Field(gt=0, le=1)] = 1e-5

    cases: ClassVar[Sequence[Case]] = (
        Case(),
        Case(shape=(3, 4)),
        Case({"gain": False, "bias": False}),
        Case({"gain": 0.5, "eps": 0.1}, batch=1),
        Case(shape=(2, 3, 4)),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward; the gradients of x, gain and bias in a row each."""
        gain, bias = gain_and_bias(net, x.features, self.gain, self.bias)
        y = net.array(x.shape)
        mean, scale = net.array(x.shape[:-1], "mean"), net.array(x.shape[:-1], "scale")
        net.call(
            forward, backward=(backward_x, backward_gain, backward_bias), y=y, mean=mean, scale=scale, x=x, gain=gain,
            bias=bias, eps=net.constant(self.eps),
        )  # fmt: skip
        return y


def gain_and_bias(net: Net, features: int, gain: Gain, bias: bool) -> tuple[Value, Value]:
    """What a normalised feature is multiplied with and what is added: parameters that begin at 1 and 0, or fixed."""
    begin: Any = Constant(value=float(gain))
    learnt = gain is not False
    factor = net.parameter("gain", (features,), begin, decays=False) if learnt else net.vector([1.0] * features)
    shift = net.parameter("bias", (features,), decays=False) if bias else net.vector([0.0] * features)
    return factor, shift
