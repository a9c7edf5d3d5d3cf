"""What the layers of a net give for one example: feature maps, states and gates over time, strips of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.augment.frame import frame_of
from dllab.data.dataset import Dataset
from dllab.engine.inside import Inside
from dllab.lab.chosen import chosen
from dllab.lab.examples import length_of, spelt, target_of
from dllab.lab.subject import Subject
from dllab.lab.tally import is_there
from dllab.plan.flow import LayerInfo
from dllab.symbols import DECODER

GATES = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
"""What lies side by side in `z`, the gates' buffer of these layers, H numbers each."""
STATE, CELL = "h", "c"

Array = NDArray[Any]


@dataclass(frozen=True)
class Shown:
    """A layer's output for one example, without steps that are not there. `tokens`: what is read at each step, if that

    is known. `over_time`: of a recurrent layer its state h, its gates and its cell c, (T, H) each, in the order in which
    it goes through the steps; of several on top of each other the last one's.
    """

    path: str
    kind: str
    values: Array
    tokens: tuple[str, ...]
    over_time: dict[str, Array]


@dataclass(frozen=True)
class Example:
    """An example: its place in the split, its row in the data, its input as it is in the data, what it should give.

    `picture`: the input as (H, W, C), if it is one. `tokens`: what its ids stand for. `units`: names of the net's outputs.
    """

    place: int
    row: int
    split: str
    inputs: Array
    picture: Array | None
    tokens: tuple[str, ...]
    target: str
    units: tuple[str, ...]
    layers: tuple[Shown, ...]


def example(subject: Subject, split: str, place: int, wanted: str | None = None) -> Example:
    """What the layers give for the example at that place of a split, counted from 0."""
    row = int(subject.rows(split)[place])
    inside, dataset = subject.inference(np.array([row])), subject.data.dataset
    inputs = dataset.columns["inputs"][row]
    paths = {info.path for info in chosen(inside.infos, wanted)}
    streams = _streams(inside.infos, dataset, row)
    shown = tuple(_shown(inside, info, streams[info.path]) for info in inside.infos if info.path in paths)
    frame = frame_of(dataset.input_shape, dataset.features)
    flat = frame.kind != "picture" or inputs.dtype == np.int32
    picture = None if flat else inputs.reshape(frame.height, frame.width, frame.channels)
    return Example(
        place, row, split, inputs[: length_of(dataset, row)], picture, spelt(dataset, row), target_of(dataset, row),
        dataset.classes, shown,
    )  # fmt: skip


def _shown(inside: Inside, info: LayerInfo, read: tuple[str, ...]) -> Shown:
    values, there = inside.output(info.path)[0], is_there(inside, info.path)
    over_time = _over_time(inside, info)
    steps = len(next(iter(over_time.values()))) if over_time else len(values)
    if there is not None:
        values = values[there[0]]
        steps = len(values)
    tokens = read[:steps] if len(read) >= steps and (values.ndim == 2 or over_time) else ()
    if ".back." in f".{info.path}":
        tokens = tokens[::-1]
    return Shown(info.path, info.kind, values, tokens, over_time)


def _over_time(inside: Inside, info: LayerInfo) -> dict[str, Array]:
    """State, gates and cell of a recurrent layer."""
    names = inside.inner_names(info.path)
    if info.kind not in ("rnn", *GATES) or "ends" not in names:
        return {}
    number = 1
    while f"z_{number + 1}" in names or f"ends_{number + 1}" in names:
        number += 1
    ending = f"_{number}" if number > 1 else ""
    steps = int(inside.inner(info.path, "ends")[0])
    whole = inside.output(info.path)
    states = whole if whole.ndim == 3 else inside.inner(info.path, f"y{ending}")
    found = {STATE: states[0, :steps]}
    gates = GATES.get(info.kind, ())
    if gates:
        z = inside.inner(info.path, f"z{ending}")[0, :steps]  # (T, gates H)
        found |= dict(zip(gates, np.split(z, len(gates), axis=1)))
    if info.kind == "lstm":
        found[CELL] = inside.inner(info.path, f"c{ending}")[0, :steps]
    return found


def _streams(infos: Sequence[LayerInfo], dataset: Dataset, row: int) -> dict[str, tuple[str, ...]]:
    """What stands at the steps that each layer goes through: of the inputs, or of what a decoder reads."""
    read, found = spelt(dataset, row), {}
    for info in infos:
        if DECODER in dataset.columns and info.kind == "embedding" and info.input.name.endswith(f".{DECODER}"):
            read = tuple(dataset.classes[i] for i in dataset.columns[DECODER][row])
        found[info.path] = read
    return found
