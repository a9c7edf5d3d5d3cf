"""Where the heads of attention look: their shares for one example, and what can be said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.spelling import SPECIAL
from dllab.data.text_lines import TextLine, Texts
from dllab.engine.inside import Inside
from dllab.engine.question import INPUTS
from dllab.lab.chosen import chosen
from dllab.lab.examples import length_of
from dllab.lab.subject import Subject
from dllab.lab.texts import answers, beside, rows_of_texts
from dllab.plan.plan import Program
from dllab.plan.row import Row
from dllab.symbols import COLUMN, DECODER, WORK, Value
from dllab.training.trainer import columns_of

KIND = "attention"
MOSTLY = 0.5
"""A head looks mostly at a place that has this share of all its looks."""
EVENLY = 0.8
"""A head looks evenly where it takes in so large a share of the steps that it could see."""

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A place that a head may look at, such as the step before, and the mean share it has, of the steps that have one."""

    name: str
    share: float


@dataclass(frozen=True, eq=False)
class Head:
    """A head's shares (T, S), row t being what step t takes of each step.

    `back`: how many steps away it looks on the mean (None: at a memory, which is another sequence). `entropy`: bits, the
    mean over steps. `at_once`: 2 to that, of each step: among so many it divides its looks; `seen`: of so many it could.
    """

    number: int
    shares: Shares
    back: float | None
    entropy: float
    at_once: float
    seen: float
    places: tuple[Place, ...]

    @property
    def best(self) -> Place:
        """The place with the largest share."""
        return max(self.places, key=lambda place: place.share, default=Place("", 0.0))

    @property
    def habit(self) -> str:
        """`mostly` at one place, `evenly` at all it sees, or `spread`; `nothing` where its shares are no numbers."""
        if not np.isfinite(self.shares).all():
            return "nothing"
        if self.best.share >= MOSTLY:
            return "mostly"
        return "evenly" if self.at_once >= EVENLY * self.seen else "spread"


@dataclass(frozen=True, eq=False)
class Looks:
    """An attention layer: who asks (T tokens), what is looked at (S tokens), its heads.

    `memory`: whether that is another sequence. `unit`, `unit_seen`: what a step of either is: letter, word or step.
    """

    path: str
    causal: bool
    memory: bool
    asks: tuple[str, ...]
    looked_at: tuple[str, ...]
    unit: str
    unit_seen: str
    heads: tuple[Head, ...]


@dataclass(frozen=True, eq=False)
class Attention:
    """All that a net's attention does with one example: its `place` in the split, its `row` in the data; None: a text.

    `best_step`: see Subject.
    """

    name: str
    state: str
    steps: int
    split: str
    place: int | None
    row: int | None
    text: str
    answer: str
    layers: tuple[Looks, ...]
    best_step: int | None = None


@dataclass(frozen=True)
class Read:
    """What the net reads: the columns of the engine, the row of them, how many steps there are of what is read and said."""

    columns: Mapping[str, NDArray[Any]]
    row: int
    read: NDArray[Any]
    length: int
    said: tuple[str, ...] = ()


def look(subject: Subject, split: str, place: int, text: str | None = None, layer: str | None = None) -> Attention:
    """The shares of every head for the example at that place of a split, counted from 0, or for a text.

    Raises Unsuited for a layer that is none of attention, TableError for a text the net cannot read.
    """
    layers = chosen(subject.network.plan.infos, layer, (KIND,))
    row = int(subject.rows(split)[place])
    example = _of_row(subject, row) if text is None else _of_text(subject, text)
    subject.compile("infer")
    inside = Inside.inference(subject.network, example.columns, np.array([example.row]))
    read, said = _read(subject, example), _said(subject, example, inside)
    found = tuple(_looks(subject, inside, info.path, read, said, example) for info in layers)
    is_row, spelt = text is None, _spelt(subject, read[: example.length])
    return Attention(subject.name, subject.state, subject.steps, split, place if is_row else None, row if is_row else None,
                     spelt, _joined(said), found, subject.best_step)  # fmt: skip


