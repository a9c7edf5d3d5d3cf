"""Attention: every head as a heat map with the tokens at its edges, and a table of where each looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.attention import EVENLY, MOSTLY, Attention, Head, Looks
from dllab.runs.metrics_log import plain
from dllab.views.beside import Beside
from dllab.views.heat import LABEL, HeatMap
from dllab.views.labels import cut, shown
from dllab.views.looked import state_of
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number, percent

WHOLE = 40
"""Steps of which all are drawn; of more, the last WINDOW."""
WINDOW = 32
SQUARE = 20
"""Up to so many columns are two cells wide, as a line is as high as two cells."""
LEGEND = 30
FEW_HEADS = 8
"""Heads that are drawn unasked; of more, those of the first layer, while the table has all."""
LONG = 60
"""Characters of a text that are shown."""
TOP = 0.75
"""The scale ends where so many of the rows have their largest share: one row with all of it would hide the others."""

Steps = tuple[int, int]


def attention_view(found: Attention, reference: str, steps: Steps | None = None, head: int | None = None,
                   every: bool = False, kept: str = "", another: str = "") -> RenderableType:  # fmt: skip
    """The heads of all layers, or of the first where there are many and not `every` one was asked for.

    `reference`: what the user calls the net. `steps`: those to be drawn, from 1. `head`: that one alone.
    `kept`: options for the next command, `another`: for one about another example.
    """
    heads = sum(len(layer.heads) for layer in found.layers)
    drawn = found.layers if every or heads <= FEW_HEADS or head is not None else found.layers[:1]
    blocks: list[RenderableType] = [*_about(found), Text()]
    for layer in drawn:
        blocks += [_Heads(layer, [h for h in layer.heads if head in (None, h.number)], steps), Text()]
    if len(drawn) < len(found.layers) and head is None:
        blocks += [Text(f"{count(len(found.layers) - 1, 'more layer')} with {count(heads - len(drawn[0].heads), 'head')}: "
                        "--layer attention draws all"), Text()]  # fmt: skip
    return Group(
        Plain(Group(*blocks, _Table(found, head), Text())), NextSteps(_next(found, reference, steps, kept, another))
    )


def _about(found: Attention) -> list[Text]:
    """What was looked at, and how to read it."""
    state = state_of(found.state, found.steps, found.best_step)
    where = "a text that was given"
    if found.place is not None:
        where = f"input {found.place} of the split {found.split} (row {found.row} of the data)"
    text = f" {_quoted(found.text)}" if found.text else ""
    said = f", which says {_quoted(found.answer)}" if found.answer else ""
    return [
        Text.assemble((found.name, "bold"), f": attention, {state}; {where}{text}{said}"),
        Text("Each row is a step that asks, and shows what share it takes of each column; a row adds up to 1."),
    ]


def _quoted(text: str) -> str:
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return f'"{plain if len(plain) <= LONG else plain[:LONG] + " ..."}"'


@dataclass(frozen=True, eq=False)
class _Heads:
    """Heads of one layer side by side, where there is room."""

    layer: Looks
    heads: list[Head]
    steps: Steps | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What the rows and columns are, and the heat maps."""
        layer, ascii_only = self.layer, options.ascii_only
        rows, columns = (_window(len(words), self.steps) for words in (layer.asks, layer.looked_at))
        yield Text.assemble((layer.path, "bold"), f": {_sides(layer)}")
        note = _part(layer, self.heads, rows, columns)
        if note:
            yield Text(note)
        labels = [cut(shown(word, ascii_only), LABEL, ascii_only) for word in layer.asks[rows]]
        margin = max(map(cell_len, labels), default=0) + 1
        cell = 2 if columns.stop - columns.start <= SQUARE else 1
        least = max(margin + cell * (columns.stop - columns.start), LEGEND)
        figures = [self._figure(head, rows, columns, 0 if least > options.max_width else cell) for head in self.heads]
        yield Beside(figures, least=least)

    def _figure(self, head: Head, rows: slice, columns: slice, cell: int) -> HeatMap:
        layer, shares = self.layer, head.shares[rows, columns]
        first = max(0, min(4, rows.stop - 1) - rows.start) if layer.causal else 0  # these have next to nothing to choose
        high = float(np.quantile(shares[first:].max(axis=1), TOP))
        return HeatMap(shares, layer.asks[rows], layer.looked_at[columns], 0.0, high, title=f"head {head.number}",
                       unit="or more" if high < shares.max(initial=0.0) else "", cell=cell,
                       most_rows=WHOLE, row_unit="steps", column_unit="steps")  # fmt: skip


