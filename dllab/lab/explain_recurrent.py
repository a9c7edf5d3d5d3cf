"""Explanations of recurrent layers: one unit at one step of time, and what comes back to it from later steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dllab.lab.explain_activations import fill
from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation, weighted
from dllab.ops import gru, lstm, rnn
from dllab.plan.row import Row

LSTM, GRU = "ifgo", "rzn"


class _Cell:
    """The numbers of the first of a layer's cells, for one example: x (T, F), h (T, H), z (T, G), dz (T, G) or None."""

    def __init__(self, here: Here) -> None:
        row = here.row(lstm.forward, gru.forward, rnn.forward)
        assert row is not None
        self.row = row
        self.here, n = here, here.n
        self.ends = int(here.read(row, "ends")[n])
        self.x, self.y = here.read(row, "x")[n], here.read(row, "y")[n]
        self.wx, self.wh, self.b = here.read(row, "wx"), here.read(row, "wh"), here.read(row, "b")
        self.units = self.wh.shape[0]
        self.begins = bool(here.read(row, "begins"))
        self.start = here.read(row, "start")[n] if self.begins else np.zeros(self.units)
        self.back = self._way_back()
        self.dz = None if self.back is None else here.read(self.back, "dz")[n]
        self.dy = here.gradient(row.operands["y"])
        last = here.place[0] if len(here.place) == 2 else self.ends - 1
        self.t, self.j = min(last, self.ends - 1), here.place[-1]

    def _way_back(self) -> Row | None:
        """The row that goes back through this cell, not through another on top of it."""
        program, wh = self.here.moment.inside.program, self.row.operands["wh"]
        rows = [row for row in program.rows[program.backward :] if row.operands.get("wh") is wh]
        return next((row for row in rows if row.kernel in (lstm.backward, gru.backward, rnn.backward)), None)

    @property
    def before(self) -> Array:
        """The state of the step before."""
        return self.y[self.t - 1] if self.t > 0 else self.start

    def sum(self, left: str, gate: int, value: float, most: int) -> Equation:
        """The sum that goes into a gate: inputs and the state before by their weights, and b."""
        column = gate * self.units + self.j
        state = np.concatenate([self.x[self.t], self.before])
        weights = np.concatenate([self.wx[:, column], self.wh[:, column]])
        inputs = self.wx.shape[0]

        def named(i: int) -> tuple[str, str]:
            inside = i < inputs
            k = i if inside else i - inputs
            return (f"wx{at(k, column)}", f"x{at(k)}") if inside else (f"wh{at(k, column)}", f"h_before{at(k)}")

        return weighted(left, weights, state, named, value, most, [(f"b{at(column)}", float(self.b[column]))])

    def raw(self, gate: int) -> float:
        """That sum as float64 has it; the engine keeps only what the activation makes of it."""
        column = gate * self.units + self.j
        return float(self.x[self.t] @ self.wx[:, column] + self.before @ self.wh[:, column] + self.b[column])

    def shown(self, gates: Sequence[str], curves: Sequence[str], z: Array) -> list[Block]:
        """Each gate: its sum, and what the activation makes of that."""
        blocks: list[Block] = []
        for gate, (letter, curve) in enumerate(zip(gates, curves)):
            value = float(z[self.t, gate * self.units + self.j])
            total = self.raw(gate)
            blocks.append(self.sum(f"sum_{letter}", gate, total, self.here.most))
            blocks.append(Equation(letter, curve + "({})", ((f"sum_{letter}", total),), value))
        return blocks

    def columns(self, gates: str) -> str:
        """Where a gate's weights stand, and why the unit's column is so large a number."""
        whole, own = [], [str(self.j + 1)]
        for gate, letter in enumerate(gates):
            first = gate * self.units
            whole.append(f"{letter} {first + 1}" + f"-{first + self.units}" * (self.units > 1))
            own += [f"{first + self.j + 1} = {first} + {self.j + 1}"] * (gate > 0)
        return f"columns of wx, wh and b: {', '.join(whole)}; unit {self.j + 1} has {', '.join(own)}"

    def where(self) -> str:
        """The unit and the step, in words."""
        return f"unit {self.j + 1} at time step {self.t + 1} of {self.ends}"


