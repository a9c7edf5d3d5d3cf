"""Who is compared: optimizers in place of a recipe's own, values of options, recipes beside each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from dllab.optim.optimizer import Optimizer
from dllab.recipe import Problem, Recipe, RecipeError, load
from dllab.training.series import with_rate

USUAL = "sgd,momentum,rmsprop,adam"
MOST = 16
"""Curves and rows of a table that can still be read, and pairs that can still be told apart."""


class Unfit(ValueError):
    """What cannot be compared as asked: the problem, and what to do instead."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem}; {hint}")
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Contender:
    """One of those compared. `tune`: its learning rate is still to be found."""

    name: str
    recipe: Recipe
    tune: bool = False

    @property
    def lr(self) -> float | None:
        """The learning rate of its optimizer."""
        return getattr(self.recipe.optimizer[-1], "lr", None)

    def at(self, lr: float) -> Contender:
        """The same with this rate."""
        return replace(self, recipe=with_rate(self.recipe, lr))


def optimizers(reference: str, changes: Sequence[str], wanted: str, *, trust: bool = False) -> tuple[Contender, ...]:
    """A contender for each optimizer of a list such as `sgd:lr=0.5,adam`, in place of the recipe's own.

    Their options are their own defaults, not those of the recipe's optimizer. Where a rate is given, it stays; the others'
    are to be found. Raises Unfit, and RecipeError for what a recipe would not take either.
    """
    recipe = load(reference, changes, trust=trust)
    key = "optimizer" if len(recipe.optimizer) == 1 else f"optimizer[{len(recipe.optimizer) - 1}]"
    found: list[Contender] = []
    entries = list_of_optimizers(wanted)
    names = [name for _, name, _ in entries]
    for text, name, options in entries:
        change = f"{key}={{{name}: {{{', '.join(f'{option}: {value}' for option, value in options.items())}}}}}"
        changed = load(reference, [*changes, change], trust=trust)
        if not isinstance(changed.optimizer[-1], Optimizer):
            raise Unfit(f"--optimizers: {name} moves no parameters", f"name optimizers, such as {USUAL}")
        shown = text if names.count(name) > 1 and options else name
        found.append(Contender(shown, changed, tune="lr" not in options))
    return several(found, "name at least two optimizers, such as --optimizers sgd,adam")


def list_of_optimizers(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """`sgd:lr=0.5,adam` as texts, names and options: [("sgd:lr=0.5", "sgd", {"lr": "0.5"}), ("adam", "adam", {})]."""
    found: list[tuple[str, str, dict[str, str]]] = []
    example = "write them as sgd:lr=0.5,adam:lr=0.01,beta2=0.99"
    for piece in (piece.strip() for piece in split(text)):
        name, colon, rest = piece.partition(":")
        if "=" in name:  # another option of the one before
            if not found:
                raise Unfit(f"--optimizers: {text!r} begins with an option", example)
            before, name, options = found.pop()
            written, option = f"{before},{piece}", piece
        else:
            written, options, option = piece, {}, rest
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or (colon and "=" not in option):
            raise Unfit(f"--optimizers: {piece!r} is not NAME or NAME:OPTION=VALUE", example)
        if option:
            key, _, value = option.partition("=")
            options[key.strip()] = value.strip()
        found.append((written, name, options))
    return found


def racers(wanted: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The same list as names with options, for a race without a recipe. Raises Unfit."""
    return tuple(
        (name, {option: _value(text) for option, text in options.items()})
        for _, name, options in list_of_optimizers(wanted)
    )


def variants(references: Sequence[str], words: Sequence[str], *, trust: bool = False) -> tuple[Contender, ...]:
    """A contender for each recipe, and for each value of the changes that list some: `optimizer.lr=0.1,0.01`.

    Several such changes make a grid. Changes with one value are made in all. Raises Unfit, and RecipeError.
    """
    axes, common = [], []
    for word in words:
        key, _, values = word.partition("=")
        several_values = [value.strip() for value in split(values)]
        if len(several_values) > 1 and key.strip() == "train.seed":
            raise Unfit("train.seed is nothing to compare: all are trained with the same seeds",
                        "give them by --seeds, and the first by --seed")  # fmt: skip
        if len(several_values) > 1:
            axes.append([f"{key.strip()}={value}" for value in several_values])
        else:
            common.append(word)
    named = {reference: load(reference, common, trust=trust).name for reference in references}
    shown = {r: name if list(named.values()).count(name) == 1 else r for r, name in named.items()}
    count = len(named)
    for axis in axes:
        count *= len(axis)
    if count > MOST:
        raise Unfit(f"{count:,} to compare, more than {MOST}", "give fewer, so that curves and pairs can be told apart")
    found = []
    for reference, changes in product(named, product(*axes)):
        name = " ".join([*([shown[reference]] if len(named) > 1 else []), *changes])
        found.append(Contender(name, load(reference, [*common, *changes], trust=trust)))
    return several(found, "give values separated by commas, such as optimizer.lr=0.1,0.01, or another recipe")


def several(found: Sequence[Contender], hint: str) -> tuple[Contender, ...]:
    """Contenders with names of their own. Raises Unfit for fewer than two, or too many."""
    if len(found) < 2:
        raise Unfit("one alone cannot be compared", hint)
    if len(found) > MOST:
        raise Unfit(
            f"{len(found):,} to compare, more than {MOST}", "give fewer, so that curves and pairs can be told apart"
        )
    for contender in found:
        if contender.recipe.train.folds is not None:
            problem = f"{contender.recipe.name} trains in folds, and a comparison pairs single runs"
            told = Problem(problem, contender.recipe.place("train"), "take them out with the change train.folds=")
            raise RecipeError([told])
    named: list[Contender] = []
    for contender in found:
        before = [one.name for one in found[: len(named)]].count(contender.name)
        named.append(replace(contender, name=f"{contender.name} {before + 1}") if before else contender)
    return tuple(named)


def split(text: str) -> list[str]:
    """Parts between commas, those inside brackets and quotes left alone."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if character == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def settled(contender: Contender) -> Contender:
    """The contender with the rate it has, which is not searched for."""
    return replace(contender, tune=False)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def usual_rate(recipe: Recipe) -> float:
    """The rate that the recipe's optimizer has if nothing is said."""
    optimizer: Any = type(recipe.optimizer[-1])
    return float(optimizer.model_fields["lr"].default)
