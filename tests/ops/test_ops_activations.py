"""Every activation layer against plain numpy, from one table; its gradients, its limits, its machine code."""

from __future__ import annotations

import math
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, plain, run
from scipy.special import erf

import dllab
from dllab import catalogue
from dllab.core.settings import bounds_checked, jit_enabled
from dllab.ops.layer import Pointwise
from dllab.symbols import WORK, Value

INF, NAN = math.inf, math.nan
SELU = (1.0507009873554805, 1.0507009873554805 * 1.6732632423543772)


@dataclass(frozen=True)
class Activation:
    """An activation as numpy writes it: y = twin(x), dx = dy * slope(x), and y at -inf and inf; `rows`: not pointwise."""

    name: str
    twin: Callable[[Any], Any]
    slope: Callable[[Any], Any] | None
    ends: tuple[float, float] | None
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name + "".join(f"-{value}" for value in self.options.values())

    def pull(self, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """The gradient of x from that of y."""
        if self.slope is not None:
            return dy * self.slope(x)
        y = self.twin(x)  # softmax, from its Jacobian diag(y) - y y'
        jacobian = y[..., :, None] * np.eye(y.shape[-1]) - y[..., :, None] * y[..., None, :]
        return np.einsum("...ij,...j->...i", jacobian, dy) / self.options.get("temperature", 1.0)


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def leaky(slope):
    return lambda x: np.where(x > 0, x, slope * x), lambda x: np.where(x > 0, 1.0, slope)


def bent(scale, alpha):
    def slope(x):
        return np.where(x > 0, scale, alpha * np.exp(np.minimum(x, 0)))

    return lambda x: np.where(x > 0, scale * x, alpha * np.expm1(np.minimum(x, 0))), slope


def softmax(temperature):
    def twin(x):
        power = np.exp((x - x.max(axis=-1, keepdims=True)) / temperature)
        return power / power.sum(axis=-1, keepdims=True)

    return twin, None


def gelu(x):
    return np.where(x > -40, x, 0) * 0.5 * (1 + erf(x / np.sqrt(2)))


def gelu_slope(x):
    return 0.5 * (1 + erf(x / np.sqrt(2))) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def gelu_tanh(x):
    return x * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_tanh_slope(x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)


def mish_slope(x):
    t = np.tanh(np.logaddexp(0, x))
    return t + x * (1 - t**2) * sigmoid(x)


ACTIVATIONS = (
    Activation("relu", lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0), (0, INF)),
    Activation("relu6", lambda x: np.clip(x, 0, 6), lambda x: np.where((x > 0) & (x < 6), 1.0, 0.0), (0, 6)),
    Activation("leaky_relu", *leaky(0.01), (-INF, INF)),
    Activation("leaky_relu", *leaky(0.3), (-INF, INF), {"slope": 0.3}),
    Activation("elu", *bent(1, 1), (-1, INF)),
    Activation("elu", *bent(1, 0.5), (-0.5, INF), {"alpha": 0.5}),
    Activation("selu", *bent(*SELU), (-SELU[1], INF)),
    Activation("gelu", gelu, gelu_slope, (0, INF)),
    Activation("gelu", gelu_tanh, gelu_tanh_slope, (0, INF), {"approximate": "tanh"}),
    Activation("silu", lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), (0, INF)),
    Activation("mish", lambda x: x * np.tanh(np.logaddexp(0, x)), mish_slope, (0, INF)),
    Activation("sigmoid", sigmoid, lambda x: sigmoid(x) * sigmoid(-x), (0, 1)),
    Activation("tanh", np.tanh, lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2, (-1, 1)),
    Activation("hard_tanh", lambda x: np.clip(x, -1, 1), lambda x: np.where(abs(x) < 1, 1.0, 0.0), (-1, 1)),
    Activation("softsign", lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, (-1, 1)),
    Activation("softplus", lambda x: np.logaddexp(0, x), sigmoid, (0, INF)),
    Activation("step", lambda x: np.where(x > 0, 1.0, 0.0), np.zeros_like, (0, 1)),
    Activation("softmax", *softmax(1.0), None),
    Activation("softmax", *softmax(0.25), None, {"temperature": 0.25}),
    Activation("softmax", *softmax(5.0), None, {"temperature": 5.0}),
)
POINTWISE = tuple(a for a in ACTIVATIONS if a.slope is not None)
TOLERANCE = {"float32": 4e-6, "float64": 1e-14}
"""Of the error divided by max(1, |result|): a few roundings, and what 1 - y loses where it is small."""

every = pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
every_pointwise = pytest.mark.parametrize("activation", POINTWISE, ids=str)
in_both = pytest.mark.parametrize("precision", PRECISIONS)


