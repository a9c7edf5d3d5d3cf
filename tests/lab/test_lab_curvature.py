"""The ends of the Hessian's spectrum: against all of it, by differences of losses and of gradients."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import Network, build
from dllab.lab.curvature import curvature, descent, lanczos
from dllab.lab.subject import Subject
from dllab.losses.surface import STEEPNESS
from dllab.recipe import parse

NOWHERE = np.zeros((1, 1))


def quadratic(surface: str, place: tuple[float, float] = (0.3, -0.7)) -> Network:
    return build({"input": [1], "model": [{"point": list(place)}], "loss": {"surface": surface}}, dtype="float64")


def test_of_quadratics_and_a_saddle() -> None:
    found = curvature(quadratic("valley"), NOWHERE, NOWHERE)
    assert (found.largest, found.smallest) == pytest.approx((STEEPNESS, 1.0))
    found = curvature(quadratic("bowl"), NOWHERE, NOWHERE)
    assert (found.largest, found.smallest) == pytest.approx((1.0, 1.0))
    found = curvature(quadratic("saddle", (0.0, 0.0)), NOWHERE, NOWHERE)
    assert (found.largest, found.smallest) == pytest.approx((1.0, -1.0))


def test_of_a_net_with_its_whole_hessian() -> None:
    """Every second derivative by differences of the loss itself; the weights stay as they were to the last bit."""
    net = build({"input": [2], "model": [{"dense": 3}, "tanh", {"dense": 1}], "loss": "mse"}, seed=4, dtype="float64")
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=(9, 1))
    places = [(values, i) for values in net.parameters.values() for i in np.ndindex(*values.shape)]
    h, size = 1e-3, len(places)
    whole = np.empty((size, size))
    for row, (a, i) in enumerate(places):
        for column, (b, j) in enumerate(places):
            total = 0.0
            for sign_a, sign_b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                kept = {label: values.copy() for label, values in net.parameters.items()}
                a[i] += sign_a * h
                b[j] += sign_b * h
                total += sign_a * sign_b * net.loss_and_gradients(x, y)[0]
                for label, values in kept.items():
                    net.parameters[label][...] = values
            whole[row, column] = total / (4 * h * h)
    before = {label: values.copy() for label, values in net.parameters.items()}
    found = curvature(net, x, y, products=size)
    eigenvalues = np.linalg.eigvalsh(whole)
    assert found.largest == pytest.approx(eigenvalues[-1], rel=1e-4)
    assert found.smallest == pytest.approx(eigenvalues[0], rel=1e-4)
    assert curvature(net, x, y, products=8).largest == pytest.approx(found.largest, rel=1e-3)
    for label, values in before.items():
        np.testing.assert_array_equal(net.parameters[label], values)


def test_lanczos_finds_all_eigenvalues_after_as_many_products() -> None:
    matrix = np.random.default_rng(2).normal(size=(12, 12))
    matrix = matrix + matrix.T
    np.testing.assert_allclose(lanczos(lambda v: matrix @ v, 12, 12), np.linalg.eigvalsh(matrix), rtol=1e-9)
    few = lanczos(lambda v: matrix @ v, 12, 4)
    assert len(few) == 4 and few[-1] <= np.linalg.eigvalsh(matrix)[-1] + 1e-9


def test_it_takes_float64() -> None:
    net = build({"input": [1], "model": [{"point": [0.0, 0.0]}], "loss": {"surface": "bowl"}})
    with pytest.raises(ValueError, match="float64"):
        curvature(net, NOWHERE, NOWHERE)


LINE = """\
data: {name: function, samples: 30, test: 0}
model: [{dense: outputs}]
loss: mse
optimizer: {sgd: 0.1}
train: {dtype: float64}
"""


def test_descent_on_a_quadratic_keeps_its_curvature() -> None:
    """A straight line by squared error: the Hessian is 2 X'X / N all the way; below its limit the loss falls, above not."""
    net = Subject.untrained(parse(LINE, label="line"))
    x = net.data.seen(net.rows("train"))
    wide = np.hstack([x, np.ones_like(x)])
    largest = np.linalg.eigvalsh(2 * wide.T @ wide / len(x))[-1]
    below, above = (descent(Subject.untrained(parse(LINE, label="line")), share, 50, 20) for share in (0.95, 1.05))
    np.testing.assert_allclose(below.largest, largest, rtol=1e-6)
    assert below.lr == pytest.approx(0.95 * 2 / largest) and list(below.looks) == [0, 20, 40]
    assert np.all(np.diff(below.losses) <= 0) and above.losses[-1] > above.losses[0]