def lstm_cell(here: Here) -> Told:
    """Gates, memory and state."""
    cell = _Cell(here)
    t, j, name = cell.t, cell.j, at(cell.j)
    z, c, squashed = (here.read(cell.row, name)[here.n] for name in ("z", "c", "squashed"))
    i, f, g, o = (float(z[t, k * cell.units + j]) for k in range(4))
    start_c = here.read(cell.row, "start_c")[here.n] if cell.begins else np.zeros(cell.units)
    before = float(c[t - 1, j]) if t > 0 else float(start_c[j])
    # backward uses c's own array no further, so it still holds the memory
    known = {"f": ("f", f), "before": ("c_before", before), "i": ("i", i), "g": ("g", g), "o": ("o", o)}
    blocks: list[Block] = [cell.columns(LSTM)]
    blocks += cell.shown(LSTM, ("sigmoid", "sigmoid", "tanh", "sigmoid"), z)
    known["c"] = (f"c{name}", float(c[t, j]))
    blocks.append(fill(f"c{name}", "{f} * {before} + {i} * {g}", known, float(c[t, j])))
    blocks.append(fill(f"h{name}", "{o} * tanh({c})", known, float(cell.y[t, j])))
    return Told(tuple(blocks), tuple(_lstm_back(cell, z, c, squashed, before)), cell.where())


def _lstm_back(cell: _Cell, z: Array, c: Array, squashed: Array, before: float) -> list[Block]:
    dz, here, t, j, units = cell.dz, cell.here, cell.t, cell.j, cell.units
    if dz is None:
        return []
    i, f, g, o = (z[:, k * units + j] for k in range(4))
    dh = [_from_above(cell, s) + _from_later(cell, s) for s in range(cell.ends)]
    dc, later = 0.0, 0.0
    for s in range(cell.ends - 1, t - 1, -1):
        later = dc * f[s + 1] if s + 1 < cell.ends else 0.0
        dc = dh[s] * o[s] * (1 - squashed[s, j] ** 2) + later + (_last(cell, "dy_c") if s == cell.ends - 1 else 0.0)
    known = {
        "dh": ("dh", dh[t]), "o": ("o", o[t]), "c": ("c", c[t, j]), "i": ("i", i[t]), "f": ("f", f[t]), "g": ("g", g[t]),
        "dc": ("dc", dc), "later": ("(dc * f of the next step)", later), "before": ("c_before", before),
    }  # fmt: skip
    blocks: list[Block] = [_state_slope(cell, dh[t])]
    blocks.append(fill("dc", "{dh} * {o} * (1 - tanh({c})^2) + {later}", known, dc))
    texts = ("{dc} * {g} * {i} * (1 - {i})", "{dc} * {before} * {f} * (1 - {f})", "{dc} * {i} * (1 - {g}^2)",
             "{dh} * tanh({c}) * {o} * (1 - {o})")  # fmt: skip
    for gate, (letter, text) in enumerate(zip(LSTM, texts)):
        blocks.append(fill(f"dsum_{letter}", text, known, float(dz[t, gate * units + j]), abs(dc) + abs(dh[t])))
    return [*blocks, *_weights(cell, here)]


def gru_cell(here: Here) -> Told:
    """Gates, candidate and state."""
    cell = _Cell(here)
    t, j, units, name = cell.t, cell.j, cell.units, at(cell.j)
    z, a, bh = here.read(cell.row, "z")[here.n], here.read(cell.row, "a")[here.n], here.read(cell.row, "bh")
    blocks: list[Block] = [cell.columns(GRU)]
    blocks += cell.shown("rz", ("sigmoid", "sigmoid"), z)
    column = 2 * units + j
    r, u, n = (float(z[t, k * units + j]) for k in range(3))
    blocks.append(weighted("a", cell.wh[:, column], cell.before, lambda k: (f"wh{at(k, column)}", f"h_before{at(k)}"),
                           float(a[t, j]), here.most, [(f"bh{name}", float(bh[j]))]))  # fmt: skip
    inputs = float(cell.x[t] @ cell.wx[:, column] + cell.b[column])
    blocks.append(weighted("s", cell.wx[:, column], cell.x[t], lambda k: (f"wx{at(k, column)}", f"x{at(k)}"), inputs,
                           here.most, [(f"b{at(column)}", float(cell.b[column]))]))  # fmt: skip
    known = {"s": ("s", inputs), "r": ("r", r), "a": ("a", float(a[t, j])), "z": ("z", u), "n": ("n", n),
             "before": (f"h_before{name}", float(cell.before[j]))}  # fmt: skip
    blocks.append(fill("n", "tanh({s} + {r} * {a})", known, n))
    blocks.append(fill(f"h{name}", "(1 - {z}) * {n} + {z} * {before}", known, float(cell.y[t, j])))
    return Told(tuple(blocks), tuple(_gru_back(cell, known)), cell.where())


