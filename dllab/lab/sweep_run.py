"""A sweep under way: members are trained on threads, kept as they end, and counted."""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dllab.engine import budget, executor
from dllab.lab.grid import NoGrid
from dllab.lab.search import Changed, Search, version
from dllab.lab.sweep import Done, Sweep
from dllab.lab.sweep_files import changed
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_summary import DIVERGED, OPEN, Measure, SweepSummary, Tally, measure_of, summary_of
from dllab.recipe import Problem, RecipeError, shipped
from dllab.recipe.place import visible
from dllab.runs.disk import StoreError
from dllab.runs.journal import line_of
from dllab.runs.keeper import now
from dllab.runs.machine import differences, surroundings
from dllab.runs.resume import recipe_then
from dllab.runs.seal import digest_of
from dllab.runs.settings import flat
from dllab.runs.sweep_folder import PLAN, SweepFolder, find_sweep, source_name
from dllab.runs.train import first_weights
from dllab.runs.transfer import NoWeights
from dllab.training.events import Event, FirstTraining
from dllab.training.series import Stopped
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source

if TYPE_CHECKING:
    from dllab.lab.cluster import Cluster, ClusterSweep

BATCH, BATCH_SECONDS = 256, 0.2
"""Members that have ended are kept when there are so many of them, or after so many seconds."""

