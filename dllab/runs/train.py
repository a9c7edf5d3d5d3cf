"""`dllab.train`: one training run, with its history, its net and its folder."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dllab.recipe import Problem, Recipe, RecipeError, chosen
from dllab.runs.keeper import Keeper
from dllab.runs.result import Interrupted, Result
from dllab.runs.store import RunFolder
from dllab.runs.transfer import source_of
from dllab.training.events import Event
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source

__all__ = ["Interrupted", "Overrides", "Result", "changed", "ignore", "texts", "train", "train_loaded"]

Overrides = Mapping[str, Any] | Sequence[str]


def train(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    overrides: Overrides = (),
    *,
    seed: int | None = None,
    run_dir: str | Path | None = None,
    save: bool = True,
    on_event: Callable[[Event], None] | None = None,
    trust: bool = False,
    **options: Any,
) -> Result:
    """Train a recipe, given by name, path or dict, and return the result.

        result = dllab.train("spirals")
        result = dllab.train("spirals", {"optimizer.lr": 0.1, "model[0].dense.units": 64}, seed=3)
        result = dllab.train("spirals", optimizer__lr=0.1, train__epochs=20)

    Overrides change the recipe: a mapping from key paths to values, or texts such as "optimizer.lr=0.1"; a keyword does
    the same with two underscores for each dot. `seed` replaces the recipe's. The run's folder is made in `run_dir`
    ($DLLAB_RUNS, or ./runs); `save=False` keeps nothing. `on_event` is called with each event of training.events.
    `trust`: run the Python files that the recipe uses.

    Raises RecipeError for a recipe that cannot be used (one with folds is for dllab.cross_validate), StoreError for a
    folder that cannot be written, and Interrupted (a KeyboardInterrupt with a `result`) after Ctrl-C.
    """
    changes = changed(overrides, options)
    found = chosen(recipe, changes, trust=trust)
    return train_loaded(found, changes, seed=seed, run_dir=run_dir, save=save, on_event=on_event, trust=trust)


def train_loaded(
    recipe: Recipe,
    changes: Sequence[str],
    *,
    seed: int | None,
    run_dir: str | Path | None,
    save: bool,
    on_event: Callable[[Event], None] | None,
    trust: bool = False,
    around: tuple[Recipe, ...] = (),
) -> Result:
    """`train` for a recipe that is loaded, with changes made already; the run's folder tells of them.

    `around`: recipes that wait for the weights of this one.
    """
    if seed is not None:
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, seed=seed))
        changes = [*changes, f"train.seed={seed}"]
    if recipe.train.folds is not None:
        hint = "use dllab.cross_validate(recipe), or take them out with the override train.folds="
        raise RecipeError([Problem("one run, and the recipe asks for folds", recipe.place("train"), hint)])
    trainer = Trainer(recipe)
    if recipe.init_from is not None:
        trainer.begin_with(first_weights(trainer, run_dir, save, on_event or ignore, trust, around))
    folder = RunFolder.create(recipe.name, run_dir) if save else None
    return Keeper(trainer, folder, on_event or ignore, changes).follow()


def first_weights(trainer: Trainer, run_dir: str | Path | None, save: bool, on_event: Callable[[Event], None], trust: bool,
                  around: tuple[Recipe, ...] = ()) -> Source:  # fmt: skip
    """The weights that a trainer's recipe begins with; the recipe they come from is trained first if it never was."""
    recipe = trainer.recipe

    def train_first(first: Recipe, listener: Callable[[Event], None]) -> Result:
        return train_loaded(first, [], seed=None, run_dir=run_dir, save=save, on_event=listener, trust=trust,
                            around=(*around, recipe))  # fmt: skip

    return source_of(recipe, trainer.network, run_dir, on_event, train_first, around, trust)


def changed(overrides: Overrides, options: Mapping[str, Any]) -> list[str]:
    """Overrides in every form, as texts: `key=value`."""
    return [*texts(overrides), *texts({key.replace("__", "."): value for key, value in options.items()})]


def texts(overrides: Overrides) -> list[str]:
    """A mapping or a list of overrides as a list of texts."""
    if isinstance(overrides, str):
        return [overrides]
    if isinstance(overrides, Mapping):
        return [f"{key}={_text(value)}" for key, value in overrides.items()]
    return list(overrides)


def _text(value: Any) -> str:
    """A value as YAML on one line."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return json.dumps(value)


def ignore(event: Event) -> None:
    """Listens to nothing."""
