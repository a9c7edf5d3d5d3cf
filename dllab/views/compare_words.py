"""A comparison in words: who was compared, how rates were found, what the target is, the verdict and the rule behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from dllab.lab.comparison import Comparison, higher_is_better
from dllab.lab.paired import ALPHA, FEWEST, holm
from dllab.views.text import SHARES, count, duration, figure, heading, number, percent

MOST_NAMED = 6
"""Of more contenders the number is told, not the names."""


def short_names(names: Sequence[str]) -> list[str]:
    """Names without the beginnings of their keys, where they still differ: `lr=0.1` for `optimizer.lr=0.1`."""
    short = [" ".join(_short(word) for word in name.split(" ")) for name in names]
    return short if len(set(short)) == len(short) else list(names)


def _short(word: str) -> str:
    key, equals, value = word.partition("=")
    return f"{key.rpartition('.')[2]}={value}" if equals and ":" not in key else word


def head(found: Comparison, what: str) -> str:
    """`moons: 4 optimizers, 5 seeds (0 to 4), 780 steps each; ...`, behind the recipe's name."""
    seeds = found.seeds
    run = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
    steps = {run.steps for result in found.results for run in result.counted}
    longest = f"{'up to ' if len(steps) > 1 else ''}{count(found.steps, 'step')} a run"
    text = f": {len(found.results)} {what}, {count(len(seeds), 'seed')} ({run}), {longest}; {begun(found)}"
    jobs = f", {found.jobs} at a time" if found.jobs > 1 else ""
    return f"{text}. {duration(found.seconds)}{jobs}."


def begun(found: Comparison) -> str:
    """What all have in common, seed by seed."""
    same = [word for word, there in (("first weights", found.same_weights), ("batches", found.same_batches)) if there]
    if found.apart:
        return f"the same seeds{'' if not same else ', ' + ' and '.join(same)}"
    return f"same data{', ' if len(same) == 2 else ' and ' if same else ''}{' and '.join(same)} for all"


def rates(found: Comparison, what: str) -> str:
    """How the rates came about."""
    tuning, given = found.tuning, [result.contender.name for result in found.results if not result.tried]
    if tuning is None:
        untuned = "Rates are as given, or the optimizers' own defaults; nothing was tuned."
        return untuned if what == "optimizers" else ""
    where = f"the {tuning.split} split"
    if tuning.held_out:
        where = f"{tuning.held_out:,} training rows held out for it, as the recipe sets none aside for validation"
    elif tuning.split == "train":
        where = f"the {tuning.training:,} training rows themselves, {tuning.why_none}"
    runs = f"the best of {count(tuning.runs, 'run')} each, with seed {tuning.seed}"
    text = f"Rates: {runs}, by {heading(tuning.metric)} on {where}"
    as_given = f"; {listed(given)} as given" if given else ""
    twice = (
        " The same rows chose the rates and judge at the end: figures flatter what was tuned." if found.judged_twice else ""
    )
    return f"{text}{as_given}.{twice} All other options are the optimizers' own defaults, or as given."


def target(found: Comparison, ascii_only: bool) -> str:
    """What is to be reached, and who says so."""
    if found.watched is None:
        return "No curves and no target: on their way not all are evaluated on the same rows."
    if found.target is None:
        return ""
    why = "as asked" if found.target.given else "which the median run ends with; --target sets another"
    return f"Target: {target_text(found, ascii_only)} ({why}), looked at after evaluations."


def target_text(found: Comparison, ascii_only: bool) -> str:
    """`train accuracy ≥ 95 %`."""
    aim = found.target
    assert aim is not None
    signs = (">=", "<=") if ascii_only else ("≥", "≤")
    sign = signs[0] if higher_is_better(aim.metric) else signs[1]
    return f"{aim.split} {heading(aim.metric)} {sign} {figure(aim.metric, aim.value)}"


def verdict(found: Comparison) -> str:
    """What can be said, and what cannot."""
    names = short_names([result.contender.name for result in found.results])
    silent = _no_verdict(found)
    told = [silent] if silent else _told(found, names)
    for result, name in zip(found.results, names):
        if result.diverged and result.counted:
            figures = f"its figures are of the {count(len(result.counted), 'other')}"
            told.append(f"{name} diverged with {result.diverged} of {count(len(result.runs), 'seed')}; {figures}.")
        elif result.diverged:
            told.append(f"{name} diverged with {'every seed' if len(result.runs) > 1 else 'its seed'}.")
    return " ".join(told)


def _no_verdict(found: Comparison) -> str:
    """Why there is none, or nothing."""
    ended, of = sum(len(result.runs) for result in found.results), len(found.seeds) * len(found.results)
    if found.status == "interrupted":
        return f"No verdict: interrupted after {ended:,} of {count(of, 'run')}."
    if found.apart:
        return f"No verdict: {'; '.join(found.apart)}, so their figures answer different questions."
    if len(found.seeds) < FEWEST:
        return f"No verdict: {count(len(found.seeds), 'seed')} cannot show the spread; --seeds 5 trains with five."
    if all(math.isnan(pair.p) for pair in found.pairs):
        return f"No verdict: no two of them came to an end with the same {FEWEST} seeds."
    return ""


