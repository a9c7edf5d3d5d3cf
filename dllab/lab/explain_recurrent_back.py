"""Explanations of the way back through time: what comes from above and from the next step, and goes to the step before."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_activations import fill
from dllab.lab.explain_cell import Cell
from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_here import Array, at
from dllab.lab.explanation import Block, Equation, weighted
from dllab.ops import gru

LSTM, GRU = "ifgo", "rzn"
Known = dict[str, tuple[str, float]]


def lstm_back(cell: Cell, z: Array, c: Array, squashed: Array, before: float) -> list[Block]:
    """Dh and dc of the step, the four gates, the weights, and what goes to the step before."""
    dz, t, j, units = cell.dz, cell.t, cell.j, cell.units
    if dz is None:
        return []
    i, f, g, o = (z[:, k * units + j] for k in range(4))
    dh = [cell.says_above(s) + _by_weights(cell, s) for s in range(cell.ends)]
    dc, after = 0.0, 0.0
    for s in range(cell.ends - 1, t - 1, -1):
        after = dc
        later = dc * f[s + 1] if s + 1 < cell.ends else cell.says_last("y_c")
        dc = dh[s] * o[s] * (1 - squashed[s, j] ** 2) + later
    known = {
        "dh": ("dh", dh[t]), "o": ("o", o[t]), "c": (f"c{at(j)}", c[t, j]), "i": ("i", i[t]), "f": ("f", f[t]),
        "g": ("g", g[t]), "dc": ("dc", dc), "before": ("c_before", before), "after": ("dc_next", after),
    }  # fmt: skip
    blocks = _state_slope(cell, dh[t])
    text = "{dh} * {o} * (1 - tanh({c})^2)"
    if not cell.is_last():
        known["f_next"] = ("f_next", f[t + 1])
        text += " + {after} * {f_next}"
    elif "y_c" in cell.row.operands and cell.says_last("y_c"):
        known["after"] = ("dc from above", cell.says_last("y_c"))
        text += " + {after}"
    blocks.append(fill("dc", text, known, dc))
    texts = ("{dc} * {g} * {i} * (1 - {i})", "{dc} * {before} * {f} * (1 - {f})", "{dc} * {i} * (1 - {g}^2)",
             "{dh} * tanh({c}) * {o} * (1 - {o})")  # fmt: skip
    for gate, (letter, template) in enumerate(zip(LSTM, texts)):
        blocks.append(fill(f"dsum_{letter}", template, known, float(dz[t, gate * units + j]), abs(dc) + abs(dh[t])))
    blocks += _to_before(cell)
    if t > 0:
        blocks.append(fill("for dc_before", "{dc} * {f}", known, dc * f[t]))
    return [*blocks, *_weights(cell, "i")]


def gru_back(cell: Cell, known: Known) -> list[Block]:
    """Dh of the step, candidate and gates, the weights, and what goes to the step before."""
    if cell.dz is None:
        return []
    t, j, units = cell.t, cell.j, cell.units
    da = _gru_candidates(cell)
    slopes = _gru_slopes(cell, da)
    dh, dn = slopes[t], float(cell.dz[t, 2 * units + j])
    known = {**known, "dh": ("dh", dh), "dn": ("dsum_n", dn)}
    blocks: list[Block] = []
    if cell.is_last():
        blocks += _state_slope(cell, dh)
    else:
        z_next = float(cell.here.read(cell.row, "z")[cell.here.n][t + 1, units + j])
        parts = _to_state(cell, da, t + 1, "dh_gates", "_next")
        carried = (("dh_next", slopes[t + 1]), ("z_next", z_next))
        blocks += [
            "from the next step: through its gates and its candidate, and past them by z",
            parts,
            Equation("dh_later", "{} * {} + {}", (*carried, ("dh_gates", parts.value)), slopes[t] - cell.says_above(t),
                     abs(slopes[t])),
            Equation("dh", "{} + {}", ((f"dy{at(j)}", cell.says_above(t)), ("dh_later", slopes[t] - cell.says_above(t))),
                     dh),
        ]  # fmt: skip
    texts = {"n": "{dh} * (1 - {z}) * (1 - {n}^2)", "z": "{dh} * ({before} - {n}) * {z} * (1 - {z})",
             "r": "{dn} * {a} * {r} * (1 - {r})"}  # fmt: skip
    for letter, text in texts.items():
        value = float(cell.dz[t, GRU.index(letter) * units + j])
        blocks.append(fill(f"dsum_{letter}", text, known, value, abs(dh)))
    blocks.append(fill("da", "{dn} * {r}", known, float(da[t, j]), abs(dn)))
    if t > 0:
        blocks.append("to the step before: through the gates and the candidate, and past them by z")
        blocks.append(parts := _to_state(cell, da, t, "dh_gates", ""))
        known["gates"] = ("dh_gates", parts.value)
        blocks.append(fill("for dh_before", "{dh} * {z} + {gates}", known, dh * known["z"][1] + parts.value))
    return [*blocks, *_weights(cell, "r")]


def rnn_back(cell: Cell, rectified: bool, value: float) -> list[Block]:
    """Dh of the step, the sum, the weights, and what goes to the step before."""
    if cell.dz is None:
        return []
    dh = cell.says_above(cell.t) + _by_weights(cell, cell.t)
    known = {"dh": ("dh", dh), "h": (f"h{at(cell.j)}", value)}
    slope = ("{dh} * 1" if value > 0 else "{dh} * 0") if rectified else "{dh} * (1 - {h}^2)"
    dsum = fill("dsum", slope, known, float(cell.dz[cell.t, cell.j]), abs(dh))
    return [*_state_slope(cell, dh), dsum, *_to_before(cell), *_weights(cell, "")]


# ---- from step to step ---------------------------------------------------------------------------------------------


def _by_weights(cell: Cell, step: int) -> float:
    """What the next step says of a state: its dsum by the weights wh."""
    if cell.dz is None or step + 1 >= cell.ends:
        return 0.0
    return float(cell.dz[step + 1] @ cell.wh[cell.j])


def _state_slope(cell: Cell, value: float) -> list[Block]:
    """Dh of the step: from above, and from the next step."""
    above = (f"dy{at(cell.j)}", cell.says_above(cell.t))
    if cell.is_last():
        return ["the last step: its state is read by the layers above alone", Equation("dh", "{}", (above,), value)]
    assert cell.dz is not None

    def named(k: int) -> tuple[str, str]:
        return f"wh{at(cell.j, k)}", f"dsum_next{at(k)}"

    of_next = _by_weights(cell, cell.t)
    later = weighted("dh_later", cell.wh[cell.j], cell.dz[cell.t + 1], named, of_next, cell.here.most)
    return ["dh_later comes from the next step, through its sums and wh; dy from the layers above", later,
            Equation("dh", "{} + {}", (above, ("dh_later", later.value)), value)]  # fmt: skip


def _to_before(cell: Cell) -> list[Block]:
    """What this step says of the state of the one before."""
    if cell.t == 0:
        return ["the first step: no step before it gets anything"]
    assert cell.dz is not None
    own = cell.dz[cell.t]
    return ["the step before gets this as its dh_later, by wh and all sums of this step (dsum, as wh's columns):",
            weighted("for dh_before", cell.wh[cell.j], own, lambda k: (f"wh{at(cell.j, k)}", f"dsum{at(k)}"),
                     float(own @ cell.wh[cell.j]), cell.here.most)]  # fmt: skip


def _gru_candidates(cell: Cell) -> Array:
    """The gradients of a, (T, H)."""
    back = cell.here.backward_row(gru.backward) if cell.back is None else cell.back
    assert back is not None
    found: Array = cell.here.read(back, "da")[cell.here.n]
    return found


def _to_state(cell: Cell, da: Array, step: int, left: str, ending: str) -> Equation:
    """What a step's gates r and z and its candidate say of the state before it, by wh."""
    assert cell.dz is not None
    units = cell.units
    slopes = np.concatenate([cell.dz[step, : 2 * units], da[step]])

    def named(k: int) -> tuple[str, str]:
        gate = f"dsum{ending}{at(k)}" if k < 2 * units else f"da{ending}{at(k - 2 * units)}"
        return f"wh{at(cell.j, k)}", gate

    return weighted(left, cell.wh[cell.j], slopes, named, float(cell.wh[cell.j] @ slopes), cell.here.most)


