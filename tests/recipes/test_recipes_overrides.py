"""Overrides of real recipes: what mistakes in them are told, at 80 columns; and that no text whatever ends otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dllab.recipe import RecipeError, load

GOLDEN = Path(__file__).parent / "overrides.golden"
RECIPE = """\
about: A recipe with everything that an override may change.
data: {name: spirals, noise: 0.1}
model:
  - dense: {units: 8, name: hidden}
  - tanh
  - residual: [dense: 8, relu]
  - branches: [[dense: 4], [dense: 5, selu]]
  - dense: classes
loss: cross_entropy
optimizer: [{clip_norm: 1.0}, {adam: {lr: 0.01}}]
train: {epochs: 5, early_stop: 3}
metrics: [accuracy, f1]
expect: {test_accuracy: 0.5}
"""

MISTAKES = [
    # no path, no value
    "train.epochs", "=5", "train..epochs=5", "model[0.units=5", "model[a].units=5", "train epochs=5",
    # unknown keys and options
    "optimiser.lr=1", "trian=5", "optimizer.lrr=1", "train.epoch=5", "train.early_stop.patiense=3", "data.nois=1",
    "loss.delta=1", "schedule.final=1", "metrics[0].x=1", "expect.test_acuracy=1", "expect.tset_loss=1", "about.x=1",
    # unknown parts
    "optimizer=admm", "loss=crossentropy", "data.name=moon", "model[1]=tanhh", "metrics=[acuracy]", "model[0].init=hee",
    # layers
    "model[5].units=1", "model[-6].units=1", "model.hiden.units=1", "model.dense.units=1", "model.gelu.x=1",
    "model.hidden.unit=1", "model.hidden.relu.x=1", "model.1_dense.units=1", "model[2].residual[7]=relu",
    "model.hidden=9", "model[1]=", "model=relu", "model=[]", "model.0_dense.units.x=1",
    # values
    "model[0].units=ten", "model[0].units=0", "model[0].units=1.5", "optimizer.lr=fast", "optimizer.lr=1e9",
    "optimizer.lr=1.25e12",
    "optimizer.lr=-1", "train.batch=all", "train.shuffle=maybe", "train.shuffle=yes", "train=5", "train.epochs=[1",
    "train.epochs={a: 1, a: 2}", "train.epochs=&a 3", "train.epochs=10_000", "optimizer.max_norm=[0.9, 0.99]",
    "data={name: moons, samples: many}", "input=[2]", "expect.test_accuracy=high",
    # chains
    "optimizer[2].lr=1", "optimizer.nothing=1", "optimizer.name=sgd",
]  # fmt: skip


def told(*overrides: str) -> str:
    """What is said of them; empty if nothing is wrong."""
    try:
        load(RECIPE, overrides)
    except RecipeError as error:
        return error.render(80)
    return ""


def test_what_is_said_of_every_mistake() -> None:
    text = "".join(f"{told(mistake)}\n\n" for mistake in MISTAKES)
    if os.environ.get("DLLAB_WRITE_GOLDENS") == "1":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_place_cause_and_what_to_do(mistake: str) -> None:
    lines = told(mistake).splitlines()
    assert len(lines) >= 2 and lines[0].startswith("override "), "where, what, and a hint"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    "override",
    [
        "model.hidden.units=3", "model.tanh=relu", "model.selu=elu", "model.0_dense.bias=false", "model[-1].units=outputs",
        "model[3].branches[1][0].units=7", "model[2].residual.layers[1]=gelu", "model.residual.shortcut=[dense: 8]",
        "optimizer.max_norm=2", "optimizer.lr=1e-3", "optimizer[1]=sgd", "optimizer.adam.beta1=0.5", "optimizer.adam=0.5",
        "optimizer=sgd", "train.early_stop=", "train.early_stop=null", "train.early_stop.metric=accuracy",
        "about=a = b = c",
        "schedule=cosine", "schedule.warmup=5", "loss=", "data.classes=4", "data.name=blobs", "metrics[1]=auc",
        "expect.train_loss=0.5", "model.hidden.init.normal=0.1", "train.dtype=float64", "train={steps: 5, l2: 0.1}",
    ],
)  # fmt: skip
def test_what_can_be_changed(override: str) -> None:
    if override == "model.hidden.init.normal=0.1":
        assert load(RECIPE, ["model.hidden.init=normal", override]).model[0].part.init.std == 0.1  # type: ignore[attr-defined]
        return
    assert load(RECIPE, [override]) != load(RECIPE)


def test_another_length_takes_the_place_of_that_of_the_recipe() -> None:
    changed = load(RECIPE, ["train.steps=7"]).train
    assert (changed.epochs, changed.steps) == (None, 7)
    assert load(RECIPE, ["train.steps="]).train.epochs == 5
    with pytest.raises(RecipeError, match="both epochs and steps"):
        load(RECIPE, ["train.epochs=3", "train.steps=7"])
    with pytest.raises(RecipeError, match="both epochs and steps"):
        load(RECIPE, ["train={epochs: 3, steps: 7}"])


# ---- any text ----------------------------------------------------------------------------------------------------------

STEPS = ["model",
         "optimizer", "train", "data", "loss", "metrics", "expect", "schedule", "input", "about", "hidden", "dense",
         "tanh", "residual", "branches", "adam", "clip_norm", "lr", "units", "init", "early_stop", "patience", "name",
         "from",
         "0_dense", "[0]", "[-1]", "[3]", "[99]", "0", "-1", "layers", "paths", "x", "é", "", " ", "epochs"]  # fmt: skip
VALUES = ["",
          "1", "-1", "0.5", "1e9", "null", "true", "relu", "adam", "[1, 2]", "{a: 1}", "{name: adam}", "{dense: 3}", "[",
          "[relu, {dense: 3}]", "moons", "'", "&a 1", "*a", "!x", "\t", "a: b: c", "# c", "~", ".nan", ".inf"]  # fmt: skip

paths = st.lists(st.sampled_from(STEPS), min_size=1, max_size=6).map(lambda steps: ".".join(steps).replace(".[", "["))
built = st.tuples(paths, st.sampled_from(VALUES) | st.text(max_size=8)).map("=".join)
texts = st.lists(built | st.text(max_size=30), min_size=1, max_size=3)


def check(overrides: list[str]) -> None:
    """A recipe, or errors that say what is wrong and fit the terminal; nothing else."""
    try:
        recipe = load(RECIPE, overrides)
    except RecipeError as error:
        assert error.problems and error.render(80).isprintable() is False
        assert all(problem.message and str(problem.place) for problem in error.problems)
        assert "\x1b" not in error.render(80)
    else:
        assert load(recipe.to_yaml()) == recipe


@settings(max_examples=300, deadline=None)
@given(overrides=texts)
def test_no_text_ends_otherwise(overrides: list[str]) -> None:
    check(overrides)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None)
@given(overrides=texts)
def test_no_text_ends_otherwise_many(overrides: list[str]) -> None:
    check(overrides)
