"""Cross-validation's view of a data set: the same rows, split again and again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Dataset, Prepared, Rows
from dllab.data.splits import deal, split_fold

if TYPE_CHECKING:
    from dllab.data.dataset import Source


class Folds:
    """A data set in `count` folds, dealt out anew in each of `repeats`.

    Every row is a test row of exactly one fold of a repeat. The share `test` of the source is not used; a published test
    split stays out of all folds. Classes are stratified and features standardised as the source says, the latter by the
    rows that train in a fold. The same data seed gives the same folds. Raises ValueError for folds that cannot be.
    """

    def __init__(self, source: Source, count: int, repeats: int = 1) -> None:
        self.source, self.count, self.repeats = source, count, repeats
        source.check_folds()
        self.dataset: Dataset = source.load()
        self._groups = source.groups(self.dataset)
        self.rows: Rows = np.arange(self.dataset.rows)
        if source.test is None and self.dataset.fixed_test is not None:
            self.rows = np.setdiff1d(self.rows, self.dataset.fixed_test)
        self._dealt = lru_cache(maxsize=4)(self._deal)
        try:
            self.prepared(0)
        except ValueError as error:
            raise ValueError(f"data set {self.dataset.name}: {error}") from None

    def __len__(self) -> int:
        """How many trainings that makes."""
        return self.count * self.repeats

    def prepared(self, number: int) -> Prepared:
        """The data for one training, numbered from 0: all folds of the first repeat, then those of the next."""
        repeat, fold = divmod(number, self.count)
        seed = self.source.data_seed
        splits = split_fold(self._dealt(repeat), fold, self._groups, self.source.validation, seed, repeat)
        return self.source.scaled(self.dataset, self.source.few(self.dataset, splits))

    def _deal(self, repeat: int) -> NDArray[np.int64]:
        return deal(self._groups, self.rows, self.count, self.source.data_seed, repeat)
