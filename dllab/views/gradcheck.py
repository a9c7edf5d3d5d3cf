"""The table of a gradient check, and what a sweep of epsilon says of a gradient that is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.engine.patterns import listed
from dllab.lab.differences import SweepPoint
from dllab.lab.gradcheck_report import THRESHOLD, Check, Element, Index, Report
from dllab.lab.planted_bug import FACTOR
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain

FAILURES_SHOWN = 2
KINKS_SHOWN = 3
INDENT = "  "
DECADES = 12  # of the picture: relative differences from 1e-12 to 1
STYLES = {"ok": "green", "bug": "bold red", "not finite": "bold red", "kink": "yellow"}


@dataclass(frozen=True)
class Signs:
    """Characters that not every terminal can show."""

    marks: dict[str, str]
    off: str
    gap: str
    empty: str
    more: str


UNICODE = Signs({"ok": "✓", "bug": "✗", "not finite": "✗", "kink": "∧"}, "●", "○", "·", "…")
ASCII = Signs({"ok": "+", "bug": "x", "not finite": "x", "kink": "^"}, "#", "o", ".", "...")


@dataclass(frozen=True)
class GradcheckView:
    """A report as a table, with a section for every failure and a verdict at the end. `command`: what to try next.

    `shows`: what that shows.
    """

    report: Report
    command: str = ""
    shows: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render with the characters that this console can show."""
        yield Plain(Group(*self._blocks(ASCII if options.ascii_only else UNICODE)))
        if self.command:
            yield Text()
            yield NextSteps([(self.command, self.shows)])

    def _blocks(self, signs: Signs) -> Iterable[RenderableType]:
        report = self.report
        yield Text(f"Gradients of {report.title} against central differences, in float64")
        yield Text()
        yield _parts_table(report, signs) if report.parts else _net_table(report, signs)
        failed = _failed(report)
        for check in failed[:FAILURES_SHOWN]:
            yield from _section(check, signs)
        if len(failed) > FAILURES_SHOWN:
            yield Text(f"\n{signs.more} and {len(failed) - FAILURES_SHOWN} more that fail; --json tells all of them.")
        for check in [c for c in report.checks if c.verdict == "kink"][:1]:
            yield from _section(check, signs)
        yield from _notes(report, failed, signs)
        yield Text()
        yield _closing(report, signs)


def _net_table(report: Report, signs: Signs) -> Table:
    """Layers inside blocks are indented below them; the column of kinks is there only if there are any."""
    kinked = any(check.kinks for check in report.checks)
    table = _table("layer", "array", "shape", "checked", *(["kinks"] if kinked else []), "error", "at", "verdict")
    above: tuple[str, ...] = ()
    for check in report.checks:
        path = _path(check.layer)
        for depth in range(len(path) - 1):
            if above[: depth + 1] != path[: depth + 1]:
                table.add_row(INDENT * depth + path[depth])
        checked = f"{check.checked:,}" if check.checked == check.of else f"{check.checked}/{check.of:,}"
        table.add_row(
            INDENT * (len(path) - 1) + path[-1], check.parameter, _shape(check.shape), checked,
            *([str(check.kinks)] if kinked else []), _error(check), _shape(check.index), _verdict(check, signs),
        )  # fmt: skip
        above = path
    return table


def _path(layer: str) -> tuple[str, ...]:
    """The blocks around a layer and itself; the number of a repetition stays with what it repeats.

    `1_repeat`, `0.2_residual`, `1_dense` for `1_repeat.0.2_residual.1_dense`.
    """
    pieces: list[str] = []
    for piece in layer.split("."):
        if pieces and pieces[-1].isdigit():
            pieces[-1] += f".{piece}"
        else:
            pieces.append(piece)
    return tuple(pieces)


