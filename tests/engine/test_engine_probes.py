"""Probes: what they copy is what the step computed, every k steps, whatever the number of shards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan.plan import Plan
from dllab.plan.probes import BINS, MOMENTS, PORTRAIT, Probe
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
    watched, summed = Probe("1_tanh", "output_gradient"), Probe("1_tanh", "output_gradient", summary="moments")
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


def portrait_of(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """A PORTRAIT by numpy."""
    bins = np.histogram(x / (1 + np.abs(x)), np.linspace(-1, 1, BINS + 1))[0]
    flat = np.count_nonzero((x <= low) | (x >= high))
    return np.array([x.size, x.sum(), (x**2).sum(), x.min(), x.max(), np.count_nonzero(x == 0), flat, *bins])


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("every", [1, 4])
def test_portraits_units_and_squares(shards: int, every: int) -> None:
    watched = Probe("1_tanh")
    portrait, units = Probe("1_tanh", summary="portrait", flat=(-0.5, 0.25)), Probe("1_tanh", summary="units")
    norms = [Probe("0_dense.w", what, "square") for what in ("parameter", "gradient", "update")]
    gradient = Probe("0_dense.w", "gradient")
    net = network(watched, portrait, units, gradient, *norms, shards=shards, every=every)
    weights = [net.parameters["0_dense.w"].copy()]
    for x, y in BATCHES:
        net.step(x, y)
        weights.append(net.parameters["0_dense.w"].copy())
    values = net.memory.looks(watched, len(BATCHES))
    found = net.memory.looks(portrait, len(BATCHES))
    assert found.shape == (-(-len(BATCHES) // every), shards, len(PORTRAIT))
    for numbers, look in zip(values, found):
        parts = np.split(numbers, [len(numbers) // 4 // shards * 4] if shards == 2 else [])
        for part, shown in zip(parts, look):
            np.testing.assert_allclose(shown, portrait_of(part, -0.5, 0.25), rtol=1e-12, atol=1e-14)
    active = net.memory.looks(units, len(BATCHES)).sum(1)
    np.testing.assert_array_equal(active, np.full((len(values), 5), 5))
    steps = np.arange(0, len(BATCHES), every)
    before, after = np.array(weights)[steps], np.array(weights)[steps + 1]
    of_parameter, of_gradient, of_update = (net.memory.looks(probe, len(BATCHES))[:, 0] for probe in norms)
    np.testing.assert_allclose(of_parameter, (before**2).sum((1, 2)))
    np.testing.assert_allclose(of_gradient, (net.memory.looks(gradient, len(BATCHES)) ** 2).sum(1))
    np.testing.assert_allclose(of_update, ((after - before) ** 2).sum((1, 2)))


def test_a_plan_without_probes_has_no_rows_for_them() -> None:
    program = network().plan.program("train")
    assert program.probe == program.update


def test_unknown_places_are_named() -> None:
    with pytest.raises(ValueError, match="no layer is called '9_relu'; there are 0_dense"):
        network(Probe("9_relu"))
    with pytest.raises(ValueError, match=r"no parameter is called 'w'; there are 0_dense\.w"):
        network(Probe("w", "parameter"))


def test_shards_wait_for_looks_at_what_they_are_about_to_change() -> None:
    program = network(Probe("0_dense.w", "parameter", "square"), shards=2).plan.program("train")
    assert program.rows[program.update - 1].kernel is None, "a barrier"
