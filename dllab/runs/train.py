"""`dllab.train`: one training run, with its history, its net and its folder."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dllab.engine.network import Network
from dllab.recipe import Problem, Recipe, RecipeError, load
from dllab.runs.store import RunFolder, plain
from dllab.training.events import Diverged, EpochEnd, Event, Figures, Finished, Progress, Started
from dllab.training.trainer import Trainer

Overrides = Mapping[str, Any] | Sequence[str]


@dataclass(frozen=True)
class Expectation:
    """A figure the recipe says training must reach, and what it reached."""

    name: str
    stated: float
    reached: float
    met: bool


@dataclass(frozen=True)
class Result:
    """What a run came to.

    `metrics` maps split (`train`, `validation`, `test`; those that exist) to metric to value, with the weights the net
    has now; of an interrupted run it holds the last figures there were. `history` has one entry for each evaluation.
    `status`: finished, stopped (early), diverged, failed or interrupted. `seconds` of training. `folder`: None where
    nothing was kept.
    """

    recipe: Recipe
    seed: int
    status: str
    network: Network
    folder: Path | None
    metrics: Figures
    history: tuple[EpochEnd, ...]
    epochs: int
    steps: int
    seconds: float
    rows: dict[str, int] = field(default_factory=dict)
    best_epoch: int | None = None
    diverged: Diverged | None = None
    expectations: tuple[Expectation, ...] = ()

    def document(self) -> dict[str, Any]:
        """The run as plain JSON data, as `dllab train --json` prints it; NaN and infinities are None."""
        return {
            "recipe": self.recipe.name,
            "seed": self.seed,
            "status": self.status,
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": round(self.seconds, 6),
            "run": None if self.folder is None else str(self.folder),
            "final": plain(self.metrics),
        }


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during training; `result` is what there was by then, and the run's folder holds the weights."""

    def __init__(self, result: Result) -> None:
        super().__init__("training was interrupted")
        self.result = result


def train(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    overrides: Overrides = (),
    *,
    seed: int | None = None,
    run_dir: str | Path | None = None,
    save: bool = True,
    on_event: Callable[[Event], None] | None = None,
    **options: Any,
) -> Result:
    """Train a recipe, given by name, path or dict, and return the result.

        result = dllab.train("spirals")
        result = dllab.train("spirals", {"optimizer.lr": 0.1, "model[0].dense.units": 64}, seed=3)
        result = dllab.train("spirals", optimizer__lr=0.1, train__epochs=20)

    Overrides change the recipe: a mapping from key paths to values, or texts such as "optimizer.lr=0.1"; a keyword does
    the same with two underscores for each dot. `seed` replaces the recipe's. The run's folder is made in `run_dir`
    ($DLLAB_RUNS, or ./runs); `save=False` keeps nothing. `on_event` is called with each event of training.events.

    Raises RecipeError for a recipe that cannot be used (one with folds is for dllab.cross_validate), StoreError for a
    folder that cannot be written, and Interrupted (a KeyboardInterrupt with a `result`) after Ctrl-C.
    """
    chosen = chosen_recipe(recipe, overrides, seed, options)
    if chosen.train.folds is not None:
        hint = "use dllab.cross_validate(recipe), or take them out with the override train.folds="
        raise RecipeError([Problem("one run, and the recipe asks for folds", chosen.place("train"), hint)])
    trainer = Trainer(chosen)
    folder = RunFolder.create(chosen.name, run_dir) if save else None
    return _Run(chosen, trainer.network, folder, on_event or _ignore).follow(trainer)


def chosen_recipe(
    recipe: str | Path | Mapping[str, Any] | Recipe, overrides: Overrides, seed: int | None, options: Mapping[str, Any]
) -> Recipe:
    """The recipe with its overrides, `options` among them (two underscores for each dot), and its seed."""
    chosen = _recipe(recipe, [*_texts(overrides), *_texts({k.replace("__", "."): v for k, v in options.items()})])
    if seed is None:
        return chosen
    return dataclasses.replace(chosen, train=dataclasses.replace(chosen.train, seed=seed))


