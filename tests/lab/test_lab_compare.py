"""Comparisons: equal starts and batches, equal tuning, and what comes out whatever the number of threads."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.compare import (
    CompareEvent,
    Interrupted,
    Passed,
    RaceStarted,
    RunEnded,
    Searching,
    Share,
    Wanted,
    _Comparing,
    compare,
)  # fmt: skip
from dllab.lab.comparison import Comparison, Target, usual_target
from dllab.lab.contenders import USUAL, Unfit, optimizers, variants
from dllab.lab.crew import Crew
from dllab.lab.questions import grain_of
from dllab.lab.rate_search import tuning_data
from dllab.recipe import load
from dllab.training.events import EpochEnd
from dllab.training.trainer import Trainer

SHORT = ["data.samples=100", "train.epochs=3", "train.batch=16"]


def ignore(event: CompareEvent) -> None:
    pass


def of_optimizers(text: str = USUAL, changes: list[str] = SHORT, recipe: str = "moons", **options: Any) -> Comparison:
    options = {"seeds": (0, 1, 2), "tune": 3, **options}
    return compare(optimizers(recipe, changes, text), Wanted(**options), ignore)


def untimed(found: Comparison) -> Any:
    """All that is not a time, as plain data."""
    results = []
    for result in found.results:
        runs = [
            dataclasses.replace(run, seconds=0.0, marks=tuple(dataclasses.replace(mark, seconds=0.0) for mark in run.marks))
            for run in result.runs
        ]
        results.append((result.contender.lr, runs, result.tried, result.band))
    return results, found.pairs, found.target


def test_all_optimizers_begin_with_the_same_weights_and_see_the_same_rows() -> None:
    for seed in (0, 7):
        trainers = [Trainer(one.recipe, seed=seed) for one in optimizers("moons", SHORT, f"{USUAL},muon,adagrad")]
        first = {name: w.copy() for name, w in trainers[0].network.parameters.items()}
        orders = []
        for trainer in trainers:
            assert list(trainer.network.parameters) == list(first)
            assert all(np.array_equal(w, first[name]) for name, w in trainer.network.parameters.items())
            ends = (event for event in trainer.events() if isinstance(event, EpochEnd))
            orders.append([trainer.course.bound.arrays["order"].tolist() for _ in ends])
        assert len({repr(order) for order in orders[0]}) == 3, "every epoch has an order of its own"
        assert all(order == orders[0] for order in orders)


def test_other_nets_or_batches_are_told_of() -> None:
    wanted = Wanted(seeds=(0,))
    assert of_optimizers(seeds=(0,)).same_weights and of_optimizers(seeds=(0,)).same_batches
    other = compare(variants(["moons"], [*SHORT, "model[0].dense.units=4,8"]), wanted, ignore)
    assert (other.same_weights, other.same_batches) == (False, True)
    other = compare(variants(["moons"], [*SHORT[:2], "train.batch=16,8"]), wanted, ignore)
    assert (other.same_weights, other.same_batches) == (True, False)


def test_runs_are_those_of_train() -> None:
    found = of_optimizers("sgd:lr=0.5,adam:lr=0.02")
    for result in found.results:
        for run in result.runs:
            trainer = Trainer(result.contender.recipe, seed=run.seed)
            (*_, end) = trainer.events()
            assert end.figures == run.figures  # type: ignore[union-attr]


@pytest.mark.parametrize("together", [False, True])
def test_jobs_change_no_bit(together: bool) -> None:
    one, many = of_optimizers(jobs=1), of_optimizers(jobs=3, together=together)
    assert untimed(one) == untimed(many)


def test_everybody_has_as_many_runs_of_tuning_with_a_seed_of_its_own() -> None:
    events: list[CompareEvent] = []
    found = compare(optimizers("moons", SHORT, "sgd,adam"), Wanted(seeds=(0, 1), tune=4), events.append)
    tried = [event for event in events if isinstance(event, Searching)]
    assert [event.done for event in tried] == list(range(1, 9)) and tried[0].of == 8 and tried[0].each == 4
    assert [len(result.tried) for result in found.results] == [4, 4]
    assert found.tuning is not None and found.tuning.seed not in found.seeds and found.tuning.held_out == 15
    for result in found.results:
        assert result.contender.lr in [one.lr for one in result.tried if one.value == max(t.value for t in result.tried)]
    assert sum(isinstance(event, RaceStarted) for event in events) == 1
    assert sum(isinstance(event, RunEnded) for event in events) == 4
    assert sum(isinstance(event, Passed) for event in events) == 12


def test_searches_train_with_that_seed_on_the_rows_that_are_left() -> None:
    found = of_optimizers("sgd,adam")
    for result in found.results:
        first = result.tried[0]
        recipe = result.contender.at(first.lr).recipe
        data, split, *_ = tuning_data(recipe, Trainer(recipe).data)
        assert found.tuning is not None and split == found.tuning.split
        (*_, end) = Trainer(recipe, seed=found.tuning.seed, data=data).events()
        assert end.figures[split] == {"loss": first.loss, "accuracy": first.value}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "split", "twice"),
    [
        (["data.test=0", "data.validation=0.3", "expect="], "validation", True),
        (["data.test=0", "expect="], "train", True),
        (["data.validation=0.3"], "test", False),
        ([], "test", False),
    ],
)
def test_rows_that_chose_the_rates_judge_only_where_there_is_no_test_split(
    changes: list[str], split: str, twice: bool
) -> None:
    found = of_optimizers("sgd,adam", [*SHORT, *changes], seeds=(0,), tune=1)
    assert (found.split, found.judged_twice) == (split, twice)
    assert not of_optimizers("sgd:lr=1,adam:lr=1", [*SHORT, *changes], seeds=(0,)).judged_twice


def test_given_rates_are_not_tuned() -> None:
    found = of_optimizers("sgd:lr=0.5,adam")
    assert found.results[0].tried == () and found.results[0].contender.lr == 0.5 and found.results[0].band is None
    assert len(found.results[1].tried) == 3
    assert of_optimizers("sgd:lr=0.5,adam:lr=0.1").tuning is None


def test_searches_are_judged_by_what_is_compared() -> None:
    found = of_optimizers("sgd,adam", metric="loss")
    assert found.metric == "loss" and found.tuning is not None and found.tuning.metric == "loss"
    assert all(one.value == one.loss for result in found.results for one in result.tried)


@compiled_only
def test_a_target_that_is_given_and_the_usual_one() -> None:
    found = of_optimizers("sgd:lr=1e-6,adam:lr=0.05", target=("accuracy", 0.8), changes=["train.epochs=20"])
    assert found.target == Target("accuracy", "train", 0.8, given=True)
    slow, fast = (result.to_target(found.target) for result in found.results)
    assert slow[:2] == (math.inf, math.inf) and slow[2] < 2 and fast[2] == 3
    run = found.results[1].runs[1]
    first = next(mark for mark in run.marks if mark.figures["train"]["accuracy"] >= 0.8)
    assert found.target.reached(run) == first
    usual = usual_target(found.results, "accuracy", "train")
    ends = sorted(run.marks[-1].figures["train"]["accuracy"] for result in found.results for run in result.runs)
    assert usual is not None and usual.value == ends[2] and sum(end >= usual.value for end in ends) >= 3


@compiled_only
def test_divergence_is_counted() -> None:
    changes = ["train.epochs=9"]
    found = of_optimizers("sgd:lr=1e5,adam:lr=0.01", changes, "function")
    wild, tame = found.results
    assert (wild.diverged, tame.diverged) == (3, 0) and wild.counted == ()
    assert math.isnan(wild.final("test", "mae").mean) and found.order == [1, 0]
    (pair,) = found.pairs
    assert pair.seeds == 0 and math.isnan(pair.p) and found.target is not None


@compiled_only
def test_a_bad_rate_against_a_good_one_is_seen_and_one_optimizer_twice_is_not() -> None:
    changes, seeds = ["train.epochs=10"], (0, 1, 2, 3, 4)
    (pair,) = of_optimizers("sgd:lr=1e-5,adam:lr=0.05", changes, seeds=seeds).pairs
    assert pair.significant and pair.difference < -0.2
    (same,) = of_optimizers("adam:lr=0.01,adam:lr=1e-2", changes, seeds=seeds).pairs
    assert same.difference == 0 and same.p == 1


@compiled_only
def test_what_is_judged_by_other_rows_or_losses_is_not_tested() -> None:
    wanted = Wanted(seeds=(0, 1))
    found = compare(variants(["moons"], [*SHORT[1:], "data.noise=0.1,0.3"]), wanted, ignore)
    assert found.apart == ("data.noise=0.1 and data.noise=0.3 are judged by different test rows",) and found.pairs == ()
    losses = variants(["function"], ["train.epochs=1", "loss=mse,huber"])
    assert compare(losses, wanted, ignore).apart == () and compare(losses, wanted, ignore).losses_differ
    found = compare(losses, dataclasses.replace(wanted, metric="loss"), ignore)
    assert found.apart == ("they are trained by different losses",)


def test_curves_and_targets_are_of_rows_that_all_watch() -> None:
    wanted = Wanted(seeds=(0, 1))
    found = compare(variants(["moons"], [*SHORT, "data.validation=0,0.2"]), wanted, ignore)
    assert (found.watched, found.target) == (None, None) and len(found.pairs) == 1, "train rows against validation rows"
    found = compare(variants(["moons"], [*SHORT, "data.validation=0.2", "optimizer.lr=0.1,0.01"]), wanted, ignore)
    assert found.watched == "validation" and found.target is not None
    found = compare(variants(["moons"], [*SHORT, "data.validation=0.1,0.2"]), wanted, ignore)
    assert found.watched is None, "validation rows of one and of the other"
    found = compare(variants(["moons"], [*SHORT, "data.per_class=5,50"]), wanted, ignore)
    assert found.watched is None, "the few training rows that one has are soon known by heart"
    with pytest.raises(Unfit, match="--target: not all that is compared is evaluated on the same rows"):
        compare(variants(["moons"], [*SHORT, "data.validation=0,0.2"]), Wanted((0,), target=("accuracy", 0.5)), ignore)


def test_fewer_training_rows_may_be_compared_on_the_same_test_rows() -> None:
    found = compare(variants(["moons"], ["train.epochs=1", "data.per_class=5,50"]), Wanted(seeds=(0, 1)), ignore)
    assert found.apart == () and not found.same_batches and len(found.pairs) == 1


def test_shares_come_in_steps_of_an_answer() -> None:
    assert grain_of(Trainer(load("moons", SHORT)), "accuracy", "test") == 1 / 25
    assert grain_of(Trainer(load("moons", SHORT)), "loss", "test") == 0
    trainer = Trainer(load("parity", ["data.samples=40"]))  # labels at every step
    targets = trainer.data.dataset.columns["targets"][trainer.evaluator.splits["test"]]
    assert targets.ndim == 2 and grain_of(trainer, "accuracy", "test") == 1 / targets.size


@pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
def test_figures_of_classes_come_in_steps_too(metric: str) -> None:
    two = Trainer(load("moons", [*SHORT, "expect=", "metrics=[precision, recall, f1]"]))
    positives = (two.data.dataset.columns["targets"][two.evaluator.splits["test"]] == 1).sum()
    assert grain_of(two, metric, "test") == 1 / positives > 1 / 25
    three = Trainer(load("penguins", ["expect=", "metrics=[precision, recall, f1]"]))
    members = np.bincount(three.data.dataset.columns["targets"][three.evaluator.splits["test"]])
    assert len(members) == 3 and grain_of(three, metric, "test") == pytest.approx(1 / 3 / members.min())
    assert grain_of(three, "auc", "test") == 0


@compiled_only
def test_weights_that_recipes_begin_with() -> None:
    changes = [*SHORT, "init_from=moons"]
    found = of_optimizers("sgd:lr=1e-9,adam:lr=1e-9", changes, seeds=(0,))
    assert found.results[0].runs[0].figures["train"]["loss"] < 0.05, "it hardly moves from weights that are trained"


@pytest.mark.parametrize("when", ["searching", "racing"])
def test_what_has_ended_when_it_is_interrupted(when: str) -> None:
    def stop(event: CompareEvent) -> None:
        if isinstance(event, Searching if when == "searching" else RunEnded) and event.done == 2:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(Interrupted) as caught:
        compare(optimizers("moons", SHORT, "sgd,adam"), Wanted(seeds=(0, 1), tune=3, jobs=2), stop)
    assert threading.active_count() == before
    if when == "searching":
        assert caught.value.result is None
    else:
        assert caught.value.result is not None and caught.value.result.status == "interrupted"
        assert sum(len(result.runs) for result in caught.value.result.results) == 2


def test_a_run_that_begins_while_what_was_cut_is_collected() -> None:
    comparing = _Comparing.__new__(_Comparing)
    comparing.runs, comparing.under_way = {}, {}

    class Marks(list[Any]):
        def __bool__(self) -> bool:  # as if a thread had begun another run
            comparing.under_way[1, len(comparing.under_way)] = []
            return False

    comparing.under_way[0, 0], comparing.under_way[0, 1] = Marks(), Marks()
    assert comparing._cut() == () and len(comparing.under_way) == 4


def test_long_runs_end_soon_when_it_is_interrupted() -> None:
    def stop(event: CompareEvent) -> None:
        if isinstance(event, Share) and event.work > 0:
            raise KeyboardInterrupt

    before = threading.active_count()
    long = variants(["moons"], ["optimizer.lr=0.1,0.2", "train.epochs=900000", "train.evaluate_every=900000"])
    with pytest.raises(Interrupted):
        compare(long, Wanted(seeds=(0, 1), jobs=2), stop)
    assert threading.active_count() == before, "threads look between evaluations, too"


def test_a_crew_lets_the_members_of_a_group_go_on_in_turn() -> None:
    def piece(name: str, steps: int) -> Any:
        yield from (f"{name}{step}" for step in range(steps))

    told = [word for word in Crew[str](1).work([[piece("a", 3), piece("b", 2)], [piece("c", 1)]]) if word is not None]
    assert told == ["a0", "b0", "a1", "b1", "a2", "c0"]


def test_a_piece_whose_messages_are_far_apart_sees_that_it_is_to_stop() -> None:
    crew: Crew[str] = Crew(1)

    def long() -> Any:
        yield "begin"
        while not crew.stopped:
            time.sleep(0.001)

    work = crew.work([[long()]])
    assert next(work) == "begin"
    before = threading.active_count()
    work.close()
    assert threading.active_count() == before - 1


def test_what_goes_wrong_in_a_thread_is_raised_and_the_others_stop() -> None:
    def endless() -> Any:
        while True:
            time.sleep(0.001)
            yield "tick"

    def wrong() -> Any:
        yield "begin"
        raise OSError("disk")

    before = threading.active_count()
    with pytest.raises(OSError, match="disk"):
        list(Crew[str](2).work([[endless()], [wrong()]]))
    assert threading.active_count() == before