def _gru_slopes(cell: Cell, da: Array) -> dict[int, float]:
    """Dh of each step from the last to the chosen one, gathered as the engine does."""
    z, units, j = cell.here.read(cell.row, "z")[cell.here.n], cell.units, cell.j
    found, slope = dict[int, float](), 0.0
    for s in range(cell.ends - 1, cell.t - 1, -1):
        if s + 1 < cell.ends:
            slope = slope * float(z[s + 1, units + j]) + _to_state(cell, da, s + 1, "", "").value
        else:
            slope = 0.0
        slope += cell.says_above(s)
        found[s] = slope
    return found


# ---- weights -------------------------------------------------------------------------------------------------------


def _weights(cell: Cell, gate: str) -> list[Block]:
    """The gradients of the first gate's weights, over all steps and inputs, and of an input."""
    here, j = cell.here, cell.j
    if cell.back is None or here.slope("b") is None:
        return []
    dz = here.read(cell.back, "dz")[..., j]
    for n, end in enumerate(here.read(cell.row, "ends").astype(int)):
        dz[n, end:] = 0
    name = f"dsum_{gate}" if gate else "dsum"
    blocks: list[Block] = ["the same weights serve every step, so their gradients are sums over steps and inputs"]
    x, states = here.read(cell.row, "x"), _states_before(cell)
    for parameter, letter, values in (("wx", "x", x), ("wh", "h_before", states)):
        slope = here.slope(parameter)
        if slope is not None:
            k = int(abs(values[here.n, cell.t]).argmax())
            blocks.append(batch_sum(here, f"d{parameter}{at(k, j)}", values[..., k], dz, (f"{letter}{at(k)}", name),
                                    slope[k, j], (cell.t,)))  # fmt: skip
    db = here.slope("b")
    assert db is not None
    blocks.append(batch_sum(here, f"db{at(j)}", None, dz, ("", name), db[j], (cell.t,)))
    return [*blocks, *_to_input(cell, x)]


def _states_before(cell: Cell) -> Array:
    """The state that each step of each example begins with, (B, T, H)."""
    y = cell.here.read(cell.row, "y")
    first = cell.here.read(cell.row, "start") if cell.begins else np.zeros((len(y), cell.units))
    found: Array = np.concatenate([first[:, None], y[:, :-1]], axis=1)
    return found


def _to_input(cell: Cell, x: Array) -> list[Block]:
    dx = cell.here.dx
    if dx is None or cell.dz is None or cell.row.operands["x"] is not cell.here.info.input:
        return []
    own = dx[cell.here.n, cell.t]
    k = int(abs(x[cell.here.n, cell.t] * own).argmax())
    return [weighted(f"dx{at(k)}", cell.wx[k], cell.dz[cell.t], lambda g: (f"wx{at(k, g)}", f"dsum{at(g)}"),
                     float(own[k]), cell.here.most)]  # fmt: skip
