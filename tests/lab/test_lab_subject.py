"""Nets to look into, and what was seen while they were trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab import recording
from dllab.lab.activations import activations
from dllab.lab.subject import Subject
from dllab.lab.suits import VIEWS, Unsuited, check
from dllab.plan import split
from dllab.recipe import RecipeError, load
from dllab.runs.opened import Opened
from dllab.runs.train import train
from dllab.training.trainer import Trainer

WHOLE = {
    "data": {"name": "moons", "samples": 80},
    "model": [{"dense": 8}, "relu", {"dense": 8}, "tanh", {"dense": "classes"}],
    "optimizer": {"sgd": 0.1},
    "train": {"epochs": 20, "batch": "full"},
}


@pytest.fixture(params=["one shard", "halves"])
def whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """WHOLE, also with its dense layers split among two shards by units."""
    if request.param == "one shard":
        return WHOLE
    monkeypatch.setattr(split, "WEIGHTS_WORTH_IT", 1)
    halved = {**WHOLE, "model": [{"dense": 32}, "relu", {"dense": 32}, "tanh", {"dense": "classes"}]}
    assert Trainer(load(halved)).network.plan.pairs == {0: split.Pair(0, 2)}
    return halved


def test_a_trace_begins_with_the_untrained_net(whole: dict[str, Any]) -> None:
    before, seen = Subject.untrained(load(whole)), Subject.trained(load(whole), watched=True)
    rows = before.data.splits.train
    inference, backward = before.inference(rows), before.backward(rows)
    trace = seen.trace
    assert trace is not None
    np.testing.assert_array_equal(trace.steps, np.arange(20))
    assert [layer.path for layer in trace.layers] == ["0_dense", "1_relu", "2_dense", "3_tanh", "4_dense"]
    for layer in trace.layers:
        values = inference.output(layer.path)
        assert layer.mean[0] == pytest.approx(values.mean(), abs=1e-6)
        assert layer.spread[0] == pytest.approx(values.std(), rel=1e-4)
        assert (layer.least[0], layer.most[0]) == pytest.approx((values.min(), values.max()), rel=1e-6)
        assert layer.zeros[0] == pytest.approx((values == 0).mean())
        edges = np.linspace(-1, 1, layer.histogram.shape[1] + 1)
        counts = np.histogram(values / (1 + abs(values)), edges)[0]
        assert np.abs(layer.histogram[0] - counts / values.size).sum() < 4 / values.size, "but for numbers at an edge"
        np.testing.assert_allclose(layer.active[0], (values != 0).mean(0))
        slopes = backward.output_gradient(layer.path)
        assert slopes is not None and layer.gradient is not None
        assert layer.gradient[0] == pytest.approx(len(rows) * np.sqrt((slopes**2).mean()), rel=1e-4)
    relu, tanh = trace.layers[1], trace.layers[3]
    assert relu.dead is not None and tanh.dead is None and relu.flat is None and tanh.flat is not None
    assert relu.dead[0] == pytest.approx((inference.output("1_relu") == 0).all(0).mean())
    assert tanh.flat[0] == pytest.approx((abs(inference.output("3_tanh")) >= 0.9695).mean())
    for parameter in trace.parameters:
        gradient = backward.gradients()[parameter.label]
        assert parameter.gradient[0] == pytest.approx(np.linalg.norm(gradient), rel=1e-4)
        assert parameter.update[0] == pytest.approx(0.1 * np.linalg.norm(gradient), rel=1e-3)
        assert parameter.norm[0] == pytest.approx(np.linalg.norm(before.network.parameters[parameter.label]), rel=1e-5)


def test_gradients_are_those_of_an_example_however_many_a_batch_has() -> None:
    recipe = load(WHOLE, ["train.batch=50", "train.shuffle=false", "train.epochs=1", "optimizer.lr=1e-9"])
    before, seen = Subject.untrained(recipe), Subject.trained(recipe, watched=True).trace
    rows = before.data.splits.train
    assert seen is not None and (len(rows), seen.per_epoch) == (60, 2)
    for number, part in enumerate((rows[:50], rows[50:])):
        slopes = before.backward(part).output_gradient("1_relu")
        assert slopes is not None and seen.layers[1].gradient is not None
        assert seen.layers[1].gradient[number] == pytest.approx(len(part) * np.sqrt((slopes**2).mean()), rel=1e-4)


@compiled_only
def test_padding_is_not_counted() -> None:
    recipe = load("reber", ["train.epochs=", "train.steps=1", "train.batch=full"])
    before, seen = Subject.untrained(recipe), Subject.trained(recipe, watched=True).trace
    path = next(info.path for info in before.network.plan.infos if info.kind == "lstm")
    inside = before.inference(before.rows("train"))
    lengths, states = inside.lengths(path), inside.output(path)
    assert seen is not None and lengths is not None and lengths.min() < lengths.max()
    there = np.concatenate([states[n, :end] for n, end in enumerate(lengths)])
    layer = next(layer for layer in seen.layers if layer.path == path)
    assert layer.zeros[0] == 0 < (states == 0).mean()
    assert layer.spread[0] == pytest.approx(there.std(), rel=0.1)


@compiled_only
@pytest.mark.parametrize(("name", "pairs"), [("spirals", 0), ("spirals", 1), ("digits-cnn", 0)])
def test_watching_changes_nothing(name: str, pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if pairs:
        monkeypatch.setattr(split, "WEIGHTS_WORTH_IT", 1)
    recipe = load(name, ["train.epochs=2"])
    assert len(Trainer(recipe, watch=recording.watch).network.plan.pairs) == pairs
    plain, watched = Subject.trained(recipe), Subject.trained(recipe, watched=True)
    for label, values in plain.network.parameters.items():
        np.testing.assert_array_equal(values, watched.network.parameters[label])
    assert plain.trace is None and plain.ended is not None and watched.ended is not None
    assert plain.ended.figures == watched.ended.figures
    assert plain.figure("loss") == plain.ended.figures["test"]["loss"] and np.isnan(plain.figure("nothing"))


@pytest.mark.parametrize(("steps", "every"), [(1, 1), (63, 1), (640, 10), (5000, 64), (1_000_000, 977)])
def test_how_often_it_looks(steps: int, every: int) -> None:
    assert recording.watch(Subject.untrained(load(WHOLE)).network.plan, steps)[1] == every


def test_the_net_of_a_run(tmp_path) -> None:
    result = train(load(WHOLE), seed=3, run_dir=tmp_path)
    assert result.folder is not None
    found = Subject.of_run(Opened(result.folder))
    same = Subject.trained(load(WHOLE), seed=3)
    for label, values in found.network.parameters.items():
        np.testing.assert_array_equal(values, same.network.parameters[label])
    assert (found.state, found.steps, found.same_data) == ("trained", 20, True)


def test_examples_come_from_the_test_split_and_evenly() -> None:
    found = Subject.untrained(load(WHOLE))
    test = found.data.splits.test
    np.testing.assert_array_equal(found.rows(), test)
    assert found.rows(most=3).tolist() == [test[0], test[round((len(test) - 1) / 2)], test[-1]]
    np.testing.assert_array_equal(found.rows("train"), found.data.splits.train)


def test_no_data_and_folds_are_refused() -> None:
    with pytest.raises(RecipeError, match="no data to look at"):
        Subject.untrained(load({"input": [2], "model": [{"dense": 1}]}))
    with pytest.raises(RecipeError, match="one training"):
        Subject.trained(load(WHOLE, ["train.folds=3"]))


@pytest.mark.parametrize(
    ("name", "suited"),
    [
        ("spirals", {"viz-boundary"}),
        ("digits-cnn", {"viz-filters"}),
        ("names-gpt", {"viz-attention", "viz-embeddings"}),
        ("function", {"viz-boundary"}),
        ("modular-addition", {"viz-embeddings"}),
        ("autompg", set()),
        ("glove", {"viz-embeddings"}),
    ],
)
def test_views_that_make_no_sense_name_those_that_do(name: str, suited: set[str]) -> None:
    subject = Subject.untrained(load(name))
    choosy = {"viz-boundary", "viz-filters", "viz-attention", "viz-embeddings"}
    for view in VIEWS:
        if view in choosy - suited or (view, name) == ("viz-predictions", "glove"):
            with pytest.raises(Unsuited, match=view) as refusal:
                check(view, subject.network.plan, subject.data)
            assert all(other in refusal.value.hint for other in suited) and view not in refusal.value.hint
        else:
            check(view, subject.network.plan, subject.data)


STOPPED = {**WHOLE, "data": {**WHOLE["data"], "validation": 0.25}, "optimizer": {"sgd": 1.0},
           "train": {"epochs": 200, "batch": 8, "early_stop": {"patience": 3}}}  # fmt: skip


@compiled_only
def test_the_step_whose_weights_training_went_back_to_is_known_of_a_recipe_and_of_its_run(tmp_path: Path) -> None:
    kept = train(STOPPED, run_dir=tmp_path)
    assert kept.folder is not None and kept.status == "stopped"
    found, opened = Subject.trained(load(STOPPED)), Subject.of_run(Opened(kept.folder))
    assert found.best_step is not None and 0 < found.best_step < found.steps
    assert (opened.steps, opened.best_step) == (found.steps, found.best_step)
    then = Subject.trained(load(STOPPED, [f"train.steps={found.best_step}", "train.epochs=", "train.early_stop="]))
    for subject in (found, opened):
        for label, values in then.network.parameters.items():
            np.testing.assert_array_equal(subject.network.parameters[label], values)
    assert activations(found, "test").best_step == found.best_step


@compiled_only
def test_weights_that_training_did_not_go_back_to_are_those_of_its_end() -> None:
    subject = Subject.trained(load(STOPPED, ["train.early_stop.restore_best=false"]))
    assert subject.ended is not None and subject.ended.status == "stopped"
    assert subject.ended.best_epoch != subject.ended.epochs and subject.best_step is None


def test_the_run_that_a_net_begins_with_is_looked_for_in_the_folder_that_is_given(tmp_path: Path) -> None:
    """Not in ./runs alone."""
    folder = train(WHOLE, ["train.epochs=1"], run_dir=tmp_path).folder
    assert folder is not None
    recipe = load({**WHOLE, "train": {"epochs": 1, "batch": "full"}, "init_from": folder.name})
    found = Subject.untrained(recipe, run_dir=str(tmp_path))
    kept = Subject.of_run(Opened(folder))
    np.testing.assert_array_equal(found.network.parameters["0_dense.w"], kept.network.parameters["0_dense.w"])
    assert Subject.trained(recipe, run_dir=str(tmp_path)).steps > 0
    with pytest.raises(RecipeError, match="neither a run nor a recipe"):
        Subject.trained(recipe)


def test_a_net_begins_with_the_weights_of_another_one() -> None:
    """And with nothing that the recipe names, which is not trained; what is frozen stays what it was."""
    other = Subject.untrained(load({**WHOLE, "data": {"name": "moons", "samples": 80, "seed": 3}}), seed=5)
    wanted = {**WHOLE, "init_from": "moons", "freeze": ["0_dense"], "train": {"epochs": 3}}
    net = Subject.trained(load(wanted), source=other.source())
    same = {name: np.array_equal(values, other.network.parameters[name]) for name, values in net.network.parameters.items()}
    assert same["0_dense.w"] and same["0_dense.b"] and not same["2_dense.w"]


def test_the_weights_of_a_net_are_copies() -> None:
    net = Subject.untrained(load(WHOLE))
    taken = net.source().arrays["0_dense.w"]
    net.network.parameters["0_dense.w"][...] = 0
    assert np.abs(taken).max() > 0
