"""Gradcheck passes right nets, finds every kind of wrong gradient, leaves kinks out, and changes nothing."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dllab.core.blas import gemm
from dllab.core.kernel import kernel
from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.lab.gradcheck import COMPLETE, LARGEST, RANDOM, check_network, check_recipe, chosen, subject
from dllab.lab.gradcheck_report import THRESHOLD, Check, Report
from dllab.lab.planted_bug import UnknownLayer
from dllab.ops.dense import Dense, backward_b, backward_w, backward_x, forward
from dllab.ops.layer import Layer
from dllab.plan.plan import Plan
from dllab.recipe import LayerEntry, load
from dllab.symbols import Net, Value

NETS: dict[str, dict[str, Any]] = {
    "relu": {"input": [4], "model": [{"dense": 8}, "relu", {"dense": 3}], "loss": "perceptron"},
    "values": {"input": [3], "model": [{"dense": 5}, "tanh", {"dense": 2}], "loss": "mse"},
    "labels": {"input": [3], "model": [{"dense": 5}, "gelu", {"dense": 4}, "softmax"], "loss": "cross_entropy"},
    "dropout": {"input": [6], "model": [{"dense": 9}, "tanh", {"dropout": 0.5}, {"dense": 2}], "loss": "mse"},
    "norm": {"input": [3], "model": [{"dense": 4}, "batch_norm", "tanh", {"dense": 2}], "loss": "mse"},
    "sequence": {"input": [3, 4], "model": [{"dense": 5}, "tanh", "layer_norm"], "loss": "mse"},
    "used twice": {"input": [4], "model": [{"residual": [{"dense": 4}, "tanh"]}, {"dense": 2}], "loss": "mse"},
    "no parameters": {"input": [3], "model": ["tanh"], "loss": "mse"},
    "no targets": {"input": [1], "model": [{"point": [0.5, -1.0]}], "loss": {"surface": "beale"}},
    "data": {"data": {"name": "moons", "samples": 40}, "model": [{"dense": 5}, "tanh", {"dense": "classes"}]},
}


def report(recipe: dict[str, Any], **options: Any) -> Report:
    return Report.of("net", check_recipe(load(recipe), **options), options.get("plant_in"))


def by_name(found: Report) -> dict[str, Check]:
    return {check.name: check for check in found.checks}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("seed", [0, 1])
def test_right_gradients_pass(name: str, seed: int) -> None:
    found = report(NETS[name], seed=seed)
    assert found.passed
    assert found.max_relative_error < 1e-7
    assert found.checks[-1].name == "input.x"
    assert all(check.checked == check.of == math.prod(check.shape) for check in found.checks)


@pytest.mark.parametrize("name", ["labels", "norm", "dropout"])
def test_a_batch_in_two_shards(name: str) -> None:
    network, x, y, _ = subject(load(NETS[name]), 0)
    question = replace(network.plan.question, shards=2)
    shared = Network(Plan(question))
    for label, values in network.parameters.items():
        shared.parameters[label][...] = values
    for one, two in zip(check_network(network, x, y), check_network(shared, x, y)):
        assert (one.name, one.verdict) == (two.name, two.verdict)
        assert max(one.relative_error, two.relative_error) < 1e-7


# ---- wrong gradients -------------------------------------------------------------------------------------------------


@kernel(dw="I O", x="*N I", dy="*N O")
def scaled_w(dw, x, dy):
    """A wrong factor."""
    gemm(dw, x, dy, True, False, False)
    for i in range(dw.shape[0]):
        for o in range(dw.shape[1]):
            dw[i, o] *= 1.00001


@kernel(dw="I O", x="*N I", dy="*N O")
def transposed_w(dw, x, dy):
    """Both axes exchanged: dw' of a square matrix."""
    for i in range(dw.shape[0]):
        for o in range(dw.shape[1]):
            total = 0.0
            for n in range(x.shape[0]):
                total += x[n, o] * dy[n, i]
            dw[i, o] = total


@kernel(db="O", dy="*N O")
def short_b(db, dy):
    """The last example is forgotten."""
    for o in range(db.shape[0]):
        db[o] = 0
        for n in range(dy.shape[0] - 1):
            db[o] += dy[n, o]


