"""`dllab.cross_validate`: trains a recipe once for each of its folds, several at a time, and sums up.

Every training has a seed of its own, derived from the recipe's, and its own split; so the figures are the same bits for
any number of threads. Kernels release Python's lock, so threads are enough.

Source: Kohavi, A study of cross-validation and bootstrap for accuracy estimation and model selection (1995).
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dllab.data.folds import Folds
from dllab.data.streams import seeds
from dllab.engine import budget, executor
from dllab.engine.prepare import folds_of
from dllab.lab.fold_results import CrossValidation, FoldResult
from dllab.recipe import Recipe, chosen
from dllab.runs.data_file import digest
from dllab.runs.disk import StoreError
from dllab.runs.machine import surroundings
from dllab.runs.store import RunFolder
from dllab.runs.train import Overrides, changed, first_weights
from dllab.training.compiling import load_kernels
from dllab.training.events import Compiling, Diverged, Event, Finished, FirstTraining, Progress
from dllab.training.trainer import Trainer
from dllab.training.transfer import Beginning, Source

TICK = 0.1
"""Seconds between two looks at the keyboard and two reports of progress."""

SEEDS = 2**63


@dataclass(frozen=True)
class FoldsStarted:
    """Everything is ready. `rows` of the splits of the first fold; the others differ by a row at most.

    `beginning`: weights that all begin with, layers frozen in all.
    """

    recipe: Recipe
    count: int
    repeats: int
    rows: dict[str, int]
    metrics: tuple[str, ...]
    jobs: int
    beginning: Beginning | None = None


@dataclass(frozen=True)
class FoldEnd:
    """A training has ended; they are told in order, whichever ends first."""

    result: FoldResult
    number: int
    of: int


@dataclass(frozen=True)
class FoldsProgress:
    """How far all trainings together are; comes several times a second. `work`: in trainings, with fractions."""

    work: float
    of: int
    seconds: float


FoldEvent = Compiling | FirstTraining | FoldsStarted | FoldEnd | FoldsProgress


class FoldsInterrupted(KeyboardInterrupt):
    """Ctrl-C during cross-validation; `result` has the folds that had ended."""

    def __init__(self, result: CrossValidation) -> None:
        super().__init__("cross-validation was interrupted")
        self.result = result


def cross_validate(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    overrides: Overrides = (),
    *,
    folds: int | None = None,
    repeats: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    run_dir: str | Path | None = None,
    save: bool = True,
    on_event: Callable[[FoldEvent], None] | None = None,
    trust: bool = False,
    **options: Any,
) -> CrossValidation:
    """Train a recipe once for each fold of its data, and return the figures of all with mean and spread.

        result = dllab.cross_validate("iris", folds=5)
        print(result.mean["test"]["accuracy"], result.sd["test"]["accuracy"])

    Recipe, overrides, `seed`, `run_dir`, `save`, `trust` as for `dllab.train`; `folds` and `repeats` stand for those of the
    recipe's `train: {folds: {count: 5, repeats: 1}}`. `jobs`: trainings at a time (as many as there are processors),
    which changes no bit of the result. `on_event` is called in this thread with each event of this module.

    Raises RecipeError for a recipe that cannot be used, StoreError for a folder that cannot be written, and
    FoldsInterrupted (a KeyboardInterrupt with a `result`) after Ctrl-C.
    """
    wanted = {"train.folds.count": folds, "train.folds.repeats": repeats}
    options |= {key: value for key, value in wanted.items() if value is not None}
    changes = changed(overrides, options)
    found = chosen(recipe, changes, trust=trust)
    return cross_validate_loaded(
        found, changes, seed=seed, jobs=jobs, run_dir=run_dir, save=save, on_event=on_event, trust=trust
    )


def cross_validate_loaded(
    recipe: Recipe,
    changes: list[str],
    *,
    seed: int | None,
    jobs: int | None,
    run_dir: str | Path | None,
    save: bool,
    on_event: Callable[[FoldEvent], None] | None,
    trust: bool = False,
) -> CrossValidation:
    """`cross_validate` for a recipe that is loaded, with changes made already; the run's folder tells of them."""
    if seed is not None:
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, seed=seed))
        changes = [*changes, f"train.seed={seed}"]
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}; give at least 1")
    dealt = folds_of(recipe)
    first = Trainer(_once(recipe), data=dealt.prepared(0))
    source = None
    if recipe.init_from is not None:
        source = first_weights(first, run_dir, save, _passed(on_event), trust)
        first.begin_with(source)
    folder = RunFolder.create(recipe.name, run_dir) if save else None
    return _Work(recipe, dealt, first, jobs, folder, on_event or _ignore, changes, source).result()


