"""data.json: what a net has learnt from, so that it can be used without the data it learnt from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Prepared
from dllab.runs.seal import digest_of

SCALINGS = ("shift", "scale", "target_shift", "target_scale")


@dataclass(frozen=True, eq=False)
class Learnt:
    """The outside of the data of a run.

    `shift`, `scale`: (F,) float32 or both None, as in data.dataset.Prepared, and those of the targets. `encoding`: how
    tables were turned into numbers, as data.encoding writes it; None for data that came as numbers. `digest`: of all rows
    and splits.
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
        )

    def document(self) -> dict[str, Any]:
        """As plain JSON data."""
        told = {name: getattr(self, name) for name in ("name", "task", "outputs", "encoding", "digest")}
        lists = {name: list(getattr(self, name)) for name in ("classes", "features", "input_shape")}
        scaling = {name: _listed(getattr(self, name)) for name in SCALINGS}
        return {**told, **lists, **scaling}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Learnt:
        """What `document` wrote. Raises KeyError, TypeError and ValueError for other documents."""
        told: dict[str, Any] = {name: document[name] for name in ("name", "task", "outputs", "encoding", "digest")}
        told.update((name, tuple(document[name])) for name in ("classes", "features", "input_shape"))
        told.update((name, _array(document[name])) for name in SCALINGS)
        words = [told["name"], told["digest"], *told["classes"], *told["features"]]
        counts = [told["outputs"], *told["input_shape"]]
        if not all(isinstance(word, str) for word in words) or not all(type(n) is int and n > 0 for n in counts):
            raise TypeError("names are texts and sizes are whole numbers above 0")
        if told["task"] not in ("classification", "regression"):
            raise ValueError("no task of that name")
        return cls(**told)

    def seen(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """What the net sees of raw inputs (N, ...): (N, *input_shape)."""
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
    return digest_of({**data.dataset.columns, **splits, **scalings, **words})


def _listed(numbers: NDArray[np.float32] | None) -> list[float] | None:
    return None if numbers is None else [float(number) for number in numbers]


def _array(numbers: list[float] | None) -> NDArray[np.float32] | None:
    if numbers is None:
        return None
    found = np.array(numbers, np.float32)
    if found.ndim != 1:
        raise ValueError("a scaling is a list of numbers")
    return found
