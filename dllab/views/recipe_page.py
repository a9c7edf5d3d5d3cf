"""The page of one recipe: what it is about, its data, its net with shapes, how it trains, what it must reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.catalogue import Part
from dllab.lab.datasets import DataSummary
from dllab.lab.summary import Summary
from dllab.recipe import Recipe
from dllab.recipe.dump import plain_value
from dllab.recipe.errors import show
from dllab.recipe.forms import fields_of
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.recipes import expectation
from dllab.views.summary import LayerTable

LEFT_TO_THE_DATA = "what fits the data"
ALWAYS_TOLD = ("batch",)
QUOTE = "'"
SPLITS = {"train": "rows to train", "validation": "to validate", "test": "to test"}


def recipe_page(recipe: Recipe, net: Summary, data: DataSummary | None, reference: str) -> RenderableType:
    """The page of a recipe; `reference` is what the user calls it, for the commands to try next."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    for key, said in _facts(recipe, net, data):
        facts.add_row(key, Text(said))
    about = Text(recipe.about.strip() or "(says nothing about itself)")
    head = Text.assemble((recipe.name, "bold"), "  (recipe)")
    page = Plain(Group(head, Text(), about, Text(), LayerTable(net), Text(), facts, Text()))
    return Group(page, NextSteps(_next(recipe, reference)))


def document(recipe: Recipe, net: Summary) -> dict[str, Any]:
    """The JSON document of the page; `yaml` is the recipe with every default filled in."""
    return {
        "name": recipe.name,
        "about": recipe.about,
        "data": recipe.data.name if recipe.data is not None else None,
        "expect": recipe.expect,
        "file": str(recipe.source_path) if recipe.source_path is not None else None,
        "parameters": net.parameters,
        "yaml": recipe.to_yaml(),
    }


def _facts(recipe: Recipe, net: Summary, data: DataSummary | None) -> list[tuple[str, str]]:
    facts = []
    if recipe.data is not None and data is not None:
        splits = ", ".join(f"{count:,} {SPLITS[name]}" for name, count in data.splits.items())
        asked = f"{len(data.classes)} classes" if data.classes else f"{data.outputs} number{'s' * (data.outputs > 1)}"
        asked = f"one of {asked} at every step" if net.label_steps else asked
        facts.append(("data", f"{briefly(recipe.data)}\n{splits}; asks for {asked}"))
    if recipe.augment:
        facts.append(("augment", ", then ".join(briefly(entry.part) for entry in recipe.augment)))
    facts += list(_transfer(recipe))
    facts += [
        ("loss", briefly(recipe.loss) if recipe.loss is not None else f"{LEFT_TO_THE_DATA}: {net.loss or 'none'}"),
        ("optimizer", ", then ".join(briefly(link) for link in recipe.optimizer)),
        ("schedule", briefly(recipe.schedule)),
        ("metrics", LEFT_TO_THE_DATA if recipe.metrics is None else ", ".join(map(briefly, recipe.metrics))),
        ("train", _options(recipe.train, [f.name for f in dataclasses.fields(recipe.train)])),
        ("expect", "; ".join(expectation(*figure) for figure in recipe.expect.items()) or "nothing"),
    ]
    if recipe.source_path is not None:
        facts.append(("file", str(recipe.source_path)))
    return facts


def _transfer(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What it begins with, where that is not all new and all trained alike."""
    first = recipe.init_from
    if first is not None:
        layers = f", layers {', '.join(first.layers)}" if first.layers else ""
        yield "begins", f"with {'the best' if first.weights == 'best' else 'the'} weights of {first.source}{layers}"
    if recipe.freeze:
        yield "frozen", ", ".join(recipe.freeze)
    if recipe.lr_factors:
        yield "lr factors", ", ".join(f"{name} {factor:g}" for name, factor in recipe.lr_factors.items())


def briefly(part: Part) -> str:
    """`adam, lr 0.01`: the name, and the options that are not as usual."""
    told = _options(part, list(fields_of(type(part))))
    return f"{part.name}, {told}" if told else part.name


def _options(block: BaseModel | Any, names: Sequence[str]) -> str:
    """The options that differ from their defaults, in words; those of a block in parentheses."""
    fields = fields_of(type(block))
    told = []
    for name in names:
        value = getattr(block, name)
        if not fields[name].is_required() and value == fields[name].default and name not in ALWAYS_TOLD:
            continue
        inner = _options(value, list(fields_of(type(value)))) if dataclasses.is_dataclass(value) else ""
        told.append(f"{name} ({inner})" if inner else f"{name} {show(plain_value(value), 60).strip(QUOTE)}")
    return ", ".join(told)


def _next(recipe: Recipe, reference: str) -> list[tuple[str, str]]:
    steps = [
        (f"dllab train {reference}", "train it and watch it learn"),
        (f"dllab init {reference}", "a commented copy to change"),
        (f"dllab summary {reference}", "its memory, too"),
        (f"dllab gradcheck {reference}", "proof that its gradients are right"),
    ]
    if recipe.data is None:
        return steps[1:]
    return [*steps, (f"dllab datasets {recipe.data.name}", "its data, with a picture")]
