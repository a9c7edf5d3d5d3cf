"""Weights that are worked out go through their points, in straight lines between them."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import build
from dllab.lab.interpolating import through
from dllab.recipe import parse


def test_it_is_numpys_interpolation() -> None:
    knots = np.array([-1.0, -0.25, 0.5, 0.75, 1.0])
    values = np.array([3.0, -1.0, 2.0, 2.0, 0.0])
    net = build(parse("{input: [1], model: [{dense: 4}, relu, {dense: 1}]}"), dtype="float64")
    for own, worked_out in zip(net.parameters.values(), through(knots, values)):
        assert own.shape == worked_out.shape
        own[...] = worked_out
    x = np.linspace(-1, 1, 101)
    assert np.allclose(net.forward(x[:, np.newaxis])[:, 0], np.interp(x, knots, values), atol=1e-14)


@pytest.mark.parametrize(("knots", "values"), [([0], [1]), ([0, 0], [1, 2]), ([0, 1], [1, 2, 3]), ([1, 0], [1, 2])])
def test_knots_rise_and_have_values(knots: list[float], values: list[float]) -> None:
    with pytest.raises(ValueError, match="two knots or more"):
        through(knots, values)
