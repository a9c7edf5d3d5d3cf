"""What of a step is told of: what was asked for, whether it is there, and what is chosen where nothing was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dllab.lab.chosen import chosen
from dllab.lab.examples import no_example
from dllab.lab.explain_activations import CURVES
from dllab.lab.explain_here import Here, Place
from dllab.lab.explain_step import Moment, rows_of
from dllab.lab.suits import Unsuited
from dllab.ops import shares
from dllab.plan.flow import LayerInfo
from dllab.training.trainer import Trainer

FOLLOWING = (*CURVES, "dropout", "gaussian_noise", "batch_norm", "layer_norm", "group_norm", "instance_norm", "positional",
             "identity")  # fmt: skip
"""Layers of which the same number is told as of the layer below, if shapes allow."""
RESHAPING = ("flatten", "reshape")
PARTS = ("loss", "update")
"""What --layer names beside layers."""


@dataclass(frozen=True)
class Asked:
    """`example`: the place in the batch, from 0; `layer`: a path or kind, or loss or update; `unit`: from 1."""

    example: int | None = None
    layer: str | None = None
    unit: int | None = None

    def check(self, trainer: Trainer, step: int) -> None:
        """Raise Unsuited for what is not there; before anything is trained."""
        rows = rows_of(trainer, step)
        if self.example is not None and self.example >= rows:
            raise no_example(self.example, f"the batch of step {step:,}", rows)
        self.layers(trainer.network.plan.program("train").infos)

    def layers(self, infos: Sequence[LayerInfo]) -> list[LayerInfo]:
        """Those that are told of. Raises Unsuited where none is there, or none has such a unit."""
        found = [] if self.layer in PARTS else chosen(infos, self.layer)
        widest = max(int(info.output_shape[-1]) for info in found or infos)
        if self.unit is not None and self.unit > widest:
            has = f"the widest layer shown has {widest:,} unit{'s' * (widest != 1)}"
            raise Unsuited(
                f"--unit {self.unit}: {has}", f"take a number from 1 to {widest:,}" if widest > 1 else "leave it out"
            )
        return found

    def row(self, moment: Moment) -> int:
        """The example's place in the batch: the first that shows something, where none was asked for."""
        if self.example is not None:
            return self.example
        x = Here(moment, moment.inside.infos[0], 0, (), False, 1).x
        return int(x.reshape(len(x), -1).any(1).argmax())

    def why(self, moment: Moment, full: bool) -> tuple[str, str]:
        """In a line each: why this example, and why these numbers."""
        n = self.row(moment)
        if self.example is not None:
            example = f"Input {n} is the one asked for."
        elif moment.rows == 1:
            example = "Input 0 is all of the batch."
        elif n == 0:
            example = "Input 0 is the first of the batch; --input takes another."
        else:
            example = f"Input {n} is the first that is not all 0: with zeros every product is 0. --input takes another."
        largest = "the largest |y dy|, output times gradient: the loss hangs on it most"
        if self.unit is not None:
            return example, f"Shown is unit {self.unit} of each layer that has so many; of others that with {largest}."
        if full:
            return example, f"Shown is all of it; where one unit stands for a layer, it is that with {largest}."
        return example, f"Shown is of each layer the number with {largest}. --unit takes another."


def places(moment: Moment, n: int, unit: int | None) -> dict[str, Place]:
    """The number of each layer's output that is looked at: that with the largest |y dy|; behind an activation the same."""
    found: dict[str, Place] = {}
    for info in moment.inside.infos:
        here = Here(moment, info, n, (), False, 1)
        before = next((other for other in moment.inside.infos if other.output is info.input and other.path in found), None)
        follows = info.output_shape == info.input_shape and info.kind in FOLLOWING
        if before is not None and (follows or info.kind in RESHAPING):
            number = int(np.ravel_multi_index(found[before.path], _sizes(before)))
            found[info.path] = _at(number, _sizes(info))
            continue
        found[info.path] = _at(int(_shares(here, unit).argmax()), _sizes(info))
    return found


def _shares(here: Here, unit: int | None) -> np.ndarray:
    """How much hangs on each number of a layer's output; -1 for those of other units than that asked for."""
    y, dy = here.y[here.n], here.dy
    share: np.ndarray = abs(y * dy[here.n]) if dy is not None and dy[here.n].any() else abs(y)
    share = np.where(np.isfinite(share), share, 0.0)
    if dy is not None and not share.any():
        share = abs(dy[here.n]) + abs(y)
    if _sees_itself_alone(here) and share[1:].any():
        share[0] = 0  # a query that sees one step has no choice to explain
    if unit is not None and unit <= share.shape[-1]:
        masked = np.full_like(share, -1.0)
        masked[..., unit - 1] = share[..., unit - 1]
        share = masked
    return share


def _sees_itself_alone(here: Here) -> bool:
    """Whether the first step of an attention layer sees no other."""
    row = here.row(shares.dot, shares.additive) if here.info.kind == "attention" else None
    return row is not None and bool(here.read(row, "causal"))


def _sizes(info: LayerInfo) -> tuple[int, ...]:
    return tuple(int(size) for size in info.output_shape[1:])


def _at(number: int, sizes: tuple[int, ...]) -> Place:
    return tuple(int(i) for i in np.unravel_index(number, sizes))
