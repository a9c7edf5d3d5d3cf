"""RNN: a net whose state is one more input of the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from dllab.core import vecmath
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_Y, FROM_ZERO
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


@kernel(y="B T H", x="B T F", wx="F H", wh="H H", b="H", of_step="T:int64", to_step="T:int64", of_row="B:int64",
        to_row="B:int64", rectified=":int64")  # fmt: skip
def forward(y, x, wx, wh, b, of_step, to_step, of_row, to_row, rectified):
    """Y[t] = f(x[t] wx + y[t - 1] wh + b), f being max(0, .) where `rectified`, else tanh."""
    inputs_to_gates(y, x, wx, b, of_step, to_step)
    ladder(of_row, y.shape[1] * y.shape[2])
    ladder(to_row, y.shape[1] * y.shape[2])
    for t in range(y.shape[1]):
        if t > 0:
            state_to_gates(y, t, y, wh, of_row, to_row, FROM_Y)
        for n in range(y.shape[0]):
            row = y[n, t]
            if rectified:
                for j in range(row.shape[0]):
                    row[j] = row[j] if not row[j] <= 0 else like(row[j], 0.0)
            else:
                for j in range(row.shape[0]):
                    row[j] = vecmath.tanh(row[j])


@kernel(dz="B T H", dh="B H", dy="B T H", y="B T H", wh="H H", turned="H H", of_row="B:int64", to_row="B:int64",
        rectified=":int64")  # fmt: skip
def backward(dz, dh, dy, y, wh, turned, of_row, to_row, rectified):
    """Dz, from the last step to the first; dh is what later steps say of a step's state."""
    steps, units = y.shape[1], y.shape[2]
    turn(turned, wh)
    ladder(of_row, steps * units)
    ladder(to_row, units)
    for n in range(dh.shape[0]):
        slope = dh[n]
        for j in range(units):
            slope[j] = 0
    for back in range(steps):
        t = steps - 1 - back
        for n in range(dh.shape[0]):
            row, to, slope, out = y[n, t], dz[n, t], dh[n], dy[n, t]
            if rectified:
                for j in range(units):
                    to[j] = slope[j] + out[j] if row[j] > 0 else like(out[j], 0.0)
            else:
                for j in range(units):
                    to[j] = (slope[j] + out[j]) * ((like(row[j], 1.0) - row[j]) * (like(row[j], 1.0) + row[j]))
        if t > 0:
            gates_to_state(dh, dz, t, turned, of_row, to_row, FROM_ZERO)


class Rnn(Recurrent):
    """Recurrent layer (Elman): h = tanh(x wx + h[t - 1] wh + b), from the first step to the last; before it h is 0.

    The state h carries what has been seen to the next step, with the same weights at every step. It learns what lies a few
    steps apart; over longer ones the gradient is multiplied by wh again and again, and fades or grows: for those take an
    lstm or a gru. x (B, T, F) becomes all states (B, T, H), or the last (B, H). wx is (F, H), wh (H, H), b (H,). Backward:
    through time, dz = f'(z) (dh + dz[t + 1] wh').

        - rnn: 32
        - rnn: {units: 32, activation: relu, return: last}

    Options:

    - units: H, the size of the state.
    - activation: tanh keeps the state between -1 and 1; relu does not, and wants a small learning rate.
    - return: sequence gives the states of all steps, last the state after the last one.
    - init: how wx starts; left out, xavier.
    - recurrent_init: how wh starts; left out, orthogonal.

    Source: Elman, Finding structure in time (1990).
    """

    name = "rnn"
    activation: Literal["tanh", "relu"] = "tanh"
    gates: ClassVar[int] = 1

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(4, 2)),
        Case({"units": 2, "return": "last"}, shape=(5, 3)),
        Case({"units": 3, "activation": "relu"}, shape=(3, 2), batch=1),
    )

    def run(self, net: Net, x: Value, wx: Parameter, wh: Parameter) -> Value:
        """One row forward; backward one through time, then products with all steps at once."""
        shape = (*x.shape[:2], self.units)
        b = net.parameter("b", (self.units,), decays=False)
        y = net.array(shape)
        net.call(
            forward, backward=(backward, backward_wh, backward_wx, backward_b, backward_x), y=y, x=x, wx=wx, wh=wh, b=b,
            h=y, dz=net.array(shape, "dz"), dh=net.array((x.shape[0], self.units), "dh"),
            rectified=net.whole(int(self.activation == "relu")), **scratch(net, x, self.units, self.units),
        )  # fmt: skip
        return y
