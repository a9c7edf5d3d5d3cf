"""LSTM: a recurrent net with a memory that gates open and close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_Y, FROM_ZERO
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Case
from dllab.ops.recurrent import Recurrent, Run
from dllab.ops.through_time import (
    at_step,
    backward_b,
    backward_start,
    backward_start_c,
    backward_wh,
    backward_wx,
    backward_x,
    gates_to_state,
    inputs_to_gates,
    last_states,
    longest,
    nothing,
    nothing_behind,
    sigmoid,
    space,
    state_to_gates,
    tanh,
    turn,
)
from dllab.symbols import Value


@kernel(y="B T H", y_h="B H", y_c="B H", z="B T G", c="B T H", squashed="B T H", x="B T F", wx="F G", wh="H G",
        spaced="H P", b="G", start="B H", start_c="B H", ends="B:int32", rows="5 B:int64", begins=":int64",
        begins_c=":int64")  # fmt: skip
def forward(y, y_h, y_c, z, c, squashed, x, wx, wh, spaced, b, start, start_c, ends, rows, begins, begins_c):
    """Z = the gates i, f, g, o after their activations; c = f c[t - 1] + i g; y = o tanh(c), squashed = tanh(c).

    The loops over units are short of operands, so that the compiler can see that they do not overlap.
    """
    units, size, wide, gates = y.shape[2], y.shape[1] * y.shape[2], z.shape[1] * z.shape[2], z.shape[2]
    if not begins:
        nothing(start)
    if not begins_c:
        nothing(start_c)
    space(spaced, wh)
    for t in range(longest(ends)):
        count = at_step(rows, ends, t, size, wide, units)
        inputs_to_gates(z, t, x, wx, b, rows, count)
        if t > 0:
            state_to_gates(z, t * gates, rows[2], y, (t - 1) * units, rows[1], count, spaced, 0, gates, y, FROM_Y)
        elif begins:
            state_to_gates(z, 0, rows[2], start, 0, rows[3], count, spaced, 0, gates, y, FROM_Y)
        for m in range(count):
            n = rows[0, m]
            row, cell, before = z[n, t], c[n, t], c[n, t - 1] if t > 0 else start_c[n]
            i, f, g, o = row[:units], row[units:], row[2 * units :], row[3 * units :]
            for j in range(units):
                i[j], f[j], g[j], o[j] = sigmoid(i[j]), sigmoid(f[j]), tanh(g[j]), sigmoid(o[j])
            for j in range(units):
                cell[j] = f[j] * before[j] + i[j] * g[j]
            curve, out = squashed[n, t], y[n, t]
            for j in range(units):
                curve[j] = tanh(cell[j])
                out[j] = o[j] * curve[j]
    nothing_behind(y, ends, y.shape[1])
    last_states(y_h, y, start, ends)
    last_states(y_c, c, start_c, ends)


@kernel(dz="B T G", dy_h="B H", dy_c="B H", dy="B T H", z="B T G", c="B T H", squashed="B T H", start_c="B H", wh="H G",
        turned="G R", ends="B:int32", rows="5 B:int64", begins=":int64")  # fmt: skip
def backward(dz, dy_h, dy_c, dy, z, c, squashed, start_c, wh, turned, ends, rows, begins):
    """Dz, from the last step to the first; dy_h and dy_c go back with it: what later steps say of a step's state."""
    most, units, gates = longest(ends), dy.shape[2], z.shape[2]
    size, wide = dy.shape[1] * units, z.shape[1] * gates
    turn(turned, wh)
    nothing_behind(dz, ends, most)
    for back in range(most):
        t = most - 1 - back
        count = at_step(rows, ends, t, size, wide, units)
        for m in range(count):
            n = rows[0, m]
            slope, cell, out, curve = dy_h[n], dy_c[n], dy[n, t], squashed[n, t]
            row, to, before = z[n, t], dz[n, t], c[n, t - 1] if t > 0 else start_c[n]
            i, f, g, o = row[:units], row[units:], row[2 * units :], row[3 * units :]
            di, df, dg, do = to[:units], to[units:], to[2 * units :], to[3 * units :]
            one = like(i[0], 1.0)
            for j in range(units):
                here = slope[j] + out[j]
                do[j] = here * curve[j] * o[j] * (one - o[j])
                cell[j] += here * o[j] * (one - curve[j]) * (one + curve[j])
            for j in range(units):
                di[j] = cell[j] * g[j] * i[j] * (one - i[j])
                dg[j] = cell[j] * i[j] * (one - g[j]) * (one + g[j])
            for j in range(units):
                df[j] = cell[j] * before[j] * f[j] * (one - f[j])
                cell[j] *= f[j]
        if t > 0 or begins:
            gates_to_state(dy_h, rows[3], dz, t * gates, rows[2], count, turned, 0, gates, FROM_ZERO)


