"""What a lesson works with: its recipes as the user has changed them, trainings side by side, and a place for results."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any

from dllab.engine import executor
from dllab.engine.network import Network, Precision
from dllab.lab.subject import Subject
from dllab.lessons import pictures
from dllab.lessons.claim import Claim, Op, measured
from dllab.lessons.crowd import Progress, Run, crowd, nothing
from dllab.lessons.lesson import Lesson, NoLesson, Option
from dllab.recipe import Recipe, RecipeError, load, parse, shipped

SEEDS = 1000
"""Nets of one seed of a lesson have seeds from SEEDS times it on."""


class Lab:
    """Where one lesson runs once, for one `seed`.

    `changes`: the user's, as texts; `few`: one net in place of several, so that a change is seen at once. `turns`: of
    lessons that run at the same time. `tell` hears how far things are. `blocks` and `claims` are what the lesson has shown,
    in its order; `truth`: what was to be predicted.

    Raises NoLesson and RecipeError for changes that cannot be made.
    """

    def __init__(self, lesson: Lesson, *, seed: int = 0, changes: Sequence[str] = (), few: bool = False,
                 jobs: int | None = None, tell: Progress = nothing,
                 turns: threading.Semaphore | None = None) -> None:  # fmt: skip
        self.lesson, self.seed, self.changes, self.few = lesson, seed, tuple(changes), few
        self.jobs = jobs or executor.free_cores()
        self._tell, self._turns = tell, turns
        self._options, overrides = _sorted(lesson, changes)
        self._overrides = _where(lesson, overrides)
        self.blocks: list[tuple[Any, str]] = []
        self.claims: list[Claim] = []
        self.truth: float | None = None

    # ---- what is trained -----------------------------------------------------------------------------------------------

    def option(self, name: str) -> Any:
        """An option of the lesson, as the user wants it."""
        return self._options[name]

    def text(self, name: str = "") -> str:
        """A recipe as YAML, with the user's changes."""
        return self.recipe(name=name).to_yaml() if self._overrides[name] else self.lesson.recipes[name]

    def recipe(self, *changes: str, name: str = "") -> Recipe:
        """A recipe of the lesson: the user's changes, then these. Keys may be KNOBS."""
        own = [_spelled(self.lesson, change) for change in changes]
        return self._drawn(parse(self.lesson.recipes[name], [*self._overrides[name], *own], _label(self.lesson, name)))

    def shipped(self, name: str, *changes: str) -> Recipe:
        """A recipe that comes with the lab."""
        assert name in shipped()
        return self._drawn(load(name, changes))

    def _drawn(self, recipe: Recipe) -> Recipe:
        """With data and split of the lesson's seed, unless the recipe says which; with seed 0 they are the usual ones."""
        if self.seed == 0 or recipe.data is None or getattr(recipe.data, "seed", 0) is not None:
            return recipe
        return dataclasses.replace(recipe, data=recipe.data.model_copy(update={"seed": self.seed}))

    def seeds(self, count: int) -> range:
        """Seeds for so many nets; for one of them where a change is to be seen at once."""
        first = self.seed * SEEDS
        return range(first, first + (1 if self.few else count))

    def runs(self, recipes: Mapping[str, Recipe], nets: int | Mapping[str, int] = 5) -> dict[str, list[Run]]:
        """Train so many nets of each recipe, with the same seeds, and keep their figures and curves."""
        return self._each(recipes, nets, lambda crowded, recipe, seed: crowded.run(recipe, seed))

    def nets(self, recipes: Mapping[str, Recipe], nets: int | Mapping[str, int] = 5, *, trained: bool = True,
             watched: bool = False) -> dict[str, list[Subject]]:  # fmt: skip
        """So many nets of each recipe to look into: trained, or as their weights are drawn. `watched`: with a trace."""

        def make(crowded: Any, recipe: Recipe, seed: int) -> Subject:
            if trained:
                return Subject.trained(recipe, seed=seed, watched=watched)
            return Subject.untrained(recipe, seed=seed)

        return self._each(recipes, nets, make)

    def network(self, recipe: Recipe, *, seed: int = 0, dtype: Precision = "float64") -> Network:
        """One net to calculate with, as its weights are drawn."""
        from dllab.engine.network import build

        return build(recipe, seed=self.seed * SEEDS + seed, dtype=dtype)

    def each(self, items: Iterable[Any], do: Callable[[Any], Any], what: str = "") -> list[Any]:
        """Do something with every item, on all processors; in their order."""
        return crowd([(what, item) for item in items], lambda crowded, item: do(item), self.jobs, self._tell, self._turns)

    def _each(self, recipes: Mapping[str, Recipe], nets: int | Mapping[str, int],
              do: Callable[[Any, Recipe, int], Any]) -> dict[str, list[Any]]:  # fmt: skip
        seeds = {name: self.seeds(nets if isinstance(nets, int) else nets[name]) for name in recipes}
        work = [(name, (recipe, seed)) for name, recipe in recipes.items() for seed in seeds[name]]
        found = iter(crowd(work, lambda crowded, item: do(crowded, *item), self.jobs, self._tell, self._turns))
        return {name: list(islice(found, len(seeds[name]))) for name in recipes}

    # ---- what is shown -------------------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """A paragraph between tables and pictures."""
        self.blocks.append((None, text))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], says: str = "") -> None:
        """A table, and what it says, in a sentence."""
        self.blocks.append((pictures.Table(title, columns, [list(row) for row in rows]), says))

    def picture(self, picture: Any, says: str) -> None:
        """A picture, of dllab/lessons/pictures.py or what another view of the lab draws, and what it shows."""
        self.blocks.append((picture, says))

    def trace(self, quantity: str, *, formula: str, code: tuple[str, str], number: str, picture: str) -> None:
        """One quantity, four ways."""
        self.blocks.append((pictures.Trace(quantity, formula, code, number, picture), ""))

    def predicted(self, truth: float) -> None:
        """What was to be predicted."""
        self.truth = float(truth)

    def claim(self, id: str, text: str, found: float | Sequence[float], op: Op, bound: float, unit: str = "",
              what: str = "nets") -> None:  # fmt: skip
        """A number, or the median of several, and the bound it must meet; `what` there are several of."""
        self.claims.append(measured(id, text, found, op, bound, unit, what))

    def shown(self, id: str, text: str, found: float | Sequence[float], unit: str = "") -> None:
        """A number that nothing is claimed of, such as seconds on a machine that others use, too."""
        self.claims.append(measured(id, text, found, None, None, unit))

    def missing(self, id: str, text: str, why: str) -> None:
        """A claim that cannot be judged here: what it takes."""
        self.claims.append(Claim(id, text, None, why=why))