@kernel(dx="*N I", dy="*N O", w="I O")
def negative_x(dx, dy, w):
    """The wrong sign."""
    gemm(dx, dy, w, False, True, False)
    for n in range(dx.shape[0]):
        for i in range(dx.shape[1]):
            dx[n, i] = -dx[n, i]


@kernel(dw="I O", x="*N I", dy="*N O")
def no_w(dw, x, dy):
    """Nothing at all."""
    for i in range(dw.shape[0]):
        for o in range(dw.shape[1]):
            dw[i, o] = 0


@kernel(db="O", dy="*N O")
def infinite_b(db, dy):
    """A division by zero."""
    for o in range(db.shape[0]):
        db[o] = np.inf


BACKWARD = {"x": backward_x, "w": backward_w, "b": backward_b}
BUGS: dict[str, tuple[dict[str, Any], set[str], float | None]] = {
    "none": ({}, set(), None),
    "scale": ({"w": scaled_w}, {"1_wrong.w"}, 1.00001),
    "transpose": ({"w": transposed_w}, {"1_wrong.w"}, None),
    "missing term": ({"b": short_b}, {"1_wrong.b"}, None),
    "sign": ({"x": negative_x}, {"0_dense.w", "0_dense.b", "input.x"}, -1.0),
    "all missing": ({"w": no_w}, {"1_wrong.w"}, 0.0),
}


class WrongDense(Dense):
    """Dense with some backward kernels exchanged for wrong ones."""

    name = "wrong"
    wrong: dict[str, Any] = {}

    def build(self, net: Net, x: Value) -> Value:
        units = net.size(self.units)
        w, b = net.parameter("w", (x.features, units)), net.parameter("b", (units,), decays=False)
        y = net.array((*x.shape[:-1], units))
        net.call(forward, backward=tuple({**BACKWARD, **self.wrong}.values()), y=y, x=x, w=w, b=b)
        return y


def checks_with(wrong: dict[str, Any]) -> Report:
    recipe = load({"input": [3], "model": [{"dense": 4}, {"dense": 4}], "loss": "mse"})
    question = question_of(recipe, None, precision="float64", input_gradient=True)
    model = (recipe.model[0], LayerEntry(WrongDense(units=4, wrong=wrong)))
    rng = np.random.default_rng(3)
    network = Network(Plan(replace(question, model=model)))
    return Report("net", tuple(check_network(network, rng.normal(size=(5, 3)), rng.normal(size=(5, 4)))))


@pytest.mark.parametrize("name", BUGS)
def test_wrong_backward_kernels_are_found(name: str) -> None:
    wrong, failing, factor = BUGS[name]
    found = checks_with(wrong)
    assert {check.name for check in found.checks if not check.passed} == failing
    assert found.passed == (not failing)
    for check in found.checks:
        if check.name in failing:
            assert check.verdict == "bug" and check.relative_error > THRESHOLD and check.kinks == 0
            assert check.worst is not None and check.worst.index == check.index
            if factor is None:
                assert check.factor is None
            else:
                assert check.factor == pytest.approx(factor, abs=1e-8)
        else:
            assert check.relative_error < 1e-7


def test_the_index_is_where_the_worst_is() -> None:
    recipe = load(NETS["values"])
    network, x, y, _ = subject(recipe, 0)
    right = network.loss_and_gradients(x, y)[1]["0_dense.w"].copy()
    check = next(iter(check_network(Spoiled(network), x, y)))  # type: ignore[arg-type]
    assert check.name == "0_dense.w" and check.index == (1, 3) and check.verdict == "bug"
    assert check.worst is not None
    assert check.worst.numerical == pytest.approx(right[1, 3], rel=1e-6)
    assert check.worst.analytic == pytest.approx(right[1, 3] + 0.01, rel=1e-9)


