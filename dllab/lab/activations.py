"""What the layers of a net give for many examples: how the numbers lie, which units are dead, which are saturated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import parts
from dllab.engine.inside import Inside
from dllab.lab.recording import EDGES
from dllab.lab.subject import State, Subject
from dllab.lab.suits import Unsuited
from dllab.plan.flow import LayerInfo

MOST_ROWS = 256
"""Examples that are looked at, evenly taken from the split where it has more."""
BINS = 32
HALF = 0.5
"""The share of dead or saturated outputs from which a layer is named."""
FAR = 10.0
"""How many times the spread may change from the first activation to the last."""
LEAST_DEPTH = 3
"""Activations that a net has at least for its spread to be followed."""
ZEROS_APART = 0.2
"""The share of zeros from which a histogram leaves them out, as they would hide the others."""


@dataclass(frozen=True)
class LayerActivations:
    """A layer's outputs over all examples; `shape`: of one example's, the last axis are its units.

    `counts` (32,): how many lie in each part of x / (1 + |x|) (lab.recording.EDGES), the same for all layers; `own` (32,)
    between `edges` (33,) from the least to the most, without the zeros where `zeros_apart`. `zeros`: share of outputs
    that are 0. `dead`: share of units that are 0 for every example, `flat`: share of outputs where the activation has
    less than 6 % of its largest slope; None for layers to which that does not apply. `active`, `size` (units,): of each
    unit, the share of examples (and places) where it is not 0, and its mean absolute output.
    """

    path: str
    kind: str
    depth: int
    shape: tuple[int, ...]
    mean: float
    spread: float
    least: float
    most: float
    counts: NDArray[np.int64]
    own: NDArray[np.int64]
    edges: NDArray[np.float64]
    zeros: float
    zeros_apart: bool
    dead: float | None
    flat: float | None
    active: NDArray[np.float64]
    size: NDArray[np.float64]


@dataclass(frozen=True)
class Activations:
    """Of a net, all its layers, or those that were asked for; `unusual`: what the rules have to say of all of them.

    `normed`: whether batch norm divides by running averages of which training has learnt nothing yet.
    `best_step`: see Subject.
    """

    name: str
    state: State
    steps: int
    split: str
    rows: int
    layers: tuple[LayerActivations, ...]
    unusual: tuple[str, ...]
    normed: bool = False
    best_step: int | None = None


class Lying(Protocol):
    """What the rules look at."""

    @property
    def path(self) -> str:
        """Of the layer."""

    @property
    def kind(self) -> str:
        """Of the layer."""

    @property
    def spread(self) -> Any:
        """Standard deviation of its outputs."""

    @property
    def dead(self) -> Any:
        """Share of its units, or None."""

    @property
    def flat(self) -> Any:
        """Share of its outputs, or None."""


def activations(subject: Subject, split: str, wanted: str | None = None) -> Activations:
    """How the outputs lie over up to MOST_ROWS examples of a split. Raises Unsuited where no layer is `wanted`."""
    rows = subject.rows(split, MOST_ROWS)
    chosen = {info.path for info in picked(subject.network.plan.infos, wanted)}
    inside = subject.inference(rows)
    layers = tuple(_layer(inside, info) for info in inside.infos)
    some = tuple(layer for layer in layers if layer.path in chosen)
    normed = subject.state == "untrained" and any(layer.kind == "batch_norm" for layer in layers)
    return Activations(
        subject.name, subject.state, subject.steps, split, len(rows), some, unusual(layers), normed, subject.best_step
    )


def picked(infos: Sequence[LayerInfo], wanted: str | None) -> list[LayerInfo]:
    """The layers of a path, with those inside it, or of a kind; all where none is wanted. Raises Unsuited."""
    found = [i for i in infos if wanted in (None, i.path, i.kind) or i.path.startswith(f"{wanted}.")]
    if found:
        return found
    paths, kinds = [info.path for info in infos], sorted({info.kind for info in infos})
    raise Unsuited(f"--layer {wanted}: this net has no layer of that path or kind",
                   f"paths: {', '.join(paths)}; kinds: {', '.join(kinds)}")  # fmt: skip


def unusual(layers: Sequence[Lying]) -> tuple[str, ...]:
    """What the rules say of a net's layers, in their order; nothing where all is as it should be.

    What comes out at the end may be saturated: a net that is sure of its answers is.
    """
    found = []
    for number, layer in enumerate(layers, 1):
        if not np.isfinite(layer.spread):
            found.append(f"{layer.path} gives numbers that are not finite")
        if layer.dead is not None and layer.dead > HALF:
            found.append(f"{layer.path}: {100 * layer.dead:.0f} % of its units are dead (rule: more than half)")
        if layer.flat is not None and layer.flat > HALF and number < len(layers):
            found.append(f"{layer.path}: {100 * layer.flat:.0f} % of its outputs are saturated (rule: more than half)")
    return (*found, *_drift(layers))


def _drift(layers: Sequence[Lying]) -> list[str]:
    """Whether the spread shrinks or grows on the way through the net; what comes out at its end may be of any size."""
    some = [layer for layer in layers[:-1] if getattr(parts("layers").get(layer.kind), "group", "") == "activations"]
    some = [layer for layer in some if layer.kind == some[0].kind and np.isfinite(layer.spread)]  # others have other scales
    if len(some) < LEAST_DEPTH:
        return []
    first, last = some[0], some[-1]
    low, high = sorted((float(first.spread), float(last.spread)))
    if high <= FAR * low:
        return []
    word = "shrinks" if last.spread < first.spread else "grows"
    told = f"from {first.spread:.2g} ({first.path}) to {last.spread:.2g} ({last.path})"
    return [f"the spread of activations {word} {told} (rule: more than {FAR:g} times)"]


def is_there(inside: Inside, path: str) -> NDArray[np.bool_] | None:
    """Which steps of a layer's outputs are there, (N, T); None where it has none or all are."""
    lengths = inside.lengths(path)
    if lengths is None or inside.output(path).ndim < 3:
        return None
    return np.arange(inside.output(path).shape[1]) < lengths[:, np.newaxis]


def _layer(inside: Inside, info: LayerInfo) -> LayerActivations:
    y, there = inside.output(info.path), is_there(inside, info.path)
    shape = y.shape[1:]
    x = (y if there is None else y[there]).astype(np.float64)
    x = x.reshape(-1, shape[-1] if shape else 1)  # (examples and places, units)
    part = parts("layers").get(info.kind)
    flat, dies = getattr(part, "flat", None), getattr(part, "dies", False)
    active, zeros = (x != 0).mean(0), float((x == 0).mean())
    finite = x[np.isfinite(x)]
    apart = ZEROS_APART < zeros < 1
    own, edges = _histogram(finite[finite != 0] if apart else finite)
    with np.errstate(over="ignore", invalid="ignore"):
        return LayerActivations(
            info.path, info.kind, info.depth, shape, float(x.mean()), float(x.std()), float(x.min()), float(x.max()),
            np.histogram(finite / (1 + np.abs(finite)), EDGES)[0], own, edges, zeros, apart,
            float((active == 0).mean()) if dies else None,
            float(((x <= flat[0]) | (x >= flat[1])).mean()) if flat else None, active, np.abs(x).mean(0),
        )  # fmt: skip


def _histogram(x: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts in BINS equal parts from the least to the most, and their edges."""
    if not x.size:
        return np.zeros(BINS, np.int64), np.linspace(-1, 1, BINS + 1)
    low, high = float(x.min()), float(x.max())
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    return np.histogram(x, BINS, (low, high))
