"""What a trained net says of texts: a class, a label at every step, what comes next, what is hidden, or an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dllab.data.encoding import place_of, some
from dllab.data.spelling import BOUNDARIES, MASK, UNKNOWN, Spelling, Unspelt
from dllab.data.table_text import TableError
from dllab.data.text_lines import TextLine, Texts
from dllab.lab.decode import Answer, decode
from dllab.runs.ready import Reading, Ready
from dllab.symbols import DECODER, LENGTHS

Kind = Literal["class", "value", "labels", "next", "fill", "answer"]
TOGETHER = 256
"""Rows that are asked about at a time."""


@dataclass(frozen=True)
class Rows:
    """Texts as a net reads them: inputs (N, T) int32, of which `lengths` (N,) steps are there."""

    label: str
    lines: list[TextLine]
    inputs: NDArray[np.int32]
    lengths: NDArray[np.int32]

    def part(self, rows: slice) -> Rows:
        """Some of them."""
        return Rows(self.label, self.lines[rows], self.inputs[rows], self.lengths[rows])


@dataclass(frozen=True)
class Step:
    """What was read at a step, what was said there, and log p (K,) of all that could have been."""

    read: str
    said: str
    log_p: float
    all_log_p: NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What a net says of one text. `answer`: in one text; `log_p` of all of it; `bits` that a letter of the text costs."""

    line: TextLine
    answer: str
    log_p: float
    steps: tuple[Step, ...] = ()
    others: tuple[tuple[str, Answer], ...] = field(default=())
    bits: float | None = None


def kind_of(ready: Reading) -> Kind:
    """What a net answers to a text."""
    learnt = ready.learnt
    if learnt.column(DECODER) is not None:
        return "answer"
    if learnt.foretells:
        return "next"
    if learnt.label_steps:
        return "fill" if MASK in learnt.vocabulary and learnt.classes == learnt.vocabulary else "labels"
    return "class" if learnt.task == "classification" else "value"


def rows_of_texts(ready: Reading, texts: Texts) -> Rows:
    """Texts as rows of inputs. Raises TableError for one that the net cannot read, with its line and what is wrong."""
    spelling, steps = ready.spelling, ready.learnt.input_shape[0]
    start = int(ready.learnt.begins and spelling.ends)
    filler = spelling.mask if kind_of(ready) == "fill" and spelling.mask is not None else 0
    inputs = np.full((len(texts.lines), steps), filler, np.int32)
    lengths = np.empty(len(texts.lines), np.int32)
    for row, (line, text, _) in enumerate(texts.lines):
        ids = _spelt(spelling, text.strip() if spelling.ends else text, f"{texts.label}, line {line}")
        if not start + len(ids):
            told = f"{texts.label}, line {line}: an empty text, in which there is nothing to read"
            raise TableError(told, f"give it a {spelling.kind} or more")
        _check_length(ready, len(ids), start, f"{texts.label}, line {line}: {len(ids)} {spelling.kind}s")
        inputs[row, :start] = 0
        inputs[row, start : start + len(ids)] = ids
        lengths[row] = start + len(ids)
    return Rows(texts.label, texts.lines, inputs, lengths)


def check_masks(ready: Ready, rows: Rows) -> None:
    """Raise TableError for a text without a mask, in which a net that fills them in has nothing to say."""
    for line in rows.lines:
        if MASK not in line.text:
            told = f"{rows.label}, line {line.line}: there is no {MASK} in it, and this net tells what stands behind those"
            raise TableError(told, f"write {MASK} for the {ready.spelling.kind} that it is to find")


def _spelt(spelling: Spelling, text: str, where: str) -> list[int]:
    try:
        return spelling.encode(text)
    except Unspelt as lack:
        at = f"{spelling.kind if spelling.in_letters else 'column'} {lack.place}"
        hint = f"it knows: {spelling.known()}"
        raise TableError(f"{where}, {at}: {lack.piece!r} is no {spelling.kind} that this net has learnt", hint) from None


