"""Every optimizer, several steps, against the papers' formulas written by hand (by_hand.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from by_hand import RULES, batches, is_weight, net_with

from dllab import catalogue
from dllab.optim.optimizer import Optimizer

STEPS = 7
TOLERANCE = {"float64": 1e-12, "float32": 3e-5}

# (options of the recipe, options of the rule by hand, strength of decoupled decay)
SETTINGS: list[tuple[str, dict[str, Any], dict[str, Any], float]] = [
    ("sgd", {"lr": 0.1}, {}, 0.0),
    ("perceptron", {"lr": 0.1}, {}, 0.0),
    ("momentum", {"lr": 0.05}, {}, 0.0),
    ("momentum", {"lr": 0.05, "beta": 0.0}, {"beta": 0.0}, 0.0),
    ("nesterov", {"lr": 0.05, "beta": 0.8}, {"beta": 0.8}, 0.0),
    ("adagrad", {"lr": 0.1}, {}, 0.0),
    ("adagrad", {"lr": 0.1, "eps": 0.5}, {"eps": 0.5}, 0.0),
    ("rmsprop", {"lr": 0.02}, {}, 0.0),
    ("rmsprop", {"lr": 0.02, "rho": 0.5, "eps": 0.1}, {"rho": 0.5, "eps": 0.1}, 0.0),
    ("adam", {"lr": 0.05}, {}, 0.0),
    ("adam", {"lr": 0.05, "beta1": 0.0, "beta2": 0.0, "eps": 0.1}, {"beta1": 0.0, "beta2": 0.0, "eps": 0.1}, 0.0),
    ("adam", {"lr": 0.05, "beta1": 0.5, "beta2": 0.9, "eps": 1e-3}, {"beta1": 0.5, "beta2": 0.9, "eps": 1e-3}, 0.0),
    ("adamw", {"lr": 0.05}, {}, 0.01),
    ("adamw", {"lr": 0.05, "weight_decay": 2.0}, {}, 2.0),
    ("lion", {"lr": 0.02}, {}, 0.0),
    ("lion", {"lr": 0.02, "beta1": 0.5, "beta2": 0.8, "weight_decay": 3.0}, {"beta1": 0.5, "beta2": 0.8}, 3.0),
    ("muon", {"lr": 0.02}, {}, 0.0),
    ("muon", {"lr": 0.1, "beta": 0.5, "rest_lr": 0.03, "weight_decay": 1.5}, {"beta": 0.5, "rest": 0.3}, 1.5),
]

precisions = pytest.mark.parametrize("dtype", list(TOLERANCE))


def test_every_optimizer_has_settings_here() -> None:
    found = {name for name, part in catalogue.parts("optimizers").items() if issubclass(part, Optimizer)}
    assert found == {name for name, *_ in SETTINGS} == set(RULES)


@precisions
@pytest.mark.parametrize(("name", "options", "by_hand", "decay"), SETTINGS, ids=str)
def test_steps_are_those_of_the_formula(
    name: str, options: dict[str, Any], by_hand: dict[str, Any], decay: float, dtype: str
) -> None:
    net = net_with({"name": name, **options}, dtype)
    expected = {label: p.astype(np.float64) for label, p in net.parameters.items()}
    started = {label: p.copy() for label, p in expected.items()}
    states: dict[str, dict[str, Any]] = {label: {} for label in expected}
    for t, (x, y) in enumerate(batches(STEPS), start=1):
        # As a schedule would have it, but for nesterov, whose textbook form has one rate.
        lr = options["lr"] * ((1.0, 0.3, 0.7)[t % 3] if name != "nesterov" else 0.8)
        _, gradients = net.loss_and_gradients(x, y)
        net.step(x, y, lr)
        for label, p in expected.items():
            strength = decay if is_weight(label) else 0.0
            g = gradients[label].astype(np.float64)
            expected[label] = RULES[name](p, g, lr, t, states[label], strength, **by_hand)  # type: ignore[call-arg]
    for label, p in net.parameters.items():
        scale = np.abs(started[label] - expected[label]).max()
        assert scale > 1e-4, f"{label} hardly moved"
        np.testing.assert_allclose(p, expected[label], rtol=0, atol=TOLERANCE[dtype] * max(scale, 1.0), err_msg=label)
