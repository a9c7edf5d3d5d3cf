"""Replays a run and compares every bit: each evaluation, and the parameters at the end.

The run's folder says what was trained: recipe.yaml with its seed, the data's checksum in data.json, the weights it began
with. What differs is told with the first place at which it does, and with what has changed since: versions, processor,
recipe, data, files of the user's own.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.run_records import history_of
from dllab.lab.verification import Difference, Listener, Since, Verification, first_difference, from_its_run
from dllab.lab.verify_folds import verify_folds
from dllab.recipe import Recipe, load
from dllab.runs.data_file import digest
from dllab.runs.disk import StoreError, in_use
from dllab.runs.find import find_run
from dllab.runs.keeper import metrics_line
from dllab.runs.metrics_log import plain
from dllab.runs.resume import NEUTRAL
from dllab.runs.seal import digest_of
from dllab.runs.store import CHECKPOINT, RECIPE, WEIGHTS, RunFolder, new_run, weights_of
from dllab.runs.train import first_weights
from dllab.training.events import Diverged, EpochEnd, Event
from dllab.training.trainer import Trainer


def verify(run: str | Path, run_dir: str | Path | None = None, *, trust: bool = False,
           on_event: Listener = lambda event: None) -> Verification:  # fmt: skip
    """Replay a run. Raises StoreError for one that cannot be replayed, RecipeError for a recipe that cannot be used."""
    folder = RunFolder(find_run(run, run_dir))
    path, status = folder.path, folder.read_status()
    _check(status, path)
    recipe = load(path / RECIPE, trust=trust)
    recipe = dataclasses.replace(recipe, name=str(status.get("recipe", path.name)))
    if ("folds" in status) != (recipe.train.folds is not None):
        then, now = ("of folds", "one training") if "folds" in status else ("one training", "folds")
        raise StoreError(f"{path} cannot be replayed: it is {then}, and {RECIPE} asks for {now} by now\n"
                         "  put train.folds back as it was")  # fmt: skip
    if recipe.train.folds is not None:
        return verify_folds(folder, status, recipe, run_dir, trust, on_event)
    return _Replay(folder, status, recipe, run_dir, trust, on_event).result()


class _Replay:
    """One training, once more."""

    def __init__(self, folder: RunFolder, status: Mapping[str, Any], recipe: Recipe, run_dir: str | Path | None,
                 trust: bool, listener: Listener) -> None:  # fmt: skip
        self.folder, self.status, self.recipe, self.listener = folder, status, recipe, listener
        self.kept = history_of(folder.path)
        self.weights, self.steps = _weights(folder)
        if self.weights is None and not self.kept:
            raise StoreError(f"{folder.path} was ended before its first evaluation: there is nothing to compare\n"
                             f"  {new_run(folder.path)}")  # fmt: skip
        self.trainer = Trainer(recipe)
        self.since = Since(status)
        with contextlib.suppress(StoreError):
            self.since.recipe(folder.read_arrays(CHECKPOINT)[1].get("recipe"), recipe, trust)
        self.since.files(recipe)
        with contextlib.suppress(StoreError):
            self.since.data(folder.read_data().get("digest"), digest(self.trainer.data))
        if recipe.init_from is not None:
            self._begin(run_dir, trust)
        self.diverged: Diverged | None = None
        self.lines = 0

    def _begin(self, run_dir: str | Path | None, trust: bool) -> None:
        """With the weights that the run began with, if its folder tells of a run that is still there."""
        self.trainer.recipe = from_its_run(self.recipe, self.status)
        weights = first_weights(self.trainer, run_dir, False, self.listener, trust)
        self.trainer.begin_with(weights)
        self.since.weights(weights.origin)

    def result(self) -> Verification:
        first = self._follow()
        arrays = weights_of(self.trainer.network)
        whole, numbers = self.weights is not None, 0
        if first is None and self.weights is not None:
            first, numbers = _first_array(self.weights, arrays), sum(array.size for array in arrays.values())
        return Verification(
            self.folder.path.name, self.recipe.name, str(self.status["status"]), self.lines, numbers,
            digest_of(arrays) if whole and first is None else None, first,
            tuple(self.since.changed), tuple(self._notes(whole)), self.since.compared,
        )  # fmt: skip

    def _follow(self) -> Difference | None:
        """Up to the end, or to the first difference."""
        for event in self._events():
            self.listener(event)
            if isinstance(event, Diverged):
                self.diverged = event
            if isinstance(event, EpochEnd):
                if self.lines >= len(self.kept):
                    if self.status["status"] in ("finished", "stopped"):
                        return Difference("evaluations", len(self.kept), "more", event.epoch, event.step)
                    continue
                first = first_difference(self.kept[self.lines], plain(metrics_line(event)))
                if first is not None:
                    return dataclasses.replace(first, epoch=event.epoch, step=event.step)
                self.lines += 1
        if self.lines < len(self.kept):
            return Difference("evaluations", len(self.kept), self.lines)
        return self._end()

    def _end(self) -> Difference | None:
        """Where it diverged."""
        then, now = self.status.get("diverged"), None
        if self.diverged is not None:
            now = plain(dataclasses.asdict(self.diverged))
        if isinstance(then, dict) and now is not None:
            return first_difference(then, now, "divergence: ")
        if (isinstance(then, dict)) != (now is not None):
            return Difference("end", self.status["status"], "diverged" if now is not None else "did not diverge")
        return None

    def _events(self) -> Iterator[Event]:
        """All of it; of a run that was cut off so much as there is of it."""
        if self.status["status"] in ("running", "interrupted"):
            return self.trainer.up_to(max(self.steps, int(self.kept[-1]["step"]) if self.kept else 0))
        return self.trainer.events()

    def _notes(self, whole: bool) -> Iterator[str]:
        if self.status["status"] == "interrupted":
            yield f"it was interrupted: what there is of it, {self.steps:,} steps, was replayed"
        if self.status["status"] == "running":
            yield "it was killed: its evaluations were compared, as no parameters are kept"
        elif not whole:
            yield f"it keeps no {WEIGHTS}: its evaluations alone were compared"
        again = self.status.get("resumed")
        if isinstance(again, list) and again:
            at = ", ".join(f"{one.get('step')}" for one in again if isinstance(one, dict))
            yield f"it was resumed at step {at}: here it was trained in one go"


def _first_array(then: Mapping[str, NDArray[Any]], now: Mapping[str, NDArray[Any]]) -> Difference | None:
    """The first parameter that differs in a bit, with its first number that does."""
    for name in dict.fromkeys([*now, *then]):  # the net's own order
        a, b = then.get(name), now.get(name)
        if a is None or b is None or (a.shape, a.dtype) != (b.shape, b.dtype):
            return Difference(name, _outside(a), _outside(b))
        if a.tobytes() != b.tobytes():
            place = int(np.flatnonzero(_bits(a) != _bits(b))[0])
            index = ", ".join(map(str, np.unravel_index(place, a.shape)))
            return Difference(f"{name}[{index}]", plain(a.ravel()[place]), plain(b.ravel()[place]))
    return None


def _outside(array: NDArray[Any] | None) -> str | None:
    return None if array is None else f"{array.dtype} {array.shape}"


def _bits(array: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = np.ascontiguousarray(array).ravel().view(f"u{array.dtype.itemsize}")
    return found


def _check(status: Mapping[str, Any], path: Path) -> None:
    """Refuse what cannot be replayed from its recipe."""
    if in_use(path):
        raise StoreError(f"{path} is being trained at this moment\n  wait for its end")
    again = status.get("resumed")
    for one in again if isinstance(again, list) else ():
        changes = [str(change) for change in one.get("changes") or [] if not str(change).startswith(NEUTRAL)]
        if changes:
            raise StoreError(f"{path} cannot be replayed: it was changed on its way, at step {one.get('step')}:\n"
                             f"  {changes[0]}")  # fmt: skip


def _weights(folder: RunFolder) -> tuple[dict[str, NDArray[Any]] | None, int]:
    """The parameters at the end, and after how many steps; None where none are kept."""
    if not folder.has(WEIGHTS):
        return None, 0
    arrays, facts = folder.read_arrays(WEIGHTS)
    return arrays, int(facts.get("steps", 0))