def _told(found: Comparison, names: list[str]) -> list[str]:
    """Who is better than whom, and by how much; among whom no difference is seen; who cannot be tested."""
    tests = {frozenset((pair.first, pair.second)): pair for pair in found.pairs if not math.isnan(pair.p)}
    order = [n for n in found.order if any(n in both for both in tests)]
    judged, beats = f"{found.split} {heading(found.metric)}", _beats(found)
    told: list[str] = []
    if not beats:
        least = p_text(min(pair.adjusted for pair in tests.values()))
        who = listed([names[place] for place in order])
        told.append(f"No significant difference in {judged} between {who} (smallest p {least}).")
        return told + _untested(found, names, order)
    largest = p_text(max(pair.adjusted for pair in found.pairs if pair.significant))
    for place in [place for place in order if place in beats]:
        losers = [other for other in order if other in beats[place]]
        by = [f"{names[other]} (by {_amount(found.metric, beats[place][other])})" for other in losers]
        ending = ", too" if told else f" in {judged}, p {largest}{' or less' if len(_beaten(beats)) > 1 else ''}"
        told.append(f"{names[place]} is significantly better than {listed(by)}{ending}.")
    alike = {both for both, pair in tests.items() if not pair.significant}
    return told + _level(names, order, alike) + _untested(found, names, order)


def _level(names: list[str], order: list[int], alike: set[frozenset[int]]) -> list[str]:
    """From whom the first cannot be told, by tests that say so; whether those can be told from each other is no matter."""
    first, *others = order
    level = [place for place in others if frozenset((first, place)) in alike]
    if not level:
        return []
    if all(frozenset(both) in alike for both in combinations(level, 2)):
        return [f"No significant difference between {listed([names[first], *(names[n] for n in level)])}."]
    if len(level) == 2:
        return [f"{names[first]} differs significantly from neither {names[level[0]]} nor {names[level[1]]}."]
    return [f"{names[first]} differs significantly from none of {listed([names[n] for n in level])}."]


def _untested(found: Comparison, names: list[str], order: list[int]) -> list[str]:
    """Who has too few figures to be compared with anybody, or with somebody; who always diverged is told of apart."""
    told = []
    for place, result in enumerate(found.results):
        seeds = sum(math.isfinite(value) for value in found.values(result))
        if place not in order and result.counted:
            told.append(f"{names[place]} cannot be tested: it has {_figures(seeds)}.")
    for pair in found.pairs:
        if math.isnan(pair.p) and pair.first in order and pair.second in order:
            both = f"{names[pair.first]} and {names[pair.second]}"
            told.append(f"{both} cannot be tested: they have {_figures(pair.seeds)} in common.")
    return told


def _figures(seeds: int) -> str:
    return f"figures of {count(seeds, 'seed')}" if seeds else "no figure"


def _beats(found: Comparison) -> dict[int, dict[int, float]]:
    """Of each contender that is significantly better than others: these, and by how much."""
    beats: dict[int, dict[int, float]] = {}
    for pair in found.pairs:
        if pair.significant:
            first_better = (pair.difference > 0) == higher_is_better(found.metric)
            better, worse = (pair.first, pair.second) if first_better else (pair.second, pair.first)
            beats.setdefault(better, {})[worse] = abs(pair.difference)
    return beats


def _beaten(beats: dict[int, dict[int, float]]) -> list[int]:
    return [worse for losers in beats.values() for worse in losers]


def _amount(metric: str, difference: float) -> str:
    """`2.4 points` of shares in percent, else a number."""
    return f"{number(100 * difference, 2)} points" if metric in SHARES else number(difference, 2)


def rule(found: Comparison) -> str:
    """The rule of the verdict, on one line where there is room."""
    tests = sum(not math.isnan(pair.p) for pair in found.pairs)
    correction = f", Holm's correction for {tests} pairs" if tests > 1 else ""
    test = f"paired t-test over seeds on one split, so for these {found.split} rows"
    return f"Rule: {test} (takes differences as about normal){correction}, p < {ALPHA:g}."


def second_opinion(found: Comparison) -> str:
    """What the test says that does not take differences as normal, or from how many seeds on it could speak."""
    pairs = found.pairs
    fewest = min((pair.seeds for pair in pairs if pair.seeds >= FEWEST), default=0)
    tests = sum(not math.isnan(pair.p) for pair in pairs)
    if fewest == 0:
        return ""
    if tests * 2 / 2**fewest >= ALPHA:
        needed = next(n for n in range(2, 99) if tests * 2 / 2**n < ALPHA)
        return (
            f"The sign-flip test, which does not, gives p {number(2 / 2**fewest, 2)} at best with {count(fewest, 'seed')}; "
            f"it can tell from {needed} seeds on."
        )
    flips = holm([pair.flips for pair in pairs])
    seen = sum(p < ALPHA for p in flips)
    own = sum(pair.significant for pair in pairs)
    return (
        f"The sign-flip test, which does not, sees a difference in {seen} of {count(tests, 'pair')}; the t-test in {own}."
    )


def p_text(p: float) -> str:
    """A p value: two digits, none of which are noise; more where it would be rounded up to ALPHA."""
    if p < 0.0001:
        return "below 0.0001"
    return next(text for digits in range(2, 19) if (float(text := number(p, digits)) < ALPHA) == (p < ALPHA))


def interval_text(metric: str, mean: float, low: float, high: float) -> str:
    """`98.6 % [98.0, 99.1]`, `0.045 [0.031, 0.062]`."""
    if math.isnan(mean):
        return "-"
    if metric in SHARES:
        ends = (percent(low).removesuffix(" %"), percent(high).removesuffix(" %"))
        return percent(mean) + ("" if math.isnan(low) else f" [{ends[0]}, {ends[1]}]")
    return number(mean, 3) + ("" if math.isnan(low) else f" [{number(low, 3)}, {number(high, 3)}]")


def listed(names: Sequence[str]) -> str:
    """`sgd, momentum and adam`; of many, how many."""
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[: MOST_NAMED - 2])} and {len(names) - MOST_NAMED + 2} others"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "none"
