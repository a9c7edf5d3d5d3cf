"""What there is to know of a data set without training on it: sizes, splits, where it comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dllab.catalogue import Part, find, parts
from dllab.data.dataset import Prepared, Source
from dllab.places import folder
from dllab.recipe import load


@dataclass(frozen=True)
class DataSummary:
    """A data set with some options: its sizes, and its origin and licence in words."""

    name: str
    about: str
    source: Source
    rows: int
    input_shape: tuple[int, ...]
    task: str
    classes: tuple[str, ...]
    features: tuple[str, ...]
    outputs: int
    splits: dict[str, int]
    origin: str
    licence: str


def summarize(source: Source) -> tuple[DataSummary, Prepared]:
    """The summary of a source, and its data. Raises ValueError where options or files do not do."""
    prepared = source.prepare()
    return summary_of(source, prepared), prepared


def summary_of(source: Source, prepared: Prepared) -> DataSummary:
    """The summary of a source whose data are there."""
    dataset = prepared.dataset
    splits = {name: len(getattr(prepared.splits, name)) for name in ("train", "validation", "test")}
    origin, licence = _origin(source)
    return DataSummary(
        name=source.name,
        about=dataset.about,
        source=source,
        rows=dataset.rows,
        input_shape=dataset.input_shape,
        task=dataset.task,
        classes=dataset.classes,
        features=dataset.features,
        outputs=dataset.outputs,
        splits={name: count for name, count in splits.items() if count},
        origin=origin,
        licence=licence,
    )


def usual(name: str) -> Source:
    """The source of that name with its options left alone. Raises UnknownPart."""
    source = find("datasets", name)()
    assert isinstance(source, Source)
    return source


def chosen(name: str, options: Sequence[str]) -> Source:
    """The source of that name with options such as "noise=0.3". Raises RecipeError for those it cannot take."""
    recipe = load({"data": name, "model": [{"dense": 1}]}, [f"data.{option}" for option in options])
    assert isinstance(recipe.data, Source)
    return recipe.data


def names() -> Sequence[str]:
    """All data sets that need no file of the user's own, sorted."""
    return sorted(name for name, part in parts("datasets").items() if not needs_file(part))


def needs_file(part: type[Part]) -> bool:
    """Whether a source reads a file that has to be named."""
    return any(field.is_required() for field in part.model_fields.values())


def only_files(name: str) -> str:
    """What files are that come with the lab under this name, for commands to read and no net to train on; "" for others."""
    card = folder("datasets") / f"{name}.md"
    if not name.isidentifier() or name in parts("datasets") or not card.is_file():
        return ""
    return _line(card.read_text(encoding="utf-8").split("\n\n")[1])


def _origin(source: Source) -> tuple[str, str]:
    """Where the numbers come from, and their licence: from the card of a data file; else who made them, and none."""
    if needs_file(type(source)) or getattr(source, "file", None) is not None:
        return "a file of your own", ""
    card = folder("datasets") / f"{source.card or source.name}.md"
    if card.is_file():
        text = card.read_text(encoding="utf-8")
        return _section(text, "Source"), _section(text, "Licence and credit")
    return "made by the lab", ""


def _section(card: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", card, re.DOTALL | re.MULTILINE)
    return _line(found.group(1)) if found else ""


def _line(text: str) -> str:
    return " ".join(text.split())
