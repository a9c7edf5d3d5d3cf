"""How what layers give changes while a net is trained, by the probes of the training steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.lab.activations import unusual
from dllab.lab.chosen import chosen
from dllab.lab.recording import LayerTrace
from dllab.lab.subject import Subject

LAST, ROWS = 8, 256
"""Looks that count as the end, and rows of their batches by which a unit is judged: more looks where batches are small."""
DIVERGED = "training diverged: the loss or the gradient was no longer finite"


@dataclass(frozen=True)
class During:
    """Layers at each look of a training: at the step numbers `steps` (L,), which are `epochs` (L,) since it began.

    `ended`: how many epochs there were. `unusual`: what the rules of lab.activations say of the end.
    """

    name: str
    batch: int
    trained: int
    steps: NDArray[np.int64]
    epochs: NDArray[np.float64]
    ended: float
    layers: tuple[LayerTrace, ...]
    unusual: tuple[str, ...]


@dataclass(frozen=True)
class AtTheEnd:
    """A layer in the last looks."""

    path: str
    kind: str
    spread: float
    dead: float | None
    flat: float | None


def during(subject: Subject, wanted: str | None = None) -> During:
    """The trace of a net that was trained with one. Raises Unsuited where no layer is `wanted`."""
    trace, infos = subject.trace, subject.network.plan.infos
    assert trace is not None, "trained with watched=True"
    paths = {info.path for info in chosen([i for i in infos if i.path in {t.path for t in trace.layers}], wanted)}
    batch, per_epoch = subject.network.plan.question.batch, trace.per_epoch
    told = unusual([at_the_end(layer, batch) for layer in trace.layers])
    if subject.ended is not None and subject.ended.status == "diverged":
        told = (DIVERGED, *told)
    return During(
        subject.name, batch, subject.steps, trace.steps, trace.steps / per_epoch, subject.steps / per_epoch,
        tuple(layer for layer in trace.layers if layer.path in paths),
        told,
    )  # fmt: skip


def at_the_end(layer: LayerTrace, batch: int) -> AtTheEnd:
    """A layer's figures in the last looks: units are dead that are 0 in all of their batches."""
    last = max(LAST, -(-ROWS // batch))
    dead = None if layer.dead is None else float((layer.active[-last:] == 0).all(0).mean())
    flat = None if layer.flat is None else float(layer.flat[-LAST:].mean())
    return AtTheEnd(layer.path, layer.kind, float(layer.spread[-LAST:].mean()), dead, flat)
