"""Explanations of convolutions: one place of the output, and the window of the input that it sees."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, table, weighted
from dllab.ops import conv, depthwise_conv
from dllab.plan.row import Row

SHOWN = 49
"""Numbers of a window that are drawn."""


class _Seen:
    """What a place of the output sees: `windows` (B, K, L, C), the kernel `w` (K, L, C, O), and the steps between them.

    Of a depthwise convolution C is the one channel that its output looks at, and O all outputs, of which `o` is looked at.
    """

    def __init__(self, here: Here, row: Row, padded: Array, w: Array) -> None:
        self.here, self.padded, self.w = here, padded, w
        self.p, self.q, self.o = here.place if len(here.place) == 3 else (0, *here.place)
        self.apart = [int(here.read(row, f"dilation_{axis}")) for axis in "yx"]
        steps = ("stride_y", "stride_x" if "stride_x" in row.operands else "step")
        self.strides = [int(here.read(row, name)) for name in steps]

    @property
    def windows(self) -> Array:
        """(B, K, L, C)."""
        rows = self.p * self.strides[0] + np.arange(self.w.shape[0]) * self.apart[0]
        columns = self.q * self.strides[1] + np.arange(self.w.shape[1]) * self.apart[1]
        found: Array = self.padded[:, rows][:, :, columns]
        return found

    def of_tap(self, k: int, j: int, channel: int, shape: tuple[int, ...]) -> Array:
        """What a number of the kernel meets at all places of the output, (B, P, Q)."""
        first = k * self.apart[0], j * self.apart[1]
        found: Array = self.padded[:, first[0] :: self.strides[0], first[1] :: self.strides[1], channel]
        return found[:, : shape[0], : shape[1]]

    def hearing(self, h: int, v: int, shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
        """Taps (k, j) and places (p, q) at which number (h, v) of the padded input is met."""
        found = []
        for k, j in np.ndindex(self.w.shape[:2]):
            (p, over), (q, beyond) = (
                divmod(place - tap * apart, stride)
                for place, tap, apart, stride in zip((h, v), (k, j), self.apart, self.strides)
            )
            if not over and not beyond and 0 <= p < shape[0] and 0 <= q < shape[1]:
                found.append((int(k), int(j), int(p), int(q)))
        return found


def convolution(here: Here) -> Told:
    """Y[p, q, o] = b[o] + the sum of the window times the kernel; both conv and conv1d, which is conv of one row."""
    row = here.row(conv.forward)
    assert row is not None
    return _told(here, _Seen(here, row, here.read(row, "padded"), here.read(row, "w")))


def depthwise(here: Here) -> Told:
    """The same with a kernel for each channel, which sees that channel alone."""
    row = here.row(depthwise_conv.forward)
    assert row is not None
    w, o = here.weight("w"), here.place[-1]
    assert w is not None
    taps, copies = w.shape[:2], w.shape[3]
    padded = here.read(row, "padded")
    channels = w.shape[2] * copies
    padded = padded.reshape(*padded.shape[:2], -1, channels)[..., o : o + 1]
    seen = _Seen(here, row, padded, w.reshape(*taps, 1, channels))
    seen.strides[1] //= channels
    source = f"channel {o // copies + 1} of x" + (f", filter {o % copies + 1} of {copies} for it" if copies > 1 else "")
    return _told(here, seen, f"y of channel {o + 1} sees {source}, and no other")


def _told(here: Here, seen: _Seen, alone: str = "") -> Told:
    w, windows, o = seen.w, seen.windows, seen.o
    window = windows[here.n]
    sums = (window * w[..., o]).sum((0, 1))
    channel = int(abs(sums).argmax())
    forward = [alone] if alone else list[Block]()
    forward += _drawn(window, w[..., o], channel)
    if len(sums) > 1:
        forward.append(_channels(sums))
    name, b = at(*here.place), here.weight("b")
    plus = [] if b is None else [(f"b{at(o)}", float(b[o]))]
    value = float(here.y[(here.n, *here.place)])
    forward.append(weighted(f"y{name}", window, w[..., o], lambda i: _names(i, w), value, here.most, plus))
    return Told(tuple(forward), tuple(_backward(here, seen, channel, bool(alone))), f"place {name}")


def _channels(sums: Array) -> str:
    return f"the window has {len(sums)} channels; the one that counts most is drawn, the sum goes over all"


def _drawn(window: Array, w: Array, channel: int) -> list[Block]:
    if window[..., 0].size > SHOWN:
        return []
    title = f" of channel {channel + 1}" if window.shape[-1] > 1 else ""
    edges = [str(i + 1) for i in range(window.shape[0])], [str(i + 1) for i in range(window.shape[1])]
    parts = {"x, the window": window, "w, the kernel": w, "x * w": window * w}
    return [table(name + title, *edges, numbers[..., channel]) for name, numbers in parts.items()]


def _names(i: int, w: Array) -> tuple[str, str]:
    place = np.unravel_index(i, w.shape[:3])
    index = at(*(int(k) for k in (place if w.shape[2] > 1 else place[:2])))
    return f"x{index}", f"w{index}"


def _backward(here: Here, seen: _Seen, channel: int, alone: bool) -> list[Block]:
    dy, dw, db = here.dy, here.slope("w"), here.slope("b")
    if dy is None:
        return []
    blocks: list[Block] = []
    w, o, where = seen.w, seen.o, (seen.p, seen.q)
    slopes = dy.reshape(len(dy), -1, *dy.shape[-2:])  # (B, P, Q, O)
    k, j = (int(i) for i in np.unravel_index(int(abs(seen.windows[here.n, ..., channel]).argmax()), w.shape[:2]))
    if dw is not None:
        name = at(k, j, o) if alone else at(k, j, channel, o) if w.ndim == dw.ndim else at(j, channel, o)
        value = dw.reshape(w.shape)[k, j, channel, o]
        blocks.append("a weight is used at every place, so its gradient is a sum over all places and inputs")
        names = (f"x{at(k, j) if w.shape[2] == 1 else at(k, j, channel)}", f"dy{at(*here.place)}")
        met = seen.of_tap(k, j, channel, slopes.shape[1:3])
        blocks.append(batch_sum(here, f"dw{name}", met, slopes[..., o], names, value, where))
    if db is not None:
        blocks.append(batch_sum(here, f"db{at(o)}", None, slopes[..., o], ("", f"dy{at(*here.place)}"), db[o], where))
    if here.dx is not None:
        blocks += _to_input(here, seen, slopes[here.n], (k, j, channel), alone)
    return blocks


def _to_input(here: Here, seen: _Seen, dy: Array, tap: tuple[int, int, int], alone: bool) -> list[Block]:
    """Dx of the window's largest number: all windows that see it hand back their dy by the weight they see it with."""
    assert here.dx is not None
    k, j, channel = tap
    dx = here.dx[here.n]
    own = dx.reshape(-1, *dx.shape[-2:])  # (H, W, C)
    low = _low(here)  # zeros in front
    h, v = seen.p * seen.strides[0] + k * seen.apart[0], seen.q * seen.strides[1] + j * seen.apart[1]
    y, x = h - low[0], v - low[1]
    if not (0 <= y < own.shape[0] and 0 <= x < own.shape[1]) or (here.dx.ndim == 3 and x >= here.steps()):
        return ["dx: every number of the window gets dy times its weight, added up over the windows that see it"]
    source = seen.o // (seen.w.shape[3] // own.shape[2]) if alone else channel
    outputs = range(seen.w.shape[3]) if not alone else range(*_copies(seen, own.shape[2], source))
    pairs = [(ways, o) for ways in seen.hearing(h, v, dy.shape[:2]) for o in outputs]
    weights = np.array([seen.w[a, b, channel, o] for (a, b, _, _), o in pairs])
    slopes = np.array([dy[p, q, o] for (_, _, p, q), o in pairs])

    def named(i: int) -> tuple[str, str]:
        (a, b, p, q), o = pairs[i]
        place = (p, q, o) if here.dx is not None and here.dx.ndim == 4 else (q, o)
        return f"w{at(a, b, o) if alone or seen.w.shape[2] == 1 else at(a, b, channel, o)}", f"dy{at(*place)}"

    where = (y, x, source) if here.dx.ndim == 4 else (x, source)
    place = at(k, j) if seen.w.shape[2] == 1 else at(k, j, channel)
    says = f"x{place} of the window is x{at(*where)} of the input, and other windows see it, too"
    return [says, weighted(f"dx{at(*where)}", weights, slopes, named, float(own[y, x, source]), here.most)]


def _copies(seen: _Seen, inputs: int, source: int) -> tuple[int, int]:
    copies = seen.w.shape[3] // inputs
    return source * copies, source * copies + copies


def _low(here: Here) -> tuple[int, int]:
    """Zeros in front of the picture."""
    row = here.backward_row(conv.gather_back, conv.spread_back, depthwise_conv.backward_x)
    assert row is not None
    return int(here.read(row, "top")), int(here.read(row, "left"))