def _check_length(ready: Reading, count: int, start: int, told: str) -> None:
    """Raise TableError for a text longer than the net's rows, or shorter where nothing tells it how long they are."""
    learnt, spelling, most = ready.learnt, ready.spelling, ready.learnt.input_shape[0] - start
    if count > most:
        hint = f"shorten it, or train on longer {'texts' if spelling.ends else 'rows'}"
        raise TableError(f"{told}, and this net reads at most {most}", hint)
    filled = learnt.column(LENGTHS) is not None or spelling.ends or kind_of(ready) in ("next", "fill")
    if count < most and not filled:
        raise TableError(f"{told}, and this net reads exactly {most}", f"give it texts of {most} {spelling.kind}s")


def beside(ready: Ready, rows: Rows) -> dict[str, NDArray[Any]]:
    """The further columns that say of rows how long they are."""
    return {LENGTHS: rows.lengths} if ready.learnt.column(LENGTHS) is not None else {}


def answers(ready: Ready, rows: Rows, beam: int = 1) -> list[Said]:
    """What a net with labels at every step, or with a decoder, says of texts."""
    kind = kind_of(ready)
    found: list[Said] = []
    for begin in range(0, len(rows.lines), TOGETHER):
        part = rows.part(slice(begin, begin + TOGETHER))
        if kind == "answer":
            found += _decoded(ready, part, beam)
            continue
        log_p = ready.log_probabilities(part.inputs, None, **beside(ready, part))
        say = {"next": _next, "fill": _filled, "labels": _labelled}[kind]
        found += [say(ready, part, row, log_p[row]) for row in range(len(part.lines))]
    return found


def _decoded(ready: Ready, rows: Rows, beam: int) -> list[Said]:
    column = ready.learnt.column(DECODER)
    assert column is not None
    spelling, lengths = ready.answering, beside(ready, rows)

    def log_p(read: NDArray[np.int32], of: NDArray[np.int64], step: int) -> NDArray[np.float64]:
        given = {name: values[of] for name, values in lengths.items()}
        return ready.log_probabilities(rows.inputs[of], step, **{**given, DECODER: read})

    found = []
    for line, best in zip(rows.lines, decode(log_p, len(rows.lines), column.shape[0], beam)):
        told = tuple((spelling.decode(answer.ids), answer) for answer in best)
        found.append(Said(line, told[0][0], told[0][1].log_p, others=told))
    return found


def _labelled(ready: Ready, rows: Rows, row: int, log_p: NDArray[np.float64]) -> Said:
    said = log_p.argmax(axis=-1)
    classes, words = ready.learnt.classes, ready.learnt.vocabulary
    steps = tuple(
        Step(words[rows.inputs[row, t]] if words else "", classes[said[t]], float(log_p[t, said[t]]), log_p[t])
        for t in range(rows.lengths[row])
    )
    gap = "" if all(len(name) == 1 for name in classes) else " "
    return Said(rows.lines[row], gap.join(step.said for step in steps), sum(step.log_p for step in steps), steps)


def _next(ready: Ready, rows: Rows, row: int, log_p: NDArray[np.float64]) -> Said:
    """The likeliest next one, and how many bits those that are there cost, each foretold from those before it."""
    told, length = _labelled(ready, rows, row, log_p), int(rows.lengths[row])
    wanted = rows.inputs[row, 1:length]
    costs = -log_p[np.arange(length - 1), wanted] / np.log(2)
    last = told.steps[-1]
    return Said(rows.lines[row], last.said, last.log_p, told.steps, bits=float(costs.mean()) if len(costs) else None)


