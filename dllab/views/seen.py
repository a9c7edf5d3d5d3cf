"""A recipe's data as its net gets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.data.dataset import Dataset
from dllab.data.sequences import NOT_ASKED
from dllab.data.time_series import FORECAST, SERIES
from dllab.lab.examples import target_of
from dllab.lab.seen import Drawn, Range, Seen
from dllab.recipe.dump import brief
from dllab.recipe.place import visible
from dllab.views.data_pictures import Curves, Scatter, picture
from dllab.views.data_text import Samples, Words, shown, spelt
from dllab.views.datasets import facts
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.pixels import Pictures
from dllab.views.text import number, percent

MOST_CLASSES = 12
MOST_NUMBERS = 8  # of an example, in a line
MOST_LABELS = 40
NAME, NARROW = 20, 14  # cells of a name, and where there are few
ALL_COLUMNS = 80  # cells from which a table of ranges has all its columns


def seen_view(found: Seen, reference: str) -> RenderableType:
    """Sizes, classes of every split, ranges, examples. `reference`: what the user calls the recipe."""
    told = brief(found.recipe.data)  # type: ignore[arg-type]
    head = Text.assemble((found.recipe.name, "bold"), f": data: {visible(told)}, as the net gets them")
    blocks: list[RenderableType] = [head, Text(), facts(found.summary, found.data.dataset, whole=False), Text()]
    if found.summary.classes:
        blocks += [*_classes(found), Text()]
    if found.before or found.targets_before:
        blocks += [_Ranges(found), Text()]
    steps = [
        (f"dllab viz-data {reference} --input 0 --input 1", "chosen examples"),
        (f"dllab datasets {found.summary.name}", "what these data are, and their options"),
    ]
    return Group(Plain(Group(*blocks, *_drawn(found), Text())), NextSteps(steps))


def document(found: Seen) -> dict[str, Any]:
    """The JSON document."""
    dataset = found.data.dataset
    return {
        "recipe": found.recipe.name,
        "data": found.summary.name,
        "task": found.summary.task,
        "input_shape": list(dataset.input_shape),
        "splits": {name: len(rows) for name, rows in found.rows.items()},
        "classes": [
            {"name": name, "counts": {split: int(counts[label]) for split, counts in found.counts.items()}}
            for label, name in enumerate(dataset.classes)
        ],
        "inputs": _pairs(found.before, found.after),
        "targets": _pairs(found.targets_before, found.targets_after),
        "split": found.split,
        "examples": [_example(found, example) for example in found.examples],
    }


def _pairs(before: Sequence[Range], after: Sequence[Range]) -> list[dict[str, Any]]:
    return [
        {
            "name": a.name,
            **{key: getattr(a, key) for key in ("least", "greatest", "mean", "spread")},
            **{f"seen_{key}": getattr(b, key) for key in ("least", "greatest", "mean", "spread")},
        }
        for a, b in zip(before, after)
    ]


def _example(found: Seen, example: Drawn) -> dict[str, Any]:
    columns, classes = found.data.dataset.columns, found.data.dataset.classes
    rows = np.array([example.row])
    target = columns["targets"][example.row].tolist()
    return {
        "input": example.place,
        "row": example.row,
        "target": classes[target] if classes and not found.data.dataset.at_every_step else target,
        "seen_target": found.data.targets(rows)[0].tolist(),
        "values": columns["inputs"][example.row].tolist(),
        "seen": None if found.text else found.data.seen(rows)[0].tolist(),
    }


def _classes(found: Seen) -> Iterator[RenderableType]:
    """How many of each class are in each split, and what the most frequent one alone would reach."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("class", style="bold", max_width=NAME, overflow="ellipsis", no_wrap=True)
    for split in found.counts:
        table.add_column(split, justify="right", no_wrap=True)
    table.add_column("of train", justify="right", no_wrap=True)
    train = found.counts["train"]
    total = max(int(train.sum()), 1)
    for label, name in list(enumerate(found.summary.classes))[:MOST_CLASSES]:
        counts = [f"{int(of_split[label]):,}" for of_split in found.counts.values()]
        table.add_row(Words(shown(name)), *counts, percent(float(train[label]) / total))
    yield table
    left = len(found.summary.classes) - MOST_CLASSES
    if left > 0:
        yield Text(f"... and {left:,} more classes (--json lists them all)")
    often = int(train.argmax())
    what = "steps" if found.data.dataset.at_every_step else "training rows"
    share = percent(float(train[often]) / total)
    yield Words(f"A net that always said {shown(found.summary.classes[often])!r} would be right in {share} of {what}.")


