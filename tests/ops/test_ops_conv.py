"""Convolutions and pools against nested loops in numpy: strides, paddings, dilations, odd sizes, 1 x 1, batches of one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from nets import batch, net

import dllab
from dllab.core.settings import jit_enabled
from dllab.lab.gradcheck import LossAtPoint
from dllab.ops import conv
from dllab.recipe import RecipeError

Array = np.ndarray[Any, Any]
TOLERANCE = 1e-11


def around(size: int, kernel: int, stride: int, dilation: int, padding: Any, axis: int) -> tuple[int, int]:
    """Zeros in front and behind."""
    if padding == "same":
        outputs = -(-size // stride)
        total = max(0, (outputs - 1) * stride + dilation * (kernel - 1) + 1 - size)
        return total // 2, total - total // 2
    each = 0 if padding == "valid" else padding[axis] if isinstance(padding, tuple) else padding
    return each, each


def both(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def twin(x: Array, w: Array, b: Array, stride: Any, dilation: Any, padding: Any, dy: Array | None = None) -> Any:
    """Y, or with dy the gradients (dx, dw, db), one product at a time."""
    (kernel_y, kernel_x, _, _), (sy, sx), (ey, ex) = w.shape, both(stride), both(dilation)
    (top, bottom), (left, right) = (
        around(x.shape[1], kernel_y, sy, ey, padding, 0),
        around(x.shape[2], kernel_x, sx, ex, padding, 1),
    )
    wide = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    rows = (wide.shape[1] - ey * (kernel_y - 1) - 1) // sy + 1
    columns = (wide.shape[2] - ex * (kernel_x - 1) - 1) // sx + 1
    y = np.zeros((len(x), rows, columns, w.shape[3])) + b
    dwide, dw = np.zeros_like(wide), np.zeros_like(w)
    for p, q, k, j in itertools.product(range(rows), range(columns), range(kernel_y), range(kernel_x)):
        here = (slice(None), p * sy + k * ey, q * sx + j * ex)
        y[:, p, q] += wide[here] @ w[k, j]
        if dy is not None:
            dwide[here] += dy[:, p, q] @ w[k, j].T
            dw[k, j] += wide[here].T @ dy[:, p, q]
    if dy is None:
        return y
    return dwide[:, top : top + x.shape[1], left : left + x.shape[2]], dw, dy.sum((0, 1, 2))


CASES = [
    # (height, width, channels), batch, options
    ((5, 6, 2), 4, {"units": 3}),
    ((5, 6, 2), 1, {"units": 3, "padding": "same"}),
    ((7, 5, 3), 2, {"units": 2, "kernel": 1}),
    ((7, 5, 3), 2, {"units": 20, "kernel": 1, "stride": 2}),
    ((4, 4, 1), 3, {"units": 1, "kernel": 4}),
    ((1, 1, 5), 2, {"units": 4, "kernel": 1}),
    ((1, 1, 2), 2, {"units": 3, "kernel": 3, "padding": 1}),
    ((2, 3, 2), 2, {"units": 3, "kernel": 5, "padding": 4}),
    ((9, 8, 2), 2, {"units": 3, "kernel": (2, 5), "stride": (3, 2), "padding": (1, 3)}),
    ((9, 8, 2), 2, {"units": 3, "kernel": 2, "stride": 4}),
    ((9, 10, 3), 2, {"units": 2, "kernel": 3, "stride": 2, "dilation": 2, "padding": 2}),
    ((9, 10, 3), 2, {"units": 2, "kernel": 4, "stride": 3, "dilation": 2, "padding": 1}),
    ((9, 10, 3), 2, {"units": 2, "kernel": 2, "stride": 6, "dilation": 4, "padding": "same"}),
    ((8, 7, 6), 3, {"units": 17, "kernel": 5, "padding": 2}),
    ((6, 6, 33), 2, {"units": 33, "kernel": 3, "padding": "same"}),
    ((5, 5, 40), 2, {"units": 7, "kernel": 3, "stride": 2, "padding": "same"}),
    ((14, 14, 6), 2, {"units": 16, "kernel": 5}),
    ((12, 3, 1), 2, {"units": 70, "kernel": (7, 1), "dilation": (1, 2), "padding": "same"}),
]


@pytest.fixture(params=["as chosen", "gathered", "spread"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How dx is computed."""
    if request.param == "gathered":
        monkeypatch.setattr(conv, "_spreads", lambda *_: False)
    elif request.param == "spread":
        monkeypatch.setattr(conv, "_spreads", lambda rows, columns, inputs: columns.dilation == 1)
    return str(request.param)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[2]}")
