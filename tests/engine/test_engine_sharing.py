"""Values used more than once, parameters that stay, state that nobody may touch, and the net in its two modes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from nets import batch, differences, net, worst_error

from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.ops import dense
from dllab.ops.layer import Case, Layer
from dllab.recipe import LayerEntry
from dllab.symbols import Net, Value


class Twice(Layer):
    """Two products with the same matrix: y = (x w) w."""

    name = "twice"
    cases: ClassVar[tuple[Case, ...]] = ()

    def build(self, net: Net, x: Value) -> Value:
        """The parameter is asked for twice, as two uses of it would."""
        for _ in range(2):
            w = net.parameter("w", (x.features, x.features))
            y = net.array(x.shape)
            net.call(dense.forward_unbiased, backward=(dense.backward_x, dense.backward_w), y=y, x=x, w=w)
            x = y
        return x


HIDDEN = {"dense": {"units": 4, "name": "hidden"}}
READS_HIDDEN = {"dense": {"units": 4, "from": "hidden"}}
SHARING = {
    "residual": [HIDDEN, "tanh", {"residual": [{"dense": 4}, "tanh"]}],
    "from": [HIDDEN, "tanh", {"residual": [READS_HIDDEN]}, {"residual": [READS_HIDDEN, "tanh"]}],
    "branches": [HIDDEN, {"branches": {"paths": [["tanh"], ["identity"], [READS_HIDDEN], ["identity"]], "join": "add"}}],
    "norms": [HIDDEN, {"residual": ["batch_norm", "tanh"]}, {"residual": ["layer_norm", {"residual": [READS_HIDDEN]}]}],
}


def sharing(name: str, shards: int = 1) -> Network:
    return net([*SHARING[name], {"dense": 2}], [3], shards=shards)


def tied(shards: int = 1, **changes: Any) -> Network:
    model = (LayerEntry(Twice()), LayerEntry(Twice()))
    return net([{"dense": 3}], [3], model=model, shards=shards, **changes)


def poison(network: Network, bound: Bound) -> None:
    """Fill whatever a step should write before it reads with NaN."""
    for shard in range(network.plan.shards):
        for register in ("work", "gradients"):
            size = network.dtype.itemsize
            raw = bound.arrays[f"{register}@{shard}"]
            raw[: len(raw) // size * size].view(network.dtype)[:] = np.nan


# ---- gradients -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("name", SHARING)
def test_every_use_counts(name: str, shards: int) -> None:
    assert worst_error(sharing(name, shards)) < 1e-7


@pytest.mark.parametrize("name", [*SHARING, "tied"])
@pytest.mark.parametrize("shards", [1, 2])
def test_what_was_there_before_does_not_count(name: str, shards: int) -> None:
    """The first writer stores; nothing needs zeroing, and the second step of a run is like the first."""
    network = tied(shards) if name == "tied" else sharing(name, shards)
    x, y = batch(network, 5)
    _, clean = network.loss_and_gradients(x, y)
    bound = network.training_batch(x, y)
    poison(network, bound)
    for shard in range(shards):
        keep_padding_zero(network, bound.arrays[f"gradients@{shard}"])
    _, again = network.loss_and_gradients(x, y)
    for label, gradient in clean.items():
        np.testing.assert_array_equal(again[label], gradient, err_msg=label)


def keep_padding_zero(network: Network, arena: np.ndarray) -> None:
    """The padding between parameters is never written, but the sum of squares goes over it."""
    values = arena.view(network.dtype)
    inside = np.zeros(len(values), bool)
    for parameter in network.plan.parameters:
        assert parameter.offset is not None
        first = parameter.offset // network.dtype.itemsize
        inside[first : first + int(np.prod(parameter.shape))] = True
    values[~inside] = 0


@pytest.mark.parametrize("shards", [1, 2])
def test_tied_weights_collect_the_gradients_of_all_their_uses(shards: int) -> None:
    network = tied(shards)
    assert list(network.parameters) == ["0_twice.w", "1_twice.w"]
    x, y = batch(network, 5)
    a, b = network.parameters["0_twice.w"], network.parameters["1_twice.w"]
    np.testing.assert_allclose(network.forward(x), x @ a @ a @ b @ b, rtol=1e-12)
    d = 2 * (x @ a @ a @ b @ b - y) / y.size
    below = d @ b.T @ b.T
    expected = {
        "0_twice.w": x.T @ (below @ a.T) + (x @ a).T @ below,
        "1_twice.w": (x @ a @ a).T @ (d @ b.T) + (x @ a @ a @ b).T @ d,
    }
    _, gradients = network.loss_and_gradients(x, y)
    for label, gradient in expected.items():
        np.testing.assert_allclose(gradients[label], gradient, rtol=1e-9)


def test_tied_weights_move_once_a_step() -> None:
    network = tied(optimizer={"sgd": 0.1})
    x, y = batch(network, 5)
    before = network.parameters["0_twice.w"].copy()
    _, gradients = network.loss_and_gradients(x, y)
    network.step(x, y)
    np.testing.assert_allclose(network.parameters["0_twice.w"], before - 0.1 * gradients["0_twice.w"], rtol=1e-12)


def test_one_array_holds_the_gradient_and_later_ones_are_added() -> None:
    """Hidden feeds tanh, a residual's sum and a dense layer: one of them stores, two are added."""
    rows = [row for row in sharing("from").plan.program("train").rows if row.kernel]
    added = [row.operands["to"] for row in rows if row.kernel and row.kernel.title == "plan.totals.add_into"]
    of_hidden = [value for value in added if value.name == "dhidden.y"]
    assert len(of_hidden) == 2  # read by tanh and by two dense layers
    assert len({id(value) for value in of_hidden}) == 1