@dataclass(frozen=True)
class _Ranges:
    """What the numbers of the training rows are, as they are and as the net sees them."""

    found: Seen

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line for each feature and target; means and spreads where there is room for them."""
        found, wide = self.found, options.max_width >= ALL_COLUMNS
        scaled = found.data.shift is not None, found.data.target_shift is not None
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        table.add_column("of train", max_width=NAME if wide else NARROW, overflow="ellipsis", no_wrap=True)
        for title in (
            "least",
            "greatest",
            *(("mean", "spread") if wide else ()),
            *(("seen from", "to") if any(scaled) else ()),
        ):
            table.add_column(title, justify="right", no_wrap=True)
        pairs = (
            (found.before, found.after, scaled[0]),
            (found.targets_before, found.targets_after, scaled[1]),
        )
        for before, after, is_scaled in pairs:
            for a, b in zip(before, after):
                own = [a.least, a.greatest, *((a.mean, a.spread) if wide else ())]
                ends = [number(b.least, 3), number(b.greatest, 3)] if is_scaled else ["as it is", ""]
                table.add_row(Words(a.name), *map(number, own), *(ends if any(scaled) else ()))
        yield table
        if not any(scaled) and found.before:
            yield Text("The net sees these numbers as they are: nothing is standardised.")


def _drawn(found: Seen) -> Iterator[RenderableType]:
    """All rows of the split as points, or the examples, in the way that suits them."""
    dataset, frame = found.data.dataset, found.frame
    plane = None if found.chosen or found.text or frame.kind != "table" else picture(_part(found))
    if isinstance(plane, Scatter):
        yield Text(f"all rows of the {found.split} split:", "bold")
        yield plane
        return
    yield from _series(found)
    each = bool(found.summary.classes) and not dataset.at_every_step
    which = "asked for" if found.chosen else "the first of each class" if each else "the first"
    yield Text(f"examples of the {found.split} split, {which}:", "bold")
    inputs = dataset.columns["inputs"][[example.row for example in found.examples]]
    numbered = tuple(f"input {example.place}" for example in found.examples)
    if found.text:
        yield Samples(dataset, [example.row for example in found.examples], ids=True)
        return
    if frame.kind == "picture":
        images = inputs.reshape(-1, frame.height, frame.width, frame.channels)
        low, high = float(dataset.columns["inputs"].min()), float(dataset.columns["inputs"].max())
        says = [target_of(dataset, example.row) for example in found.examples] if dataset.classes else ()
        yield Pictures(images, says, numbered, low=min(low, 0.0), high=high, two_tone=True)
        return
    if frame.kind == "signal":
        yield Curves(inputs.reshape(-1, frame.width, frame.channels)[:, :, 0], numbered)
        said = (f"{name}: {_says(found, example)}" for name, example in zip(numbered, found.examples))
        yield Words(f"  to say: {'; '.join(said)}")
        return
    yield from (Words(f"  {_line(found, example)}") for example in found.examples)


def _series(found: Seen) -> Iterator[RenderableType]:
    """Of a forecast: the series as a whole, and which steps of it each split forecasts."""
    columns, tables = found.data.dataset.columns, found.data.dataset.tables
    if SERIES not in tables or FORECAST not in columns:
        return
    yield Text(f"the series, {len(tables[SERIES]):,} steps:", "bold")
    drawn = picture(found.data.dataset)
    if drawn is not None:
        yield drawn
    horizon = columns["targets"].shape[1]
    ends = [
        f"{split} from {columns[FORECAST][rows].min():,} to {columns[FORECAST][rows].max() + horizon - 1:,}"
        for split, rows in found.rows.items()
    ]
    window = f"{found.frame.width} steps" if found.frame.kind == "signal" else "the past"
    yield Text(f"  a row reads {window} and forecasts the next {horizon}; steps to forecast: {', '.join(ends)}")


def _part(found: Seen) -> Dataset:
    """The data of the split alone, where all classes are in it."""
    dataset, rows = found.data.dataset, found.rows[found.split]
    if dataset.classes and not (found.counts[found.split] > 0).all():
        return dataset
    return replace(dataset, columns={name: column[rows] for name, column in dataset.columns.items()}, fixed_test=None)


def _line(found: Seen, example: Drawn) -> str:
    """An example of a table in words: what a net is to say, its numbers, and as the net sees them."""
    inputs = found.data.dataset.columns["inputs"][example.row].ravel()
    line = f"input {example.place}, {_says(found, example)}: {_some(inputs)}"
    if found.data.shift is None:
        return line
    return f"{line}; seen: {_some(found.data.seen(np.array([example.row])).ravel())}"


def _says(found: Seen, example: Drawn) -> str:
    """What a net is to say of a row; of numbers also as it sees them."""
    dataset = found.data.dataset
    if dataset.at_every_step:
        labels = dataset.columns["targets"][example.row].tolist()
        return spelt([label for label in labels if label != NOT_ASKED][:MOST_LABELS], dataset.classes)
    if dataset.classes or found.data.target_shift is None:
        return target_of(dataset, example.row)
    return f"{target_of(dataset, example.row)} (seen: {_some(found.data.targets(np.array([example.row]))[0])})"


def _some(values: Any) -> str:
    more = f", ... ({len(values)} in all)" if len(values) > MOST_NUMBERS else ""
    return ", ".join(number(float(value), 3) for value in values[:MOST_NUMBERS]) + more
