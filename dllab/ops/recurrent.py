"""What recurrent layers share: products with all steps of the input at once, the step from state to state, the way back.

Gates lie side by side: z (B, T, G), G = H for a plain net, 4 H for an LSTM, 3 H for a GRU. What the inputs say to all gates
of all steps is one product; only h wh has to wait for the step before.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import create_model

from dllab.catalogue import Nested, Size, find
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_START, FROM_ZERO, products
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Layer
from dllab.ops.window import signal
from dllab.symbols import Dim, Net, Parameter, Value

_Returning: Any = create_model("_Returning", __base__=Layer, **{"return": (Literal["sequence", "last"], "sequence")})  # type: ignore[call-overload]
"""`return` is a word of Python, so this option cannot be declared in a class."""


class Recurrent(_Returning):  # type: ignore[misc]
    """Base of recurrent layers: subclasses give `gates`, how many vectors of H a step computes, and `run`, their rows."""

    group = "sequences"
    main = "units"
    units: Size
    init: Annotated[Initializer | None, Nested("initializers")] = None
    recurrent_init: Annotated[Initializer | None, Nested("initializers")] = None
    gates: ClassVar[int] = 1

    def build(self, net: Net, x: Value) -> Value:
        """All states (B, T, H), or the last (B, H)."""
        _, features = signal(x)
        wide = self.gates * self.units
        wx = net.parameter("wx", (features, wide), self.init, fans=(features, self.units))
        recurrent = self.recurrent_init or find("initializers", "orthogonal")()
        wh = net.parameter("wh", (self.units, wide), recurrent, fans=(self.units, self.units))
        h = self.run(net, x, wx, wh)
        return h if getattr(self, "return") == "sequence" else last_step(net, h)

    def run(self, net: Net, x: Value, wx: Parameter, wh: Parameter) -> Value:
        """Add the rows of all steps and return h (B, T, H)."""
        raise NotImplementedError

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Inputs and states times gates, at every step."""
        return int(x[1]) * (int(x[2]) + self.units) * self.gates * self.units


def scratch(net: Net, x: Value, units: int, wide: int) -> dict[str, Value]:
    """What every recurrent layer works in: tables of places, and the weights turned for the way back."""
    batch, steps, features = x.shape[0], int(x.shape[1]), x.features
    return {
        "of_step": net.array((steps,), "of_step", "int64"), "to_step": net.array((steps,), "to_step", "int64"),
        "of_row": net.array((batch,), "of_row", "int64"), "to_row": net.array((batch,), "to_row", "int64"),
        "of_feature": net.array((features,), "of_feature", "int64"),
        "to_feature": net.array((features,), "to_feature", "int64"),
        "of_unit": net.array((units,), "of_unit", "int64"), "to_unit": net.array((units,), "to_unit", "int64"),
        "turned": net.array((wide, units), "turned"), "turned_x": net.array((wide, features), "turned_x"),
    }  # fmt: skip


@device
def ladder(table: Any, step: int) -> None:
    """table[i] = i step."""
    for i in range(table.shape[0]):
        table[i] = i * step


@device
def inputs_to_gates(z: Any, x: Any, wx: Any, b: Any, of_step: Any, to_step: Any) -> None:
    """Z = b + x wx for all steps of all examples."""
    ladder(of_step, x.shape[2])
    ladder(to_step, z.shape[2])
    for n in range(x.shape[0]):
        products(z, n * z.shape[1] * z.shape[2], to_step, x, n * x.shape[1] * x.shape[2], of_step, x.shape[1], 0, 0, 1,
                 wx, 0, 0, 0, wx.shape[1], 1, 1, x.shape[2], wx.shape[1], b, FROM_START)  # fmt: skip


@device
def state_to_gates(z: Any, t: int, h: Any, wh: Any, of_row: Any, to_row: Any, begin: int) -> None:
    """Z[:, t] += h[:, t - 1] wh (FROM_Y), or = (FROM_ZERO); the tables go from example to example."""
    products(z, t * z.shape[2], to_row, h, (t - 1) * h.shape[2], of_row, h.shape[0], 0, 0, 1,
             wh, 0, 0, 0, wh.shape[1], 1, 1, wh.shape[0], wh.shape[1], z, begin)  # fmt: skip


