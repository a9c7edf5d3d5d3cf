"""Numbers too small for a normal float count as 0 while steps run, and only then."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.core.settings import jit_enabled
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan.plan import Plan
from dllab.recipe import load
from dllab.symbols import COLUMN

TINY = np.float32(1e-40)


@pytest.mark.skipif(not jit_enabled(), reason="plain Python keeps them")
def test_tiny_activations_vanish_in_a_step_and_the_caller_keeps_its_own() -> None:
    recipe = load({"input": [1], "model": [{"dense": {"units": 1, "bias": False}}], "loss": "mse", "optimizer": "sgd"})
    network = Network(Plan(question_of(recipe, None, batch=2)), recipe)
    network.parameters["0_dense.w"][...] = 1e-20
    x = np.full((2, 1), 1e-20, np.float32)
    order, outputs = np.arange(2), np.ones((2, 1), np.float32)
    bound = Bound(network.memory, "infer", 2, {COLUMN + "inputs": x}, order, outputs=outputs)
    executor.run(bound, 0, 1)
    np.testing.assert_array_equal(outputs, 0)
    kept = np.array([TINY]) * np.float32(1)
    assert kept[0] == TINY
    assert kept[0] > 0