SHOWN_CHANGES = 4


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is: members that have ended in this process, and of all how many failed or diverged.

    `lines`: by number, what the journal says of those that have ended since the last time.
    """

    done: int
    total: int
    failed: int
    diverged: int
    seconds: float
    what: str
    lines: Sequence[tuple[int, str]] = ()


Listener = Callable[[SweepProgress], None]


class SweepRun:
    """A sweep that is begun, or gone on with by `resumed`. `kept`: lines of members that had ended before, by number.

    `notes`: why its bits may differ from those of before, if they may.
    """

    def __init__(self, plan: SweepPlan, *, jobs: int | None = None, metric: str | None = None,
                 run_dir: str | Path | None = None, save: bool = True, cluster: Cluster | None = None) -> None:  # fmt: skip
        self.plan, self.status, self.seconds = plan, "running", 0.0
        jobs = budget.fitting(min(jobs or executor.free_cores(), len(plan.grid)), plan.needed)
        self.notes: list[str] = []
        self.kept: dict[int, str] = {}
        self.folder: SweepFolder | None = None
        self._run_dir, self._save, self._began = run_dir, save, now()
        self._metric = metric
        self.tally = Tally(len(plan.grid), measure_of(plan, metric), metric)
        self.search = _search_of(plan, self.tally.measure)
        if self.search is not None:
            self.plan = plan = replace(plan, grid=self.search.grid)
        self._sweep: Sweep | ClusterSweep = (
            Sweep(plan.make, jobs, sources=self._weights) if cluster is None else cluster.sweep(plan, self._weights)
        )
        self._cluster = cluster
        self._optuna = None if self.search is None else version()
        self._differed: list[str] = []
        self._weights_then: dict[str, str] = {}
        self._waiting: list[str] = []
        self._last_kept = time.perf_counter()

    @classmethod
    def resumed(cls, reference: str, *, jobs: int | None = None, metric: str | None = None, trust: bool = False,
                run_dir: str | Path | None = None, with_lines: bool = False,
                cluster: Cluster | None = None) -> SweepRun:  # fmt: skip
        """Go on with a sweep: what is missing or failed. Raises StoreError where it cannot, RecipeError, NoMeasure.

        `with_lines`: keep those of members that had ended, too.
        """
        folder = SweepFolder(find_sweep(reference, run_dir))
        folder.open()
        try:
            document = folder.read_plan()
            _check_metric(document, folder.path, metric)
            plan = _plan_again(document, folder.path, trust)
            run = cls(plan, jobs=jobs, metric=metric or document.get("metric"), run_dir=folder.path.parent,
                      cluster=cluster)  # fmt: skip
            run.folder, run.notes = folder, differences(document)
            run._recall(document)
            run.seconds, run._began = float(document.get("seconds") or 0), str(document.get("began") or now())
            run._weights_then = dict(document.get("weights") or {})
            for line, told in folder.members(len(plan.grid)):
                run.tally.add(told["index"], told["status"], told.get("final") or {}, told.get("error"))
                if run.search is not None:
                    run.search.remember(told)
                if with_lines:
                    run.kept[told["index"]] = line
            return run
        except BaseException:
            folder.close()
            raise

    def _recall(self, document: Mapping[str, Any]) -> None:
        """What is to stay as sweep.json has it: with what a search was begun, and what differed before."""
        if isinstance(told := document.get("differences"), list):
            self._differed = [str(one) for one in told]
        versions = document.get("versions")
        then = versions.get("optuna") if isinstance(versions, dict) else None
        if self.search is not None and then is not None and then != self._optuna:
            self.notes.append(f"optuna {then} then, {self._optuna} now")
            self._optuna = str(then)

    @property
    def jobs(self) -> int:
        """Members trained at a time."""
        return self._sweep.jobs

    def follow(self, listener: Listener = lambda progress: None, *, fail_fast: bool = False) -> None:
        """Train what is to be trained. Ctrl-C that the listener raises ends it where nothing is lost: see `status`.

        Raises StoreError where nothing can be kept.
        """
        if self._save and self.folder is None:
            self.folder = SweepFolder.create(self.plan.recipe.name, self._run_dir)
        before, began = self.seconds, time.perf_counter()
        try:
            self._keep_plan()
            self._train(listener, fail_fast, began, before)
            self._keep_members()
            if self.status == "running":
                self.status = "finished" if not (self.tally.status == OPEN).any() else "interrupted"
        except BaseException as error:
            self.status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            with contextlib.suppress(StoreError):  # what is told is what went wrong first
                if not isinstance(error, StoreError):
                    self._keep_members()
            with contextlib.suppress(StoreError):
                self._keep_plan()
            raise
        else:
            self._keep_plan()
        finally:
            if self.folder is not None:
                self.folder.close()

    def summary(self, top: int) -> SweepSummary:
        """How it stands."""
        path = None if self.folder is None else self.folder.path
        return summary_of(self.plan, self.tally, status=self.status, top=top, seconds=self.seconds, jobs=self.jobs,
                          folder=path)  # fmt: skip

    def _train(self, listener: Listener, fail_fast: bool, began: float, before: float) -> None:
        todo = self.tally.todo if self.search is None else np.flatnonzero(self.tally.status == OPEN)
        for index in todo:
            self.kept.pop(int(index), None)
        done, total, failed, diverged = 0, len(todo), 0, self.tally.count(DIVERGED)
        indices = range(total) if total == len(self.plan.grid) else todo.tolist()
        for ended in self._ended(indices):
            lines = [(one.member.index, self._taken(one)) for one in ended]
            done += len(ended)
            failed += sum(one.status == "failed" for one in ended)
            diverged += sum(one.status == "diverged" for one in ended)
            self.seconds = before + time.perf_counter() - began
            if len(self._waiting) >= BATCH or time.perf_counter() > self._last_kept + BATCH_SECONDS:
                self._keep_members()
            if fail_fast and failed and self.status == "running":
                self.status = "failed"
                self._sweep.stop()
            with self._ending():
                listener(SweepProgress(done, total, failed, diverged, self.seconds - before, self._sweep.compiling, lines))

    def _ended(self, indices: Sequence[int]) -> Iterator[list[Done]]:
        """What ends, a few times a second: of all of these, or of one round of a search after the other."""
        if self.search is None:
            yield from self._sweep.run(self.plan.grid.member, indices)
            return
        try:
            for round_ in self.search.rounds():
                if round_:
                    yield from self._sweep.run(self.search.member, round_)
                else:  # of what was found before: somebody may want to end it
                    yield []
                if self.status != "running":
                    return
        except Changed as error:
            raise StoreError(f"{self.folder and self.folder.path} cannot go on: setting {error.number} is not what is "
                             "suggested now\n  go on with the version of Optuna it was begun with, or begin a new sweep"
                             ) from None  # fmt: skip

    @contextlib.contextmanager
    def _ending(self) -> Any:
        """Ctrl-C while something is shown ends the sweep; what has ended meanwhile is still taken."""
        try:
            yield
        except KeyboardInterrupt:
            self.status = "interrupted"
            self._sweep.stop()

    def _taken(self, one: Done) -> str:
        self.tally.add(one.member.index, one.status, one.final, one.error)
        if self.search is not None:
            self.search.ended(one)
        line = line_of(member_document(one))
        self._waiting.append(line)
        return line

    def _keep_members(self) -> None:
        if self.folder is not None and self._waiting:
            self.folder.add(self._waiting)
        self._waiting, self._last_kept = [], time.perf_counter()

    def _keep_plan(self) -> None:
        if self.folder is None:
            return
        measure, around = self.tally.measure, surroundings()
        if self._optuna is not None:
            around["versions"]["optuna"] = self._optuna
        differed = [*self._differed, *self.notes, *(self._cluster.notes if self._cluster is not None else ())]
        told = {"status": self.status, "metric": self._metric or (None if measure is None else measure.text)}
        self.folder.write_plan({
            **self.plan.document(), **told, "counts": self.tally.counts(), "seconds": round(self.seconds, 6),
            "began": self._began, "weights": self._weights_then, "differences": list(dict.fromkeys(differed)),
            **around,
        })  # fmt: skip

    def _weights(self, trainer: Trainer) -> Source:
        """What members with `init_from` begin with; a recipe that was never trained is trained first."""

        def told(event: Event) -> None:
            if self._sweep.stopped:
                raise KeyboardInterrupt
            self._sweep.compiling = f"{event.recipe} first" if isinstance(event, FirstTraining) else ""

        try:
            found = first_weights(trainer, self._run_dir, self._save, told, self.plan.trust)
        except KeyboardInterrupt:
            raise Stopped from None
        origin = trainer.recipe.init_from
        assert origin is not None
        name = source_name(origin)
        digest = digest_of(found.arrays)
        if self._weights_then.setdefault(name, digest) != digest:
            hint = "begin a new sweep, or put that run back"
            problem = Problem("init_from: its weights are not those that this sweep began with",
                              trainer.recipe.place("init_from"), hint)  # fmt: skip
            raise NoWeights([problem])
        self._keep_plan()  # nobody else writes it while members are trained
        return found


def _search_of(plan: SweepPlan, measure: Measure | None) -> Search | None:
    """The search that a plan asks for. Raises NoGrid where there is nothing to search by."""
    if plan.search is None:
        return None
    if measure is None:
        raise NoGrid("there is nothing to search by: no setting that was tried can be trained",
                     shlex.join(["dllab", "train", plan.reference, *plan.first]) + " says why")  # fmt: skip
    return Search(plan, measure)


def member_document(one: Done) -> dict[str, Any]:
    """A member's line in the journal."""
    return {
        "index": one.member.index, "overrides": list(one.member.overrides), "seed": one.member.seed, "status": one.status,
        "steps": one.steps, "final": one.final, "seconds": round(one.seconds, 6), "error": one.error,
        **({} if one.member.watch is None else {"curve": None if one.curve is None else list(one.curve)}),
    }  # fmt: skip


