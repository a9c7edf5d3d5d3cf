"""Upsample: pictures and signals made larger by repeating what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.ops.layer import Case, Layer, Reach
from dllab.ops.window import picture
from dllab.symbols import Dim, Net, ShapeError, Value

Factor = Annotated[int, Field(ge=1, le=64)]


@kernel(y="B Y X C", x="B H W C", down=":int64", across=":int64")
def forward(y, x, down, across):
    """Every number of x stands in a block of down * across places of y."""
    for n in range(x.shape[0]):
        for h in range(x.shape[1]):
            for w in range(x.shape[2]):
                of = x[n, h, w]
                for i in range(down):
                    for j in range(across):
                        to = y[n, h * down + i, w * across + j]
                        for c in range(of.shape[0]):
                            to[c] = of[c]


@kernel(dx="B H W C", dy="B Y X C", down=":int64", across=":int64")
def backward(dx, dy, down, across):
    """Dx = the sum of dy over the block."""
    for n in range(dx.shape[0]):
        for h in range(dx.shape[1]):
            for w in range(dx.shape[2]):
                to = dx[n, h, w]
                for c in range(to.shape[0]):
                    to[c] = 0
                for i in range(down):
                    for j in range(across):
                        slope = dy[n, h * down + i, w * across + j]
                        for c in range(to.shape[0]):
                            to[c] += slope[c]


class Upsample(Layer):
    """Upsample: y = x with each pixel a block of equal ones, y[h, w] = x[h // factor, w // factor].

    Pictures (B, H, W, C) and signals (B, T, C). The way back up in autoencoders and generators: upsample, then a
    convolution that smooths the blocks. Against conv_transpose it leaves no checkerboard patterns, which overlapping
    kernels do. Nearest neighbour, no parameters. Where sequences end is forgotten: padding is enlarged with the rest,
    and layers behind take it for steps. Backward: dx = the sum of dy over the block.

        - upsample: 2
        - upsample: {factor: [1, 2]}

    Options:

    - factor: how many times larger each axis gets; two numbers are those of height and width.

    Source: Odena, Dumoulin, Olah, Deconvolution and checkerboard artifacts (2016).
    """

    name = "upsample"
    group = "pictures and signals"
    main = "factor"
    factor: Factor | Annotated[tuple[Factor, Factor], Field(strict=False)] = 2

    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(2, 3, 4)),
        Case({"factor": 3}, shape=(4, 2)),
        Case({"factor": [1, 3]}, shape=(3, 2, 1), batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward; a signal is a picture of width 1."""
        if len(x.shape) != 3:
            picture(x)
        factors = self._factors(len(x.shape))
        sizes: Any = x.shape[1:-1]
        larger = tuple(size * factor for size, factor in zip(sizes, factors))
        height, width = (*sizes, 1)[:2]
        down, across = (*factors, 1)[:2]
        y = net.array((x.shape[0], height * down, width * across, x.features))
        of = net.view(x, (x.shape[0], height, width, x.features))
        net.call(forward, backward=(backward,), y=y, x=of, down=net.whole(down), across=net.whole(across))
        return net.view(y, (x.shape[0], *larger, x.features))

    def reach(self, x: tuple[Dim, ...]) -> Reach | None:
        """Every pixel makes a block of others."""
        factors = self._factors(len(x))
        return Reach(kernel=factors, growth=factors)

    def _factors(self, axes: int) -> tuple[int, ...]:
        """One factor for each axis between batch and channels. Raises ShapeError."""
        if isinstance(self.factor, int):
            return (self.factor,) * (axes - 2)
        if axes == 3:
            raise ShapeError("a signal (B, steps, channels) has one axis to enlarge; give it one number, not a pair")
        return self.factor