def _parts_table(report: Report, signs: Signs) -> Table:
    """Each array of a part once: the worst of its cases."""
    table = _table("part", "array", "checked", "kinks", "error", "at", "verdict")
    groups: dict[tuple[str, str], list[Check]] = {}
    for check in report.checks:
        groups.setdefault((check.layer, _array(check.parameter)), []).append(check)
    last = ""
    for (layer, array), checks in groups.items():
        worst = min(checks, key=_worst_first)
        table.add_row(
            layer if layer != last else "", array, f"{sum(c.checked for c in checks):,}",
            str(sum(c.kinks for c in checks)), _error(worst), _shape(worst.index), _verdict(worst, signs),
        )  # fmt: skip
        last = layer
    return table


def _array(parameter: str) -> str:
    """What a parameter is called among those of all cases: `dense.w` for `0_residual.1_dense.w`."""
    *_, layer, name = ["", *parameter.split(".")]
    return f"{layer.lstrip('0123456789_')}.{name}".lstrip(".")


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in names:
        right, whole = name in ("checked", "kinks", "error"), name in ("checked", "error", "verdict")
        table.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=whole)
    return table


def _failed(report: Report) -> list[Check]:
    """The checks to tell of: in a net from the loss backwards, as errors travel; of parts the worst first."""
    failed = [check for check in report.checks if not check.passed]
    if report.parts:
        return sorted(failed, key=_worst_first)
    layers = list(dict.fromkeys(check.layer for check in report.checks if check.layer != "input"))
    depth = {layer: number for number, layer in enumerate(layers)}
    return sorted(failed, key=lambda check: -depth.get(check.layer, -1))


def _section(check: Check, signs: Signs) -> Iterable[RenderableType]:
    """One array that fails, or has nothing but kinks: one element of it, the sweep there, and what that means."""
    yield Text()
    element = check.worst or check.kink
    place = f"{check.name} at {_shape(element.index if element else check.index)}"
    place += f", case {check.case}" if check.case else ""
    yield Text(f"{signs.marks[check.verdict]} {place.replace('…', signs.more)}", style=STYLES[check.verdict])
    if element is None:
        return
    yield Text(f"  backward pass {element.analytic: .6e}\n  differences   {element.numerical: .6e}")
    if math.isfinite(element.numerical):
        yield Text()
        yield sweep_table(element, signs)
    yield Text(explained(check))


def sweep_table(element: Element, signs: Signs = UNICODE) -> Table:
    """Differences for every epsilon, and a picture on a logarithmic scale.

    `off`: how far the backward pass is from their mean; `gap`: how far left and right are apart, both relative.
    """
    scale = max(abs(element.analytic), abs(element.numerical)) or 1.0
    axis = f"1e-{DECADES}  off {signs.off}  gap {signs.gap}".ljust(2 * DECADES) + "1"
    table = _table("epsilon", "from left", "from right", "off", "gap", axis)
    for point in element.sweep:
        off, gap = abs(element.analytic - point.central) / scale, point.jump / scale
        table.add_row(
            f"{point.epsilon:.0e}", f"{point.left: .4e}", f"{point.right: .4e}", f"{off:.0e}", f"{gap:.0e}",
            _picture(off, gap, signs),
        )  # fmt: skip
    return table


def _picture(off: float, gap: float, signs: Signs) -> str:
    """Two marks on a line of two characters a decade."""
    line = [signs.empty] * (2 * DECADES + 1)
    for size, mark in ((gap, signs.gap), (off, signs.off)):
        if math.isfinite(size):
            decades = math.log10(size) + DECADES if size > 0 else 0.0
            line[round(2 * min(max(decades, 0.0), DECADES))] = mark
    return "".join(line)


def explained(check: Check) -> str:
    """Bug or kink, and why, in a sentence or two."""
    element = check.worst or check.kink
    if check.verdict == "not finite" or element is None:
        return "not finite: the loss or its gradient is NaN or infinite here, so there is nothing to compare."
    if check.verdict == "kink":
        left, right = _sides(element.sweep)
        return (f"kink: the slope stays {left:.3g} on the left and {right:.3g} on the right however small epsilon gets, so "
                "no derivative exists here to compare with.")  # fmt: skip
    return (f"bug: left and right meet at {element.numerical:.4g} as epsilon shrinks, so the loss is smooth here, and the "
            f"backward pass says {element.analytic:.4g}.{_cause(check.factor)}")  # fmt: skip


