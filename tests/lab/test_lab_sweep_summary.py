"""What a sweep comes to, beside sums by hand."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from dllab.core import rng
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_summary import Measure, SweepSummary, Tally, summary_of

ACCURACY = Measure("test", "accuracy", True)
LOSS = Measure("test", "loss", False)


def made(
    plan: SweepPlan, measure: Measure = ACCURACY, top: int = 100
) -> tuple[SweepSummary, dict[int, tuple[str, float, float]]]:
    """A summary of figures at random, and the figures."""
    tally, told = Tally(len(plan.grid), measure), {}
    draws = rng.uniform(rng.key(3, 0, 0), 3 * len(plan.grid)).reshape(-1, 3)
    for index, (kind, value, loss) in enumerate(draws.tolist()):
        status = "diverged" if kind < 0.1 else "failed" if kind < 0.15 else "stopped" if kind < 0.3 else "finished"
        told[index] = status, round(value, 1), round(loss, 3)
        tally.add(
            index, status, {"test": {"accuracy": round(value, 1), "loss": round(loss, 3)}}, "why" if kind < 0.15 else None
        )
    return summary_of(plan, tally, status="finished", top=top, seconds=1, jobs=1, folder=None), told


@pytest.mark.parametrize("measure", [ACCURACY, LOSS], ids=["accuracy", "loss"])
@pytest.mark.parametrize("sample", [None, 40])
def test_settings_are_ranked_as_by_hand(measure: Measure, sample: int | None) -> None:
    values = ["optimizer.lr=0.1,0.2,0.3", "model[0].dense.units=range(2,12)", "train.epochs=5"]
    plan = plan_of("xor", values, seeds=3, sample=sample)
    found, told = made(plan, measure)
    rows = []
    for setting in range(plan.grid.settings):
        own = [told[3 * setting + seed] for seed in range(3)]
        counted = [(value if measure is ACCURACY else loss, loss) for status, value, loss in own
                   if status in ("finished", "stopped")]  # fmt: skip
        if not counted:
            continue
        mean, loss = (statistics.fmean(column) for column in zip(*counted))
        sd = statistics.stdev(value for value, _ in counted) if len(counted) > 1 else None
        diverged = sum(status == "diverged" for status, _, _ in own)
        rows.append(
            (len(counted) < 3, round(-mean if measure is ACCURACY else mean, 9), round(loss, 9), setting, sd, diverged)
        )
    rows.sort(key=lambda row: row[:4])
    assert [one.number for one in found.best] == [row[3] for row in rows]
    for one, row in zip(found.best, rows):
        assert math.isclose(one.mean, -row[1] if measure is ACCURACY else row[1], abs_tol=1e-8)
        assert one.diverged == row[5] and (one.sd is None) == (row[4] is None)
        assert one.sd is None or math.isclose(one.sd, row[4] or 0, abs_tol=1e-9)
        assert one.overrides == plan.grid.setting(one.number)
    assert found.counts == {name: sum(status == name for status, _, _ in told.values()) for name in found.counts}
    assert found.done == len(plan.grid)


def test_what_each_value_gives_is_its_mean_over_all_else() -> None:
    plan = plan_of("xor", ["optimizer.lr=0.1,0.2,0.3", "model[0].dense.units=2,4", "schedule=cosine,constant"], seeds=5)
    found, told = made(plan)
    wanted: dict[str, list[float]] = defaultdict(list)
    pairs: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for index, (status, value, _) in told.items():
        overrides = plan.grid.member(index).overrides
        for text in overrides if status in ("finished", "stopped") else ():
            wanted[text].append(value)
            pairs[overrides[:2]].append(value)
    for key in found.keys:
        for label, mean, count in zip(key.labels, key.means, key.counts):
            assert math.isclose(mean, statistics.fmean(wanted[f"{key.key}={label}"])) and count == len(
                wanted[f"{key.key}={label}"]
            )
    assert [key.key for key in found.keys] == ["optimizer.lr", "model[0].dense.units", "schedule"] and found.plane is None


def test_a_plane_of_two_keys() -> None:
    plan = plan_of("xor", ["model[0].dense.units=2,4,8", "optimizer.lr=0.1,0.2"], seeds=4)
    found, _ = made(plan)
    assert found.plane is not None and found.plane.shape == (3, 2)
    means = {one.overrides: one.mean for one in found.best}
    for row, units in enumerate("248"):
        for column, lr in enumerate(("0.1", "0.2")):
            assert found.plane[row, column] == means[f"model[0].dense.units={units}", f"optimizer.lr={lr}"]


def test_ranges_are_told_in_parts() -> None:
    plan = plan_of("xor", ["optimizer.lr=log(0.001,1)", "train.batch=2,4"], sample=400)
    found, told = made(plan)
    rate, batch = found.keys
    assert rate.labels == ("0.001 to 0.00398", "0.00398 to 0.0158", "0.0158 to 0.0631", "0.0631 to 0.251", "0.251 to 1")
    by_hand = np.zeros(5)
    for index, (status, _, _) in told.items():
        lr = float(plan.grid.member(index).overrides[0].partition("=")[2])
        by_hand[min(4, int((math.log10(lr) + 3) / 3 * 5 + 1e-9))] += status in ("finished", "stopped")
    assert abs(by_hand - rate.counts).sum() <= 2, "numbers are told with six digits"
    assert batch.labels == ("2", "4") and batch.counts.sum() == rate.counts.sum()


def test_an_unfinished_sweep_counts_what_there_is() -> None:
    plan = plan_of("xor", ["optimizer.lr=0.1,0.2,0.3"], seeds=2)
    tally = Tally(6, ACCURACY)
    assert summary_of(plan, tally, status="interrupted", top=3, seconds=0, jobs=1, folder=Path("x")).best == ()
    for index, value in ((0, 0.5), (1, 0.6), (2, 1.0)):
        tally.add(index, "finished", {"test": {"accuracy": value, "loss": 1.0}}, None)
    found = summary_of(plan, tally, status="interrupted", top=3, seconds=0, jobs=1, folder=None)
    assert found.done == 3 and tally.todo.tolist() == [3, 4, 5]
    assert [(one.number, one.n) for one in found.best] == [(0, 2), (1, 1)], "a setting with all its seeds comes first"


def test_ties_are_told_and_go_by_the_loss() -> None:
    plan = plan_of("xor", ["optimizer.lr=0.1,0.2,0.3"])
    tally = Tally(3, ACCURACY)
    for index, loss in enumerate((0.3, 0.1, 0.2)):
        tally.add(index, "finished", {"test": {"accuracy": 1.0, "loss": loss}}, None)
    found = summary_of(plan, tally, status="finished", top=2, seconds=0, jobs=1, folder=None)
    assert ([one.number for one in found.best], found.tied) == ([1, 2], 3)


def test_small_figures_are_told_apart() -> None:
    plan = plan_of("xor", ["optimizer.lr=0.1,0.2,0.3,0.4"])
    tally = Tally(4, LOSS)
    for index, loss in enumerate((1e-13, 1e-25, 3e-25, 1e-25 * (1 + 1e-14))):
        tally.add(index, "finished", {"test": {"loss": loss}}, None)
    found = summary_of(plan, tally, status="finished", top=4, seconds=1, jobs=1, folder=None)
    assert [one.number for one in found.best] == [1, 3, 2, 0] and found.tied == 2
