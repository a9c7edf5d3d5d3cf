"""Which example of its data a net is shown, and what it is in words: the same rules for every command."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dllab.data.dataset import Dataset, Prepared, Rows
from dllab.engine.question import INPUTS, TARGETS
from dllab.lab.suits import Unsuited
from dllab.symbols import LENGTHS

SPLITS = ("test", "validation", "train")
"""Where examples to look at are taken from: the first that there is."""
FEW = 4
"""Numbers of a target that are told."""


def splits_of(data: Prepared) -> dict[str, Rows]:
    """The rows of each split that has any, test first."""
    found = {name: getattr(data.splits, name) for name in SPLITS}
    return {name: rows for name, rows in found.items() if len(rows)}


def split_of(data: Prepared, split: str | None, usual: str = SPLITS[0]) -> str:
    """The split that was asked for, or the usual one, or the first there is. Raises Unsuited for one that has no rows."""
    there = list(splits_of(data))
    if split is not None and split not in there:
        raise Unsuited(f"--split {split}: these data have no such split", f"they have: {', '.join(there)}")
    return split or (usual if usual in there else there[0])


def rows_of(data: Prepared, split: str, places: Sequence[int]) -> list[int]:
    """The rows of the data at these places of a split, from 0. Raises Unsuited for a place that is not there."""
    rows = splits_of(data)[split]
    for place in places:
        if not 0 <= place < len(rows):
            raise no_example(place, f"the split {split}", len(rows))
    return [int(rows[place]) for place in places]


def no_example(place: int, among: str, count: int) -> Unsuited:
    """The refusal of an example that is not among so many."""
    told = f"--input {place}: {among} has {count:,} example{'s' * (count != 1)}"
    return Unsuited(told, f"they are numbered from 0 to {count - 1:,}")


def length_of(dataset: Dataset, row: int) -> int:
    """How many steps of a row's inputs are there; of a row that is no sequence, its numbers."""
    lengths = dataset.columns.get(LENGTHS)
    return len(dataset.columns[INPUTS][row]) if lengths is None else int(lengths[row])


def spelt(dataset: Dataset, row: int) -> tuple[str, ...]:
    """The letters or words that an example is read as, () where it is no text."""
    ids = dataset.columns[INPUTS][row]
    if ids.dtype != np.int32 or not dataset.vocabulary:
        return ()
    return tuple(dataset.vocabulary[i] for i in ids[: length_of(dataset, row)])


def target_of(dataset: Dataset, row: int) -> str:
    """What the example should give, in words."""
    target = dataset.columns[TARGETS][row]
    if dataset.task == "regression":
        some = ", ".join(f"{number:.4g}" for number in target[:FEW])
        return some + (f", ... ({len(target)} numbers)" if len(target) > FEW else "")
    labels = [dataset.classes[i] for i in np.atleast_1d(target) if i >= 0]
    return ("" if all(len(label) == 1 for label in labels) else " ").join(labels)
