"""What the generated sequences have in common: names of steps, and ids packed as a data set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dllab.data.dataset import Dataset
from dllab.data.points import Labels

BOUNDARY = "."  # id 0 of words that can end: it begins, ends and pads alike
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
CAPITALS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = tuple("0123456789")


def step_names(steps: int, *numbers: str) -> tuple[str, ...]:
    """Names of all inputs of a row: t1, t2, ..., or, with several numbers a step, "t1 value", "t1 mark", ..."""
    names = [f"t{step + 1}" for step in range(steps)]
    return tuple(f"{name} {number}" for name in names for number in numbers) if numbers else tuple(names)


def one_late(words: Labels) -> Labels:
    """Ids (N, S) one step late, the boundary before them: what a net that says them has said so far."""
    late = np.zeros_like(words)
    late[:, 1:] = words[:, :-1]
    return late


def counted(words: Labels, steps: Labels) -> Labels:
    """Ids (N, S) as labels of the first `steps` (N,) steps, and -1 for the others."""
    return np.where(np.arange(words.shape[1]) < steps[:, None], words, -1)


def symbols_dataset(
    name: str,
    about: str,
    inputs: Labels,
    targets: Labels,
    vocabulary: Sequence[str],
    classes: Sequence[str],
    **more: Labels,
) -> Dataset:
    """Ids (N, T) with labels (N,) or (N, T); `more` are further columns of whole numbers, such as lengths."""
    columns = {"inputs": inputs, "targets": targets, **more}
    return Dataset(
        name=name,
        columns={column: values.astype(np.int32) for column, values in columns.items()},
        task="classification",
        classes=tuple(classes),
        features=step_names(inputs.shape[1]),
        fixed_test=None,
        about=about,
        vocabulary=tuple(vocabulary),
    )
