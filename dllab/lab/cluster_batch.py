"""What a worker of a cluster does: it trains a batch of members, with the nets it has planned before.

Nothing of Dask is needed here. A recipe comes as its text, and members as the changes to it; own parts and data files are
found where they are on the machine that sent them, and checked to be the same. So a batch is a pure function of what
is sent, and may be trained twice.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dllab.engine.prepare import data_of
from dllab.lab.grid import Member
from dllab.lab.sweep import Done, Worker, reason_of
from dllab.lab.sweep_files import stamps
from dllab.recipe import Recipe, RecipeError, parse
from dllab.recipe.place import visible
from dllab.runs.data_file import digest
from dllab.runs.machine import surroundings
from dllab.training.series import Stopped
from dllab.training.transfer import Source

_HERE = threading.local()
_BUILDING = threading.Lock()
_CHECKING = threading.Lock()
_CHECKED: dict[str, str | None] = {}
_UNWANTED: set[str] = set()


@dataclass(frozen=True)
class Job:
    """A sweep as workers get it. `token`: its name; `label`: of the recipe in messages; `path`: of its file.

    `used`: checksums of the files of its own parts; `data`: of the data of the setting `first`; None: not known.
    `source`: the weights that members begin with, or why there are none. `folder`: that paths in changes count from;
    `files`: those that members read, with what stands for their content.
    """

    token: str
    text: str
    label: str
    path: str | None
    trust: bool
    first: tuple[str, ...] = ()
    used: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    source: Source | RecipeError | None = None
    folder: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def make(self, overrides: Sequence[str]) -> Recipe:
        """The recipe of a member. Raises RecipeError."""
        path = None if self.path is None else Path(self.path)
        return parse(self.text, overrides, self.label, path, trust=self.trust, working=self.folder)


@dataclass(frozen=True)
class Back:
    """What comes back of a batch: members in its order, all of them unless nobody wanted them any more.

    `where`: the worker; `seconds`: of training. `problem`: why it can train none of this sweep.
    """

    where: str
    around: Mapping[str, Any]
    ended: Sequence[Done] = ()
    seconds: float = 0.0
    problem: str | None = None


def train_batch(job: Job, members: Sequence[Member]) -> Back:
    """Train members one after the other on this thread of a worker."""
    with _CHECKING:
        if job.token not in _CHECKED:
            _CHECKED[job.token] = _problem(job)
        problem = _CHECKED[job.token]
    if problem is not None:
        return Back(where(), here(), problem=problem)
    worker, ended, began = _worker(job), [], time.perf_counter()
    with contextlib.suppress(Stopped):
        for member in members:
            if job.token in _UNWANTED:
                break
            ended.append(worker.train(member, lambda: job.token not in _UNWANTED))
    return Back(where(), here(), ended, time.perf_counter() - began)


def forget(token: str) -> None:
    """Nobody wants the members of a sweep any more: let go those in training, and begin no others."""
    _UNWANTED.add(token)


@functools.cache
def here() -> dict[str, dict[str, Any]]:
    """What bits depend on besides the recipe, on this machine."""
    return surroundings()


def where() -> str:
    """The address of this worker."""
    try:
        from distributed import get_worker

        return str(get_worker().address)
    except (ImportError, ValueError):  # outside of a cluster
        return "here"


def _worker(job: Job) -> Worker:
    """What this thread has planned for the sweep."""
    if getattr(_HERE, "token", None) != job.token:
        _HERE.token, _HERE.worker = job.token, Worker(job.make, lambda trainer: _source(job), _BUILDING)
    worker: Worker = _HERE.worker
    return worker


def _source(job: Job) -> Source:
    assert job.source is not None, "a recipe with init_from needs its weights"
    if isinstance(job.source, RecipeError):
        raise job.source
    return job.source


def _problem(job: Job) -> str | None:
    """Why this machine cannot train members as the one that sent them can."""
    try:
        recipe = job.make(job.first)
        if dict(recipe.used) != dict(job.used):
            return "the recipe's own Python files are others there"
        if job.data is not None and digest(data_of(recipe)) != job.data:  # a net may be what kills workers
            return "the recipe's data are others there"
    except RecipeError as error:
        if job.data is not None:
            return reason_of(error)
    there = stamps(job.files)
    for path, stamp in job.files.items():
        if there[path] != stamp:
            return f"{visible(path)} is {'another' if there[path] else 'not'} there"
    return None
