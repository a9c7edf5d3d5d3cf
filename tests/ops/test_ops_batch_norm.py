"""Batch norm against numpy: statistics of the batch, running statistics, shards, small batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, plain, run
from nets import batch, differences, net, worst_error

import dllab
from dllab.core.settings import jit_enabled
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.ops import batch_norm
from dllab.recipe import RecipeError
from dllab.symbols import COLUMN

EPS = 1e-5
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
SHARDS = 2
UNBIASED = {"dense": {"units": 4, "bias": False}}  # a bias in front of batch norm has a gradient of exactly 0


def statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance over all axes but the last."""
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    return flat.mean(0), flat.var(0)


def normed(x: np.ndarray, mean: Any, variance: Any, gain: Any = 1.0, bias: Any = 0.0, eps: float = EPS) -> np.ndarray:
    return gain * (x.astype(np.float64) - mean) / np.sqrt(variance + eps) + bias


def running(network: Network, path: str = "0_batch_norm") -> tuple[np.ndarray, np.ndarray]:
    """The running mean and variance of a layer."""
    values = network.plan.store.running
    return tuple(network.memory.view("running", values[f"{path}.{name}"]) for name in ("mean", "variance"))  # type: ignore


def gain_and_bias(network: Network, path: str = "0_batch_norm") -> tuple[Any, Any]:
    return network.parameters.get(f"{path}.gain", 1.0), network.parameters.get(f"{path}.bias", 0.0)


def arrays(precision: str, features: int = 21, together: int = 1) -> dict[str, np.ndarray]:
    """What the kernels of one layer work on, `together` places in a row; this shard has 6 of 10 rows."""
    rng = np.random.default_rng(3)
    all_rows = {"x": 3 * rng.normal(size=(10, features)) + 5, "dy": rng.normal(size=(10, features))}
    made = {name: values.astype(precision)[4:] for name, values in all_rows.items()}
    made |= {f"all_{name}": values.astype(precision) for name, values in all_rows.items()}
    for name in ("gain", "bias"):
        made[name] = rng.normal(size=features).astype(precision)
    for name in ("y", "dx"):
        made[name] = np.zeros_like(made["x"])
    for name in ("mean", "variance", "scale", "level", "tilt", "dgain", "dbias"):
        made[name] = np.zeros(features, precision)
    for name in ("middle", *(f"wide_{of}" for of in ("scale", "gain", "bias", "level", "tilt"))):
        made[name] = np.full(together * features, np.nan, precision)
    for name in ("wide", "wider"):
        made[name] = np.full(together * features, np.nan)
    for name in ("sums", "squares", "slopes", "tilts"):
        made[f"all_{name}"] = np.zeros((SHARDS, features))
        made[name] = made[f"all_{name}"][1]
    return made


