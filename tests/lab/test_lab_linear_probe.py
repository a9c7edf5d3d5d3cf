"""Linear probes: straight borders are found where there are some, and layers are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.linear_probe import LinearProbe, SoftmaxProbe, judged, probe_map, probed
from dllab.lab.subject import Subject
from dllab.recipe import load


def test_a_straight_border_is_found() -> None:
    x = np.random.default_rng(0).normal(size=(400, 2)) + 10
    labels = (x[:, 0] > 2 * x[:, 1] - 10).astype(int)
    probe = LinearProbe(x[:300], labels[:300])
    assert probe.accuracy(x[300:], labels[300:]) > 0.95
    assert probe.accuracy(x, 1 - labels) == pytest.approx(1 - probe.accuracy(x, labels))


def test_softmax_is_where_the_cross_entropy_is_least() -> None:
    """There its slope is 0, worked out here with plain differences."""
    random = np.random.default_rng(0)
    x, labels = random.normal(size=(200, 3)), random.integers(3, size=200)
    x[:, 0] += labels
    probe = SoftmaxProbe(x, labels)
    weights, rows = probe._weights, np.hstack([probe.standard(x), np.ones((200, 1))])

    def loss(w: np.ndarray) -> float:
        z = rows @ w
        return float((np.log(np.exp(z).sum(axis=1)) - z[np.arange(200), labels]).mean() + probe.ridge / 2 * (w**2).sum())

    for place in np.ndindex(weights.shape):
        nudge = np.zeros_like(weights)
        nudge[place] = 1e-4
        assert abs(loss(weights + nudge) - loss(weights - nudge)) / 2e-4 < 1e-3
    assert probe.accuracy(x, labels) > 0.5


def test_softmax_sees_a_class_between_two_others() -> None:
    """Least squares never says the middle one of three classes on a line; softmax does."""
    labels = np.arange(300) % 3
    x = labels[:, None] + 0.1 * np.random.default_rng(0).normal(size=(300, 1))
    assert LinearProbe(x, labels).accuracy(x, labels) < 0.75 and SoftmaxProbe(x, labels).accuracy(x, labels) > 0.95


def test_xor_has_none() -> None:
    x = np.random.default_rng(0).normal(size=(400, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    assert LinearProbe(x, labels).accuracy(x, labels) < 0.65
    assert LinearProbe(np.prod(x, axis=1), labels).accuracy(np.prod(x, axis=1), labels) > 0.8


def test_a_number_that_never_changes_and_pictures() -> None:
    labels = np.array([0, 1, 2] * 5)
    x = np.stack([np.eye(3)[labels], np.ones((15, 3))], axis=1)  # (15, 2, 3)
    assert LinearProbe(x, labels).accuracy(x, labels) == 1


@compiled_only
def test_layers_of_a_net() -> None:
    subject = Subject.trained(load("rings"), seed=0)
    found = probed(subject, ("", "1_tanh"))
    assert list(found) == ["", "1_tanh"] and found[""] < 0.65 and found["1_tanh"] > 0.9


@compiled_only
def test_the_map_of_a_layer_is_what_its_probe_says() -> None:
    subject = Subject.trained(load("spirals", ["train.epochs=20"]), seed=0)
    layer = "3_tanh"
    found, accuracy = probe_map(subject, layer), probed(subject, (layer,))[layer]
    assert found.wrong == round((1 - accuracy) * found.seen.rows), "three classes lie in a plane"
    rows, columns = found.labels.shape
    shares = (found.points - found.low) / (found.high - found.low)
    at = np.round(shares * (columns - 1, rows - 1)).astype(int)
    drawn = found.labels[rows - 1 - at[:, 1], at[:, 0]]
    assert (drawn == found.said).mean() > 0.97


def test_two_inputs_are_drawn_as_they_are() -> None:
    subject = Subject.untrained(load("rings"), seed=0)
    found = probe_map(subject, "")
    x = subject.data.seen(subject.rows("test"))[:1].astype(float)
    train = subject.data.seen(subject.rows("train")).astype(float)
    assert np.allclose(found.points[:1], (x - train.mean(0)) / train.std(0), atol=1e-6)
    assert found.features == ("x1", "x2") and probe_map(subject, "1_tanh").features == ("1st", "2nd")


def test_features_of_the_inputs_are_judged() -> None:
    subject = Subject.untrained(load("rings"), seed=0)
    assert judged(subject, lambda x: x) == probed(subject, ("",))[""]
    assert judged(subject, lambda x: x, SoftmaxProbe) == probed(subject, ("",), probe=SoftmaxProbe)[""]
    assert judged(subject, lambda x: (x**2).sum(axis=1)) > 0.95, "the distance from the middle"
