"""What a sweep shows: goldens of every kind at several widths, with and without the characters of Unicode."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from screens import compare, screen

from dllab.core import rng
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_summary import Measure, SweepSummary, Tally, measure_of, summary_of
from dllab.views.bench_sweep import SweepTiming, view
from dllab.views.sweep import PlanView, SweepView, document, plan_document, short_names

ACCURACY, LOSS = Measure("test", "accuracy", True), Measure("validation", "loss", False)


def summary(plan: SweepPlan, measure: Measure | None = ACCURACY, *, troubles: bool = False, ended: float = 1.0,
            status: str = "finished") -> SweepSummary:  # fmt: skip
    """A summary of made-up figures: best in the middle of every key."""
    tally, count = Tally(len(plan.grid), measure), len(plan.grid)
    noise = rng.uniform(rng.key(1, 0, 0), count)
    for index in range(round(count * ended)):
        place = index // len(plan.grid.seeds) / max(plan.grid.settings - 1, 1)
        value = round(0.5 + 0.4 * math.sin(math.pi * place) + 0.1 * float(noise[index]), 4)
        if troubles and index % 7 == 3:
            tally.add(index, "failed", {}, f"override a=1: no such key, number {index % 3}; expected one of: b, c")
        elif troubles and place > 0.8:
            tally.add(index, "diverged", {"test": {"accuracy": 0.5, "loss": math.nan}}, None)
        else:
            figures = {"accuracy": value, "loss": round(1.2 - value, 4)}
            tally.add(index, "finished", {"test": figures, "validation": figures}, None)
    folder = Path("runs/sweep-xor-20261126-120000")
    return summary_of(plan, tally, status=status, top=5, seconds=12.3, jobs=2, folder=folder)


COMMANDS = [("dllab train xor optimizer.lr=0.1", "train the best setting, and keep it")]
TWO = ["optimizer.lr=log(0.001,1,5)", "model[0].dense.units=2,4,8"]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_two_keys(width: int) -> None:
    text = screen(SweepView(summary(plan_of("xor", TWO, seeds=10), troubles=True), COMMANDS), width)
    assert max(len(line) for line in text.splitlines() if "dllab" not in line) <= width
    compare(f"sweep_two_{width}", text)


def test_ascii() -> None:
    text = screen(SweepView(summary(plan_of("xor", TWO, seeds=10), troubles=True), COMMANDS), ascii_only=True)
    assert text.isascii()
    compare("sweep_two_ascii", text)


def test_one_key_of_many_numbers_is_a_curve() -> None:
    compare("sweep_curve", screen(SweepView(summary(plan_of("xor", ["optimizer.lr=log(0.001,1,30)"], seeds=3), LOSS))))


def test_three_keys_with_long_values() -> None:
    values = [
        "optimizer={sgd: {lr: 0.1}},{momentum: {lr: 0.1, beta: 0.5}},adam",
        "model[0].dense.units=2,4",
        "train.l2=0,0.01",
    ]
    compare("sweep_three", screen(SweepView(summary(plan_of("xor", values))), 60))


def test_drawn() -> None:
    plan = plan_of("xor", ["optimizer.lr=log(0.001,1)", "train.l2=linear(0,0.1)"], sample=50)
    compare("sweep_drawn", screen(SweepView(summary(plan))))


def test_interrupted() -> None:
    found = summary(plan_of("xor", TWO, seeds=10), ended=0.3, status="interrupted")
    compare("sweep_interrupted", screen(SweepView(found, COMMANDS)))


def test_seeds_alone() -> None:
    compare("sweep_seeds", screen(SweepView(summary(plan_of("xor", [], seeds=20)))))


def test_nothing_to_rank_by() -> None:
    plan = plan_of("xor", ["optimizer.lr=0.1,0.2"])
    tally = Tally(2, None)
    tally.add(0, "failed", {}, "no")
    found = summary_of(plan, tally, status="failed", top=5, seconds=1, jobs=1, folder=None)
    compare("sweep_nothing", screen(SweepView(found)))
    assert document(found)["best"] is None and document(found)["metric"] is None


@pytest.mark.parametrize("width", [60, 80])
def test_plans(width: int) -> None:
    plan = plan_of("xor", ["optimizer.lr=log(0.001,1,9)", "model[0].dense.units=2,4", "train.epochs=50"], seeds=3)
    drawn = plan_of("xor", ["optimizer.lr=log(0.001,1)", "schedule=cosine,constant"], sample=8)
    texts = [screen(PlanView(one, measure_of(one), 2, "dllab sweep xor ..."), width) for one in (plan, drawn)]
    compare(f"sweep_plans_{width}", "\n".join(texts))
    assert plan_document(plan, None)["nets"] == 2


def test_names_are_as_short_as_they_may_be() -> None:
    assert short_names(["optimizer.lr", "model[0].dense.units"]) == ["lr", "units"]
    assert short_names(["model[0].dense.units", "model[2].dense.units"]) == ["model[0].dense.units", "model[2].dense.units"]
    assert short_names(["optimizer", "model[0]", "loss"]) == ["optimizer", "model[0]", "loss"]


def test_documents_have_no_nan() -> None:
    found = summary(plan_of("xor", TWO, seeds=3), troubles=True)
    json.loads(json.dumps(document(found)), parse_constant=pytest.fail)


def test_bench() -> None:
    machine = {"processor": "A processor", "cores": 2, "python": "3.11"}
    timings = [SweepTiming(2000, 200, 1.25, 119_000_000), SweepTiming(10_000, 200, 6.5, None)]
    compare("sweep_bench", screen(view(timings, machine)))