def _gru_back(cell: _Cell, known: dict[str, tuple[str, float]]) -> list[Block]:
    if cell.dz is None:
        return []
    dh = _gru_slope(cell)
    known = {**known, "dh": ("dh", dh)}
    dn = float(cell.dz[cell.t, 2 * cell.units + cell.j])
    known["dn"] = ("dsum_n", dn)
    texts = {"n": "{dh} * (1 - {z}) * (1 - {n}^2)", "z": "{dh} * ({before} - {n}) * {z} * (1 - {z})",
             "r": "{dn} * {a} * {r} * (1 - {r})"}  # fmt: skip
    blocks: list[Block] = ["dh: what comes from above and from the next step, together"]
    for letter, text in texts.items():
        value = float(cell.dz[cell.t, GRU.index(letter) * cell.units + cell.j])
        blocks.append(fill(f"dsum_{letter}", text, known, value, abs(dh)))
    return [*blocks, *_weights(cell, cell.here)]


def _gru_slope(cell: _Cell) -> float:
    """Dh of the step, gathered from the last step on as the engine does."""
    assert cell.dz is not None
    back = cell.here.backward_row(gru.backward)
    assert back is not None
    da, z, units, j = (
        cell.here.read(back, "da")[cell.here.n],
        cell.here.read(cell.row, "z")[cell.here.n],
        cell.units,
        cell.j,
    )
    slope = _last(cell, "dy_h")
    for s in range(cell.ends - 1, cell.t - 1, -1):
        if s + 1 < cell.ends:
            slope = slope * z[s + 1, units + j] + cell.wh[j, : 2 * units] @ cell.dz[s + 1, : 2 * units]
            slope += cell.wh[j, 2 * units :] @ da[s + 1]
        slope += 0.0 if cell.dy is None else float(cell.dy[cell.here.n, s, j])
    return float(slope)


def rnn_cell(here: Here) -> Told:
    """The sum and its activation."""
    cell = _Cell(here)
    t, j, name = cell.t, cell.j, at(cell.j)
    rectified = bool(here.read(cell.row, "rectified"))
    total, value = cell.raw(0), float(cell.y[t, j])
    curve = "max(0, {})" if rectified else "tanh({})"
    blocks: list[Block] = [cell.sum("sum", 0, total, here.most), Equation(f"h{name}", curve, (("sum", total),), value)]
    back: list[Block] = []
    if cell.dz is not None:
        dh = _from_above(cell, t) + _from_later(cell, t)
        known = {"dh": ("dh", dh), "h": (f"h{name}", value)}
        slope = ("{dh} * 1" if value > 0 else "{dh} * 0") if rectified else "{dh} * (1 - {h}^2)"
        back = [_state_slope(cell, dh), fill("dsum", slope, known, float(cell.dz[t, j]), abs(dh)), *_weights(cell, here)]
    return Told(tuple(blocks), tuple(back), cell.where())


def _last(cell: _Cell, name: str) -> float:
    """What layers say that read the state after the last step alone."""
    dy = (
        cell.here.gradient(cell.row.operands[name.removeprefix("d")])
        if name.removeprefix("d") in cell.row.operands
        else None
    )
    return 0.0 if dy is None else float(dy[cell.here.n, cell.j])


def _from_above(cell: _Cell, step: int) -> float:
    """What the layer above says of a state."""
    own = 0.0 if cell.dy is None else float(cell.dy[cell.here.n, step, cell.j])
    return own + (_last(cell, "dy_h") if step == cell.ends - 1 else 0.0)


def _from_later(cell: _Cell, step: int) -> float:
    """What the next step says of a state: its dz by the weights wh."""
    if cell.dz is None or step + 1 >= cell.ends:
        return 0.0
    return float(cell.dz[step + 1] @ cell.wh[cell.j])


def _state_slope(cell: _Cell, value: float) -> Equation:
    above, later = _from_above(cell, cell.t), _from_later(cell, cell.t)
    operands = ((f"dy{at(cell.j)} from above", above), ("(dsum of the next step by wh)", later))
    return Equation("dh", "{} + {}", operands, value)


def _weights(cell: _Cell, here: Here) -> list[Block]:
    """The gradient of the bias of the first gate, over all steps and inputs."""
    db = here.slope("b")
    if cell.back is None or db is None:
        return []
    dz = here.read(cell.back, "dz")[..., cell.j]
    for n, end in enumerate(here.read(cell.row, "ends").astype(int)):
        dz[n, end:] = 0
    name = "dsum" if len(db) == cell.units else f"dsum_{'i' if len(db) == 4 * cell.units else 'r'}"
    dwx, x = here.slope("wx"), here.read(cell.row, "x")
    blocks: list[Block] = ["the same weights serve every step, so their gradients are sums over steps and inputs"]
    if dwx is not None:
        k = int(abs(x[here.n, cell.t]).argmax())
        blocks.append(batch_sum(here, f"dwx{at(k, cell.j)}", x[..., k], dz, (f"x{at(k)}", name), dwx[k, cell.j], (cell.t,)))
    blocks.append(batch_sum(here, f"db{at(cell.j)}", None, dz, ("", name), db[cell.j], (cell.t,)))
    return blocks
