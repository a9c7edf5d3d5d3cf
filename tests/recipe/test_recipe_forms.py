"""What a recipe may say, and what it then means."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest
from conftest import SPIRALS
from recipe_fakes.initializers.some import Normal, Xavier
from recipe_fakes.layers.blocks import Bidirectional, Branches, Repeat, Residual
from recipe_fakes.layers.simple import Conv, Dense, LeakyRelu, Lstm, Tanh
from recipe_fakes.optimizers.some import Adam, ClipNorm, Lookahead, Sgd

from dllab.recipe import EarlyStop, FoldOptions, LayerEntry, Recipe, RecipeError, TrainOptions, load, parse

SMALL = {"input": [2], "model": ["tanh"]}


def made(**keys: object) -> Recipe:
    return load({**SMALL, **keys})


def layers(*written: object) -> tuple[LayerEntry, ...]:
    return made(model=list(written)).model


def test_a_whole_recipe() -> None:
    recipe = parse(SPIRALS)
    assert recipe.about.startswith("Three spirals")
    assert recipe.data is not None and recipe.data.model_dump() == {
        "classes": 3,
        "noise": 0.2,
        "samples": 900,
        "test": 0.25,
    }
    assert [entry.part.name for entry in recipe.model] == ["dense", "tanh", "dense", "tanh", "residual", "dense"]
    assert recipe.model[2] == LayerEntry(Dense(units=32, init=Xavier()), "hidden")
    assert recipe.model[5] == LayerEntry(Dense(units="classes"), None, "hidden")
    assert recipe.optimizer == (Adam(lr=0.01),)
    assert recipe.schedule.model_dump() == {"warmup": 50, "floor": 0.0}
    assert recipe.train == TrainOptions(epochs=60, clip_norm=1.0, early_stop=EarlyStop(patience=10))
    assert recipe.expect == {"test_accuracy": 0.97}
    assert recipe.text == SPIRALS


def test_what_is_left_out() -> None:
    recipe = made()
    assert recipe.about == "" and recipe.data is None and recipe.input == (2,)
    assert recipe.loss is None and recipe.metrics is None and recipe.expect == {}
    assert recipe.optimizer == (Adam(),) and recipe.schedule.name == "constant"
    assert recipe.train == TrainOptions()
    assert dataclasses.asdict(TrainOptions()) == {
        "epochs": 20,
        "steps": None,
        "batch": 32,
        "seed": 0,
        "dtype": "float32",
        "shuffle": True,
        "bucket_lengths": False,
        "carry_state": False,
        "clip_norm": None,
        "clip_value": None,
        "l1": 0.0,
        "l2": 0.0,
        "weight_decay": 0.0,
        "evaluate_every": None,
        "early_stop": None,
        "checkpoint": {"every": None, "best": False, "last": True},
        "folds": None,
    }


@pytest.mark.parametrize(
    "written", ["adam", {"name": "adam"}, {"adam": None}, {"adam": {}}, {"name": "adam", "lr": 0.001}, {"adam": 0.001}]
)
def test_a_part_in_every_form(written: object) -> None:
    assert made(optimizer=written).optimizer == (Adam(),)


def test_a_chain_of_optimizers() -> None:
    assert made(optimizer=[{"clip_norm": 1.0}, {"adam": {"lr": 0.01}}]).optimizer == (
        ClipNorm(limit=1.0),
        Adam(lr=0.01),
    )


@pytest.mark.parametrize(
    "written",
    [
        {"lookahead": {"sgd": 0.1}},
        {"lookahead": {"name": "sgd", "lr": 0.1}},
        {"lookahead": {"inner": {"sgd": {"lr": 0.1}}}},
        {"name": "lookahead", "inner": {"sgd": 0.1}},
    ],
)
def test_a_part_inside_a_part(written: object) -> None:
    assert made(optimizer=written).optimizer == (Lookahead(inner=Sgd(lr=0.1)),)


def test_layers_with_parts_inside() -> None:
    assert layers({"dense": {"units": 3, "init": {"normal": 0.1}}})[0].part == Dense(units=3, init=Normal(deviation=0.1))
    assert layers({"dense": {"units": 3, "init": None}})[0].part == Dense(units=3)


def test_blocks_nest() -> None:
    inner = (LayerEntry(Dense(units=4)), LayerEntry(LeakyRelu(slope=0.1)))
    written = [{"dense": 4}, {"leaky_relu": 0.1}]
    assert layers({"residual": written})[0].part == Residual(layers=inner)
    assert layers({"residual": {"layers": written, "scale": 2}})[0].part == Residual(layers=inner, scale=2.0)
    assert layers({"repeat": {"times": 3, "layers": written}})[0].part == Repeat(times=3, layers=inner)
    assert layers({"branches": [written, ["tanh"]]})[0].part == Branches(paths=(inner, (LayerEntry(Tanh()),)))


def test_a_layer_around_a_layer() -> None:
    expected = Bidirectional(layer=Lstm(units=8))
    assert layers({"bidirectional": {"lstm": 8}})[0].part == expected
    labelled = layers({"bidirectional": {"name": "both", "layer": {"lstm": 8}}})[0]
    assert (labelled.part, labelled.label) == (expected, "both")


def test_lists_become_tuples_and_whole_numbers_numbers() -> None:
    assert layers({"conv2d": {"filters": 8, "kernel": [5, 3]}})[0].part == Conv(filters=8, kernel=(5, 3))
    slope = layers({"leaky_relu": 1})[0].part.slope  # type: ignore[attr-defined]
    assert slope == 1.0 and isinstance(slope, float)


def test_yaml_1_2_numbers() -> None:
    recipe = parse("input: [2]\nmodel: [tanh]\noptimizer: {adam: 1e-3}\ntrain: {batch: full, l2: 1e-4}\n")
    assert recipe.optimizer == (Adam(lr=0.001),)
    assert recipe.train.batch == "full" and recipe.train.l2 == 1e-4


def test_labels_and_sources() -> None:
    model = layers(
        {"dense": {"units": 4, "name": "a"}},
        {"residual": {"layers": [{"dense": {"units": 4, "from": "a", "name": "b"}}, {"tanh": {"from": ["a", "b"]}}]}},
        {"tanh": {"from": "input", "name": "c"}},
        {"tanh": {"from": ["a", "c"]}},
    )
    inner = model[1].part.layers  # type: ignore[attr-defined]
    assert [(entry.label, entry.source) for entry in inner] == [("b", "a"), (None, ("a", "b"))]
    assert [(entry.label, entry.source) for entry in model[2:]] == [("c", "input"), (None, ("a", "c"))]


@pytest.mark.parametrize(
    "model",
    [
        [{"tanh": {"from": "a"}}, {"tanh": {"name": "a"}}],  # below
        [{"tanh": {"name": "a", "from": "a"}}],  # itself
        [{"residual": [{"tanh": {"name": "a"}}]}, {"tanh": {"from": "a"}}],  # inside a block
        [{"branches": [[{"tanh": {"name": "a"}}], [{"tanh": {"from": "a"}}]]}],  # in the other branch
        [{"residual": {"name": "a", "layers": [{"tanh": {"from": "a"}}]}}],  # the block around it
        [{"tanh": {"from": []}}],
    ],
)
def test_sources_that_are_not_above(model: list[object]) -> None:
    with pytest.raises(RecipeError) as raised:
        layers(*model)
    assert len(raised.value.problems) == 1


def test_early_stop_by_patience_alone() -> None:
    assert made(train={"early_stop": 10}).train.early_stop == EarlyStop(patience=10)
    assert made(train={"early_stop": {"patience": 3, "metric": "accuracy"}}).train.early_stop == EarlyStop(3, "accuracy")
    assert made(train={"early_stop": None}).train.early_stop is None


def test_folds_by_their_count_alone() -> None:
    assert made(train={"folds": 5}).train.folds == FoldOptions(count=5, repeats=1)
    assert made(train={"folds": {"count": 13, "repeats": 10}}).train.folds == FoldOptions(13, 10)
    assert made(train={"folds": None}).train.folds is None


def test_steps_instead_of_epochs() -> None:
    options = made(train={"steps": 100}).train
    assert (options.epochs, options.steps) == (None, 100)


def test_empty_keys_count_as_absent() -> None:
    assert parse("about:\ninput: [2]\ndata:\nmodel: [tanh]\nloss:\ntrain:\noptimizer:\n") == load(SMALL)


def test_equal_wherever_written(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("# a comment\n" + SPIRALS, encoding="utf-8")
    read = load(path)
    assert read == parse(SPIRALS)
    assert (read.name, read.source_path) == ("other", path)
    assert read.model[0].place.line == 5 and str(read.place("loss")) == f"{path}:13:1"


def test_recipes_travel_between_processes() -> None:
    recipe = parse(SPIRALS)
    assert pickle.loads(pickle.dumps(recipe)) == recipe


def test_errors_travel_between_processes() -> None:
    with pytest.raises(RecipeError) as raised:
        parse("model: [tnh]\n")
    copy = pickle.loads(pickle.dumps(raised.value))
    assert str(copy) == str(raised.value) and copy.problems == raised.value.problems