def test_a_convolution_is_its_definition(case: tuple[Any, ...], method: str) -> None:
    shape, rows, options = case
    network = net([{"conv": options}], list(shape), shards=1, input_gradient=True, batch=rows)
    x, target = batch(network, rows)
    w, b = network.parameters["0_conv.w"], network.parameters["0_conv.b"]
    geometry = options.get("stride", 1), options.get("dilation", 1), options.get("padding", "valid")
    y = twin(x, w, b, *geometry)
    np.testing.assert_allclose(network.forward(x), y, atol=TOLERANCE)
    dy = 2 * (y - target) / y.size
    dx, dw, db = twin(x, w, b, *geometry, dy)
    with LossAtPoint(network, x, target) as point:
        found = point.gradients()
    np.testing.assert_allclose(found["input.x"], dx, atol=TOLERANCE)
    np.testing.assert_allclose(found["0_conv.w"], dw, atol=TOLERANCE)
    np.testing.assert_allclose(found["0_conv.b"], db, atol=TOLERANCE)


def test_float32_differs_by_rounding_only() -> None:
    x = np.random.default_rng(0).normal(size=(3, 14, 14, 6))
    results = {}
    for precision in ("float32", "float64"):
        network = net([{"conv": {"units": 37, "kernel": 5, "padding": "same"}}], [14, 14, 6], precision, shards=1)
        results[precision] = network.forward(x.astype(precision))
    np.testing.assert_allclose(results["float32"], results["float64"], rtol=1e-4, atol=2e-5)


def test_two_shards_share_a_batch() -> None:
    model = [{"conv": {"units": 4, "padding": "same"}}, "max_pool", {"conv": 3}]
    one, two = (net(model, [8, 8, 2], shards=shards, batch=7) for shards in (1, 2))
    x, y = batch(one, 7)
    loss, gradients = one.loss_and_gradients(x, y)
    other, others = two.loss_and_gradients(x, y)
    assert other == pytest.approx(loss, rel=1e-13)
    for label, gradient in gradients.items():
        np.testing.assert_allclose(others[label], gradient, atol=1e-13)


def test_no_example_sees_another() -> None:
    network = net([{"conv": {"units": 3, "padding": "same"}}, "max_pool", {"conv": 2}], [8, 8, 1])
    x, _ = batch(network, 6)
    together = network.forward(x)
    for row in range(6):
        np.testing.assert_array_equal(network.forward(x[row : row + 1])[0], together[row])


def test_a_shift_of_the_input_shifts_the_output() -> None:
    network = net([{"conv": {"units": 3, "kernel": 3}}], [9, 9, 2])
    x, _ = batch(network, 1)
    np.testing.assert_array_equal(network.forward(np.roll(x, 2, axis=2))[:, :, 2:], network.forward(x)[:, :, :-2])


@pytest.mark.skipif(not jit_enabled(), reason="NaN takes the same way without JIT")
def test_nan_reaches_what_sees_it_and_nothing_else() -> None:
    network = net([{"conv": {"units": 2, "kernel": 3}}], [6, 6, 1])
    x, _ = batch(network, 1)
    x[0, 0, 5, 0] = np.nan
    strange = np.isnan(network.forward(x)[0, :, :, 0])
    assert strange[0, 3] and strange.sum() == 1


SIGNALS = [
    (9, 1, {"units": 3}),
    (9, 2, {"units": 3, "kernel": 5, "stride": 2, "padding": 1}),
    (5, 3, {"units": 2, "kernel": 4, "dilation": 3, "padding": "causal"}),
    (8, 2, {"units": 18, "kernel": 2, "padding": "same", "stride": 3}),
    (40, 25, {"units": 25, "kernel": 3, "stride": 2, "padding": 1}),
]


@pytest.mark.parametrize(("steps", "channels", "options"), SIGNALS)
def test_a_signal_is_a_picture_of_one_row(steps: int, channels: int, options: dict[str, Any]) -> None:
    network = net([{"conv1d": options}], [steps, channels], shards=1, input_gradient=True, batch=3)
    x, target = batch(network, 3)
    w, b = network.parameters["0_conv1d.w"], network.parameters["0_conv1d.b"]
    kernel, stride, dilation, padding = (
        options.get(name, default) for name, default in (("kernel", 3), ("stride", 1), ("dilation", 1), ("padding", 0))
    )
    front, behind = (
        around(steps, kernel, stride, dilation, padding, 0) if padding != "causal" else (dilation * (kernel - 1), 0)
    )
    wide = np.pad(x, ((0, 0), (front, behind), (0, 0)))[:, None]
    geometry = (1, stride), (1, dilation), "valid"
    y = twin(wide, w[None], b, *geometry)
    np.testing.assert_allclose(network.forward(x), y[:, 0], atol=TOLERANCE)
    dx, dw, db = twin(wide, w[None], b, *geometry, 2 * (y - target[:, None]) / y.size)
    with LossAtPoint(network, x, target) as point:
        found = point.gradients()
    np.testing.assert_allclose(found["input.x"], dx[:, 0, front : front + steps], atol=TOLERANCE)
    np.testing.assert_allclose(found["0_conv1d.w"], dw[0], atol=TOLERANCE)
    np.testing.assert_allclose(found["0_conv1d.b"], db, atol=TOLERANCE)


def test_causal_outputs_see_no_later_step() -> None:
    network = net([{"conv1d": {"units": 2, "kernel": 3, "dilation": 2, "padding": "causal"}}], [10, 1])
    x, _ = batch(network, 1)
    before = network.forward(x)
    x[0, 6:] += 1
    np.testing.assert_array_equal(network.forward(x)[0, :6], before[0, :6])