class Recorder:
    """A net that keeps the one call a layer makes: its kernels and their constants."""

    def array(self, shape):
        return Value("y", WORK, tuple(shape))

    def constant(self, value):
        return value

    def call(self, forward, *, backward, **operands):
        self.forward, (self.backward,) = forward, backward
        self.constants = {name: value for name, value in operands.items() if not isinstance(value, Value)}


def call(kernel, runner, precision, constants, **arrays):
    """Run a kernel with those of the arrays and constants that it takes, each with as many axes as the kernel sees."""
    given = dict(constants)
    for operand in kernel.operands:
        if not operand.scalar:
            array = arrays[operand.name]
            given[operand.name] = array.reshape(-1, *array.shape[array.ndim + 1 - len(operand.dims) :])
    with np.errstate(all="ignore"):
        runner(kernel, precision, **{o.name: given[o.name] for o in kernel.operands})


class Layer:
    """The kernels of a layer, to be run on arrays."""

    def __init__(self, activation, runner=run):
        self.net, self.runner = Recorder(), runner
        part = catalogue.find("layers", activation.name)(**activation.options)
        part.build(self.net, Value("x", WORK, ("B", 4)))

    def forward(self, x):
        y = np.full_like(x, 77)
        call(self.net.forward, self.runner, x.dtype.name, self.net.constants, y=y, x=x)
        return y

    def backward(self, x, dy):
        y, dx = self.forward(x), np.full_like(x, 77)
        call(self.net.backward, self.runner, x.dtype.name, self.net.constants, dx=dx, dy=dy, y=y, x=x)
        return dx


def wide(precision, seed=0):
    """(n, 4) numbers of all sizes, without infinities."""
    random = np.random.default_rng(seed)
    sizes = np.exp(random.uniform(-80, 80, 64)) * random.choice([-1, 1], 64)
    ends = [0.0, -0.0, 1e4, -1e4, 1e-30, -1e-30, 1e-38, -1e-38, 1.0, -1.0, 6.0, 44.9, 89.0, -89.0, 700.0, -104.0]
    ordinary = np.concatenate([np.linspace(-45, 45, 97), random.normal(size=95) * 3, random.uniform(-9, 9, 96)])
    return np.concatenate([sizes, ends, ordinary]).reshape(-1, 4).astype(precision)


def exact(function, *arrays):
    """The twin in float64, whatever the type of the arrays."""
    with np.errstate(all="ignore"):
        return function(*(a.astype(np.float64) for a in arrays))


def assert_close(found, wanted, tolerance):
    assert np.isfinite(found).all()
    error = np.abs(found - wanted) / np.maximum(1, np.abs(wanted))
    worst = np.unravel_index(np.argmax(error), error.shape)
    assert error[worst] <= tolerance, f"{found[worst]} at {worst}, not {wanted[worst]}"


@every
@in_both
def test_forward_equals_numpy(activation, precision):
    x = wide(precision)
    assert_close(Layer(activation).forward(x), exact(activation.twin, x), TOLERANCE[precision])


@every
@in_both
def test_backward_equals_numpy(activation, precision):
    x, dy = wide(precision), np.random.default_rng(1).normal(size=wide(precision).shape).astype(precision)
    assert_close(Layer(activation).backward(x, dy), exact(activation.pull, x, dy), TOLERANCE[precision])


@every_pointwise
@in_both
def test_infinities_give_the_limits(activation, precision):
    layer, x = Layer(activation), np.array([-INF, INF, 1.5, -INF] * 10, precision)
    y, dx = layer.forward(x), layer.backward(x, np.ones_like(x))
    np.testing.assert_allclose(y[:2], np.array(activation.ends, precision), rtol=1e-6)
    slopes = activation.slope(np.array([-300.0, 300.0]))  # as flat or steep as at the ends
    np.testing.assert_allclose(dx[:2], slopes, atol=2e-5)


@every
@in_both
def test_nan_stays_nan_and_harms_nobody(activation, precision):
    layer, x = Layer(activation), wide(precision)
    x[3, 1] = NAN
    harmed = np.zeros(x.shape, bool)
    harmed[3, 1] = True
    if activation in POINTWISE:
        np.testing.assert_array_equal(np.isnan(layer.forward(x)), harmed)
    else:
        harmed[3] = True
        np.testing.assert_array_equal(np.isnan(layer.forward(x)), harmed)


@every_pointwise
@in_both
def test_nan_in_the_gradient_of_y_passes_where_there_is_a_slope(activation, precision):
    x = np.full((6, 4), 0.5, precision)
    dy = np.ones_like(x)
    dy[2, 2] = NAN
    found = np.isnan(Layer(activation).backward(x, dy))
    assert found.sum() == (0 if activation.name == "step" else 1)
    assert found[2, 2] == (activation.name != "step")


