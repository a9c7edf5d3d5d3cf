"""Folds: every row judges once in a repeat, classes are shared out evenly, the same seed gives the same folds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dllab.catalogue import find
from dllab.data.dataset import Dataset, Source
from dllab.data.folds import Folds
from dllab.data.splits import deal, split_fold
from dllab.data.streams import seeds


class Rows(Source):
    """Any labels, for tests; inputs are the numbers of the rows."""

    name = "rows"
    labels: tuple[int, ...]
    published: tuple[int, ...] = ()

    def generate(self) -> Dataset:
        numbers = np.arange(len(self.labels), dtype=np.float32)[:, None]
        fixed = np.array(self.published, np.int64) if self.published else None
        classes = tuple(map(str, range(max(self.labels) + 1)))
        columns = {"inputs": numbers, "targets": np.array(self.labels, np.int32)}
        return Dataset("rows", columns, "classification", classes, ("x",), fixed, "")


@st.composite
def dealt(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, int, int]:
    """Groups, a pool of rows, a number of folds that every group in the pool can fill, seed and repeat."""
    sizes = draw(st.lists(st.integers(2, 25), min_size=1, max_size=5))
    groups = np.array(draw(st.permutations([g for g, size in enumerate(sizes) for _ in range(size)])))
    outside = draw(st.integers(0, 4))
    pool = np.arange(outside, len(groups))
    counts = np.bincount(groups[pool])
    least = int(counts[counts > 0].min()) if len(pool) else 0
    if least < 2:
        pool, least = np.arange(len(groups)), min(sizes)
    return groups, pool, draw(st.integers(2, least)), draw(st.integers(0, 2**63 - 1)), draw(st.integers(0, 20))


@given(dealt())
def test_every_row_is_in_one_fold_and_all_folds_get_their_share(case: tuple[np.ndarray, np.ndarray, int, int, int]) -> None:
    groups, pool, count, seed, repeat = case
    fold_of = deal(groups, pool, count, seed, repeat)
    assert np.array_equal(np.flatnonzero(fold_of >= 0), pool)
    assert set(fold_of[pool]) == set(range(count))
    assert np.ptp(np.bincount(fold_of[pool], minlength=count)) <= 1
    for group in np.unique(groups[pool]):
        assert np.ptp(np.bincount(fold_of[pool][groups[pool] == group], minlength=count)) <= 1


@given(dealt(), st.sampled_from([0.0, 0.1, 0.3]))
def test_the_splits_of_a_fold_part_the_rows(case: tuple[np.ndarray, ...], validation: float) -> None:
    groups, pool, count, seed, repeat = case
    fold_of = deal(groups, pool, int(count), int(seed), int(repeat))
    for fold in range(int(count)):
        try:
            splits = split_fold(fold_of, fold, groups, validation, int(seed), int(repeat))
        except ValueError as error:
            assert "validation" in str(error) and "give" in str(error)
            continue
        together = np.concatenate([splits.train, splits.validation, splits.test])
        assert np.array_equal(np.sort(together), pool)
        assert np.array_equal(splits.test, np.flatnonzero(fold_of == fold))
        assert len(splits.validation) == round(len(pool) * validation)
        assert len(splits.train) > 0
        for rows in (splits.train, splits.validation, splits.test):
            assert np.array_equal(rows, np.sort(rows))
        share = len(splits.validation) / (len(splits.validation) + len(splits.train))
        for group in np.unique(groups[pool]):
            own = sum(int((groups[rows] == group).sum()) for rows in (splits.validation, splits.train))
            assert abs(int((groups[splits.validation] == group).sum()) - share * own) < 1


@given(dealt())
def test_the_same_seed_deals_the_same_and_repeats_differ(case: tuple[np.ndarray, np.ndarray, int, int, int]) -> None:
    groups, pool, count, seed, repeat = case
    first = deal(groups, pool, count, seed, repeat)
    assert np.array_equal(first, deal(groups, pool, count, seed, repeat))
    if len(pool) > 40:
        assert not np.array_equal(first, deal(groups, pool, count, seed, repeat + 1))
        assert not np.array_equal(first, deal(groups, pool, count, seed ^ 1, repeat))


def test_folds_of_a_known_seed_do_not_move() -> None:
    """Figures that people have written down rest on these."""
    groups = np.array([0, 1] * 6)
    assert deal(groups, np.arange(12), 3, 0, 0).tolist() == [1, 2, 1, 2, 0, 0, 2, 1, 0, 1, 2, 0]


def test_a_source_judges_every_row_once_in_a_repeat() -> None:
    folds = Folds(find("datasets", "iris")(), 7, 2)
    assert len(folds) == 14
    for repeat in range(2):
        tests = [folds.prepared(7 * repeat + fold).splits.test for fold in range(7)]
        assert np.array_equal(np.sort(np.concatenate(tests)), np.arange(150))
        assert {len(rows) for rows in tests} == {21, 22}
    assert not np.array_equal(folds.prepared(0).splits.test, folds.prepared(7).splits.test)


def test_each_fold_is_scaled_by_its_own_training_rows() -> None:
    folds = Folds(find("datasets", "iris")(validation=0.2), 5)
    for number in range(5):
        data = folds.prepared(number)
        seen = data.seen(data.splits.train)
        assert np.allclose(seen.mean(axis=0), 0, atol=1e-5) and np.allclose(seen.std(axis=0), 1, atol=1e-5)
        assert not np.allclose(data.seen(data.splits.test).mean(axis=0), 0, atol=1e-3)
    shifts = [tuple(folds.prepared(number).shift) for number in range(5)]  # type: ignore[arg-type]
    assert len(set(shifts)) == 5


def test_the_share_of_a_final_test_is_not_used() -> None:
    assert len(Folds(Rows(labels=(0, 1) * 10, test=0.9), 5).rows) == 20


def test_a_published_test_split_stays_out() -> None:
    source = Rows(labels=(0, 1) * 10, published=(0, 1, 2, 3), test=None)
    folds = Folds(source, 4)
    for number in range(4):
        splits = folds.prepared(number).splits
        assert np.array_equal(np.sort(np.concatenate([splits.train, splits.test])), np.arange(4, 20))
    assert len(Folds(source.model_copy(update={"test": 0.25}), 4).rows) == 20


@pytest.mark.parametrize(
    ("options", "count", "words"),
    [
        ({"labels": (0,) * 9 + (1,) * 3}, 4, "4 folds, and the smallest class has 3 rows; give at most 3 folds, or data:"),
        ({"labels": (0,) * 9 + (1,)}, 2, "the smallest class has 1 row; data: {stratify: false}"),
        ({"labels": (0, 1) * 3, "stratify": False}, 7, "7 folds of 6 rows; give at most 6 folds"),
        ({"labels": (0, 1) * 3, "validation": 0.5}, 2, "leaves none of the 3 rows outside a fold"),
        ({"labels": (0, 1) * 3, "validation": 0.01}, 2, "is not one whole row; give at least 0.167"),
    ],
)
def test_folds_that_cannot_be(options: dict[str, object], count: int, words: str) -> None:
    with pytest.raises(ValueError, match="data set rows: ") as raised:
        Folds(Rows(**options), count)  # type: ignore[arg-type]
    assert words in str(raised.value)


def test_leave_one_out() -> None:
    folds = Folds(Rows(labels=(0, 1) * 3, stratify=False), 6)
    assert sorted(int(folds.prepared(n).splits.test[0]) for n in range(6)) == list(range(6))


def test_derived_seeds() -> None:
    first = seeds(5, "folds", 2000)
    assert len(set(first)) == 2000
    assert all(0 <= seed < 2**31 for seed in first)
    assert seeds(5, "folds", 20) == first[:20]
    assert not set(first) & set(seeds(6, "folds", 2000))
