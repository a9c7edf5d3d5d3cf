"""Metrics on small cases worked out by hand, and on outputs from which nothing can be said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dllab.catalogue import find, parts

CLASSES = ("accuracy", "precision", "recall", "f1", "auc")
NUMBERS = ("mae", "rmse", "r2")


def measure(name, outputs, targets):
    return find("metrics", name)().measure(np.asarray(outputs, np.float32), np.asarray(targets))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("accuracy", 4 / 6), ("precision", 2 / 3), ("recall", 2 / 3), ("f1", 2 / 3), ("auc", 8 / 9)],
)
def test_two_classes_by_hand(name, expected):
    # answers 0 0 1 0 1 1: two hits, one alarm, one miss; of 9 pairs only (0.4, 0.6) is the wrong way round
    assert measure(name, [[0.1], [0.3], [0.6], [0.4], [0.8], [0.9]], [0, 0, 0, 1, 1, 1]) == pytest.approx(expected)


def test_three_classes_by_hand():
    scores = np.eye(3)[[0, 0, 1, 1, 1, 2]]
    truth = [0, 1, 1, 1, 2, 2]
    assert measure("confusion_matrix", scores, truth) == [[1, 0, 0], [1, 2, 0], [0, 1, 1]]
    assert measure("precision", scores, truth) == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)
    assert measure("recall", scores, truth) == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    assert measure("f1", scores, truth) == pytest.approx((2 / 3 + 2 / 3 + 2 / 3) / 3)


def test_regression_by_hand():
    outputs, targets = [[1.0], [2.0], [4.0]], np.array([[1.0], [3.0], [2.0]], np.float32)
    assert measure("mae", outputs, targets) == pytest.approx(1.0)
    assert measure("rmse", outputs, targets) == pytest.approx(math.sqrt(5 / 3))
    assert measure("r2", outputs, targets) == pytest.approx(1 - 5 / 2)


@pytest.mark.parametrize("name", CLASSES)
def test_perfect_answers_have_1(name):
    assert measure(name, np.eye(3)[[0, 1, 2, 2]], [0, 1, 2, 2]) == 1.0
    assert measure(name, [[0.2], [0.9]], [0, 1]) == 1.0


def test_perfect_values():
    values = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)
    assert [measure(name, values, values) for name in NUMBERS] == [0.0, 0.0, 1.0]


def test_half_is_no_yes_and_equal_scores_mean_the_first_class():
    assert measure("accuracy", [[0.5]], [0]) == 1.0
    assert measure("accuracy", [[0.5, 0.5]], [0]) == 1.0


@pytest.mark.parametrize("name", (*CLASSES, *NUMBERS))
def test_nan_among_the_outputs_gives_nan(name):
    targets = [0, 1, 1] if name in CLASSES else np.array([[0.0], [1.0], [2.0]])
    assert math.isnan(measure(name, [[0.1], [math.nan], [0.9]], targets))


@pytest.mark.parametrize("name", (*CLASSES, *NUMBERS))
def test_no_examples_give_nan(name):
    assert math.isnan(measure(name, np.empty((0, 1)), np.empty(0, np.int32) if name in CLASSES else np.empty((0, 1))))


def test_nothing_to_rank_or_to_explain_gives_nan():
    assert math.isnan(measure("auc", [[0.1], [0.9]], [1, 1]))
    assert math.isnan(measure("r2", [[0.1], [0.9]], [[1.0], [1.0]]))


def test_one_column_of_numbers_may_come_with_flat_targets():
    assert measure("mae", [[1.0], [2.0]], np.array([2.0, 4.0])) == 1.5


def test_every_metric_says_what_it_is_for():
    for name, metric in parts("metrics").items():
        assert metric.task == ("regression" if name in NUMBERS else "classification"), name
        assert metric.higher_is_better == (name not in ("mae", "rmse", "perplexity", "bits_per_character")), name
        assert metric.label, name