POOLS = [
    ((4, 6, 3), 2, {}),
    ((7, 5, 2), 1, {"size": 3}),
    ((7, 5, 2), 2, {"size": 3, "stride": 2, "padding": "same"}),
    ((7, 5, 21), 2, {"size": (2, 3), "stride": (1, 2), "padding": (1, 2)}),
    ((3, 3, 2), 2, {"size": 3}),
    ((5, 4, 1), 2, {"size": 1, "stride": 2}),
    ((6, 6, 2), 2, {"size": 4, "stride": 1, "padding": 3}),
]


def pool_twin(kind: str, x: Array, options: dict[str, Any], dy: Array | None = None) -> Any:
    """Y, or dx, window by window."""
    size, padding = both(options.get("size", 2)), options.get("padding", "valid")
    stride = both(options.get("stride", size))
    (top, bottom), (left, right) = (around(x.shape[i + 1], size[i], stride[i], 1, padding, i) for i in (0, 1))
    rows = (x.shape[1] + top + bottom - size[0]) // stride[0] + 1
    columns = (x.shape[2] + left + right - size[1]) // stride[1] + 1
    y, dx = np.zeros((len(x), rows, columns, x.shape[3])), np.zeros_like(x)
    for n, p, q, c in np.ndindex(*y.shape):
        places = [
            (h, w)
            for h in range(p * stride[0] - top, p * stride[0] - top + size[0])
            for w in range(q * stride[1] - left, q * stride[1] - left + size[1])
            if 0 <= h < x.shape[1] and 0 <= w < x.shape[2]
        ]
        seen = [x[n, h, w, c] for h, w in places]
        y[n, p, q, c] = max(seen) if kind == "max_pool" else sum(seen) / len(seen)
        if dy is None:
            continue
        winners = [places[int(np.argmax(seen))]] if kind == "max_pool" else places
        for h, w in winners:
            dx[n, h, w, c] += dy[n, p, q, c] / len(winners)
    return y if dy is None else dx


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
@pytest.mark.parametrize(("shape", "rows", "options"), POOLS)
def test_a_pool_is_its_definition(kind: str, shape: tuple[int, ...], rows: int, options: dict[str, Any]) -> None:
    network = net([{kind: options}], list(shape), shards=1, input_gradient=True, batch=rows)
    x, target = batch(network, rows)
    x = np.round(x, 0)  # equal numbers: the first of them counts
    y = pool_twin(kind, x, options)
    np.testing.assert_allclose(network.forward(x), y, atol=TOLERANCE)
    with LossAtPoint(network, x, target) as point:
        found = point.gradients()["input.x"]
    np.testing.assert_allclose(found, pool_twin(kind, x, options, 2 * (y - target) / y.size), atol=TOLERANCE)


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
def test_a_pool_over_a_signal(kind: str) -> None:
    network = net([{kind: {"size": 3, "stride": 2}}], [9, 2])
    x, _ = batch(network, 2)
    windows = np.stack([x[:, t : t + 3] for t in range(0, 7, 2)], axis=1)
    expected = windows.max(2) if kind == "max_pool" else windows.mean(2)
    np.testing.assert_allclose(network.forward(x), expected, atol=TOLERANCE)


def test_a_nan_is_the_largest() -> None:
    network = net(["max_pool"], [2, 4, 1])
    x = np.array([[1.0, 2.0, np.nan, 5.0], [3.0, 0.0, 9.0, 1.0]]).reshape(1, 2, 4, 1)
    np.testing.assert_array_equal(network.forward(x).ravel(), [3.0, np.nan])


@pytest.mark.parametrize(
    ("model", "inputs", "said"),
    [
        ([{"conv": {"units": 2, "kernel": 5}}], [4, 9, 1], "a window of 5 rows is larger than the input of 4; make"),
        (
            [{"conv": {"units": 2, "dilation": 3}}],
            [9, 6, 1],
            "a window of 7 columns (kernel 3, dilation 3) is larger than the input of 6",
        ),
        ([{"conv": {"units": 2, "kernel": 7, "padding": 1}}], [4, 4, 1], "the input of 4, with 2 of padding"),
        ([{"conv": 2}], [64], "flatten: false"),
        ([{"conv": 2}], [8, 8], r"reshape: [8, 8, 1]"),
        ([{"conv1d": {"units": 2, "kernel": 9}}], [8, 1], "a window of 9 steps is larger"),
        ([{"conv1d": 2}], [8], "reshape: [8, 1]"),
        (["max_pool"], [8], "pictures"),
        ([{"max_pool": {"size": 2, "padding": 2}}], [8, 8, 1], "nothing but padding"),
        ([{"avg_pool": (2, 2)}], [8, 3], "one axis to pool over"),
    ],
)
def test_what_does_not_fit_is_told(model: list[Any], inputs: list[int], said: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": inputs, "model": model, "loss": "mse"})
    assert said in " ".join(str(error.value).split())
