"""Explanations of recurrent layers: one unit at one step of time."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_activations import fill
from dllab.lab.explain_cell import Cell
from dllab.lab.explain_here import Here, Told, at
from dllab.lab.explain_recurrent_back import GRU, LSTM, gru_back, lstm_back, rnn_back
from dllab.lab.explanation import Block, Equation, weighted


def lstm_cell(here: Here) -> Told:
    """Gates, memory and state."""
    cell = Cell(here)
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
    return Told(tuple(blocks), tuple(lstm_back(cell, z, c, squashed, before)), cell.where())


def gru_cell(here: Here) -> Told:
    """Gates, candidate and state."""
    cell = Cell(here)
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
    return Told(tuple(blocks), tuple(gru_back(cell, known)), cell.where())


def rnn_cell(here: Here) -> Told:
    """The sum and its activation."""
    cell = Cell(here)
    t, j, name = cell.t, cell.j, at(cell.j)
    rectified = bool(here.read(cell.row, "rectified"))
    total, value = cell.raw(0), float(cell.y[t, j])
    curve = "max(0, {})" if rectified else "tanh({})"
    blocks: list[Block] = [cell.sum("sum", 0, total, here.most), Equation(f"h{name}", curve, (("sum", total),), value)]
    return Told(tuple(blocks), tuple(rnn_back(cell, rectified, value)), cell.where())