@device
def turn(turned: Any, w: Any) -> None:
    """Turned = w'."""
    for i in range(w.shape[0]):
        row = w[i]
        for j in range(row.shape[0]):
            turned[j, i] = row[j]


@device
def gates_to_state(dh: Any, dz: Any, t: int, turned: Any, of_row: Any, to_row: Any, begin: int) -> None:
    """Dh = dz[:, t] wh' (FROM_ZERO), or += (FROM_Y); dh (B, H) is the gradient of the state before step t."""
    products(dh, 0, to_row, dz, t * dz.shape[2], of_row, dh.shape[0], 0, 0, 1,
             turned, 0, 0, 0, turned.shape[1], 1, 1, turned.shape[0], turned.shape[1], dh, begin)  # fmt: skip


@kernel(dwh="H G", h="B T H", dz="B T G", of_unit="H:int64", to_unit="H:int64")
def backward_wh(dwh, h, dz, of_unit, to_unit):
    """Dwh: see state_weights."""
    state_weights(dwh, h, dz, of_unit, to_unit)


@device
def state_weights(dwh: Any, h: Any, dz: Any, of_unit: Any, to_unit: Any) -> None:
    """Dwh = the sum over examples and steps of h[t - 1]' dz[t]; before the first step h is 0."""
    steps, units, wide = h.shape[1], h.shape[2], dz.shape[2]
    ladder(of_unit, 1)
    ladder(to_unit, wide)
    products(dwh, 0, to_unit, h, 0, of_unit, units, steps * units, units, 0, dz, wide, steps * wide, wide, 0,
             h.shape[0], steps - 1, 1, wide, dwh, FROM_ZERO)  # fmt: skip


@kernel(dwx="F G", x="B T F", dz="B T G", of_feature="F:int64", to_feature="F:int64")
def backward_wx(dwx, x, dz, of_feature, to_feature):
    """Dwx = the sum over examples and steps of x' dz."""
    steps, features, wide = x.shape[1], x.shape[2], dz.shape[2]
    ladder(of_feature, 1)
    ladder(to_feature, wide)
    products(dwx, 0, to_feature, x, 0, of_feature, features, steps * features, features, 0, dz, 0, steps * wide, wide, 0,
             x.shape[0], steps, 1, wide, dwx, FROM_ZERO)  # fmt: skip


@kernel(db="G", dz="*N G")
def backward_b(db, dz):
    """Db = the sum of dz over examples and steps."""
    for g in range(db.shape[0]):
        db[g] = 0
    for n in range(dz.shape[0]):
        row = dz[n]
        for g in range(row.shape[0]):
            db[g] += row[g]


@kernel(dx="B T F", dz="B T G", wx="F G", turned_x="G F", of_step="T:int64", to_step="T:int64")
def backward_x(dx, dz, wx, turned_x, of_step, to_step):
    """Dx = dz wx'."""
    turn(turned_x, wx)
    ladder(of_step, dz.shape[2])
    ladder(to_step, dx.shape[2])
    for n in range(dx.shape[0]):
        products(dx, n * dx.shape[1] * dx.shape[2], to_step, dz, n * dz.shape[1] * dz.shape[2], of_step, dx.shape[1], 0, 0,
                 1, turned_x, 0, 0, 0, dx.shape[2], 1, 1, dz.shape[2], dx.shape[2], dx, FROM_ZERO)  # fmt: skip


@kernel(y="B H", x="B T H")
def last(y, x):
    """Y = the last step."""
    for n in range(y.shape[0]):
        to, of = y[n], x[n, x.shape[1] - 1]
        for j in range(to.shape[0]):
            to[j] = of[j]


@kernel(dx="B T H", dy="B H")
def last_back(dx, dy):
    """Dx = dy at the last step, 0 before."""
    for n in range(dx.shape[0]):
        for t in range(dx.shape[1]):
            to, of = dx[n, t], dy[n]
            if t == dx.shape[1] - 1:
                for j in range(to.shape[0]):
                    to[j] = of[j]
            else:
                for j in range(to.shape[0]):
                    to[j] = 0


def last_step(net: Net, h: Value) -> Value:
    """The last step (B, H) of a sequence (B, T, H)."""
    y = net.array((h.shape[0], h.features), "last")
    net.call(last, backward=(last_back,), y=y, x=h)
    return y
