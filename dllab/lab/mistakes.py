"""What a net takes for what on the rows of a split, how sure it is, and where it is most wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dllab.data.splits import evenly
from dllab.data.text_lines import TextLine
from dllab.engine.question import INPUTS, TARGETS
from dllab.lab.examples import length_of
from dllab.lab.subject import State, Subject
from dllab.lab.texts import Rows, answers
from dllab.symbols import DECODER, LENGTHS

TOGETHER = 4_000_000
"""Numbers that the outputs of rows asked about at a time have at most."""
ANSWERED = 200
"""Rows that a decoder answers word by word, evenly taken: each takes as many batches as it has words."""


@dataclass(frozen=True, eq=False)
class Looked:
    """The net, and its data. `features`, `classes`, `vocabulary`: names; `shape`: of a row's inputs.

    `best_step`: see Subject.
    """

    name: str
    state: State
    steps: int
    split: str
    rows: int
    features: tuple[str, ...]
    classes: tuple[str, ...]
    vocabulary: tuple[str, ...]
    shape: tuple[int, ...]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    best_step: int | None = None


@dataclass(frozen=True, eq=False)
class Mistake:
    """A row: its `place` in the split, and `row` in the data; its `inputs` as they are, `length` of them there.

    `truth`, `said`: numbers of classes.
    `step`: where, of a sequence with labels at every step. `p`: of what is said; `p_true`: of what is right. `wanted`,
    `answer`: all that a decoder is to say, and says.
    """

    place: int
    row: int
    inputs: NDArray[np.float64]
    length: int
    truth: int
    said: int
    p: float | None
    p_true: float | None
    step: int | None = None
    wanted: tuple[int, ...] = ()
    answer: str = ""
    right_answer: str = ""


@dataclass(frozen=True, eq=False)
class Confusion:
    """Answers among classes. `counts` (K, K): true class by row, said by column. `whole`: the share of rows that are
    right at every step; None for one class a row, and where what comes next is foretold.

    `kind`: one class a row, labels at `steps`, or the `answers` of a decoder, each of whose words is said behind the right
    ones before it; `answered`: of so many rows that it answered by itself, the share that is right throughout.
    `unanswered` (K,): those of each class that are not in `counts`, as outputs are not finite; None: there are none.
    """

    looked: Looked
    kind: Literal["class", "steps", "answers"]
    counts: NDArray[np.int64]
    whole: float | None
    answered: tuple[int, float] | None
    worst: tuple[Mistake, ...]
    unanswered: NDArray[np.int64] | None = None

    @property
    def there(self) -> NDArray[np.int64]:
        """How many there are of each class, with an answer or without one."""
        found: NDArray[np.int64] = self.counts.sum(axis=1)
        return found if self.unanswered is None else found + self.unanswered

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(np.trace(self.counts) / max(self.there.sum(), 1))

    @property
    def usual(self) -> tuple[int, float]:
        """The most frequent class, and its share: what is right without looking."""
        rows = self.there
        return int(rows.argmax()), float(rows.max() / max(rows.sum(), 1))

    def confusions(self, most: int) -> list[tuple[int, int, int]]:
        """The most frequent ones: true, said, how often."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        found = []
        for place in np.argsort(-wrong, axis=None, kind="stable")[:most].tolist():
            true, said = divmod(place, len(wrong))
            if wrong[true, said]:
                found.append((true, said, int(wrong[true, said])))
        return found


def confusion(subject: Subject, split: str, most: int) -> Confusion:
    """Of a net that chooses among classes, with the `most` worst mistakes."""
    dataset = subject.data.dataset
    if not dataset.at_every_step:
        return _of_rows(subject, split, most)
    return _of_steps(subject, split, most)


def looked(subject: Subject, split: str) -> Looked:
    """What was looked at."""
    dataset, train = subject.data.dataset, subject.data.splits.train
    flat = dataset.columns[INPUTS][train].reshape(len(train), -1)
    return Looked(
        subject.name, subject.state, subject.steps, split, len(subject.rows(split)), dataset.features, dataset.classes,
        dataset.vocabulary, dataset.input_shape, flat.mean(axis=0, dtype=np.float64), flat.std(axis=0, dtype=np.float64),
        subject.best_step,
    )  # fmt: skip


