import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dllab.data.splits import Splits, split, split_published
from dllab.data.streams import generator, permutation

fractions = st.integers(0, 45).map(lambda percent: percent / 100)
labels = st.lists(st.integers(0, 4), min_size=100, max_size=300).map(lambda drawn: np.array(drawn, dtype=np.int64))
seeds = st.integers(0, 2**63 - 1)


def counts(groups, rows):
    return np.bincount(groups[rows], minlength=5)


def same(one: Splits, other: Splits) -> bool:
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in ("train", "validation", "test"))


@settings(deadline=None)
@given(labels, fractions, fractions, seeds)
def test_every_row_is_in_exactly_one_split_in_ascending_order(groups, test, validation, seed):
    splits = split(groups, test, validation, seed)
    parts = (splits.train, splits.validation, splits.test)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(groups)))
    assert all(part.dtype == np.int64 and np.all(np.diff(part) > 0) for part in parts)


@settings(deadline=None)
@given(labels, fractions, fractions, seeds)
def test_sizes_are_the_fractions_rounded_by_largest_remainder(groups, test, validation, seed):
    splits = split(groups, test, validation, seed)
    quotas = len(groups) * np.array([1 - test - validation, test, validation])
    sizes = np.array([len(splits.train), len(splits.test), len(splits.validation)])
    assert sizes.sum() == len(groups)
    assert np.all(np.abs(sizes - quotas) < 1)
    rounded_up, rounded_down = quotas[sizes > quotas + 1e-6], quotas[sizes < quotas - 1e-6]
    if len(rounded_up) and len(rounded_down):
        assert (rounded_up % 1).min() >= (rounded_down % 1).max() - 1e-6


@settings(deadline=None)
@given(labels, fractions, fractions, seeds)
def test_each_split_has_its_share_of_every_group_within_one_row(groups, test, validation, seed):
    splits = split(groups, test, validation, seed)
    everything = np.bincount(groups, minlength=5)
    share = everything * len(splits.test) / len(groups)
    assert np.all(np.abs(counts(groups, splits.test) - share) < 1)
    rest = everything - counts(groups, splits.test)
    share = rest * len(splits.validation) / rest.sum()
    assert np.all(np.abs(counts(groups, splits.validation) - share) < 1)


@settings(deadline=None)
@given(labels, fractions.filter(bool), seeds)
def test_same_seed_same_split_and_another_seed_another(groups, test, seed):
    assert same(split(groups, test, 0.1, seed), split(groups, test, 0.1, seed))
    if test > 0.1:
        assert not same(split(groups, test, 0.1, seed), split(groups, test, 0.1, seed ^ 1))


def test_validation_comes_out_of_the_training_rows_and_leaves_test_alone():
    groups = np.arange(200) % 3
    without, with_validation = split(groups, 0.25, 0.0, 5), split(groups, 0.25, 0.2, 5)
    np.testing.assert_array_equal(with_validation.test, without.test)
    assert set(with_validation.validation) < set(without.train)


def test_equal_groups_are_split_equally():
    splits = split(np.repeat(np.arange(3), 50), 0.2, 0.2, 0)
    for part, each in ((splits.test, 10), (splits.validation, 10), (splits.train, 30)):
        np.testing.assert_array_equal(np.bincount(part // 50), [each] * 3)


def test_one_group_is_drawn_from_all_rows_alike():
    tested = sum(np.isin(np.arange(40), split(np.zeros(40, dtype=np.int64), 0.25, 0.0, s).test) for s in range(400))
    assert tested.sum() == 4000
    assert abs(tested - 100).max() < 40  # 4.6 standard deviations


def test_the_split_of_a_seed_never_changes():
    splits = split(np.arange(12) % 2, 0.25, 0.25, 0)
    assert splits.test.tolist() == [4, 5, 10]
    assert splits.validation.tolist() == [2, 9, 11]
    assert permutation(7, "split", 6).tolist() == [5, 2, 4, 0, 1, 3]


def test_streams_of_one_seed_differ_and_a_stream_repeats():
    assert generator(3, "rows").random(4).tolist() == generator(3, "rows").random(4).tolist()
    assert generator(3, "rows").random() != generator(3, "noise").random()
    assert generator(3, "rows").random() != generator(4, "rows").random()


def test_a_published_test_split_is_kept_and_validation_avoids_it():
    fixed = np.array([1, 5, 9, 40])
    splits = split_published(fixed, np.arange(50) % 2, 0.2, 0)
    np.testing.assert_array_equal(splits.test, fixed)
    assert len(splits.validation) == 10
    everything = np.concatenate([splits.train, splits.validation, fixed])
    np.testing.assert_array_equal(np.sort(everything), np.arange(50))
    assert abs(np.bincount(splits.validation % 2) - 5).max() <= 1


@pytest.mark.parametrize(
    ("rows", "test", "validation", "message"),
    [
        (4, 0.1, 0.0, r"test: 0.1 of 4 rows is not one whole row; give at least 0.25, or 0 for no test split"),
        (10, 0.2, 0.01, r"validation: 0.01 of 10 rows is not one whole row; give at least 0.1,"),
        (2, 0.5, 0.45, r"test: 0.5 and validation: 0.45 leave none of 2 rows to train on"),
    ],
)
def test_a_split_that_would_be_empty_is_refused(rows, test, validation, message):
    with pytest.raises(ValueError, match=message):
        split(np.zeros(rows, dtype=np.int64), test, validation, 0)


def test_validation_that_would_eat_all_training_rows_is_refused():
    with pytest.raises(ValueError, match=r"leaves none of the 2 training rows to train on; give less than 0.2"):
        split_published(np.arange(8), np.zeros(10, dtype=np.int64), 0.25, 0)
