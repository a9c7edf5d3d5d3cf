"""Splits of what has an order, a text or a series: blocks of it, one after the other, and windows inside of each.

The last share is the test split, the block before it validation, what comes before trains. No window reaches over a border,
so nothing of the test is seen in training, and nothing of the future.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source, Splits

ROWS_AT = "blocks"
"""The table that holds the first row of validation and that of the test, (2,) int64."""
STARTS = "starts"
"""The column that holds the step at which the window of a row begins."""


class Blocks(NamedTuple):
    """The steps of each split."""

    train: range
    validation: range
    test: range


def blocks_of(steps: int, test: float, validation: float) -> Blocks:
    """The blocks of so many steps. Both shares are of all steps, rounded to whole ones."""
    second = steps - round(steps * test)
    first = second - round(steps * validation)
    return Blocks(range(first), range(first, second), range(second, steps))


def starts_in(block: range, reach: int, stride: int) -> NDArray[np.int64]:
    """Where the windows of a block begin that reach over so many steps, all inside of it."""
    return np.arange(block.start, block.stop - reach + 1, stride, dtype=np.int64)


def table_of(counts: tuple[int, int, int]) -> NDArray[np.int64]:
    """The table of first rows, of the rows that train, choose and judge, which come in this order."""
    return np.array([counts[0], counts[0] + counts[1]], np.int64)


class InOrder(Source):
    """Base of sources whose rows are windows of something that has an order.

    Options:

    - test: share at the end that is set aside for the final test; 0 is none.
    - validation: share before the test by which early stopping and the plateau schedule decide.
    - stratify: means nothing here: splits are blocks, one after the other.
    """

    test: Fraction | None = 0.1

    @property
    def row_steps(self) -> str:
        """The options that say how many steps a row takes."""
        return "length"

    def fitting(self, name: str, blocks: Blocks, reach: int, stride: int) -> list[NDArray[np.int64]]:
        """Where windows begin, for each block. Raises ValueError for a block too short for a window."""
        found = [starts_in(block, reach, stride) for block in blocks]
        for split, block, starts in zip(("training", "validation", "test"), blocks, found):
            share = getattr(self, split, True)
            if share and not len(starts):
                told = f"{split}: {share:g} of it, {len(block):,} steps, holds no row, which takes {reach:,}"
                hint = f"make {self.row_steps}: smaller, or {split}: larger"
                if split == "training":
                    told = f"{len(block):,} steps to train on hold no row, which takes {reach:,}"
                    hint = f"make {self.row_steps}: smaller"
                raise ValueError(f"data set {name}: {told}; {hint}")
        return found

    def check_folds(self) -> None:
        """A fold would lie between rows that train, which overlap its rows or come after them."""
        raise ValueError(f"data set {self.name}: folds: its rows have an order; leave folds out")

    def _split(self, dataset: Dataset) -> Splits:
        validation, test = dataset.tables[ROWS_AT]
        rows = np.arange(dataset.rows, dtype=np.int64)
        return Splits(rows[:validation], rows[validation:test], rows[test:])
