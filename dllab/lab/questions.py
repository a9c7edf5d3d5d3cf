"""Whether contenders answer the same question: the same rows judge, by the same figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dllab.engine.question import INPUTS, TARGETS
from dllab.lab.contenders import Unfit
from dllab.training.trainer import Trainer

SHARES = ("accuracy", "sequence_accuracy")
"""Metrics that are shares of answers, or of rows: they come in steps of one."""

OF_CLASSES = ("precision", "recall", "f1")
"""Metrics made of shares of the answers of a class: they come in steps about as large as one of them."""

JUDGES = ("test", "validation", "train")
"""The split whose figures are compared: the first of these that there is."""


def figure_of(trainers: Sequence[Trainer], wanted: str | None) -> tuple[str, str]:
    """The metric and the split that the verdict is about. Raises Unfit where no figure is common to all."""
    common = common_figures(trainers)
    if losses_differ(trainers) and wanted is None:
        common = [name for name in common if name != "loss"]
    if wanted is not None and wanted not in common:
        known = ", ".join(common)
        raise Unfit(
            f"--metric: there is no figure {wanted!r} in all that is compared",
            f"the figures are {known}; metrics: in a recipe names others",
        )
    if not common:
        raise Unfit("these recipes have no figure in common", "give all of them the same metrics:, such as metrics=[mae]")
    split = next((s for s in JUDGES if all(s in trainer.evaluator.splits for trainer in trainers)), "train")
    return wanted or common[0], split


def watched_by_all(trainers: Sequence[Trainer]) -> str | None:
    """The split that all evaluate on their way, if all watch the same rows of it; their curves cannot be compared else."""
    first = trainers[0]
    alike = all(one.watched == first.watched and _same_rows(first, one, one.watched) for one in trainers)
    return first.watched if alike else None


def common_figures(trainers: Sequence[Trainer]) -> list[str]:
    """The figures of all runs that are one number."""
    named = [[m.name for m in trainer.metrics if not getattr(m, "table", False)] + ["loss"] for trainer in trainers]
    return [name for name in named[0] if all(name in other for other in named)]


def grain_of(trainer: Trainer, metric: str, split: str) -> float:
    """The step in which a figure of a split comes, the largest where classes differ; 0 where it may be any number."""
    targets = trainer.data.dataset.columns[TARGETS][trainer.evaluator.splits[split]]
    if metric in OF_CLASSES and targets.dtype.kind == "i":
        members = np.bincount(targets[targets >= 0].ravel(), minlength=len(trainer.data.dataset.classes))
        if len(members) == 2:  # the figure is that of class 1
            return 1 / max(int(members[-1]), 1)
        members = members[members > 0]
        return float(1 / (len(members) * members.min()))
    if metric not in SHARES:
        return 0.0
    answers = int((targets >= 0).sum()) if metric == "accuracy" else len(targets)
    return 1 / max(answers, 1)


def losses_differ(trainers: Sequence[Trainer]) -> bool:
    """Whether not all are trained by one loss, so that values of it say nothing about each other."""
    return len({repr(trainer.question.loss) for trainer in trainers}) > 1


def same_weights(trainers: Sequence[Trainer]) -> bool:
    """Whether all nets begin with the same numbers, seed by seed."""
    first, *others = (trainer.network.parameters for trainer in trainers)
    return all(
        list(first) == list(other) and all(np.array_equal(first[name], other[name]) for name in first) for other in others
    )


def same_batches(trainers: Sequence[Trainer]) -> bool:
    """Whether all see the same rows in the same order, batch by batch, seed by seed."""

    def dealt(trainer: Trainer) -> tuple[object, ...]:
        question = trainer.question
        order = question.batch, question.shuffle, question.bucket, repr(question.augmenting)
        return trainer.rows.tobytes(), *order

    same = all(one.data is trainers[0].data or _same_rows(trainers[0], one, "train") for one in trainers)
    return same and len({dealt(trainer) for trainer in trainers}) == 1


def apart(trainers: Sequence[Trainer], names: Sequence[str], metric: str, split: str) -> tuple[str, ...]:
    """Why figures cannot be compared; nothing where they can."""
    found = []
    first = trainers[0]
    others = [name for name, trainer in zip(names, trainers) if not _same_rows(first, trainer, split)]
    if others:
        found.append(f"{names[0]} and {others[0]} are judged by different {split} rows")
    if metric == "loss" and losses_differ(trainers):
        found.append("they are trained by different losses")
    if metric == "loss" and len({_scaling(trainer) for trainer in trainers}) > 1:
        found.append("their targets are scaled in different ways")
    return tuple(found)


def _same_rows(one: Trainer, other: Trainer, split: str) -> bool:
    """Whether both are judged by the same rows, with the same answers."""
    if one.data is other.data:
        return True
    rows = [trainer.evaluator.splits[split] for trainer in (one, other)]
    columns = [trainer.data.dataset.columns for trainer in (one, other)]
    if len(rows[0]) != len(rows[1]) or any(columns[0][name].shape[1:] != columns[1][name].shape[1:] for name in (TARGETS,)):
        return False
    same_answers = np.array_equal(columns[0][TARGETS][rows[0]], columns[1][TARGETS][rows[1]])
    inputs = [column[INPUTS] for column in columns]
    alike = inputs[0].shape[1:] == inputs[1].shape[1:]
    return same_answers and (not alike or np.array_equal(inputs[0][rows[0]], inputs[1][rows[1]]))


def _scaling(trainer: Trainer) -> bytes:
    scale = trainer.data.target_scale
    return b"" if scale is None else scale.tobytes()
