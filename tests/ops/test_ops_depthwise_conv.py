"""Depthwise convolution against nested loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import assembly
from linear_twins import Array, check_forward, check_gradients, pulled_back
from nets import batch, net

import dllab
from dllab.core.settings import jit_enabled
from dllab.ops import depthwise_conv
from dllab.recipe import RecipeError

Shape = tuple[int, int, int, int]
CASES: list[tuple[Shape, dict[str, Any]]] = [
    ((2, 5, 4, 3), {}),
    ((1, 3, 3, 1), {}),
    ((2, 4, 3, 2), {"kernel": 1}),
    ((1, 5, 6, 2), {"kernel": 1, "stride": 2}),
    ((3, 7, 5, 2), {"kernel": 3, "stride": 2, "bias": False}),
    ((2, 6, 5, 17), {"kernel": 2, "stride": (1, 2)}),
    ((2, 5, 5, 3), {"kernel": 3, "stride": (2, 1), "padding": "same"}),
    ((2, 6, 7, 2), {"kernel": 3, "dilation": 2}),
    ((2, 4, 5, 2), {"kernel": (1, 3), "dilation": (3, 2), "padding": "same", "stride": 3}),
    ((1, 2, 2, 2), {"kernel": 5, "padding": 2}),
    ((2, 3, 4, 2), {"kernel": (3, 2), "padding": (2, 0), "multiplier": 3}),
    ((2, 5, 5, 1), {"kernel": 3, "stride": 2, "padding": "same", "multiplier": 2, "bias": False}),
]
every = pytest.mark.parametrize(("shape", "options"), CASES, ids=lambda value: str(value).replace("'", ""))


def pair(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def geometry(n: int, k: int, s: int, d: int, padding: Any, axis: int) -> tuple[int, int]:
    """Output size and the zeros in front."""
    span = d * (k - 1) + 1
    if padding == "same":
        outputs = -(-n // s)
        return outputs, max((outputs - 1) * s + span - n, 0) // 2
    p = 0 if padding == "valid" else pair(padding)[axis]
    return (n + 2 * p - span) // s + 1, p


def twin(x: Array, w: Array, b: Array | None, stride: Any = 1, dilation: Any = 1, padding: Any = "valid") -> Array:
    """x (B, H, W, C), w (K, L, C, M), b (C M,)."""
    s, d = pair(stride), pair(dilation)
    (rows, top), (columns, left) = (geometry(x.shape[1 + a], w.shape[a], s[a], d[a], padding, a) for a in (0, 1))
    y = np.zeros((x.shape[0], rows, columns, w.shape[2] * w.shape[3]))
    for n, p, q, k, j in np.ndindex(*y.shape[:3], *w.shape[:2]):
        h, v = p * s[0] + k * d[0] - top, q * s[1] + j * d[1] - left
        if 0 <= h < x.shape[1] and 0 <= v < x.shape[2]:
            for c, m in np.ndindex(*w.shape[2:]):
                y[n, p, q, c * w.shape[3] + m] += x[n, h, v, c] * w[k, j, c, m]
    return y if b is None else y + b


def made_by(options: dict[str, Any], x: Array, named: dict[str, Array]) -> Array:
    given = {name: options[name] for name in ("stride", "dilation", "padding") if name in options}
    return twin(x, named["w"], named.get("b"), **given)


@every
def test_forward(shape: Shape, options: dict[str, Any]) -> None:
    check_forward({"depthwise_conv": options}, shape, lambda x, named: made_by(options, x, named))


@every
def test_gradients(shape: Shape, options: dict[str, Any]) -> None:
    check_gradients({"depthwise_conv": options}, shape)


def test_gradients_of_shards() -> None:
    check_gradients({"depthwise_conv": {"multiplier": 2}}, (5, 3, 4, 2), shards=2)


@settings(max_examples=25 if jit_enabled() else 5)
@given(st.data())
def test_any_geometry(data: Any) -> None:
    """Forward and the gradient of w against the twin, whose gradient is found number by number."""
    draw = data.draw
    kernel, stride, dilation = (tuple(draw(st.integers(1, 3)) for _ in range(2)) for _ in range(3))
    padding = draw(st.sampled_from(["same", "valid", tuple(draw(st.integers(0, 2)) for _ in range(2))]))
    least = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    sizes = [draw(st.integers(size, size + 3)) for size in least]
    options = {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding, "bias": False}
    network = net([{"depthwise_conv": options}], [*sizes, 2])
    (label, w) = next(iter(network.parameters.items()))
    x, target = batch(network, 2)
    y = twin(x, w, None, stride, dilation, padding)
    np.testing.assert_allclose(network.forward(x), y, rtol=1e-12, atol=1e-12)
    slope = 2 * (y - target) / y.size
    dw = pulled_back(lambda one: twin(x, one, None, stride, dilation, padding), w.shape, slope)
    np.testing.assert_allclose(network.loss_and_gradients(x, target)[1][label], dw, rtol=1e-9, atol=1e-12)


def test_it_is_a_convolution_whose_weights_between_channels_are_zero() -> None:
    options = {"kernel": (3, 2), "stride": 2, "padding": "same"}
    one, other = net([{"depthwise_conv": options}], [5, 6, 3]), net([{"conv": {**options, "units": 3}}], [5, 6, 3])
    other.parameters["0_conv.w"][...] = one.parameters["0_depthwise_conv.w"] * np.eye(3)
    other.parameters["0_conv.b"][...] = one.parameters["0_depthwise_conv.b"]
    x, _ = batch(one, 3)
    np.testing.assert_allclose(one.forward(x), other.forward(x), rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(not jit_enabled(), reason="machine code needs JIT")
@pytest.mark.parametrize("name", ["forward", "backward_x", "backward_w"])
def test_kernels_are_packed(name: str) -> None:
    code = assembly(getattr(depthwise_conv, name))
    assert "fmadd" in code or "mulps" in code
    assert "cvtps2pd" not in code


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        ([12], {}, "it takes pictures (B, height, width, channels), not (B, 12)"),
        ([2, 5, 3], {}, "a window of 3 rows is larger than the input of 2"),
        ([5, 4, 3], {"kernel": (1, 3), "dilation": 2}, "a window of 5 columns (kernel 3, dilation 2) is larger"),
        ([5, 4, 3], {"multiplier": 0}, "multiplier"),
    ],
)
def test_what_does_not_fit(inputs: list[int], options: Any, words: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": inputs, "model": [{"depthwise_conv": options}], "loss": "mse"})
    assert words in " ".join(str(error.value).split())


def test_multiply_adds() -> None:
    layer = depthwise_conv.DepthwiseConv(kernel=(4, 3), multiplier=2)
    assert layer.multiply_adds(("B", 8, 9, 7), ("B", 5, 7, 14)) == 5 * 7 * 14 * 4 * 3
