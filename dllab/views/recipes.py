"""The list of the recipes that come with the lab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.catalogue import find
from dllab.recipe import Recipe
from dllab.views.parts import Plain, inline
from dllab.views.text import SHARES


def recipes_view(recipes: Sequence[Recipe]) -> RenderableType:
    """Each recipe with what it is about, its data and the figure it must reach."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for recipe in recipes:
        facts = [f"data: {recipe.data.name}" if recipe.data is not None else "no data"]
        facts += [expectation(figure, value) for figure, value in recipe.expect.items()]
        about = Text(recipe.about.strip() or "(says nothing about itself)")
        table.add_row(Text(recipe.name), Text.assemble(about, "\n", ("; ".join(facts), "dim")))
    return Plain(Group(table, Text(), inline("`dllab train NAME` trains one; `dllab recipes NAME` shows all about it.")))


def document(recipes: Sequence[Recipe]) -> dict[str, Any]:
    """The JSON document: `recipes`, each with `name`, `about`, `data` and the figures of `expect`."""
    listed = [
        {"name": r.name, "about": r.about, "data": r.data.name if r.data is not None else None, "expect": r.expect}
        for r in recipes
    ]
    return {"recipes": listed}


def expectation(figure: str, value: float) -> str:
    """`test accuracy at least 97 %`."""
    split, _, metric = figure.partition("_")
    amount = f"{100 * value:g} %" if metric in SHARES else f"{value:g}"
    if metric == "accuracy" and value == 1:
        return f"{split} accuracy {amount}"
    kind: Any = None if metric == "loss" else find("metrics", metric)
    higher = kind is not None and kind.higher_is_better
    label = metric if kind is None else kind.label or metric
    return f"{split} {label} {'at least' if higher else 'at most'} {amount}"
