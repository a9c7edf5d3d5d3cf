"""What replaying a run comes to: the first difference, and what has changed since the run, as far as that is known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dllab.lab.cross_validate import FoldEvent
from dllab.recipe import Recipe, RecipeError
from dllab.runs.machine import differences
from dllab.runs.resume import NEUTRAL, recipe_then
from dllab.runs.settings import flat
from dllab.runs.store import RECIPE
from dllab.training.events import Event

TIMES = ("seconds",)
"""What a line tells that no two runs have in common."""

KNOWABLE = ("versions", "processor", "recipe", "data")
"""What may have changed since a run; of each it has to keep something to compare with."""

Line = Mapping[str, Any]
Listener = Callable[[Event | FoldEvent], None]


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
    `known`: those of KNOWABLE of which the run kept enough to tell whether they changed.
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
    known: tuple[str, ...] = KNOWABLE

    @property
    def same(self) -> bool:
        """Whether every bit that was compared is the same."""
        return self.first is None


@dataclass
class Since:
    """Compares what a run's `status` tells with what is now: `changed` grows, and `known` with what could be compared."""

    status: Mapping[str, Any]
    changed: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name, group in (("versions", "versions"), ("processor", "machine")):
            if isinstance(self.status.get(group), dict):
                self.known.add(name)
        self.changed += differences(self.status)

    @property
    def compared(self) -> tuple[str, ...]:
        """Those of KNOWABLE that could be compared."""
        return tuple(name for name in KNOWABLE if name in self.known)

    def recipe(self, text: Any, recipe: Recipe, trust: bool) -> None:
        """What recipe.yaml says otherwise than the text of the recipe that was trained.

        That text may come from anyone: no file is run but those that recipe.yaml names, and those only with `trust`.
        """
        if not isinstance(text, str):
            return
        self.known.add("recipe")
        try:
            then = recipe_then(text, RECIPE, recipe, trust)
        except RecipeError as error:
            why = error.problems[0].message
            self.changed.append(f"{RECIPE}: not what was trained, which cannot be used here: {why}")
            return
        before, now = flat(then.resolved()), flat(recipe.resolved())
        for key in dict.fromkeys([*before, *now]):
            if before.get(key) != now.get(key) and not key.startswith(NEUTRAL):
                self.changed.append(f"{RECIPE}: {key} {before.get(key)} then, {now.get(key)} now")

    def files(self, recipe: Recipe) -> None:
        """The files of the user's own that the recipe names."""
        used = self.status.get("used")
        then: dict[str, Any] = used if isinstance(used, dict) else {}
        for file, sha in recipe.used.items():
            if file not in then:
                self.changed.append(f"the file {file} was not used then, or not noted")
            elif then[file] != sha:
                self.changed.append(f"the file {file} is not what it was")

    def data(self, then: Any, now: str) -> None:
        """The data, by their checksum."""
        if isinstance(then, str):
            self.known.add("data")
            if then != now:
                self.changed.append("the data are not what they were")

    def weights(self, now: Mapping[str, Any]) -> None:
        """The weights it began with, by what is told of where they come from."""
        then, here = origin_of(self.status).get("sha256"), now.get("sha256")
        if here is None:
            self.changed.append("the run it began with is not there any more: its recipe was trained once more")
        elif then is not None and here != then:
            self.changed.append("the weights it began with are not what they were")


def origin_of(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a run tells of the weights it began with; {} where it tells nothing."""
    told = status.get("init_from")
    return told if isinstance(told, dict) else {}


def from_its_run(recipe: Recipe, status: Mapping[str, Any]) -> Recipe:
    """The recipe with the very run that its weights came from then, if that is still there."""
    run = origin_of(status).get("run")
    if recipe.init_from is None or not isinstance(run, str) or not Path(run).is_dir():
        return recipe
    return dataclasses.replace(recipe, init_from=dataclasses.replace(recipe.init_from, source=run))


def first_difference(then: Line, now: Line, before: str = "") -> Difference | None:
    """The first figure that two lines differ in, times left out."""
    a, b = ({key: value for key, value in line.items() if key not in TIMES} for line in (then, now))
    a, b = flat(a) if a else {}, flat(b) if b else {}
    for key in dict.fromkeys([*a, *b]):
        if json.dumps(a.get(key)) != json.dumps(b.get(key)) or (key in a) != (key in b):
            return Difference(before + key.replace(".", " ").replace("_", " "), a.get(key), b.get(key))
    return None
