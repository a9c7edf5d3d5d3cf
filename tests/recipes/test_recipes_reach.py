"""The shipped recipes as claims: training reaches what `expect:` states, and not by accident."""

from __future__ import annotations

import tempfile

import pytest

from dllab.core.settings import jit_enabled
from dllab.lab.cross_validate import cross_validate
from dllab.lab.fold_results import CrossValidation
from dllab.places import folder
from dllab.recipe import load
from dllab.runs.result import expectation_of
from dllab.runs.train import first_weights, ignore
from dllab.training.events import Finished
from dllab.training.trainer import Trainer

NAMES = sorted(path.stem for path in folder("recipes").glob("*.yaml"))
LONG = {"conv-autoencoder", "mnist10k", "mnist1d", "transfer-base",
        "sonar-0", "sonar-2", "sonar-3", "sonar-6", "sonar-12", "sonar-24",
        "alexnet", "vgg", "resnet", "inception", "fashion-resnet",
        "word2vec", "word2vec-cbow", "glove", "modular-addition",
        "adding-lstm", "mnist1d-gru", "languages", "reversal", "cmudict", "cmudict-plain", "carry", "kjv-bert",
        "names-rnn", "names-lstm", "names-gru", "names-gpt", *(name for name in NAMES if name.startswith("shakespeare"))
        }  # fmt: skip
LARGE = {name for name in NAMES if name.startswith(("shakespeare", "word2vec"))} | {"kjv-bert", "glove", "carry"}
"""Recipes whose figures alone take seconds."""
ONCE = {name for name in NAMES if name.startswith("shakespeare-")} | {"kjv-bert"}
"""Recipes that take a minute and more: trained with one seed in the tests."""
TINY = {"xor", "perceptron"}  # small enough for plain Python
FIRST_RUNS = tempfile.TemporaryDirectory()
"""Runs of recipes whose weights others begin with: each is trained once."""
FIRST = [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in NAMES]


def trained(name: str, seed: int, *overrides: str) -> Finished:
    if not jit_enabled() and name not in TINY:
        pytest.skip("too long without compiled kernels")
    recipe = load(name, overrides)
    if recipe.train.folds is not None:
        return summed_up(cross_validate(recipe, seed=seed, save=False))
    trainer = Trainer(recipe, seed=seed)
    if recipe.init_from is not None:
        trainer.begin_with(first_weights(trainer, FIRST_RUNS.name, True, ignore, trust=False))
    *_, last = trainer.events()
    assert isinstance(last, Finished)
    return last


def summed_up(result: CrossValidation) -> Finished:
    """All folds as if they were one run with the mean figures."""
    expected = {figure.name: (figure.stated, figure.reached) for figure in result.expectations}
    return Finished("finished", 0, 0, result.seconds, result.mean, None, expected)


def reaches(last: Finished) -> bool:
    return all(expectation_of(name, *figures).met for name, figures in last.expected.items())


@pytest.mark.parametrize("name", FIRST)
def test_reaches_what_it_states(name: str) -> None:
    last = trained(name, seed=0)
    assert last.expected.keys() == load(name).expect.keys()
    assert reaches(last), last.expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ONCE])
def test_reaches_it_with_other_seeds(name: str, seed: int) -> None:
    last = trained(name, seed)
    assert reaches(last), last.expected


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in LARGE else []) for n in NAMES])
def test_does_not_start_there(name: str) -> None:
    """One step is not enough: the figure has to be learnt."""
    if name == "perceptron":
        pytest.skip("four rows, three of them of one class")
    assert not reaches(trained(name, 0, "train.epochs=", "train.steps=1"))


@pytest.mark.parametrize("name", ["xor", "moons", "rings", "spirals", "sonar", "concrete", "autompg", "mnist1d-mlp"])
def test_needs_its_hidden_layers(name: str) -> None:
    """With straight lines alone the figure is out of reach, so it does say something about the net."""
    last = load(name).model[-1].part
    ending = "[dense: 1, sigmoid]" if last.name == "sigmoid" else f"[dense: {last.units}]"  # type: ignore[attr-defined]
    assert not reaches(trained(name, 0, f"model={ending}"))


def test_the_perceptron_learns_no_xor() -> None:
    reached = trained("perceptron", 0, "data=xor", "train.epochs=200").figures["train"]["accuracy"]
    assert reached <= 0.75


def test_iris_goes_back_to_its_best_weights() -> None:
    last = trained("iris", 1)
    assert last.status == "stopped" and last.best_epoch is not None
    assert last.best_epoch == last.epochs - 20
