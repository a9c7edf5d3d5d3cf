"""JAX: a compiled step called from Python, and many steps inside one compiled loop (scan), its fastest form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dllab.lab.bench_cases import BenchCase
from dllab.lab.peers import Contender, repeated

BETA1, BETA2, RATE, EPSILON = 0.9, 0.999, 1e-3, 1e-8
SMALL = 100_000  # parameters; larger nets do fewer steps a scan


def contenders(case: BenchCase) -> Mapping[str, Contender]:
    """`jax jit` and `jax jit scan`."""
    rng = np.random.default_rng(0)
    net = [(jnp.asarray(rng.normal(0, 0.1, (a, b)), jnp.float32), jnp.zeros(b)) for a, b in zip(case.sizes, case.sizes[1:])]
    x = jnp.asarray(rng.normal(0, 0.1, (case.batch, case.sizes[0])), jnp.float32)
    y = jnp.asarray(rng.integers(0, case.sizes[-1], case.batch))
    zeros = jax.tree.map(jnp.zeros_like, net)
    state = (net, zeros, zeros, jnp.float32(0))
    one = jax.jit(_update)
    count = 2000 if case.parameters < SMALL else 50
    # the batch is an argument, so that the compiler cannot fold it into the program
    many = jax.jit(lambda s, x, y: jax.lax.scan(lambda s, _: _update(s, x, y), s, None, length=count))
    scan = repeated(lambda: jax.block_until_ready(many(state, x, y)))
    return {
        "jax jit": repeated(lambda: jax.block_until_ready(one(state, x, y))),
        "jax jit scan": lambda: scan() / count,
    }


def _loss(net: Any, x: Any, y: Any) -> Any:
    for i, (w, b) in enumerate(net):
        x = x @ w + b
        x = jax.nn.relu(x) if i < len(net) - 1 else x
    return -jnp.take_along_axis(jax.nn.log_softmax(x), y[..., None], -1).mean()


def _update(state: Any, x: Any, y: Any) -> Any:
    p, m, v, t = state
    loss, g = jax.value_and_grad(_loss)(p, x, y)
    t = t + 1
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
    rate = RATE * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
    p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), p, m, v)
    return (p, m, v, t), loss
