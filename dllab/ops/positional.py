"""Positional: where a step stands, added to what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np

from dllab.catalogue import Nested, find
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Case, Layer
from dllab.ops.sequence import sequence
from dllab.symbols import Net, Value

LONGEST = 10_000.0
"""The wave of the last columns takes this many steps, about, for a sixth of its way."""


@kernel(y="B T F", x="B T F", p="T F")
def forward(y, x, p):
    """Y = x + p."""
    for n in range(y.shape[0]):
        for t in range(y.shape[1]):
            to, of, place = y[n, t], x[n, t], p[t]
            for f in range(to.shape[0]):
                to[f] = of[f] + place[f]


@kernel(dx="*N", dy="*N")
def backward_x(dx, dy):
    """Dx = dy."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i]


@kernel(dp="T F", dy="B T F")
def backward_p(dp, dy):
    """Dp = the sum of dy over the batch."""
    for t in range(dp.shape[0]):
        row = dp[t]
        for f in range(row.shape[0]):
            row[f] = 0
    for n in range(dy.shape[0]):
        for t in range(dp.shape[0]):
            row, slope = dp[t], dy[n, t]
            for f in range(row.shape[0]):
                row[f] += slope[f]


def waves(steps: int, features: int) -> np.ndarray:
    """(T, F): column 2 i is sin(t / 10000^(2 i / F)), column 2 i + 1 the cosine of the same."""
    rates = LONGEST ** -(2 * (np.arange(features) // 2) / features)
    angles = np.arange(steps)[:, None] * rates
    return np.where(np.arange(features) % 2 == 0, np.sin(angles), np.cos(angles))


class Positional(Layer):
    """Positional encoding: y[t] = x[t] + p[t], p (T, F) being learnt, or waves of many lengths.

    Attention treats its steps as a bag; this tells it their order. Put it behind the embedding. sinusoidal: p[t, 2 i] =
    sin(t / 10000^(2 i / F)), p[t, 2 i + 1] = cos(the same), nothing to learn, any length alike; learned: T F parameters,
    as good or better on lengths that training has seen. Padding
    has its positions too. Backward: dx = dy, dp = the sum of dy over the batch.

        - positional
        - positional: learned

    Options:

    - kind: sinusoidal or learned.
    - init: how learned positions start; left out, normal numbers of standard deviation 0.02.

    Source: Vaswani and others, Attention is all you need (2017), section 3.5.
    """

    name = "positional"
    group = "sequences"
    main = "kind"
    kind: Literal["sinusoidal", "learned"] = "sinusoidal"
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(4, 5)),
        Case({"kind": "learned"}, shape=(3, 2)),
        Case({"kind": "learned"}, shape=(4, 1), lengths=True),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one or two backward."""
        steps, features = sequence(x)
        y = net.array(x.shape)
        if self.kind == "learned":
            init = self.init or find("initializers", "normal")(std=0.02)  # type: ignore[call-arg]
            p: Value = net.parameter("p", (steps, features), init)
            net.call(forward, backward=(backward_x, backward_p), y=y, x=x, p=p)
        else:
            p = net.view(net.vector(waves(steps, features).reshape(-1)), (steps, features))
            net.call(forward, backward=(backward_x,), y=y, x=x, p=p)
        return y
