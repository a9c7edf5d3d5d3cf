"""Predictions as rows of CSV and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dllab.runs.metrics_log import plain

if TYPE_CHECKING:
    from dllab.lab.forecast import Forecast
    from dllab.runs.ready import Predictions

DIGITS = 7


def lines(found: Predictions, target: str, numbers: Sequence[int] | Sequence[str], every: bool) -> Iterator[list[str]]:
    """A line of names, then one for each row; `numbers`: the lines they stand on in their file, or names of files.

    `every`: with the probability of each class.
    """
    where = _where(numbers)
    if found.labels is None:
        width = found.outputs.shape[1]
        yield [where, *(found.names or ([target] if width == 1 else [f"{target}[{i}]" for i in range(width)]))]
        for line, values in zip(numbers, found.outputs.tolist(), strict=True):
            yield [str(line), *(f"{value:.{DIGITS}g}" for value in values)]
        return
    scores, what = found.probabilities() if found.probable else found.outputs, "probability" if found.probable else "score"
    every = every and scores.shape[1] == len(found.classes)  # one score for two classes says all there is to say
    yield [where, target, *([f"{what} of {name}" for name in found.classes] if every else [what])]
    for line, label, row in zip(numbers, found.labels.tolist(), scores.tolist(), strict=True):
        shown = row if every else [row[label] if label < len(row) else row[0]]
        yield [str(line), found.classes[label], *(f"{value:.{DIGITS}g}" for value in shown)]


def document(found: Predictions, target: str, numbers: Sequence[int] | Sequence[str], every: bool) -> dict[str, Any]:
    """One document: `target`, `classes`, and an entry a row; NaN and infinities are None."""
    rows: list[dict[str, Any]] = []
    where = _where(numbers)
    scores = found.probabilities() if found.probable else found.outputs
    for i, line in enumerate(numbers):
        if found.labels is None:
            values = found.outputs[i].tolist()
            rows.append({where: line, "value": values[0] if len(values) == 1 else values})
            continue
        label = int(found.labels[i])
        entry: dict[str, Any] = {where: line, "class": found.classes[label]}
        if found.probable:
            entry["probability"] = float(scores[i, label])
        if every and found.probable:
            entry["probabilities"] = dict(zip(found.classes, scores[i].tolist(), strict=True))
        rows.append(entry)
    return {"target": target, "classes": list(found.classes), "predictions": plain(rows)}


def forecast_lines(found: Forecast) -> Iterator[list[str]]:
    """A line of names, then one for each step behind the end of a series."""
    yield ["step", found.name]
    for step, value in enumerate(found.values.tolist(), 1):
        yield [str(step), f"{value:.{DIGITS}g}"]


def forecast_document(found: Forecast) -> dict[str, Any]:
    """The same as plain JSON data."""
    steps = [{"step": step, "value": value} for step, value in enumerate(found.values.tolist(), 1)]
    return {"target": found.name, "classes": [], "predictions": plain(steps)}


def _where(numbers: Sequence[int] | Sequence[str]) -> str:
    """What tells a row from others: the line of a table, or the file of a picture."""
    return "file" if len(numbers) and isinstance(numbers[0], str) else "line"
