"""What a loss is: options, a `build` that adds its rows, and cases for gradcheck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from dllab.catalogue import Part
from dllab.symbols import Net, Value


@dataclass(frozen=True)
class LossCase:
    """One situation in which gradcheck runs a loss: options, width of the outputs, kind of the targets."""

    options: dict[str, Any] = field(default_factory=dict)
    outputs: int = 3
    batch: int = 5
    kink: float = 0.0


class Loss(Part):
    """Base of all losses.

    A loss is the mean over the live batch. `targets`: what its targets are, int32 class labels (B,), values (B, K), or
    none: then `build` is handed the inputs of the net.
    `absorbs`: the activation it undoes: with a final layer of that name the loss is computed on what goes into it.
    """

    targets: ClassVar[Literal["labels", "values", "none"]] = "values"
    absorbs: ClassVar[str | None] = None
    cases: ClassVar[Sequence[LossCase]] = (LossCase(),)

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """Add the loss's rows.

        x (B, K): the net's outputs, or what goes into the absorbed activation. target: (B,) int32 or (B, K).
        loss: (1,) float64, this shard's part: the sum over its rows divided by the rows of the whole batch
        (`net.counter("batch")`), so that the parts add up to the mean.
        """
        raise NotImplementedError
