"""Filters of convolutions: which numbers belong to which, and which of them do nothing of their own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from dllab.lab.filters import filters, of_layer, pairs, weak
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited
from dllab.recipe import load

MODELS: dict[str, list[Any]] = {
    "conv": [{"conv": {"units": 3, "kernel": [2, 3]}}, "flatten", {"dense": "classes"}],
    "depthwise_conv": [{"conv": 3}, {"depthwise_conv": {"kernel": 3, "multiplier": 2}}, "flatten", {"dense": "classes"}],
    "conv_transpose": [{"conv": 3}, {"conv_transpose": {"units": 4, "kernel": 2}}, "flatten", {"dense": "classes"}],
    "conv1d": [{"reshape": [16, 4]}, {"conv1d": {"units": 5, "kernel": 3}}, "flatten", {"dense": "classes"}],
}
SIZES = {"conv": (3, 2, 3, 1), "depthwise_conv": (6, 3, 3, 1), "conv_transpose": (4, 2, 2, 3), "conv1d": (5, 1, 3, 4)}


def subject_of(kind: str) -> Subject:
    flat = kind == "conv1d"
    data = {"name": "digits", "flatten": flat} if flat else {"name": "digits", "flatten": False}
    return Subject.untrained(load({"data": data, "model": MODELS[kind], "train": {"steps": 1}}))


@pytest.mark.parametrize("kind", MODELS)
def test_a_filter_is_what_makes_its_channel_of_the_output(kind: str) -> None:
    subject = subject_of(kind)
    found = filters(subject, kind).layers[-1]
    assert found.kind == kind and found.weights.shape == SIZES[kind]
    w = subject.network.parameters[f"{found.path}.w"]
    places = of_layer(kind, np.arange(w.size).reshape(w.shape))
    for number in range(len(found.weights)):
        w[...] = 0
        w.flat[places[number].ravel()] = 1.0
        subject.compile("infer")
        output = subject.inference(subject.rows()[:2]).output(found.path)
        active = abs(output).reshape(-1, output.shape[-1]).max(axis=0) > 0
        assert active[number] and active.sum() == 1
        np.testing.assert_array_equal(of_layer(kind, np.asarray(w))[number], 1)


def test_norms_and_the_strongest_slice_by_loops() -> None:
    found = filters(subject_of("conv1d")).layers[0]
    channels, slices = found.strongest()
    for number, weights in enumerate(found.weights):
        norms = [np.sqrt(sum(float(x) ** 2 for x in weights[..., c].flat)) for c in range(4)]
        np.testing.assert_allclose(found.by_channel[number], norms)
        assert channels[number] == int(np.argmax(norms))
        np.testing.assert_array_equal(slices[number], weights[..., channels[number]])
        assert found.norms[number] == pytest.approx(np.sqrt(np.sum(np.square(norms))))


def test_roughness_is_near_one_for_random_filters_and_small_for_smooth_ones() -> None:
    layer = filters(subject_of("conv1d")).layers[0]
    draw = np.random.default_rng(0).normal(size=(200, 5, 5, 2))
    # The variance of 25 numbers is 24 / 25 of what they are drawn with.
    assert dataclasses.replace(layer, weights=draw).roughness == pytest.approx(25 / 24, abs=0.02)
    ramp = np.broadcast_to(np.arange(4.0)[:, None], (3, 1, 4, 1))
    assert dataclasses.replace(layer, weights=ramp).roughness == pytest.approx(1 / 2.5)  # gaps of 1, variance 1.25
    assert np.isnan(dataclasses.replace(layer, weights=draw[:, :1, :1]).roughness)


def test_what_is_nearly_zero_and_what_is_nearly_alike() -> None:
    base = np.random.default_rng(0).normal(size=(5, 9))
    base[1] = 1.5 * base[0] + 0.01
    base[3] = -0.5 * base[2]
    base[4] *= 0.001
    found = {(pair.one, pair.other): pair.cosine for pair in pairs(base)}
    assert set(found) == {(0, 1), (2, 3)} and found[2, 3] == pytest.approx(-1) and found[0, 1] > 0.99
    assert weak(np.linalg.norm(base, axis=1)) == (4,)
    assert pairs(np.ones((4, 7))) == (), "seven numbers are too few for a cosine to say something"
    assert pairs(np.zeros((4, 9))) == () and weak(np.zeros(4)) == ()


def test_other_layers_are_refused() -> None:
    with pytest.raises(Unsuited, match="no such layer") as refusal:
        filters(subject_of("conv"), "dense")
    assert refusal.value.hint == "there are: 0_conv"
