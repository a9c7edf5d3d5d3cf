"""What a net says of texts, as rows of CSV and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dllab.recipe.place import visible
from dllab.runs.metrics_log import plain
from dllab.views.predictions import DIGITS, document, lines

if TYPE_CHECKING:
    from dllab.lab.texts import Kind, Rows, Said
    from dllab.runs.ready import Predictions

COLUMNS = {"labels": "labels", "next": "next", "fill": "filled", "answer": "answer"}


def predicted_lines(found: Predictions, target: str, rows: Rows, every: bool) -> Iterator[list[str]]:
    """Classes or values of texts: as for other rows, with the text behind the line."""
    texts = ["text", *(line.text for line in rows.lines)]
    for text, (where, *told) in zip(texts, lines(found, target, [line.line for line in rows.lines], every), strict=True):
        yield [where, text, *told]


def predicted_document(found: Predictions, target: str, rows: Rows, every: bool) -> dict[str, Any]:
    """The same as plain JSON data."""
    told = document(found, target, [line.line for line in rows.lines], every)
    told["predictions"] = [
        {"line": line.line, "text": line.text, **entry} for line, entry in zip(rows.lines, told["predictions"], strict=True)
    ]
    return told


def said_lines(kind: Kind, said: Sequence[Said], classes: Sequence[str], every: bool) -> Iterator[list[str]]:
    """A line of names, then one for each text, what comes next written so that it can be seen.

    `every`: one for each step with all probabilities, or for each answer of a beam.
    """
    if every and kind == "answer":
        yield ["line", "text", "rank", "answer", "probability", "ended"]
        for one in said:
            for rank, (text, answer) in enumerate(one.others, 1):
                yield [*_where(one), str(rank), text, _share(answer.log_p), _truth(answer.ended)]
        return
    if every:
        yield ["line", "step", "read", COLUMNS[kind], *(f"probability of {visible(name)}" for name in classes)]
        for one in said:
            for number, step in enumerate(one.steps, 1):
                shown = [visible(step.read), visible(step.said)]
                yield [str(one.line.line), str(number), *shown, *map(_share, step.all_log_p.tolist())]
        return
    yield ["line", "text", COLUMNS[kind], "probability", *({"next": ["bits"], "answer": ["ended"]}.get(kind, []))]
    for one in said:
        told = visible(one.answer) if kind == "next" else one.answer
        yield [*_where(one), told, _share(one.log_p), *_more(kind, one)]


def said_document(kind: Kind, said: Sequence[Said], classes: Sequence[str], every: bool) -> dict[str, Any]:
    """The same as plain JSON data: `kind`, `classes`, and an entry for each text."""
    entries = []
    for one in said:
        entry: dict[str, Any] = {"line": one.line.line, "text": one.line.text, COLUMNS[kind]: one.answer}
        entry["probability"] = math.exp(one.log_p)
        if kind == "next":
            entry["bits"] = one.bits
        if kind == "answer":
            entry["answers"] = [
                {"answer": text, "probability": math.exp(answer.log_p), "score": answer.score, "ended": answer.ended}
                for text, answer in one.others
            ]
        else:
            entry["steps"] = [_step(step, classes, every) for step in one.steps]
        entries.append(entry)
    return {"kind": kind, "classes": list(classes), "predictions": plain(entries)}


def _step(step: Any, classes: Sequence[str], every: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"read": step.read, "said": step.said, "probability": math.exp(step.log_p)}
    if every:
        told["probabilities"] = {name: math.exp(p) for name, p in zip(classes, step.all_log_p.tolist(), strict=True)}
    return told


def _where(one: Said) -> list[str]:
    return [str(one.line.line), one.line.text]


def _more(kind: Kind, one: Said) -> list[str]:
    """What a letter costs; whether an answer came to its end."""
    if kind == "next":
        return ["" if one.bits is None else f"{one.bits:.{DIGITS}g}"]
    return [_truth(one.others[0][1].ended)] if kind == "answer" else []


def _truth(true: bool) -> str:
    return "true" if true else "false"


def _share(log_p: float) -> str:
    return f"{math.exp(log_p):.{DIGITS}g}"