class Spoiled:
    """A network one of whose gradients is a little off, in one place."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    @property
    def gradients(self) -> dict[str, Any]:
        found = {label: g.copy() for label, g in self._network.gradients.items()}
        found["0_dense.w"][1, 3] += 0.01
        return found


def test_a_gradient_that_is_not_finite() -> None:
    found = checks_with({"b": infinite_b})
    check = by_name(found)["1_wrong.b"]
    assert check.verdict == "not finite" and not found.passed
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert document["max_relative_error"] is None and document["passed"] is False


def test_a_loss_that_is_not_finite() -> None:
    network, x, y, _ = subject(load(NETS["values"]), 0)
    x[0, 0] = np.nan
    checks = list(check_network(network, x, y))
    assert all(check.verdict == "not finite" for check in checks)


# ---- planted bugs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "failing"),
    [
        ("0_dense", {"0_dense.w"}),
        ("dense", {"0_dense.w"}),
        ("2_dense", {"2_dense.w"}),
        ("relu", {"0_dense.w", "0_dense.b", "input.x"}),
        ("loss", {"0_dense.w", "0_dense.b", "2_dense.w", "2_dense.b", "input.x"}),
    ],
)
def test_a_planted_bug_fails_where_it_was_planted(layer: str, failing: set[str]) -> None:
    found = report(NETS["relu"], plant_in=layer)
    assert {check.name for check in found.checks if check.verdict == "bug"} == failing
    assert found.planted == layer
    assert all(c.factor == pytest.approx(1.1, abs=1e-6) for c in found.checks if not c.passed)


def test_a_bug_in_a_block_and_under_a_label() -> None:
    recipe = {"input": [3], "model": [{"residual": [{"dense": {"units": 3, "name": "hidden"}}]}], "loss": "mse"}
    for layer in ("residual", "0_residual", "0_residual.hidden"):
        assert not report(recipe, plant_in=layer).passed, layer


def test_an_unknown_layer_lists_those_there_are() -> None:
    with pytest.raises(UnknownLayer, match=r"no layer '0_dens'.*one of: 0_dense, 1_relu, 2_dense, loss.*'0_dense'"):
        report(NETS["relu"], plant_in="0_dens")


# ---- kinks -----------------------------------------------------------------------------------------------------------


def relu_net(x: list[list[float]], bias: float = 0.0, weight: float = 1.0) -> dict[str, Check]:
    recipe = load({"input": [2], "model": [{"dense": 2}, "relu"], "loss": "mse"})
    network = Network(Plan(question_of(recipe, None, precision="float64", input_gradient=True)))
    network.parameters["0_dense.w"][...] = weight * np.eye(2)
    network.parameters["0_dense.b"][...] = bias
    return {check.name: check for check in check_network(network, x, -np.ones((len(x), 2)))}


def test_a_kink_at_exactly_zero_is_left_out_and_counted() -> None:
    """Row (0, 2): the first unit stands at 0. Its bias, its weight to the input of 2, and the input of 0 meet the kink."""
    checks = relu_net([[0.0, 2.0], [1.0, 3.0]])
    assert {name: check.kinks for name, check in checks.items()} == {"0_dense.w": 1, "0_dense.b": 1, "input.x": 1}
    assert all(check.verdict == "ok" and check.relative_error < 1e-7 for check in checks.values())
    kink = checks["0_dense.b"].kink
    assert kink is not None and kink.index == (0,)
    left, right = kink.sweep[-3].left, kink.sweep[-3].right
    assert right - left == pytest.approx(0.5, rel=1e-5)  # dy there: 2 (y + 1) / 4


def test_nothing_but_kinks() -> None:
    checks = relu_net([[0.0, 0.0]])
    assert checks["input.x"].verdict == "kink" and checks["input.x"].kinks == checks["input.x"].checked == 2
    assert checks["0_dense.w"].verdict == "ok"  # inputs of 0: the weights change nothing
    assert checks["input.x"].passed


@pytest.mark.parametrize("distance", [1e-3, -1e-3, 3e-4])
def test_a_kink_close_by_hides_nothing(distance: float) -> None:
    checks = relu_net([[distance, 2.0], [1.0, 3.0]])
    assert all(c.kinks == 0 and c.verdict == "ok" and c.relative_error < 1e-7 for c in checks.values())


# ---- what it leaves behind, and what it looks at ---------------------------------------------------------------------


def test_the_network_is_as_it_was() -> None:
    network, x, y, _ = subject(load(NETS["norm"]), 0)
    network.step(x, y)
    names = ("parameters", "optimizer", "running")
    before = {name: network.memory.arrays[name].copy() for name in names}
    gradients = network.loss_and_gradients(x, y)[1]
    first = list(check_network(network, x, y))
    for name in names:
        np.testing.assert_array_equal(network.memory.arrays[name], before[name], err_msg=name)
    assert list(check_network(network, x, y)) == first
    for label, gradient in network.loss_and_gradients(x, y)[1].items():
        np.testing.assert_array_equal(gradient, gradients[label])
    network.step(x, y)  # whole steps again, after the limit
    assert not np.array_equal(network.memory.arrays["parameters"], before["parameters"])


@kernel(y="*N", used="1", carried="1", x="*N")
def carry_on(y, used, carried, x):
    """Y = carried x, where carried grows with every step."""
    used[0] = carried[0]
    for i in range(y.shape[0]):
        y[i] = used[0] * x[i]
    carried[0] += 0.5


@kernel(dx="*N", used="1", dy="*N")
def carry_back(dx, used, dy):
    """Dx = carried dy."""
    for i in range(dx.shape[0]):
        dx[i] = used[0] * dy[i]


class Carrying(Layer):
    """A layer whose output depends on what earlier steps left, as a carried state of a recurrent layer does."""

    name = "carrying"

    def build(self, net: Net, x: Value) -> Value:
        y, used, carried = net.array(x.shape), net.array((1,), "used"), net.running("carried", (1,), 1.0)
        net.call(carry_on, backward=(carry_back,), y=y, used=used, carried=carried, x=x)
        return y


def test_every_evaluation_starts_from_the_same_state() -> None:
    recipe = load({"input": [3], "model": [{"dense": 3}], "loss": "mse"})
    question = question_of(recipe, None, precision="float64", input_gradient=True)
    network = Network(Plan(replace(question, model=(*recipe.model, LayerEntry(Carrying())), shards=1)))
    rng = np.random.default_rng(0)
    before = network.memory.arrays["running"].copy()
    checks = list(check_network(network, rng.normal(size=(4, 3)), rng.normal(size=(4, 3))))
    assert all(check.relative_error < 1e-7 for check in checks)
    np.testing.assert_array_equal(network.memory.arrays["running"], before)


def test_a_bias_in_front_of_batch_norm_has_no_gradient_and_passes() -> None:
    network, x, y, _ = subject(load(NETS["norm"]), 0)
    assert np.abs(network.loss_and_gradients(x, y)[1]["0_dense.b"]).max() < 1e-12
    check = {c.name: c for c in check_network(network, x, y)}["0_dense.b"]
    assert check.verdict == "ok" and check.kinks == 0


def test_large_arrays_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dllab.lab.gradcheck.COMPLETE", 70)
    recipe = {"input": [9], "model": [{"dense": 8}, "tanh", {"dense": 2}], "loss": "mse"}
    checks = by_name(report(recipe))
    assert {name: (check.checked, check.of) for name, check in checks.items() if check.of > 16} == {
        "0_dense.w": (LARGEST + RANDOM, 72), "input.x": (LARGEST + RANDOM, 72)}  # fmt: skip
    assert by_name(report(recipe, full=True))["0_dense.w"].checked == 72


def test_the_sample_holds_the_largest_gradients() -> None:
    rng = np.random.default_rng(0)
    gradient = rng.normal(size=(100, COMPLETE // 50))
    places = chosen(gradient, np.random.default_rng(1))
    largest = set(np.argsort(-np.abs(gradient).ravel())[:LARGEST])
    assert gradient.size > COMPLETE and len(chosen(gradient, rng, full=True)) == gradient.size
    assert len(set(places)) == LARGEST + RANDOM and largest <= set(places)
    np.testing.assert_array_equal(places, chosen(gradient, np.random.default_rng(1)))
    np.testing.assert_array_equal(chosen(gradient[:2], rng), np.arange(2 * gradient.shape[1]))


def test_float32_is_refused() -> None:
    network = Network(Plan(question_of(load(NETS["values"]), None, precision="float32")))
    with pytest.raises(ValueError, match=r"float64.*float32.*dtype='float64'"):
        list(check_network(network, np.zeros((1, 3)), np.zeros((1, 2))))


def test_json() -> None:
    document = report(NETS["relu"], plant_in="loss").as_json()
    assert set(document) >= {"passed", "max_relative_error", "checks"}
    assert document["passed"] is False and document["max_relative_error"] == pytest.approx(1 / 11)
    for check in document["checks"]:
        assert set(check) >= {"layer", "parameter", "relative_error", "index", "checked", "of", "kinks", "verdict", "sweep"}
        assert len(check["index"]) == len(check["shape"]) and len(check["sweep"]) == 7
    assert (document["checks"][0]["layer"], document["checks"][0]["parameter"]) == ("0_dense", "w")