def call_it(call: Any, kernel: Any, precision: str, of: dict[str, np.ndarray], **more: Any) -> None:
    given = {o.name: of[o.name] for o in kernel.operands if o.name in of}
    rows = {name: given[name].reshape(-1, of["middle"].size) for name in ("x", "y", "dx", "dy") if name in given}
    call(kernel, precision, **{**given, **rows}, **more)


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("together", [1, 3])
def test_kernels_against_the_twin(call: Any, precision: str, together: int) -> None:
    a, near = arrays(precision, together=together), TOLERANCE[precision]
    count = {"batch": 10, "positions": 1}
    x, dy = a["all_x"].astype(np.float64), a["all_dy"].astype(np.float64)
    mean, variance = statistics(x)
    z = normed(x, mean, variance)

    call_it(call, batch_norm.sum_up, precision, a)
    np.testing.assert_allclose(a["sums"], x[4:].sum(0), rtol=near)
    a["all_sums"][0] = x[:4].sum(0)
    call_it(call, batch_norm.spread, precision, a, **count)
    np.testing.assert_allclose(a["mean"], mean, rtol=near)
    np.testing.assert_allclose(a["squares"], ((x[4:] - mean) ** 2).sum(0), rtol=near)
    a["all_squares"][0] = ((x[:4] - mean) ** 2).sum(0)
    call_it(call, batch_norm.forward, precision, a, **count, eps=EPS)
    np.testing.assert_allclose(a["variance"], variance, rtol=near)
    np.testing.assert_allclose(a["y"], (a["gain"] * z + a["bias"])[4:], rtol=near, atol=near)

    call_it(call, batch_norm.sum_slopes, precision, a)
    call_it(call, batch_norm.backward_gain, precision, a)
    call_it(call, batch_norm.backward_bias, precision, a)
    np.testing.assert_allclose(a["dgain"], (dy * z)[4:].sum(0), rtol=near, atol=5 * near)
    np.testing.assert_allclose(a["dbias"], dy[4:].sum(0), rtol=near, atol=5 * near)
    a["all_slopes"][0], a["all_tilts"][0] = dy[:4].sum(0), (dy * z)[:4].sum(0)
    call_it(call, batch_norm.backward_x, precision, a, **count)
    dx = a["gain"] / np.sqrt(variance + EPS) * (dy - dy.mean(0) - z * (dy * z).mean(0))
    np.testing.assert_allclose(a["dx"], dx[4:], rtol=near, atol=near)


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("together", [1, 3])
def test_inference_kernels_against_the_twin(call: Any, precision: str, together: int) -> None:
    a, near = arrays(precision, together=together), TOLERANCE[precision]
    a["running_mean"], a["running_variance"] = a["gain"] + 1, np.abs(a["bias"]) + np.float32(0.1)
    call_it(call, batch_norm.infer, precision, a, eps=EPS)
    expected = normed(a["x"], a["running_mean"], a["running_variance"], a["gain"], a["bias"])
    np.testing.assert_allclose(a["y"], expected, rtol=near, atol=near)
    call_it(call, batch_norm.infer_backward, precision, a)
    slope = a["gain"] / np.sqrt(a["running_variance"].astype(np.float64) + EPS)
    np.testing.assert_allclose(a["dx"], slope * a["dy"], rtol=near, atol=near)


@pytest.mark.skipif(not jit_enabled(), reason="machine code needs JIT")
@pytest.mark.parametrize("name", ["forward", "backward_x", "infer", "infer_backward"])
def test_pointwise_kernels_are_packed(name: str) -> None:
    code = assembly(getattr(batch_norm, name))
    assert "mulps" in code and "cvtps2pd" not in code


@pytest.mark.parametrize("shards", [1, 2, 3])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", [[7], [3, 7], [2, 3, 7]])
def test_training_uses_the_batch_and_inference_what_is_kept(precision: str, shape: list[int], shards: int) -> None:
    network = net(["batch_norm"], shape, precision, shards=shards)
    x, _ = batch(network, 8)
    near = TOLERANCE[precision]
    gain, bias = gain_and_bias(network)
    found = network.forward(x, training=True)
    np.testing.assert_allclose(found, normed(x, *statistics(x), gain, bias), rtol=near, atol=near)
    np.testing.assert_allclose(network.forward(x), normed(x, 0.0, 1.0, gain, bias), rtol=near, atol=near)
    running(network)[0][:], running(network)[1][:] = 0.5, 4.0
    np.testing.assert_allclose(network.forward(x), normed(x, 0.5, 4.0, gain, bias), rtol=near, atol=near)


@pytest.mark.parametrize(
    ("places", "features", "together"),
    [(1, 64, 1), (784, 8, 56), (784, 1, 392), (7, 64, 7), (13, 64, 1), (144, 6, 72), (4, 1000, 1), (512, 1, 512)],
)
def test_places_that_make_a_row(places: int, features: int, together: int) -> None:
    assert batch_norm.places_together(places, features) == together


