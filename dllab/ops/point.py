"""Point: parameters alone, without a net around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from dllab.catalogue import Nested, Size
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value

DEFAULT_SIZE = 2

Coordinate = Annotated[float, Field(allow_inf_nan=False)]


@kernel(y="B F", p="F")
def forward(y, p):
    """Every row of y = p."""
    for n in range(y.shape[0]):
        row = y[n]
        for f in range(row.shape[0]):
            row[f] = p[f]


@kernel(dp="F", dy="B F")
def backward_p(dp, dy):
    """Dp = the sum of dy over the batch."""
    for f in range(dp.shape[0]):
        dp[f] = 0
    for n in range(dy.shape[0]):
        row = dy[n]
        for f in range(row.shape[0]):
            dp[f] += row[f]


@kernel(dx="*N")
def backward_x(dx):
    """Dx = 0: the input does not matter."""
    for i in range(dx.shape[0]):
        dx[i] = 0


class Start(Initializer):
    """The coordinates a recipe gives; no part that a recipe could name."""

    values: tuple[float, ...]

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """The values themselves; `fans` and `key` do not matter."""
        return np.array(self.values, np.float64).reshape(shape)


class Point(Layer):
    """Point: y = p, the parameters themselves, whatever the input is.

    A net that is nothing but a place to stand on. With the loss `surface` it shows how an optimizer walks over a
    landscape of two coordinates, by the same code that trains a net. The input is not looked at: every row of the batch
    gives the same y (B, size), so one row is enough. Backward: dp = the sum of dy over the batch, dx = 0. The
    coordinates count as weights, so weight decay and penalties pull them to 0; being of one axis they are no matrix to
    muon, which moves them as adam does.

        input: [1]
        model: [{point: [-1.5, 2.0]}]
        loss: {surface: rosenbrock}
        optimizer: {momentum: 0.001}

    Options:

    - start: coordinates to begin at; left out, `init` draws them.
    - size: how many coordinates, where `start` does not say.
    - init: how the coordinates start; left out, at 0.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 4.3, where descent starts from a point.
    """

    name = "point"
    group = "with weights"
    main = "start"
    start: Annotated[tuple[Coordinate, ...], Field(strict=False, min_length=1, max_length=10_000)] | None = None
    size: Size | None = None
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (Case({"start": [0.5, -1.5, 2.0]}), Case({"size": 4}, shape=(2, 3), batch=1))

    @model_validator(mode="after")
    def _one_start(self) -> Point:
        if self.start is not None and (self.size is not None or self.init is not None):
            other = "size" if self.size is not None else "init"
            raise ValueError(f"both start and {other} say where the point begins; keep one")
        return self

    def build(self, net: Net, x: Value) -> Value:
        """One row forward; the sum over the batch backward."""
        size, initializer = self.size or DEFAULT_SIZE, self.init
        if self.start is not None:
            size, initializer = len(self.start), Start(values=self.start)
        p = net.parameter("p", (size,), initializer)
        y = net.array((x.shape[0], size))
        backward: Any = (backward_p, backward_x)
        net.call(forward, backward=backward, y=y, x=x, p=p)
        return y
