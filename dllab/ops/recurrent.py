"""What recurrent layers are: options, parameters, layers on top of each other, and what their kernels work in."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, create_model

from dllab.catalogue import Fraction, LayerName, Nested, Size, find
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Layer
from dllab.ops.sequence import lengths_of, sequence
from dllab.ops.start_states import Start, start_states
from dllab.ops.through_time import ROOM, copy_rows
from dllab.symbols import Dim, Net, Parameter, Value

_Returning: Any = create_model("_Returning", __base__=Layer, **{"return": (Literal["sequence", "last"], "sequence")})  # type: ignore[call-overload]
"""`return` is a word of Python, so this option cannot be declared in a class."""


@kernel(y="B H", x="B H")
def hand_on(y, x):
    """Y = x, the last state: the way back through time counts down in x's gradient, and that by y stays as it came."""
    copy_rows(y, x)


@kernel(dx="B H", dy="B H")
def hand_back(dx, dy):
    """Dx = dy."""
    copy_rows(dx, dy)


@dataclass(frozen=True)
class Run:
    """One of the layers on top of each other, while its rows are made: its input, its parameters, where it begins."""

    net: Net
    x: Value  # (B, T, F)
    ends: Value  # (B,) int32: how many steps of each example are there
    units: int
    gates: int
    ending: str  # of the names of parameters: nothing in the first layer, _2 in the second
    wx: Parameter
    wh: Parameter
    start: Start

    def parameter(self, name: str, size: int, initializer: Initializer | None = None) -> Parameter:
        """A vector that does not decay."""
        return self.net.parameter(name + self.ending, (size,), initializer, decays=False)

    def state(self, name: str) -> Value:
        """An array (B, H)."""
        return self.net.array((self.x.shape[0], self.units), name)

    def sequence(self, gates: int, name: str) -> Value:
        """An array (B, T, gates H)."""
        return self.net.array((*self.x.shape[:2], gates * self.units), name)

    def operands(self) -> dict[str, Value]:
        """What the kernels of every recurrent layer take; each picks what it names."""
        net, (batch, steps), features = self.net, self.x.shape[:2], self.x.features
        wide = self.gates * self.units
        return {
            "x": self.x, "wx": self.wx, "wh": self.wh, "ends": self.ends, **self.start.operands(),
            "steps": net.array((2, steps), "steps", "int64"), "rows": net.array((5, batch), "rows", "int64"),
            "units": net.array((2, self.units), "units", "int64"),
            "features": net.array((2, features), "features", "int64"),
            "spaced": net.array((self.units, wide + ROOM), "spaced"),
            "turned": net.array((wide, self.units + ROOM), "turned"), "turned_x": net.array((wide, features), "turned_x"),
        }  # fmt: skip


class Recurrent(_Returning):  # type: ignore[misc]
    """Base of recurrent layers: subclasses give `gates`, how many vectors of H a step computes, and `run`, their rows."""

    group = "sequences"
    main = "units"
    units: Size
    layers: Annotated[int, Field(ge=1, le=100)] = 1
    dropout: Fraction = 0.0
    start: Annotated[str | None, LayerName()] = None
    learn_start: bool = False
    init: Annotated[Initializer | None, Nested("initializers")] = None
    recurrent_init: Annotated[Initializer | None, Nested("initializers")] = None
    gates: ClassVar[int] = 1
    memory: ClassVar[bool] = False

    def build(self, net: Net, x: Value) -> Value:
        """All states (B, T, H), or the last (B, H)."""
        sequence(x)
        lengths, ends = x.lengths, lengths_of(net, x)
        starts = start_states(net, self, x.shape[0])
        kept = []
        for number, start in enumerate(starts, 1):
            if number > 1 and self.dropout:
                between = SimpleNamespace(part=find("layers", "dropout")(rate=self.dropout), label=None, source=None)  # type: ignore[call-arg]
                x = net.layers([between], x, f"below_{number}")
            x, *states = self.run(self._prepared(net, x, ends, number, start))
            x.lengths = lengths
            start.carry_on(states)
            kept.append(tuple(states))
        net.keep_states(*kept)
        if getattr(self, "return") == "sequence":
            return x
        y = net.array(kept[-1][0].shape)
        net.call(hand_on, backward=(hand_back,), y=y, x=kept[-1][0])
        return y

    def _prepared(self, net: Net, x: Value, ends: Value, number: int, start: Start) -> Run:
        ending = f"_{number}" if number > 1 else ""
        features, wide = x.features, self.gates * self.units
        wx = net.parameter(f"wx{ending}", (features, wide), self.init, fans=(features, self.units))
        recurrent = self.recurrent_init or find("initializers", "orthogonal")()
        wh = net.parameter(f"wh{ending}", (self.units, wide), recurrent, fans=(self.units, self.units))
        return Run(net, x, ends, self.units, self.gates, ending, wx, wh, start)

    def run(self, run: Run) -> tuple[Value, ...]:
        """Add the rows of all steps; returns h (B, T, H), then the states (B, H) at the end of each example."""
        raise NotImplementedError

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Inputs and states times gates, at every step, in every layer."""
        inputs = int(x[2]) + (self.layers - 1) * self.units
        return int(x[1]) * (inputs + self.layers * self.units) * self.gates * self.units
