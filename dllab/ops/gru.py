"""GRU: a recurrent net with two gates and no separate memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_START, FROM_Y
from dllab.ops.layer import Case
from dllab.ops.recurrent import Recurrent, Run
from dllab.ops.through_time import (
    at_step,
    backward_b,
    backward_start,
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
    state_weights,
    tanh,
    total,
    turn,
)
from dllab.symbols import Value


@kernel(y="B T H", y_h="B H", z="B T G", a="B T H", x="B T F", wx="F G", wh="H G", spaced="H P", b="G", bh="H", start="B H",
        ends="B:int32", rows="5 B:int64", begins=":int64")  # fmt: skip
def forward(y, y_h, z, a, x, wx, wh, spaced, b, bh, start, ends, rows, begins):
    """Z = the gates r, z, n after their activations; a = bh + n's part of y[t - 1] wh; y = n + z (y[t - 1] - n)."""
    units, size, wide, gates = y.shape[2], y.shape[1] * y.shape[2], z.shape[1] * z.shape[2], z.shape[2]
    if not begins:
        nothing(start)
    space(spaced, wh)
    for t in range(longest(ends)):
        count = at_step(rows, ends, t, size, wide, units)
        inputs_to_gates(z, t, x, wx, b, rows, count)
        if t > 0:
            last, own = (t - 1) * units, t * units
            state_to_gates(z, t * gates, rows[2], y, last, rows[1], count, spaced, 0, 2 * units, y, FROM_Y)
            state_to_gates(a, own, rows[1], y, last, rows[1], count, spaced, 2 * units, units, bh, FROM_START)
        else:  # where start is 0, a = bh
            if begins:
                state_to_gates(z, 0, rows[2], start, 0, rows[3], count, spaced, 0, 2 * units, y, FROM_Y)
            state_to_gates(a, 0, rows[1], start, 0, rows[3], count, spaced, 2 * units, units, bh, FROM_START)
        for m in range(count):
            n = rows[0, m]
            row, of_c, out, before = z[n, t], a[n, t], y[n, t], y[n, t - 1] if t > 0 else start[n]
            front, r, u, c = row[: 2 * units], row[:units], row[units:], row[2 * units :]
            for j in range(2 * units):
                front[j] = sigmoid(front[j])
            for j in range(units):
                c[j] = tanh(c[j] + r[j] * of_c[j])
                out[j] = c[j] + u[j] * (before[j] - c[j])
    nothing_behind(y, ends, y.shape[1])
    last_states(y_h, y, start, ends)


@kernel(dz="B T G", da="B T H", dy_h="B H", dy="B T H", y="B T H", z="B T G", a="B T H", start="B H", wh="H G",
        turned="G R", ends="B:int32", rows="5 B:int64", begins=":int64")  # fmt: skip
def backward(dz, da, dy_h, dy, y, z, a, start, wh, turned, ends, rows, begins):
    """Dz, and da of a, from the last step to the first; dy_h goes back with it: what later steps say of a step's state."""
    most, units, gates = longest(ends), y.shape[2], z.shape[2]
    size, wide = y.shape[1] * units, z.shape[1] * gates
    turn(turned, wh)
    nothing_behind(dz, ends, most)
    nothing_behind(da, ends, most)
    for back in range(most):
        t = most - 1 - back
        count = at_step(rows, ends, t, size, wide, units)
        for m in range(count):
            n = rows[0, m]
            slope, out, of_c, tilt = dy_h[n], dy[n, t], a[n, t], da[n, t]
            row, to, before = z[n, t], dz[n, t], y[n, t - 1] if t > 0 else start[n]
            r, u, c = row[:units], row[units:], row[2 * units :]
            dr, du, dc = to[:units], to[units:], to[2 * units :]
            one = like(r[0], 1.0)
            for j in range(units):
                here = slope[j] + out[j]
                dc[j] = here * (one - u[j]) * (one - c[j]) * (one + c[j])
                slope[j] = here * u[j]
            for j in range(units):
                du[j] = slope[j] * (before[j] - c[j]) * (one - u[j])
            for j in range(units):
                dr[j] = dc[j] * of_c[j] * r[j] * (one - r[j])
                tilt[j] = dc[j] * r[j]
        if t > 0 or begins:
            gates_to_state(dy_h, rows[3], dz, t * gates, rows[2], count, turned, 0, 2 * units, FROM_Y)
            gates_to_state(dy_h, rows[3], da, t * units, rows[1], count, turned, 2 * units, units, FROM_Y)


