"""The list of data sets, and the page of one: sizes, a picture, options, where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dllab.data.dataset import Dataset
from dllab.data.images import picture_shape
from dllab.lab.datasets import DataSummary
from dllab.views.data_pictures import picture
from dllab.views.data_text import Samples, Words, in_characters, shown
from dllab.views.parts import Plain, inline, page_view
from dllab.views.parts import page_document as parts_page
from dllab.views.text import count

WIDTHS = {"data set": 16, "rows": 9, "inputs": 7, "asks for": 12}
"""Of the columns of the list, which are known before the data sets are."""


def listing(summaries: Iterable[DataSummary]) -> Iterator[RenderableType]:
    """A line for each data set, as they come: rows, inputs, what is asked."""
    yield Plain(_lines(heads=True))
    for summary in summaries:
        table = _lines(heads=False)
        table.add_row(summary.name, f"{summary.rows:,}", _short(summary), _task(summary), Text(summary.about))
        yield Plain(table)
    yield Plain(Group(Text(), inline("`dllab datasets NAME` shows one, with its options and a picture.")))


def _lines(heads: bool) -> Table:
    """A table like every other one of the list, so that they make one together."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, show_header=heads, expand=True)
    for title, width in WIDTHS.items():
        right, style = title in ("rows", "inputs"), "bold" if title == "data set" else None
        table.add_column(title, style=style, justify="right" if right else "left", no_wrap=True, width=width)
    table.add_column("about", ratio=1)
    return table


def dataset_view(summary: DataSummary, dataset: Dataset) -> RenderableType:
    """The page of one data set."""
    blocks: list[RenderableType] = [page_view("datasets", type(summary.source)), Text(), facts(summary, dataset)]
    drawn = Samples(dataset) if dataset.vocabulary else picture(dataset) or _features(dataset)
    return Plain(Group(*blocks, Text(), drawn))


def document(summaries: Sequence[DataSummary]) -> dict[str, Any]:
    """The JSON document of the list."""
    return {"datasets": [_sizes(summary) for summary in summaries]}


def page_document(summary: DataSummary) -> dict[str, Any]:
    """The JSON document of one data set."""
    page = parts_page("datasets", type(summary.source))
    chosen = summary.source.model_dump()
    for option in page["options"]:
        option["value"] = chosen[option["name"]]
    return {
        **_sizes(summary),
        "features": list(summary.features),
        "origin": summary.origin,
        "licence": summary.licence or None,
        "documentation": page["documentation"],
        "options": page["options"],
    }


def _sizes(summary: DataSummary) -> dict[str, Any]:
    return {
        "name": summary.name,
        "about": summary.about,
        "task": summary.task,
        "rows": summary.rows,
        "input_shape": list(summary.input_shape),
        "outputs": summary.outputs,
        "classes": list(summary.classes),
        "splits": summary.splits,
    }


def facts(summary: DataSummary, dataset: Dataset, whole: bool = True) -> RenderableType:
    """Sizes, inputs and targets; `whole`: classes, and where the data come from, as well."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    splits = ", ".join(f"{rows:,} {name}" for name, rows in summary.splits.items())
    table.add_row("rows", Text(f"{summary.rows:,}: {splits}"))
    table.add_row("inputs", Words(_inputs(summary, dataset)))
    if "lengths" in dataset.columns:
        lengths = dataset.columns["lengths"]
        table.add_row("lengths", Text(f"{lengths.min()} to {lengths.max()} steps of a row are there"))
    if "decoder" in dataset.columns:
        table.add_row("decoder", Text(f"reads {dataset.columns['decoder'].shape[1]} of the classes, one step late"))
    if summary.classes and whole:
        labels = dataset.columns["targets"]
        counts = np.bincount(labels[labels >= 0], minlength=len(summary.classes))
        named = [f"{shown(name)} ({many:,})" for name, many in zip(summary.classes, counts)]
        table.add_row("classes", Words(("at every step: " if dataset.at_every_step else "") + _some(named, 10)))
    elif not summary.classes:
        targets = dataset.columns["targets"]
        low, high = targets.min(), targets.max()
        extent = f"{low:.3g} to {high:.3g}" if low < high else f"always {low:.3g}"
        table.add_row("targets", Text(f"{summary.outputs} number{'s' * (summary.outputs > 1)} a row: {extent}"))
    if whole:
        table.add_row("origin", Text(summary.origin))
    if whole and summary.licence:
        table.add_row("licence", Text(summary.licence))
    return table


def _inputs(summary: DataSummary, dataset: Dataset) -> str:
    """The shape of a row, the type of its numbers, and what they are."""
    begin = f"{_shape(summary)} {dataset.columns['inputs'].dtype}: "
    if dataset.vocabulary:
        of = count(len(dataset.vocabulary), "character" if in_characters(dataset.vocabulary) else "word")
        return begin + f"ids of {of}: {_some([shown(w) for w in dataset.vocabulary], 10)}"
    shape = picture_shape(dataset.features)
    if shape is None:
        return begin + _some(summary.features)
    return begin + f"{shape[0]} x {shape[1]} pixels{' in colour' if shape[2] > 1 else ''}"


def _features(dataset: Dataset) -> RenderableType:
    """The range of every feature, where there are few."""
    flat = dataset.columns["inputs"].reshape(dataset.rows, -1)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("feature")
    for title in ("least", "mean", "greatest"):
        table.add_column(title, justify="right")
    for name, column in list(zip(dataset.features, flat.T))[:20]:
        table.add_row(Text(name), f"{column.min():.3g}", f"{column.mean():.3g}", f"{column.max():.3g}")
    return Padding(table, (0, 0, 0, 2))


def _shape(summary: DataSummary) -> str:
    return " x ".join(str(size) for size in summary.input_shape)


def _short(summary: DataSummary) -> str:
    """The shape for a narrow column: without the one channel of a picture."""
    shape = summary.input_shape
    return _shape(summary).removesuffix(" x 1") if len(shape) == 3 else _shape(summary)


def _task(summary: DataSummary) -> str:
    if summary.task == "classification":
        return f"{len(summary.classes)} classes"
    return f"{summary.outputs} number{'s' * (summary.outputs > 1)}"


def _some(names: Sequence[str], limit: int = 8) -> str:
    if len(names) <= limit:
        return ", ".join(names)
    return f"{', '.join(names[: limit - 1])}, ... {names[-1]}"
