"""Explanations of convolutions and pools: one place of the output, and the window of the input that it sees."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation, table, weighted
from dllab.ops import avg_pool, conv, max_pool

SHOWN = 49
"""Numbers of a window that are drawn."""


def convolution(here: Here) -> Told:
    """Y[p, q, o] = b[o] + the sum of the window times the kernel; both conv and conv1d, which is conv of one row."""
    row = here.row(conv.forward)
    assert row is not None
    padded, w, b, y = (here.read(row, name) for name in ("padded", "w", "b", "y"))
    p, q, o = here.place if len(here.place) == 3 else (0, *here.place)
    rows = p * int(here.read(row, "stride_y")) + np.arange(w.shape[0]) * int(here.read(row, "dilation_y"))
    columns = q * int(here.read(row, "stride_x")) + np.arange(w.shape[1]) * int(here.read(row, "dilation_x"))
    windows = padded[:, rows][:, :, columns]  # (B, K, L, C)
    window = windows[here.n]
    channel = int(abs((window * w[..., o]).sum((0, 1))).argmax())
    forward = _drawn(window, w[..., o], channel)
    sums = (window * w[..., o]).sum((0, 1))
    if len(sums) > 1:
        forward.append(_channels(sums))
    name = at(*here.place)
    plus = [] if here.weight("b") is None else [(f"b{at(o)}", float(b[o]))]
    forward.append(weighted(f"y{name}", window, w[..., o], lambda i: _names(i, w, o), y[here.n, p, q, o], here.most, plus))
    return Told(tuple(forward), tuple(_backward(here, windows, padded, w, channel)), f"place {name}")


def _channels(sums: Array) -> str:
    return f"the window has {len(sums)} channels; the one that counts most is drawn, the sum goes over all"


def _drawn(window: Array, w: Array, channel: int) -> list[Block]:
    if window[..., 0].size > SHOWN:
        return []
    title = f" of channel {channel + 1}" if window.shape[-1] > 1 else ""
    edges = [str(i + 1) for i in range(window.shape[0])], [str(i + 1) for i in range(window.shape[1])]
    parts = {"x, the window": window, "w, the kernel": w, "x * w": window * w}
    return [table(name + title, *edges, numbers[..., channel]) for name, numbers in parts.items()]


def _names(i: int, w: Array, o: int) -> tuple[str, str]:
    place = np.unravel_index(i, w.shape[:3])
    index = at(*(int(k) for k in (place if w.shape[2] > 1 else place[:2])))
    return f"x{index}", f"w{index}"


def _backward(here: Here, windows: Array, padded: Array, w: Array, channel: int) -> list[Block]:
    dy, dw, db = here.dy, here.slope("w"), here.slope("b")
    if dy is None:
        return []
    blocks: list[Block] = []
    p, q, o = here.place if len(here.place) == 3 else (0, *here.place)
    slopes = dy.reshape(len(dy), -1, *dy.shape[-2:])[..., o]  # (B, P, Q)
    if dw is not None:
        row = here.row(conv.forward)
        assert row is not None
        k, j = np.unravel_index(int(abs(windows[here.n, ..., channel]).argmax()), w.shape[:2])
        strides, apart = ([int(here.read(row, f"{name}_{axis}")) for axis in "yx"] for name in ("stride", "dilation"))
        ends = [int(tap) * step for tap, step in zip((k, j), apart)]
        seen = padded[:, ends[0] :: strides[0], ends[1] :: strides[1], channel][:, : slopes.shape[1], : slopes.shape[2]]
        name = at(int(k), int(j), channel, o) if w.ndim == dw.ndim else at(int(j), channel, o)
        value = dw.reshape(w.shape)[k, j, channel, o]
        blocks.append("a weight is used at every place, so its gradient is a sum over all places and inputs")
        names = (f"x{at(int(k), int(j))}", f"dy{at(*here.place)}")
        blocks.append(batch_sum(here, f"dw{name}", seen, slopes, names, value, (p, q)))
    if db is not None:
        blocks.append(batch_sum(here, f"db{at(o)}", None, slopes, ("", f"dy{at(*here.place)}"), db[o], (p, q)))
    if here.dx is not None:
        blocks.append("dx: every number of the window gets dy times its weight, added up over the windows that see it")
    return blocks


def pool(here: Here) -> Told:
    """The largest of a window, or its mean."""
    row = here.row(max_pool.forward, avg_pool.forward)
    if row is None or len(here.place) != 3:
        return Told((), ())
    p, q, c = here.place
    picture = here.read(row, "x")[here.n, ..., c]
    (top, bottom), (left, right) = (
        _reach(int(here.read(row, f"stride_{axis}")), int(here.read(row, f"size_{axis}")), int(here.read(row, start)),
               place, size)
        for axis, start, place, size in (("y", "top", p, picture.shape[0]), ("x", "left", q, picture.shape[1]))
    )  # fmt: skip
    window = picture[top:bottom, left:right].reshape(-1)
    names = [f"x{at(h, w, c)}" for h in range(top, bottom) for w in range(left, right)]
    operands = tuple((name, float(number)) for name, number in zip(names, window))
    largest = row.kernel is max_pool.forward
    slots = ["{}"] * len(window)
    if largest:
        template = f"max({', '.join(slots)})" if len(slots) > 1 else "{}"
    else:
        template = f"({' + '.join(slots)}) / {len(slots)}"
    y = Equation(f"y{at(*here.place)}", template, operands, float(here.y[(here.n, *here.place)]))
    back = (
        "dx: dy goes to the largest number, 0 to the others" if largest else "dx: each number of the window gets its share"
    )
    return Told((y,), (back,) if here.dy is not None else (), f"place {at(*here.place)}")


def _reach(stride: int, size: int, low: int, place: int, whole: int) -> tuple[int, int]:
    start = place * stride - low
    return max(start, 0), min(start + size, whole)
