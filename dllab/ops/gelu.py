"""GELU: the input times the probability that a normal draw lies below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.vecmath import clamp, erf, exp, sigmoid
from dllab.ops.gate import gate
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value

FULL = (6.0, 9.0)  # above this, x Phi(x) is x in float32, float64
EDGE = 40.0  # beyond it Phi is 0 or 1 and its density 0, in both precisions
ROOT_HALF = math.sqrt(0.5)
DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)
TWICE_SCALE = 2.0 * math.sqrt(2.0 / math.pi)
CUBIC = 0.044715


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = x Phi(x), with Phi(x) = (1 + erf(x / sqrt(2))) / 2."""
    for i in range(y.shape[0]):
        above = _above_edge(x[i])
        y[i] = above * (like(x[i], 0.5) + like(x[i], 0.5) * erf(above * like(x[i], ROOT_HALF)))


@kernel(dx="*N", dy="*N", x="*N", y="*N")
def backward(dx, dy, x, y):
    """Dx = dy (Phi(x) + x phi(x)), with Phi(x) = y / x and phi the density of the normal distribution."""
    for i in range(dx.shape[0]):
        a = clamp(x[i], like(x[i], -EDGE), like(x[i], EDGE))
        density = like(a, DENSITY_AT_0) * exp(like(a, -0.5) * a * a)
        dx[i] = dy[i] * (gate(y[i], x[i], like(x[i], FULL)) + a * density)


@kernel(y="*N", x="*N")
def forward_tanh(y, x):
    """Y = x (1 + tanh(s)) / 2 = x sigmoid(2 s), with s = sqrt(2 / pi) (x + 0.044715 x**3)."""
    for i in range(y.shape[0]):
        a = clamp(x[i], like(x[i], -EDGE), like(x[i], EDGE))
        twice = like(a, TWICE_SCALE) * (a + like(a, CUBIC) * a * a * a)
        y[i] = _above_edge(x[i]) * sigmoid(twice)


@kernel(dx="*N", dy="*N", x="*N", y="*N")
def backward_tanh(dx, dy, x, y):
    """Dx = dy (g + y (1 - g) 2 s'), with the gate g = y / x and s' = sqrt(2 / pi) (1 + 3 * 0.044715 x**2)."""
    for i in range(dx.shape[0]):
        full = like(x[i], FULL)
        g = gate(y[i], x[i], full)
        a = clamp(x[i], like(x[i], -EDGE), like(x[i], EDGE))
        steepness = like(a, TWICE_SCALE) + like(a, 3 * TWICE_SCALE * CUBIC) * a * a
        least = full if y[i] > full else y[i]  # where 1 - g is 0, y may be inf
        dx[i] = dy[i] * (g + least * (like(a, 1.0) - g) * steepness)


@device
def _above_edge(x: float) -> float:
    """Hold x where Phi is just 0: -inf * 0 would be NaN."""
    return like(x, -EDGE) if x < like(x, -EDGE) else x


class GELU(Layer):
    """Gaussian error linear unit: y = x * Phi(x), Phi the normal distribution function.

    A smooth ReLU that dips a little below 0 (to -0.17 at x = -0.75). The activation of transformers, and a good one in any
    deep net. `approximate: tanh` is x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2, within 0.0005 of it: for nets
    trained that way (GPT-2), and cheaper.

        - dense: 32
        - gelu
        - dense: 32
        - gelu: {approximate: tanh}

    Options:

    - approximate: none is exact; tanh is the cheaper form.

    Source: Hendrycks and Gimpel, Gaussian error linear units (2016).
    """

    name = "gelu"
    group = "activations"
    main = "approximate"
    approximate: Literal["none", "tanh"] = "none"

    kernels: ClassVar[dict[str, tuple[Any, Any]]] = {
        "none": (forward, backward),
        "tanh": (forward_tanh, backward_tanh),
    }
    init_hint = "he"
    elementwise = True
    cases: ClassVar[Sequence[Case]] = (Case(), Case({"approximate": "tanh"}, shape=(2, 3)))

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        there, back = self.kernels[self.approximate]
        y = net.array(x.shape)
        net.call(there, backward=(back,), y=y, x=x)
        return y
