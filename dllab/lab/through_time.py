"""How the gradient of a recurrent layer goes back through time: |dL / dh[t]| at every step.

It is put together from what the way back has left in the engine's buffers: what a step's gates are told (dz), and the
weights from state to gates.

    rnn, lstm   dL/dh[t] = dy[t] + dz[t + 1] wh'
    gru         the same over the gates r and z, and from da for the candidate, and dL/dh[t + 1] * z[t + 1]

dy is what the layers behind say of a state, which is nothing but for the last one where only that is handed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.inside import Inside
from dllab.lab.subject import Subject

KINDS = ("rnn", "lstm", "gru")


@dataclass(frozen=True, eq=False)
class ThroughTime:
    """`sizes` (T,): of the gradient of one example by the state of each step, the root of the mean square over examples.

    Sequences are put together at their ends: the last number is that of each one's last step. `only_last`: the layers
    behind see nothing but the last state, so that all of it has come through time. `factor`: how many times as large it is
    at an example's first step as at its own last one, the median over the examples that have several steps.
    """

    path: str
    kind: str
    sizes: NDArray[np.float64]
    only_last: bool
    factor: float


def through_time(inside: Inside, path: str) -> ThroughTime | None:
    """The gradient of one layer through time; None for layers that are not recurrent, and where nothing comes back."""
    info = inside.layer(path)
    if info.kind not in KINDS or not info.output.needs_gradient:
        return None
    by_state, ends = state_gradients(inside, path)
    steps = by_state.shape[1]
    sizes = np.full(steps, np.nan)
    squares = np.sum(np.square(by_state.astype(np.float64)), axis=2)  # (N, T)
    for back in range(steps):
        there = ends > back
        if there.any():
            at = ends[there] - 1 - back
            sizes[steps - 1 - back] = inside.rows * np.sqrt(np.mean(squares[there, at]))
    only_last = len(info.output.shape) == 2
    return ThroughTime(path, info.kind, sizes[np.isfinite(sizes).argmax() :], only_last, _factor(squares, ends))


def _factor(squares: NDArray[np.float64], ends: NDArray[np.int64]) -> float:
    """First over last step, by squares (N, T); examples of which the last is 0 are passed over, 1 where all are."""
    several = np.flatnonzero(ends > 1)
    first, last = squares[several, 0], squares[several, ends[several] - 1]
    if not np.isfinite(first).all():
        return float("inf")
    there = last > 0
    with np.errstate(over="ignore"):
        return float(np.median(np.sqrt(first[there] / last[there]))) if there.any() else 1.0


def state_gradients(inside: Inside, path: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """DL/dh (N, T, H) of the layer (of those on top of each other: the last), 0 behind each end, and the ends (N,)."""
    info = inside.layer(path)
    labels = [p.label for p in info.parameters if p.label.rpartition(".")[2].startswith("wh")]
    weights = inside.network.parameters[labels[-1]].astype(np.float64)
    ends = inside.backward(path, "ends").astype(np.int64)
    dz = inside.backward(path, "dz").astype(np.float64)
    rows, steps, units = len(dz), dz.shape[1], weights.shape[0]
    given = inside.output_gradient(path)
    assert given is not None
    by_state = np.zeros((rows, steps, units))
    if given.ndim == 3:
        by_state[...] = given
    else:
        some = np.flatnonzero(ends)
        by_state[some, ends[some] - 1] = given[some]
    told, kept = dz, None
    if info.kind == "gru":
        told = np.concatenate([dz[..., : 2 * units], inside.backward(path, "da").astype(np.float64)], axis=2)
        kept = inside.backward(path, "z").astype(np.float64)[..., units : 2 * units]
    for t in range(steps - 2, -1, -1):
        on = t + 1 < ends
        by_state[on, t] += told[on, t + 1] @ weights.T
        if kept is not None:
            by_state[on, t] += by_state[on, t + 1] * kept[on, t + 1]
    by_state[np.arange(steps) >= ends[:, None]] = 0
    return by_state, ends


def going_back(subject: Subject, radius: float | None = None, rows: int = 32) -> NDArray[np.float64]:
    """How large dL/dh of a net's one recurrent layer is 0, 1, 2, ... steps back, as a multiple of its size at the end.

    `radius`: its recurrent weights are scaled to that, first.
    """
    (path,) = (info.path for info in subject.network.plan.infos if info.kind in KINDS)
    if radius is not None:
        set_radius(subject.network.parameters[f"{path}.wh"], radius)
    told = through_time(subject.backward(subject.rows("train", rows)), path)
    assert told is not None
    return np.asarray(told.sizes[::-1] / told.sizes[-1])


def growth(sizes: NDArray[np.float64], settled: int = 5) -> float:
    """The factor by which the size grows a step, for sizes 0, 1, 2, ... steps back; fitted from `settled` on."""
    return float(np.exp(np.polyfit(np.arange(settled, len(sizes)), np.log(sizes[settled:]), 1)[0]))


def set_radius(weights: NDArray[Any], radius: float) -> None:
    """Scale a square matrix, in place, so that its largest eigenvalue has that size."""
    weights *= radius / np.abs(np.linalg.eigvals(weights.astype(np.float64))).max()
