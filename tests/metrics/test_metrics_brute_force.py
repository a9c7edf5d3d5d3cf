"""Metrics against computations by hand: every pair counted, every example looked at, nothing from the lab's own code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dllab.catalogue import find

EIGHTHS = st.integers(-16, 16).map(lambda n: n / 8)  # ties are common, and sums exact


def measure(name, outputs, targets):
    return find("metrics", name)().measure(np.asarray(outputs), np.asarray(targets))


@st.composite
def classified(draw, columns=(1, 2, 3, 5)):
    """Scores (N, K) and labels (N,) of K classes, of two for a single column."""
    width, rows = draw(st.sampled_from(columns)), draw(st.integers(1, 12))
    scores = draw(arrays(np.float32, (rows, width), elements=EIGHTHS))
    labels = draw(arrays(np.int32, rows, elements=st.integers(0, max(width, 2) - 1)))
    return scores, labels


@st.composite
def regressed(draw):
    shape = (draw(st.integers(2, 10)), draw(st.integers(1, 3)))
    values = st.integers(-800, 800).map(lambda n: n / 8)
    return draw(arrays(np.float32, shape, elements=values)), draw(arrays(np.float32, shape, elements=values))


def answers(scores):
    """The class of every row: the first of the largest scores, or whether a single one is above 0.5."""
    if scores.shape[1] == 1:
        return [int(row[0] > 0.5) for row in scores]
    return [max(range(len(row)), key=lambda k: (row[k], -k)) for row in scores]


def counts(scores, labels, positive):
    """True positives, false positives, false negatives of a class."""
    pairs = list(zip(answers(scores), labels.tolist()))
    hits = sum(said == positive == true for said, true in pairs)
    alarms = sum(said == positive != true for said, true in pairs)
    return hits, alarms, sum(said != positive == true for said, true in pairs)


def averaged(scores, labels, figure):
    """`figure(tp, fp, fn)` of class 1, or the mean over three classes and more of those that occur."""
    classes = [1] if scores.shape[1] < 3 else range(scores.shape[1])
    found = [counts(scores, labels, c) for c in classes]
    values = [figure(*three) for three in found if sum(three)]
    return sum(values) / len(values) if values else math.nan


def over(a, b):
    return a / b if b else 0.0


@settings(deadline=None)
@given(classified())
def test_accuracy_counts_right_answers(case):
    scores, labels = case
    right = sum(said == true for said, true in zip(answers(scores), labels.tolist()))
    assert measure("accuracy", scores, labels) == pytest.approx(right / len(labels))


@settings(deadline=None)
@given(classified())
def test_precision_recall_and_f1_count_hits_alarms_and_misses(case):
    scores, labels = case
    figures = {
        "precision": lambda tp, fp, fn: over(tp, tp + fp),
        "recall": lambda tp, fp, fn: over(tp, tp + fn),
        "f1": lambda tp, fp, fn: over(2 * tp, 2 * tp + fp + fn),
    }
    for name, figure in figures.items():
        assert measure(name, scores, labels) == pytest.approx(averaged(scores, labels, figure), nan_ok=True), name


@settings(deadline=None)
@given(classified())
def test_confusion_matrix_counts_every_pair_of_classes(case):
    scores, labels = case
    size = max(scores.shape[1], 2)
    table = [[0] * size for _ in range(size)]
    for said, true in zip(answers(scores), labels.tolist()):
        table[true][said] += 1
    assert measure("confusion_matrix", scores, labels) == table


@settings(deadline=None)
@given(classified())
def test_auc_counts_all_pairs(case):
    scores, labels = case

    def area(column, positive):
        yes = [s for s, true in zip(column, labels) if true == positive]
        no = [s for s, true in zip(column, labels) if true != positive]
        wins = sum((a > b) + (a == b) / 2 for a in yes for b in no)
        return wins / (len(yes) * len(no)) if yes and no else math.nan

    if scores.shape[1] < 3:
        expected = area(scores[:, -1], 1)
    else:
        areas = [area(scores[:, c], c) for c in range(scores.shape[1])]
        known = [a for a in areas if not math.isnan(a)]
        expected = sum(known) / len(known) if known else math.nan
    assert measure("auc", scores, labels) == pytest.approx(expected, nan_ok=True)


@settings(deadline=None)
@given(regressed())
def test_mae_rmse_and_r2_by_the_definitions(case):
    outputs, targets = case
    misses = [float(o) - float(t) for o, t in zip(outputs.ravel(), targets.ravel())]
    assert measure("mae", outputs, targets) == pytest.approx(sum(map(abs, misses)) / len(misses))
    assert measure("rmse", outputs, targets) == pytest.approx(math.sqrt(sum(m * m for m in misses) / len(misses)))
    shares = []
    for column, truth in zip(outputs.T.astype(float), targets.T.astype(float)):
        mean = sum(truth) / len(truth)
        spread = sum((t - mean) ** 2 for t in truth)
        shares.append(1 - sum((t - o) ** 2 for t, o in zip(truth, column)) / spread if len(set(truth)) > 1 else math.nan)
    assert measure("r2", outputs, targets) == pytest.approx(sum(shares) / len(shares), nan_ok=True, rel=1e-9)


@settings(deadline=None)
@given(classified(columns=(1, 2)), st.randoms(use_true_random=False))
def test_the_order_of_the_examples_does_not_matter(case, random):
    scores, labels = case
    order = list(range(len(labels)))
    random.shuffle(order)
    for name in ("accuracy", "precision", "recall", "f1", "auc"):
        one, other = measure(name, scores, labels), measure(name, scores[order], labels[order])
        assert one == pytest.approx(other, nan_ok=True), name
