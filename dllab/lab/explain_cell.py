"""What explanations of recurrent layers look at: the numbers of one cell, one example, one step of time and one unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dllab.lab.explain_here import Array, Here, at
from dllab.lab.explanation import Block, Equation, weighted
from dllab.ops import gru, lstm, rnn
from dllab.plan.row import Row


class Cell:
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

    # ---- the way back ----------------------------------------------------------------------------------------------

    def says_above(self, step: int) -> float:
        """What the layers above say of a state."""
        own = 0.0 if self.dy is None else float(self.dy[self.here.n, step, self.j])
        return own + (self.says_last("y_h") if step == self.ends - 1 else 0.0)

    def says_last(self, name: str) -> float:
        """What layers say that read the state after the last step alone: y_h, or y_c of the memory."""
        dy = self.here.gradient(self.row.operands[name]) if name in self.row.operands else None
        return 0.0 if dy is None else float(dy[self.here.n, self.j])

    def is_last(self) -> bool:
        """Whether no step comes after this one."""
        return self.t + 1 >= self.ends