def _window(size: int, steps: Steps | None) -> slice:
    """The steps to be drawn of so many; the last ones where none are asked for."""
    if steps is not None:
        first = min(steps[0] - 1, size - 1)
        return slice(first, max(first + 1, min(steps[1], size)))
    return slice(size - WINDOW if size > WHOLE else 0, size)


def _sides(layer: Looks) -> str:
    if layer.memory:
        return f"rows are the {layer.unit}s said, columns the {layer.unit_seen}s read"
    return f"each {layer.unit} looks at {'itself and those before' if layer.causal else 'all'}"


def _part(layer: Looks, heads: list[Head], rows: slice, columns: slice) -> str:
    """Which part of a long sequence is drawn, and how much the steps of it take of what is not."""
    whole = len(layer.looked_at)
    if columns.stop - columns.start == whole and rows.stop - rows.start == len(layer.asks):
        return ""
    beyond = [1 - float(head.shares[rows, columns].sum(axis=1).mean()) for head in heads]
    low, high = percent(max(0.0, min(beyond))), percent(max(0.0, *beyond))
    out = low if low == high else f"{low.removesuffix(' %')} to {high}"
    return f"{layer.unit_seen}s {columns.start + 1} to {columns.stop} of {whole}; others have {out} of their looks"


@dataclass(frozen=True, eq=False)
class _Table:
    """A line for each head, and what the columns mean."""

    found: Attention
    head: int | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines layer by layer."""
        layers = self.found.layers
        memory = all(layer.memory for layer in layers)
        yield Text(f"  head{'' if memory else '  back'}{'at once':>9}{'of':>6}  looks", "bold")
        for layer in layers:
            if len(layers) > 1:
                yield Text(cut(f"  {layer.path}", options.max_width, options.ascii_only))
            for head in layer.heads:
                if self.head not in (None, head.number):
                    continue
                back = "" if memory else f"{number(head.back, 3) if head.back is not None else '-':>6}"
                numbers = f"{number(head.at_once, 3):>9}{number(head.seen, 3):>6}"
                line = f"  {head.number:<4}{back}{numbers}  {_habit(head)}"
                yield Text(cut(line, options.max_width, options.ascii_only))
        unit = layers[0].unit_seen
        said = "" if memory else f"back: how far the {unit}s it takes are away, on the mean. "
        yield Text(f"{said}at once: 2^entropy of a row, as many {unit}s would have equal shares; of: so many it could see. "
                   f"mostly: a place with {percent(MOSTLY)} of all shares; evenly: at once is {percent(EVENLY)} of those "
                   "it could see.", style="dim")  # fmt: skip


def _habit(head: Head) -> str:
    best = f"{head.best.name} {percent(head.best.share)}" if head.best.name else ""
    match head.habit:
        case "mostly":
            return f"mostly {best}"
        case "evenly":
            return "evenly at all it sees"
        case "nothing":
            return "nowhere: its shares are no numbers, as training diverged"
    return f"spread; {best}" if best else "spread"


def _next(found: Attention, reference: str, steps: Steps | None, kept: str, another: str) -> list[tuple[str, str]]:
    """Other things to look at."""
    longest = max(len(layer.looked_at) for layer in found.layers)
    commands, same = [], f"dllab viz-attention {reference} {kept}".strip()
    if longest > WHOLE and steps is None:
        commands.append((f"{same} --steps 1-{WINDOW}", "the first steps"))
    if found.state == "trained":
        commands.append((f"{same} --before", "before training"))
    if found.place is not None:
        commands.append((f"dllab viz-attention {reference} {another or '--input 1'}", "another example"))
    return [*commands, ("dllab layers attention", "what is computed")]


def document(found: Attention) -> dict[str, Any]:
    """The same as plain JSON data, with all shares of all steps."""
    return {
        "name": found.name,
        "state": found.state,
        "steps": found.steps,
        "best_step": found.best_step,
        "split": found.split if found.place is not None else None,
        "input": found.place,
        "row": found.row,
        "text": found.text,
        "says": found.answer,
        "layers": [
            {
                "layer": layer.path,
                "causal": layer.causal,
                "memory": layer.memory,
                "rows": list(layer.asks),
                "columns": list(layer.looked_at),
                "heads": [_head(head) for head in layer.heads],
            }
            for layer in found.layers
        ],
    }


def _head(head: Head) -> dict[str, Any]:
    return {
        "head": head.number,
        "shares": plain(head.shares),
        "back": plain(head.back),
        "entropy": plain(head.entropy),
        "at_once": plain(head.at_once),
        "seen": plain(head.seen),
        "looks": head.habit,
        "places": [{"place": place.name, "share": plain(place.share)} for place in head.places],
    }
