"""Where recurrent layers begin: at 0, at parameters, where another layer has ended, or where the batch before has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dllab.core.kernel import kernel
from dllab.ops.join import shape_text
from dllab.symbols import Dim, Net, ShapeError, Value


@kernel(y="B H", h0="H")
def learnt(y, h0):
    """Every row of y = h0."""
    for n in range(y.shape[0]):
        row = y[n]
        for j in range(row.shape[0]):
            row[j] = h0[j]


@kernel(dh0="H", dy="B H")
def learnt_back(dh0, dy):
    """Dh0 = the sum of dy over the batch."""
    for j in range(dh0.shape[0]):
        dh0[j] = 0
    for n in range(dy.shape[0]):
        row = dy[n]
        for j in range(row.shape[0]):
            dh0[j] += row[j]


@kernel(y="B H", state="S H", continues="B", first=":int64", whole=":int64")
def go_on(y, state, continues, first, whole):
    """Y = the state in which this row of the batch before has ended, where it goes on; else 0."""
    for n in range(y.shape[0]):
        row, of = y[n], state[first - whole + n]
        if continues[n] > 0:
            for j in range(row.shape[0]):
                row[j] = of[j]
        else:  # not a product: 0 times a state that is no number is none either
            for j in range(row.shape[0]):
                row[j] = 0


@kernel(y="B H", x="B H", state="S H", continues="B", first=":int64", whole=":int64")
def go_on_or_start(y, x, state, continues, first, whole):
    """Y = the state in which this row of the batch before has ended, where it goes on; else x."""
    for n in range(y.shape[0]):
        row, of = y[n], state[first - whole + n] if continues[n] > 0 else x[n]
        for j in range(row.shape[0]):
            row[j] = of[j]


@kernel(dx="B H", dy="B H", continues="B")
def go_on_or_start_back(dx, dy, continues):
    """Dx = dy where the row begins anew, else 0."""
    for n in range(dx.shape[0]):
        row, slope = dx[n], dy[n]
        if continues[n] > 0:
            for j in range(row.shape[0]):
                row[j] = 0
        else:
            for j in range(row.shape[0]):
                row[j] = slope[j]


@kernel(state="S H", end="B H", first=":int64", whole=":int64")
def keep(state, end, first, whole):
    """The rows of this shard in `state` = end."""
    for n in range(end.shape[0]):
        to, of = state[first - whole + n], end[n]
        for j in range(to.shape[0]):
            to[j] = of[j]


@dataclass(frozen=True)
class Start:
    """Where one layer begins: an array (B, H) for h, and for an LSTM's memory, or None for 0."""

    net: Net
    states: tuple[Value | None, ...]
    carried: tuple[Value, ...]  # running state, updated by carry_on
    scratch: tuple[Value, ...]  # (B, H), in place of those that are None

    def operands(self) -> dict[str, Value]:
        """`start`, `start_c`, and `begins`: whether any of them is not 0."""
        names = ("start", "start_c")
        given = {name: state or spare for name, state, spare in zip(names, self.states, self.scratch)}
        begins = {f"begins{name[5:]}": self.net.whole(int(s is not None)) for name, s in zip(names, self.states)}
        return {**given, **begins}

    def carry_on(self, ends: Sequence[Value]) -> None:
        """Hand the last states on to the next batch."""
        first, whole = self.net.counter("first"), self.net.counter("whole")
        for state, end in zip(self.carried, ends):
            self.net.carry_on(keep, state=state, end=end, first=first, whole=whole)


def start_states(net: Net, part: Any, batch: Dim) -> list[Start]:
    """The starts of all layers of a recurrent part. Raises ShapeError where the layer that `start` names does not fit."""
    if part.start is not None and part.learn_start:
        raise ShapeError(f"it begins with the states of '{part.start}' or with learnt ones, not with both; leave one out")
    given = _given(net, part) if part.start is not None else [()] * part.layers
    found = []
    for number, states in enumerate(given, 1):
        starts: list[Value | None] = []
        carried = []
        for place, name in enumerate(("h", "c") if part.memory else ("h",)):
            ending = f"_{number}" if number > 1 else ""
            state = states[place] if place < len(states) else None
            if part.learn_start:
                state = net.array((batch, part.units), f"{name}0")
                parameter = net.parameter(f"{name}0{ending}", (part.units,), decays=False)
                net.call(learnt, backward=(learnt_back,), y=state, h0=parameter)
            running = net.carried(name + ending, part.units)
            if running is not None:
                carried.append(running[0])
                state = _going_on(net, state, *running, (batch, part.units))
            starts.append(state)
        scratch = tuple(net.array((batch, part.units), "nothing") for _ in starts)
        found.append(Start(net, tuple(starts), tuple(carried), scratch))
    return found


def _going_on(net: Net, state: Value | None, running: Value, continues: Value, shape: Sequence[Dim]) -> Value:
    y = net.array(shape, "start")
    operands = {"state": running, "continues": continues, "first": net.counter("first"), "whole": net.counter("whole")}
    if state is None:
        net.call(go_on, backward=(), y=y, **operands)
    else:
        net.call(go_on_or_start, backward=(go_on_or_start_back,), y=y, x=state, **operands)
    return y


def _given(net: Net, part: Any) -> Sequence[tuple[Value, ...]]:
    """For every layer of the part the states that the layer named by `start` gives: h, and a memory if it has one."""
    label = part.start
    kept = net.states_of(label) or ((net.output_of(label),),)
    first = kept[0][0]
    if first.ids > 0:
        raise ShapeError(f"'{label}' holds ids, and a state is (B, {part.units}) numbers; name a recurrent layer")
    if len(first.shape) != 2:
        hint = "name a recurrent layer, or one that gives a vector"
        raise ShapeError(f"'{label}' gives {shape_text(first.shape)}, and a state is (B, {part.units}); {hint}")
    if first.features != part.units:
        hint = f"write units: {first.features} here, or let '{label}' end in {part.units}"
        raise ShapeError(f"'{label}' hands on {first.features} numbers, and a state has {part.units} here; {hint}")
    if len(kept) != part.layers:
        hint = f"write layers: {len(kept)} here"
        raise ShapeError(f"'{label}' hands on the states of {len(kept)} layers, and it has {part.layers} itself; {hint}")
    return kept
