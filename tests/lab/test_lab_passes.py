"""The arithmetic of a step, counted from the plan against a count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import build
from dllab.lab.passes import by_trying, passes


def test_a_net_counted_by_hand() -> None:
    """3 -> 5, tanh, 5 -> 2, squared error, 7 rows."""
    net = build({"input": [3], "model": [{"dense": 5}, "tanh", {"dense": 2}], "loss": "mse"})
    found = passes(net, 7)
    first, second, bend, loss = 7 * 3 * 5, 7 * 5 * 2, 7 * 5, 7 * 2
    assert found.forward == first + bend + second + loss
    back = loss + 2 * second + 7 * 2 + bend + first + 7 * 5  # nobody asks for the gradient of the input
    assert found.backward == back
    assert found.whole == (found.forward + back) / found.forward


def test_wide_nets_come_to_three_passes_less_one_product() -> None:
    layers = [{"repeat": {"times": 4, "layers": [{"dense": 256}, "tanh"]}}, {"dense": 1}]
    found = passes(build({"input": [256], "model": layers, "loss": "mse"}), 32)
    assert found.whole == pytest.approx(3 - 1 / 4, abs=0.01)
    net = build({"input": [8, 8, 1], "model": [{"conv": 2}, "flatten", {"dense": 1}], "loss": "mse"})
    with pytest.raises(ValueError, match="0_conv"):
        passes(net, 4)


def test_trying_every_weight_finds_the_same_gradient() -> None:
    net = build({"input": [3], "model": [{"dense": 5}, "tanh", {"dense": 2}], "loss": "mse"}, seed=1, dtype="float64")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    before = {label: values.copy() for label, values in net.parameters.items()}
    found, count = by_trying(net, x, y)
    _, expected = net.loss_and_gradients(x, y)
    assert count == 2 * (3 * 5 + 5 + 5 * 2 + 2)
    for label, values in expected.items():
        np.testing.assert_allclose(found[label], values, atol=1e-8)
        np.testing.assert_array_equal(net.parameters[label], before[label])