def _filled(ready: Ready, rows: Rows, row: int, log_p: NDArray[np.float64]) -> Said:
    """The text with the likeliest word at every mask; `steps` are those of the masks alone."""
    spelling, ids = ready.spelling, rows.inputs[row, : rows.lengths[row]].tolist()
    never = [i for i, word in enumerate(spelling.words) if word in (MASK, UNKNOWN, BOUNDARIES[1])]
    steps = []
    for place in (t for t, i in enumerate(ids) if i == spelling.mask):
        allowed = log_p[place].copy()
        allowed[never] = -np.inf
        ids[place] = int(allowed.argmax())
        steps.append(Step(MASK, spelling.words[ids[place]], float(log_p[place, ids[place]]), log_p[place]))
    return Said(rows.lines[row], spelling.decode(ids), sum(step.log_p for step in steps), tuple(steps))


def wanted_of(ready: Ready, rows: Rows) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Targets of texts as the net's loss compares with them, and the further columns. Raises TableError.

    A net that foretells is judged by the texts themselves; others need a target for each.
    """
    learnt, columns = ready.learnt, beside(ready, rows)
    if learnt.foretells:
        return _next_ones(ready, rows), columns
    answers = [_target(ready, rows, line) for line in rows.lines]
    if not learnt.label_steps:
        kind = np.int32 if learnt.task == "classification" else np.float32
        targets = np.array(answers, kind)
        return (targets if learnt.task == "classification" else targets.reshape(len(targets), -1)), columns
    targets = np.full((len(answers), learnt.label_steps), -1, np.int32)
    for row, (line, ids) in enumerate(zip(rows.lines, answers)):
        _check_answer(ready, len(ids), int(rows.lengths[row]), f"{rows.label}, line {line.line}")
        targets[row, : len(ids)] = ids
    if learnt.column(DECODER) is not None:
        read = np.zeros_like(targets)
        read[:, 1:] = np.maximum(targets[:, :-1], 0)
        columns[DECODER] = read
    return targets, columns


def _next_ones(ready: Ready, rows: Rows) -> NDArray[np.int32]:
    """What comes next at every step. Raises TableError where there is nothing to judge by."""
    targets = np.full_like(rows.inputs, -1)
    targets[:, :-1] = rows.inputs[:, 1:]
    at = np.arange(targets.shape[1])
    targets[at >= rows.lengths[:, None] - 1] = -1
    if ready.spelling.ends:  # behind its last letter a text ends
        targets[np.arange(len(targets)), rows.lengths - 1] = 0
    if not (targets >= 0).any():
        kind = ready.spelling.kind
        hint = f"give it texts of two {kind}s or more: each is foretold from those before it"
        raise TableError(f"{rows.label}: there is nothing to judge, no text has a second {kind}", hint)
    return targets


def _target(ready: Ready, rows: Rows, line: TextLine) -> Any:
    """A class, a number, or the ids of labels, as a line tells it."""
    learnt, where = ready.learnt, f"{rows.label}, line {line.line}"
    target = line.target
    if target is None:
        raise TableError(f"{where}: no target, by which the net could be judged", "give a CSV file: text,target")
    if learnt.task == "regression":
        try:
            return float(target)
        except ValueError:
            raise TableError(f"{where}: the target {target!r} is no number", "this net has learnt numbers") from None
    if not learnt.label_steps:
        place = place_of(target, learnt.classes)
        if place is None:
            raise TableError(f"{where}: {target!r} is no class of this net", f"its classes are {some(learnt.classes)}")
        return place
    return _spelt(ready.answering, target, f"{where}, target") + [0] * ready.decodes


def _check_answer(ready: Ready, count: int, read: int, where: str) -> None:
    """Raise TableError for labels that do not go with the steps read, or that are more than a decoder says."""
    if count > ready.learnt.label_steps:
        told = f"the target is longer than the answers this net gives, {ready.learnt.label_steps} steps"
        raise TableError(f"{where}: {told}", "shorten it, or train on longer answers")
    if count != read and not ready.decodes:
        told = f"a text of {read} steps and a target of {count}"
        raise TableError(f"{where}: {told}", "this net has a label for every step: give each step its own")