class ForgetBias(Initializer):
    """Zeros, and the same number for every forget gate. It has no name, so recipes cannot ask for it."""

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
    (H, 4 H), b (4 H,), the gates in the order i, f, g, o. Of sequences with lengths only the steps that are there count:
    behind them h is 0, and the last state is that of the last step that is there. Backward: through time, from the last
    step to the first.

        - lstm: 64
        - lstm: {units: 64, return: last, forget_bias: 1}
        - lstm: {units: 64, name: encoder}
        - embedding: {units: 16, from: decoder}
        - lstm: {units: 64, start: encoder}

    Options:

    - units: H, the size of state and memory.
    - return: sequence gives the states of all steps, last the state after the last one.
    - layers: so many on top of each other; wx, wh, b of the first, wx_2, wh_2, b_2 of the second, and so on.
    - dropout: chance of a number between two of these layers to be dropped in a training step.
    - start: label of a layer whose last state this one begins with; of a recurrent layer, or one that gives (B, H). The
      memory is that of an lstm, too; where the other has none it begins at 0.
    - learn_start: the state and the memory before the first step are parameters, h0 and c0 (H,), that begin at 0.
    - init: how wx starts; left out, xavier.
    - recurrent_init: how wh starts; left out, orthogonal.
    - forget_bias: what the forget gate's bias starts at. 1 keeps three quarters of the memory from step to step at first;
      over gaps of 30 steps and more a net then often does not begin to learn, and with 3 to 5 it does (recipes
      temporal-order, recall).

    Source: Hochreiter and Schmidhuber, Long short-term memory (1997); the forget gate: Gers, Schmidhuber, Cummins, Learning
    to forget (2000).
    """

    name = "lstm"
    forget_bias: Annotated[float, Field(ge=-100, le=100)] = 1.0
    gates: ClassVar[int] = 4
    memory: ClassVar[bool] = True

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(4, 2)),
        Case({"units": 2, "return": "last"}, shape=(5, 3), lengths=True),
        Case({"units": 2, "forget_bias": -1.0}, shape=(1, 2), batch=1),
        Case({"units": 2, "layers": 2, "dropout": 0.3, "learn_start": True}, shape=(4, 2), lengths=True, carry=True),
        Case({"units": 2, "start": "a"}, shape=(3, 2), before=({"lstm": {"units": 2, "name": "a"}},), lengths=True),
        Case({"units": 2, "start": "a"}, shape=(3, 2), before=({"gru": {"units": 2, "name": "a"}},), carry=True),
    )

    def run(self, run: Run) -> tuple[Value, ...]:
        """One row forward; backward one through time, then products with all steps at once."""
        y, y_h, y_c = run.sequence(1, "h"), run.state("last"), run.state("last_c")
        b = run.parameter("b", 4 * self.units, ForgetBias(value=self.forget_bias))
        back = (backward, backward_wh, backward_wx, backward_b, backward_x, backward_start, backward_start_c)
        run.net.call(
            forward, backward=back, y=y, y_h=y_h, y_c=y_c, b=b, h=y, z=run.sequence(4, "z"), dz=run.sequence(4, "dz"),
            c=run.sequence(1, "c"), squashed=run.sequence(1, "squashed"), **run.operands(),
        )  # fmt: skip
        return y, y_h, y_c
