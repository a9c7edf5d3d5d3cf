"""The shipped recipes as texts: readable, complete, and honest about what they must reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from dllab.places import folder
from dllab.recipe import load, parse, shipped

NAMES = sorted(path.stem for path in folder("recipes").glob("*.yaml"))
ISSUED = {"xor": 1.0, "spirals": 0.97, "moons": 0.99, "rings": 0.99, "iris": 0.93, "digits": 0.97, "mnist10k": 0.95,
          "wine": 0.97, "breast_cancer": 0.96, "sonar": 0.8, "fashion6k": 0.84, "digits-cnn": 0.98,
          "mnist1d-linear": 0.32, "mnist1d-mlp": 0.68, "mnist1d-cnn": 0.94, "fashion-resnet": 0.89,
          "lenet": 0.98, "alexnet": 0.98, "vgg": 0.98, "resnet": 0.98, "inception": 0.98}  # fmt: skip
EXPLAINED = {"function": 0.96, "diabetes": 0.44, "concrete": 0.9, "autompg": 0.86}


def test_the_folder_holds_recipes_and_nothing_else() -> None:
    assert {path.suffix for path in folder("recipes").iterdir() if not path.name.startswith(".")} == {".yaml"}
    assert sorted(shipped()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_loads_and_says_what_it_is(name: str) -> None:
    recipe = load(name)
    assert recipe.about.endswith(".") and 20 < len(recipe.about) <= 110
    assert recipe.data is not None and recipe.loss is not None
    assert recipe.expect, "a shipped recipe states the figure it must reach"


@pytest.mark.parametrize("name", NAMES)
def test_judges_by_data_it_did_not_learn_from(name: str) -> None:
    recipe = load(name)
    assert recipe.data is not None
    if recipe.data.test != 0:  # type: ignore[attr-defined]
        assert all(figure.startswith("test_") for figure in recipe.expect)


@pytest.mark.parametrize(("name", "least"), ISSUED.items())
def test_states_at_least_what_was_asked_for(name: str, least: float) -> None:
    figures = load(name).expect
    split = "train" if name == "xor" else "test"
    assert figures[f"{split}_accuracy"] >= least


@pytest.mark.parametrize(("name", "least"), EXPLAINED.items())
def test_regression_states_the_share_it_explains(name: str, least: float) -> None:
    assert load(name).expect["test_r2"] >= least


@pytest.mark.parametrize("name", NAMES)
def test_reads_back_from_its_resolved_form(name: str) -> None:
    recipe = load(name)
    assert parse(recipe.to_yaml()) == recipe


@pytest.mark.parametrize("path", sorted(folder("recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_is_short_and_narrow(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 120


def test_together_they_show_what_a_recipe_can_say() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in shipped().values())
    for word in ("early_stop", "warmup", "batch_norm", "dropout", "residual", "repeat", "clip_norm", "weight_decay",
                 "validation", "batch: full", "batch: 1", "layer_norm", "mse", "perceptron"):  # fmt: skip
        assert word in texts, word