def _once(recipe: Recipe) -> Recipe:
    """The recipe of one fold's training: nothing is evaluated on the way unless something watches it."""
    train = recipe.train
    watched = train.early_stop is not None or recipe.schedule.name == "plateau"
    every = train.evaluate_every or (None if watched else 10**9)
    return dataclasses.replace(recipe, train=dataclasses.replace(train, folds=None, evaluate_every=every))


class _Work:
    """Cross-validation under way: threads take trainings by number; this thread collects what they came to."""

    def __init__(self, recipe: Recipe, dealt: Folds, first: Trainer, jobs: int | None, folder: RunFolder | None,
                 listener: Callable[[FoldEvent], None], changes: list[str], source: Source | None) -> None:  # fmt: skip
        self.changes, self.source, self.beginning = changes, source, first.beginning
        self.recipe, self.dealt, self.listener, self.folder = recipe, dealt, listener, folder
        self.once, self.plan = _once(recipe), first.network.plan
        self.rows = {name: len(rows) for name, rows in first.evaluator.splits.items()}
        self.metrics = tuple(metric.name for metric in first.metrics)
        self.seeds = seeds(recipe.train.seed % SEEDS, "folds", len(dealt))
        self.jobs = budget.fitting(min(jobs or executor.free_cores(), len(dealt)), budget.bytes_needed(self.plan))
        self.ended: dict[int, FoldResult] = {}
        self._told = 0
        self._messages: queue.SimpleQueue[tuple[int, FoldResult] | BaseException] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._next, self._lock = 0, threading.Lock()
        self._shares: dict[int, float] = {}  # number of a training under way to the share of its steps that is done
        self.digest = "" if folder is None else digest(first.data)
        self._began, self._start = time.strftime("%Y-%m-%dT%H:%M:%S%z"), time.perf_counter()

    def result(self) -> CrossValidation:
        """Do it all, to whatever end."""
        try:
            return self._result()
        finally:
            if self.folder is not None:
                with contextlib.suppress(StoreError):
                    self.folder.close()

    def _result(self) -> CrossValidation:
        if self.folder is not None:
            self.folder.write_recipe(self.recipe.to_yaml())
            self._keep("running")
        threads: list[threading.Thread] = []
        try:
            for event in load_kernels(self.plan):
                self.listener(event)
            self.listener(
                FoldsStarted(
                    self.recipe, self.dealt.count, self.dealt.repeats, self.rows, self.metrics, self.jobs, self.beginning
                )
            )
            self._start = time.perf_counter()
            threads += [threading.Thread(target=self._work, daemon=True) for _ in range(self.jobs)]
            for thread in threads:
                thread.start()
            self._collect()
        except KeyboardInterrupt:
            self._end(threads)
            if len(self.ended) < len(self.dealt):
                raise FoldsInterrupted(self._keep("interrupted")) from None
        except BaseException:
            self._end(threads)
            with contextlib.suppress(StoreError):  # what is told is what went wrong first
                self._keep("failed")
            raise
        return self._keep("diverged" if any(f.status == "diverged" for f in self.ended.values()) else "finished")

    def _collect(self) -> None:
        """Hand on what the threads tell, until every training has ended."""
        told = 0.0
        while len(self.ended) < len(self.dealt):
            with contextlib.suppress(queue.Empty):
                self._take(self._messages.get(timeout=TICK))
            self._tell_in_order()
            if time.perf_counter() >= told + TICK or len(self.ended) == len(self.dealt):
                work = len(self.ended) + sum(list(self._shares.values()))
                told = time.perf_counter()
                self.listener(FoldsProgress(min(work, len(self.dealt)), len(self.dealt), told - self._start))

    def _take(self, message: tuple[int, FoldResult] | BaseException) -> None:
        if isinstance(message, BaseException):
            raise message
        self.ended[message[0]] = message[1]

    def _tell_in_order(self) -> None:
        while self._told in self.ended:
            fold = self.ended[self._told]
            self._told += 1
            self._journal(fold)
            self.listener(FoldEnd(fold, self._told, len(self.dealt)))

    def _journal(self, fold: FoldResult) -> None:
        if self.folder is not None:
            line = fold.document()
            self.folder.add_metrics({**{k: v for k, v in line.items() if k != "figures"}, **line["figures"]})

    def _end(self, threads: list[threading.Thread]) -> None:
        """Have the threads leave after the steps in hand; what they had ended meanwhile counts."""
        self._stop.set()
        for thread in threads:
            thread.join()
        while not self._messages.empty():
            message = self._messages.get()
            if not isinstance(message, BaseException):
                self._take(message)
        for number in sorted(self.ended):
            if number >= self._told:
                self._journal(self.ended[number])

    # ---- in the threads ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            if self.jobs == 1:
                self._trainings()
            else:
                with executor.one_thread():
                    self._trainings()
        except BaseException as error:
            self._messages.put(error)

    def _trainings(self) -> None:
        while (number := self._number()) is not None:
            fold = self._train(number)
            if fold is None:
                return
            self._shares.pop(number, None)
            self._messages.put((number, fold))

    def _number(self) -> int | None:
        """The next training that nobody has taken."""
        with self._lock:
            number = self._next
            self._next += 1
        return number if number < len(self.dealt) and not self._stop.is_set() else None

    def _train(self, number: int) -> FoldResult | None:
        """One training; None where it was told to stop."""
        data = self.dealt.prepared(number)
        trainer = Trainer(self.once, seed=self.seeds[number], data=data)
        if self.source is not None:
            trainer.begin_with(self.source)
        repeat, fold = divmod(number, self.dealt.count)
        diverged = None
        for event in trainer.events():
            if self._stop.is_set():
                return None
            if isinstance(event, Progress):
                self._shares[number] = event.step / event.steps
            elif isinstance(event, Diverged):
                diverged = event
            elif isinstance(event, Finished):
                rows = {name: len(rows) for name, rows in trainer.evaluator.splits.items()}
                return FoldResult(
                    repeat + 1, fold + 1, self.seeds[number], event.status, event.epochs, event.steps, event.seconds, rows,
                    event.figures, event.best_epoch, diverged,
                )  # fmt: skip
        return None

    # ---- the result ----------------------------------------------------------------------------------------------------

    def _keep(self, status: str) -> CrossValidation:
        """What there is now, also in the run's folder."""
        found = CrossValidation(
            recipe=self.recipe,
            seed=self.recipe.train.seed,
            status=status,
            count=self.dealt.count,
            repeats=self.dealt.repeats,
            rows=len(self.dealt.rows),
            folds=tuple(self.ended[number] for number in sorted(self.ended)),
            seconds=time.perf_counter() - self._start,
            jobs=self.jobs,
            folder=None if self.folder is None else self.folder.path,
            held_out=self.dealt.dataset.rows - len(self.dealt.rows),
            beginning=self.beginning,
        )
        if self.folder is not None:
            origin = {
                "began": self._began, "changes": self.changes, **surroundings(), "recipe_yaml": self.recipe.to_yaml(),
                "data": self.digest, **({"used": self.recipe.used} if self.recipe.used else {}),
            }  # fmt: skip
            self.folder.write_status({**found.document(), **origin})
            if status != "running":
                self.folder.close()
        return found


def _passed(listener: Callable[[FoldEvent], None] | None) -> Callable[[Event], None]:
    """Hands on what is told of a recipe that is trained first."""

    def told(event: Event) -> None:
        if listener is not None and isinstance(event, Compiling | FirstTraining):
            listener(event)

    return told


def _ignore(event: FoldEvent) -> None:
    pass