def _cause(factor: float | None) -> str:
    if factor is None:
        return ""
    if abs(factor) < 1e-6:
        return " All of this gradient is 0: something is missing."
    if abs(factor + 1) < 1e-6:
        return " All of this gradient has the wrong sign."
    if abs(factor - 1) < 1e-3:
        return ""
    return f" All of this gradient is {factor:.4g} times what it should be: a wrong factor."


def _sides(sweep: Iterable[SweepPoint]) -> tuple[float, float]:
    """Both slopes at a kink: at 1e-6, where neither rounding nor curvature counts for much."""
    point = min(sweep, key=lambda p: abs(math.log10(p.epsilon) + 6))
    return point.left, point.right


def _notes(report: Report, failed: list[Check], signs: Signs) -> Iterable[RenderableType]:
    kinked = [check for check in report.checks if check.kink is not None and check.verdict != "kink"]
    notes = []
    for check in kinked[:KINKS_SHOWN]:
        assert check.kink is not None
        left, right = _sides(check.kink.sweep)
        number = f"{check.kinks} kinks" if check.kinks > 1 else "a kink"
        notes.append(f"{signs.marks['kink']} {check.name}: {number} left out; at {_shape(check.kink.index)} the slope is "
                     f"{left:.3g} from the left and {right:.3g} from the right.")  # fmt: skip
    if len(kinked) > KINKS_SHOWN:
        notes.append(f"{signs.more} and kinks in {len(kinked) - KINKS_SHOWN} more arrays, counted in the table.")
    if report.frozen:
        arrays = "array is" if len(report.frozen) == 1 else "arrays are"
        notes.append(f"{len(report.frozen)} {arrays} frozen and left out: {listed(report.frozen)}.")
    if any(check.checked < check.of for check in report.checks):
        notes.append("Large arrays are checked by a sample, the largest gradients among it; --full checks all of them.")
    if report.planted and failed:
        notes.append(f"The bug was planted (--inject-bug {report.planted}): one gradient is multiplied by {FACTOR:g}.")
    elif report.planted:
        notes.append(f"The bug planted in {report.planted} does not show: what it spoils is 0 here. Choose another layer.")
    elif failed and not report.parts:
        notes.append("Errors travel from the loss towards the input: look first at the failing layer nearest to the loss.")
    if notes:
        yield Text()
        yield from (Text(note) for note in notes)


def _closing(report: Report, signs: Signs) -> Text:
    worst = report.worst
    count = sum(check.layer != "input" for check in report.checks)
    if report.parts:
        parts = len({check.layer for check in report.checks})
        cases = len({(check.layer, check.case, check.shape) for check in report.checks if check.parameter == "x"})
        what = f"{parts} part{'s' if parts != 1 else ''} in {cases} cases checked"
    else:
        both = " and the input" if any(check.layer == "input" for check in report.checks) else ""
        what = f"{count} array{'s' if count != 1 else ''}{both} checked"
    error = f"{worst.relative_error:.1e}" if worst and math.isfinite(worst.relative_error) else "not finite"
    mark = signs.marks["ok" if report.passed else "bug"]
    verdict = f"{mark} PASSED" if report.passed else f"{mark} FAILED"
    said = Text(f"{what}, worst {error}, limit {THRESHOLD:.0e}: ")
    return said.append(verdict, style="bold green" if report.passed else "bold red")


def _worst_first(check: Check) -> tuple[bool, bool, float]:
    """A key that puts failures first, those without a finite error in front of all."""
    return check.passed, not math.isnan(check.relative_error), -check.relative_error


def _verdict(check: Check, signs: Signs) -> Text:
    return Text(f"{signs.marks[check.verdict]} {check.verdict}", style=STYLES[check.verdict])


def _error(check: Check) -> str:
    return "" if check.verdict == "kink" else f"{check.relative_error:.1e}"


def _shape(sizes: Index) -> str:
    """`(2, 32)`, `(3)`; nothing for no index."""
    return f"({', '.join(map(str, sizes))})" if sizes else ""