@kernel(dwh="H G", h="B T H", start="B H", dz="B T G", da="B T H", ends="B:int32", units="2 H:int64", begins=":int64")
def backward_wh(dwh, h, start, dz, da, ends, units, begins):
    """Dwh, from dz for the gates r and z, from da for the candidate n."""
    wide = 2 * h.shape[2]
    state_weights(dwh, 0, wide, h, start, begins, dz, ends, units)
    state_weights(dwh, wide, h.shape[2], h, start, begins, da, ends, units)


@kernel(dbh="H", da="B T H", ends="B:int32")
def backward_bh(dbh, da, ends):
    """Dbh = the sum of da over examples and steps."""
    total(dbh, da, 0, ends)


class Gru(Recurrent):
    """GRU (gated recurrent unit): h = (1 - z) * n + z * h[t - 1].

    r, z = sigmoid(x wx + h[t - 1] wh + b) are the gates of reset and update, n = tanh(x wx + b + r * (h[t - 1] wh + bh)) is
    the candidate; the reset is applied after the recurrent product, whose part for n has a bias of its own. Three quarters
    of the work of an lstm, and about as good. x (B, T, F) becomes all states (B, T, H), or the last (B, H). wx is (F, 3 H),
    wh (H, 3 H), b (3 H,), the gates in the order r, z, n, and bh (H,). Of sequences with lengths only the steps that are
    there count: behind them h is 0, and the last state is that of the last step that is there. Backward: through time,
    from the last step on.

        - gru: 64
        - gru: {units: 64, return: last}
        - gru: {units: 64, layers: 2, dropout: 0.1, learn_start: true}

    Options:

    - units: H, the size of the state.
    - return: sequence gives the states of all steps, last the state after the last one.
    - layers: so many on top of each other; wx, wh, b of the first, wx_2, wh_2, b_2 of the second, and so on.
    - dropout: chance of a number between two of these layers to be dropped in a training step.
    - start: label of a layer whose last state this one begins with; of a recurrent layer, or one that gives (B, H).
    - learn_start: the state before the first step is a parameter, h0 (H,), that begins at 0.
    - init: how wx starts; left out, xavier.
    - recurrent_init: how wh starts; left out, orthogonal.

    Source: Cho and others, Learning phrase representations using RNN encoder-decoder (2014), with the reset as in cuDNN.
    """

    name = "gru"
    gates: ClassVar[int] = 3

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(4, 2)),
        Case({"units": 2, "return": "last"}, shape=(5, 3), lengths=True),
        Case({"units": 2}, shape=(1, 2), batch=1),
        Case({"units": 2, "layers": 2, "dropout": 0.3, "learn_start": True}, shape=(4, 2), lengths=True, carry=True),
        Case({"units": 2, "start": "a"}, shape=(3, 2), before=({"lstm": {"units": 2, "name": "a"}},), lengths=True),
        Case({"units": 2, "start": "a"}, shape=(3, 2), before=({"rnn": {"units": 2, "name": "a"}},), carry=True),
    )

    def run(self, run: Run) -> tuple[Value, ...]:
        """One row forward; backward one through time, then products with all steps at once."""
        y, y_h = run.sequence(1, "h"), run.state("last")
        b, bh = run.parameter("b", 3 * self.units), run.parameter("bh", self.units)
        back = (backward, backward_wh, backward_bh, backward_wx, backward_b, backward_x, backward_start)
        run.net.call(
            forward, backward=back, y=y, y_h=y_h, b=b, bh=bh, h=y, z=run.sequence(3, "z"), dz=run.sequence(3, "dz"),
            a=run.sequence(1, "a"), da=run.sequence(1, "da"), **run.operands(),
        )  # fmt: skip
        return y, y_h