def _label(lesson: Lesson, name: str) -> str:
    return f"recipe of lesson {lesson.number}" + (f" ({name})" if name else "")


def _spelled(lesson: Lesson, change: str) -> str:
    """A change with the place in the recipe that a knob stands for."""
    key, sign, value = change.partition("=")
    return f"{lesson.knobs.get(key, key)}{sign}{value}"


def _sorted(lesson: Lesson, changes: Sequence[str]) -> tuple[dict[str, Option], list[str]]:
    """The options of the lesson with what is changed in them, and changes of recipes. Raises NoLesson."""
    options, overrides = dict(lesson.options), []
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign:
            raise NoLesson(f"{change[:40]!r} is no change", f"write it as KEY=VALUE; {_knobs(lesson)}")
        if key not in options:
            overrides.append(_spelled(lesson, change))
            continue
        kind = type(options[key])
        try:
            options[key] = kind(value)
        except ValueError:
            noun = {int: "a whole number", float: "a number"}.get(kind, "a word")
            raise NoLesson(f"{change[:40]}: {key} takes {noun}", f"usually it is {lesson.options[key]}") from None
    return options, overrides


def _where(lesson: Lesson, overrides: Sequence[str]) -> dict[str, list[str]]:
    """The changes that each recipe of a lesson can take. Raises RecipeError for one that none takes."""
    found: dict[str, list[str]] = {name: [] for name in lesson.recipes}
    for change in overrides:
        errors: list[RecipeError] = []
        for name, text in lesson.recipes.items():
            try:
                parse(text, [*found[name], change], _label(lesson, name))
                found[name].append(change)
            except RecipeError as error:
                errors.append(error)
        if len(errors) == len(lesson.recipes):
            key = change.partition("=")[0].strip()
            if key.isidentifier() and errors[0].problems[0].message.startswith("unknown key"):
                close = get_close_matches(key, [*lesson.options, *lesson.knobs], n=1)
                meant = f"; did you mean {close[0]}?" if close else ""
                raise NoLesson(f"lesson {lesson.number} has nothing called {key}{meant}", _knobs(lesson))
            raise errors[0]
    return found


def _knobs(lesson: Lesson) -> str:
    names = [*lesson.options, *lesson.knobs]
    more = "any key of its recipe" if lesson.recipes else ""
    return "it can change " + (", ".join([*names, *([more] if more else [])]) or "nothing")
