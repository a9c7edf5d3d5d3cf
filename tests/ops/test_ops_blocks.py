"""Blocks: residual, branches, repeat; what labels and `from:` do in and around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, plain, run
from nets import batch, net, worst_error

import dllab
from dllab.core.settings import jit_enabled
from dllab.ops import join
from dllab.recipe import RecipeError

RNG = np.random.default_rng(2)


def reads(source: str, kind: str = "identity", **options: Any) -> Any:
    """A layer with a `from:`."""
    return {kind: {**options, "from": source}}


def named(name: str, units: int = 4) -> Any:
    """A dense layer with a label."""
    return {"dense": {"units": units, "name": name}}


def dense(network: Any, path: str, x: np.ndarray) -> np.ndarray:
    """What a dense layer makes of x."""
    return x @ network.parameters[f"{path}.w"] + network.parameters[f"{path}.b"]


# ---- kernels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_sums(call: Any, precision: str) -> None:
    x, f = RNG.normal(size=(2, 19)).astype(precision)
    x[3], f[4] = np.nan, np.inf
    y, back = np.empty_like(x), np.empty_like(x)
    call(join.add, precision, y=y, x=x, f=f)
    np.testing.assert_array_equal(y, x + f)
    call(join.add_more, precision, y=y, x=x)
    np.testing.assert_array_equal(y, x + f + x)
    call(join.add_backward_x, precision, dx=back, dy=f)
    np.testing.assert_array_equal(back, f)
    call(join.add_backward_f, precision, df=back, dy=x)
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_columns_side_by_side(call: Any, precision: str) -> None:
    y = np.zeros((12, 9), precision)
    x = RNG.normal(size=(12, 5)).astype(precision)
    expected = y.copy()
    expected[:, 2:7] = x
    call(join.put, precision, y=y, x=x, at=2)
    np.testing.assert_array_equal(y, expected)
    dx = np.empty_like(x)
    call(join.put_backward, precision, dx=dx, dy=y, at=2)
    np.testing.assert_array_equal(dx, x)


@pytest.mark.skipif(not jit_enabled(), reason="machine code needs JIT")
@pytest.mark.parametrize("kernel", [join.add, join.add_more])
def test_sums_are_packed(kernel: Any) -> None:
    code = assembly(kernel)
    assert "addps" in code and "cvtps2pd" not in code


# ---- forward -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_residual_adds_its_input(precision: str) -> None:
    network = net([{"residual": [{"dense": 5}, "tanh", {"dense": 4}]}], [4], precision)
    x, _ = batch(network, 6)
    inner = dense(network, "0_residual.2_dense", np.tanh(dense(network, "0_residual.0_dense", x)))
    for training in (False, True):
        np.testing.assert_allclose(network.forward(x, training), x + inner, rtol=1e-5 if precision == "float32" else 1e-12)


def test_a_shortcut_brings_the_input_to_the_shape_of_the_rest() -> None:
    block = {"layers": [{"dense": 3}], "shortcut": [{"dense": {"units": 3, "bias": False}}]}
    network = net([{"residual": block}], [4])
    x, _ = batch(network, 6)
    expected = dense(network, "0_residual.0_dense", x) + x @ network.parameters["0_residual.shortcut.0_dense.w"]
    np.testing.assert_allclose(network.forward(x), expected, rtol=1e-12)


@pytest.mark.parametrize("inputs", [[4], [3, 4]])
def test_branches_side_by_side_and_added(inputs: list[int]) -> None:
    for join_by, units in (("concat", (2, 1, 3)), ("add", (3, 3, 3))):
        paths = [[{"dense": u}] for u in units]
        network = net([{"branches": {"paths": paths, "join": join_by}}], inputs)
        x, _ = batch(network, 5)
        ends = [dense(network, f"0_branches.{k}.0_dense", x) for k in range(3)]
        expected = np.concatenate(ends, axis=-1) if join_by == "concat" else sum(ends)
        for training in (False, True):
            np.testing.assert_allclose(network.forward(x, training), expected, rtol=1e-12)


def test_repetitions_follow_each_other_and_share_nothing() -> None:
    network = net([{"repeat": {"times": 3, "layers": [{"dense": 4}, "tanh"]}}], [2])
    assert list(network.parameters) == [f"0_repeat.{k}.0_dense.{p}" for k in range(3) for p in "wb"]
    x, _ = batch(network, 5)
    y = x
    for k in range(3):
        y = np.tanh(dense(network, f"0_repeat.{k}.0_dense", y))
    np.testing.assert_allclose(network.forward(x), y, rtol=1e-12)
    fresh = dllab.build({"input": [4], "model": [{"repeat": {"times": 2, "layers": [{"dense": 4}]}}]})
    assert not np.allclose(fresh.parameters["0_repeat.0.0_dense.w"], fresh.parameters["0_repeat.1.0_dense.w"])


def test_inner_layers_start_as_the_activation_behind_them_asks() -> None:
    """Of 400 inputs He draws from +-sqrt(6/400); Xavier to 100 units from +-sqrt(6/500)."""
    for block, path in (({"residual": [{"dense": 400}]}, "0_residual.0_dense.w"),
                        ({"branches": [[{"dense": 100}], [{"dense": 100}]]}, "0_branches.1.0_dense.w"),
                        ({"repeat": {"times": 2, "layers": [{"dense": 400}]}}, "0_repeat.1.0_dense.w")):  # fmt: skip
        drawn = {}
        for activation in ("relu", "tanh"):
            network = dllab.build({"input": [400], "model": [block, activation, {"dense": 2}]})
            drawn[activation] = network.parameters[path].std()
        units = network.parameters[path].shape[1]
        assert drawn["relu"] == pytest.approx(np.sqrt(2 / 400), rel=0.05)
        assert drawn["tanh"] == pytest.approx(np.sqrt(2 / (400 + units)), rel=0.05)


# ---- gradients -----------------------------------------------------------------------------------------------------

BEFORE: list[Any] = [named("hidden"), "tanh"]
BLOCKS = {
    "residual": [{"residual": [{"dense": 5}, "tanh", {"dense": 4}]}],
    "residual of nothing": [{"residual": ["identity"]}],
    "nested": [{"residual": [{"residual": [{"dense": 4}, "tanh"]}, {"dense": 4}]}],
    "shortcut": [{"residual": {"layers": [{"dense": 2}, "tanh"], "shortcut": [{"dense": 2}]}}],
    "concat": [{"branches": [[{"dense": 2}, "tanh"], ["identity"], [{"dense": 1}]]}],
    "add": [{"branches": {"paths": [["identity"], [{"dense": 4}], ["identity"], ["tanh"]], "join": "add"}}],
    "repeat": [{"repeat": {"times": 3, "layers": [{"residual": [{"dense": 4}, "tanh"]}]}}],
    "from before": [{"dense": 3}, "tanh", reads("hidden", "dense", units=4)],
    "from inside": [{"residual": ["tanh", reads("hidden", "dense", units=4)]}],
    "from within": [{"residual": [named("deep"), "tanh", {"residual": [reads("deep", "tanh")]}]}],
    "from in repeat": [{"repeat": {"times": 2, "layers": [named("own"), "tanh", {"branches": {
        "paths": [["identity"], [reads("own")], [reads("hidden")]], "join": "add"}}]}}],
    "joined by label": [named("other", 3), "tanh",
                        {"branches": [[reads("hidden")], [reads("other")]]}],
    "the input": [{"branches": [["identity"], [reads("input", "dense", units=2)], [reads("input")]]}],
    "a layer nobody reads": [{"dense": 3}, reads("hidden", "dense", units=2)],
}  # fmt: skip


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("name", BLOCKS)
def test_gradients(name: str, shards: int) -> None:
    network = net([*BEFORE, *BLOCKS[name], {"dense": 2}], [3], shards=shards)
    assert worst_error(network) < 1e-8


@pytest.mark.parametrize("name", ["nested", "concat", "add", "repeat"])
def test_gradients_at_every_position(name: str) -> None:
    assert worst_error(net([*BEFORE, *BLOCKS[name]], [2, 3]), 3) < 1e-8


@pytest.mark.parametrize("paths", [[[{"dense": 2}], ["identity"]], [["identity"], [{"dense": 2}]]])
@pytest.mark.parametrize("join_by", ["concat", "add"])
def test_a_path_that_needs_no_gradient_does_not_stop_the_others(paths: list[Any], join_by: str) -> None:
    """The bare input needs none; in whichever order the paths come, the dense one still learns."""
    network = net([{"branches": {"paths": paths, "join": join_by}}, "tanh"], [2])
    assert worst_error(network) < 1e-8
    gradients = network.loss_and_gradients(*batch(network, 5))[1]
    assert all(np.abs(g).max() > 1e-3 for g in gradients.values())


def test_two_uses_add_up_and_the_first_writer_stores() -> None:
    """Hidden is read three times: once it is stored to, twice added to."""
    model = [named("hidden"), {"residual": [{"dense": 4}]}, {"residual": [reads("hidden", "tanh")]}]
    rows = [row for row in net(model, [3]).plan.program("train").rows if row.kernel]
    titles = [row.kernel.title for row in rows if row.kernel]
    extra = [row for row in rows if row.kernel and row.kernel.title == "plan.totals.add_into"]
    assert len(extra) == 2
    assert {row.operands["to"].name for row in extra} == {"dhidden.y"}
    assert titles.count("ops.join.add") == 2


# ---- names and labels ----------------------------------------------------------------------------------------------


def test_labels_name_parameters() -> None:
    end = {"residual": {"layers": [{"dense": 4}], "name": "end"}}
    network = net(
        [named("hidden"), {"residual": [named("inner")]}, end, {"repeat": {"times": 2, "layers": [named("again")]}}], [4]
    )
    names = [label.removesuffix(".w") for label in network.parameters if label.endswith(".w")]
    assert names == ["hidden", "1_residual.inner", "end.0_dense", "3_repeat.0.again", "3_repeat.1.again"]


def test_from_reads_the_labelled_layer() -> None:
    network = net([named("hidden"), "tanh", reads("hidden", "dense", units=3)], [2])
    x, _ = batch(network, 5)
    np.testing.assert_allclose(network.forward(x), dense(network, "2_dense", dense(network, "hidden", x)), rtol=1e-12)


def test_from_input_reads_the_inputs_even_inside_a_block() -> None:
    network = net([{"dense": 4}, "tanh", {"residual": [reads("input", "dense", units=4)]}], [2])
    x, _ = batch(network, 5)
    expected = np.tanh(dense(network, "0_dense", x)) + dense(network, "2_residual.0_dense", x)
    np.testing.assert_allclose(network.forward(x), expected, rtol=1e-12)


def test_a_final_activation_that_reads_elsewhere_is_not_taken_for_the_one_above() -> None:
    """The loss works on what goes into the softmax: here on `scores`, not on the layer between."""
    model = [named("scores", 3), {"dense": 3}, reads("scores", "softmax")]
    network = net(model, [2], loss="cross_entropy")
    x, labels = RNG.normal(size=(6, 2)), RNG.integers(0, 3, 6)
    loss, gradients = network.loss_and_gradients(x, labels)
    p = network.forward(x)
    assert loss == pytest.approx(-np.log(p[np.arange(6), labels]).mean(), rel=1e-9)
    hot = (p - np.eye(3)[labels]) / 6
    np.testing.assert_allclose(gradients["scores.w"], x.T @ hot, rtol=1e-7)
    assert not gradients["1_dense.w"].any()


# ---- what does not fit ---------------------------------------------------------------------------------------------


def unwrapped(error: pytest.ExceptionInfo[RecipeError]) -> str:
    """The message without its line breaks."""
    return " ".join(str(error.value).split())


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"residual": [{"dense": 3}]}, ["0_residual", "(B, 3)", "(B, 4)", "`dense: 4`", "`shortcut: projection`"]),
        ({"residual": {"layers": [{"dense": 3}], "shortcut": [{"dense": 2}]}}, ["(B, 3)", "(B, 2)", "shortcut", "equal"]),
        ({"branches": {"paths": [[{"dense": 3}], [{"dense": 2}]], "join": "add"}}, ["(B, 3), (B, 2)", "concat"]),
        ({"branches": [["identity"]]}, ["paths", "2"]),
        ({"repeat": {"times": 0, "layers": ["relu"]}}, ["times", "1"]),
        ({"repeat": {"layers": ["relu"]}}, ["times"]),
    ],
)
def test_what_does_not_fit_is_told_with_a_way_out(block: Any, words: list[str]) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": [4], "model": [block], "loss": "mse"})
    for word in words:
        assert word in unwrapped(error)


def test_a_layer_in_a_block_that_does_not_fit_shows_the_way_down() -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": [4], "model": [{"dense": 6}, {"residual": [{"dense": 6}, {"residual": [{"dense": 5}]}]}]})
    text = unwrapped(error)
    assert "1_residual.1_residual" in text and "1_residual.0_dense (B, 6)" in text


def test_several_sources_are_pointed_to_branches() -> None:
    model = [named("a", 2), named("b", 2), {"dense": {"units": 2, "from": ["a", "b"]}}]
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": [4], "model": model, "loss": "mse"})
    assert "branches: [[identity: {from: a}], [identity: {from: b}]]" in unwrapped(error)
