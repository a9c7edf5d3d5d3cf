"""What a net takes for what: the confusion matrix, the accuracy of each class, and the worst mistakes drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.mistakes import Confusion, Mistake
from dllab.runs.metrics_log import plain
from dllab.views.data_text import spelt
from dllab.views.example_row import drawn, pictures_of
from dllab.views.heat import LABEL, HeatMap
from dllab.views.labels import shown
from dllab.views.looked import looked_at
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.pixels import Pictures
from dllab.views.text import count, percent

LARGEST = 100
"""Classes of which a matrix is drawn."""
NAMED = 24
"""Classes whose accuracy is told, the worst first."""
CONFUSIONS = 5
FEW, EVERY = (".", "-", "'", "~", "none"), ("#", "@", "*", "%", "all")
"""Signs in a matrix: the first that is no class, as letters and signs may be."""


def view(found: Confusion, words: str, kept: str = "") -> RenderableType:
    """The whole answer. `words`: what the command was asked about. `kept`: options for the next one."""
    title = looked_at(found.looked, "predictions")
    counted = [*_matrix(found), *_classes(found), *_confusions(found)]
    page = Plain(Group(title, *_verdict(found), Text(), *counted, Text(), *_worst(found)))
    return Group(page, Text(), NextSteps(_next(found, words, kept)))


def _verdict(found: Confusion) -> list[RenderableType]:
    most, share = found.usual
    of = {"class": "rows", "steps": "labels", "answers": "words"}[found.kind]
    how = ", each said behind the right ones before it" * (found.kind == "answers")
    total = int(found.there.sum())
    told = f"{percent(found.accuracy)} of {total:,} {of} right{how}; always {_Name(found)(most)} would be {percent(share)}"
    lines = [told]
    if found.unanswered is not None:
        lines.append(no_answer(int(found.unanswered.sum()), of[:-1]))
    if found.whole is not None:
        lines.append(f"{percent(found.whole)} of the rows are right at every step")
    if found.answered is not None:
        rows, right = found.answered
        lines.append(f"answering by itself, word by word, it has {percent(right)} of {count(rows, 'row')} right throughout")
    return [Words(line) for line in lines]


def no_answer(number: int, kind: str) -> str:
    """`71 rows have no answer: outputs are not finite`."""
    return f"{count(number, kind)} {'has' if number == 1 else 'have'} no answer: outputs are not finite"


class _Name:
    """Names of classes, as they can be seen; without a name their numbers."""

    def __init__(self, found: Confusion) -> None:
        self.classes = found.looked.classes

    def __call__(self, label: int) -> str:
        name = self.classes[label] if label < len(self.classes) else str(label)
        return name if any(sign.isalnum() for sign in name) and "\n" not in name else repr(name)


class Words:
    """A text of which a terminal shows what it can."""

    def __init__(self, text: str, style: str = "") -> None:
        self.text, self.style = text, style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The text, with question marks where a character is lacking."""
        yield Text(shown(self.text, options.ascii_only), self.style)


