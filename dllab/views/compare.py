"""A comparison for people: curves, a table with intervals, the verdict and its rule; and its JSON document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.lab.bootstrap import FEWEST as FEWEST_OF_INTERVAL
from dllab.lab.bootstrap import Interval
from dllab.lab.comparison import Comparison, Result, Run
from dllab.lab.paired import FEWEST, Pair
from dllab.runs.metrics_log import plain
from dllab.views import compare_words as words
from dllab.views.compare_curves import Averages, curves_plot, marks_of
from dllab.views.data_pictures import PALETTE
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import duration, heading, number

HEIGHT = 11
GAP = 2


@dataclass(frozen=True)
class CompareFinal:
    """All of it. `what` is compared: optimizers, recipes, ...; `commands`: what to try next."""

    found: Comparison
    what: str
    commands: Sequence[tuple[str, str]] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The text is broken at the edge of the terminal, commands are not."""
        found, ascii_only = self.found, options.ascii_only
        yield Plain(Group(Text.assemble((found.recipe, "bold"), words.head(found, self.what)), *self._picture()))
        blocks: list[RenderableType] = [Text(), *_tables(found, options), Text()]
        notes = [words.rates(found, self.what), words.target(found, ascii_only), _legend(found)]
        blocks += [Text(note) for note in notes if note]
        yield Plain(Group(*blocks, Text(), *self._verdict()))
        if self.commands:
            yield Text()
            yield NextSteps(self.commands)

    def _picture(self) -> list[RenderableType]:
        if self.found.watched is None:
            return []
        averages = Averages(self.found.watched, self.found.metric)
        for run in [run for result in self.found.results for run in result.runs] + list(self.found.cut):
            for mark in run.marks:
                averages.add(run.contender, mark)
        names = [result.contender.name for result in self.found.results]
        metric = self.found.metric if self.found.losses_differ else "loss"
        return [Text(), curves_plot(averages, names, metric, HEIGHT, self.found.steps)] if averages.there else []

    def _verdict(self) -> list[RenderableType]:
        verdict = words.verdict(self.found)
        told = [Text(verdict if verdict.startswith("No verdict") else f"Verdict: {verdict}", "bold")]
        if self.found.pairs and self.found.status == "finished" and len(self.found.seeds) >= FEWEST:
            told.insert(0, Text(" ".join(filter(None, [words.rule(self.found), words.second_opinion(self.found)]))))
        return list(told)


def _legend(found: Comparison) -> str:
    runs = [len(result.counted) for result in found.results]
    told = []
    if max(runs) >= FEWEST_OF_INTERVAL:
        none = f"; none of fewer than {FEWEST_OF_INTERVAL}" if min(runs) < FEWEST_OF_INTERVAL else ""
        told.append(f"[ ]: 95 % bootstrap interval of the mean over seeds{none}.")
    else:
        told.append(f"Means over seeds; from {FEWEST_OF_INTERVAL} on with an interval.")
    if found.tuning is not None:
        told.append(
            "good rates: decades around the best in which a run gains 95 % of what the best of all gains; +: or more."
        )
    return " ".join(told)


# ---- tables --------------------------------------------------------------------------------------------------------------


