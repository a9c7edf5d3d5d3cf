"""The list of the recipes that come with the lab."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from dllab.recipe import Recipe
from dllab.views.parts import Plain

SHARES = ("accuracy", "f1", "auc", "r2")  # figures whose best value is 1
SMALLER_IS_BETTER = ("loss", "mae", "rmse")


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
    return Plain(table)


def expectation(figure: str, value: float) -> str:
    """`test accuracy at least 97 %`."""
    split, _, metric = figure.partition("_")
    bound = "at most" if metric in SMALLER_IS_BETTER else "at least"
    amount = f"{100 * value:g} %" if metric == "accuracy" else f"{value:g}"
    return f"{split} {metric.replace('_', ' ')} {bound} {amount}"
