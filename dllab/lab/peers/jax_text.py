"""The nets that read text, in JAX: a scan over steps for recurrent ones, and a transformer."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dllab.lab.bench_cases import BLOCKS, GATES, HEADS, LETTERS, STEPS, UNITS, VECTOR, WIDE, TextCase


def net_and_batch(case: TextCase, rng: np.random.Generator) -> tuple[Any, Any, Any, Any]:
    """The function of weights and ids, the weights, the ids it reads and the letters it is to say."""
    x, y = (jnp.asarray(rng.integers(0, LETTERS, (case.batch, STEPS))) for _ in range(2))
    if case.kind not in GATES:
        mask = jnp.tril(jnp.ones((STEPS, STEPS), bool))
        return partial(_transformer, mask), _transformer_weights(rng), x, y
    return partial(_recurrent, GATES[case.kind]), _recurrent_weights(GATES[case.kind], rng), x, y


def _draw(rng: np.random.Generator, *shape: int) -> Any:
    return jnp.asarray(rng.normal(0, 0.1, shape), jnp.float32)


def _recurrent_weights(gates: int, rng: np.random.Generator) -> dict[str, Any]:
    wide = gates * UNITS
    return {
        "embed": _draw(rng, LETTERS, VECTOR), "wx": _draw(rng, VECTOR, wide), "wh": _draw(rng, UNITS, wide),
        "b": jnp.zeros(wide), "c": jnp.zeros(UNITS), "out": _draw(rng, UNITS, LETTERS), "bias": jnp.zeros(LETTERS),
    }  # fmt: skip


def _recurrent(gates: int, p: Any, x: Any) -> Any:
    zx = jnp.swapaxes(p["embed"][x] @ p["wx"] + p["b"], 0, 1)  # (T, B, G)
    zero = jnp.zeros((x.shape[0], UNITS))

    def cell(state: Any, z: Any) -> Any:
        h, c = state
        if gates == 1:
            h = jnp.tanh(z + h @ p["wh"])
        elif gates == 4:
            i, f, g, o = jnp.split(z + h @ p["wh"], 4, 1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        else:
            (zr, zu, zn), (hr, hu, hn) = jnp.split(z, 3, 1), jnp.split(h @ p["wh"], 3, 1)
            u = jax.nn.sigmoid(zu + hu)
            h = u * h + (1 - u) * jnp.tanh(zn + jax.nn.sigmoid(zr + hr) * (hn + p["c"]))
        return (h, c), h

    _, hs = jax.lax.scan(cell, (zero, zero), zx)
    return jnp.swapaxes(hs, 0, 1) @ p["out"] + p["bias"]


def _transformer_weights(rng: np.random.Generator) -> dict[str, Any]:
    blocks = [
        {
            "qkv": _draw(rng, UNITS, 3 * UNITS), "bq": jnp.zeros(3 * UNITS), "o": _draw(rng, UNITS, UNITS),
            "bo": jnp.zeros(UNITS), "up": _draw(rng, UNITS, WIDE), "bu": jnp.zeros(WIDE), "down": _draw(rng, WIDE, UNITS),
            "bd": jnp.zeros(UNITS), "g1": jnp.ones(UNITS), "c1": jnp.zeros(UNITS), "g2": jnp.ones(UNITS),
            "c2": jnp.zeros(UNITS),
        }
        for _ in range(BLOCKS)
    ]  # fmt: skip
    return {
        "embed": _draw(rng, LETTERS, UNITS), "place": _draw(rng, STEPS, UNITS), "blocks": blocks,
        "out": _draw(rng, UNITS, LETTERS), "bias": jnp.zeros(LETTERS),
    }  # fmt: skip


def _normal(x: Any, gain: Any, bias: Any) -> Any:
    return (x - x.mean(-1, keepdims=True)) * jax.lax.rsqrt(x.var(-1, keepdims=True) + 1e-5) * gain + bias


def _transformer(mask: Any, p: Any, x: Any) -> Any:
    h, part = p["embed"][x] + p["place"], UNITS // HEADS
    for b in p["blocks"]:
        qkv = _normal(h, b["g1"], b["c1"]) @ b["qkv"] + b["bq"]
        q, k, v = jnp.split(qkv.reshape(*x.shape, 3 * HEADS, part), 3, 2)
        a = jnp.where(mask, jnp.einsum("bthd,bshd->bhts", q, k) / part**0.5, -1e9)
        read = jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(a), v).reshape(*x.shape, UNITS)
        h = h + read @ b["o"] + b["bo"]
        up = jax.nn.gelu(_normal(h, b["g2"], b["c2"]) @ b["up"] + b["bu"], approximate=False)
        h = h + up @ b["down"] + b["bd"]
    return h @ p["out"] + p["bias"]
