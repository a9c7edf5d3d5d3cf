"""Which rows train, which choose (validation), which judge (test)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.data.streams import permutation

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Splits:
    """Row indices of each split, ascending and disjoint; together every row once, unless the training rows were thinned.

    Test and validation may be empty.
    """

    train: Rows
    validation: Rows
    test: Rows


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """Places among `count`, evenly spaced from the first to the last; all of them where they are not more than `most`."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(np.int64)


def split(groups: NDArray[np.int64], test: float, validation: float, seed: int) -> Splits:
    """Draws test rows, then validation rows from the others; what is left trains.

    groups (N,) holds a number per row. Rows of one number are shared out in proportion: test takes within one row of
    its share of each group, validation within one row of its share of what test left. All zeros means no stratifying.
    Both fractions are of all N rows. Raises ValueError where a split that was asked for would be empty.
    """
    rows = len(groups)
    tests, validations = _sizes(rows, test, validation)
    order = permutation(seed, "split", rows)
    in_test, rest = _draw(order, groups, tests)
    in_validation, rest = _draw(rest, groups, validations)
    return Splits(np.sort(rest), np.sort(in_validation), np.sort(in_test))


def split_published(fixed_test: Rows, groups: NDArray[np.int64], validation: float, seed: int) -> Splits:
    """Keeps a published test split and draws validation (a fraction of all N rows) from the other rows.

    Raises ValueError where validation would be empty or would leave nothing to train on.
    """
    rows = len(groups)
    order = permutation(seed, "split", rows)
    pool = order[~np.isin(order, fixed_test)]
    _, validations = _sizes(rows, 0.0, validation)
    if validations >= len(pool):
        raise ValueError(
            f"validation: {validation} of {rows} rows leaves none of the {len(pool)} training rows to train on; "
            f"give less than {len(pool) / rows:g}"
        )
    in_validation, rest = _draw(pool, groups, validations)
    return Splits(np.sort(rest), np.sort(in_validation), np.sort(fixed_test))


def deal(groups: NDArray[np.int64], pool: Rows, count: int, seed: int, repeat: int) -> NDArray[np.int64]:
    """The fold 0..count-1 of every row of `pool` (ascending row numbers); -1 for the other rows. (N,)

    The rows of each group, in an order of this repeat's own, are dealt out in turn, one group after the other: folds
    differ by at most one row, in all and of every group. Raises ValueError where a group has fewer rows than there are
    folds, because then some folds would have none of it to judge by.
    """
    members = np.bincount(groups[pool])
    smallest = int(members[members > 0].min())
    if smallest < count:
        if (members > 0).sum() == 1:
            raise ValueError(f"{count} folds of {len(pool)} rows; give at most {len(pool)} folds")
        advice = f"give at most {smallest} folds, or " if smallest > 1 else ""
        raise ValueError(
            f"{count} folds, and the smallest class has {smallest} {'row' if smallest == 1 else 'rows'}; {advice}"
            "data: {stratify: false} to let folds lack a class"
        )
    order = permutation(seed, f"folds {repeat}", len(groups))
    order = order[np.isin(order, pool)]
    order = order[np.argsort(groups[order], kind="stable")]
    fold_of = np.full(len(groups), -1, np.int64)
    fold_of[order] = np.arange(len(order)) % count
    return fold_of


def split_fold(fold_of: NDArray[np.int64], fold: int, groups: NDArray[np.int64], validation: float, seed: int,
               repeat: int) -> Splits:  # fmt: skip
    """The splits of one fold: its rows judge; validation (a fraction of all rows in folds) is drawn from the others.

    Raises ValueError where validation would be empty or would leave nothing to train on.
    """
    in_test = np.flatnonzero(fold_of == fold)
    order = permutation(seed, f"validation {repeat} {fold}", len(fold_of))
    others = order[(fold_of[order] >= 0) & (fold_of[order] != fold)]
    rows = len(in_test) + len(others)
    validations = round(rows * validation)
    if validation > 0 and validations == 0:
        raise ValueError(
            f"validation: {validation:g} of {rows} rows is not one whole row; give at least {1 / rows:.3g}, or 0 for "
            "no validation split"
        )
    if validations >= len(others):
        raise ValueError(
            f"validation: {validation:g} of {rows} rows leaves none of the {len(others)} rows outside a fold to train "
            "on; give a smaller fraction or more folds"
        )
    in_validation, rest = _draw(others, groups, validations)
    return Splits(np.sort(rest), np.sort(in_validation), in_test)


def _sizes(rows: int, test: float, validation: float) -> tuple[int, int]:
    """Rows of test and validation: the largest remainder rounds the three shares to whole rows that sum to all."""
    quotas = np.array([rows * (1.0 - test - validation), rows * test, rows * validation])
    sizes = np.floor(quotas).astype(np.int64)
    order = np.argsort(-(quotas - sizes), kind="stable")
    sizes[order[: rows - sizes.sum()]] += 1
    train, tests, validations = (int(size) for size in sizes)
    for name, fraction, size in (("test", test, tests), ("validation", validation, validations)):
        if fraction > 0 and size == 0:
            raise ValueError(
                f"{name}: {fraction:g} of {rows} rows is not one whole row; give at least {1 / rows:.3g}, or 0 for "
                f"no {name} split"
            )
    if train < 1:
        raise ValueError(
            f"test: {test:g} and validation: {validation:g} leave none of {rows} rows to train on; give smaller "
            "fractions or more rows"
        )
    return tests, validations


def _draw(rows: Rows, groups: NDArray[np.int64], count: int) -> tuple[Rows, Rows]:
    """The first `count` of `rows`, in proportion to the groups among them, and the others (both in the given order)."""
    group_of = groups[rows]
    members = np.bincount(group_of)
    shares = members * count  # of len(rows): whole numbers, so that the remainders are exact
    quota, remainder = np.divmod(shares, max(len(rows), 1))
    quota[np.argsort(-remainder, kind="stable")[: count - quota.sum()]] += 1
    taken = np.zeros(len(rows), dtype=bool)
    for group, size in enumerate(quota):
        taken[np.flatnonzero(group_of == group)[:size]] = True
    return rows[taken], rows[~taken]
