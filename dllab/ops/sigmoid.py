"""Sigmoid: any number to one between 0 and 1."""

from __future__ import annotations

from dllab.core import vecmath
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.ops.layer import Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = 1 / (1 + exp(-x))."""
    for i in range(y.shape[0]):
        y[i] = vecmath.sigmoid(x[i])


@kernel(dx="*N", dy="*N", y="*N")
def backward(dx, dy, y):
    """Dx = dy y (1 - y)."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] * (y[i] * (like(y[i], 1.0) - y[i]))


class Sigmoid(Pointwise):
    """Sigmoid (logistic function): y = 1 / (1 + exp(-x)), between 0 and 1.

    As the last layer it turns a score into the probability of a yes; with binary_cross_entropy the loss is then computed on
    the scores, which is exact however sure the net is. Between layers tanh or relu learn faster: the slope here is at most
    1/4, and fades on both sides.

        - dense: 1
        - sigmoid

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.2.
    """

    name = "sigmoid"
    kernels = (forward, backward)
    init_hint = "xavier"
    flat = (0.0152, 0.9848)