class _Run:
    """A run under way: what it told so far."""

    def __init__(
        self, recipe: Recipe, network: Network, folder: RunFolder | None, listener: Callable[[Event], None]
    ) -> None:
        self.recipe, self.network, self.folder, self.listener = recipe, network, folder, listener
        self.history: list[EpochEnd] = []
        self.started: Started | None = None
        self.progress: Progress | None = None
        self.diverged: Diverged | None = None
        self.finished: Finished | None = None
        self._began = time.strftime("%Y-%m-%dT%H:%M:%S%z")

    def follow(self, trainer: Trainer) -> Result:
        """Go through the events to the end, whatever end it is."""
        if self.folder is not None:
            self.folder.write_recipe(self.recipe.to_yaml())
            self._keep(self._result("running"), weights=False)
        try:
            for event in trainer.events():
                self._note(event)
                self.listener(event)
        except KeyboardInterrupt:
            if self.finished is None:
                raise Interrupted(self._keep(self._result("interrupted"))) from None
        except BaseException:
            self._keep(self._result("failed"))
            raise
        assert self.finished is not None
        return self._keep(self._result(self.finished.status))

    def _note(self, event: Event) -> None:
        match event:
            case Started():
                self.started = event
            case Progress():
                self.progress = event
            case EpochEnd():
                self.history.append(event)
                if self.folder is not None:
                    self.folder.add_metrics(metrics_line(event))
            case Diverged():
                self.diverged = event
            case Finished():
                self.finished = event

    def _result(self, status: str) -> Result:
        done, last = self.finished, self.history[-1] if self.history else None
        progress = self.progress
        return Result(
            recipe=self.recipe,
            seed=self.recipe.train.seed,
            status=status,
            network=self.network,
            folder=None if self.folder is None else self.folder.path,
            metrics=done.figures if done is not None else last.figures if last is not None else {},
            history=tuple(self.history),
            epochs=done.epochs if done is not None else progress.epoch if progress is not None else 0,
            steps=done.steps if done is not None else progress.step if progress is not None else 0,
            seconds=done.seconds if done is not None else progress.seconds if progress is not None else 0.0,
            rows=self.started.rows if self.started is not None else {},
            best_epoch=done.best_epoch if done is not None else None,
            diverged=self.diverged,
            expectations=expectations_of(done, self.recipe) if done is not None else (),
        )

    def _keep(self, result: Result, weights: bool = True) -> Result:
        if self.folder is not None:
            from dllab import __version__

            if weights:
                self.folder.close()
                self.folder.write_weights(self.network, {"recipe": result.recipe.name, "steps": str(result.steps)})
            document = {**result.document(), "began": self._began, "dllab": __version__, "best_epoch": result.best_epoch}
            if result.diverged is not None:
                document["diverged"] = dataclasses.asdict(result.diverged)
            self.folder.write_status(document)
        return result


def metrics_line(event: EpochEnd) -> dict[str, Any]:
    """A line of metrics.jsonl."""
    figures = dataclasses.asdict(event)
    return {**{key: value for key, value in figures.items() if key != "figures"}, **event.figures}


def expectations_of(done: Finished, recipe: Recipe) -> tuple[Expectation, ...]:
    """The recipe's expectations in its own order, each with whether it is met."""
    return tuple(
        expectation_of(name, stated, reached)
        for name, (stated, reached) in ((name, done.expected[name]) for name in recipe.expect if name in done.expected)
    )


def expectation_of(name: str, stated: float, reached: float) -> Expectation:
    """A figure of `expect:` and whether what was reached meets it."""
    return Expectation(name, stated, reached, _met(name, stated, reached))


def _met(name: str, stated: float, reached: float) -> bool:
    from dllab.catalogue import find

    metric = name.partition("_")[2]
    higher = metric != "loss" and find("metrics", metric).higher_is_better  # type: ignore[attr-defined]
    return reached >= stated if higher else reached <= stated


def _recipe(given: str | Path | Mapping[str, Any] | Recipe, overrides: list[str]) -> Recipe:
    if not isinstance(given, Recipe):
        return load(given, overrides)
    if not overrides:
        return given
    return dataclasses.replace(load(given.resolved(), overrides), name=given.name)


def _texts(overrides: Overrides) -> list[str]:
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


def _ignore(event: Event) -> None:
    pass
