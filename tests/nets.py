"""Small nets for tests, and their gradients by central differences: written apart from the lab's own gradcheck."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan.plan import Plan
from dllab.recipe import load

STEP = 1e-3  # with four points the error is some STEP^4, and rounding some 1e-16 / STEP
POINTS = ((1, 8), (-1, -8), (2, -1), (-2, 1))


def net(model: list[Any], inputs: list[int], precision: str = "float64", /, *, optimizer: Any = None, loss: Any = "mse",
        batch: int = 8, **changes: Any) -> Network:  # fmt: skip
    """A network of a model over inputs of that shape; `changes` are fields of plan.Question, such as shards or seed.

    Biases and gains are moved off their first values, so that none of them hides a mistake.
    """
    recipe = load({"input": inputs, "model": model, "loss": loss, "optimizer": optimizer or {"sgd": 0.1}})
    network = Network(Plan(replace(question_of(recipe, None, precision=precision, batch=batch), **changes)))
    rng = np.random.default_rng(5)
    for values in network.parameters.values():
        values += 0.3 * rng.normal(size=values.shape).astype(values.dtype)
    return network


def batch(network: Network, rows: int, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Random inputs and targets."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, *network.plan.question.inputs.shape))
    return x.astype(network.dtype), rng.normal(size=(rows, *network.output_shape)).astype(network.dtype)


def differences(network: Network, label: str, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """The gradient of one parameter by central differences of fourth order."""
    values = network.parameters[label]
    found = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        before = values[index]
        for steps, weight in POINTS:
            values[index] = before + steps * STEP
            found[index] += weight * network.loss_and_gradients(x, y)[0] / (12 * STEP)
        values[index] = before
    return found


def worst_error(network: Network, rows: int = 5) -> float:
    """The largest relative error of any parameter's gradient, in the measure of gradcheck."""
    x, y = batch(network, rows)
    loss, gradients = network.loss_and_gradients(x, y)
    errors = [0.0]
    for label, gradient in gradients.items():
        numeric = differences(network, label, x, y)
        size = max(np.abs(gradient).max(), np.abs(numeric).max(), 1e-6 * max(1.0, abs(loss)))
        errors.append(float(np.abs(gradient - numeric).max() / size))
    return max(errors)
