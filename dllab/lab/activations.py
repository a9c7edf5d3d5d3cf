"""What the layers of a net give for many examples: how the numbers lie, which units are dead, which are saturated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import parts
from dllab.engine.network import rows_at_once
from dllab.lab.chosen import chosen
from dllab.lab.subject import State, Subject
from dllab.lab.tally import LayerActivations, Tally

MOST_ROWS = 256
"""Examples that are looked at, evenly taken from the split where it has more."""
HALF = 0.5
"""The share of dead or saturated outputs from which a layer is named."""
FAR = 10.0
"""How many times the spread may change from the first activation to the last."""
LEAST_DEPTH = 3
"""Activations that a net has at least for its spread to be followed."""


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
    paths = {info.path for info in chosen(subject.network.plan.infos, wanted)}
    layers = _tallied(subject, rows)
    some = tuple(layer for layer in layers if layer.path in paths)
    normed = subject.state == "untrained" and any(layer.kind == "batch_norm" for layer in layers)
    return Activations(
        subject.name, subject.state, subject.steps, split, len(rows), some, unusual(layers), normed, subject.best_step
    )


def between(subject: Subject, split: str = "train") -> tuple[LayerActivations, ...]:
    """How the outputs of a net's activations lie, and of no other layers."""
    known = parts("layers")
    found = activations(subject, split).layers
    return tuple(one for one in found if getattr(known.get(one.kind), "group", "") == "activations")


def never_on(subject: Subject, path: str, split: str = "train") -> NDArray[np.bool_]:
    """Which units of a layer give nothing above 0 for any example of a split, (units,): a ReLU after it is dead."""
    outputs = subject.inference(subject.rows(split)).output(path)
    return np.all(outputs.reshape(-1, outputs.shape[-1]) <= 0, axis=0)  # type: ignore[no-any-return]


def _tallied(subject: Subject, rows: NDArray[np.int64]) -> tuple[LayerActivations, ...]:
    """All layers, over as many rows at once as an inference has memory for."""
    plan, tallies = subject.network.plan, [Tally(info) for info in subject.network.plan.program("infer").infos]
    size = rows_at_once(plan, "infer", len(rows))
    for see in (Tally.first, Tally.second):
        for first in range(0, len(rows), size):
            inside = subject.inference(rows[first : first + size])
            for tally in tallies:
                see(tally, inside)
    return tuple(tally.figures() for tally in tallies)


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
