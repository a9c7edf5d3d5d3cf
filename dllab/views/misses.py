"""Values that a net gives against the right ones, how far off they are, and the worst rows drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from dllab.lab.misses import Misses
from dllab.runs.metrics_log import plain
from dllab.views.curves import Plot, Series
from dllab.views.example_row import drawn, pictures_of, table_row
from dllab.views.histogram import Histogram
from dllab.views.looked import looked_at
from dllab.views.mistakes import no_answer
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.pixels import Pictures
from dllab.views.text import number

HEIGHT = 14


def view(found: Misses, words: str, kept: str = "") -> RenderableType:
    """The whole answer. `words`: what the command was asked about. `kept`: options for the next one."""
    looked = found.looked
    title = looked_at(looked, "predictions")
    body = _given_back(found) if found.gives_back else _values(found)
    commands = [(f"dllab viz-predictions {words} {kept}".strip() + " --worst 20", "more of the worst rows")]
    return Group(Plain(Group(title, _verdict(found), Text(), *body)), Text(), NextSteps(commands))


def _verdict(found: Misses) -> Text:
    told = f"rmse {number(found.rmse)}, mean absolute error {number(found.mae)}, r2 {number(found.r2)}"
    return Text(f"{told}; always the training mean would have rmse {number(found.plain)}"
                + (f"\n{no_answer(found.unanswered, 'row')}" if found.unanswered else ""))  # fmt: skip


def _values(found: Misses) -> list[RenderableType]:
    low, high = _range(found)
    points = Series("rows", found.truth.tolist(), found.said.tolist(), "#e69f00", points=True)
    line = Series("right", [low, high], [low, high], "#56b4e9")
    first = " (the first value of each row)" if found.values > 1 else ""
    plot = Plot("predicted", (points, line), HEIGHT, unit="true", start=low, end=high)
    lines: list[RenderableType] = [
        Text(f"Right values lie on the line; above it the net says too much{first}."), plot,
        Histogram(found.counts, found.edges, "How far off: predicted - true"), Text("Worst rows:" if found.worst else ""),
    ]  # fmt: skip
    for miss in found.worst:
        is_, says = number(float(miss.truth[0])), number(float(miss.said[0]))
        off = float(miss.said[0] - miss.truth[0])
        lines.append(
            Text(f"input {miss.place}: is {is_}, says {says}: {number(abs(off))} too {'much' if off > 0 else 'little'}")
        )
        lines.append(drawn(found.looked, miss.inputs, len(miss.inputs)))
    return lines


def _range(found: Misses) -> tuple[float, float]:
    both = np.concatenate([found.truth, found.said])
    both = both[np.isfinite(both)]
    return (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)


def _given_back(found: Misses) -> list[RenderableType]:
    lines: list[RenderableType] = [
        Histogram(found.counts, found.edges, "Error of each row, rmse over its values"), Text(),
        Text("Worst rows: as they are, and as they are given back"),
    ]  # fmt: skip
    both = [values for miss in found.worst for values in (miss.inputs.ravel(), miss.said)]
    pictures = pictures_of(found.looked, both) if both else None
    if pictures is not None:
        names = [name for miss in found.worst for name in (f"input {miss.place}", "given back")]
        captions = [text for miss in found.worst for text in ("", f"rmse {number(miss.rmse, 3)}")]
        scale = float(found.truth.min(initial=0.0)), float(max(miss.truth.max() for miss in found.worst))
        return [*lines, Pictures(pictures, names, captions, low=scale[0], high=scale[1], two_tone=True)]
    for miss in found.worst:
        lines.append(Text(f"input {miss.place}, rmse {number(miss.rmse)}, as it is and as it is given back:"))
        lines += [Text(table_row(found.looked, miss.inputs.ravel())), Text(table_row(found.looked, miss.said))]
    return lines


def document(found: Misses) -> dict[str, Any]:
    """As plain JSON data."""
    looked = found.looked
    told = {
        "name": looked.name, "state": looked.state, "steps": looked.steps, "best_step": looked.best_step,
        "split": looked.split, "rows": looked.rows,
        "kind": "given back" if found.gives_back else "values", "rmse": found.rmse, "mae": found.mae, "r2": found.r2,
        "rmse_of_mean": found.plain, "unanswered": found.unanswered,
        "truth": found.truth.tolist(), "said": found.said.tolist(), "counts": found.counts.tolist(),
        "edges": found.edges.tolist(),
        "worst": [
            {"input": miss.place, "row": miss.row, "truth": miss.truth.tolist(), "said": miss.said.tolist(),
             "rmse": miss.rmse, "inputs": miss.inputs.tolist()}
            for miss in found.worst
        ],
    }  # fmt: skip
    document: dict[str, Any] = plain(told)
    return document
