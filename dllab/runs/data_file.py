"""data.json: what a net has learnt from, so that it can be used without the data it learnt from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Dataset, Prepared
from dllab.data.spelling import BOUNDARIES
from dllab.runs.seal import digest_of
from dllab.symbols import DECODER, LENGTHS

SCALINGS = ("shift", "scale", "target_shift", "target_scale")
TOLD = ("name", "task", "outputs", "encoding", "digest")
LISTS = ("classes", "features", "input_shape")
TRUTHS = ("flows", "begins", "foretells")
KINDS = ("float32", "float64", "int32", "int64", "uint8")


@dataclass(frozen=True)
class Outline:
    """The outside of an array: of a row of a column (`shape` without N), or of a whole table."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, eq=False)
class Learnt:
    """The outside of the data of a run.

    `shift`, `scale`: (F,) float32 or both None, as in data.dataset.Prepared, and those of the targets. `encoding`: how
    tables were turned into numbers, as data.encoding writes it; None for data that came as numbers. `digest`: of all rows
    and splits. `vocabulary`: what each id of the inputs means; () for inputs of numbers. `label_steps`: how many labels
    a row has where there is one at every step; 0: one label a row. `columns`: what comes beside inputs and targets.
    `begins`: every row begins with the id 0, the boundary; `foretells`: the label of every step is the next input.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    features: tuple[str, ...]
    input_shape: tuple[int, ...]
    outputs: int
    shift: NDArray[np.float32] | None
    scale: NDArray[np.float32] | None
    target_shift: NDArray[np.float32] | None
    target_scale: NDArray[np.float32] | None
    encoding: dict[str, Any] | None
    digest: str
    vocabulary: tuple[str, ...] = ()
    label_steps: int = 0
    columns: tuple[Outline, ...] = ()
    tables: tuple[Outline, ...] = ()
    flows: bool = False
    begins: bool = False
    foretells: bool = False

    @classmethod
    def of(cls, data: Prepared) -> Learnt:
        """What there is to say of prepared data."""
        dataset, encoding = data.dataset, getattr(data.dataset, "encoding", None)
        return cls(
            name=dataset.name,
            task=dataset.task,
            classes=dataset.classes,
            features=dataset.features,
            input_shape=dataset.input_shape,
            outputs=dataset.outputs,
            shift=data.shift,
            scale=data.scale,
            target_shift=data.target_shift,
            target_scale=data.target_scale,
            encoding=None if encoding is None else encoding.to_document(),
            digest=digest(data),
            vocabulary=dataset.vocabulary,
            label_steps=dataset.columns["targets"].shape[1] if dataset.at_every_step else 0,
            columns=tuple(
                Outline(name, column.shape[1:], str(column.dtype))
                for name, column in dataset.columns.items()
                if name not in ("inputs", "targets")
            ),
            tables=tuple(Outline(name, table.shape, str(table.dtype)) for name, table in dataset.tables.items()),
            flows=dataset.flows,
            begins=_begins(dataset),
            foretells=_foretells(dataset),
        )

    def document(self) -> dict[str, Any]:
        """As plain JSON data; what only sequences have is left out for others."""
        told = {name: getattr(self, name) for name in TOLD}
        lists = {name: list(getattr(self, name)) for name in LISTS}
        scaling = {name: _listed(getattr(self, name)) for name in SCALINGS}
        outlines = {name: [_outlined(one) for one in getattr(self, name)] for name in ("columns", "tables")}
        truths = {name: getattr(self, name) for name in TRUTHS}
        sequences = {"vocabulary": list(self.vocabulary), "label_steps": self.label_steps, **outlines, **truths}
        return {**told, **lists, **scaling, **{name: value for name, value in sequences.items() if value}}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Learnt:
        """What `document` wrote. Raises KeyError, TypeError and ValueError for other documents."""
        told: dict[str, Any] = {name: document[name] for name in TOLD}
        told.update((name, tuple(document[name])) for name in LISTS)
        told.update((name, _array(document[name])) for name in SCALINGS)
        told |= {"vocabulary": tuple(document.get("vocabulary", ())), "label_steps": document.get("label_steps", 0)}
        told |= {name: tuple(map(_outline, document.get(name, ()))) for name in ("columns", "tables")}
        told |= {name: document.get(name, False) for name in TRUTHS}
        words = [told["name"], told["digest"], *told["classes"], *told["features"], *told["vocabulary"]]
        counts = [told["outputs"], *told["input_shape"], told["label_steps"] or 1]
        if not all(isinstance(word, str) for word in words) or not all(type(n) is int and n > 0 for n in counts):
            raise TypeError("names are texts and sizes are whole numbers above 0")
        if told["task"] not in ("classification", "regression") or any(type(told[name]) is not bool for name in TRUTHS):
            raise ValueError("no task of that name, or something neither true nor false")
        return cls(**told)

    def column(self, name: str) -> Outline | None:
        """The further column of that name, if the data have one."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def ends(self) -> bool:
        """Whether the id 0 of the inputs is a boundary: of what can end, there is a length, or a decoder to tell of it."""
        can_end = any(self.column(name) is not None for name in (LENGTHS, DECODER))
        return can_end and bool(self.vocabulary) and self.vocabulary[0] in BOUNDARIES

    def seen(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """What the net sees of raw inputs (N, ...): (N, *input_shape) float32, or ids in int32."""
        if self.vocabulary:
            return np.asarray(inputs, np.int32).reshape(len(inputs), *self.input_shape)
        rows = np.asarray(inputs, np.float32).reshape(len(inputs), *self.input_shape)
        if self.shift is None or self.scale is None:
            return rows
        scaled: NDArray[np.float32] = (rows - self.shift.reshape(self.input_shape)) * self.scale.reshape(self.input_shape)
        return scaled


def digest(data: Prepared) -> str:
    """The checksum of everything training sees of its data."""
    splits = {f"split {name}": getattr(data.splits, name) for name in ("train", "validation", "test")}
    scalings = {name: found for name in SCALINGS if (found := getattr(data, name)) is not None}
    names = json.dumps([data.dataset.task, data.dataset.classes, data.dataset.features]).encode()
    words = {"names": np.frombuffer(names, np.uint8)}
    if data.dataset.vocabulary:
        words["vocabulary"] = np.frombuffer(json.dumps(data.dataset.vocabulary).encode(), np.uint8)
    tables = {f"table {name}": table for name, table in data.dataset.tables.items()}
    return digest_of({**data.dataset.columns, **splits, **scalings, **words, **tables})


def _begins(dataset: Dataset) -> bool:
    inputs = dataset.columns["inputs"]
    return bool(dataset.vocabulary) and dataset.input_shape[0] > 1 and not inputs[:, 0].any()


def _foretells(dataset: Dataset) -> bool:
    inputs, labels = dataset.columns["inputs"], dataset.columns["targets"]
    if not dataset.at_every_step or labels.shape != inputs.shape or dataset.vocabulary != dataset.classes:
        return False
    next_ones, asked = inputs[:, 1:], labels[:, :-1]
    return bool((labels >= 0).any()) and bool(np.all((asked == next_ones) | (asked < 0)))


def _outlined(outline: Outline) -> dict[str, Any]:
    return {"name": outline.name, "shape": list(outline.shape), "dtype": outline.dtype}


def _outline(told: Mapping[str, Any]) -> Outline:
    found = Outline(told["name"], tuple(told["shape"]), told["dtype"])
    if type(found.name) is not str or not all(type(n) is int and n > 0 for n in found.shape):
        raise TypeError("an array has a name, and sizes above 0")
    if found.dtype not in KINDS:
        raise ValueError("no kind of numbers of that name")
    return found


def _listed(numbers: NDArray[np.float32] | None) -> list[float] | None:
    return None if numbers is None else [float(number) for number in numbers]


def _array(numbers: list[float] | None) -> NDArray[np.float32] | None:
    if numbers is None:
        return None
    found = np.array(numbers, np.float32)
    if found.ndim != 1:
        raise ValueError("a scaling is a list of numbers")
    return found
