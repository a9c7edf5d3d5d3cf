"""Less of a data set: some of its classes only, and few training rows of each."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from dllab.data.streams import permutation

if TYPE_CHECKING:
    from dllab.data.dataset import Dataset, Splits

Only = Annotated[tuple[int | str, ...], Field(min_length=2)]
PerClass = Annotated[int, Field(ge=1, le=1_000_000)]
SHOWN = 10


def check(dataset: Dataset, **given: object) -> None:
    """Raises ValueError where an option of classes is given for data that have none."""
    wrong = [option for option, value in given.items() if value]
    if wrong and dataset.task != "classification":
        problem = f"{wrong[0]}: goes by classes, and the targets are numbers"
        raise ValueError(f"data set {dataset.name}: {problem}; leave {wrong[0]}: out")
    if wrong and dataset.at_every_step:
        problem = f"{wrong[0]}: goes by the class of an example, and these have one at every step"
        raise ValueError(f"data set {dataset.name}: {problem}; leave {wrong[0]}: out")


def only_classes(dataset: Dataset, wanted: Sequence[int | str]) -> Dataset:
    """The rows of these classes alone, numbered 0, 1, ... in the order in which they are wanted.

    Rows keep their order, those of a published test split stay in it. Raises ValueError for what `places` refuses.
    """
    chosen = places(dataset.name, dataset.classes, wanted)
    new_label = np.full(len(dataset.classes), -1, np.int32)
    new_label[chosen] = np.arange(len(chosen))
    targets = new_label[dataset.columns["targets"]]  # (N,), -1 for the rows that go
    keep = np.flatnonzero(targets >= 0)
    columns = {name: np.ascontiguousarray(column[keep]) for name, column in dataset.columns.items()}
    classes = tuple(dataset.classes[place] for place in chosen)
    published, encoding = dataset.fixed_test, dataset.encoding
    return dataclasses.replace(
        dataset,
        columns={**columns, "targets": np.ascontiguousarray(targets[keep])},
        classes=classes,
        fixed_test=None if published is None else np.flatnonzero(np.isin(keep, published)),
        encoding=None if encoding is None else dataclasses.replace(encoding, classes=classes),
    )


def places(name: str, classes: Sequence[str], wanted: Sequence[int | str]) -> list[int]:
    """The place among `classes` of each class that is wanted by its name, or by its number where no name is a number.

    `name` is that of the data set, for messages. Raises ValueError for an unknown class, and one that is named twice.
    """
    found = [_place(name, classes, one) for one in wanted]
    for place in found:
        if found.count(place) > 1:
            raise ValueError(f"data set {name}: only: names the class {classes[place]!r} twice; name every class once")
    return found


def few_of_each(dataset: Dataset, splits: Splits, limit: int, seed: int) -> Splits:
    """The splits with at most `limit` training rows of each class; test and validation stay as they are.

    The rows of a smaller limit are among those of a larger one. Data without classes keep all.
    """
    if dataset.task != "classification" or dataset.at_every_step:
        return splits
    order = permutation(seed, "per_class", dataset.rows)
    order = order[np.isin(order, splits.train)]
    labels = dataset.columns["targets"][order]
    taken = [order[labels == label][:limit] for label in range(len(dataset.classes))]
    return dataclasses.replace(splits, train=np.sort(np.concatenate(taken)))


def _place(name: str, classes: Sequence[str], one: int | str) -> int:
    word = str(one)
    if word in classes:
        return list(classes).index(word)
    numbered = not any(known.lstrip("-").isdigit() for known in classes)  # a class named 7 is not the eighth
    if numbered and word.isdigit() and int(word) < len(classes):
        return int(word)
    close = difflib.get_close_matches(word.lower(), [known.lower() for known in classes if not word.isdigit()], n=1)
    guess = next((f". Did you mean {known!r}?" for known in classes if known.lower() in close), "")
    also = f", by number 0 to {len(classes) - 1}" if numbered else ""
    raise ValueError(f"data set {name}: only: {one!r} is no class of it; its classes are {_some(classes)}{also}{guess}")


def _some(classes: Sequence[str]) -> str:
    return ", ".join(classes[:SHOWN]) + (f" and {len(classes) - SHOWN} more" if len(classes) > SHOWN else "")
