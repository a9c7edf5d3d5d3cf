"""A lesson as it is told: question, prediction, experiment, claims, what is left out, what to try next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.lessons.claim import Claim, Prediction
from dllab.lessons.knobs import usual
from dllab.lessons.lesson import Lesson
from dllab.lessons.report import Report
from dllab.runs.metrics_log import plain
from dllab.views import lesson_beside as beside
from dllab.views.lesson_pictures import drawn
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import duration, written

WORDS = {True: "holds", False: "FAILS", None: "shown"}
UNKNOWN = "not judged"
LEAST_DECADES = 2
"""What the line of a guess spans at least where guesses are judged by factors: else 2 for 1 would look far off."""
SIGNS = {True: ("✓", "+"), False: ("✗", "!"), None: ("·", "-")}
STYLES = {True: "#009e73", False: "bold #d55e00", None: ""}
ASKED = {"<": "below", "<=": "at most", ">": "above", ">=": "at least", "==": "exactly"}


def question(lesson: Lesson) -> RenderableType:
    """The question and the short answer."""
    head = Text.assemble((f"{lesson.number}  {lesson.question}", "bold underline"))
    return Plain(Group(head, Text(), *_paragraphs(lesson.answer), Text()))


def asked(predict: Prediction) -> RenderableType:
    """What is to be predicted."""
    return Plain(Group(Text.assemble(("Predict: ", "bold"), predict.question)))


def experiment(report: Report, you: float | None = None) -> Iterator[RenderableType]:
    """What was measured and drawn, block by block; a guess stands in the picture that has a place for it."""
    for picture, says in report.blocks:
        inner: list[RenderableType] = [] if picture is None else [drawn(picture, you)]
        yield Plain(Group(*inner, *([Text(says)] if says else []), Text()))


def predicted(predict: Prediction, said: float | None, report: Report) -> RenderableType | None:
    """A guess beside what was measured, and where the gap comes from."""
    if report.truth is None:
        return None
    truth, unit = report.truth, f" {predict.unit}".rstrip()
    if said is None:
        return None
    line = Text.assemble(("You said ", "bold"), f"{written(said, 4)}{unit}; measured: {written(truth, 4)}{unit}")
    if predict.log and said > 0 and truth > 0 and predict.judged(said, truth) != "good":
        times = max(said / truth, truth / said)
        line.append(f", {written(times, 2)} times {'more' if truth > said else 'less'}")
    return Plain(Group(line, _Ruler(said, truth, predict.log), Text(predict.told(said, truth)), Text()))


@dataclass(frozen=True)
class _Ruler:
    """Two numbers on one line: what was said and what was measured."""

    said: float
    truth: float
    log: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line with the two signs, and one with what they are."""
        log = self.log and self.said > 0 and self.truth > 0
        said, truth = (math.log10(self.said), math.log10(self.truth)) if log else (self.said, self.truth)
        if not (math.isfinite(said) and math.isfinite(truth)):
            return
        width = min(options.max_width, 78) - 4
        low, high = min(said, truth, 0.0), max(said, truth, 0.0)
        span = max(high - low, LEAST_DECADES if log else 0.0) or 1.0
        low, high = (low, low + span) if truth + said >= 0 else (high - span, high)
        low, high = low - 0.05 * span, high + 0.05 * span
        places = {name: round((value - low) / (high - low) * (width - 1)) for name, value in
                  (("zero", 0.0), ("truth", truth), ("said", said))}  # fmt: skip
        line = ["-" if options.ascii_only else "─"] * width
        line[places["zero"]] = "|" if options.ascii_only else "┼"
        line[places["truth"]] = "M"
        line[places["said"]] = "?" if places["said"] != places["truth"] else "*"
        start = "1" if log else "0"
        note = "* both" if line[places["said"]] == "*" else "? you   M measured"
        yield Text(f"  {''.join(line)}", no_wrap=True, overflow="crop")
        left = f"  {'':{places['zero']}}{start}"
        scale = "   (log)" if log else ""
        beside = f"{left:<{width // 2}}{note}{scale}"
        apart = f"  {note}{scale}; the cross is {start}"
        yield Text(beside if len(left) < width // 2 else apart, no_wrap=True, overflow="ellipsis")


def claims(report: Report) -> RenderableType:
    """Each claim with the number that was measured and the bound it must meet."""
    blocks: list[RenderableType] = [Text(f"Claims ({_tally(report.claims)}), in {duration(report.seconds)}", "bold")]
    blocks += [_Claim(claim) for claim in report.claims]
    return Plain(Group(*blocks, Text()))


@dataclass(frozen=True)
class _Claim:
    """A claim in two lines or more."""

    claim: Claim

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What is said; what was measured, of what, and what was asked for."""
        one = self.claim
        sign = SIGNS[one.holds][options.ascii_only]
        word = f"{sign} {_word(one)}"
        indent, told = max(len(word), 7) + 2, one.why or f"measured {said(one)}"
        lines = [line for text in (one.text, told) for line in Text(text).wrap(console, options.max_width - indent)]
        for place, line in enumerate(lines):
            line.rstrip()
            head = f"{word:<{indent}}" if place == 0 else " " * indent
            yield Text.assemble((head, STYLES[one.holds] if place == 0 else ""), line)


def said(claim: Claim) -> str:
    """What was measured, with its spread, and the bound."""
    unit = f" {claim.unit}" if claim.unit else ""
    found = f"{written(claim.value)}{unit}"
    if claim.low is not None and claim.high is not None:
        found += f" ({written(claim.low, 3)} to {written(claim.high, 3)} over {claim.count} {claim.what})"
    if claim.op is None or claim.bound is None:
        return found
    return f"{found}; claimed: {ASKED[claim.op]} {written(claim.bound)}{unit}"


def _word(claim: Claim) -> str:
    return UNKNOWN if claim.why else WORDS[claim.holds]


def _tally(found: Sequence[Claim]) -> str:
    judged = [claim for claim in found if claim.holds is not None]
    held = sum(bool(claim.holds) for claim in judged)
    unknown = sum(bool(claim.why) for claim in found)
    more = f", {unknown} {UNKNOWN}" if unknown else ""
    return (f"all {held} hold" if held == len(judged) else f"{held} of {len(judged)} hold") + more


def left_out(lesson: Lesson) -> RenderableType:
    """What the usual answer leaves out, and what to try next."""
    return Group(Plain(Group(Text("What the usual answer leaves out", "bold"), Text(lesson.left_out), Text())),
                 NextSteps(steps(lesson)), _knobs(lesson))  # fmt: skip


def _knobs(lesson: Lesson) -> RenderableType:
    """What can be changed, by its short names."""
    names = [f"{name}={value}" if value else name for name, value in usual(lesson).items()]
    more = "any key of its recipe (--show-recipe)"
    return Plain(Text.assemble("\n", ("Change it: ", "bold"), f"dllab lesson {lesson.number} KEY=VALUE, with ",
                               f"{', '.join(names)} or {more}" if names else more))  # fmt: skip


def steps(lesson: Lesson) -> list[tuple[str, str]]:
    """Commands to try next: those of the lesson, and one that takes the cause away."""
    found = list(lesson.next)
    if lesson.breaks and not any(f"lesson {lesson.number} " in command for command, _ in found):
        change = lesson.breaks[0][0]
        found.append((f"dllab lesson {lesson.number} {change}", "take the cause away: which claim fails?"))
    return found


def whole(report: Report, said_: float | None = None) -> RenderableType:
    """All of a lesson, to be kept as a file."""
    lesson, blocks = report.lesson, [question(report.lesson)]
    if lesson.predict is not None:
        blocks += [asked(lesson.predict), Text()]
    blocks += experiment(report, said_)
    if lesson.predict is not None and (found := predicted(lesson.predict, said_, report)) is not None:
        blocks.append(found)
    return Group(*blocks, claims(report), left_out(lesson))


def handout(reports: Sequence[Report]) -> RenderableType:
    """Lessons one below the other, to be kept as one file."""
    return Group(*(part for report in reports for part in (whole(report), Text(), Text())))


# ---- with a change -----------------------------------------------------------------------------------------------------


def changed(before: Report, now: Report) -> RenderableType:
    """The lesson as it is and with the user's changes: pictures side by side, claims in two columns."""
    head = Text.assemble((f"{now.lesson.number}  {now.lesson.question}", "bold underline"))
    nets = "; one net for each number" if now.few else ""
    note = Text.assemble("left: as the lesson has it; right: with ", (" ".join(now.changes), "bold"),
                         f"{nets}; {duration(max(before.seconds, now.seconds))}")  # fmt: skip
    return Plain(
        Group(head, note, Text(), *beside.blocks(before.blocks, now.blocks), _compared(before, now), _knobs(now.lesson))
    )


def _compared(before: Report, now: Report) -> RenderableType:
    """Claims with the number before and now; one whose words have changed has a line for each."""
    old = {claim.id: claim for claim in before.claims}
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    for _ in range(3):
        table.add_column(justify="right")
    table.add_column()
    table.add_row(*(Text(name, "bold") for name in ("claim", "before", "now", "claimed", "")))
    for claim in now.claims:
        then = old.get(claim.id)
        if then is not None and then.text != claim.text:
            table.add_row(then.text, _short(then), "", _bound(then), "")
            then = None
        told = _word(claim)
        if claim.holds is False and then is not None and then.holds is False:
            told = "fails before, too"
        table.add_row(claim.text, _short(then), _short(claim), _bound(claim), Text(told, STYLES[claim.holds]))
    return table


def _bound(claim: Claim) -> str:
    return "" if claim.op is None or claim.bound is None else f"{claim.op} {written(claim.bound)}"


def _short(claim: Claim | None) -> str:
    return "-" if claim is None or claim.value is None else written(claim.value, 3)


# ---- lines and documents -----------------------------------------------------------------------------------------------


def line(report: Report) -> str:
    """A lesson in one line, of those that fail with the claims that do."""
    told = _tally(report.claims)
    failed = [claim.id for claim in report.claims if claim.holds is False]
    more = f": {', '.join(failed)} FAILS" if failed else ""
    return f"{report.lesson.number:>2}  {report.lesson.slug:<28} {duration(report.seconds):>8}  {told}{more}"


def document(seed: int, reports: Sequence[Report]) -> dict[str, Any]:
    """The JSON document of one lesson or several."""
    return {"seed": seed, "lessons": [_document(report) for report in reports]}


def _document(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": report.lesson.number, "slug": report.lesson.slug, "seconds": round(report.seconds, 3),
        "holds": report.holds, "changes": list(report.changes), "truth": plain(report.truth),
        "claims": [
            {"id": one.id, "text": one.text, "value": plain(one.value), "op": one.op, "bound": one.bound,
             "holds": one.holds, "unit": one.unit, "low": plain(one.low), "high": plain(one.high), "count": one.count,
             "why": one.why}
            for one in report.claims
        ],
    }  # fmt: skip
    return found


def _paragraphs(answer: str) -> list[RenderableType]:
    """Paragraphs with a blank line between them."""
    found: list[RenderableType] = []
    for place, paragraph in enumerate(answer.split("\n\n") if answer else []):
        found += [Text()] * (place > 0) + [Text(paragraph)]
    return found
