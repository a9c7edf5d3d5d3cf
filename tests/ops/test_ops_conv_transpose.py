"""Transposed convolution against nested loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_twins import Array, check_forward, check_gradients, pulled_back, ramp
from nets import batch, net

import dllab
from dllab.core.settings import jit_enabled
from dllab.ops.conv_transpose import ConvTranspose
from dllab.ops.layer import Reach
from dllab.recipe import RecipeError

Shape = tuple[int, int, int, int]
CASES: list[tuple[Shape, dict[str, Any]]] = [
    ((2, 3, 4, 2), {"units": 3}),
    ((1, 1, 1, 1), {"units": 1}),
    ((2, 5, 3, 3), {"units": 2, "kernel": 1, "stride": 1}),
    ((1, 2, 3, 2), {"units": 2, "kernel": 1, "stride": 3}),
    ((3, 3, 2, 2), {"units": 4, "kernel": 2, "stride": 2, "padding": "valid", "bias": False}),
    ((2, 4, 5, 1), {"units": 17, "kernel": 5, "stride": 1, "padding": "valid"}),
    ((2, 3, 3, 18), {"units": 1, "kernel": 4, "stride": 2, "padding": 1}),
    ((1, 7, 2, 2), {"units": 2, "kernel": (1, 4), "stride": (3, 1)}),
    ((2, 2, 3, 2), {"units": 2, "kernel": (5, 2), "stride": (1, 4), "padding": (2, 0)}),
    ((2, 2, 2, 2), {"units": 2, "kernel": 7, "stride": 2, "padding": 3}),
    ((1, 3, 3, 2), {"units": 2, "kernel": 3, "stride": 3, "padding": 2}),
]
every = pytest.mark.parametrize(("shape", "options"), CASES, ids=lambda value: str(value).replace("'", ""))


def geometry(n: int, k: int, s: int, padding: Any, axis: int) -> tuple[int, int]:
    """Output size and what is cut off in front."""
    if padding == "same":
        return n * s, max(k - s, 0) // 2
    p = 0 if padding == "valid" else padding[axis] if isinstance(padding, tuple) else padding
    return (n - 1) * s + k - 2 * p, p


def twin(x: Array, w: Array, b: Array | None, stride: Any = 2, padding: Any = "same") -> Array:
    """x (B, H, W, I), w (K, L, I, O), b (O,)."""
    s = stride if isinstance(stride, tuple) else (stride, stride)
    (rows, top), (columns, left) = (geometry(x.shape[1 + a], w.shape[a], s[a], padding, a) for a in (0, 1))
    y = np.zeros((x.shape[0], rows, columns, w.shape[3]))
    for n, h, v, k, j in np.ndindex(*x.shape[:3], *w.shape[:2]):
        p, q = h * s[0] + k - top, v * s[1] + j - left
        if 0 <= p < rows and 0 <= q < columns:
            for i, o in np.ndindex(*w.shape[2:]):
                y[n, p, q, o] += x[n, h, v, i] * w[k, j, i, o]
    return y if b is None else y + b


def made_by(options: dict[str, Any], x: Array, named: dict[str, Array]) -> Array:
    return twin(x, named["w"], named.get("b"), options.get("stride", 2), options.get("padding", "same"))


@every
def test_forward(shape: Shape, options: dict[str, Any]) -> None:
    check_forward({"conv_transpose": options}, shape, lambda x, named: made_by(options, x, named))


@every
def test_gradients(shape: Shape, options: dict[str, Any]) -> None:
    check_gradients({"conv_transpose": options}, shape)


def test_gradients_of_shards() -> None:
    check_gradients({"conv_transpose": 2}, (5, 2, 3, 2), shards=2)


@settings(max_examples=25 if jit_enabled() else 5)
@given(st.data())
def test_any_geometry(data: Any) -> None:
    """Forward and the gradient of w against the twin, whose gradient is found number by number."""
    draw = data.draw
    sizes, kernel = [draw(st.integers(1, 4)) for _ in range(2)], tuple(draw(st.integers(1, 4)) for _ in range(2))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(2))
    padding = draw(st.sampled_from(["same", "valid", tuple(draw(st.integers(0, (k - 1) // 2)) for k in kernel)]))
    options = {"units": 2, "kernel": kernel, "stride": stride, "padding": padding, "bias": False}
    network = net([{"conv_transpose": options}], [*sizes, 2])
    (label, w) = next(iter(network.parameters.items()))
    x, target = batch(network, 2)
    y = twin(x, w, None, stride, padding)
    np.testing.assert_allclose(network.forward(x), y, rtol=1e-12, atol=1e-12)
    dw = pulled_back(lambda one: twin(x, one, None, stride, padding), w.shape, 2 * (y - target) / y.size)
    np.testing.assert_allclose(network.loss_and_gradients(x, target)[1][label], dw, rtol=1e-9, atol=1e-12)


def test_it_is_the_gradient_of_a_convolution() -> None:
    """The sum of y * conv(z) over small pictures is the sum of conv_transpose(y) * z over large ones, with w turned."""
    for options in ({"stride": 2, "padding": "same"}, {"stride": 1, "padding": "valid"}, {"stride": 3, "padding": 1}):
        up = net([{"conv_transpose": {"units": 2, "kernel": 3, "bias": False, **options}}], [4, 5, 3])
        down = net([{"conv": {"units": 3, "kernel": 3, "bias": False, **options}}], list(up.output_shape))
        assert down.output_shape == (4, 5, 3)
        down.parameters["0_conv.w"][...] = up.parameters["0_conv_transpose.w"].transpose(0, 1, 3, 2)
        y, z = ramp((2, 4, 5, 3), 1), ramp((2, *up.output_shape), 2)
        assert (y * down.forward(z)).sum() == pytest.approx((up.forward(y) * z).sum(), rel=1e-9)


def test_weights_start_as_wide_as_what_a_pixel_hears() -> None:
    """With stride 2 a quarter of the taps meet at a pixel, and he keeps the scale of what goes through."""
    network = dllab.build({"input": [20, 20, 16], "model": [{"conv_transpose": {"units": 16, "kernel": 4}}, "relu"]})
    x = np.maximum(ramp((8, 20, 20, 16)), 0).astype("f")
    assert (network.forward(x) ** 2).mean() == pytest.approx((x**2).mean(), rel=0.25)


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        ([12], 4, "it takes pictures (B, height, width, channels), not (B, 12)"),
        ([2, 2, 3], {"units": 2, "padding": 3}, "padding 3 cuts all 5 rows off; give it less padding"),
        ([4, 1, 3], {"units": 2, "kernel": (2, 1), "padding": (0, 1)}, "padding 1 cuts all 1 columns off"),
        ([2, 2, 3], {"units": 2, "stride": 0}, "stride"),
        ([2, 2, 3], {"units": 2, "padding": "full"}, "padding"),
    ],
)
def test_what_does_not_fit(inputs: list[int], options: Any, words: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": inputs, "model": [{"conv_transpose": options}], "loss": "mse"})
    assert words in " ".join(str(error.value).split())


def test_multiply_adds_and_reach() -> None:
    layer = ConvTranspose(units=8, kernel=(4, 3), stride=(2, 3))
    assert layer.multiply_adds(("B", 5, 6, 7), ("B", 10, 18, 8)) == 5 * 6 * 7 * 4 * 3 * 8
    assert layer.reach(("B", 5, 6, 7)) == Reach((4, 3), growth=(2, 3))