def outputs(subject: Subject, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Rows a part at a time, and the net's outputs for them."""
    subject.compile("infer")
    each = max(1, TOGETHER // int(np.prod(subject.network.output_shape)))
    columns = subject.columns()
    for begin in range(0, len(rows), each):
        part = rows[begin : begin + each]
        yield part, subject.network.predict(columns, part, "infer")


def _of_rows(subject: Subject, split: str, most: int) -> Confusion:
    ready, rows = subject.ready(), subject.rows(split)
    truth = subject.data.dataset.columns[TARGETS][rows].astype(np.int64)
    said, p, known = np.empty_like(truth), np.full((len(rows), 2), np.nan), np.ones(len(rows), bool)
    done = 0
    for part, found in outputs(subject, rows):
        here, told = slice(done, done + len(part)), ready.read(found)
        assert told.labels is not None
        said[here], known[here] = told.labels, np.isfinite(found.reshape(len(part), -1)).all(axis=1)
        if told.probable:
            of, at = told.probabilities(), np.arange(len(part))
            p[here] = np.column_stack([of[at, told.labels], of[at, truth[here]]])
        done += len(part)
    classes = max(len(subject.data.dataset.classes), 2)
    counts = np.bincount((truth * classes + said)[known], minlength=classes**2).reshape(classes, classes)
    wrong = np.flatnonzero((said != truth) & known)
    order = wrong[np.argsort(np.nan_to_num(p[wrong, 1]), kind="stable")][:most]
    worst = tuple(_mistake(subject, int(i), int(rows[i]), int(truth[i]), int(said[i]), p[i]) for i in order)
    return Confusion(looked(subject, split), "class", counts, None, None, worst, _of_none(truth, known, classes))


def _of_steps(subject: Subject, split: str, most: int) -> Confusion:
    ready, rows, dataset = subject.ready(), subject.rows(split), subject.data.dataset
    classes = len(dataset.classes)
    counts, right, candidates, none, done = np.zeros(classes**2, np.int64), 0, [], np.zeros(classes, np.int64), 0
    for part, found in outputs(subject, rows):
        truth = dataset.columns[TARGETS][part].astype(np.int64)
        found = found.reshape(*truth.shape, -1)
        with np.errstate(invalid="ignore"):
            log_p = ready.as_log_probabilities(found)
        said, asked, known = log_p.argmax(axis=-1), truth >= 0, np.isfinite(found).all(axis=-1)
        counts += np.bincount((truth * classes + said)[asked & known], minlength=classes**2)
        none += np.bincount(truth[asked & ~known], minlength=classes)
        wrong = asked & known & (said != truth)
        right += int((~(wrong | asked & ~known).any(axis=1)).sum())
        of_truth = np.take_along_axis(log_p, np.maximum(truth, 0)[..., None], axis=-1)[..., 0]
        cost = np.where(wrong, of_truth, np.inf)
        step = cost.argmin(axis=1)
        for i in np.argsort(cost.min(axis=1), kind="stable")[: max(most, 1)]:
            if np.isfinite(cost[i, step[i]]):
                t = int(step[i])
                p = np.exp([log_p[i, t, said[i, t]], log_p[i, t, truth[i, t]]])
                candidates.append(_mistake(subject, done + int(i), int(part[i]), int(truth[i, t]), int(said[i, t]), p, t))
        done += len(part)
    worst = sorted(candidates, key=lambda mistake: mistake.p_true or 0.0)[:most]
    kind: Literal["steps", "answers"] = "answers" if DECODER in dataset.columns else "steps"
    answered = None
    if kind == "answers":
        answered, worst = _answered(subject, rows, most)
    table, whole = counts.reshape(classes, classes), None if ready.learnt.foretells else right / len(rows)
    return Confusion(looked(subject, split), kind, table, whole, answered, tuple(worst), none if none.any() else None)


def _of_none(truth: NDArray[np.int64], known: NDArray[np.bool_], classes: int) -> NDArray[np.int64] | None:
    """How many rows of each class have no answer."""
    return None if known.all() else np.bincount(truth[~known], minlength=classes)


def _answered(subject: Subject, rows: NDArray[np.int64], most: int) -> tuple[tuple[int, float], list[Mistake]]:
    """How many of some rows a decoder answers rightly by itself, and those it is surest of among the wrong ones."""
    ready, columns = subject.ready(), subject.data.dataset.columns
    places = evenly(len(rows), ANSWERED)
    rows = rows[places]
    subject.compile("infer:plain")
    inputs = columns[INPUTS][rows].astype(np.int32)
    lengths = columns[LENGTHS][rows] if LENGTHS in columns else np.full(len(rows), inputs.shape[1], np.int32)
    said = answers(ready, Rows("data", [TextLine(int(row), "") for row in rows], inputs, lengths.astype(np.int32)))
    spelling, wrong = ready.answering, []
    for place, row, one in zip(places.tolist(), rows.tolist(), said):
        wanted = tuple(int(i) for i in columns[TARGETS][row] if i >= 0)
        wanted = wanted[: wanted.index(0)] if 0 in wanted else wanted
        ids = one.others[0][1].ids
        if ids != wanted:
            p = np.array([np.exp(one.log_p), np.nan])
            found = _mistake(subject, place, row, 0, 0, p, None, wanted, one.answer, spelling.decode(wanted))
            wrong.append(found)
    worst = sorted(wrong, key=lambda mistake: -(mistake.p or 0.0))[:most]
    return (len(rows), 1 - len(wrong) / len(rows)), worst


def _mistake(
    subject: Subject, place: int, row: int, truth: int, said: int, p: NDArray[np.float64], step: int | None = None,
    wanted: tuple[int, ...] = (), answer: str = "", right: str = "",
) -> Mistake:  # fmt: skip
    columns = subject.data.dataset.columns
    inputs = columns[INPUTS][row].astype(np.float64)
    length = length_of(subject.data.dataset, row)
    known = [None if np.isnan(share) else float(share) for share in p]
    return Mistake(place, row, inputs, length, truth, said, known[0], known[1], step, wanted, answer, right)
