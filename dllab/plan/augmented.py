"""The training inputs and targets of a recipe that augments: gathered as the data set has them, changed, then scaled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dllab.augment import mixup
from dllab.augment.augmentation import Augmentation, Sample
from dllab.augment.frame import Frame
from dllab.core.kernel import kernel
from dllab.plan.builder import Builder
from dllab.symbols import BASE_ORDER, COLUMN, Value

if TYPE_CHECKING:
    from dllab.plan.plan import Column


@dataclass(frozen=True)
class Augmenting:
    """The parts of a recipe's `augment:`, in their order, and how the numbers of an example lie."""

    parts: tuple[Augmentation, ...]
    frame: Frame

    @property
    def mixing(self) -> Augmentation | None:
        """The last part, if it mixes rows."""
        return self.parts[-1] if self.parts[-1].mixes else None


@kernel(x="B F", shift="F", scale="F")
def rescale(x, shift, scale):
    """X = (x - shift) * scale."""
    for n in range(x.shape[0]):
        row = x[n]
        for j in range(row.shape[0]):
            row[j] = (row[j] - shift[j]) * scale[j]


Gather = Callable[[Value, Value], None]
"""Adds the row that brings a column of the data set as it is: into x, for those rows."""


class Feed:
    """Adds the rows of one program that bring the inputs of a batch changed, and mixed targets with them."""

    def __init__(self, builder: Builder, augmenting: Augmenting, column: Column, gather: Gather) -> None:
        self._builder, self._of, self._column, self._gather = builder, augmenting, column, gather
        self._base = Value("base", BASE_ORDER, ("N",), "int64", offset=0)
        self._mixed: dict[int, tuple[Value, Value]] = {}
        width = augmenting.frame.size
        self._shift = Value("shift", COLUMN + column.name + ":shift", (width,), offset=0)
        self._scale = Value("scale", COLUMN + column.name + ":scale", (width,), offset=0)

    @property
    def mixes(self) -> bool:
        """Whether rows are mixed, so that targets must be, too."""
        return self._of.mixing is not None

    def inputs(self, rows: Value) -> Value:
        """Those rows of the data set as the net is trained on them, (B, *shape)."""
        builder, column = self._builder, self._column
        with builder.inside("augment"):
            x = self._changed(rows, len(self._of.parts))
            if column.scaled:
                builder.row(rescale, x=x, shift=self._shift, scale=self._scale)
        return builder.view(x, (rows.shape[0], *column.shape))

    def mixed(self, rows: Value) -> tuple[Value, Value]:
        """The partners of those rows and their own weights; drawn once."""
        mixing = self._of.mixing
        assert isinstance(mixing, mixup.Mixup)
        if id(rows) not in self._mixed:
            with self._builder.inside("augment"):
                self._mixed[id(rows)] = mixing.partners(self._builder, self._sample(rows, len(self._of.parts) - 1))
        return self._mixed[id(rows)]

    def labels(self, y: Value, source: Value, rows: Value) -> None:
        """Y (B, K) = shares of classes."""
        partners, weights = self.mixed(rows)
        self._builder.row(mixup.blend_labels, y=y, source=source, rows=rows, partners=partners, weights=weights)

    def values(self, y: Value, gather: Gather, rows: Value) -> None:
        """Y (B, K) = mixed values; `gather` brings those of some rows."""
        partners, weights = self.mixed(rows)
        other = self._builder.array(y.shape, "other")
        gather(y, rows)
        gather(other, partners)
        self._builder.row(mixup.blend, x=y, other=other, weights=weights)

    def _changed(self, rows: Value, count: int) -> Value:
        """Rows of the data set, changed by the first `count` parts, not yet scaled: (B, F)."""
        builder = self._builder
        x = builder.array((rows.shape[0], self._of.frame.size), "x")
        self._gather(x, rows)
        buffers = [x]
        for link, part in enumerate(self._of.parts[:count]):
            sample = self._sample(rows, link)
            sample.buffers = buffers
            if part.mixes:
                sample.mixed = self.mixed(rows)
            with builder.inside(f"{link}_{part.name}"):
                x = part.build(builder, x, sample)
        return x

    def _sample(self, rows: Value, link: int) -> Sample:
        scale = self._scale if self._column.scaled else None
        return Sample(self._of.frame, rows, self._base, link, scale, lambda others: self._changed(others, link))
