"""A net and classic models are judged by the same rows and the same figures."""

from __future__ import annotations

import pytest

from dllab.lab.standing import standing
from dllab.lab.subject import Subject
from dllab.recipe import parse

CLASSES = "data: {name: wine, test: 0.3}\nmodel: [{dense: 5}, relu, {dense: classes}]\ntrain: {epochs: 4, batch: 16}\n"
VALUES = "data: {name: diabetes, test: 0.3}\nmodel: [{dense: 1}]\noptimizer: {adam: 0.03}\ntrain: {epochs: 60, batch: 32}\n"


def test_of_a_net() -> None:
    net = Subject.trained(parse(CLASSES), seed=0)
    found = standing(net)
    assert net.ended is not None and found.score == pytest.approx(net.ended.figures["test"]["accuracy"])
    assert found.numbers == 13 * 5 + 5 + 5 * 3 + 3
    assert found.work == 3 * (13 * 5 + 5 * 3) * len(net.rows("train")) * 4


def test_of_values_it_is_r_squared() -> None:
    net = Subject.trained(parse(VALUES, ["metrics=[r2]"]), seed=0)
    assert net.ended is not None and standing(net).score == pytest.approx(net.ended.figures["test"]["r2"], abs=1e-6)


def test_a_net_without_hidden_layers_is_a_linear_model() -> None:
    pytest.importorskip("sklearn")
    net = Subject.trained(parse(VALUES), seed=0)
    assert standing(net).score == pytest.approx(standing(net, "linear").score, abs=0.03)
    wine = Subject.trained(parse(CLASSES, ["train.epochs=30"]), seed=0)
    assert standing(wine, "logistic").score > 0.9 and standing(wine, "tree", 2).score > 0.7
