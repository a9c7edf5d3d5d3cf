"""What explanations of attention look at: the numbers of one head, one example, one query."""

from __future__ import annotations

import math

import numpy as np

from dllab.lab.explain_here import Array, Here, at
from dllab.lab.explanation import Equation
from dllab.ops import shares
from dllab.symbols import Value


class Head:
    """`t`: the query's step; `best`: the step with the largest share; `c`, `cv`: columns of wq and wk, and of wv.

    `q` (E,), `keys` (S, E), `share` (S,): of this head and query; `kept` (T, S): shares after dropout; `heads` (D,): what
    all heads have taken. `k_at`, `v_at`: where keys and values begin in m, in front of all heads.
    """

    def __init__(self, here: Here) -> None:
        row, sums = here.row(shares.dot, shares.additive), here.row(shares.sums)
        assert row is not None and sums is not None
        self.here, self.row, self.sums, self.is_dot = here, row, sums, row.kernel is shares.dot
        n, self.t = here.n, here.place[0]
        p = here.read(row, "p")  # (B, N, T, S)
        self.heads = here.read(sums, "y")[n, self.t]
        self.count, self.part = p.shape[1], len(self.heads) // p.shape[1]
        wo = here.weight("wo")
        assert wo is not None
        self.head = int(abs(self.heads * wo[:, here.place[-1]]).reshape(self.count, self.part).sum(1).argmax())
        self.first = self.head * self.part
        self.causal = bool(here.read(row, "causal"))
        lengths = int(here.read(row, "lengths").astype(int)[n])
        self.seen = max(min(self.t + 1 if self.causal else p.shape[3], p.shape[3], lengths), 1)
        self.k_at, self.v_at = int(here.read(row, "k_at")), int(here.read(sums, "v_at"))
        own = slice(self.first, self.first + self.part)
        self.queries, m = here.read(row, "q")[n, :, own], here.read(row, "m")[n]
        self.q, self.keys = self.queries[self.t], m[: self.seen, self.k_at + self.first :][:, : self.part]
        self.values = m[: self.seen, self.v_at + self.first :][:, : self.part]
        self.share, self.kept = p[n, self.head, self.t], here.read(sums, "p")[n, self.head]
        self.best = int(self.share[: self.seen].argmax())
        self.c = self.first + int(abs(self.q * self.keys[self.best]).argmax())
        self.cv = self.first + int(abs(self.heads[own]).argmax())

    def where(self) -> str:
        """The head and the query, in words."""
        steps = f"{self.seen} step{'s' * (self.seen > 1)}"
        return f"head {self.head + 1} of {self.count}, query step {self.t + 1}, which sees {steps}"

    def columns(self) -> str:
        """Which columns of the matrices are the head's."""
        return (f"head {self.head + 1} has columns {self.first + 1} to {self.first + self.part} of wq, wk and wv; of the "
                f"steps that are seen, {self.best + 1} gets the largest share")  # fmt: skip

    def source(self, letter: str) -> tuple[Value, int]:
        """The value that holds all q, k or v, and where in it they begin."""
        if letter == "q":
            return self.row.operands["q"], 0
        return self.row.operands["m"], self.k_at if letter == "k" else self.v_at

    def read_by(self, letter: str) -> str:
        """The input that a projection reads: x, or the memory."""
        made = self.row.operands["q" if letter == "q" else "m"]
        row = next(row for row in self.here.rows if row.operands.get("y") is made)
        return "x" if row.operands["x"] is self.here.info.input else "memory"

    def scores(self) -> Array:
        """Of all steps that are seen, (S,)."""
        found: Array = self.keys @ self.q / math.sqrt(self.part) if self.is_dot else np.tanh(self.q + self.keys) @ self.u
        return found

    @property
    def u(self) -> Array:
        """What an additive score weighs its sums with, (E,)."""
        found: Array = self.here.read(self.row, "u")[self.head]
        return found

    def size(self) -> float:
        """Of what is added up in a score."""
        if self.is_dot:
            return float(abs(self.q) @ abs(self.keys[self.best])) / math.sqrt(self.part)
        return float(abs(self.u).sum())

    def added(self, value: float) -> Equation:
        """An additive score: the largest terms u tanh(q + k), the others in one number."""
        key, most = self.keys[self.best], self.here.most
        terms = self.u * np.tanh(self.q + key)
        shown = np.arange(len(terms))
        if len(terms) > most + 1:
            shown = np.sort(np.argsort(-abs(terms), kind="stable")[:most])
        operands, rest = list[tuple[str, float]](), np.delete(terms, shown)
        for i in map(int, shown):
            operands += [(f"u{at(self.head, i)}", float(self.u[i])), (f"q{at(self.t, self.first + i)}", float(self.q[i])),
                         (f"k{at(self.best, self.first + i)}", float(key[i]))]  # fmt: skip
        template = " + ".join(["{} * tanh({} + {})"] * len(shown))
        if len(rest):
            operands.append((f"({len(rest):,} more)", float(rest.sum())))
            template += " + {}"
        return Equation(f"score{at(self.t, self.best)}", template, tuple(operands), value, float(abs(rest).sum()))
