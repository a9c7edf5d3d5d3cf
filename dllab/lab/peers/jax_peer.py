"""JAX: a compiled step called from Python, and many steps inside one compiled loop (scan), its fastest form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dllab.lab.bench_cases import BenchCase, Layer, Pool, TextCase
from dllab.lab.peers import Contender, jax_text, repeated

Outputs = Callable[[Any, Any], Any]
"""What a net says, given its weights and inputs."""

BETA1, BETA2, RATE, EPSILON = 0.9, 0.999, 1e-3, 1e-8
SMALL = 1_000_000  # multiply-adds of a step; larger nets do fewer steps a scan


def contenders(case: BenchCase) -> Mapping[str, Contender]:
    """`jax jit` and `jax jit scan`."""
    rng = np.random.default_rng(0)
    if isinstance(case, TextCase):
        outputs, net, x, y = jax_text.net_and_batch(case, rng)
    else:
        outputs = partial(_outputs, case.layers)
        net = [_weights(layer, shape, rng) for layer, shape in zip(case.layers, case.shapes)]
        x = jnp.asarray(rng.normal(0, 0.1, (case.batch, *case.input)), jnp.float32)
        y = jnp.asarray(rng.integers(0, case.classes, case.batch))
    zeros = jax.tree.map(jnp.zeros_like, net)
    state = (net, zeros, zeros, jnp.float32(0))
    update = partial(_update, outputs)
    one = jax.jit(update)
    count = 2000 if case.multiply_adds < SMALL else 50
    # the batch is an argument, so that the compiler cannot fold it into the program
    many = jax.jit(lambda s, x, y: jax.lax.scan(lambda s, _: update(s, x, y), s, None, length=count))
    scan = repeated(lambda: jax.block_until_ready(many(state, x, y)))
    return {
        "jax jit": repeated(lambda: jax.block_until_ready(one(state, x, y))),
        "jax jit scan": lambda: scan() / count,
    }


def _weights(layer: Layer, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """W and b of a layer; nothing for pooling."""
    if isinstance(layer, Pool):
        return ()
    size = (shape[0], layer) if isinstance(layer, int) else (layer.kernel, layer.kernel, shape[-1], layer.units)
    return jnp.asarray(rng.normal(0, 0.1, size), jnp.float32), jnp.zeros(size[-1])


def _outputs(layers: Sequence[Layer], net: Any, x: Any) -> Any:
    for number, (layer, weights) in enumerate(zip(layers, net)):
        if isinstance(layer, Pool):
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            continue
        w, b = weights
        if isinstance(layer, int):
            x = x.reshape(x.shape[0], -1) @ w + b
        else:
            padding = "SAME" if layer.same else "VALID"
            x = jax.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")) + b
        x = jax.nn.relu(x) if number < len(layers) - 1 else x
    return x


def _loss(net: Any, outputs: Outputs, x: Any, y: Any) -> Any:
    return -jnp.take_along_axis(jax.nn.log_softmax(outputs(net, x)), y[..., None], -1).mean()


def _update(outputs: Outputs, state: Any, x: Any, y: Any) -> Any:
    p, m, v, t = state
    loss, g = jax.value_and_grad(_loss)(p, outputs, x, y)
    t = t + 1
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
    rate = RATE * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
    p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), p, m, v)
    return (p, m, v, t), loss
