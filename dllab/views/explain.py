"""How a step of training is written on the board: sections of equations, in names, in numbers, and what comes out."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.explanation import Equation, Explained, Section, Table
from dllab.views.activation_example import joined
from dllab.views.labels import cut
from dllab.views.looked import state_of
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number

PARTS = {
    "forward": "FORWARD: from the input up",
    "loss": "LOSS",
    "backward": "BACKWARD: the chain rule, from the loss down",
    "update": "UPDATE",
}
INDENT = 2
NARROW = 60
"""Columns of a narrow terminal."""
NAME = 20
"""Letters that are left of a long name in a table, at least."""


def explain_view(found: Explained, words: str) -> RenderableType:
    """All of it; `words`: recipe and changes as they were typed."""
    parts: list[RenderableType] = [_Lines(found)]
    for section in found.sections:
        first = next(other for other in found.sections if other.part == section.part) is section
        parts.append(_Section(section, first))
    return Group(Plain(Group(*parts, _Verdict(found))), Text(), _next_steps(found, words))


def _next_steps(found: Explained, words: str) -> NextSteps:
    later = min(found.steps, 100 if found.step < 100 else found.step * 10)
    steps = [(f"dllab explain {words} --step {later}", "when it has learnt something")] if later != found.step else []
    layers = [section for section in found.sections if section.part == "forward"]
    if len(layers) > 1:
        one = next((section for section in reversed(layers) if "." not in section.path), layers[-1])
        step = f" --step {found.step}" if found.step != 1 else ""
        command, longer = f"dllab explain {words}{step} --layer {one.path}", " --terms 8"
        fits = len(command + longer) <= NARROW - INDENT
        steps.append((command + longer, "one layer, longer sums") if fits else (command, "one layer"))
    shown = {section.part for section in found.sections}
    if not {"forward", "loss"} <= shown:
        steps.append((f"dllab explain {words} --step {found.step}", "the whole step"))
    formulas = {"forward": "layers", "loss": "losses", "update": "optimizers"}
    part = next((part for part in formulas if part in shown), None)
    if part is not None:
        kind = [section for section in found.sections if section.part == part][-1].kind
        steps.append((f"dllab {formulas[part]} {kind}", "the formula behind it"))
    return NextSteps(steps)


class _Lines:
    """What was looked at, and how to read it."""

    def __init__(self, found: Explained) -> None:
        self.found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line of the step, the input, the loss, how to read it."""
        found = self.found
        state = state_of("untrained" if found.step == 1 else "trained", found.step - 1)
        answer = f", answer {found.answer}" if found.answer else ""
        whole = f"input {found.input} of a batch of {found.rows}" if found.rows > 1 else "a batch of one"
        step = f"step {found.step:,} of {found.steps:,}, epoch {found.epoch:,}, seed {found.seed}"
        told = [(f"{found.recipe}: {step}, {state}", "bold"),
                (f"train, {whole} (row {found.row:,} of the data){answer}", "")]  # fmt: skip
        yield from _folded(told, console, options)
        if found.reads:
            reads = cut(_plain(f"reads: {joined(found.reads)}", options), options.max_width, options.ascii_only)
            yield Text(reads.rstrip())
        told = [(f"loss {number(found.loss)} before the step, learning rate {number(found.rate)}", "")]
        told += [(line, "dim") for line in found.why]
        told.append(("Read: name = formula = numbers = result; [2] is the second number.", "dim"))
        yield from _folded(told, console, options)


def _folded(lines: Sequence[tuple[str, str]], console: Console, options: ConsoleOptions, indent: int = 0) -> Iterator[Text]:
    """Texts with their styles, broken at blanks, of which none stays behind."""
    for text, style in lines:
        for line in Text(_plain(text, options), style=style).wrap(console, options.max_width - indent):
            line.rstrip()
            yield Text(" " * indent).append_text(line)


