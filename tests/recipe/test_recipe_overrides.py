"""Overrides change what a recipe says, and are checked like the rest of it."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SPIRALS

from dllab.recipe import RecipeError, load, parse

CHAIN = {"optimizer": [{"clip_norm": 1.0}, {"adam": {"lr": 0.01}}]}
SMALL = {"input": [2], "model": ["tanh"]}


def at(data: Any, path: str) -> Any:
    for step in path.split("/"):
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("optimizer.lr=0.1", "optimizer/adam/lr", 0.1),
        ("optimizer.lr=1e-1", "optimizer/adam/lr", 0.1),
        ("optimizer.adam.lr=0.1", "optimizer/adam/lr", 0.1),
        ("optimizer.adam=0.1", "optimizer/adam/lr", 0.1),
        ("optimizer[0].lr=0.1", "optimizer/adam/lr", 0.1),
        ("optimizer.betas[1]=0.99", "optimizer/adam/betas/1", 0.99),
        ("optimizer={sgd: 0.5}", "optimizer/sgd/lr", 0.5),
        ("optimizer=[{clip_norm: 2}, adam]", "optimizer/0/clip_norm/limit", 2.0),
        ("schedule.name=constant", "schedule/constant/warmup", 50),
        ("schedule.warmup=7", "schedule/cosine/warmup", 7),
        ("model[0].dense.units=64", "model/0/dense/units", 64),
        ("model[0].units=64", "model/0/dense/units", 64),
        ("model.0.dense.units=64", "model/0/dense/units", 64),
        ("model[-1].dense.units=5", "model/5/dense/units", 5),
        ("model.hidden.units=64", "model/2/dense/units", 64),
        ("model.hidden.dense.units=64", "model/2/dense/units", 64),
        ("model.hidden.init={normal: 0.5}", "model/2/dense/init/normal/deviation", 0.5),
        ("model.hidden={dense: {units: 9, name: hidden}}", "model/2/dense/units", 9),
        ("model.inside.units=3", "model/4/residual/layers/0/dense/units", 3),
        ("model[4].residual[1].leaky_relu=0.5", "model/4/residual/layers/1/leaky_relu/slope", 0.5),
        ("model[4].layers[1].slope=0.5", "model/4/residual/layers/1/leaky_relu/slope", 0.5),
        ("model[4].scale=3", "model/4/residual/scale", 3.0),
        ("model[1]=leaky_relu", "model/1/leaky_relu/slope", 0.01),
        ("model[0].name=first", "model/0/dense/name", "first"),
        ("model[3].from=input", "model/3/tanh/from", "input"),
        ("train.epochs=5", "train/epochs", 5),
        ("train.l2=0.1", "train/l2", 0.1),
        ("train.clip_norm=null", "train/clip_norm", None),
        ("train.early_stop=3", "train/early_stop/patience", 3),
        ("train.early_stop.min_delta=0.5", "train/early_stop/min_delta", 0.5),
        ("train.early_stop=", "train/early_stop", None),
        ("data.classes=5", "data/spirals/classes", 5),
        ("data={spirals: 4}", "data/spirals/classes", 4),
        ("data=moons", "data/moons/noise", 0.1),
        ("data.name=moons", "data/moons/noise", 0.1),
        ("metrics=[accuracy]", "metrics/0", "accuracy"),
        ("expect.test_loss=0.5", "expect/test_loss", 0.5),
        ("expect.test_accuracy=0.5", "expect/test_accuracy", 0.5),
        ("about=x = y", "about", "x = y"),
        (" train.epochs = 5", "train/epochs", 5),
    ],
)
def test_what_an_override_changes(override: str, path: str, value: object) -> None:
    text = SPIRALS
    if override == "data.name=moons":
        text = SPIRALS.replace("classes: 3, noise: 0.2, samples: 900, test: 0.25", "noise: 0.1")
    assert at(parse(text, [override]).resolved(), path) == value


def test_only_that_changes() -> None:
    changed = parse(SPIRALS, ["model.hidden.units=64"]).resolved()
    changed["model"][2]["dense"]["units"] = 32
    assert changed == parse(SPIRALS).resolved()


@pytest.mark.parametrize("override", ["optimizer.lr=0.5", "optimizer[1].lr=0.5", "optimizer.adam.lr=0.5"])
def test_chains(override: str) -> None:
    assert at(load({**SMALL, **CHAIN}, [override]).resolved(), "optimizer/1/adam/lr") == 0.5


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("optimizer.lr=0.1", "optimizer/adam/lr", 0.1),
        ("optimizer.sgd=0.1", "optimizer", None),
        ("schedule.warmup=3", "schedule/constant/warmup", 3),
        ("train.l2=0.1", "train/l2", 0.1),
        ("train.early_stop.patience=3", "train/early_stop/patience", 3),
        ("input[0]=7", "input/0", 7),
    ],
)
def test_keys_the_recipe_leaves_out(override: str, path: str, value: object) -> None:
    if value is None:
        with pytest.raises(RecipeError, match="unknown option 'sgd' of optimizer adam"):
            load(SMALL, [override])
    else:
        assert at(load(SMALL, [override]).resolved(), path) == value


def test_the_last_of_two_wins_and_they_build_on_each_other() -> None:
    overrides = ["optimizer=sgd", "optimizer.lr=0.5", "optimizer.momentum=0.9", "optimizer.lr=0.25"]
    assert load(SMALL, overrides).resolved()["optimizer"] == {"sgd": {"lr": 0.25, "momentum": 0.9, "nesterov": False}}


def test_overrides_leave_the_given_dict_alone() -> None:
    data = {"input": [2], "model": [{"dense": {"units": 3}}]}
    load(data, ["model[0].units=4"])
    assert data["model"] == [{"dense": {"units": 3}}]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.lrr=0.1", "unknown option 'lrr' of optimizer adam"),
        ("optimizer.lr.x=0.1", "optimizer.lr is 0.01: there is no optimizer.lr.x"),
        ("optimizer.lr=fast", "wrong value for option 'lr' of optimizer adam"),
        ("optimizer[1].lr=3", "optimizer is not a list: there is no optimizer[1]"),
        ("optimizer.name=[1]", "[1] is not the name of an optimizer"),
        ("trian.epochs=3", "unknown key 'trian' of the recipe"),
        ("train.epoch=3", "unknown option 'epoch' of train"),
        ("train.early_stopp.patience=3", "unknown option 'early_stopp' of train"),
        ("train[0]=3", "unknown option '0' of train"),
        ("model[6].units=3", "there is no model[6]"),
        ("model.hiden.units=3", "no layer of model is labelled 'hiden'"),
        ("model[0].tanh.units=3", "unknown option 'tanh' of model[0]"),
        ("model=3", "3 where a list of layers belongs"),
        ("metrics[0]=accuracy", "metrics is not set"),
        ("metrics.accuracy=1", "metrics is not set"),
        ("loss.delta=3", "unknown option 'delta' of loss cross_entropy"),
        ("expect.test_accuracy.x=3", "expect.test_accuracy is 0.97"),
        ("train.epochs", "an override without '='"),
        ("=3", "'' is not a path of keys"),
        ("a b=3", "'a b' is not a path of keys"),
        ("model[x]=3", "'model[x]' is not a path of keys"),
        ("model..x=3", "'model..x' is not a path of keys"),
        (".".join("a" * 70) + "=3", "a path of 70 keys"),
        ("train.epochs=[1", "a list that is not closed"),
        ("train.epochs=&a 3", "an anchor (&a)"),
        ("train.epochs={a: 1, a: 2}", "the key 'a' twice"),
        ("train.epochs=3\t", "a tab character"),
    ],
)
def test_refused_overrides(override: str, said: str) -> None:
    with pytest.raises(RecipeError) as raised:
        parse(SPIRALS, [override])
    found = [problem for problem in raised.value.problems if said in problem.message]
    assert found, str(raised.value)
    assert str(found[0].place).startswith("override ") and found[0].place.line is None
    assert found[0].hint


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("model.0_dense.units=9", "model/0/dense/units", 9),
        ("model.2_dense.units=9", "model/2/dense/units", 9),
        ("model.-1.units=9", "model/5/dense/units", 9),
        ("model.residual.scale=2", "model/4/residual/scale", 2.0),
        ("model.leaky_relu=0.5", "model/4/residual/layers/1/leaky_relu/slope", 0.5),
        ("model.leaky_relu.slope=0.5", "model/4/residual/layers/1/leaky_relu/slope", 0.5),
        ("model.leaky_relu={slope: 0.5}", "model/4/residual/layers/1/leaky_relu/slope", 0.5),
    ],
)
def test_layers_by_place_and_by_the_only_one_of_a_kind(override: str, path: str, value: object) -> None:
    assert at(parse(SPIRALS, [override]).resolved(), path) == value


@pytest.mark.parametrize(
    ("override", "path"),
    [
        ("model.residual={dense: {units: 3}}", "model[4]"),
        ("model[0].dense={tanh: {}}", "model[0]"),
        ("model.0_dense.dense={leaky_relu: 0.5}", "model[0]"),
        ("model.inside.dense={tanh: {}}", "model[4].residual[0]"),
        ("model.leaky_relu={dense: 3}", "model[4].residual[1]"),
    ],
)
def test_a_layer_where_options_belong_is_told_how_to_replace(override: str, path: str) -> None:
    with pytest.raises(RecipeError) as raised:
        parse(SPIRALS, [override])
    (problem,) = raised.value.problems
    assert "is a layer itself, and stands where options of" in problem.message
    written = problem.hint.removesuffix(" replaces the layer")
    assert written.startswith(path + "={")
    value = override.partition("={")[2]
    assert at(parse(SPIRALS, [f"{path}={{{value}"]).resolved(), "model")


def test_a_kind_without_a_short_form_is_replaced() -> None:
    recipe = {"input": [2], "model": [{"dense": 3}, "tanh"]}
    assert load(recipe, ["model.tanh=leaky_relu"]) == load({**recipe, "model": [{"dense": 3}, "leaky_relu"]})
    assert load(recipe, ["model.dense=5"]) == load({**recipe, "model": [{"dense": 5}, "tanh"]})


def test_a_label_comes_before_a_kind() -> None:
    recipe = {"input": [2], "model": [{"dense": 3}, {"dense": {"units": 4, "name": "dense"}}]}
    assert at(load(recipe, ["model.dense.units=9"]).resolved(), "model/1/dense/units") == 9


def test_several_layers_of_a_kind_are_told_apart_by_the_user() -> None:
    with pytest.raises(RecipeError) as raised:
        parse(SPIRALS, ["model.dense.units=9"])
    (problem,) = raised.value.problems
    assert problem.message == "4 layers of model are dense"
    assert problem.hint == (
        "say which: model[0], model[2] (hidden), model[4].residual[0] (inside), model[5]; or give one a label"
    )
    for path in ("model[0]", "model[2]", "model[4].residual[0]", "model[5]"):
        assert parse(SPIRALS, [f"{path}.units=9"]) != parse(SPIRALS)


def test_ambiguous_in_a_chain() -> None:
    data = {**SMALL, "optimizer": ["adam", {"sgd": 0.1}]}
    with pytest.raises(RecipeError, match=r"give its position: optimizer\[0\].lr, optimizer\[1\].lr"):
        load(data, ["optimizer.lr=1"])


def test_problems_of_the_recipe_and_of_overrides_together() -> None:
    with pytest.raises(RecipeError) as raised:
        parse("input: [2]\nmodel: [tnh]\n", ["train.epoch=3", "nonsense"])
    assert len(raised.value.problems) == 3


def test_an_override_can_mend_a_recipe() -> None:
    assert parse("input: [2]\nmodel: [tnh]\n", ["model[0]=tanh"]) == load(SMALL)


def test_a_key_that_an_override_sets_stands_in_the_override() -> None:
    recipe = load("moons", ["train={epochs: 3}", "optimizer.lr=0.5"])
    assert recipe.place("train").label == "override train={epochs: 3}"
    assert recipe.place("model").line == 2


def test_a_text_that_is_read_again_is_as_it_was_written() -> None:
    """The parser's events of a short text are kept; what overrides change, and places, are of one reading."""
    text = "input: [2]\nmodel: [{dense: {units: 3, bias: true}}, tanh]\n"
    changed = parse(text, ["model[0].dense.units=5", "model[1]=leaky_relu"], "first.yaml")
    again = parse(text, label="second.yaml")
    assert (changed.model[0].part.units, again.model[0].part.units) == (5, 3)
    assert again.model[1].part.name == "tanh" and again.places["model"].label == "second.yaml"


def test_a_text_that_cannot_be_read_is_refused_again_with_all_that_is_wrong() -> None:
    text = "about: &a b\nabout: *a\nmodel: [tanh\n"
    said = []
    for _ in range(2):
        with pytest.raises(RecipeError) as raised:
            parse(text, label="r.yaml")
        said.append(str(raised.value))
    assert said[0] == said[1] and "an anchor (&a)" in said[0] and "a list that is not closed" in said[0]
