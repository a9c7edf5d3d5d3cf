"""What a loss is: options, a `build` that adds its rows, and cases for gradcheck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dllab.catalogue import Part
from dllab.symbols import Dim, Net, ShapeError, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class LossCase:
    """One situation in which gradcheck runs a loss: options, width of the outputs, shares of classes instead of labels."""

    options: dict[str, Any] = field(default_factory=dict)
    outputs: int = 3
    batch: int = 5
    kink: float = 0.0
    shares: bool = False
    steps: int = 0  # labels at so many steps; 0: one for the example
    gaps: bool = False  # some of which are missing


class Loss(Part):
    """Base of all losses.

    A loss is the mean over the live batch. `targets`: what its targets are, int32 class labels (B,), values (B, K), or
    none: then `build` is handed the inputs of the net. Data with classes give a loss of values 1 in the column of the
    class and 0 elsewhere.
    `shares`: whether a loss of labels also takes shares of classes (B, K) in their place, as mixup makes them.
    `at_steps`: whether a loss of labels also takes (B, T) of them, -1 where there is none; then it uses `answers_of`.
    `absorbs`: the activation it undoes: with a final layer of that name the loss is computed on what goes into it.
    `measured`: whether the usual metrics of the data say something of nets that learn by it.
    """

    targets: ClassVar[Literal["labels", "values", "none"]] = "values"
    absorbs: ClassVar[str | None] = None
    shares: ClassVar[bool] = False
    at_steps: ClassVar[bool] = False
    measured: ClassVar[bool] = True
    cases: ClassVar[Sequence[LossCase]] = (LossCase(),)

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """Add the loss's rows.

        x (B, K): the net's outputs, or what goes into the absorbed activation. target: (B,) int32 or (B, K).
        loss: (1,) float64, this shard's part: the sum over its rows divided by the rows of the whole batch
        (`net.counter("batch")`), so that the parts add up to the mean.
        """
        raise NotImplementedError

    def check(self, shape: tuple[Dim, ...], wanted: tuple[int, ...], labelled: bool) -> None:
        """Complain about outputs (B, *shape) that do not fit the targets; raises ShapeError.

        `wanted`: the shape of one example's target, () without targets; with `labelled` data the number of classes, (K,).
        Values are compared one by one, in whatever shape the outputs are: a picture (H, W, C) with its H W C numbers.
        """
        if labelled and len(wanted) > 1 and not self.at_steps:
            problem = f"{self.name} takes one answer for each example, and the data have a label at every step"
            raise ShapeError(f"{problem}; take loss: cross_entropy, or binary_cross_entropy for yes and no")
        if _count(shape) == _count(wanted) if wanted and not labelled else shape == wanted:
            return
        if labelled and shape == (*wanted[:-1], 1) and wanted[-1] <= 2:
            return
        if labelled and len(wanted) > 1:
            advice = "the data have a label at every step: take return: sequence, and dense: classes at the end"
            if len(shape) == 2 and shape[0] != wanted[0]:
                advice = "end the model in layers that read from: decoder where the data have one, else keep every step"
            raise ShapeError(
                f"{self.name} needs a row of {wanted[-1]} outputs at each of the {wanted[0]} steps, {spelt(wanted)}, not "
                f"{spelt(shape)}; {advice}"
            )
        if len(shape) != 1 and (labelled or shape[-1:] == wanted):
            raise ShapeError(
                f"{self.name} takes one row of outputs for each example, (B, K), not (B, {spelt(shape)[1:]}; put "
                "flatten or global_avg_pool in front of the last dense layer, or give a recurrent layer return: last"
            )
        if labelled:
            alone = ", or a single one for class 1" if wanted[0] <= 2 else ""
            problem = f"{self.name} needs an output for each of the {wanted[0]} classes{alone}, not {spelt(shape)}"
            raise ShapeError(f"{problem}; end the model in dense: classes")
        problem = f"{self.name} compares each output with a target, and here are {spelt(shape)} for {spelt(wanted)}"
        raise ShapeError(f"{problem}; end the model in dense: outputs")

    def answers(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """What outputs (N, K) of a net without the absorbed activation stand for, as metrics read them: above 0.5 is a yes.

        Only losses that allow a single output for two classes need another answer than the outputs themselves.
        """
        return outputs


def spelt(shape: tuple[Dim, ...]) -> str:
    """A shape in words: `3`, or `(28, 28)`."""
    return str(shape[0]) if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def positions_of(x: Value) -> int:
    """How many rows of outputs an example has: T for (B, T, K), 1 for (B, K)."""
    return _count(x.shape[1:-1])


def answers_of(net: Net, x: Value, target: Value) -> dict[str, Value]:
    """Two whole numbers `batch` and `positions` whose product is how many labels of the whole batch count."""
    if target.counted is not None:
        return {"batch": target.counted, "positions": net.whole(1)}
    return {"batch": net.counter("batch"), "positions": net.whole(positions_of(x))}


def numbers(x: Value) -> int:
    """How many numbers an example has: the product of all axes but the first."""
    return _count(x.shape[1:])


def _count(shape: tuple[Dim, ...]) -> int:
    count = 1
    for size in shape:
        assert isinstance(size, int)
        count *= size
    return count
