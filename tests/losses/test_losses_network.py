"""Losses inside a net: absorbed activations, targets made from classes, short batches, shards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from losses_naive import naive, one_hot

import dllab
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.prepare import prepared
from dllab.engine.question import INPUTS, TARGETS, question_of
from dllab.plan.plan import Plan
from dllab.recipe import load
from dllab.symbols import COLUMN
from dllab.training.evaluate import Evaluator
from dllab.training.trainer import Trainer

RNG = np.random.default_rng(5)
X = RNG.normal(size=(9, 4))
LABELS = RNG.integers(0, 3, 9)
FORMS = [
    ("mse", {}, 3),
    ("mae", {}, 3),
    ("huber", {"delta": 0.4}, 3),
    ("cross_entropy", {}, 3),
    ("cross_entropy", {"label_smoothing": 0.1, "class_weights": [1.0, 2.0, 0.5]}, 3),
    ("binary_cross_entropy", {}, 1),
    ("binary_cross_entropy", {"label_smoothing": 0.1, "positive_weight": 2.0}, 3),
    ("perceptron", {}, 1),
    ("perceptron", {}, 3),
]


def recipe(loss, outputs=3, last=(), options=None):
    return {"input": [4], "model": [{"dense": 6}, "tanh", {"dense": outputs}, *last], "loss": {loss: options or {}}}


def targets_for(loss, outputs, rows=9):
    if loss in ("mse", "mae", "huber"):
        return np.random.default_rng(rows).normal(size=(rows, outputs))
    return np.random.default_rng(rows).integers(0, max(outputs, 2), rows)


def loss_and_slopes(net, x, y):
    loss, gradients = net.loss_and_gradients(x, y)
    return loss, np.concatenate([g.ravel() for g in gradients.values()])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "options", "outputs"), FORMS)
def test_the_loss_of_a_net_is_that_of_its_outputs(loss, options, outputs, dtype):
    net = dllab.build(recipe(loss, outputs, options=options), dtype=dtype)
    y = targets_for(loss, outputs)
    found, gradients = net.loss_and_gradients(X, y)
    expected, slopes = naive(loss, net.forward(X), y, **options)
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    assert found == pytest.approx(expected, rel=tolerance)
    np.testing.assert_allclose(gradients["2_dense.b"], slopes.sum(axis=0), atol=tolerance)


# ---- absorbed activations ----------------------------------------------------------------------------------------------


def probabilities(scores, kind):
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-scores))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("loss", "last", "outputs"),
    [("cross_entropy", "softmax", 3), ("binary_cross_entropy", "sigmoid", 1), ("binary_cross_entropy", "sigmoid", 3)],
)
def test_with_or_without_the_final_activation_a_net_trains_alike_and_answers_in_its_own_way(loss, last, outputs):
    scores = dllab.build(recipe(loss, outputs), seed=3, dtype="float64")
    answers = dllab.build(recipe(loss, outputs, [last]), seed=3, dtype="float64")
    assert answers.plan.absorbed
    y = targets_for(loss, outputs)
    for label, values in scores.parameters.items():
        np.testing.assert_array_equal(answers.parameters[label], values)
    np.testing.assert_allclose(answers.forward(X), probabilities(scores.forward(X), last), rtol=1e-13)
    for _ in range(3):
        assert answers.step(X, y) == scores.step(X, y)
    for label, values in scores.parameters.items():
        np.testing.assert_array_equal(answers.parameters[label], values)


def test_an_absorbed_activation_stays_exact_where_probabilities_are_0():
    net = dllab.build(recipe("cross_entropy", last=["softmax"]), dtype="float32")
    net.parameters["2_dense.b"][:] = [200.0, 0.0, -200.0]
    net.parameters["2_dense.w"][:] = 0
    assert net.loss_and_gradients(X[:1], [2])[0] == pytest.approx(400.0)
    assert net.forward(X[:1]).tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize("temperature", [0.25, 4.0])
def test_a_softmax_with_a_temperature_trains_on_what_it_answers(temperature):
    net = dllab.build(recipe("cross_entropy", last=[{"softmax": temperature}]), seed=1, dtype="float64")
    plain = dllab.build(recipe("cross_entropy"), seed=1, dtype="float64")
    loss, slopes = loss_and_slopes(net, X, LABELS)
    answers = net.forward(X)
    assert loss == pytest.approx(-np.mean(np.log(answers[np.arange(9), LABELS])), rel=1e-12)
    np.testing.assert_allclose(answers, probabilities(plain.forward(X) / temperature, "softmax"), rtol=1e-12)
    for label, values in net.parameters.items():
        gradient = slopes[: values.size].reshape(values.shape)
        slopes = slopes[values.size :]
        place = tuple(size // 2 for size in values.shape)
        kept = values[place]
        sides = []
        for step in (1e-5, -1e-5):
            values[place] = kept + step
            sides.append(net.loss_and_gradients(X, LABELS)[0])
        values[place] = kept
        assert gradient[place] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-9), label


def test_an_absorbed_softmax_may_read_an_earlier_layer():
    model = [{"dense": {"units": 3, "name": "scores"}}, {"dense": 5}, {"softmax": {"from": "scores"}}]
    net = dllab.build({"input": [4], "model": model, "loss": "cross_entropy"}, dtype="float64")
    loss = net.loss_and_gradients(X, LABELS)[0]
    assert loss == pytest.approx(-np.mean(np.log(net.forward(X)[np.arange(9), LABELS])), rel=1e-12)


# ---- targets from classes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [[], ["softmax"]])
@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_on_classes_a_loss_of_values_compares_with_one_hot_targets(loss, last):
    found = load({"data": "iris", "model": [{"dense": "classes"}, *last], "loss": loss})
    trainer = Trainer(found)
    outputs = trainer.network.forward(trainer.data.seen(trainer.data.splits.train))
    labels = trainer.data.dataset.columns["targets"][trainer.data.splits.train]
    figures = trainer.evaluator.evaluate("train")
    assert figures["loss"] == pytest.approx(naive(loss, outputs, one_hot(labels, 3))[0], rel=1e-5)
    assert figures["accuracy"] == np.mean(np.argmax(outputs, axis=1) == labels)
    x = trainer.data.seen(np.arange(5))  # the file begins with the first species
    expected = naive(loss, trainer.network.forward(x), one_hot(np.zeros(5, int), 3))[0]
    assert trainer.network.loss_and_gradients(x, np.zeros(5, int))[0] == pytest.approx(expected, rel=1e-5)


def test_a_single_output_is_compared_with_0_and_1():
    network = dllab.build({"data": "xor", "model": [{"dense": 4}, "tanh", {"dense": 1}], "loss": "mse"}, dtype="float64")
    x, labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    expected = np.mean((network.forward(x)[:, 0] - labels) ** 2)
    assert network.loss_and_gradients(x, labels)[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_squared_error_and_cross_entropy_both_learn_the_flowers(loss):
    found = load({"data": "iris", "model": [{"dense": 8}, "tanh", {"dense": "classes"}, "softmax"], "loss": loss,
                  "optimizer": {"adam": 0.05}, "train": {"epochs": 40}})  # fmt: skip
    *_, end = Trainer(found).events()
    assert end.figures["train"]["accuracy"] > 0.94


def test_without_a_loss_in_the_recipe_the_data_choose_it():
    def chosen(data, last):
        found = load({"data": data, "model": [{"dense": "outputs"}, *last]})
        return question_of(found, prepared(found)).loss.name

    assert chosen("iris", []) == "cross_entropy"
    assert chosen("iris", ["sigmoid"]) == "binary_cross_entropy"
    assert chosen({"function": "sine"}, []) == "mse"
    assert chosen({"function": "sine"}, ["sigmoid"]) == "mse", "the data have no classes"


@pytest.mark.parametrize(("loss", "last"), [("binary_cross_entropy", []), ("binary_cross_entropy", ["sigmoid"]),
                                            ("perceptron", []), ("perceptron", ["step"])])  # fmt: skip
def test_metrics_read_a_single_score_by_its_sign(loss, last):
    found = load({"data": "and", "model": [{"dense": 1}, *last], "loss": loss})
    trainer = Trainer(found)
    trainer.network.parameters["0_dense.w"][:] = 0.2
    trainer.network.parameters["0_dense.b"][:] = -0.3  # scores -0.3 -0.1 -0.1 0.1: right, though none is above 0.5
    assert trainer.evaluator.evaluate("train")["accuracy"] == 1.0


# ---- batches and shards ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize(("loss", "options", "outputs"), FORMS)
def test_the_short_last_batch_is_averaged_over_its_own_rows(loss, options, outputs, shards):
    found = load(recipe(loss, outputs, options=options))
    network = network_of(found, shards)
    y = targets_for(loss, outputs)
    columns = {COLUMN + INPUTS: X.copy(), COLUMN + TARGETS: y.astype("int32") if y.dtype.kind == "i" else y.copy()}
    order = np.arange(9)
    bound = Bound(network.memory, "train:plain", 5, columns, order, base=order)
    bound.keep_order()
    assert executor.run(bound, 0, 2, np.zeros(2)) is None
    history = network.memory.arrays["history"].view(np.float64)
    for batch, rows in enumerate((slice(0, 5), slice(5, 9))):
        assert history[batch] == pytest.approx(naive(loss, network.forward(X[rows]), y[rows], **options)[0], rel=1e-12)


@pytest.mark.parametrize("rows", [1, 2, 9])
@pytest.mark.parametrize(("loss", "options", "outputs"), FORMS)
def test_two_shards_give_the_loss_and_gradients_of_one(loss, options, outputs, rows):
    found = load(recipe(loss, outputs, options=options))
    y = targets_for(loss, outputs)[:rows]
    one, one_slopes = loss_and_slopes(network_of(found, 1), X[:rows], y)
    two, two_slopes = loss_and_slopes(network_of(found, 2), X[:rows], y)
    assert two == pytest.approx(one, rel=1e-13)
    np.testing.assert_allclose(two_slopes, one_slopes, rtol=1e-11, atol=1e-14)


def network_of(found, shards):
    question = replace(question_of(found, None, precision="float64"), shards=shards)
    return Network(Plan(question), found)


def test_evaluation_averages_over_all_rows_whatever_the_batches():
    data = {"blobs": {"samples": 700, "test": 0.0}}
    trainer = Trainer(load({"data": data, "model": [{"dense": "classes"}], "loss": "cross_entropy"}))
    rows = trainer.data.splits.train
    outputs = trainer.network.forward(trainer.data.seen(rows))
    labels = trainer.data.dataset.columns["targets"][rows]
    evaluator = trainer.evaluator
    assert isinstance(evaluator, Evaluator)
    assert evaluator.evaluate("train")["loss"] == pytest.approx(naive("cross_entropy", outputs, labels)[0], rel=1e-6)


# ---- nets without data -------------------------------------------------------------------------------------------------


def test_without_data_the_targets_are_as_wide_as_what_the_net_gives():
    joined = {"branches": {"paths": [[{"dense": 2}], [{"dense": 3}]], "join": "concat"}}
    model = [{"dense": 4}, joined]
    net = dllab.build({"input": [4], "model": model, "loss": "mse"}, dtype="float64")
    y = RNG.normal(size=(9, 5))
    assert net.loss_and_gradients(X, y)[0] == pytest.approx(np.mean((net.forward(X) - y) ** 2))


def test_values_may_have_more_axes():
    net = dllab.build({"input": [3, 4], "model": [{"dense": 2}], "loss": "mse"}, dtype="float64")
    x, y = RNG.normal(size=(5, 3, 4)), RNG.normal(size=(5, 3, 2))
    loss, gradients = net.loss_and_gradients(x, y)
    misses = net.forward(x) - y
    assert loss == pytest.approx(np.mean(misses**2))
    np.testing.assert_allclose(gradients["0_dense.b"], 2 * misses.sum(axis=(0, 1)) / misses.size)
