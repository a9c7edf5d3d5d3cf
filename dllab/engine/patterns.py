"""Which layers and arrays of a net the patterns of a recipe mean: those of `freeze`, `lr_factors` and `init_from`.

A pattern is compared, as file names are, with the path of every layer and array (`2_residual`, `2_residual.0_dense`,
`2_residual.0_dense.w`); below a label, which no two layers share, also with the path from there on (`hidden.w`). What fits
a layer goes for all inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from dllab.plan.plan import Plan
from dllab.plan.store import lies_in
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.recipe.errors import did_you_mean, show

SHOWN = 12
"""Layers named in a message; of a deeper net the rest is counted."""


@dataclass(frozen=True)
class Names:
    """The paths of a net. `parameters` and `running` are arrays; `layers` are those that hold any, and blocks of such."""

    parameters: tuple[str, ...]
    running: tuple[str, ...]
    layers: tuple[str, ...]
    others: tuple[str, ...]  # layers that hold nothing

    @classmethod
    def of(cls, plan: Plan) -> Names:
        """The names in a plan."""
        parameters, running = tuple(plan.store.parameters), tuple(plan.store.running)
        paths = [info.path for info in plan.infos]
        holders = tuple(path for path in paths if any(lies_in(label, path) for label in (*parameters, *running)))
        return cls(parameters, running, holders, tuple(path for path in paths if path not in holders))

    @property
    def arrays(self) -> tuple[str, ...]:
        """Parameters and running state."""
        return (*self.parameters, *self.running)

    def fits(self, pattern: str, path: str) -> bool:
        """Whether a pattern means the layer or array of that path, or one that it lies in."""
        steps = path.split(".")
        return any(
            fnmatchcase(spelling, pattern)
            for end in range(1, len(steps) + 1)
            for spelling in _spellings(steps[:end], end == len(steps) and path in self.arrays)
        )

    def inside(self, layer: str) -> list[str]:
        """The parameters that a layer, or what is inside it, holds."""
        return [label for label in self.parameters if lies_in(label, layer)]

    def chosen(self, recipe: Recipe, key: str, pattern: str, place: str) -> list[str]:
        """The arrays that a pattern means. Raises RecipeError, at the pattern's place, where there are none."""
        found = [label for label in self.arrays if self.fits(pattern, label)]
        if found:
            return found
        empty = next((path for path in self.others if self.fits(pattern, path)), None)
        if empty is not None:
            message = f"{key}: {show(pattern)} means {empty}, which holds no parameters"
        else:
            message = f"{key}: {show(pattern)} fits no layer"
        labels = [path.rpartition(".")[2] for path in self.layers]
        meant = did_you_mean(pattern, [*self.layers, *(label for label in labels if label[0].isalpha()), *self.arrays])
        hint = f"the layers with parameters: {listed(self.layers)}.{meant}".removesuffix(".")
        raise RecipeError([Problem(message, recipe.place(place), hint)])


def with_transfer(recipe: Recipe, plan: Plan) -> Plan:
    """The plan in which the layers that the recipe freezes are frozen, and rates have the recipe's factors."""
    if not recipe.freeze and not recipe.lr_factors:
        return plan
    names = Names.of(plan)
    frozen, factors = _frozen(recipe, names), _factors(recipe, names)
    return Plan(replace(plan.question, frozen=frozen, rate_factors=factors))


def _frozen(recipe: Recipe, names: Names) -> tuple[str, ...]:
    """Frozen layers (whose running state stays, too) and single arrays, by path."""
    stays = {label for number, pattern in enumerate(recipe.freeze)
             for label in names.chosen(recipe, "freeze", pattern, f"freeze[{number}]")}  # fmt: skip
    if stays and not set(names.parameters) - stays:
        hint = f"leave some of these out: {listed(names.layers)}"
        raise RecipeError([Problem("freeze: leaves nothing to train", recipe.place("freeze"), hint)])
    whole = [path for path in names.layers if _whole(path, recipe, names, stays)]
    single = [label for label in names.parameters if label in stays and not any(lies_in(label, path) for path in whole)]
    return (*whole, *single)


def _whole(path: str, recipe: Recipe, names: Names, stays: set[str]) -> bool:
    """Whether a layer is frozen as a whole: it is meant itself, or all its parameters are."""
    inside = names.inside(path)
    return any(names.fits(pattern, path) for pattern in recipe.freeze) or bool(inside and stays.issuperset(inside))


def _factors(recipe: Recipe, names: Names) -> tuple[tuple[str, float], ...]:
    factors: dict[str, float] = {}
    for pattern, factor in recipe.lr_factors.items():
        chosen = names.chosen(recipe, "lr_factors", pattern, f"lr_factors.{pattern}")
        factors.update((label, factor) for label in chosen if label in names.parameters)
    return tuple(factors.items())


def _spellings(steps: list[str], array: bool) -> Iterator[str]:
    """A path, and what is left of it from each label on; an array's own name is no label."""
    yield ".".join(steps)
    for start in range(1, len(steps) - array):
        if steps[start][0].isalpha():
            yield ".".join(steps[start:])


def listed(names: Iterable[str], most: int = SHOWN) -> str:
    """`0_dense, 2_dense, hidden`; of many the first, and how many more."""
    all_of_them = list(names)
    shown = all_of_them if len(all_of_them) <= most else all_of_them[: most - 1]
    more = f" and {len(all_of_them) - len(shown)} more" if len(shown) < len(all_of_them) else ""
    return ", ".join(shown) + more