@dataclass(frozen=True)
class Listed:
    """What is told of several things, with commas between them, none of it broken at the end of a line."""

    head: str
    items: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As many on a line as there is room for."""
        line = self.head
        for number, item in enumerate(self.items, 1):
            word = shown(item, options.ascii_only) + "," * (number < len(self.items))
            if cell_len(f"{line} {word}") > options.max_width:
                yield Text(line)
                line = word
            else:
                line += f" {word}"
        yield Text(line)


def _matrix(found: Confusion) -> list[RenderableType]:
    if len(found.counts) > LARGEST:
        return [Text(f"{len(found.counts):,} classes: too many for a matrix; the most frequent confusions are below")]
    names = found.looked.classes or ("0", "1")
    return [Matrix(found.counts, names)]


@dataclass(frozen=True, eq=False)
class Matrix:
    """The confusion matrix: counts where all of them fit, else signs for tenths of a row; colours for shares of a row."""

    counts: NDArray[np.int64]
    names: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """How to read it, and the matrix with its names at the edges."""
        rows = self.counts.sum(axis=1, keepdims=True)
        shares = self.counts / np.maximum(rows, 1)
        longest = max(len(f"{self.counts.max()}"), 2) + 1
        margin = (
            min(max(cell_len(shown(name, options.ascii_only)) for name in self.names), LABEL, options.max_width // 3) + 1
        )
        if margin + len(self.names) > options.max_width:
            yield Text(
                f"{len(self.names)} classes: a terminal of {margin + len(self.names)} columns shows the matrix, too."
            )
            return
        few, every = (next(sign for sign in signs if sign not in self.names) for signs in (FEW, EVERY))
        numbers = margin + longest * len(self.names) <= options.max_width
        if numbers:
            texts = [[str(n) if n else few for n in row] for row in self.counts.tolist()]
            yield Text(f"Rows: what it is; columns: what it says; how often, {few} never (diagonal: right).")
        else:
            texts = [[_mark(share, few, every) for share in row] for row in shares.tolist()]
            yield Text(f"Rows: what it is; columns: what it says. Digits: tenths of a row; {few} less, {every} all.")
        yield HeatMap(
            shares, self.names, self.names, 0, 1, texts=texts, most_rows=LARGEST, legend=False,
            column_unit="classes", row_unit="classes",
        )  # fmt: skip


def _mark(share: float, few: str, every: str) -> str:
    """A share as one sign."""
    return " " if share == 0 else few if share < 0.05 else every if share >= 0.95 else str(min(round(10 * share), 9) or 1)


def _classes(found: Confusion) -> list[RenderableType]:
    rows, name = found.there, _Name(found)
    shares = np.diagonal(found.counts) / np.maximum(rows, 1)
    order = [int(i) for i in np.argsort(shares, kind="stable") if rows[i]]
    told = [f"{name(i)} {percent(float(shares[i]))} of {rows[i]:,}" for i in order[:NAMED]]
    rest = [f"and {len(order) - NAMED} more"] if len(order) > NAMED else []
    return [Listed("Right by class, the worst first:", (*told, *rest))]


def _confusions(found: Confusion) -> list[RenderableType]:
    rows, name = found.there, _Name(found)
    lines: list[RenderableType] = []
    for true, said, times in found.confusions(CONFUSIONS):
        often = f"{count(times, 'time')}, {percent(times / rows[true])} of all {name(true)}"
        lines.append(Words(f"  {name(true)} taken for {name(said)}: {often}"))
    none = "No confusions: all are right." if found.unanswered is None else "No confusions among those with an answer."
    return [Text("Most frequent confusions:"), *lines] if lines else [Text(none)]


def _worst(found: Confusion) -> list[RenderableType]:
    looked, name = found.looked, _Name(found)
    if not found.worst:
        return [Text("No mistakes to draw.")]
    if found.kind == "answers":
        return [Text("Wrong answers, those it is surest of first:"), *(_answer(found, m) for m in found.worst)]
    what = "the step in brackets" if found.kind == "steps" else "the least probability for what is right"
    title = Text(f"Worst mistakes: {what}" + (" is the most wrong of its row" if found.kind == "steps" else ""))
    pictures = pictures_of(looked, [m.inputs for m in found.worst]) if found.kind == "class" else None
    if pictures is not None:
        names = [f"input {m.place}\nis {name(m.truth)}" for m in found.worst]
        says = [f"says {name(m.said)}{_share(m)}" for m in found.worst]
        return [title, Pictures(pictures, names, says, two_tone=True)]
    lines: list[RenderableType] = [title]
    for m in found.worst:
        lines.append(Words(f"input {m.place}: is {name(m.truth)}, says {name(m.said)}{_share(m)}"))
        lines.append(drawn(looked, m.inputs, m.length, m.step))
    return lines


def _share(mistake: Mistake) -> str:
    return "" if mistake.p is None else f" {percent_whole(mistake.p)}"


def percent_whole(share: float) -> str:
    """A probability without digits behind the point."""
    return f"{100 * share:.0f} %" if share < 0.995 or share == 1 else ">99 %"


def _answer(found: Confusion, mistake: Mistake) -> RenderableType:
    read = spelt([int(i) for i in mistake.inputs[: mistake.length]], found.looked.vocabulary)
    right = Words(f"input {mistake.place}: {read} -> {mistake.right_answer}")
    return Group(right, Words(f"  says {mistake.answer}{_share(mistake)}"))


def _next(found: Confusion, words: str, kept: str) -> list[tuple[str, str]]:
    same = f"dllab viz-predictions {words} {kept}".strip()
    commands = [(f"{same} --worst 20", "more mistakes")] if found.worst else []
    if found.looked.state == "untrained":
        commands.append((same.removesuffix(" --before"), "the same after training"))
    elif found.looked.split != "train":
        commands.append((f"dllab viz-predictions {words} --split train", "those of the rows it has learnt from"))
    return commands or [(f"dllab viz-activations {words}", "what goes on in its layers")]


def document(found: Confusion) -> dict[str, Any]:
    """As plain JSON data."""
    looked = found.looked
    told = {
        "name": looked.name, "state": looked.state, "steps": looked.steps, "best_step": looked.best_step,
        "split": looked.split, "rows": looked.rows,
        "kind": found.kind, "classes": list(looked.classes), "confusion": found.counts.tolist(),
        "accuracy": found.accuracy, "rows_right": found.whole,
        "answered": None if found.answered is None else {"rows": found.answered[0], "right": found.answered[1]},
        "unanswered": 0 if found.unanswered is None else int(found.unanswered.sum()),
        "worst": [_told(found, mistake) for mistake in found.worst],
    }  # fmt: skip
    document: dict[str, Any] = plain(told)
    return document


def _told(found: Confusion, mistake: Mistake) -> dict[str, Any]:
    if found.kind == "answers":
        said: dict[str, Any] = {"truth": mistake.right_answer, "said": mistake.answer, "probability": mistake.p}
    else:
        said = {
            "truth": mistake.truth, "said": mistake.said, "probability": mistake.p, "probability_true": mistake.p_true,
        }  # fmt: skip
        if mistake.step is not None:
            said["step"] = mistake.step
    return {"input": mistake.place, "row": mistake.row, **said, "inputs": mistake.inputs[: mistake.length].tolist()}
