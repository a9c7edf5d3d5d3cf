"""RNN: a net whose state is one more input of the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_Y, FROM_ZERO
from dllab.ops.layer import Case
from dllab.ops.recurrent import Recurrent, Run
from dllab.ops.through_time import (
    at_step,
    backward_b,
    backward_start,
    backward_wh,
    backward_wx,
    backward_x,
    gates_to_state,
    inputs_to_gates,
    last_states,
    longest,
    nothing,
    nothing_behind,
    space,
    state_to_gates,
    tanh,
    turn,
)
from dllab.symbols import Value


@kernel(y="B T H", y_h="B H", x="B T F", wx="F H", wh="H H", spaced="H P", b="H", start="B H", ends="B:int32",
        rows="5 B:int64", begins=":int64", rectified=":int64")  # fmt: skip
def forward(y, y_h, x, wx, wh, spaced, b, start, ends, rows, begins, rectified):
    """Y[t] = f(x[t] wx + y[t - 1] wh + b), f being max(0, .) where `rectified`, else tanh; y_h = y at the end."""
    units, size = y.shape[2], y.shape[1] * y.shape[2]
    if not begins:
        nothing(start)
    space(spaced, wh)
    for t in range(longest(ends)):
        count = at_step(rows, ends, t, size, size, units)
        inputs_to_gates(y, t, x, wx, b, rows, count)
        if t > 0:
            state_to_gates(y, t * units, rows[1], y, (t - 1) * units, rows[1], count, spaced, 0, units, y, FROM_Y)
        elif begins:
            state_to_gates(y, 0, rows[1], start, 0, rows[3], count, spaced, 0, units, y, FROM_Y)
        for m in range(count):
            row = y[rows[0, m], t]
            if rectified:
                for j in range(row.shape[0]):
                    row[j] = row[j] if not row[j] <= 0 else like(row[j], 0.0)
            else:
                for j in range(row.shape[0]):
                    row[j] = tanh(row[j])
    nothing_behind(y, ends, y.shape[1])
    last_states(y_h, y, start, ends)


@kernel(dz="B T H", dy_h="B H", dy="B T H", y="B T H", wh="H H", turned="H R", ends="B:int32", rows="5 B:int64",
        begins=":int64", rectified=":int64")  # fmt: skip
def backward(dz, dy_h, dy, y, wh, turned, ends, rows, begins, rectified):
    """Dz, from the last step to the first; dy_h goes back with it: what later steps say of a step's state."""
    most, units, size = longest(ends), y.shape[2], y.shape[1] * y.shape[2]
    turn(turned, wh)
    nothing_behind(dz, ends, most)
    for back in range(most):
        t = most - 1 - back
        count = at_step(rows, ends, t, size, size, units)
        for m in range(count):
            n = rows[0, m]
            row, to, slope, out = y[n, t], dz[n, t], dy_h[n], dy[n, t]
            if rectified:
                for j in range(units):
                    to[j] = slope[j] + out[j] if row[j] > 0 else like(out[j], 0.0)
            else:
                for j in range(units):
                    to[j] = (slope[j] + out[j]) * ((like(row[j], 1.0) - row[j]) * (like(row[j], 1.0) + row[j]))
        if t > 0 or begins:
            gates_to_state(dy_h, rows[3], dz, t * units, rows[1], count, turned, 0, units, FROM_ZERO)


class Rnn(Recurrent):
    """Recurrent layer (Elman): h = tanh(x wx + h[t - 1] wh + b), from the first step to the last.

    The state h, 0 before the first step, carries what has been seen to the next step, with the same weights at every
    step. It learns what lies a few steps apart; over longer ones the gradient is multiplied by wh again and again, and
    fades or grows: for those take an lstm or a gru. x (B, T, F) becomes all states (B, T, H), or the last (B, H). wx is
    (F, H), wh (H, H), b (H,). Of sequences with lengths only the steps that are there count: behind them h is 0, and
    the last state is that of the last step that is there. Backward: through time, dz = f'(z) (dh + dz[t + 1] wh').

        - rnn: 32
        - rnn: {units: 32, activation: relu, return: last}
        - rnn: {units: 32, layers: 2, dropout: 0.2}

    Options:

    - units: H, the size of the state.
    - activation: tanh keeps the state between -1 and 1; relu does not, and wants a small learning rate.
    - return: sequence gives the states of all steps, last the state after the last one.
    - layers: so many on top of each other; wx, wh, b of the first, wx_2, wh_2, b_2 of the second, and so on.
    - dropout: chance of a number between two of these layers to be dropped in a training step.
    - start: label of a layer whose last state this one begins with; of a recurrent layer, or one that gives (B, H).
    - learn_start: the state before the first step is a parameter, h0 (H,), that begins at 0.
    - init: how wx starts; left out, xavier.
    - recurrent_init: how wh starts; left out, orthogonal.

    Source: Elman, Finding structure in time (1990).
    """

    name = "rnn"
    activation: Literal["tanh", "relu"] = "tanh"
    gates: ClassVar[int] = 1

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(4, 2)),
        Case({"units": 2, "return": "last"}, shape=(5, 3), lengths=True),
        Case({"units": 3, "activation": "relu"}, shape=(3, 2), batch=1),
        Case({"units": 3, "activation": "relu", "learn_start": True}, shape=(4, 2), lengths=True),
        Case({"units": 2, "layers": 3, "dropout": 0.3, "learn_start": True}, shape=(4, 2), lengths=True, carry=True),
        Case(
            {"units": 3, "start": "a"}, shape=(3, 2), before=({"rnn": {"units": 3, "name": "a"}},), lengths=True, carry=True
        ),
        Case(
            {"units": 3, "start": "a", "layers": 2}, shape=(3, 2), before=({"gru": {"units": 3, "layers": 2, "name": "a"}},)
        ),
        Case({"units": 3, "start": "a"}, shape=(3,), before=({"dense": {"units": 3, "name": "a"}}, {"reshape": [3, 1]})),
    )

    def run(self, run: Run) -> tuple[Value, ...]:
        """One row forward; backward one through time, then products with all steps at once."""
        y, y_h, b = run.sequence(1, "h"), run.state("last"), run.parameter("b", self.units)
        run.net.call(
            forward, backward=(backward, backward_wh, backward_wx, backward_b, backward_x, backward_start), y=y, y_h=y_h,
            b=b, h=y, dz=run.sequence(1, "dz"), rectified=run.net.whole(int(self.activation == "relu")), **run.operands(),
        )  # fmt: skip
        return y, y_h
