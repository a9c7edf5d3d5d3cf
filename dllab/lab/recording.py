"""What probes have seen during training: of every layer its outputs, of every parameter its gradient and its updates.

The numbers come from the buffers of the training steps themselves (plan/probes.py); here they are only put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import parts
from dllab.engine.binding import Memory
from dllab.plan.flow import LayerInfo
from dllab.plan.plan import Plan
from dllab.plan.probes import BINS, PORTRAIT, Probe, What, by_units

EVERY = 64
"""Steps from look to look, unless a run is short or very long."""
FEWEST, MOST = 64, 1024
"""Looks at a run, as far as it has so many steps."""

EDGES = np.linspace(-1, 1, BINS + 1)
"""Of the bins of a histogram, as x / (1 + |x|)."""


def natural(edge: float) -> float:
    """The x that an edge stands for; infinite at the ends."""
    return edge / (1 - abs(edge)) if abs(edge) < 1 else float(np.copysign(np.inf, edge))


@dataclass(frozen=True)
class LayerTrace:
    """What a layer's outputs were at each look, (L,) each; `histogram` (L, BINS), `active` (L, units): shares.

    `flat`: share of outputs where the activation has next to no slope, `dead`: share of units whose output was 0 for the
    whole batch; None for layers to which that does not apply. `gradient`: root mean square of the loss's gradient by the
    outputs, times the rows of a batch, so that it is that of one example.
    """

    path: str
    kind: str
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]
    zeros: NDArray[np.float64]
    histogram: NDArray[np.float64]
    active: NDArray[np.float64]
    flat: NDArray[np.float64] | None
    dead: NDArray[np.float64] | None
    gradient: NDArray[np.float64] | None


@dataclass(frozen=True)
class ParameterTrace:
    """Norms of a parameter, its gradient and its update at each look, (L,) each."""

    label: str
    norm: NDArray[np.float64]
    gradient: NDArray[np.float64]
    update: NDArray[np.float64]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """How large an update was beside what it changed; NaN where that was 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.norm > 0, self.update / self.norm, np.nan)


@dataclass(frozen=True)
class Trace:
    """All that was seen: at the step numbers `steps` (L,), counted from 0; `per_epoch` of them are an epoch."""

    steps: NDArray[np.int64]
    per_epoch: int
    layers: tuple[LayerTrace, ...]
    parameters: tuple[ParameterTrace, ...]


def watch(plan: Plan, steps: int) -> tuple[tuple[Probe, ...], int]:
    """The probes of everything a plan has, and every how many steps they look."""
    every = max(min(EVERY, steps // FEWEST), 1, -(-steps // MOST))
    length = -(-steps // every)
    infos = plan.program("train").infos  # without an activation that the loss does itself
    found = [probe for info in infos for probe in _of_layer(info, length).values()]
    found += [probe for label in plan.store.parameters for probe in _of_parameter(label, length).values()]
    return tuple(found), every


def trace(plan: Plan, memory: Memory, steps: int, examples: int) -> Trace:
    """What the probes of `watch` have seen in a plan's first `steps` steps; `examples` are trained on in an epoch."""
    batch, seen = plan.question.batch, np.arange(0, steps, plan.question.probe_every)
    per_epoch = -(-examples // batch)
    rows = np.minimum(batch, examples - seen % per_epoch * batch)
    length = plan.question.probes[0].length if plan.question.probes else 1
    looks = {probe: memory.looks(probe, steps) for probe in plan.question.probes}
    layers = tuple(_layer(info, looks, length, rows) for info in plan.program("train").infos)
    parameters = tuple(_parameter(label, looks, length) for label in plan.store.parameters)
    return Trace(seen, per_epoch, layers, parameters)


def _of_layer(info: LayerInfo, length: int) -> dict[str, Probe]:
    part = parts("layers").get(info.kind)
    flat = getattr(part, "flat", None) or (-np.inf, np.inf)
    found = {
        "portrait": Probe(info.path, "output", "portrait", length, flat),
        "units": Probe(info.path, "output", "units", length),
    }
    if info.output.needs_gradient:
        found["gradient"] = Probe(info.path, "output_gradient", "square", length)
    return found


def _of_parameter(label: str, length: int) -> dict[str, Probe]:
    kinds: tuple[What, ...] = ("parameter", "gradient", "update")
    return {kind: Probe(label, kind, "square", length) for kind in kinds}


def _layer(info: LayerInfo, looks: Mapping[Probe, NDArray[np.float64]], length: int, rows: NDArray[np.int64]) -> LayerTrace:
    """`rows` (L,): how many examples each look's batch had."""
    probes, part = _of_layer(info, length), parts("layers").get(info.kind)
    seen = looks[probes["portrait"]]  # (L, shards, PORTRAIT)
    column = dict(zip(PORTRAIT, np.moveaxis(seen, -1, 0)))
    count = column["count"].sum(1)
    mean, squares = column["sum"].sum(1) / count, column["squares"].sum(1) / count
    active = _active(looks[probes["units"]].astype(np.float64), divided=by_units(info.output))
    gradient = None
    if "gradient" in probes:
        each = int(np.prod([int(size) for size in info.output_shape[1:]]))  # padding among them, whose gradient is 0
        each *= seen.shape[1] if by_units(info.output) else 1
        numbers = rows * each
        gradient = rows * np.sqrt(looks[probes["gradient"]].sum(1) / numbers)
    with np.errstate(over="ignore", invalid="ignore"):  # of a net whose numbers are no longer finite
        spread = np.sqrt(np.maximum(squares - mean**2, 0))
    return LayerTrace(
        info.path, info.kind, mean, spread, column["least"].min(1), column["most"].max(1),
        column["zeros"].sum(1) / count, seen[..., -BINS:].sum(1) / count[:, None], active,
        column["flat"].sum(1) / count if getattr(part, "flat", None) else None,
        (active == 0).mean(1) if getattr(part, "dies", False) else None, gradient,
    )  # fmt: skip


def _active(units: NDArray[np.float64], divided: bool) -> NDArray[np.float64]:
    """Shares of rows in which units were not 0, (L, units), from (L, shards, U + 1): those of all shards' rows together,

    or side by side where each shard has units of its own.
    """
    if not divided:
        units = units.sum(1, keepdims=True)
    shares: NDArray[np.float64] = units[..., :-1] / units[..., -1:]
    return shares.reshape(len(units), shares.shape[1] * shares.shape[2])  # also where nothing was seen yet


def _parameter(label: str, looks: Mapping[Probe, NDArray[np.float64]], length: int) -> ParameterTrace:
    norm, gradient, update = (np.sqrt(looks[probe][:, 0]) for probe in _of_parameter(label, length).values())
    return ParameterTrace(label, norm, gradient, update)