class _Section:
    """A layer's heading, and its blocks under it."""

    def __init__(self, section: Section, first: bool) -> None:
        self.section, self.first = section, first

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The part's name above its first section."""
        section, width = self.section, options.max_width
        if self.first:
            yield Text("")
            yield Text(PARTS[section.part], style="bold underline")
            if section.part == "backward":
                says = "dy = dloss/dy; what a layer calls dy is dx of the layer above it."
                yield from _folded([(says, "dim")], console, options)
        yield Text("")
        kind = "" if section.path.endswith(section.kind) else f"  {section.kind}"
        heading = Text(_plain(section.path, options), style="bold").append(f"{kind}  {section.says}", style="not bold")
        for part in heading.wrap(console, width):
            part.rstrip()
            yield part
        for block in section.blocks:
            if isinstance(block, Equation):
                for line in equation_lines(block, width - INDENT):
                    yield Text(" " * INDENT + _plain(line, options), no_wrap=True, overflow="ignore")
            elif isinstance(block, Table):
                for line in table_lines(block, width - INDENT):
                    yield Text(" " * INDENT + _plain(line, options), no_wrap=True, overflow="ignore")
            else:
                yield from _folded([(block, "italic")], console, options, INDENT)


class _Verdict:
    """Whether the engine has what the equations give."""

    def __init__(self, found: Explained) -> None:
        self.found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One line."""
        equations = self.found.equations
        wrong = [equation for equation in equations if not equation.agrees]
        yield Text("")
        if not wrong:
            says = (f"{count(len(equations), 'equation')}, each worked out again from its numbers: all agree with the "
                    "engine's buffers within the rounding of float32.")  # fmt: skip
        else:
            says = (f"{len(wrong)} of {len(equations)} equations differ from the engine's buffers by more than the "
                    "rounding of float32; `dllab gradcheck` tells which layer is at fault.")  # fmt: skip
        yield from _folded([(says, "")], console, options)


# ---- equations -----------------------------------------------------------------------------------------------------


def equation_lines(equation: Equation, width: int) -> list[str]:
    """In one line where it fits; else a line each for names, numbers and products, and the result."""
    segments = [equation.formula]
    for text in (in_numbers(equation), _sum(equation.terms)):
        if text and text != segments[-1] and text != _number(equation.value):
            segments.append(text)
    result = _number(equation.value)
    if not equation.agrees:
        result += f"  (from these numbers {number(equation.computed)})"
    if segments[-1] != result:
        segments.append(result)
    left = equation.left
    whole = f"{left} = {' = '.join(segments)}"
    if len(whole) <= width:
        return [whole]
    indent = len(left) if len(left) <= width // 3 else 8
    *others, last = segments
    lines = _wrapped(others[0], left + " = ", " " * (indent + 3), width)
    for text in others[1:]:
        lines += _wrapped(text, " " * indent + " = ", " " * (indent + 3), width)
    if len(lines[-1]) + len(last) + 3 <= width and len(others) > 1:
        return [*lines[:-1], f"{lines[-1]} = {last}"]
    return [*lines, " " * indent + f" = {last}"]


def in_numbers(equation: Equation) -> str:
    """The right side with numbers in the place of names."""
    first, *others = equation.template.split("{}")
    text = first
    for (_, value), after in zip(equation.operands, others):
        shown = _number(value)
        text += (f"({shown})" if shown.startswith("-") and after.startswith("^") else shown) + after
    text = re.sub(r"--(\S)", r"\1", text)
    text = re.sub(r"\+ -(\S)", r"- \1", text)
    text = re.sub(r"- -(\S)", r"+ \1", text)
    return re.sub(r"([*/]) (-[\d.]+(?:e[+-]\d+)?)", r"\1 (\2)", text)


def _number(value: float) -> str:
    return number(value + 0.0)  # -0 is 0 to whoever reads it


def _sum(terms: Sequence[float]) -> str:
    text = " + ".join(_number(term) for term in terms)
    return re.sub(r"\+ -", "- ", text)


def _wrapped(text: str, first: str, others: str, width: int) -> list[str]:
    """Lines that break in front of a sign, or else at a space."""
    lines, line = [], first
    for piece in _pieces(text):
        fits = len(line) + len(piece) <= width
        if not fits and line.strip() not in ("", first.strip()):
            lines.append(line.rstrip())
            line = others
        if len(line) + len(piece) <= width:
            line += piece
            continue
        for word in piece.split(" "):
            if len(line) + len(word) > width and line.strip():
                lines.append(line.rstrip())
                line = others
            line += word + " "
    return [line for line in (*lines, line.rstrip()) if line.strip()]


def _pieces(text: str) -> Iterator[str]:
    """The terms of a sum, each with its sign; what stands in brackets stays together."""
    depth, start = 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and text[place : place + 3] in (" + ", " - ") and place > start:
            yield text[start : place + 1]
            start = place + 1
    yield text[start:] + " "


# ---- tables --------------------------------------------------------------------------------------------------------


def table_lines(table: Table, width: int) -> list[str]:
    """Columns of numbers under their names; as many side by side as there is room for, the others below."""
    cells = [[_number(value) for value in row] for row in table.numbers]
    sizes = [max(len(name), *(len(row[k]) for row in cells)) for k, name in enumerate(table.columns)]
    longest = max(width - sum(2 + size for size in sizes), NAME)
    rows = [_ending(name, longest) for name in table.rows]
    names = max(map(len, rows))
    lines = textwrap.wrap(table.title + ":", width) if table.title else []
    start = 0
    while start < len(sizes):
        end, used = start, names
        while end < len(sizes) and (used + 2 + sizes[end] <= width or end == start):
            used += 2 + sizes[end]
            end += 1
        some = range(start, end)
        lines.append(" " * names + "".join(f"  {table.columns[k]:>{sizes[k]}}" for k in some))
        lines += [f"{name:<{names}}" + "".join(f"  {row[k]:>{sizes[k]}}" for k in some) for name, row in zip(rows, cells)]
        start = end
    return lines


def _ending(name: str, most: int) -> str:
    """A long path without its first parts."""
    if len(name) <= most:
        return name
    end = name[3 - most :]
    return "..." + (end.partition(".")[2] if "." in end else end)


def _plain(text: str, options: ConsoleOptions) -> str:
    return text.encode("ascii", "replace").decode() if options.ascii_only else text


# ---- for programs --------------------------------------------------------------------------------------------------


def document(found: Explained) -> dict[str, Any]:
    """The same for programs, all numbers whole."""
    plain = ("recipe", "seed", "step", "steps", "epoch", "rows", "input", "row", "full")
    return {
        **{name: getattr(found, name) for name in plain},
        "answer": found.answer, "reads": list(found.reads), "why": list(found.why),
        "loss": _finite(found.loss), "rate": found.rate,
        "agree": all(equation.agrees for equation in found.equations),
        "sections": [_section(section) for section in found.sections],
    }  # fmt: skip


def _section(section: Section) -> dict[str, Any]:
    tables = [block for block in section.blocks if isinstance(block, Table)]
    return {
        "part": section.part, "path": section.path, "kind": section.kind, "says": section.says,
        "remarks": [block for block in section.blocks if isinstance(block, str)],
        "equations": [_equation(equation) for equation in section.equations],
        "tables": [{"title": t.title, "rows": list(t.rows), "columns": list(t.columns),
                    "numbers": [[_finite(v) for v in row] for row in t.numbers]} for t in tables],
    }  # fmt: skip


def _equation(equation: Equation) -> dict[str, Any]:
    operands = [{"name": name, "value": _finite(value)} for name, value in equation.operands]
    return {"left": equation.left, "template": equation.template, "operands": operands,
            "computed": _finite(equation.computed), "value": _finite(equation.value)}  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