@pytest.mark.parametrize("shape", [[4, 4, 8], [26, 26, 1], [13, 5]])
def test_pictures_on_two_cores(shape: list[int]) -> None:
    one, two = (net(["batch_norm"], shape, shards=shards) for shards in (1, 2))
    x, y = batch(one, 7)
    np.testing.assert_allclose(two.forward(x, training=True), one.forward(x, training=True), rtol=1e-11, atol=1e-11)
    for a, b in zip(one.loss_and_gradients(x, y)[1].values(), two.loss_and_gradients(x, y)[1].values()):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_large_offset_costs_no_digits() -> None:
    """One pass (mean of squares minus square of mean) would have nothing left of a variance of 1 at 4000 in float32."""
    x = 4000 + np.random.default_rng(2).integers(-2, 3, (64, 3)).astype(np.float32)
    network = net([{"batch_norm": {"gain": False, "bias": False}}], [3], "float32")
    np.testing.assert_allclose(network.forward(x, training=True), normed(x, *statistics(x)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [[4], [3, 4], [3, 2, 4]])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("shards", [1, 2])
def test_running_statistics_after_some_steps(shards: int, momentum: float, shape: list[int]) -> None:
    network = net([{"batch_norm": {"momentum": momentum}}], shape, shards=shards)
    mean, variance = np.zeros(4), np.ones(4)
    for step, rows in enumerate([8, 8, 5, 2]):
        x, y = batch(network, rows, seed=step)
        network.step(2 * x + 1, y)
        of_batch = statistics(2 * x + 1)
        count = x.size // 4
        mean = momentum * mean + (1 - momentum) * of_batch[0]
        variance = momentum * variance + (1 - momentum) * of_batch[1] * count / (count - 1)
    np.testing.assert_allclose(running(network)[0], mean, rtol=1e-12)
    np.testing.assert_allclose(running(network)[1], variance, rtol=1e-12)


def test_running_statistics_belong_to_their_own_layer() -> None:
    network = net([{"repeat": {"times": 2, "layers": ["batch_norm", {"dense": 3}]}}], [3])
    assert list(network.plan.store.running) == [
        f"0_repeat.{k}.0_batch_norm.{n}" for k in (0, 1) for n in ("mean", "variance")
    ]
    network.step(*batch(network, 8))
    first, second = (running(network, f"0_repeat.{k}.0_batch_norm")[0] for k in (0, 1))
    assert not np.allclose(first, second)


def test_running_statistics_are_not_parameters() -> None:
    network = net([{"dense": {"units": 6, "bias": False}}, "batch_norm"], [3])
    assert list(network.parameters) == ["0_dense.w", "1_batch_norm.gain", "1_batch_norm.bias"]
    recipe = {"input": [3], "model": [{"dense": {"units": 6, "bias": False}}, "batch_norm"], "loss": "mse"}
    assert sum(values.size for values in dllab.build(recipe).parameters.values()) == 3 * 6 + 2 * 6
    assert [p.decays for p in network.plan.store.parameters.values()] == [True, False, False]


def test_looking_changes_no_state() -> None:
    network = net(["batch_norm", {"dense": 2}], [4], shards=2)
    x, y = batch(network, 8)
    network.step(x, y)
    before = network.memory.arrays["running"].copy()
    network.forward(x)
    network.forward(x, training=True)
    network.loss_and_gradients(x, y)
    np.testing.assert_array_equal(network.memory.arrays["running"], before)
    network.step(x, y)
    assert not np.array_equal(network.memory.arrays["running"], before)


def test_a_step_that_diverges_changes_no_state() -> None:
    network = net(["batch_norm", {"dense": 2}], [4])
    x, y = batch(network, 8)
    network.step(x, y)
    before = network.memory.arrays["running"].copy()
    x[3, 1] = np.nan
    assert np.isnan(network.step(x, y))
    np.testing.assert_array_equal(network.memory.arrays["running"], before)


def trained(precision: str, shards: int, threads: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and running state after 25 steps in batches of 8, 8 and 7 of 23 rows."""
    model = [UNBIASED, "batch_norm", "tanh", {"residual": ["batch_norm", {"dense": 4}]}, {"dense": 2}]
    network = net(model, [3], precision, optimizer={"adam": 0.01}, shards=shards)
    x, y = batch(network, 23)
    order = np.arange(23)
    columns = {COLUMN + "inputs": x, COLUMN + "targets": y}
    bound = Bound(network.memory, "train:plain", 8, columns, order.copy(), base=order)
    assert executor.run(bound, 0, 25, np.full(25, 0.01), threads=threads) is None
    return network.memory.flat("parameters").copy(), network.memory.flat("running").copy()


@pytest.mark.parametrize("shards", [2, 3])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_shards_on_threads_or_in_turn_give_the_same_bits(precision: str, shards: int) -> None:
    for one, other in zip(trained(precision, shards, threads=True), trained(precision, shards, threads=False)):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shards", [2, 3])
def test_shards_agree_with_the_whole_batch(shards: int) -> None:
    for one, other in zip(trained("float64", 1), trained("float64", shards)):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)
    whole, cut = (net(["batch_norm", {"dense": 2}], [4], "float32", shards=s) for s in (1, shards))
    x, y = batch(whole, 7)
    for one, other in zip(whole.loss_and_gradients(x, y)[1].values(), cut.loss_and_gradients(x, y)[1].values()):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shards", [1, 2])
def test_a_batch_of_one_leaves_the_bias_and_teaches_nothing_below(shards: int) -> None:
    network = net([{"dense": 3}, "batch_norm"], [4], shards=shards)
    x, y = batch(network, 1)
    bias = network.parameters["1_batch_norm.bias"].copy()
    np.testing.assert_allclose(network.forward(x, training=True)[0], bias, atol=1e-12)
    loss, gradients = network.loss_and_gradients(x, y)
    assert np.isfinite(loss)
    for label in ("0_dense.w", "0_dense.b", "1_batch_norm.gain"):
        np.testing.assert_allclose(gradients[label], 0, atol=1e-12)
    assert np.abs(gradients["1_batch_norm.bias"]).max() > 0
    kept = running(network, "1_batch_norm")[1].copy()
    network.step(x, y, lr=0.0)
    np.testing.assert_array_equal(running(network, "1_batch_norm")[1], kept)  # one number has no spread to learn from
    assert running(network, "1_batch_norm")[0].any()


def test_equal_rows_give_the_bias() -> None:
    network = net(["batch_norm"], [4], "float32")
    x = np.full((8, 4), 3.7, np.float32)
    expected = np.broadcast_to(network.parameters["0_batch_norm.bias"], (8, 4))
    np.testing.assert_allclose(network.forward(x, training=True), expected, atol=1e-3)


def test_nan_spreads_to_its_feature_only() -> None:
    network = net(["batch_norm"], [3])
    x, _ = batch(network, 6)
    x[2, 1] = np.nan
    y = network.forward(x, training=True)
    assert np.isnan(y[:, 1]).all() and np.isfinite(y[:, [0, 2]]).all()


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("shape", [[3], [2, 3], [2, 2, 3]])
@pytest.mark.parametrize("options", [{}, {"gain": False}, {"bias": False}, {"gain": False, "bias": False, "eps": 0.1}])
def test_gradients(options: Any, shape: list[int], shards: int) -> None:
    inner = {"residual": [{"batch_norm": options}, {"dense": 4}]}
    assert worst_error(net([UNBIASED, {"batch_norm": options}, "tanh", inner, {"dense": 2}], shape, shards=shards)) < 1e-8


def test_a_bias_in_front_has_no_gradient() -> None:
    network = net([{"dense": 4}, "batch_norm", {"dense": 2}], [3])
    gradients = network.loss_and_gradients(*batch(network, 6))[1]
    np.testing.assert_allclose(gradients["0_dense.b"], 0, atol=1e-14)
    assert np.abs(gradients["0_dense.w"]).max() > 1e-3


def test_gradients_of_a_first_layer() -> None:
    assert worst_error(net(["batch_norm", {"dense": 2}], [3], shards=2)) < 1e-8
    assert worst_error(net([{"batch_norm": {"gain": False, "bias": False}}, {"dense": 2}], [3])) < 1e-8


@pytest.mark.parametrize("shards", [1, 2])
def test_a_frozen_layer_keeps_to_what_it_knows(shards: int) -> None:
    model = [{"dense": 4}, "batch_norm", "tanh", {"dense": 2}]
    network = net(model, [3], frozen=("1_batch_norm",), shards=shards)
    running(network, "1_batch_norm")[0][:], running(network, "1_batch_norm")[1][:] = 0.3, 2.0
    before = network.memory.arrays["running"].copy()
    x, y = batch(network, 6)
    np.testing.assert_allclose(network.forward(x, training=True), network.forward(x), rtol=1e-12)
    gain = network.parameters["1_batch_norm.gain"].copy()
    _, gradients = network.loss_and_gradients(x, y)
    for label in ("0_dense.w", "0_dense.b"):
        np.testing.assert_allclose(gradients[label], differences(network, label, x, y), rtol=1e-6, atol=1e-9)
    network.step(x, y)
    np.testing.assert_array_equal(network.memory.arrays["running"], before)
    np.testing.assert_array_equal(network.parameters["1_batch_norm.gain"], gain)


@pytest.mark.parametrize("options", [{"momentum": 1}, {"momentum": -0.1}, {"eps": 0}, {"gain": 101}, {"gain": "no"}])
def test_options_out_of_range_are_refused(options: Any) -> None:
    with pytest.raises(RecipeError, match=next(iter(options))):
        dllab.build({"input": [3], "model": [{"batch_norm": options}]})
