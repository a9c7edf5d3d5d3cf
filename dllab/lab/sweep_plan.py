"""What a sweep is to train: a recipe, the values of some keys, seeds; and whether each value can be used at all."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dllab.engine.budget import bytes_needed
from dllab.lab.grid import Axis, Grid, Member, NoGrid, grid_of
from dllab.lab.sweep_files import files_of, stamps
from dllab.recipe import Problem, Recipe, RecipeError, load
from dllab.recipe.find import locate
from dllab.runs.data_file import digest
from dllab.training.series import Series
from dllab.training.trainer import Trainer

CHECKED = 200
"""Values of one key that are tried by loading the recipe; of more, so many at equal distances."""

SEARCHED = 20
"""Settings that a search looks at before it is begun, until one can be trained."""

LARGEST_SEED = 2**63 - 1
SEED = "train.seed"
SEED_HINT = "--seeds 5 trains every setting with five seeds, --seed FIRST says the first of them"


@dataclass(frozen=True)
class SweepPlan:
    """A sweep about to be trained. `reference`: the recipe as it was given; `values`: the axes as they were.

    `search`: how settings are found, such as tpe, and whether it may `prune`; None: as `grid` has them.
    `recipe`: with the keys that have one value. `nets`: how many have to be planned. `splits` and `figures`: of a member,
    the latter with whether higher is better; empty where the first setting cannot be trained. `data`: the checksum of its
    data; `needed`: bytes that its training takes. `first`: the setting that was looked at. `folder`: that paths in values
    count from, wherever the sweep goes on; `files`: those that members read, with what stands for their content.
    """

    reference: str
    recipe: Recipe
    values: tuple[str, ...]
    grid: Grid
    trust: bool = False
    nets: int = 1
    splits: tuple[str, ...] = ()
    figures: Mapping[str, bool] = field(default_factory=dict)
    data: str | None = None
    needed: int = 0
    first: tuple[str, ...] = ()
    search: str | None = None
    prune: bool = True
    folder: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def make(self, overrides: Sequence[str]) -> Recipe:
        """The recipe of a member. Raises RecipeError."""
        return _once(load(self.reference, overrides, trust=self.trust, working=self.folder))

    @property
    def varied(self) -> tuple[Axis, ...]:
        """The keys with more than one value."""
        return tuple(axis for axis in self.grid.axes if axis.between is not None or len(axis.values) > 1)

    def line(self, member: Member) -> list[str]:
        """The words of the command that trains a member alone."""
        own = ["--trust"] if self.trust else []
        return ["dllab", "train", self.reference, *member.overrides, "--seed", str(member.seed), *own]

    def document(self) -> dict[str, Any]:
        """What sweep.json says of it."""
        path, _ = locate(self.reference)
        return {
            "recipe": self.recipe.name, "reference": self.reference, "path": str(path.resolve()),
            "values": list(self.values), "seeds": len(self.grid.seeds), "first_seed": self.grid.seeds[0],
            "sample": self.grid.sample, "members": len(self.grid), "trust": self.trust,
            "recipe_yaml": self.recipe.to_yaml(), "used": dict(self.recipe.used), "data": self.data,
            "folder": self.folder, "files": dict(self.files),
            **({} if self.search is None else {"search": self.search, "prune": self.prune}),
        }  # fmt: skip


def plan_of(reference: str, values: Sequence[str], *, seeds: int = 1, first: int | None = None, sample: int | None = None,
            trust: bool = False, search: str | None = None, prune: bool = True,
            folder: str | None = None) -> SweepPlan:  # fmt: skip
    """The plan of a sweep, each value of each key tried. Raises NoGrid, and RecipeError for a value that cannot be."""
    folder = folder or os.getcwd()
    for text in values:
        if text.partition("=")[0].strip() == SEED:
            raise NoGrid("train.seed is no key to sweep over", SEED_HINT)
    axes = grid_of(values, sample=sample, seeds=range(1)).axes
    fixed = [f"{axis.key}={axis.values[0]}" for axis in axes if len(axis.values) == 1]
    recipe = _base(lambda overrides: _once(load(reference, overrides, trust=trust, working=folder)), fixed, axes)
    begin = recipe.train.seed if first is None else first
    if begin + seeds - 1 > LARGEST_SEED:
        raise NoGrid(f"seeds from {begin} on: the largest is {LARGEST_SEED}", SEED_HINT)
    grid = grid_of(values, seeds=range(begin, begin + seeds), sample=sample)
    plan = SweepPlan(reference, recipe, tuple(values), grid, trust, search=search, prune=prune, folder=folder)
    nets, files = _checked(plan, fixed)
    return replace(_looked_at(plan), nets=nets, files=stamps(files))


def _base(make: Callable[[Sequence[str]], Recipe], fixed: Sequence[str], axes: Sequence[Axis]) -> Recipe:
    """The recipe with what is the same in all members; where that makes none, with the first values of all keys."""
    try:
        return make(fixed)
    except RecipeError:
        if len(fixed) in (0, len(axes)):
            raise
        try:
            return make([f"{axis.key}={_ends(axis)[0]}" for axis in axes])
        except RecipeError:
            pass
        raise


def _once(recipe: Recipe) -> Recipe:
    if recipe.train.folds is not None:
        hint = "take them out with train.folds= and use --seeds N, which trains every setting N times"
        raise RecipeError([Problem("a sweep trains each member once, and the recipe asks for folds",
                                   recipe.place("train"), hint)])  # fmt: skip
    return recipe


def _checked(plan: SweepPlan, fixed: Sequence[str]) -> tuple[int, set[str]]:
    """Try each value of each key, alone, or else beside the first or the last values of the others.

    Returns how many nets that is, and the files that members read.

    A combination that makes no sense is a member that fails; a value that makes none in any of these is a slip.
    """
    axes, nets, files = plan.grid.axes, 1, files_of(plan.recipe)
    ends = [[f"{axis.key}={_ends(axis)[place]}" for axis in axes] for place in (0, -1)]
    for number, axis in enumerate(axes):
        if axis not in plan.varied:
            continue
        keys, tried = set(), _tried(axis)
        for value in tried:
            text = f"{axis.key}={value}"
            lines = [[text if i == number else other for i, other in enumerate(line)] for line in ends]
            alone = [one for i, one in enumerate(lines[0]) if i == number or one in fixed]
            recipe = _loaded(plan, [alone, *lines])
            keys.add(Series.key(recipe))
            files |= files_of(recipe)
        every = plan.grid.settings if axis.between is not None else len(axis.values)
        nets *= every if len(keys) == len(tried) > 1 else len(keys)
    return min(nets, plan.grid.settings), files


def _loaded(plan: SweepPlan, lines: Sequence[Sequence[str]]) -> Recipe:
    """The recipe by the first of these changes that makes one; what is wrong with the first of all, if none does."""
    errors = []
    for line in lines:
        try:
            return plan.make(line)
        except RecipeError as error:
            errors.append(error)
    raise errors[0]


def _ends(axis: Axis) -> tuple[str, ...]:
    return axis.values if axis.between is None else (axis.drawn(0.0), axis.drawn(1.0))


def _tried(axis: Axis) -> list[str]:
    values = _ends(axis)
    step = 1 if axis.key.startswith("data") and not axis.ordered else max(1, math.ceil(len(values) / CHECKED))
    return list(dict.fromkeys([*values[::step], values[-1]]))


def _looked_at(plan: SweepPlan) -> SweepPlan:
    """The plan with what the first setting tells; in a search, the first that can be trained. Nothing where none can."""
    for number in range(1 if plan.search is None else min(SEARCHED, plan.grid.settings)):
        plan = replace(plan, first=plan.grid.setting(number))
        try:
            trainer = Trainer(plan.make(plan.first))
        except Exception:  # members say what is wrong
            continue
        return _with_figures(plan, trainer)
    return plan


def _with_figures(plan: SweepPlan, trainer: Trainer) -> SweepPlan:
    figures = {metric.name: metric.higher_is_better for metric in trainer.metrics if not getattr(metric, "table", False)}
    return replace(
        plan, splits=tuple(trainer.evaluator.splits), figures={**figures, "loss": False}, data=digest(trainer.data),
        needed=bytes_needed(trainer.network.plan),
    )  # fmt: skip
