"""Trains a member of a sweep again, alone, and compares its figures and its end bit by bit; no more was kept of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dllab.lab.run_records import Record
from dllab.lab.sweep_files import changed as others_than
from dllab.lab.sweep_files import files_of, stamps
from dllab.lab.verification import Difference, Listener, Since, Verification, first_difference
from dllab.recipe import Recipe, parse
from dllab.recipe.place import visible
from dllab.runs.data_file import digest
from dllab.runs.disk import StoreError, read_file
from dllab.runs.entries import PLAN
from dllab.runs.metrics_log import plain
from dllab.runs.seal import digest_of
from dllab.runs.sweep_folder import source_name
from dllab.runs.train import first_weights
from dllab.training.events import Finished
from dllab.training.series import Outcome, Series
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source


def verify_member(record: Record, run_dir: str | None, *, trust: bool = False,
                  on_event: Listener = lambda event: None) -> Verification:  # fmt: skip
    """Replay one member. Raises StoreError for one that cannot be replayed, RecipeError for changes that cannot be used."""
    if record.status == "failed":
        raise StoreError(f"{record.name} failed, so there is nothing to compare\n  {record.document.get('error')}")
    plan = _plan(record.path)
    recipe = _recipe(record, plan, trust)
    pruned = record.status == "pruned"
    series = Series(recipe, on_event=on_event) if pruned else None
    trainer = Trainer(recipe) if series is None else series.trainer
    since = Since(plan, known={"recipe"})  # the plan's own, which is what is trained here
    since.files(recipe)
    if not record.changes_data:
        since.data(plan.get("data"), digest(trainer.data))
    if isinstance(files := plan.get("files"), dict) and "the data are not what they were" not in since.changed:
        others = others_than(files, stamps(files_of(recipe)))
        since.changed += [f"{visible(path)} is not what it was" for path in others]
    if recipe.init_from is not None:
        weights = first_weights(trainer, run_dir, False, on_event, trust)
        (series or trainer).begin_with(weights)
        _compare_weights(since, recipe, weights)
    end = _end_of(trainer, on_event) if series is None else _end_at(series, recipe, int(record.document["steps"]))
    first = first_difference(record.figures, plain(end.figures))
    status = "pruned" if isinstance(end, Outcome) and end.given_up else end.status
    then, now = _end(record.status, record.document.get("steps")), _end(status, end.steps)
    if first is None and then != now:
        first = Difference("the end", then, now)
    note = "it is a member of a sweep, of which figures are kept and no parameters"
    numbers = len([value for values in record.figures.values() for value in values.values()])
    return Verification(record.name, record.recipe, record.status, 0, numbers, None, first,
                        tuple(since.changed), (note,), since.compared)  # fmt: skip


def _compare_weights(since: Since, recipe: Recipe, now: Source) -> None:
    """The weights that the sweep's members began with, which its plan tells by the checksum of their arrays."""
    weights = since.status.get("weights")
    assert recipe.init_from is not None
    then = weights.get(source_name(recipe.init_from)) if isinstance(weights, dict) else None
    if then is not None and then != digest_of(now.arrays):
        since.changed.append("the weights it began with are not what they were")


def _end_of(trainer: Trainer, on_event: Listener) -> Finished:
    """How a run ends that goes on as long as its recipe says."""
    end: Finished | None = None
    for event in trainer.events():
        on_event(event)
        if isinstance(event, Finished):
            end = event
    assert end is not None
    return end


def _end_at(series: Series, recipe: Recipe, steps: int) -> Outcome:
    """How a run ends that is given up where the member was: what the others had come to by then is not looked at."""
    return series.train(recipe, good=lambda end: end.step < steps)


def _end(status: str, steps: int | None) -> str:
    return f"{status} after {steps} steps"


def _plan(path: Path) -> dict[str, Any]:
    try:
        plan = json.loads(read_file(path / PLAN))
        if isinstance(plan["recipe_yaml"], str):
            return dict(plan)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise StoreError(f"{path / PLAN} is damaged: it is no plan of a sweep\n  begin the sweep anew")


def _recipe(record: Record, plan: Mapping[str, Any], trust: bool) -> Recipe:
    """The recipe of the sweep, as it was, with the changes and the seed of the member."""
    path = Path(plan["path"]) if isinstance(plan.get("path"), str) else None
    recipe = parse(plan["recipe_yaml"], record.document["changes"], f"{record.path / PLAN}", path, trust=trust,
                   working=plan["folder"] if isinstance(plan.get("folder"), str) else None)  # fmt: skip
    seed = record.document["seed"]
    train = recipe.train if seed is None else dataclasses.replace(recipe.train, seed=seed)
    return dataclasses.replace(recipe, name=record.recipe, train=train)
