"""Searches: the same suggestions whatever the number of jobs, after an interruption too; better than chance; pruning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna", reason="needs optuna")

from marks import compiled_only

from dllab.lab.grid import Member, NoGrid, Watch, grid_of
from dllab.lab.run_best import best
from dllab.lab.run_lists import find
from dllab.lab.run_records import record_of
from dllab.lab.search import BEFORE_PRUNING, ROUND, Changed, Ended, Search, SearchGrid, _medians
from dllab.lab.sweep import Done, Watcher
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_run import SweepProgress, SweepRun
from dllab.lab.sweep_summary import Measure
from dllab.lab.verify_member import verify_member
from dllab.runs.disk import StoreError
from dllab.runs.index import Index
from dllab.runs.metrics_log import plain as as_json
from dllab.runs.sweep_folder import MEMBERS, PLAN
from dllab.training.events import EpochEnd

RECIPE = """\
data: {name: moons, samples: 60, validation: 0.25}
model: [{dense: 4}, tanh, {dense: classes}]
train: {epochs: 10, batch: 16}
"""
VALUES = ["optimizer.lr=log(0.0001,10)", "model[0].dense.units=range(2,9)", "optimizer=sgd,adam"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLLAB_RUNS", str(tmp_path / "runs"))
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


def plan(values: list[str] = VALUES, sample: int = 16, **options: Any) -> SweepPlan:
    order = sorted(values, key=lambda text: text.startswith("optimizer.lr"))  # the optimizer comes before its rate
    return plan_of("r.yaml", order, sample=sample, search="tpe", **options)


def lines(run: SweepRun) -> list[dict[str, Any]]:
    """What the journal says, without how long it took."""
    assert run.folder is not None
    found = [json.loads(line) for line in (run.folder.path / MEMBERS).read_text().splitlines()]
    return sorted(({**line, "seconds": 0} for line in found), key=lambda line: line["index"])


def searched(found: SweepPlan, **options: Any) -> SweepRun:
    run = SweepRun(found, metric="validation_loss", **options)
    run.follow()
    return run


# ---- with nets ---------------------------------------------------------------------------------------------------------


@compiled_only
def test_the_number_of_jobs_changes_nothing() -> None:
    one, three = (lines(searched(plan(seeds=2), jobs=jobs)) for jobs in (1, 3))
    assert one == three and len(one) == 32
    assert {line["status"] for line in one} >= {"finished", "pruned"}
    other = lines(searched(plan(seeds=2, first=1), jobs=2))
    assert [line["overrides"] for line in other] != [line["overrides"] for line in one]


@compiled_only
@pytest.mark.parametrize("after", [1, 20])
def test_an_interruption_changes_nothing(after: int) -> None:
    def enough(progress: SweepProgress) -> None:
        if progress.done >= after:
            raise KeyboardInterrupt

    wanted = lines(searched(plan(seeds=2), jobs=2))
    run = SweepRun(plan(seeds=2), jobs=2, metric="validation_loss")
    run.follow(enough)
    assert run.status == "interrupted" and run.folder is not None and len(lines(run)) < 32
    again = SweepRun.resumed(str(run.folder.path), jobs=1)
    again.follow()
    assert again.status == "finished" and lines(again) == wanted
    assert json.loads((run.folder.path / PLAN).read_text())["search"] == "tpe"


@compiled_only
def test_what_is_not_pruned_is_the_run_of_its_line() -> None:
    import dllab

    found = [line for line in lines(searched(plan(sample=12))) if line["status"] == "finished"]
    for line in found[:: max(1, len(found) // 4)]:
        alone = dllab.train("r.yaml", line["overrides"], seed=line["seed"], save=False)
        assert repr(alone.metrics) == repr(line["final"]) and len(line["curve"]) == 10


@compiled_only
def test_pruned_members_are_counted_and_not_ranked() -> None:
    run = searched(plan())
    summary = run.summary(100)
    pruned = [line for line in lines(run) if line["status"] == "pruned"]
    assert summary.counts["pruned"] == len(pruned) > 0 and summary.counts["failed"] == 0
    assert not {setting.number for setting in summary.best} & {line["index"] for line in pruned}
    assert all(line["steps"] < 90 // 16 * 10 and 3 <= len(line["curve"]) < 10 for line in pruned)
    assert all(line["index"] >= BEFORE_PRUNING for line in pruned)
    never = searched(plan(prune=False))
    assert "pruned" not in never.summary(1).counts
    assert [line["overrides"] for line in lines(never)[:8]] == [line["overrides"] for line in lines(run)[:8]]


@compiled_only
def test_a_pruned_member_is_replayed_as_far_as_it_came() -> None:
    run = searched(plan())
    assert run.folder is not None
    (number, steps), *_ = [(one["index"], one["steps"]) for one in lines(run) if one["status"] == "pruned"]
    found = verify_member(record_of(f"{run.folder.path}:{number}"), None)
    assert found.same and found.status == "pruned" and found.numbers == 6
    journal = run.folder.path / MEMBERS
    told = [json.loads(line) for line in journal.read_text().splitlines()]
    changed = [{**one, "steps": steps + 60} if one["index"] == number else one for one in told]
    journal.write_text("".join(json.dumps(one) + "\n" for one in changed))
    first = verify_member(record_of(f"{run.folder.path}:{number}"), None).first
    assert first is not None and first.what == "train loss"


@compiled_only
def test_the_index_knows_what_was_pruned() -> None:
    run = searched(plan())
    many = sum(one["status"] == "pruned" for one in lines(run))
    assert run.folder is not None
    with Index(run.folder.path.parent, print) as index:
        assert find(index, where=["status=pruned"]).total == many > 0
        assert find(index, members=False).sweeps[0].statuses["pruned"] == many
        (one,) = best(index, metric="validation_loss", recipe=None, higher=lambda name: False).found
    assert one.among == sum(line["status"] in ("finished", "stopped") for line in lines(run))


@compiled_only
def test_members_that_fail_stay_failed() -> None:
    values = ["optimizer=sgd,adam", "optimizer.beta1=0.5,0.9", "optimizer.lr=log(0.001,1)"]
    run = searched(plan(values, 12), jobs=2)
    failed = [line["index"] for line in lines(run) if line["status"] == "failed"]
    assert 0 < len(failed) < 12 and run.folder is not None
    again = SweepRun.resumed(str(run.folder.path))
    again.follow()
    assert again.status == "finished" and len(lines(again)) == 12


@compiled_only
def test_other_suggestions_than_then_are_refused() -> None:
    run = searched(plan(sample=8))
    assert run.folder is not None
    journal = run.folder.path / MEMBERS
    kept = [json.loads(line) for line in journal.read_text().splitlines()]
    kept[0]["overrides"][-1] = "optimizer.lr=0.5"
    journal.write_text("".join(json.dumps(line) + "\n" for line in kept[:6]))
    with pytest.raises(StoreError, match="is not what is suggested now"):
        SweepRun.resumed(str(run.folder.path)).follow()


@compiled_only
def test_nothing_to_search_by() -> None:
    with pytest.raises(NoGrid, match="there is nothing to search by"):
        SweepRun(plan(["data={csv: nowhere.csv, target: y}", "optimizer.lr=log(0.1,1)"], 4))


# ---- without nets ------------------------------------------------------------------------------------------------------


def made(texts: list[str], sample: int, seeds: int = 1, first: int = 0, prune: bool = True) -> Search:
    from dllab.recipe import load

    grid = grid_of(texts, seeds=range(first, first + seeds), sample=sample)
    return Search(
        SweepPlan("xor", load("xor"), tuple(texts), grid, search="tpe", prune=prune), Measure("test", "loss", False)
    )


def run_all(search: Search, value: Any, order: int = 1) -> list[float]:
    """The figures of all members, by a function of the overrides and the seed; rounds are trained in this order."""
    found = {}
    for indices in search.rounds():
        for index in indices[::order]:
            member = search.member(index)
            figure = value({text.partition("=")[0]: text.partition("=")[2] for text in member.overrides}, member.seed)
            found[index] = figure
            final = {} if figure is None else {"test": {"loss": figure}}
            search.ended(Done(member, "diverged" if figure is None else "finished", 1, final, curve=(1.0, figure or 2.0)))
    return [found[index] for index in sorted(found)]


def far(values: dict[str, str], seed: int) -> float:
    """An easy problem: the best is at 0.03."""
    import math

    return (math.log10(float(values["a"])) - math.log10(0.03)) ** 2


def test_it_finds_what_is_best_sooner_than_chance() -> None:
    better = 0
    for seed in range(10):
        search = made(["a=log(0.000001,1000)"], 40, first=seed)
        random = grid_of(["a=log(0.000001,1000)"], seeds=[seed], sample=40)
        chance = [far({"a": random.setting(number)[0].partition("=")[2]}, 0) for number in range(40)]
        better += min(run_all(search, far)) < min(chance)
    assert better >= 8


def test_the_order_in_which_a_round_ends_changes_nothing() -> None:
    values = ["a=log(0.000001,1000)", "b=range(3)", "c=linear(0,1)", "d=x,y,z", "e=log(1,100,3)"]
    one, other = made(values, 30), made(values, 30)
    assert run_all(one, far) == run_all(other, far, -1)
    assert one.grid.found == other.grid.found and len(one.grid.found) == 30


def test_values_are_those_that_were_given() -> None:
    search = made(["a=log(0.01,10)", "b=range(8,33,8)", "c=linear(0,1)", "d=x,y,z", "e=log(1,100,3)", "f=7"], 40)
    run_all(search, far)
    seen: list[set[str]] = [set(), set(), set(), set(), set(), set()]
    for number in range(40):
        for place, text in enumerate(search.grid.setting(number)):
            seen[place].add(text.partition("=")[2])
    assert seen[1] == {"8", "16", "24", "32"} and seen[3] == {"x", "y", "z"} and seen[4] == {"1", "10", "100"}
    assert seen[5] == {"7"} and all(0.01 <= float(text) <= 10 for text in seen[0])
    assert len(seen[0]) == len(seen[2]) == 40


def test_the_mean_over_seeds_counts() -> None:
    search = made(["a=log(0.01,10)"], ROUND, seeds=2)
    run_all(search, lambda values, seed: float(1 + 2 * seed))
    assert [trial.value for trial in search._study.trials] == [2.0] * ROUND
    search = made(["a=log(0.01,10)"], ROUND, seeds=2)
    run_all(search, lambda values, seed: None if seed else 1.0)
    assert {trial.state.name for trial in search._study.trials} == {"PRUNED"}
    assert all(not trial.intermediate_values for trial in search._study.trials)


def test_what_comes_back_from_a_journal_is_what_was_told() -> None:
    search = made(["a=log(0.01,10)"], 12)
    run_all(search, far)
    again = made(["a=log(0.01,10)"], 12)
    for index, setting in enumerate(search.grid.setting(number) for number in range(12)):
        loss = far({"a": setting[0].partition("=")[2]}, 0)
        again.remember({"index": index, "overrides": list(setting), "status": "finished", "final": {"test": {"loss": loss}},
                        "curve": [1.0, None]})  # fmt: skip
    assert list(again.rounds()) == [[], [], []] and again.grid.found == search.grid.found
    changed = made(["a=log(0.01,10)"], 12)
    changed.remember({"index": 0, "overrides": ["a=3"], "status": "failed", "final": {}, "curve": None})
    with pytest.raises(Changed):
        next(changed.rounds())


def test_settings_not_found_yet_lie_nowhere() -> None:
    grid = SearchGrid(grid_of(["a=linear(2,3)"], sample=2).axes, [0], 2)
    assert grid.setting(1) == ("a=2",)
    grid.found.extend([[0.5], [0.25]])
    assert grid.setting(1) == ("a=2.25",)


def end(value: float) -> EpochEnd:
    return EpochEnd(1, 1, 0.0, 0.1, 0.0, {"validation": {"loss": value}}, 0.0, False)


def test_a_watcher_goes_by_the_best_so_far() -> None:
    watcher = Watcher(Watch("loss", False, (None, 1.0, 0.5)))
    assert watcher(end(9.0)) and watcher(end(0.4)) and watcher(end(0.9)) and watcher(end(99.0))
    watcher = Watcher(Watch("loss", False, (None, 1.0)))
    assert watcher(end(9.0)) and not watcher(end(1.1)) and watcher.curve == [9.0, 1.1]
    assert Watcher(Watch("loss", True, (1.0,)))(end(1.0)) and not Watcher(Watch("loss", True, (1.0,)))(end(0.9))
    assert not Watcher(Watch("loss", False, (1.0,)))(end(float("nan")))


def test_medians_are_those_of_all_earlier_members() -> None:
    finished = [Ended("finished", 1.0, [9.0, 8.0, float(n), float(n)]) for n in range(1, 6)]
    pruned = [Ended("pruned", None, [9.0, 8.0, float(n)]) for n in range(6, 9)]
    assert _medians([*finished, *pruned]) == (None, None, 4.5, 4.5)
    assert _medians([*finished, *pruned[:2]]) == (None, None, None, None)
    assert _medians([]) == ()


def test_nothing_is_pruned_before_there_is_a_median() -> None:
    search = made(["a=log(0.01,10)"], 12)
    watches = []
    for indices in search.rounds():
        for index in indices:
            member = search.member(index)
            watches.append(member.watch)
            search.ended(Done(member, "finished", 1, {"test": {"loss": 1.0}}, curve=(3.0, 2.0, 1.0)))
    bars = [watch.bars for watch in watches if watch is not None]
    assert bars == [()] * 8 + [(None, None, 1.0)] * 4
    assert all(isinstance(search.grid.member(index), Member) for index in range(12))


def test_infinite_figures_count_as_in_a_journal() -> None:
    watcher = Watcher(Watch("loss", False))
    for value in (1.0, float("inf"), float("nan")):
        watcher(end(value))
    assert json.dumps(watcher.curve) == "[1.0, NaN, NaN]"
    live, resumed = made(["a=log(0.01,10)"], 12), made(["a=log(0.01,10)"], 12)
    for index in range(9):
        curve = (1.0, 1.0, float("inf") if index < 2 else float(index))
        live.ended(Done(Member(index, (), 0), "diverged", 1, {}, curve=curve))
        resumed.remember(
            {"index": index, "overrides": [], "status": "diverged", "final": {}, "curve": as_json(list(curve))}
        )
    assert repr(live._ended) == repr(resumed._ended) and "inf" not in repr(live._ended)


DIVERGING = ["model[1]=relu", "loss=mse", "optimizer=sgd", "train.batch=45", "train.epochs=10", "optimizer.lr=log(0.02,60)"]


@compiled_only
def test_an_interruption_changes_nothing_where_nets_diverge() -> None:
    def enough(progress: SweepProgress) -> None:
        if progress.done >= 12:
            raise KeyboardInterrupt

    wanted = lines(searched(plan(DIVERGING, 24, first=1), jobs=1))
    assert any(None in line["curve"] for line in wanted), "figures too large for a number"
    run = SweepRun(plan(DIVERGING, 24, first=1), jobs=1, metric="validation_loss")
    run.follow(enough)
    assert run.folder is not None and len(lines(run)) < 24
    again = SweepRun.resumed(str(run.folder.path), jobs=1)
    again.follow()
    assert lines(again) == wanted


@compiled_only
def test_a_search_goes_on_by_the_figure_it_was_begun_with() -> None:
    def enough(progress: SweepProgress) -> None:
        if progress.done >= 5:
            raise KeyboardInterrupt

    run = SweepRun(plan(), metric="validation_loss")
    run.follow(enough)
    assert run.folder is not None
    before = (run.folder.path / PLAN).read_bytes()
    with pytest.raises(StoreError, match="cannot go on by train_accuracy: its settings are searched by validation_loss"):
        SweepRun.resumed(str(run.folder.path), metric="train_accuracy")
    assert (run.folder.path / PLAN).read_bytes() == before
    again = SweepRun.resumed(str(run.folder.path), metric="validation_loss")
    again.follow()
    assert again.status == "finished" and lines(again) == lines(searched(plan()))


@compiled_only
def test_ctrl_c_ends_a_search_that_is_looked_through_again() -> None:
    run = searched(plan(sample=12))
    assert run.folder is not None
    journal = run.folder.path / MEMBERS
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    told: list[int] = []

    def enough(progress: SweepProgress) -> None:
        told.append(progress.done)
        raise KeyboardInterrupt

    again = SweepRun.resumed(str(run.folder.path))
    again.follow(enough)
    assert again.status == "interrupted" and told == [0] and len(lines(again)) == 11
