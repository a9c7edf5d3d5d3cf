"""Weights to begin with, and layers that stay as they are to the bit, whatever trains the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.catalogue import parts
from dllab.optim.optimizer import Optimizer
from dllab.recipe import RecipeError, load
from dllab.training.state import Arrays, copied, net_views
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source, by_place, fit, shapes_of

NET: list[Any] = [
    {"dense": {"units": 8, "name": "low"}}, "batch_norm", "tanh", {"dense": {"units": 8, "name": "high"}}, "tanh",
    {"dense": {"units": "classes", "name": "head"}},
]  # fmt: skip
FROZEN = ("low", "1_batch_norm")
OPTIMIZERS = sorted(name for name, part in parts("optimizers").items() if issubclass(part, Optimizer))
WIDE: list[Any] = [{"dense": 64}, "relu", {"dense": 256}, "relu", {"dense": 256}, "relu", {"dense": "classes"}]


def trainer(**keys: Any) -> Trainer:
    return Trainer(load({"data": {"moons": {"samples": 80}}, "model": NET, "train": {"epochs": 3}, **keys}))


def trained(found: Trainer) -> tuple[Arrays, Arrays]:
    """All arrays before and after training."""
    before = copied(net_views(found.network))
    *_, last = found.events()
    assert last.status in ("finished", "stopped")
    return before, copied(net_views(found.network))


def check(before: Arrays, after: Arrays, frozen: tuple[str, ...]) -> None:
    """Frozen arrays are the same bits; of the others there is none that did not move."""
    for label in before:
        same = before[label].tobytes() == after[label].tobytes()
        assert same == label.startswith(frozen), label


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_frozen_layers_are_the_same_bits_under_every_optimizer(optimizer: str) -> None:
    if optimizer == "perceptron":
        pytest.skip("for a net of a single layer")
    options = {"epochs": 3, "weight_decay": 0.1, "l2": 0.1, "l1": 0.01, "clip_norm": 0.5, "clip_value": 0.1}
    check(*trained(trainer(optimizer=optimizer, freeze=list(FROZEN), train=options)), FROZEN)


def test_best_weights_bring_nothing_else_back() -> None:
    data = {"moons": {"samples": 80, "validation": 0.2}}
    options = {"epochs": 30, "early_stop": {"patience": 3}, "checkpoint": {"best": True}}
    check(*trained(trainer(data=data, freeze=list(FROZEN), train=options, optimizer={"momentum": 0.3})), FROZEN)


def test_single_arrays_are_frozen_too() -> None:
    biases = ("low.b", "high.b", "head.b")
    before, after = trained(trainer(freeze=["*.b"]))
    assert all(after[label].tobytes() == before[label].tobytes() for label in biases)
    assert all(np.any(after[label] != before[label]) for label in before if label not in biases)


@compiled_only
@pytest.mark.parametrize("frozen", [("0_dense",), ("0_dense", "2_dense"), ("4_dense",), ("6_dense",)])
def test_nets_that_two_cores_share(frozen: tuple[str, ...]) -> None:
    found = trainer(data="digits", model=WIDE, freeze=list(frozen), train={"steps": 20, "weight_decay": 0.1})
    assert bool(found.network.plan.pairs) == ("4_dense" not in frozen)
    assert found.network.plan.shards == 2 or not found.network.plan.pairs
    check(*trained(found), frozen)


@compiled_only
def test_nets_whose_batches_are_shared_out_by_rows() -> None:
    deep: list[Any] = [{"dense": 32}, "batch_norm", "relu", {"dense": 32}, "relu", {"dense": "classes"}]
    found = trainer(data="digits", model=deep, freeze=["0_dense", "1_*"], train={"steps": 20, "batch": 1024})
    assert found.network.plan.shards == 2 and not found.network.plan.pairs
    check(*trained(found), ("0_dense", "1_batch_norm"))


@compiled_only
def test_factors_of_layers_that_are_split_by_units() -> None:
    moved = {}
    for factor in (1.0, 0.25):
        keys = {"optimizer": {"sgd": 0.01}, "lr_factors": {"2_dense": factor}, "train": {"steps": 1}}
        found = trainer(data="digits", model=WIDE, **keys)
        assert found.network.plan.pairs
        before, after = trained(found)
        moved[factor] = {label: after[label] - before[label] for label in after}
    for label, whole in moved[1.0].items():
        expected = whole * (0.25 if label.startswith("2_dense") else 1.0)
        np.testing.assert_allclose(moved[0.25][label], expected, atol=1e-7)


def test_a_factor_of_zero_holds_parameters() -> None:
    before, after = trained(trainer(lr_factors={"low": 0}, train={"epochs": 3, "weight_decay": 0.1}))
    assert np.array_equal(before["low.w"], after["low.w"]) and not np.array_equal(before["high.w"], after["high.w"])


# ---- taking weights ------------------------------------------------------------------------------------------------


def source(**changes: Any) -> Source:
    """Numbers that say where they come from, of the shapes of the net."""
    arrays = {name: np.full_like(array, 7) for name, array in net_views(trainer().network).items()}
    arrays.update(changes)
    origin = {"from": "a", "run": None, "recipe": "a", "weights": "last", "sha256": None}
    return Source({name: array for name, array in arrays.items() if array is not None}, origin)


def test_what_fits_is_taken_and_statistics_with_it() -> None:
    found = trainer(init_from="a")
    before = copied(net_views(found.network))
    found.begin_with(source(**{"head.w": np.zeros((8, 5)), "head.b": np.zeros(5), "old.w": np.zeros((2, 2))}))
    after, origin = copied(net_views(found.network)), found.beginning.origin
    assert origin is not None
    assert (origin["taken"], origin["new"], origin["absent"]) == (["low", "1_batch_norm", "high"], ["head"], ["old"])
    assert origin["parameters"] == 2 * 8 + 8 + 16 + 8 * 8 + 8
    for label in after:
        expected = before[label] if label.startswith("head") else np.full_like(before[label], 7)
        assert np.array_equal(after[label], expected), label


def test_a_layer_with_one_array_of_another_shape_is_all_new() -> None:
    found = fit(load_one(), trainer(init_from="a").network, shapes_of(source(**{"low.w": np.zeros((3, 8))}).arrays))
    assert found.new == ("low",) and "low.b" not in found.arrays


def test_an_array_that_the_source_lacks_is_new() -> None:
    found = trainer(init_from="a")
    found.begin_with(source(**{"high.b": None}))
    assert found.network.parameters["high.w"].min() == 7 and found.network.parameters["high.b"].max() == 0


def test_only_the_layers_that_were_asked_for() -> None:
    found = trainer(init_from={"from": "a", "layers": ["low", "h*.w"]})
    found.begin_with(source())
    assert found.beginning.origin is not None and found.beginning.origin["taken"] == ["low", "high", "head"]
    values = found.network.parameters
    assert values["low.b"].min() == values["head.w"].min() == 7 and values["head.b"].max() == 0
    assert values["1_batch_norm.gain"].max() == 1


def test_the_order_of_names_from_a_file() -> None:
    names = ["head.w", "10_dense.w", "2_residual.10_dense.w", "2_residual.9_dense.w", "0_dense.w"]
    ordered = [name for name, _ in sorted(((name, None) for name in names), key=by_place)]
    assert ordered == ["0_dense.w", "2_residual.9_dense.w", "2_residual.10_dense.w", "10_dense.w", "head.w"]


def test_other_precision() -> None:
    found = trainer(init_from="a", train={"epochs": 1, "dtype": "float64"})
    found.begin_with(source())
    assert found.network.parameters["low.w"].dtype == np.float64 and found.network.parameters["low.w"].min() == 7


def test_a_source_of_which_nothing_fits() -> None:
    with pytest.raises(RecipeError, match="no layer fits") as raised:
        trainer(init_from="a").begin_with(Source({"other.w": np.zeros((3, 4))}, {}))
    hint = raised.value.problems[0].hint
    assert "layers here: low (2, 8)" in hint and "in the source: other (3, 4)" in hint


def test_a_trainer_without_the_weights_that_its_recipe_begins_with() -> None:
    with pytest.raises(RecipeError, match="its weights were not put in"):
        next(iter(trainer(init_from="a").events()))


def test_what_there_is_to_tell() -> None:
    found = trainer(freeze=["low", "1_batch_norm.gain"], lr_factors={"high": 0.1, "head.b": 3, "low": 5, "head.w": 1})
    told = found.beginning
    assert told.frozen == ("low", "1_batch_norm.gain") and told.frozen_parameters == 24 + 8
    assert told.factors == {"high": 0.1, "head.b": 3.0}
    assert told.document()["lr_factors"] == [{"name": "high", "factor": 0.1}, {"name": "head.b", "factor": 3.0}]
    assert trainer().beginning.document() == {}


def load_one() -> Any:
    return load({"data": "moons", "model": NET, "init_from": "a"})
