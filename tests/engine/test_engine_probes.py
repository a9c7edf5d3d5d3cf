"""Probes: what they copy is what the step computed, every k steps, whatever the number of shards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan.plan import Plan
from dllab.plan.probes import MOMENTS, Probe
from dllab.recipe import load

RECIPE = load({
    "input": [3], "model": [{"dense": 4}, "tanh", {"dense": 2}], "loss": "cross_entropy", "optimizer": {"sgd": 0.5},
})  # fmt: skip
RNG = np.random.default_rng(0)
BATCHES = [(RNG.normal(size=(5, 3)), RNG.integers(0, 2, 5)) for _ in range(9)]


def network(*probes: Probe, shards: int = 1, every: int = 1) -> Network:
    question = question_of(RECIPE, None, precision="float64", batch=5)
    return Network(Plan(replace(question, probes=probes, probe_every=every, shards=shards)), RECIPE)


@pytest.mark.parametrize("shards", [1, 2])
def test_outputs_parameters_and_gradients_are_copied(shards: int) -> None:
    output, weights, slope = Probe("1_tanh"), Probe("0_dense.w", "parameter"), Probe("2_dense.b", "gradient")
    probed, plain = network(output, weights, slope, shards=shards), network()
    seen: dict[Probe, list[np.ndarray]] = {output: [], weights: [], slope: []}
    for x, y in BATCHES:
        p = plain.parameters
        seen[output].append(np.tanh(x @ p["0_dense.w"] + p["0_dense.b"]))
        seen[weights].append(p["0_dense.w"].copy())
        seen[slope].append(plain.loss_and_gradients(x, y)[1]["2_dense.b"])
        plain.step(x, y)
        probed.step(x, y)
    for probe, expected in seen.items():
        found = probed.memory.looks(probe, len(BATCHES))
        np.testing.assert_allclose(found, [e.ravel() for e in expected], rtol=1e-12, atol=1e-15)
    for label, values in plain.parameters.items():  # watching changes nothing
        np.testing.assert_allclose(probed.parameters[label], values, rtol=1e-12)


def test_every_k_steps_and_only_the_last_ones() -> None:
    probe = Probe("0_dense.b", "parameter", length=2)
    net, biases = network(probe, every=3), []
    for step, (x, y) in enumerate(BATCHES):
        if step % 3 == 0:
            biases.append(net.parameters["0_dense.b"].copy())
        net.step(x, y)
    np.testing.assert_array_equal(net.memory.looks(probe, len(BATCHES)), biases[-2:])


@pytest.mark.parametrize("shards", [1, 2])
def test_summaries(shards: int) -> None:
    watched, summed = Probe("1_tanh", "output_gradient"), Probe("1_tanh", "output_gradient", summary=True)
    net = network(watched, summed, shards=shards)
    for x, y in BATCHES:
        net.step(x, y)
    found = dict(zip(MOMENTS, np.moveaxis(net.memory.looks(summed, len(BATCHES)), -1, 0)))
    every = net.memory.looks(watched, len(BATCHES))
    assert found["sum"].shape == (len(BATCHES), shards)
    np.testing.assert_array_equal(found["count"].sum(1), every.shape[1])
    np.testing.assert_allclose(found["sum"].sum(1), every.sum(1), atol=1e-15)
    np.testing.assert_allclose(found["squares"].sum(1), (every**2).sum(1))
    np.testing.assert_array_equal(found["least"].min(1), every.min(1))
    np.testing.assert_array_equal(found["most"].max(1), every.max(1))


def test_a_plan_without_probes_has_no_rows_for_them() -> None:
    program = network().plan.program("train")
    assert program.probe == program.update


def test_unknown_places_are_named() -> None:
    with pytest.raises(ValueError, match="no layer is called '9_relu'; there are 0_dense"):
        network(Probe("9_relu"))
    with pytest.raises(ValueError, match=r"no parameter is called 'w'; there are 0_dense\.w"):
        network(Probe("w", "parameter"))
