"""The optimizers again, from the papers, in float64 numpy: one function each, for one parameter at a time.

`rule(p, g, lr, t, state, decay)` returns the next p; t is 1 at the first step, `state` a dict that the rule keeps,
`decay` the strength of decoupled decay for this parameter (0 for biases).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import dllab
from dllab.engine.network import Network

Rule = Callable[[np.ndarray, np.ndarray, float, int, dict[str, Any], float], np.ndarray]


def sgd(p, g, lr, t, state, decay):
    return p - lr * g


def momentum(p, g, lr, t, state, decay, beta=0.9):
    state["v"] = beta * state.get("v", 0.0) + g
    return p - lr * state["v"]


def nesterov(p, g, lr, t, state, decay, beta=0.9):
    # Sutskever's form, whose parameters are kept where the gradient is taken: theta + beta v.
    before = state.get("v", np.zeros_like(p))
    state["v"] = beta * before - lr * g
    theta = p - beta * before + state["v"]
    return theta + beta * state["v"]


def adagrad(p, g, lr, t, state, decay, eps=1e-10):
    state["h"] = state.get("h", 0.0) + g**2
    return p - lr * g / (np.sqrt(state["h"]) + eps)


def rmsprop(p, g, lr, t, state, decay, rho=0.9, eps=1e-8):
    state["v"] = rho * state.get("v", 0.0) + (1 - rho) * g**2
    return p - lr * g / (np.sqrt(state["v"]) + eps)


def adam(p, g, lr, t, state, decay, beta1=0.9, beta2=0.999, eps=1e-8):
    # Kingma and Ba, algorithm 1; with decay Loshchilov and Hutter, algorithm 2, the decay times lr.
    state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
    m, v = state["m"] / (1 - beta1**t), state["v"] / (1 - beta2**t)
    return p - lr * m / (np.sqrt(v) + eps) - lr * decay * p


def lion(p, g, lr, t, state, decay, beta1=0.9, beta2=0.99):
    m = state.get("m", 0.0)
    state["m"] = beta2 * m + (1 - beta2) * g
    return p - lr * (np.sign(beta1 * m + (1 - beta1) * g) + decay * p)


def muon(p, g, lr, t, state, decay, beta=0.95, rest=0.001 / 0.02):
    if p.ndim != 2:
        return adam(p, g, lr * rest, t, state, decay)
    state["v"] = beta * state.get("v", 0.0) + g
    x = g + beta * state["v"]
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return p - lr * np.sqrt(max(1.0, p.shape[1] / p.shape[0])) * x - lr * decay * p


RULES: dict[str, Rule] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
    "lion": lion,
    "muon": muon,
    "perceptron": sgd,
}


def net_with(optimizer: Any, dtype: str = "float64", **keys: Any) -> Network:
    """A net of four parameters, two of which are weights, with sizes that leave padding behind each."""
    model = [{"dense": 7}, "relu", {"dense": 3}]
    recipe = {"input": [5], "model": model, "loss": "mse", "optimizer": optimizer, **keys}
    return dllab.build(recipe, seed=3, dtype=dtype)


def batches(steps: int, rows: int = 6, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of random inputs and targets for `net_with`."""
    random = np.random.default_rng(seed)
    for _ in range(steps):
        yield random.normal(size=(rows, 5)), 3.0 * random.normal(size=(rows, 3))


def is_weight(label: str) -> bool:
    """Whether a parameter of `net_with` decays."""
    return label.endswith(".w")