def _of_row(subject: Subject, row: int) -> Read:
    columns = subject.data.dataset.columns
    inputs = columns[INPUTS][row]
    length = length_of(subject.data.dataset, row)
    return Read(subject.columns(), row, inputs, length, _wanted(subject, row))


def _wanted(subject: Subject, row: int) -> tuple[str, ...]:
    """What a decoder is to say, as it reads that one step late; () without a decoder."""
    dataset = subject.data.dataset
    if DECODER not in dataset.columns:
        return ()
    targets = dataset.columns["targets"][row]
    return tuple(dataset.classes[label] for label in targets[targets >= 0])


def _of_text(subject: Subject, text: str) -> Read:
    """A text as the net reads it; a decoder reads what the net itself says of it."""
    ready = subject.ready()
    rows = rows_of_texts(ready, Texts("--text", [TextLine(1, text)]))
    values: dict[str, NDArray[Any]] = {INPUTS: rows.inputs, **beside(ready, rows)}
    said: tuple[str, ...] = ()
    if (column := ready.learnt.column(DECODER)) is not None:
        ids = [*answers(ready, rows)[0].others[0][1].ids, 0][: column.shape[0]]
        read = np.zeros((1, *column.shape), np.int32)
        read[0, 1 : len(ids)] = ids[:-1]
        values[DECODER], said = read, tuple(ready.learnt.classes[i] for i in ids)
    values |= {column.name: np.zeros((1, *column.shape), column.dtype)
               for column in subject.network.plan.question.extras if column.name not in values}  # fmt: skip
    columns = columns_of(values, subject.data, subject.network.dtype, subject.data.dataset.tables)
    return Read(columns, 0, rows.inputs[0], int(rows.lengths[0]), said)


def _read(subject: Subject, example: Read) -> tuple[str, ...]:
    """The steps of the inputs: letters or words, or numbers from 1 on."""
    words = subject.data.dataset.vocabulary
    if not words or example.read.ndim != 1:
        return tuple(str(step + 1) for step in range(len(example.read)))
    return tuple(words[i] for i in example.read)


def _said(subject: Subject, example: Read, inside: Inside) -> tuple[str, ...]:
    """The steps of a decoder, by what the net says there; as many as are asked for."""
    if not example.said:
        return ()
    classes, outputs = subject.data.dataset.classes, inside.outputs[0]
    steps = outputs.reshape(-1, len(classes))[: len(example.said)]
    return tuple(classes[i] for i in steps.argmax(axis=-1))


def _spelt(subject: Subject, read: Sequence[str]) -> str:
    return _joined(read) if subject.data.dataset.vocabulary else f"{len(read)} steps"


def _joined(tokens: Sequence[str]) -> str:
    return ("" if _in_letters(tokens) else " ").join(tokens)


def _in_letters(tokens: Sequence[str]) -> bool:
    """Whether each is one character, but for `<end>`, `<mask>` and their like."""
    return all(len(token) == 1 or SPECIAL.fullmatch(token) for token in tokens)


@dataclass(frozen=True)
class _Side:
    """The steps that ask, or those that are looked at: their tokens, how many are there, what one is called."""

    tokens: tuple[str, ...]
    there: int
    unit: str

    @classmethod
    def of(cls, words: tuple[str, ...], there: int, size: int, spelt: bool) -> _Side:
        """A side of `size` steps, whose words are these if there are as many: a decoder has more steps than it says."""
        if not words or len(words) > size or (len(words) < size and there != len(words)):
            return cls(tuple(str(step + 1) for step in range(size)), size, "step")
        unit = "step" if not spelt else "letter" if _in_letters(words) else "word"
        return cls(words + ("",) * (size - len(words)), there, unit)


