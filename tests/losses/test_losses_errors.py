"""What is said of a loss that does not go with the data, the outputs or the last layer."""

from __future__ import annotations

import re

import numpy as np
import pytest

import dllab
from dllab.engine.question import question_of
from dllab.recipe import RecipeError, load

FOUR = {"input": [4]}
SINE = {"data": {"function": "sine"}}


def told(**recipe):
    with pytest.raises(RecipeError) as caught:
        dllab.build(recipe)
    return re.sub(r"\s+", " ", caught.value.render())


@pytest.mark.parametrize(
    ("loss", "last", "advice"),
    [
        ("cross_entropy", "sigmoid", "or without sigmoid; or keep sigmoid and write loss: binary_cross_entropy"),
        ("cross_entropy", "relu", "end the model in softmax, or without relu"),
        ("cross_entropy", "tanh", "end the model in softmax, or without tanh"),
        ("binary_cross_entropy", "softmax", "or without softmax; or keep softmax and write loss: cross_entropy"),
        ("perceptron", "sigmoid", "end the model in step, or without sigmoid"),
    ],
)
def test_an_activation_that_spoils_the_scores(loss, last, advice):
    text = told(**FOUR, model=[{"dense": 3}, last], loss=loss)
    assert f"{last} as the last layer spoils {loss}" in text
    assert advice in text
    assert "model[1]" in text


def test_a_decoder_that_nothing_reads():
    text = told(data="reversal", model=[{"embedding": 16}, {"gru": 32}, {"dense": "classes"}])
    assert "at each of the 11 steps, (11, 11), not (10, 11); end the model in layers that read from: decoder" in text
    text = told(data="reversal", model=[{"embedding": 16}, {"gru": {"units": 32, "return": "last"}}, {"dense": "classes"}])
    assert "take return: sequence" in text


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_values_of_every_step_where_one_is_wanted(loss):
    text = told(data="adding", model=[{"gru": 8}, {"dense": "outputs"}], loss=loss)
    assert f"{loss} takes one row of outputs for each example, (B, K), not (B, 100, 1)" in text
    assert "give a recurrent layer return: last" in text
    text = told(data="adding", model=[{"gru": 8}], loss=loss)
    assert "end the model in dense: outputs" in text


@pytest.mark.parametrize("last", [[], ["identity"], ["softmax"], [{"softmax": 2.0}]])
def test_what_may_stand_before_cross_entropy(last):
    dllab.build({**FOUR, "model": [{"dense": 3}, *last], "loss": "cross_entropy"})


@pytest.mark.parametrize("last", ["sigmoid", "softmax", "tanh", "relu"])
def test_losses_of_values_take_any_last_layer(last):
    dllab.build({**FOUR, "model": [{"dense": 3}, last], "loss": "mse"})


def test_one_output_is_not_enough_for_cross_entropy():
    text = told(data="xor", model=[{"dense": 1}, "softmax"], loss="cross_entropy")
    assert "ends in a single output" in text
    assert "dense: classes, or take loss: binary_cross_entropy" in text
    assert "0_dense (B, 1)" in text, "the flow of shapes is shown"


@pytest.mark.parametrize(
    ("loss", "units", "words"),
    [
        ("cross_entropy", 4, "an output for each of the 3 classes, not 4"),
        ("cross_entropy", 2, "an output for each of the 3 classes, not 2"),
        ("binary_cross_entropy", 1, "an output for each of the 3 classes, not 1"),
        ("mse", 1, "an output for each of the 3 classes, not 1"),
        ("perceptron", 2, "an output for each of the 3 classes, not 2"),
    ],
)
def test_as_many_outputs_as_classes(loss, units, words):
    text = told(data="iris", model=[{"dense": units}], loss=loss)
    assert words in text
    assert "end the model in dense: classes" in text


@pytest.mark.parametrize("loss", ["mse", "binary_cross_entropy"])
def test_two_classes_may_share_one_output(loss):
    dllab.build({"data": "xor", "model": [{"dense": 1}], "loss": loss})
    assert "each of the 2 classes, or a single one for class 1, not 3" in told(data="xor", model=[{"dense": 3}], loss=loss)


def test_as_many_outputs_as_numbers_to_predict():
    text = told(**SINE, model=[{"dense": 2}], loss="mae")
    assert "mae compares each output with a target, and here are 2 for 1" in text
    assert "end the model in dense: outputs" in text


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "perceptron"])
def test_a_loss_of_classes_on_data_without(loss):
    text = told(**SINE, model=[{"dense": 2}], loss=loss)
    assert f"{loss} needs classes, and the data set function has numbers to predict" in text
    assert "mse, mae or huber" in text


def test_class_weights_are_as_many_as_classes():
    model = [{"dense": "classes"}]
    text = told(data="iris", model=model, loss={"cross_entropy": {"class_weights": [1, 2]}})
    assert "2 class_weights for 3 classes" in text
    dllab.build({"data": "iris", "model": model, "loss": {"cross_entropy": {"class_weights": [1, 2, 0.5]}}})


@pytest.mark.parametrize(
    "loss",
    [
        {"huber": 0},
        {"huber": -1.0},
        {"cross_entropy": {"label_smoothing": 1.0}},
        {"cross_entropy": {"class_weights": [1, -1]}},
        {"cross_entropy": {"class_weights": "balanced"}},
        {"binary_cross_entropy": {"positive_weight": 0}},
        {"mse": 2},
    ],
)
def test_options_out_of_range(loss):
    with pytest.raises(RecipeError):
        load({**FOUR, "model": [{"dense": 3}], "loss": loss})


def test_a_label_at_every_step_needs_outputs_at_every_step():
    net = dllab.build({"input": [3, 4], "model": [{"dense": 2}], "loss": "cross_entropy"})
    with pytest.raises(ValueError, match=r"targets are whole labels \(N, 3\)"):
        net.step(np.zeros((2, 3, 4)), [0, 1])
    with pytest.raises(ValueError, match="classes 0 to 1, -1 for none"):
        net.step(np.zeros((2, 3, 4)), [[0, 1, 2], [0, 0, 0]])


def test_a_shape_error_further_down_is_told_rather_than_the_loss():
    recipe = load({"input": [4], "model": [{"dense": 3}, {"residual": [{"dense": 5}]}], "loss": "mse"})
    question_of(recipe, None)
    assert "residual" in told(input=[4], model=[{"dense": 3}, {"residual": [{"dense": 5}]}], loss="mse")


def test_labels_that_the_net_has_no_class_for():
    net = dllab.build({**FOUR, "model": [{"dense": 3}], "loss": "cross_entropy"})
    with pytest.raises(ValueError, match="classes 0 to 2"):
        net.step([[0.0] * 4], [3])
    one = dllab.build({**FOUR, "model": [{"dense": 1}], "loss": "binary_cross_entropy"})
    with pytest.raises(ValueError, match="classes 0 to 1"):
        one.step([[0.0] * 4], [2])
