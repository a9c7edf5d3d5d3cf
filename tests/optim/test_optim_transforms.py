"""Clipping, penalties and decay by their formulas; the order of a chain; what makes no chain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from by_hand import batches, is_weight, net_with

import dllab
from dllab.engine.network import Network
from dllab.engine.question import chain_of
from dllab.recipe import RecipeError, load

LR = 0.5
TOLERANCE = {"float64": 1e-12, "float32": 2e-6}

precisions = pytest.mark.parametrize("dtype", list(TOLERANCE))
Arrays = dict[str, np.ndarray]


def one_step(chain: Any, dtype: str = "float64", **keys: Any) -> tuple[Arrays, Arrays, Arrays, Network]:
    """(parameters before, gradients, parameters after) one step, as float64, and the net."""
    net = net_with(chain, dtype, **keys)
    x, y = next(batches(1))
    for label, p in net.parameters.items():
        if not is_weight(label):
            p[...] = 0.5  # a bias of 0 would not show decay
    before = {label: p.astype(np.float64) for label, p in net.parameters.items()}
    _, found = net.loss_and_gradients(x, y)
    gradients = {label: g.astype(np.float64) for label, g in found.items()}
    net.step(x, y)
    return before, gradients, {label: p.astype(np.float64) for label, p in net.parameters.items()}, net


def norm_of(arrays: Arrays) -> float:
    return float(np.sqrt(sum(np.sum(a**2) for a in arrays.values())))


def assert_moved(before: Arrays, after: Arrays, steps: Arrays, dtype: str) -> None:
    for label, step in steps.items():
        np.testing.assert_allclose(after[label], before[label] - step, rtol=0, atol=TOLERANCE[dtype], err_msg=label)


@precisions
@pytest.mark.parametrize("share", [0.25, 1.5])
def test_clip_norm_bounds_the_norm_of_all_parameters_together(share: float, dtype: str) -> None:
    _, gradients, _, _ = one_step({"sgd": LR}, dtype)
    norm = norm_of(gradients)
    limit = share * norm
    before, gradients, after, _ = one_step([{"clip_norm": limit}, {"sgd": LR}], dtype)
    assert max(norm_of({label: g}) for label, g in gradients.items()) < norm
    factor = min(1.0, limit / norm)
    assert_moved(before, after, {label: LR * factor * g for label, g in gradients.items()}, dtype)
    moved = norm_of({label: after[label] - before[label] for label in before})
    np.testing.assert_allclose(moved, LR * min(limit, norm), rtol=1e-5)


@precisions
def test_clip_value_bounds_every_entry(dtype: str) -> None:
    before, gradients, after, _ = one_step([{"clip_value": 0.2}, {"sgd": LR}], dtype)
    assert max(np.abs(g).max() for g in gradients.values()) > 0.2
    assert_moved(before, after, {label: LR * np.clip(g, -0.2, 0.2) for label, g in gradients.items()}, dtype)


@precisions
def test_l1_adds_the_sign_and_l2_the_weight_itself_but_not_to_biases(dtype: str) -> None:
    for link, slope in (("l1", np.sign), ("l2", lambda p: p)):
        before, gradients, after, _ = one_step([{link: 0.3}, {"sgd": LR}], dtype)
        steps = {k: LR * (g + (0.3 * slope(before[k]) if is_weight(k) else 0.0)) for k, g in gradients.items()}
        assert_moved(before, after, steps, dtype)


def test_l1_leaves_a_weight_of_zero_alone() -> None:
    net = net_with([{"l1": 0.3}, {"sgd": LR}])
    net.parameters["0_dense.w"][...] = 0.0
    net.step(np.zeros((2, 5)), np.zeros((2, 3)))
    assert not net.parameters["0_dense.w"].any()


@precisions
def test_weight_decay_shrinks_weights_by_lr_times_strength_whatever_the_gradient(dtype: str) -> None:
    before, gradients, after, _ = one_step([{"weight_decay": 0.2}, {"sgd": LR}], dtype)
    steps = {k: LR * g + (LR * 0.2 * before[k] if is_weight(k) else 0.0) for k, g in gradients.items()}
    assert_moved(before, after, steps, dtype)


def test_weight_decay_in_front_of_adam_is_adamw() -> None:
    chained = net_with([{"weight_decay": 0.4}, {"adam": 0.05}])
    whole = net_with({"adamw": {"lr": 0.05, "weight_decay": 0.4}})
    for x, y in batches(5):
        chained.step(x, y)
        whole.step(x, y)
    for label, p in whole.parameters.items():
        np.testing.assert_allclose(chained.parameters[label], p, rtol=1e-12, atol=1e-15)


def test_l2_is_weight_decay_under_sgd_and_is_not_under_adam() -> None:
    def after(optimizer: Any) -> np.ndarray:
        return one_step(optimizer)[2]["0_dense.w"]

    np.testing.assert_allclose(after([{"l2": 0.3}, {"sgd": LR}]), after([{"weight_decay": 0.3}, {"sgd": LR}]), atol=1e-14)
    assert np.abs(after([{"l2": 0.3}, {"adam": LR}]) - after([{"weight_decay": 0.3}, {"adam": LR}])).max() > 1e-3


def test_links_work_in_the_order_written() -> None:
    before, gradients, after, _ = one_step([{"l2": 2.0}, {"clip_value": 0.2}, {"sgd": LR}])
    g, p = gradients["0_dense.w"], before["0_dense.w"]
    first_l2 = LR * np.clip(g + 2.0 * p, -0.2, 0.2)
    first_clip = LR * (np.clip(g, -0.2, 0.2) + 2.0 * p)
    np.testing.assert_allclose(before["0_dense.w"] - after["0_dense.w"], first_l2, atol=1e-14)
    before, _, after, _ = one_step([{"clip_value": 0.2}, {"l2": 2.0}, {"sgd": LR}])
    np.testing.assert_allclose(before["0_dense.w"] - after["0_dense.w"], first_clip, atol=1e-14)
    assert np.abs(first_l2 - first_clip).max() > 0.1


def test_two_links_of_a_kind_keep_states_of_their_own() -> None:
    _, gradients, after, _ = one_step([{"l2": 0.1}, {"l2": 0.2}, {"sgd": LR}])
    _, _, once, _ = one_step([{"l2": 0.3}, {"sgd": LR}])
    for label in gradients:
        np.testing.assert_allclose(after[label], once[label], atol=1e-14)


def test_options_of_train_stand_in_front_of_the_chain() -> None:
    options = {"clip_norm": 0.7, "clip_value": 0.1, "l1": 0.01, "l2": 0.02, "weight_decay": 0.03}
    recipe = {"input": [2], "model": [{"point": [1.0, 2.0]}], "loss": "surface", "optimizer": "adam", "train": options}
    assert [link.name for link in chain_of(load(recipe))] == [*options, "adam"]
    chain = [*({name: value} for name, value in options.items()), {"adam": 0.05}]
    by_chain, by_train = one_step(chain), one_step({"adam": 0.05}, train=options)
    for label in by_chain[2]:
        np.testing.assert_array_equal(by_chain[2][label], by_train[2][label])


FAULTS = [
    ([{"sgd": 0.1}, {"clip_norm": 1.0}], {}, "ends in clip_norm"),
    ({"l2": 0.1}, {}, "ends in l2"),
    ([{"sgd": 0.1}, "adam"], {}, "two optimizers in one chain, sgd and adam"),
    ([{"clip_value": 0.1}, {"clip_norm": 1.0}, "adam"], {}, "clip_norm after clip_value"),
    ([{"clip_norm": 1.0}, "adam"], {"l2": 0.1}, "clip_norm after l2"),
]


@pytest.mark.parametrize(("optimizer", "train", "words"), FAULTS, ids=[f[2] for f in FAULTS])
def test_what_is_no_chain_is_an_error_of_the_recipe(optimizer: Any, train: dict[str, Any], words: str) -> None:
    recipe = {"input": [1], "model": [{"point": [1.0, 2.0]}], "loss": "surface", "optimizer": optimizer, "train": train}
    with pytest.raises(RecipeError, match=words):
        dllab.build(recipe)
