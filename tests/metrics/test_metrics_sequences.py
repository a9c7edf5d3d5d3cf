"""Metrics of likelihood and of whole sequences, worked out by hand and against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dllab
from dllab.catalogue import find
from dllab.losses.probabilities import log_probabilities

LABELS = np.array([[0, 1, 2], [2, -1, -1], [1, 1, -1]], np.int32)


def metric(name):
    return find("metrics", name)()


def log_p(seed=0):
    scores = np.random.default_rng(seed).normal(size=(3, 3, 4))
    return scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))


def surprises():
    p = log_p()
    return [-p[n, t, label] for n, row in enumerate(LABELS) for t, label in enumerate(row) if label >= 0]


def test_perplexity_and_bits_are_the_mean_surprise_of_steps_that_count():
    mean = math.fsum(surprises()) / 6
    assert metric("perplexity").measure(log_p(), LABELS) == pytest.approx(math.exp(mean))
    assert metric("bits_per_character").measure(log_p(), LABELS) == pytest.approx(mean / math.log(2))


def test_a_net_that_knows_nothing_is_left_with_all_classes():
    nothing = np.full((2, 5, 8), -math.log(8))
    labels = np.zeros((2, 5), np.int32)
    assert metric("perplexity").measure(nothing, labels) == pytest.approx(8)
    assert metric("bits_per_character").measure(nothing, labels) == pytest.approx(3)


@pytest.mark.parametrize("name", ["accuracy", "perplexity", "bits_per_character"])
def test_parts_combine_to_the_whole(name):
    found, p = metric(name), log_p()
    parts = [found.measure(p[:1], LABELS[:1]), found.measure(p[1:], LABELS[1:])]
    assert found.combine(np.array(parts), np.array([3, 3])) == pytest.approx(found.measure(p, LABELS))
    uneven = [found.measure(p[:2], LABELS[:2]), found.measure(p[2:], LABELS[2:])]
    assert found.combine(np.array(uneven), np.array([4, 2])) == pytest.approx(found.measure(p, LABELS))


def test_sequence_accuracy_wants_every_step_right():
    outputs = np.eye(4)[np.maximum(LABELS, 0)]
    assert metric("sequence_accuracy").measure(outputs, LABELS) == 1
    assert metric("accuracy").measure(outputs, LABELS) == 1
    outputs[0, 2] = np.eye(4)[3]  # one of six steps, one of three sequences
    assert metric("sequence_accuracy").measure(outputs, LABELS) == pytest.approx(2 / 3)
    assert metric("accuracy").measure(outputs, LABELS) == pytest.approx(5 / 6)
    outputs[1, 1] = np.eye(4)[3]  # padding
    assert metric("sequence_accuracy").measure(outputs, LABELS) == pytest.approx(2 / 3)


def test_examples_without_a_label_do_not_count():
    labels = np.array([[0, 1], [-1, -1]], np.int32)
    outputs = np.eye(3)[[[0, 1], [2, 2]]]
    assert metric("sequence_accuracy").measure(outputs, labels) == 1
    assert math.isnan(metric("sequence_accuracy").measure(outputs[1:], labels[1:]))
    assert math.isnan(metric("perplexity").measure(outputs[1:], labels[1:]))


def test_probabilities_whatever_the_model_ends_in():
    scores = np.array([[1.0, 2.0, -1.0], [700.0, 0.0, -700.0]])
    plain = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = plain / plain.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(log_probabilities(scores, "dense")), expected, rtol=1e-12)
    np.testing.assert_allclose(
        np.exp(log_probabilities(expected, "softmax")), np.maximum(expected, np.finfo(float).tiny), rtol=1e-9
    )
    one = log_probabilities(np.array([[0.3], [-2.0]]), "dense")
    np.testing.assert_allclose(np.exp(one[:, 1]), 1 / (1 + np.exp([-0.3, 2.0])), rtol=1e-12)
    np.testing.assert_allclose(np.exp(log_probabilities(np.array([[0.3]]), "sigmoid")), [[0.7, 0.3]], rtol=1e-12)


@pytest.mark.parametrize("columns", [1, 3])
def test_answers_of_each_class_for_itself_are_shares_whatever_the_model_ends_in(columns):
    scores = np.array([[2.0, 0.0, -1.0], [-30.0, -31.0, -32.0]])[:, :columns]
    answers = 1 / (1 + np.exp(-scores))
    expected = np.hstack([1 - answers, answers]) if columns == 1 else answers / answers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(log_probabilities(scores, "dense", "sigmoid")), expected, rtol=1e-12)
    np.testing.assert_allclose(np.exp(log_probabilities(answers, "sigmoid", "sigmoid")), expected, rtol=1e-12)


def test_perplexity_does_not_depend_on_a_sigmoid_at_the_end():
    found = []
    for ending in ([], ["sigmoid"]):
        model = [{"dense": 8}, "tanh", {"dense": "classes"}, *ending]
        result = dllab.train({"data": "iris", "model": model, "loss": "binary_cross_entropy", "metrics": ["perplexity"],
                              "train": {"epochs": 3}}, save=False)  # fmt: skip
        found.append(result.metrics["test"]["perplexity"])
    assert 1 < found[0] < 5 and found[0] == pytest.approx(found[1], rel=1e-4)