def _looks(subject: Subject, inside: Inside, path: str, read: tuple[str, ...], said: tuple[str, ...],
           example: Read) -> Looks:  # fmt: skip
    """The steps that are there of one layer's shares, with their tokens."""
    scores, sources = _sources(inside, path)
    p = inside.inner(path, "p")[0].astype(np.float64)  # (heads, T, S)
    memory, spoken, spelt = sources[0] is not sources[1], _spoken(inside), bool(subject.data.dataset.vocabulary)
    causal = scores.operands["causal"] is subject.network.plan.store.whole(1)
    asks, seen = (
        _Side.of(said, len(said), size, True) if id(source) in spoken else _Side.of(read, example.length, size, spelt)
        for source, size in zip(sources, p.shape[1:])
    )
    lengths, end = inside.lengths(path), int(inside.numbers(scores.operands["lengths"])[0])
    own = causal and not memory
    rows = asks.there if own or id(sources[0]) in spoken else len(asks.tokens)  # others see what pads a text, too
    rows = rows if lengths is None else min(rows, int(lengths[0]))
    columns = min(rows if own else len(seen.tokens), end)
    heads = tuple(_head(n + 1, p[n, :rows, :columns], causal, memory, seen.unit) for n in range(len(p)))
    return Looks(path, causal, memory, asks.tokens[:rows], seen.tokens[:columns], asks.unit, seen.unit, heads)


def scores_of(program: Program, path: str) -> Row:
    """The row of a program that makes a layer's shares `p`, (B, heads, T, S)."""
    return next(row for row in program.rows if row.layer == path and {"p", "q", "powers"} <= set(row.operands))


def _sources(inside: Inside, path: str) -> tuple[Row, tuple[Value, Value]]:
    """The row that makes a layer's shares, and what its questions and its answers are made of."""
    scores = scores_of(inside.program, path)
    made = {id(_root(row.operands["y"])): row.operands["x"] for row in inside.program.rows
            if row.layer == path and {"y", "x"} <= set(row.operands)}  # fmt: skip
    q, m = (_root(made[id(_root(scores.operands[name]))]) for name in "qm")
    return scores, (q, m)


def _spoken(inside: Inside) -> set[int]:
    """The values that come of what a decoder reads: a row writes those of its values that no row before it had."""
    known, spoken = set[int](), set[int]()
    for row in inside.program.rows[: inside.program.backward]:
        roots = [_root(value) for value in row.operands.values()]
        new = {id(root) for root in roots if root.register == WORK} - known
        if any(root.register == COLUMN + DECODER or id(root) in spoken for root in roots):
            spoken |= new
        known |= new
    return spoken


def _root(value: Value) -> Value:
    while value.parent is not None:
        value = value.parent
    return value


def _head(number: int, p: Shares, causal: bool, memory: bool, unit: str) -> Head:
    """What can be said of a head's shares (T, S)."""
    steps, columns = p.shape
    t, s = np.arange(steps)[:, None], np.arange(columns)[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -np.where(p != 0, p * np.log2(p), 0.0).sum(axis=1)
    back = None if memory else float((p * np.abs(t - s)).sum(axis=1).mean())
    seen = np.minimum(t[:, 0] + 1, columns) if causal else np.full(steps, columns)
    return Head(number, p, back, float(bits.mean()), float((2**bits).mean()), float(seen.mean()),
                _places(p, causal, memory, unit))  # fmt: skip


def _places(p: Shares, causal: bool, memory: bool, unit: str) -> tuple[Place, ...]:
    """The mean shares of places, each over the steps that have it and another one besides."""
    steps, columns = p.shape
    t = np.arange(steps)
    at = {"itself": t, f"the {unit} before": t - 1}
    if not causal:
        at[f"the {unit} after"] = t + 1
    if memory:
        at = {"the same place": t, "the same place from the end": columns - 1 - t}
    at |= {f"the first {unit}": np.zeros_like(t)}
    if not causal:
        at |= {f"the last {unit}": np.full_like(t, columns - 1)}
    fewest = 2 if causal else 0  # the first is another one than itself and the one before from the third step on
    found = []
    for name, place in at.items():
        there = (place >= 0) & (place < columns) & (t > 0 if causal else columns > 1)
        there &= t >= fewest if name == f"the first {unit}" else True
        if there.any():
            found.append(Place(name, float(p[t[there], place[there]].mean())))
    return tuple(found)
