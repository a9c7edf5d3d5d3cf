"""GRU: a recurrent net with two gates and no separate memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_Y, FROM_ZERO
from dllab.core.vecmath import sigmoid, tanh
from dllab.ops.layer import Case
from dllab.ops.recurrent import (
    Recurrent,
    backward_b,
    backward_wx,
    backward_x,
    gates_to_state,
    inputs_to_gates,
    ladder,
    scratch,
    state_to_gates,
    state_weights,
    turn,
)
from dllab.symbols import Net, Parameter, Value


@kernel(y="B T H", z="B T G", a="B T G", x="B T F", wx="F G", wh="H G", b="G", bh="H", of_step="T:int64",
        to_step="T:int64", of_row="B:int64", to_row="B:int64")  # fmt: skip
def forward(y, z, a, x, wx, wh, b, bh, of_step, to_step, of_row, to_row):
    """Z = the gates r, z, n after their activations; a = y[t - 1] wh, bh added to n's part; y = n + z (y[t - 1] - n)."""
    units = y.shape[2]
    inputs_to_gates(z, x, wx, b, of_step, to_step)
    ladder(of_row, y.shape[1] * units)
    ladder(to_row, z.shape[1] * z.shape[2])
    for t in range(y.shape[1]):
        if t > 0:
            state_to_gates(a, t, y, wh, of_row, to_row, FROM_ZERO)
        else:
            for n in range(y.shape[0]):
                row = a[n, 0]
                for g in range(row.shape[0]):
                    row[g] = 0
        for n in range(y.shape[0]):
            row, own, out, before = z[n, t], a[n, t], y[n, t], y[n, max(t - 1, 0)]
            r, u, c = row[:units], row[units : 2 * units], row[2 * units :]
            of_r, of_u, of_c = own[:units], own[units : 2 * units], own[2 * units :]
            kept = like(r[0], 1.0 if t > 0 else 0.0)
            for j in range(units):
                of_c[j] += bh[j]
                r[j], u[j] = sigmoid(r[j] + of_r[j]), sigmoid(u[j] + of_u[j])
                c[j] = tanh(c[j] + r[j] * of_c[j])
                out[j] = c[j] + u[j] * ((before[j] if t > 0 else like(r[j], 0.0)) * kept - c[j])


@kernel(dz="B T G", da="B T G", dh="B H", dy="B T H", y="B T H", z="B T G", a="B T G", wh="H G", turned="G H",
        of_row="B:int64", to_row="B:int64")  # fmt: skip
def backward(dz, da, dh, dy, y, z, a, wh, turned, of_row, to_row):
    """Dz (of the inputs' part) and da (of the state's), from the last step to the first; dh is of the state before."""
    steps, units = y.shape[1], y.shape[2]
    turn(turned, wh)
    ladder(of_row, steps * dz.shape[2])
    ladder(to_row, units)
    for n in range(dh.shape[0]):
        slope = dh[n]
        for j in range(units):
            slope[j] = 0
    for back in range(steps):
        t = steps - 1 - back
        for n in range(dh.shape[0]):
            row, own, to, tilt, slope, out = z[n, t], a[n, t], dz[n, t], da[n, t], dh[n], dy[n, t]
            r, u, c, of_c = row[:units], row[units : 2 * units], row[2 * units :], own[2 * units :]
            dr, du, dc = to[:units], to[units : 2 * units], to[2 * units :]
            tilt_r, tilt_u, tilt_c = tilt[:units], tilt[units : 2 * units], tilt[2 * units :]
            before = y[n, max(t - 1, 0)]
            one, kept = like(r[0], 1.0), like(r[0], 1.0 if t > 0 else 0.0)
            for j in range(units):
                here = slope[j] + out[j]
                dc[j] = here * (one - u[j]) * (one - c[j]) * (one + c[j])
                du[j] = here * (kept * before[j] - c[j]) * u[j] * (one - u[j])
                dr[j] = dc[j] * of_c[j] * r[j] * (one - r[j])
                tilt_r[j], tilt_u[j], tilt_c[j] = dr[j], du[j], dc[j] * r[j]
                slope[j] = here * u[j]
        if t > 0:
            gates_to_state(dh, da, t, turned, of_row, to_row, FROM_Y)


@kernel(dwh="H G", h="B T H", da="B T G", of_unit="H:int64", to_unit="H:int64")
def backward_wh(dwh, h, da, of_unit, to_unit):
    """Dwh, of the state's part."""
    state_weights(dwh, h, da, of_unit, to_unit)


@kernel(dbh="H", da="*N G")
def backward_bh(dbh, da):
    """Dbh = the sum of the candidate's part of da over examples and steps."""
    units = dbh.shape[0]
    for j in range(units):
        dbh[j] = 0
    for n in range(da.shape[0]):
        row = da[n, 2 * units :]
        for j in range(units):
            dbh[j] += row[j]


class Gru(Recurrent):
    """GRU (gated recurrent unit): h = (1 - z) * n + z * h[t - 1].

    r, z = sigmoid(x wx + h[t - 1] wh + b) are the gates of reset and update, n = tanh(x wx + b + r * (h[t - 1] wh + bh)) is
    the candidate; the reset is applied after the recurrent product, whose part for n has a bias of its own. Three quarters
    of the work of an lstm, and about as good. x (B, T, F) becomes all states (B, T, H), or the last (B, H). wx is (F, 3 H),
    wh (H, 3 H), b (3 H,), the gates in the order r, z, n, and bh (H,). Backward: through time, from the last step on.

        - gru: 64
        - gru: {units: 64, return: last}

    Options:

    - units: H, the size of the state.
    - return: sequence gives the states of all steps, last the state after the last one.
    - init: how wx starts; left out, xavier.
    - recurrent_init: how wh starts; left out, orthogonal.

    Source: Cho and others, Learning phrase representations using RNN encoder-decoder (2014), with the reset as in cuDNN.
    """

    name = "gru"
    gates: ClassVar[int] = 3

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(4, 2)),
        Case({"units": 2, "return": "last"}, shape=(5, 3)),
        Case({"units": 2}, shape=(1, 2), batch=1),
    )

    def run(self, net: Net, x: Value, wx: Parameter, wh: Parameter) -> Value:
        """One row forward; backward one through time, then products with all steps at once."""
        shape, wide = (*x.shape[:2], self.units), (*x.shape[:2], 3 * self.units)
        b = net.parameter("b", (3 * self.units,), decays=False)
        bh = net.parameter("bh", (self.units,), decays=False)
        y = net.array(shape)
        arrays = {name: net.array(wide, name) for name in ("z", "a", "dz", "da")}
        net.call(
            forward, backward=(backward, backward_wh, backward_bh, backward_wx, backward_b, backward_x), y=y, x=x, h=y,
            wx=wx, wh=wh, b=b, bh=bh, dh=net.array((x.shape[0], self.units), "dh"), **arrays,
            **scratch(net, x, self.units, 3 * self.units),
        )  # fmt: skip
        return y
