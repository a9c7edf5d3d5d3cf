"""Step: yes or no."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.ops.layer import Case, Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = 1 where x > 0, else 0; a NaN stays a NaN."""
    for i in range(y.shape[0]):
        flat = 0 if x[i] <= 0 else x[i]
        y[i] = 1 if x[i] > 0 else flat


@kernel(dx="*N")
def backward(dx):
    """Dx = 0."""
    for i in range(dx.shape[0]):
        dx[i] = 0


class Step(Pointwise):
    """Step (Heaviside function): y = 1 where x > 0, else 0.

    The unit of the perceptron. Its slope is 0 everywhere, so no gradient comes through it: as the last layer with the
    perceptron loss (which looks at what goes into it) it learns, between layers it stops all learning below.

        - dense: {units: 1, init: zeros}
        - step

    Source: Rosenblatt, The perceptron: a probabilistic model for information storage and organization in the brain (1958).
    """

    name = "step"
    kernels = (forward, backward)
    cases = (Case(kink=1e-3),)
