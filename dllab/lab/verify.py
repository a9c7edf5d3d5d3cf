"""Replays a run and compares every bit: each evaluation, and the parameters at the end.

The run's folder says what was trained: recipe.yaml with its seed, the data's checksum in data.json, the weights it began
with. What differs is told with the first place at which it does, and with what has changed since: versions, processor,
recipe, data, files of the user's own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.cross_validate import FoldEvent, cross_validate_loaded
from dllab.lab.run_records import history_of
from dllab.recipe import Recipe, RecipeError, load, parse
from dllab.runs.data_file import digest
from dllab.runs.disk import StoreError, in_use
from dllab.runs.find import find_run
from dllab.runs.keeper import metrics_line
from dllab.runs.machine import differences
from dllab.runs.metrics_log import plain
from dllab.runs.resume import NEUTRAL
from dllab.runs.seal import digest_of
from dllab.runs.settings import flat
from dllab.runs.store import CHECKPOINT, RECIPE, WEIGHTS, RunFolder, new_run, weights_of
from dllab.runs.train import first_weights
from dllab.training.events import Diverged, EpochEnd, Event
from dllab.training.trainer import Trainer

TIMES = ("seconds",)
"""What a line tells that no two runs have in common."""

Listener = Callable[[Event | FoldEvent], None]
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """The first place at which two runs differ. `what`: `train loss`, `0_dense.w`; `epoch`, `step`: None at the end."""

    what: str
    then: Any
    now: Any
    epoch: int | None = None
    step: int | None = None


@dataclass(frozen=True)
class Verification:
    """What came of it. `evaluations`, `numbers`: how many were compared; `sha256`: of the parameters now.

    `first`: None where all is the same. `changed`: what is not as it was, which may be why. `notes`: on what was compared.
    """

    run: str
    recipe: str
    status: str
    evaluations: int
    numbers: int
    sha256: str | None
    first: Difference | None
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every bit that was compared is the same."""
        return self.first is None


def verify(run: str | Path, run_dir: str | Path | None = None, *, trust: bool = False,
           on_event: Listener = lambda event: None) -> Verification:  # fmt: skip
    """Replay a run. Raises StoreError for one that cannot be replayed, RecipeError for a recipe that cannot be used."""
    folder = RunFolder(find_run(run, run_dir))
    path, status = folder.path, folder.read_status()
    _check(status, path)
    recipe = load(path / RECIPE, trust=trust)
    recipe = dataclasses.replace(recipe, name=str(status.get("recipe", path.name)))
    if recipe.train.folds is not None:
        return _verify_folds(folder, status, recipe, trust, on_event)
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
        self.changed = [*differences(status), *_edited(folder, recipe), *_own_files(status, recipe)]
        with contextlib.suppress(StoreError):
            if folder.read_data().get("digest") != digest(self.trainer.data):
                self.changed.append("the data are not what they were")
        if recipe.init_from is not None:
            self._begin(run_dir, trust)
        self.diverged: Diverged | None = None
        self.lines = 0

    def _begin(self, run_dir: str | Path | None, trust: bool) -> None:
        """With the weights that the run began with, if its folder tells of a run that is still there."""
        told = self.status.get("init_from")
        origin = told if isinstance(told, dict) else {}
        source = self.recipe.init_from
        assert source is not None
        if isinstance(origin.get("run"), str) and Path(origin["run"]).is_dir():
            found = dataclasses.replace(source, source=origin["run"])
            self.trainer.recipe = dataclasses.replace(self.recipe, init_from=found)
        weights = first_weights(self.trainer, run_dir, False, self.listener, trust)
        self.trainer.begin_with(weights)
        if weights.origin.get("sha256") != origin.get("sha256"):
            self.changed.append("the weights it began with are not what they were")

    def result(self) -> Verification:
        first = self._follow()
        arrays = weights_of(self.trainer.network)
        whole, numbers = self.weights is not None, 0
        if first is None and self.weights is not None:
            first, numbers = _first_array(self.weights, arrays), sum(array.size for array in arrays.values())
        return Verification(
            self.folder.path.name, self.recipe.name, str(self.status["status"]), self.lines, numbers,
            digest_of(arrays) if whole and first is None else None, first, tuple(self.changed), tuple(self._notes(whole)),
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


def first_difference(then: Line, now: Line, before: str = "") -> Difference | None:
    """The first figure that two lines differ in, times left out."""
    a, b = ({key: value for key, value in line.items() if key not in TIMES} for line in (then, now))
    a, b = flat(a) if a else {}, flat(b) if b else {}
    for key in dict.fromkeys([*a, *b]):
        if json.dumps(a.get(key)) != json.dumps(b.get(key)) or (key in a) != (key in b):
            return Difference(before + key.replace(".", " ").replace("_", " "), a.get(key), b.get(key))
    return None


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


def _edited(folder: RunFolder, recipe: Recipe) -> Iterator[str]:
    """What recipe.yaml says otherwise than the recipe that was trained, which the checkpoint tells."""
    try:
        _, facts = folder.read_arrays(CHECKPOINT)
        then = parse(facts["recipe"], trust=True)
    except (StoreError, RecipeError, KeyError, TypeError):
        return
    before, now = flat(then.resolved()), flat(recipe.resolved())
    for key in dict.fromkeys([*before, *now]):
        if before.get(key) != now.get(key) and not key.startswith(NEUTRAL):
            yield f"{RECIPE}: {key} {before.get(key)} then, {now.get(key)} now"


def _own_files(status: Mapping[str, Any], recipe: Recipe) -> Iterator[str]:
    used = status.get("used")
    known: dict[str, str] = used if isinstance(used, dict) else {}
    for file, sha in recipe.used.items():
        if known.get(file, sha) != sha:
            yield f"the file {file} is not what it was"


def _verify_folds(folder: RunFolder, status: Mapping[str, Any], recipe: Recipe, trust: bool,
                  listener: Listener) -> Verification:  # fmt: skip
    """All trainings of a recipe with folds; their figures are what is kept of them."""
    result = cross_validate_loaded(
        recipe, [], seed=None, jobs=None, run_dir=None, save=False, on_event=listener, trust=trust
    )
    kept = status.get("folds")
    folds: Sequence[Line] = kept if isinstance(kept, list) else ()
    now = {(fold.repeat, fold.fold): json.loads(json.dumps(fold.document())) for fold in result.folds}
    first, done = None, 0
    for then in folds:
        place = then.get("repeat"), then.get("fold")
        first = first_difference(then, now.get(place, {}), f"fold {place[1]} of repeat {place[0]}: ")  # type: ignore[arg-type]
        if first is not None:
            break
        done += 1
    if first is None and len(folds) != len(now) and status["status"] in ("finished", "diverged"):
        first = Difference("folds", len(folds), len(now))
    text = json.dumps([fold["figures"] for fold in now.values()], sort_keys=True)
    changed = (*differences(status), *_own_files(status, recipe))
    sha = hashlib.sha256(text.encode()).hexdigest() if first is None else None
    note = "it is a run of folds, which keeps figures and no parameters"
    return Verification(folder.path.name, recipe.name, str(status["status"]), done, 0, sha, first, changed, (note,))