def _check_metric(document: Mapping[str, Any], path: Path, metric: str | None) -> None:
    """Raises StoreError for a search that is to go on by another figure: what it has found was found by that."""
    then = document.get("metric")
    if document.get("search") is not None and metric not in (None, then):
        raise StoreError(f"{path} cannot go on by {visible(str(metric))}: its settings are searched by {then}\n"
                         "  leave out --metric, or begin a new sweep")  # fmt: skip


def _plan_again(document: Mapping[str, Any], path: Path, trust: bool) -> SweepPlan:
    """The plan that a sweep was begun with. Raises StoreError where the recipe says something else by now."""
    reference, file = str(document.get("reference")), str(document.get("path"))
    if reference not in shipped() and not (os.path.exists(reference) and os.path.realpath(reference) == file):
        reference = file
    plan = plan_of(reference, [str(text) for text in document["values"]], seeds=document["seeds"],
                   first=document["first_seed"], sample=document.get("sample"), trust=trust,
                   search=document.get("search"), prune=bool(document.get("prune", True)),
                   folder=str(document["folder"]) if document.get("folder") else None)  # fmt: skip
    changes = _changes(document, plan)
    if changes or len(plan.grid) != document["members"]:
        more = f" and {len(changes) - SHOWN_CHANGES} more" if len(changes) > SHOWN_CHANGES else ""
        told = "; ".join(changes[:SHOWN_CHANGES]) + more or "its members are others"
        raise StoreError(f"{path} cannot go on: the recipe is not what it was\n  {told}\n"
                         "  put it back as it was, or begin a new sweep")  # fmt: skip
    return plan


def _texts(told: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}


def _changes(document: Mapping[str, Any], plan: SweepPlan) -> list[str]:
    """What a recipe says by now that it did not say when the sweep was begun."""
    if plan.recipe.used != document.get("used", {}):
        return ["its own Python files have changed"]
    if document.get("data") not in (None, plan.data):
        return ["its data have changed"]
    if others := changed(_texts(document.get("files")), plan.files):
        return [f"{visible(path)} has changed" for path in others]
    if plan.recipe.to_yaml() == document["recipe_yaml"]:
        return []
    try:
        then, now_ = (
            flat(one.resolved())
            for one in (recipe_then(document["recipe_yaml"], PLAN, plan.recipe, plan.trust), plan.recipe)
        )
    except RecipeError:
        return ["another recipe"]
    found = [f"{key} was {then.get(key)}, is {now_.get(key)}" for key in {**then, **now_} if then.get(key) != now_.get(key)]
    return [one for one in found if not one.startswith(("about ", "expect."))]