def _tables(found: Comparison, options: ConsoleOptions) -> list[RenderableType]:
    """One table where it fits; else what is reached and how soon, in as many as the width asks for."""
    names, order = words.short_names([result.contender.name for result in found.results]), found.order
    marks = marks_of(names)
    name = [f"{marks[number]}  {names[number]}" for number in order]
    first = ["", *(_cut(one, options.max_width // 2) for one in name)]
    reached, soon = _reached(found, order), _soon(found, order)
    groups = [[*reached, *soon]]
    if _width([first, *groups[0]]) > options.max_width:
        groups = [part for group in (reached, soon) for part in _packed(first, group, options.max_width)]
    shown: list[RenderableType] = []
    for group in groups:
        shown += [*([Text()] if shown else []), _grid([first, *group], order)]
    return shown


def _packed(first: list[str], columns: list[list[str]], width: int) -> list[list[list[str]]]:
    """Columns in groups that fit beside the names."""
    groups: list[list[list[str]]] = []
    for column in columns:
        if not groups or _width([first, *groups[-1], column]) > width:
            groups.append([])
        groups[-1].append(column)
    return groups


def _cut(name: str, width: int) -> str:
    """A name that leaves room for figures: its beginning and its end, which tells it from others."""
    tail = (width - 2) // 2
    return name if len(name) <= width else f"{name[: width - 2 - tail]}..{name[-tail:]}"


def _reached(found: Comparison, order: list[int]) -> list[list[str]]:
    """Columns: rate, runs that diverged, the figure that counts, the loss."""
    results = [found.results[number] for number in order]
    columns = []
    rates = [result.contender.lr for result in results]
    if any(result.tried for result in found.results) or len(set(rates)) > 1:
        columns.append(["rate", *("-" if rate is None else number(rate, 3) for rate in rates)])
    if any(result.diverged for result in results):
        columns.append(["diverged", *(f"{result.diverged}/{len(result.runs)}" for result in results)])
    figures = [found.metric, *(["loss"] if found.metric != "loss" and not found.losses_differ else [])]
    for metric in figures:
        cells = [_interval(metric, result.final(found.split, metric)) for result in results]
        columns.append([f"{found.split} {heading(metric)}", *cells])
    return columns


def _soon(found: Comparison, order: list[int]) -> list[list[str]]:
    """Columns: steps and seconds to the target, how many runs get there, how wide the band of good rates is."""
    results = [found.results[number] for number in order]
    columns = []
    if found.target is not None:
        there = [result.to_target(found.target) for result in results]
        columns.append(["steps to target", *(f"{steps:,.0f}" if math.isfinite(steps) else "-" for steps, _, _ in there)])
        columns.append(["time", *(duration(seconds) if math.isfinite(seconds) else "-" for _, seconds, _ in there)])
        columns.append(["reach it", *(f"{k}/{len(result.runs)}" for (*_, k), result in zip(there, results))])
    if found.tuning is not None and found.tuning.runs > 1:
        columns.append(["good rates", *map(_band, results)])
    return columns


def _interval(metric: str, interval: Interval) -> str:
    return words.interval_text(metric, interval.mean, interval.low, interval.high)


def _band(result: Result) -> str:
    if not result.tried:
        return "-"
    if result.band is None:
        return "none"
    more = "+" if result.band.open_low or result.band.open_high else ""
    return f"{result.band.decades:.1f}{more}"


def _grid(columns: list[list[str]], order: list[int]) -> Table:
    """Columns beside each other, headings bold, letters in the colours of their curves."""
    table = Table.grid(padding=(0, GAP))
    for place in range(len(columns)):
        table.add_column(justify="left" if place == 0 else "right", no_wrap=True)
    for place, line in enumerate(zip(*columns)):
        cells = [Text(cell, "bold" if place == 0 else "") for cell in line]
        if place > 0:
            cells[0].stylize(PALETTE[order[place - 1] % len(PALETTE)], 0, 1)
        table.add_row(*cells)
    return table


def _width(columns: list[list[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + GAP * (len(columns) - 1)


# ---- the document --------------------------------------------------------------------------------------------------------


def document(found: Comparison, kind: str = "optimizers") -> dict[str, Any]:
    """The JSON document; `kind` is the key that holds what is compared."""
    return {
        "recipe": found.recipe,
        "status": found.status,
        "metric": found.metric,
        "split": found.split,
        "seeds": list(found.seeds),
        "steps": found.steps,
        "jobs": found.jobs,
        "seconds": round(found.seconds, 6),
        "same_weights": found.same_weights,
        "same_batches": found.same_batches,
        "target": _target(found),
        "tuning": _tuning(found),
        kind: [_result(found, result) for result in found.results],
        "pairs": [_pair(found, pair) for pair in found.pairs],
        "verdict": words.verdict(found),
        "rule": words.rule(found),
    }


def _target(found: Comparison) -> dict[str, Any] | None:
    aim = found.target
    return (
        None if aim is None else {"metric": aim.metric, "split": aim.split, "value": plain(aim.value), "given": aim.given}
    )


def _tuning(found: Comparison) -> dict[str, Any] | None:
    tuning = found.tuning
    if tuning is None:
        return None
    return {
        "runs": tuning.runs,
        "seed": tuning.seed,
        "metric": tuning.metric,
        "split": tuning.split,
        "held_out": tuning.held_out,
        "judged_twice": found.judged_twice,
        "untrained": plain(tuning.untrained),
    }


def _result(found: Comparison, result: Result) -> dict[str, Any]:
    final, loss = result.final(found.split, found.metric), result.final(found.split, "loss")
    steps, seconds, reached = result.to_target(found.target) if found.target is not None else (math.inf, math.inf, 0)
    band = result.band
    return {
        "name": result.contender.name,
        "lr": result.contender.lr,
        "tuned": bool(result.tried),
        "final": {"mean": plain(final.mean), "low": plain(final.low), "high": plain(final.high)},
        "loss": {"mean": plain(loss.mean), "low": plain(loss.low), "high": plain(loss.high)},
        "steps_to_target": plain(steps),
        "seconds_to_target": plain(seconds),
        "reached": reached,
        "diverged": result.diverged,
        "good_rates": None if band is None else _band_document(result),
        "tried": [{"lr": t.lr, "status": t.status, "value": plain(t.value), "loss": plain(t.loss)} for t in result.tried],
        "runs": [_run(found, run) for run in result.runs],
    }


def _band_document(result: Result) -> dict[str, Any]:
    band = result.band
    assert band is not None
    open_ = {"open_low": band.open_low, "open_high": band.open_high}
    return {"low": band.low, "high": band.high, "decades": band.decades, **open_}


def _run(found: Comparison, run: Run) -> dict[str, Any]:
    mark = None if found.target is None else found.target.reached(run)
    return {
        "seed": run.seed,
        "status": run.status,
        "steps": run.steps,
        "seconds": round(run.seconds, 6),
        "final": plain(run.final(found.split, found.metric)),
        "loss": plain(run.final(found.split, "loss")),
        "steps_to_target": None if mark is None else mark.step,
    }


def _pair(found: Comparison, pair: Pair) -> dict[str, Any]:
    names = [result.contender.name for result in found.results]
    return {
        "first": names[pair.first],
        "second": names[pair.second],
        "seeds": pair.seeds,
        "difference": {"mean": plain(pair.difference), "low": plain(pair.low), "high": plain(pair.high)},
        "p": plain(pair.p),
        "p_holm": plain(pair.adjusted),
        "p_sign_flip": plain(pair.flips),
        "significant": pair.significant,
    }
