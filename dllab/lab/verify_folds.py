"""Trains a recipe with folds once more, and compares the figures of each fold bit by bit; no net is kept of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dllab.engine.prepare import folds_of
from dllab.lab.cross_validate import cross_validate_loaded
from dllab.lab.run_records import history_of
from dllab.lab.verification import Difference, Line, Listener, Since, Verification, first_difference, from_its_run
from dllab.recipe import Recipe
from dllab.runs.data_file import digest
from dllab.runs.disk import StoreError
from dllab.runs.store import RunFolder, new_run

NOTE = "it is a run of folds, which keeps figures and no parameters"
BESIDE = ("repeat", "fold", "seed", "status", "epochs", "steps", "rows", "best_epoch", "seconds", "diverged")
"""What a line of metrics.jsonl tells of a fold besides its figures."""


def verify_folds(folder: RunFolder, status: Mapping[str, Any], recipe: Recipe, run_dir: str | Path | None, trust: bool,
                 listener: Listener) -> Verification:  # fmt: skip
    """All trainings of a recipe with folds, compared with those that had ended. Raises StoreError where none had."""
    kept = _kept(folder, status)
    if not kept:
        raise StoreError(f"{folder.path} was ended before its first fold was: there is nothing to compare\n"
                         f"  {new_run(folder.path)}")  # fmt: skip
    since = Since(status)
    since.recipe(status.get("recipe_yaml"), recipe, trust)
    since.files(recipe)
    since.data(status.get("data"), digest(folds_of(recipe).prepared(0)))
    result = cross_validate_loaded(
        from_its_run(recipe, status), [], seed=None, jobs=None, run_dir=run_dir, save=False, on_event=listener, trust=trust
    )
    if result.beginning is not None and result.beginning.origin is not None:
        since.weights(result.beginning.origin)
    now = {(fold.repeat, fold.fold): json.loads(json.dumps(fold.document())) for fold in result.folds}
    first, done = _first(kept, now)
    if first is None and len(kept) != len(now) and status["status"] in ("finished", "diverged"):
        first = Difference("folds", len(kept), len(now))
    notes = [NOTE]
    if len(kept) < len(now) and first is None:
        notes.append(f"it was ended early: the folds that had ended, {len(kept):,} of {len(now):,}, were compared")
    text = json.dumps([now[_place(fold)]["figures"] for fold in kept], sort_keys=True) if first is None else ""
    return Verification(
        folder.path.name, recipe.name, str(status["status"]), done, 0,
        hashlib.sha256(text.encode()).hexdigest() if text else None, first, tuple(since.changed), tuple(notes),
        since.compared,
    )  # fmt: skip


def _first(kept: Sequence[Line], now: Mapping[tuple[Any, Any], Line]) -> tuple[Difference | None, int]:
    """The first difference, and how many folds are equal before it."""
    for done, then in enumerate(kept):
        repeat, fold = _place(then)
        first = first_difference(then, now.get((repeat, fold), {}), f"fold {fold} of repeat {repeat}: ")
        if first is not None:
            return first, done
    return None, len(kept)


def _place(fold: Line) -> tuple[Any, Any]:
    return fold.get("repeat"), fold.get("fold")


def _kept(folder: RunFolder, status: Mapping[str, Any]) -> list[Line]:
    """The folds that had ended; those of a run that was killed stand in metrics.jsonl alone."""
    told = status.get("folds")
    folds: list[Line] = [fold for fold in told if isinstance(fold, dict)] if isinstance(told, list) else []
    if folds or status["status"] != "running":
        return folds
    lines = history_of(folder.path)
    return [
        {**{key: line[key] for key in BESIDE if key in line},
         "figures": {key: value for key, value in line.items() if key not in BESIDE}}
        for line in lines
    ]  # fmt: skip