# ---- frozen --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("frozen", [("hidden",), ("2_residual",), ("2_residual.0_dense.b", "3_dense.w")])
def test_frozen_layers_stay_and_hand_the_gradient_on(frozen: tuple[str, ...], shards: int) -> None:
    """Inside blocks, too; what the others learn is what they would learn anyway."""
    model = [*SHARING["residual"], {"dense": 2}]
    kept, free = net(model, [3], frozen=frozen, shards=shards), net(model, [3], shards=shards)
    x, y = batch(free, 6)
    before = {label: values.copy() for label, values in kept.parameters.items()}
    _, gradients = kept.loss_and_gradients(x, y)
    for network in (kept, free):
        network.step(x, y)
    stays = [label for label in before if any(label == f or label.startswith(f"{f}.") for f in frozen)]
    assert stays and len(stays) < len(before)
    for label, values in kept.parameters.items():
        if label in stays:
            np.testing.assert_array_equal(values, before[label])
            assert not gradients[label].any()
        else:
            np.testing.assert_allclose(values, free.parameters[label], rtol=1e-12)
            assert not np.array_equal(values, before[label])


# ---- state ---------------------------------------------------------------------------------------------------------


def everything(network: Network) -> dict[str, np.ndarray]:
    return {name: network.memory.arrays[name].copy() for name in ("parameters", "optimizer", "running")}


@pytest.mark.parametrize("shards", [1, 2])
def test_looking_leaves_parameters_and_state_alone(shards: int) -> None:
    model = [{"dense": 4}, "batch_norm", "tanh", {"dropout": 0.5}, {"dense": 2}]
    network = net(model, [3], optimizer={"adam": 0.01}, shards=shards)
    x, y = batch(network, 6)
    network.step(x, y)
    before = everything(network)
    network.forward(x)
    network.forward(x, training=True)
    network.loss_and_gradients(x, y)
    differences(network, "0_dense.w", x, y)
    for name, values in everything(network).items():
        np.testing.assert_array_equal(values, before[name], err_msg=name)
    network.step(x, y)
    for name, values in everything(network).items():
        assert not np.array_equal(values, before[name]), name


def test_looking_in_between_does_not_change_a_run() -> None:
    model = [{"dense": 4}, "batch_norm", "tanh", {"dropout": 0.5}, {"dense": 2}]
    watched, alone = (net(model, [3], optimizer={"adam": 0.01}) for _ in range(2))
    for step in range(4):
        x, y = batch(alone, 6, seed=step)
        watched.forward(x, training=True)
        watched.loss_and_gradients(y @ np.ones((2, 3)), y)
        watched.forward(x[:2])
        assert watched.step(x, y) == alone.step(x, y)
    for name, values in everything(watched).items():
        np.testing.assert_array_equal(values, everything(alone)[name], err_msg=name)


# ---- the two modes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["residual", "from", "branches"])
def test_without_noise_and_statistics_the_modes_agree(name: str) -> None:
    network = sharing(name, 2)
    x, _ = batch(network, 7)
    np.testing.assert_allclose(network.forward(x, training=True), network.forward(x), rtol=1e-12)


@pytest.mark.parametrize("layer", ["batch_norm", {"dropout": 0.5}])
def test_training_shows_what_the_loss_is_made_of(layer: Any) -> None:
    network = net([{"dense": 6}, layer, {"residual": [layer, {"dense": 6}]}, {"dense": 2}], [3], shards=2)
    x, y = batch(network, 7)
    for _ in range(3):  # the outputs are those of the step that comes next
        outputs, plain = network.forward(x, training=True), network.forward(x)
        assert not np.allclose(outputs, plain)
        loss, _ = network.loss_and_gradients(x, y)
        assert loss == pytest.approx(((outputs - y) ** 2).mean(), rel=1e-12)
        assert network.step(x, y) == loss


def test_inference_does_not_see_the_rest_of_the_batch() -> None:
    network = net([{"dense": 6}, "batch_norm", {"dropout": 0.5}, {"residual": ["layer_norm"]}], [3])
    x, _ = batch(network, 9)
    whole = network.forward(x)
    for row in range(9):
        np.testing.assert_allclose(network.forward(x[row : row + 1]), whole[row : row + 1], rtol=1e-12)
