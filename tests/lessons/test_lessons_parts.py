"""What lessons stand on: claims and guesses, work on several threads, changes of recipes, and lessons beside themselves."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marks import compiled_only
from threadpoolctl import threadpool_info, threadpool_limits

from dllab.lessons import lesson as lessons
from dllab.lessons.claim import Claim, Prediction, less, measured, over
from dllab.lessons.crowd import Crowd, crowd, nothing
from dllab.lessons.lab import Lab
from dllab.lessons.lesson import Lesson, NoLesson, find, headings, knobs_in
from dllab.lessons.report import beside, run
from dllab.recipe import RecipeError
from dllab.training.trainer import Trainer
from dllab.views.lesson import said

RECIPE = """\
about: Two moons.
data: {name: moons, samples: 40}
model: [{dense: 4}, tanh, {dense: classes}]
train: {epochs: 2, batch: 16}
"""


def made(body: Callable[[Lab], None], **more: Any) -> Lesson:
    return Lesson(
        99, "made", "Does it?", "It does.", more.pop("recipes", {"": RECIPE}), {"width": "model[0].dense.units"},
        {"times": 3, "way": "up"}, None, "Nothing.", (), (), body,
    )  # fmt: skip


# ---- claims ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "op", "bound", "holds"),
    [
        (1.0, "<", 2.0, True), (2.0, "<", 2.0, False), (2.0, "<=", 2.0, True), (2.0, ">", 2.0, False),
        (2.0, ">=", 2.0, True), (2.0, "==", 2.0, True), (2.1, "==", 2.0, False),
        (math.nan, "<", 2.0, False), (math.nan, ">=", 2.0, False),
        (math.inf, ">", 2.0, True), (1.0, None, None, None), (None, "<", 2.0, None),
    ],
)  # fmt: skip
def test_whether_a_claim_holds(value: float | None, op: Any, bound: float | None, holds: bool | None) -> None:
    assert Claim("a", "a", value, op, bound).holds is holds


def test_of_several_nets_it_is_the_median_with_its_spread() -> None:
    found = measured("a", "a", [3.0, 1.0, 9.0], "<", 4.0, "")
    assert (found.value, found.low, found.high, found.count, found.holds) == (3.0, 1.0, 9.0, 3, True)
    found = measured("a", "a", np.array([3.0, math.nan, 1.0]), "<", 4.0, "")
    assert found.holds is False, "a net without a figure is none to leave out"
    assert measured("a", "a", [3.0], "<", 4.0, "").low is None
    starts = measured("a", "a", [3.0, 1.0, 9.0], "<", 4.0, "", "starts")
    assert said(starts) == "3 (1 to 9 over 3 starts); claimed: below 4"


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)), min_size=1))
def test_nets_are_compared_one_by_one(pairs: list[tuple[float, float]]) -> None:
    these, those = [one for one, _ in pairs], [other for _, other in pairs]
    assert less(these, those) == [one - other for one, other in pairs]
    assert [ratio * other for ratio, other in zip(over(these, those), those)] == pytest.approx(these)
    for compare in (less, over):
        with pytest.raises(ValueError, match="zip"):
            compare(these, [*those, 1.0])


@pytest.mark.parametrize(
    ("log", "near", "said", "truth", "judged"),
    [
        (False, 2.0, 5.0, 7.0, "good"), (False, 2.0, 4.9, 7.0, "low"), (False, 2.0, 9.1, 7.0, "high"),
        (True, 2.0, 50.0, 100.0, "good"), (True, 2.0, 49.0, 100.0, "low"), (True, 2.0, 201.0, 100.0, "high"),
        (True, 2.0, 0.0, 100.0, "low"), (True, 2.0, 5.0, 0.0, "high"), (True, 2.0, 0.0, 0.0, "good"),
    ],
)  # fmt: skip
def test_how_a_guess_is_judged(log: bool, near: float, said: float, truth: float, judged: str) -> None:
    predict = Prediction("?", "too little", "too much", "fine", log=log, near=near)
    assert predict.judged(said, truth) == judged
    assert predict.told(said, truth) == {"low": "too little", "high": "too much", "good": "fine"}[judged]


# ---- work on several threads -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_results_come_in_the_order_of_the_work(jobs: int) -> None:
    told: list[tuple[int, int]] = []

    def slow_first(around: Crowd, item: int) -> int:
        time.sleep(0.02 * (item == 0))
        return item * item

    found = crowd([("", item) for item in range(7)], slow_first, jobs, lambda done, total, what: told.append((done, total)))
    assert found == [item * item for item in range(7)] and told[-1] == (7, 7)
    assert crowd([], slow_first, jobs, nothing) == []


def test_numpy_takes_one_thread_while_several_work() -> None:
    """And afterwards as many as before."""

    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if "numpy.libs" in pool["filepath"]}

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        assert crowd([("", place) for place in range(3)], lambda crowded, place: threads(), 2, nothing) == 3 * [{1}]
        assert threads() == before


def test_crowds_with_turns_share_the_processors() -> None:
    """No more pieces at a time than there are turns, in all crowds together; each has its own results."""
    turns, lock = threading.Semaphore(2), threading.Lock()
    now: list[int] = []
    most: list[int] = []

    def work(around: Crowd, item: int) -> int:
        with lock:
            now.append(item)
            most.append(len(now))
        time.sleep(0.005)
        with lock:
            now.remove(item)
        return -item

    with ThreadPoolExecutor(3) as pool:
        works = [[("", 100 * each + place) for place in range(8)] for each in range(3)]
        found = list(pool.map(lambda work_of: crowd(work_of, work, 4, nothing, turns), works))
    assert found == [[-item for _, item in each] for each in works]
    assert max(most) == 2


def test_the_first_error_ends_it_all() -> None:
    begun: list[int] = []

    def fails(around: Crowd, item: int) -> None:
        begun.append(item)
        if item == 1:
            raise ValueError("this one")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="this one"):
        crowd([("", item) for item in range(500)], fails, 2, nothing)
    assert len(begun) < 400


def test_ctrl_c_stops_the_threads() -> None:
    seen = threading.Event()

    def press(done: int, total: int, what: str) -> None:
        seen.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crowd([("", item) for item in range(100)], lambda around, item: time.sleep(0.01), 2, press)
    assert seen.is_set()


def test_runs_are_those_of_trainer_and_keep_their_curve() -> None:
    lab = Lab(made(lambda lab: None), seed=2, jobs=2)
    found = lab.runs({"a": lab.recipe("train.evaluate_every=1"), "b": lab.recipe("width=3")}, 2)
    assert [one.seed for one in found["a"]] == [2000, 2001] and len(found["a"][0].curve) == 2
    trainer = Trainer(lab.recipe("train.evaluate_every=1"), seed=2001)
    *_, end = trainer.events()
    assert found["a"][1].figures == end.figures  # type: ignore[union-attr]
    for name, values in trainer.network.parameters.items():
        np.testing.assert_array_equal(found["a"][1].parameters[name], values)
    assert found["b"][0].parameters["0_dense.w"].shape == (2, 3)


@pytest.mark.parametrize(("few", "counts"), [(False, [1, 3]), (True, [1, 1])])
def test_recipes_may_have_unlike_numbers_of_nets(few: bool, counts: list[int]) -> None:
    lab = Lab(made(lambda lab: None), seed=2, jobs=2, few=few)
    found = lab.nets({"a": lab.recipe(), "b": lab.recipe("width=3")}, {"a": 1, "b": 3}, trained=False)
    assert [len(each) for each in found.values()] == counts
    for place, net in enumerate(found["b"]):
        alone = lab.nets({"b": lab.recipe("width=3")}, 3, trained=False)["b"][place].network.parameters["0_dense.w"]
        np.testing.assert_array_equal(net.network.parameters["0_dense.w"], alone)
        assert alone.shape == (2, 3)


# ---- changes -----------------------------------------------------------------------------------------------------------


def test_changes_go_into_the_recipe_before_the_lessons_own() -> None:
    lab = Lab(made(lambda lab: None), changes=["width=7", "train.epochs=3", "times=5", "way=down"])
    changed = lab.recipe("train.epochs=4")
    assert changed.train.epochs == 4 and changed.resolved()["model"][0]["dense"]["units"] == 7
    assert (lab.option("times"), lab.option("way")) == (5, "down")
    assert "epochs: 3" in lab.text() and Lab(lab.lesson).text() == RECIPE


def test_a_change_goes_into_the_recipes_that_can_take_it() -> None:
    other = RECIPE.replace("{dense: 4}, tanh, ", "").replace("moons", "blobs")
    lab = Lab(made(lambda lab: None, recipes={"deep": RECIPE, "flat": other}), changes=["model[2]={dense: 5}"])
    assert len(lab.recipe(name="flat").model) == 1 and lab.recipe(name="deep").resolved()["model"][2]["dense"]["units"] == 5


def test_changes_that_no_recipe_takes() -> None:
    lesson = made(lambda lab: None)
    with pytest.raises(RecipeError, match="epochs"):
        Lab(lesson, changes=["train.epochs=many"])
    with pytest.raises(NoLesson, match="nothing called widht; did you mean width"):
        Lab(lesson, changes=["widht=3"])
    with pytest.raises(NoLesson, match="times takes a whole number"):
        Lab(lesson, changes=["times=few"])


def test_other_seeds_draw_other_data_and_nets() -> None:
    lesson = made(lambda lab: None)
    usual, other = Lab(lesson), Lab(lesson, seed=3)
    assert getattr(usual.recipe().data, "seed", 0) is None and getattr(other.recipe().data, "seed", 0) == 3
    assert getattr(other.recipe("data.moons.seed=8").data, "seed", 0) == 8
    assert list(usual.seeds(2)) == [0, 1] and list(other.seeds(2)) == [3000, 3001]
    assert list(Lab(lesson, seed=3, few=True).seeds(5)) == [3000]


def body(lab: Lab) -> None:
    lab.claim("wide", "units", lab.recipe().resolved()["model"][0]["dense"]["units"], ">", 3)
    lab.note("so wide")


def test_a_lesson_beside_itself() -> None:
    before, now = beside(made(body), ["width=2"])
    assert before.holds and not now.holds and now.changes == ("width=2",)
    assert [one.claims[0].value for one in (before, now)] == [4.0, 2.0]


def test_a_change_that_leaves_nothing_to_measure() -> None:
    def fails(lab: Lab) -> None:
        raise KeyError("no such layer")

    with pytest.raises(NoLesson, match="finds nothing to measure with width=2"):
        run(made(fails), changes=["width=2"])
    with pytest.raises(KeyError):
        run(made(fails))


# ---- files -------------------------------------------------------------------------------------------------------------


def test_lessons_are_found_by_number_and_name() -> None:
    first = headings()[0]
    assert find("1") is find(first.slug) and find("01") is find("1") and find("1").number == 1
    with pytest.raises(NoLesson, match="there is no lesson 999"):
        find("999")


def test_what_can_be_changed_is_read_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '"""Why?\n\nSo.\n"""\nKNOBS = {"depth": "model[0].repeat.times"}\nOPTIONS = {"far": 3}\nraise RuntimeError\n'
    (tmp_path / "n07_made_up.py").write_text(text)
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    (heading,) = headings.__wrapped__()
    assert (heading.number, heading.slug, heading.question) == (7, "made-up", "Why?")
    assert knobs_in(heading) == {"depth": "model[0].repeat.times", "far": "3"}


@compiled_only
@pytest.mark.parametrize("number", ["7", "15", "26", "35"])
def test_a_few_short_lessons_hold(number: str) -> None:
    report = run(find(number), seed=5)
    assert report.holds, [claim for claim in report.claims if claim.holds is False]
