"""Surface: landscapes of two coordinates, for watching optimizers walk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.losses.loss import Loss, LossCase, spelt
from dllab.symbols import Dim, Net, ShapeError, Value

Landscape = Literal["bowl", "valley", "rosenbrock", "saddle", "beale", "himmelblau"]
LANDSCAPES: tuple[Landscape, ...] = ("bowl", "valley", "rosenbrock", "saddle", "beale", "himmelblau")
BOWL, VALLEY, ROSENBROCK, SADDLE, BEALE, HIMMELBLAU = range(6)

STEEPNESS = 25.0
"""The larger of the valley's two curvatures; the smaller is 1."""


@device
def height(kind: float, a: float, b: float) -> float:
    """The value of landscape number `kind` of LANDSCAPES at (a, b)."""
    if kind == BOWL:
        return like(a, 0.5) * (a * a + b * b)
    if kind == VALLEY:
        return like(a, 0.5) * (a * a + like(a, STEEPNESS) * b * b)
    if kind == ROSENBROCK:
        across, along = b - a * a, like(a, 1.0) - a
        return along * along + like(a, 100.0) * across * across
    if kind == SADDLE:
        return like(a, 0.5) * (a * a - b * b) + like(a, 0.25) * b * b * b * b
    if kind == BEALE:
        one = like(a, 1.0)
        u = like(a, 1.5) - a * (one - b)
        v = like(a, 2.25) - a * (one - b * b)
        w = like(a, 2.625) - a * (one - b * b * b)
        return u * u + v * v + w * w
    u, v = a * a + b - like(a, 11.0), a + b * b - like(a, 7.0)
    return u * u + v * v


@device
def slopes(kind: float, a: float, b: float) -> tuple[float, float]:
    """The gradient of `height` at (a, b)."""
    if kind == BOWL:
        return a, b
    if kind == VALLEY:
        return a, like(a, STEEPNESS) * b
    if kind == ROSENBROCK:
        across, along = b - a * a, like(a, 1.0) - a
        return like(a, -2.0) * along - like(a, 400.0) * a * across, like(a, 200.0) * across
    if kind == SADDLE:
        return a, b * b * b - b
    two = like(a, 2.0)
    if kind == BEALE:
        one = like(a, 1.0)
        u = like(a, 1.5) - a * (one - b)
        v = like(a, 2.25) - a * (one - b * b)
        w = like(a, 2.625) - a * (one - b * b * b)
        da = u * (b - one) + v * (b * b - one) + w * (b * b * b - one)
        return two * da, two * a * (u + two * b * v + like(a, 3.0) * b * b * w)
    u, v = a * a + b - like(a, 11.0), a + b * b - like(a, 7.0)
    return two * (two * a * u + v), two * (u + two * b * v)


@kernel(loss="1:float64", x="B 2", kind="", batch=":int64")
def forward(loss, x, kind, batch):
    """Loss = the sum of the heights at the rows of x / batch."""
    total = 0.0
    for n in range(x.shape[0]):
        total += height(kind, x[n, 0], x[n, 1])
    loss[0] = total / batch


@kernel(dx="B 2", x="B 2", kind="", batch=":int64")
def backward(dx, x, kind, batch):
    """Dx = the slopes / batch."""
    for n in range(dx.shape[0]):
        da, db = slopes(kind, x[n, 0], x[n, 1])
        dx[n, 0] = da / batch
        dx[n, 1] = db / batch


class Surface(Loss):
    """Surface: the height f(a, b) of a landscape at the two outputs (a, b) of the net, the mean over the batch.

    There is nothing to predict and so no targets; under the layer `point` the outputs are the parameters themselves, and
    an optimizer walks downhill. Each landscape has its own trouble:

    - bowl: (a^2 + b^2) / 2. The same slope in all directions; sgd diverges for lr above 2. Minimum 0 at (0, 0).
    - valley: (a^2 + 25 b^2) / 2. Steep across and flat along, by 25 to 1; sgd diverges for lr above 2/25. Minimum 0 at
      (0, 0).
    - rosenbrock: (1 - a)^2 + 100 (b - a^2)^2. A bent valley, easy to find and slow to follow. Minimum 0 at (1, 1).
    - saddle: (a^2 - b^2) / 2 + b^4 / 4. Flat at (0, 0), which is no minimum; those are -1/4 at (0, 1) and (0, -1).
    - beale: (1.5 - a + a b)^2 + (2.25 - a + a b^2)^2 + (2.625 - a + a b^3)^2. Plateaus between walls. Minimum 0 at
      (3, 0.5).
    - himmelblau: (a^2 + b - 11)^2 + (a + b^2 - 7)^2. Four minima of 0, one at (3, 2): the start decides.

        input: [1]
        model: [{point: [-1.5, 2.0]}]
        loss: {surface: valley}
        optimizer: {sgd: 0.05}

    Options:

    - surface: the landscape.

    Source: Rosenbrock, An automatic method for finding the greatest or least value of a function (1960); Beale, On an
    iterative method for finding a local minimum (1958); Himmelblau, Applied nonlinear programming (1972).
    """

    name = "surface"
    group = "without data"
    main = "surface"
    surface: Landscape = "bowl"
    targets: ClassVar[Literal["labels", "values", "none"]] = "none"
    cases: ClassVar[Sequence[LossCase]] = tuple(LossCase({"surface": kind}, outputs=2) for kind in LANDSCAPES)

    def check(self, shape: tuple[Dim, ...], wanted: tuple[int, ...], labelled: bool) -> None:
        """Two outputs it must be, whatever the targets."""
        if shape != (2,):
            problem = f"surface is the height at two outputs, a and b, not at {spelt(shape)}"
            raise ShapeError(f"{problem}; end the model in a point of two coordinates, or in dense: 2")

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        kind, batch = net.constant(LANDSCAPES.index(self.surface)), net.counter("batch")
        net.call(forward, backward=(backward,), loss=loss, x=x, kind=kind, batch=batch)