@every
@in_both
def test_nothing_in_nothing_out(activation, precision):
    nothing = np.empty((0, 4), precision)
    layer = Layer(activation)
    assert layer.forward(nothing).shape == layer.backward(nothing, nothing).shape == (0, 4)


@every
@pytest.mark.parametrize("case", [0, 1, 2])
def test_gradient_agrees_with_central_differences(activation, case):
    random = np.random.default_rng([case, 7])
    x, dy = random.normal(size=(2, 6, 4)) * (1, 2, 5)[case]
    x = np.where(abs(x) < 1e-3, 0.5, x)  # away from kinks
    x = np.where((abs(abs(x) - 1) < 1e-3) | (abs(x - 6) < 1e-3), 0.5, x)
    layer, step = Layer(activation), 1e-5
    numeric = np.empty_like(x)
    for f in range(x.shape[1]):
        shift = np.zeros_like(x)
        shift[:, f] = step
        numeric[:, f] = (dy * (layer.forward(x + shift) - layer.forward(x - shift))).sum(axis=1) / (2 * step)
    found = layer.backward(x, dy)
    assert abs(found - numeric).max() <= 1e-7 * max(abs(found).max(), abs(numeric).max())


@every
@in_both
def test_plain_python_gives_the_same_to_rounding(activation, precision):
    x, dy = wide(precision), np.random.default_rng(2).normal(size=wide(precision).shape).astype(precision)
    compiled, python = Layer(activation, run), Layer(activation, plain)
    assert_close(python.forward(x), compiled.forward(x), TOLERANCE[precision])
    assert_close(python.backward(x, dy), compiled.backward(x, dy), TOLERANCE[precision])


WIDE = re.compile(r"\bv?(cvt\w+|(add|sub|mul|div|max|min|fn?m(add|sub)\d+)[ps]d)\b")
PACKED = re.compile(r"\bv?\w+ps\s.*%[xyz]mm")


X86 = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.skipif(not jit_enabled() or bounds_checked() or not X86, reason="reads x86 machine code")
@every
def test_float32_code_is_packed_and_never_widened(activation):
    net = Layer(activation).net
    for kernel in (net.forward, net.backward):
        code = assembly(kernel, "float32")
        assert not WIDE.search(code), f"{kernel.title} widens: {WIDE.search(code)}"
        if kernel.title != "ops.step.backward":  # a memset
            assert PACKED.search(code), f"{kernel.title} is scalar"
            assert "call" not in code, f"{kernel.title} calls something"


@every
def test_any_leading_axes_through_a_whole_net(activation):
    layer = {activation.name: activation.options} if activation.options else activation.name
    net = dllab.build({"input": [2, 3, 5], "model": [layer, "identity"]}, dtype="float64")
    x = np.random.default_rng(3).normal(size=(7, 2, 3, 5)) * 3
    np.testing.assert_allclose(net.forward(x), activation.twin(x), rtol=1e-13, atol=1e-15)


@every
def test_gradients_pass_through_a_whole_net(activation):
    layer = {activation.name: activation.options} if activation.options else activation.name
    recipe = {"input": [3], "model": [{"dense": 4}, layer, {"dense": 2}], "loss": "mse"}
    net = dllab.build(recipe, seed=1, dtype="float64")
    random = np.random.default_rng(4)
    x, target = random.normal(size=(5, 3)), random.normal(size=(5, 2))
    gradients = net.loss_and_gradients(x, target)[1]
    w, step = net.parameters["0_dense.w"], 1e-5
    numeric = np.empty_like(w)
    for index in np.ndindex(*w.shape):
        before, losses = w[index], []
        for shifted in (before + step, before - step):
            w[index] = shifted
            losses.append(net.loss_and_gradients(x, target)[0])
        w[index] = before
        numeric[index] = (losses[0] - losses[1]) / (2 * step)
    found = gradients["0_dense.w"]
    assert abs(found - numeric).max() <= 1e-6 * max(abs(found).max(), abs(numeric).max())
    assert (abs(found).max() > 0) == (activation.name != "step")


HINTS = {
    "he": {"relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus"},
    "lecun": {"selu"},
    "xavier": {"tanh", "hard_tanh", "sigmoid", "softsign"},
    None: {"step", "softmax", "identity"},
}


@pytest.mark.parametrize("hint", HINTS, ids=str)
def test_the_dense_layer_before_starts_as_the_activation_likes_it(hint):
    for name in HINTS[hint]:
        net = dllab.build({"input": [3], "model": [{"dense": 4}, "identity", name]})
        assert net.plan.store.parameters["0_dense.w"].initializer.name == (hint or "xavier"), name


def test_every_pointwise_layer_is_in_the_table():
    pointwise = {name for name, part in catalogue.parts("layers").items() if issubclass(part, Pointwise)}
    assert pointwise == {a.name for a in ACTIVATIONS} - {"gelu"}  # gelu chooses between two pairs of kernels
