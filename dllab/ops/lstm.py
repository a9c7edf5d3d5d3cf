"""LSTM: a recurrent net with a memory that gates open and close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_Y, FROM_ZERO
from dllab.core.vecmath import sigmoid, tanh
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Case
from dllab.ops.recurrent import (
    Recurrent,
    backward_b,
    backward_wh,
    backward_wx,
    backward_x,
    gates_to_state,
    inputs_to_gates,
    ladder,
    scratch,
    state_to_gates,
    turn,
)
from dllab.symbols import Net, Parameter, Value


@kernel(y="B T H", z="B T G", c="B T H", squashed="B T H", x="B T F", wx="F G", wh="H G", b="G", of_step="T:int64",
        to_step="T:int64", of_row="B:int64", to_row="B:int64")  # fmt: skip
def forward(y, z, c, squashed, x, wx, wh, b, of_step, to_step, of_row, to_row):
    """Z = the gates i, f, g, o after their activations; c = f c[t - 1] + i g; y = o tanh(c), squashed = tanh(c)."""
    units = y.shape[2]
    inputs_to_gates(z, x, wx, b, of_step, to_step)
    ladder(of_row, y.shape[1] * units)
    ladder(to_row, z.shape[1] * z.shape[2])
    for t in range(y.shape[1]):
        if t > 0:
            state_to_gates(z, t, y, wh, of_row, to_row, FROM_Y)
        for n in range(y.shape[0]):
            row = z[n, t]
            i, f, g, o = row[:units], row[units : 2 * units], row[2 * units : 3 * units], row[3 * units :]
            cell, curve, out, before = c[n, t], squashed[n, t], y[n, t], c[n, max(t - 1, 0)]
            for j in range(units):
                i[j], f[j], g[j], o[j] = sigmoid(i[j]), sigmoid(f[j]), tanh(g[j]), sigmoid(o[j])
            if t > 0:
                for j in range(units):
                    cell[j] = f[j] * before[j] + i[j] * g[j]
            else:
                for j in range(units):
                    cell[j] = i[j] * g[j]
            for j in range(units):
                curve[j] = tanh(cell[j])
                out[j] = o[j] * curve[j]


@kernel(dz="B T G", dh="B H", dc="B H", dy="B T H", z="B T G", c="B T H", squashed="B T H", wh="H G", turned="G H",
        of_row="B:int64", to_row="B:int64")  # fmt: skip
def backward(dz, dh, dc, dy, z, c, squashed, wh, turned, of_row, to_row):
    """Dz, from the last step to the first; dh and dc are what later steps say of a step's state."""
    units, steps = dh.shape[1], dy.shape[1]
    turn(turned, wh)
    ladder(of_row, steps * dz.shape[2])
    ladder(to_row, units)
    for n in range(dh.shape[0]):
        slope, cell = dh[n], dc[n]
        for j in range(units):
            slope[j] = 0
            cell[j] = 0
    for back in range(steps):
        t = steps - 1 - back
        for n in range(dh.shape[0]):
            row, to, slope, cell, out, curve = z[n, t], dz[n, t], dh[n], dc[n], dy[n, t], squashed[n, t]
            i, f, g, o = row[:units], row[units : 2 * units], row[2 * units : 3 * units], row[3 * units :]
            di, df, dg, do = to[:units], to[units : 2 * units], to[2 * units : 3 * units], to[3 * units :]
            before = c[n, max(t - 1, 0)]
            one, kept = like(i[0], 1.0), like(i[0], 1.0 if t > 0 else 0.0)
            for j in range(units):
                here = slope[j] + out[j]
                memory = cell[j] + here * o[j] * (one - curve[j]) * (one + curve[j])
                do[j] = here * curve[j] * o[j] * (one - o[j])
                di[j] = memory * g[j] * i[j] * (one - i[j])
                df[j] = memory * (kept * before[j]) * f[j] * (one - f[j])
                dg[j] = memory * i[j] * (one - g[j]) * (one + g[j])
                cell[j] = memory * f[j]
        if t > 0:
            gates_to_state(dh, dz, t, turned, of_row, to_row, FROM_ZERO)


class ForgetBias(Initializer):
    """Zeros, and the same number for every forget gate: not a part that recipes name."""

    value: float

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray[Any, Any]:
        """(4 H,): the second quarter belongs to f."""
        b = np.zeros(shape)
        quarter = shape[0] // 4
        b[quarter : 2 * quarter] = self.value
        return b


class Lstm(Recurrent):
    """LSTM (long short-term memory): c = f * c[t - 1] + i * g, h = o * tanh(c).

    The gates i, f, o = sigmoid(x wx + h[t - 1] wh + b) and the candidate g = tanh(...) decide what is written to the memory
    c, what is kept and what is shown. Along c a gradient is multiplied by f only, so it lives over hundreds of steps where
    that of a plain rnn is gone after ten. x (B, T, F) becomes all states (B, T, H), or the last (B, H). wx is (F, 4 H), wh
    (H, 4 H), b (4 H,), the gates in the order i, f, g, o. Backward: through time, from the last step to the first.

        - lstm: 64
        - lstm: {units: 64, return: last, forget_bias: 1}

    Options:

    - units: H, the size of state and memory.
    - return: sequence gives the states of all steps, last the state after the last one.
    - init: how wx starts; left out, xavier.
    - recurrent_init: how wh starts; left out, orthogonal.
    - forget_bias: what the forget gate's bias starts at; 1 lets it remember from the start.

    Source: Hochreiter and Schmidhuber, Long short-term memory (1997); the forget gate: Gers, Schmidhuber, Cummins, Learning
    to forget (2000).
    """

    name = "lstm"
    forget_bias: Annotated[float, Field(ge=-100, le=100)] = 1.0
    gates: ClassVar[int] = 4

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(4, 2)),
        Case({"units": 2, "return": "last"}, shape=(5, 3)),
        Case({"units": 2, "forget_bias": -1.0}, shape=(1, 2), batch=1),
    )

    def run(self, net: Net, x: Value, wx: Parameter, wh: Parameter) -> Value:
        """One row forward; backward one through time, then products with all steps at once."""
        shape = (*x.shape[:2], self.units)
        b = net.parameter("b", (4 * self.units,), ForgetBias(value=self.forget_bias), decays=False)
        y = net.array(shape)
        state = {name: net.array((x.shape[0], self.units), name) for name in ("dh", "dc")}
        net.call(
            forward, backward=(backward, backward_wh, backward_wx, backward_b, backward_x), y=y, x=x, wx=wx, wh=wh, b=b,
            z=net.array((*x.shape[:2], 4 * self.units), "z"), dz=net.array((*x.shape[:2], 4 * self.units), "dz"),
            c=net.array(shape, "c"), squashed=net.array(shape, "squashed"), h=y,
            **state, **scratch(net, x, self.units, 4 * self.units),
        )  # fmt: skip
        return y
