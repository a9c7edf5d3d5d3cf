"""`dllab.resume`: go on with a run that was stopped, killed, or is to be longer, to the bits it would have come to.

What counts: first the changes given now, then recipe.yaml as it stands in the run's folder, then what the run was
trained with so far. What the kept state belongs to (model, data, loss, batches, seed) cannot be changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dllab.recipe import Recipe, RecipeError, load, parse
from dllab.runs.data_file import digest
from dllab.runs.disk import StoreError
from dllab.runs.find import find_run
from dllab.runs.keeper import Keeper, epoch_end, now
from dllab.runs.machine import differences
from dllab.runs.result import Result
from dllab.runs.seal import Damaged
from dllab.runs.settings import flat
from dllab.runs.store import CHECKPOINT, METRICS, RECIPE, RunFolder, check_has_net, new_run
from dllab.runs.train import Overrides, changed, ignore
from dllab.training.events import Event
from dllab.training.state import State, Unfit
from dllab.training.trainer import Trainer

FIXED = {
    "data": "the state belongs to a net that has seen other data",
    "input": "the state belongs to a net of other inputs",
    "init_from": "the run has begun already, with other weights",
    "model": "the state belongs to another net",
    "loss": "the figures before and after could not be compared",
    "use": "the state belongs to a net made of other parts",
    "train.batch": "steps and epochs would be counted anew",
    "train.seed": "the run would no longer be the run of one seed",
    "train.dtype": "the state is kept in the precision it was trained in",
    "train.shuffle": "the epoch in hand would be another",
    "train.folds": "a run of folds is many runs",
}
"""Keys that cannot change, and why; those below them neither."""

KEPT = ("began", "changes", "versions", "machine", "used")
"""What run.json tells of the beginning, whatever comes later."""

PLACES = (RECIPE, "command line")
NEUTRAL = ("about", "expect", "metrics")
"""Keys that change nothing in the course of a run."""

ENDED = {"finished": "is finished", "stopped": "was stopped early", "diverged": "diverged"}


@dataclass(frozen=True)
class Change:
    """A key whose value is not what the run was trained with so far; None: not there."""

    key: str
    before: Any
    after: Any
    where: str  # recipe.yaml, or the command line

    def __str__(self) -> str:
        return f"{self.key}: {_shown(self.before)} so far, {_shown(self.after)} from now on ({self.where})"


class Resumption:
    """A run about to go on. `changes`: what is different from now on; `notes`: why its bits may differ, if they may.

    Raises StoreError for a run that cannot go on, and RecipeError for a recipe that cannot be used; then nothing in the
    run's folder is changed.
    """

    def __init__(self, run: str | Path, overrides: Sequence[str] = (), run_dir: str | Path | None = None,
                 trust: bool = False) -> None:  # fmt: skip
        self.folder = RunFolder(find_run(run, run_dir))
        self.folder.lock()
        try:
            self._prepare(overrides, trust)
        except BaseException:
            self.folder.close()
            raise

    def _prepare(self, overrides: Sequence[str], trust: bool) -> None:
        path, self.status = self.folder.path, self.folder.read_status()
        check_has_net(self.status, path)
        if not self.folder.has(CHECKPOINT):
            raise StoreError(_no_checkpoint(path, self.status["status"]))
        arrays, facts = self.folder.read_arrays(CHECKPOINT)
        _check_facts(facts, path / CHECKPOINT)
        self.state, self.facts = State(arrays, facts["state"]), facts
        if not self.folder.has(RECIPE):
            raise StoreError(f"{path / RECIPE} is missing\n  put it back: the run goes on with the recipe that it tells of")
        kept = load(path / RECIPE, trust=trust)
        before = _recipe_then(facts["recipe"], path, kept, trust)
        self.recipe = load(path / RECIPE, overrides, trust=trust) if overrides else kept
        self._name(str(self.status.get("recipe", path.name)))
        self.changes = _changes(before, kept, self.recipe)
        self.overrides = list(overrides)
        _check(self.changes, path)
        for file, digest_then in facts.get("used", {}).items():
            if self.recipe.used.get(file) != digest_then:
                why = f"the file {file} is not what it was when this run began"
                raise StoreError(f"{path} cannot go on: {why}\n  {new_run(path)}")
        _check_optimizer(before, kept, self.recipe, path)
        self.notes = differences(self.status)
        log = self.folder.metrics
        try:
            self.history = tuple(epoch_end(line) for line in log.read(facts["metrics"]))
        except Damaged as error:
            raise StoreError(f"{path / METRICS} is damaged: {error}\n  {new_run(path)}") from None
        self.trainer = Trainer(self.recipe, start=self.state, history=self.history)
        told = self.status.get("init_from")
        origin = told if isinstance(told, dict) else None
        self.trainer.beginning = dataclasses.replace(self.trainer.beginning, origin=origin)
        if digest(self.trainer.data) != facts["data"]:
            raise StoreError(f"{path} cannot go on: its data are not what they were\n  {new_run(path)}")
        _check_diverged(self.status, self.step, self.changes, path)
        _check_open(self.status["status"], self.state, self.trainer, path)

    def _name(self, name: str) -> None:
        self.recipe = dataclasses.replace(self.recipe, name=name)

    @property
    def step(self) -> int:
        """The step it goes on at."""
        return int(self.state.facts["step"])

    def follow(self, on_event: Callable[[Event], None] = ignore) -> Result:
        """Go on to the end. Raises runs.result.Interrupted after Ctrl-C, StoreError where nothing can be kept."""
        again = {"at": now(), "step": self.step, "changes": [str(change) for change in self.changes]}
        resumed = self.status.get("resumed")
        origin: dict[str, Any] = {key: self.status[key] for key in KEPT if key in self.status}
        origin["resumed"] = [*(resumed if isinstance(resumed, list) else []), again]
        try:
            self.folder.clear_leftovers()
            self.folder.metrics.go_on(self.facts["metrics"])
            return Keeper(self.trainer, self.folder, on_event, began=origin, recipe_stands=not self.overrides).follow()
        except Unfit as error:
            path = self.folder.path
            raise StoreError(f"{path / CHECKPOINT} does not fit the recipe: {error}\n  {new_run(path)}") from None
        finally:
            with contextlib.suppress(StoreError):
                self.folder.close()  # also where it did not come to the keeper: others may have the folder


def resume(
    run: str | Path,
    overrides: Overrides = (),
    *,
    run_dir: str | Path | None = None,
    on_event: Callable[[Event], None] | None = None,
    trust: bool = False,
    **options: Any,
) -> Result:
    """Go on with a run from its last checkpoint, and return the result as `dllab.train` does.

        result = dllab.resume("last")
        result = dllab.resume("runs/spirals-20261125-031500", train__epochs=200)

    `run`: the folder, its name in the folder of runs, or "last". Without changes it comes to the bits of the run that was
    never stopped. A finished run goes on if it is given more epochs or steps. `trust`: run the Python files that its recipe
    uses.

    Raises StoreError for a run that is missing, damaged, in use or ended, RecipeError for changes that cannot be used,
    and Interrupted after Ctrl-C.
    """
    return Resumption(run, changed(overrides, options), run_dir, trust).follow(on_event or ignore)


# ---- what may change ---------------------------------------------------------------------------------------------------


def _changes(before: Recipe, kept: Recipe, now: Recipe) -> list[Change]:
    then, edited, wanted = (flat(recipe.resolved()) for recipe in (before, kept, now))
    found = []
    for key in dict.fromkeys([*then, *wanted]):
        if then.get(key) != wanted.get(key):
            where = PLACES[0] if edited.get(key) == wanted.get(key) else PLACES[1]
            found.append(Change(key, then.get(key), wanted.get(key), where))
    return found


def _check(changes: Sequence[Change], path: Path) -> None:
    for change in changes:
        for key, why in FIXED.items():
            if change.key == key or change.key.startswith((f"{key}.", f"{key}[")):
                values = f"it is {_shown(change.before)} in this run, {_shown(change.after)} by {change.where}"
                raise StoreError(f"{change.key} cannot change within a run: {why}\n  {values}\n  {new_run(path)}")


def _check_optimizer(before: Recipe, kept: Recipe, now: Recipe, path: Path) -> None:
    """Its options may change, and clipping may be added or left out; the part that keeps state must stay."""
    was, wanted = before.optimizer[-1].name, now.optimizer[-1].name
    if was != wanted:
        where = RECIPE if kept.optimizer[-1].name == wanted else "command line"
        why = "the state belongs to another optimizer (its options may change)"
        values = f"it is {was} in this run, {wanted} by {where}"
        raise StoreError(f"optimizer cannot change within a run: {why}\n  {values}\n  {new_run(path)}")


def _check_diverged(status: Mapping[str, Any], step: int, changes: Sequence[Change], path: Path) -> None:
    """Refuse a run that would diverge again in the same way: with the changes of the last time, from the same step."""
    if status["status"] != "diverged":
        return
    resumed = status.get("resumed")
    last = resumed[-1] if isinstance(resumed, list) and resumed else None
    tried = last.get("changes") if isinstance(last, dict) and last.get("step") == step else []
    ends = tuple(f" ({where})" for where in PLACES)
    then, now = (
        {text.removesuffix(ends[0]).removesuffix(ends[1]) for text in texts if not text.startswith(NEUTRAL)}
        for texts in (map(str, tried if isinstance(tried, list) else []), map(str, changes))
    )
    if then == now:
        line = shlex.join(["dllab", "resume", str(path)])
        raise StoreError(f"{path} diverged, and would again\n  change what comes, such as: {line} optimizer.lr=...")


def _check_open(status: str, state: State, trainer: Trainer, path: Path) -> None:
    """Refuse what would do nothing: a run at its end."""
    step, best, stop = state.facts["step"], state.facts["best"], trainer.recipe.train.early_stop
    line = shlex.join(["dllab", "resume", str(path)])
    longer = "train.epochs=..." if trainer.recipe.train.steps is None else "train.steps=..."
    if trainer.steps < step:
        raise StoreError(
            f"{path} has done {step} steps already, and the recipe now asks for {trainer.steps}\n"
            f"  give it more: {line} {longer}"
        )
    if status in ENDED and trainer.steps == step == state.facts["evaluated"]:
        raise StoreError(f"{path} has done all of its {step} steps\n  to train longer: {line} {longer}")
    same = best is not None and stop is not None and (best["metric"], best["min_delta"]) == (stop.metric, stop.min_delta)
    if status in ENDED and stop is not None and same and best["waited"] >= stop.patience:
        what = "was stopped early" if status == "stopped" else "would stop at once"
        raise StoreError(
            f"{path} {what}: no better {stop.metric} for {best['waited']} evaluations\n"
            f"  to train on: {line} train.early_stop.patience=..., or train.early_stop=null"
        )


def _check_facts(facts: Any, path: Path) -> None:
    """Raise StoreError for a checkpoint that says other things than this version writes."""
    state: Any = facts.get("state") if isinstance(facts, dict) else None
    metrics = facts.get("metrics") if isinstance(facts, dict) else None
    best = state.get("best") if isinstance(state, dict) else None
    sound = (
        _holds(facts, recipe=str, data=str, over=bool)
        and _holds(metrics, length=int, sha256=str)
        and _holds(state, step=int, evaluated=int, seconds=float)
        and (best is None or _holds(best, metric=str, min_delta=float, waited=int))
        and 0 <= state["evaluated"] <= state["step"]
    )
    if not sound:
        raise StoreError(f"{path} is not of this version of the lab\n  {new_run(path.parent)}")


def _holds(document: Any, **kinds: type) -> bool:
    return isinstance(document, dict) and all(type(document.get(key)) is kind for key, kind in kinds.items())


def recipe_then(text: str, label: str, now: Recipe, trust: bool) -> Recipe:
    """The recipe that a run keeps of its beginning, which nobody reads; so it runs no file but those of its recipe now.

    Raises RecipeError.
    """
    return parse(text, [f"use={json.dumps(list(now.use))}"], label, trust=trust)


def _recipe_then(text: str, path: Path, kept: Recipe, trust: bool) -> Recipe:
    try:
        return recipe_then(text, f"{path / CHECKPOINT} (recipe)", kept, trust)
    except RecipeError as error:
        raise StoreError(f"{path} cannot go on with this version of the lab:\n{error}") from None


def _no_checkpoint(path: Path, status: str) -> str:
    ended = ENDED.get(status)
    if status == "diverged":
        return f"{path} diverged before its first checkpoint\n  {new_run(path)}"
    if ended is not None:
        return f"{path} {ended} and keeps no checkpoint (train.checkpoint.last is false)\n  {new_run(path)}"
    return f"{path} was ended before its first checkpoint: there is nothing to go on from\n  {new_run(path)}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
