"""Explanations of transposed convolutions: which pixels of the input have painted on one place of the output."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, weighted
from dllab.ops import conv_transpose


class _Painted:
    """Which pixel (h, v) of x reaches which place (p, q) of y, and by which number (k, j) of the kernel."""

    def __init__(self, here: Here) -> None:
        row = here.row(conv_transpose.forward)
        assert row is not None
        self.w = here.read(row, "w")  # (K, L, I, O)
        self.strides = [int(here.read(row, f"stride_{axis}")) for axis in "yx"]
        self.low = [int(here.read(row, name)) for name in ("top", "left")]
        self.x, self.p, self.q, self.o = here.x, *here.place

    def place(self, h: int, v: int, k: int, j: int) -> tuple[int, int]:
        """Where pixel (h, v) paints with (k, j); it may lie outside."""
        return h * self.strides[0] + k - self.low[0], v * self.strides[1] + j - self.low[1]

    def painters(self) -> list[tuple[int, int, int, int]]:
        """All (h, v, k, j) that reach the chosen place."""
        ways = np.ndindex(*self.x.shape[1:3], *self.w.shape[:2])
        return [way for way in ways if self.place(*way) == (self.p, self.q)]


def transposed(here: Here) -> Told:
    """Y[p, q] = b + x[h, v] w[k, j], added up over all pixels whose brush reaches (p, q)."""
    seen = _Painted(here)
    ways, inputs, o = seen.painters(), seen.w.shape[2], seen.o
    pairs = [(way, i) for way in ways for i in range(inputs)]
    x = np.array([here.x[here.n, h, v, i] for (h, v, _, _), i in pairs])
    w = np.array([seen.w[k, j, i, o] for (_, _, k, j), i in pairs])

    def named(number: int) -> tuple[str, str]:
        (h, v, k, j), i = pairs[number]
        return f"x{at(h, v, i)}", f"w{at(k, j, i, o)}"

    b = here.weight("b")
    plus = [] if b is None else [(f"b{at(o)}", float(b[o]))]
    size, count = " x ".join(map(str, seen.w.shape[:2])), len(ways)
    name = at(*here.place)
    says = f"each pixel of x paints {size} pixels of y; {count} of them reach" + "es" * (count == 1) + f" y{name}"
    if not pairs:
        return Told((f"no pixel of x reaches y{name}: it is the bias alone",), ())
    y = weighted(f"y{name}", x, w, named, float(here.y[(here.n, *here.place)]), here.most, plus)
    best, i = pairs[int(abs(x * w).argmax())]
    back = _backward(here, seen, best, i) if here.dy is not None else []
    return Told((says, y), tuple(back), f"place {name}")


def _backward(here: Here, seen: _Painted, way: tuple[int, int, int, int], i: int) -> list[Block]:
    dy, dw, db, o = here.dy, here.slope("w"), here.slope("b"), seen.o
    assert dy is not None
    (h, v, k, j), place = way, at(*here.place)
    blocks: list[Block] = []
    if dw is not None:
        blocks.append("a weight paints for every pixel, so its gradient is a sum over all pixels and inputs")
        names = (f"x{at(h, v, i)}", f"dy{place}")
        slopes = _met(seen, dy[..., o], k, j)
        value = float(dw[k, j, i, o])
        blocks.append(batch_sum(here, f"dw{at(k, j, i, o)}", here.x[..., i], slopes, names, value, (h, v)))
    if db is not None:
        blocks.append(batch_sum(here, f"db{at(o)}", None, dy[..., o], ("", f"dy{place}"), float(db[o]), (seen.p, seen.q)))
    if here.dx is not None:
        taps = [tap for tap in np.ndindex(*seen.w.shape[:2], seen.w.shape[3]) if _inside(seen.place(h, v, *tap[:2]), dy)]
        weights = np.array([seen.w[a, b, i, out] for a, b, out in taps])
        slopes = np.array([dy[(here.n, *seen.place(h, v, a, b), out)] for a, b, out in taps])

        def named(number: int) -> tuple[str, str]:
            a, b, out = taps[number]
            return f"w{at(a, b, i, out)}", f"dy{at(*seen.place(h, v, a, b), out)}"

        value = float(here.dx[here.n, h, v, i])
        blocks.append(weighted(f"dx{at(h, v, i)}", weights, slopes, named, value, here.most))
    return blocks


def _inside(place: tuple[int, int], dy: Array) -> bool:
    return bool(0 <= place[0] < dy.shape[1] and 0 <= place[1] < dy.shape[2])


def _met(seen: _Painted, dy: Array, k: int, j: int) -> Array:
    """Dy (B, P, Q) where each pixel of x paints with (k, j): (B, H, W), 0 outside."""
    found = np.zeros((len(dy), *seen.x.shape[1:3]))
    for h, v in np.ndindex(*seen.x.shape[1:3]):
        place = seen.place(h, v, k, j)
        if _inside(place, dy):
            found[:, h, v] = dy[:, place[0], place[1]]
    return found
