"""Comparisons as people see them: tables, curves, verdicts; the race while it goes on; lines where no picture can be."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from screens import coloured, compare, screen

from dllab.lab.compare import Passed, RaceStarted, RunEnded, Searching, Share
from dllab.lab.comparison import Comparison, Mark, Result, Run, Target
from dllab.lab.contenders import Contender, optimizers
from dllab.lab.rate_search import TOO_FEW, Tried, Tuning, band_of
from dllab.training.events import Compiling
from dllab.views.compare import CompareFinal, document
from dllab.views.compare_curves import marks_of
from dllab.views.compare_live import CompareLines, CompareLive, search_line
from dllab.views.compare_words import p_text, rule, short_names, verdict

FOUR = optimizers("moons", [], "sgd,momentum,rmsprop,adam")
TUNING = Tuning(3, 895135071, "validation", "accuracy", 60, 240, 0.5)
NEXT = [("dllab train moons 'optimizer={adam: 0.01}'", "train with the best")]


def mark(step: int, loss: float, accuracy: float) -> Mark:
    return Mark(step, step / 1000, loss, {"train": {"loss": loss, "accuracy": accuracy}})


def run(contender: int, seed: int, accuracy: float, speed: float, steps: int = 200) -> Run:
    """A run whose loss falls as exp(-speed), and whose accuracy comes near to what it ends with."""
    if math.isnan(accuracy):
        return Run(contender, seed, "diverged", 7, 0.01, {"train": {"loss": math.nan}, "test": {"loss": math.nan}}, ())
    marks = []
    for step in range(10, steps + 1, 10):
        fallen = math.exp(-speed * step / 50)
        marks.append(mark(step, fallen, accuracy - 0.5 * fallen))
    test = {
        "loss": 0.01 + math.exp(-speed * steps / 50) + 0.001 * seed + 1e-5 * (seed * (contender + 1) % 3),
        "accuracy": accuracy,
    }
    return Run(
        contender, seed, "finished", steps, steps / 1000, {"train": marks[-1].figures["train"], "test": test}, tuple(marks)
    )


def search(usual: float) -> tuple[Tried, ...]:
    return tuple(Tried(usual * f, "finished", v, 1 - v) for f, v in ((0.1, 0.8), (1.0, 0.99), (10.0, 0.985)))


def made(
    accuracies: list[list[float]], contenders: tuple[Contender, ...] = FOUR, tuned: bool = True, **more: Any
) -> Comparison:
    results = []
    for number, (one, row) in enumerate(zip(contenders, accuracies)):
        runs = tuple(run(number, seed, accuracy, 0.5 + number / 2) for seed, accuracy in enumerate(row))
        tried = search(0.01 * 2**number) if tuned else ()
        results.append(
            Result(
                one.at(0.01 * 2**number) if tuned else one, runs, tried, band_of(tried, True, 0.5, 0.99) if tried else None
            )
        )
    usual: dict[str, Any] = {
        "recipe": "moons", "metric": "accuracy", "split": "test", "watched": "train",
        "seeds": tuple(range(len(accuracies[0]))), "results": tuple(results),
        "target": Target("accuracy", "train", 0.9, given=False), "tuning": TUNING if tuned else None, "grain": 0.01,
        "status": "finished", "seconds": 1.234, "jobs": 2, "steps": 200,
    }  # fmt: skip
    return Comparison(**{**usual, **more})


CLEAR = [
    [0.71, 0.72, 0.70, 0.73, 0.71], [0.95, 0.96, 0.95, 0.94, 0.95], [0.93, 0.96, 0.94, 0.96, 0.95],
    [0.99, 0.99, 1.0, 0.99, 0.99],
]  # fmt: skip
SAME = [
    [0.98, 0.97, 0.99, 0.98, 0.97],
    [0.97, 0.98, 0.98, 0.99, 0.97],
    [0.99, 0.97, 0.98, 0.97, 0.98],
    [1.0, 0.97, 0.98, 0.96, 0.98],
]


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_clear_case(width: int) -> None:
    text = screen(CompareFinal(made(CLEAR), "optimizers", NEXT), width)
    assert max(map(len, text.splitlines())) <= width and "…" not in text
    compare(f"compare_clear_{width}", text)


def test_ascii_only() -> None:
    text = screen(CompareFinal(made(CLEAR), "optimizers", NEXT), 60, ascii_only=True)
    assert text.isascii()
    compare("compare_clear_ascii", text)


def test_curves_are_told_apart_by_letters_and_in_colour() -> None:
    text = coloured(CompareFinal(made(CLEAR), "optimizers"))
    assert text.count("\x1b[38;2;0;114;178m") > 3 and "38;2;204;121;167" in text


def test_verdicts() -> None:
    told = verdict(made(CLEAR))
    assert told.startswith(
        "adam is significantly better than momentum (by 4.2 points), rmsprop (by 4.4 points) and sgd (by 28 points)"
    )
    assert "in test accuracy, p " in told and "or less." in told
    assert "momentum is significantly better than sgd (by 24 points), too." in told and "No significant" not in told
    assert verdict(made(SAME)).startswith("No significant difference in test accuracy between rmsprop, adam, sgd and ")
    assert "smallest p " in verdict(made(SAME))
    two = made([SAME[0], CLEAR[0], SAME[1]], FOUR[:3])
    assert verdict(two).endswith("No significant difference between sgd and rmsprop.")
    assert "sgd is significantly better than momentum (by 26 points) in test accuracy" in verdict(two)


def test_who_was_never_tested_is_not_called_equal() -> None:
    nan = math.nan
    rows = [[0.90, 0.91, 0.92, 0.91, 0.90], [0.91, 0.90, 0.92, 0.90, 0.91], [nan, nan, nan, nan, 0.40]]
    told = verdict(made(rows, FOUR[:3]))
    assert told.startswith("No significant difference in test accuracy between sgd and momentum (smallest p ")
    assert "rmsprop cannot be tested: it has figures of 1 seed. rmsprop diverged with 4 of 5 seeds" in told
    told = verdict(made([*rows, CLEAR[0]], FOUR))
    assert "between sgd and momentum." in told and "rmsprop cannot be tested" in told
    apart = [SAME[0], [*SAME[1][:3], nan, nan], [nan, nan, *SAME[2][2:]]]
    told = verdict(made(apart, FOUR[:3]))
    assert "between sgd, momentum and rmsprop (" in told
    assert "momentum and rmsprop cannot be tested: they have figures of 1 seed in common." in told
    none = verdict(made([*SAME[:2], [nan] * 5], FOUR[:3]))
    assert none.count("rmsprop") == 1 and none.endswith("rmsprop diverged with every seed.")


def test_a_verdict_does_not_contradict_itself() -> None:
    wild = [0.99, 0.60, 0.98, 0.62, 0.97]
    told = verdict(made([wild, [0.80, 0.81, 0.80, 0.79, 0.80], [0.70, 0.71, 0.70, 0.69, 0.70]], FOUR[:3]))
    assert told.startswith("momentum is significantly better than rmsprop (by 10 points)")
    assert told.endswith(" sgd differs significantly from neither momentum nor rmsprop.") and "No significant" not in told
    four = [wild, [0.80, 0.81, 0.80, 0.79, 0.80], [0.70, 0.71, 0.70, 0.69, 0.70], [0.75, 0.74, 0.75, 0.76, 0.75]]
    assert " sgd differs significantly from none of momentum, adam and rmsprop." in verdict(made(four))


def test_verdicts_about_the_loss_say_lower_is_better() -> None:
    told = verdict(made(SAME, metric="loss", grain=0.0))
    assert told.startswith("adam is significantly better than rmsprop (by 0.00") and "in test loss" in told


def test_divergence_is_told() -> None:
    nan = math.nan
    found = made([[nan] * 5, [nan, 0.97, nan, 0.98, 0.97], SAME[2], SAME[3]])
    text = screen(CompareFinal(found, "optimizers"))
    compare("compare_diverged", text)
    assert "5/5" in text and "2/5" in text
    assert "sgd diverged with every seed." in verdict(found)
    assert "momentum diverged with 2 of 5 seeds; its figures are of the 3 others." in verdict(found)
    assert verdict(made([[nan] * 5, [nan] * 5], FOUR[:2])).startswith("No verdict: no two of them came to an end")


def test_what_has_no_verdict() -> None:
    assert (
        verdict(made([[0.9], [0.8]], FOUR[:2])) == "No verdict: 1 seed cannot show the spread; --seeds 5 trains with five."
    )
    cut = made(SAME, status="interrupted")
    cut = replace(cut, results=(cut.results[0], *(replace(one, runs=one.runs[:2]) for one in cut.results[1:])))
    text = screen(CompareFinal(cut, "optimizers"))
    assert "No verdict: interrupted after 11 of 20 runs." in text and "Verdict:" not in text and "Rule:" not in text
    apart = made(SAME, apart=("a and b are judged by different test rows",))
    assert "so their figures answer different questions" in verdict(apart) and apart.pairs == ()
    compare("compare_apart", screen(CompareFinal(apart, "recipes")))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "by accuracy on 60 training rows held out for it, as the recipe sets none aside"),
        ({"tuning": replace(TUNING, held_out=0)}, "by accuracy on the validation split."),
        (
            {"tuning": replace(TUNING, split="train", held_out=0, training=4, why_none=TOO_FEW)},
            "on the 4 training rows themselves, too few",
        ),
        ({"split": "train"}, "for validation. The same rows chose the rates and judge at the end"),
        ({"tuning": None}, "nothing was tuned"),
        ({"target": Target("loss", "train", 0.1, True)}, "Target: train loss ≤ 0.1 (as asked)"),
        ({"target": None}, "[ ]: 95 %"),
        (
            {"watched": None, "target": None},
            "No curves and no target: on their way not all are evaluated on the same rows.",
        ),
        ({"same_batches": False}, "same data and first weights for all"),
        ({"same_weights": False, "same_batches": False}, "; same data for all"),
    ],
)
def test_what_is_told_of_tuning_target_and_starts(more: dict[str, Any], said: str) -> None:
    assert said in " ".join(screen(CompareFinal(made(SAME, **more), "optimizers")).split())


def test_a_p_value_below_the_limit_is_not_rounded_up_to_it() -> None:
    assert [p_text(p) for p in (0.0496, 0.04998, 0.0494, 0.05, 0.0502, 0.00009)] == [
        "0.0496", "0.04998", "0.049", "0.05", "0.05", "below 0.0001",
    ]  # fmt: skip


def test_the_rule_counts_what_was_tested_and_names_the_rows() -> None:
    assert "Holm's correction for 6 pairs" in rule(made(SAME)) and "on one split, so for these test rows (" in rule(
        made(SAME)
    )
    nan = math.nan
    assert "Holm's correction for 3 pairs" in rule(made([*SAME[:3], [nan, nan, nan, 0.9, 0.9]]))
    assert "Holm" not in rule(made([*SAME[:2], [nan] * 5], FOUR[:3]))


def test_who_diverged_does_not_head_the_table() -> None:
    nan = math.nan
    found = made([[1.0, nan, nan, nan, nan], [1.0, 1.0, 1.0, 1.0, nan], SAME[2], [0.7] * 5])
    assert found.order == [2, 3, 1, 0]
    assert made([[0.8], [0.9]], FOUR[:2]).order == [1, 0], "with one seed all have few runs"


def test_exactly_half_of_the_runs_is_no_median_run() -> None:
    found = made([[1.0, 1.0, 0.5, 0.5], [1.0, 1.0, 1.0, 0.5]], FOUR[:2])
    half, more = (result.to_target(Target("accuracy", "train", 0.9, given=True)) for result in found.results)
    assert half[0] == math.inf and half[2] == 2 and math.isfinite(more[0]) and more[2] == 3


def test_which_means_have_intervals() -> None:
    nan = math.nan
    enough = " ".join(screen(CompareFinal(made(SAME), "x")).split())
    assert "interval of the mean over seeds." in enough and "97.8 % [97, 98.8]" in enough
    some = " ".join(screen(CompareFinal(made([*SAME[:3], [nan, nan, 1.0, 1.0, 1.0]]), "x")).split())
    assert "interval of the mean over seeds; none of fewer than 5." in some and "100 % 0" in some
    none = " ".join(screen(CompareFinal(made([row[:4] for row in SAME]), "x")).split())
    assert "[" not in none and "Means over seeds; from 5 on with an interval." in none


def test_what_seeds_the_second_opinion_needs() -> None:
    few = " ".join(screen(CompareFinal(made(SAME), "optimizers")).split())
    assert "gives p 0.062 at best with 5 seeds; it can tell from 8 seeds on." in few
    many = made([row * 2 for row in CLEAR])
    assert "sees a difference in 5 of 6 pairs; the t-test in 5." in " ".join(screen(CompareFinal(many, "x")).split())


def test_without_tuning_there_are_no_rates_to_tell_of() -> None:
    text = screen(CompareFinal(made(SAME, tuned=False), "variants"))
    assert "good rates" not in text and "Rates:" not in text and "nothing was tuned" not in text


def test_names() -> None:
    assert short_names(["optimizer.lr=0.1", "optimizer.lr=1"]) == ["lr=0.1", "lr=1"]
    assert short_names(["a.x=1 b.x=2", "a.x=2 b.x=2"]) == ["x=1 x=2", "x=2 x=2"]
    assert short_names(["a.x=1", "b.x=1"]) == ["a.x=1", "b.x=1"]
    assert short_names(["sgd:lr=0.5", "adam"]) == ["sgd:lr=0.5", "adam"]
    assert marks_of(["sgd", "adam"]) == ["s", "a"] and marks_of(["adam", "adamw"]) == ["a", "b"] == marks_of(["1", "2"])


def test_long_names_leave_room_for_figures() -> None:
    long = tuple(replace(one, name=f"{'data.very_long_key_indeed=' * 2}{n}") for n, one in enumerate(FOUR))
    text = screen(CompareFinal(made(SAME, long), "variants"), 60)
    assert max(map(len, text.splitlines())) <= 60 and "97.8 % [97, 98.8]" in text and "..g_key_indeed=3" in text


def test_the_document_is_json_and_has_what_is_promised() -> None:
    found = document(made([[math.nan] * 5, *CLEAR[1:]]))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert {"recipe", "seeds", "target", "optimizers", "verdict"} <= set(found)
    wild, *_, adam = found["optimizers"]
    assert {"name", "lr", "final", "steps_to_target", "diverged"} <= set(adam)
    assert set(adam["final"]) == {"mean", "low", "high"} and adam["final"]["mean"] == pytest.approx(0.992)
    assert (wild["final"]["mean"], wild["steps_to_target"], wild["diverged"]) == (None, None, 5)
    assert len(found["pairs"]) == 6 and found["pairs"][0]["p"] is None and found["pairs"][5]["significant"]
    assert found["verdict"] == verdict(made([[math.nan] * 5, *CLEAR[1:]]))
    assert "variants" in document(made(CLEAR), "variants")


# ---- while it goes on ----------------------------------------------------------------------------------------------------


def searched(view: CompareLive) -> None:
    done = 0
    for one in FOUR[:3]:
        for tried in search(0.01):
            done += 1
            view.update(Searching(one, tried, "accuracy", done, 12, 3))


def raced(view: CompareLive, share: float = 7.5) -> None:
    view.update(RaceStarted(FOUR, (0, 1, 2, 3, 4), "accuracy", "test", "train", 200, False))
    for number, row in enumerate(CLEAR):
        for point in run(number, 0, row[0], 0.5 + number / 2).marks[: 10 + number]:
            view.update(Passed(number, 0, point))
    view.update(Share(share, 20))


def test_getting_ready_and_compiling() -> None:
    view = CompareLive("moons")
    assert screen(view) == "moons: getting ready\n"
    view.update(Compiling(2, 9, "dense"))
    assert screen(view) == "moons: compiling kernels (once) 2/9\n"
    view.update(Compiling(9, 9, ""))
    assert screen(view) == "moons: getting ready\n"


def test_searches_for_rates() -> None:
    view = CompareLive("moons")
    searched(view)
    view.seconds = 3.0
    compare("compare_searching", screen(view))


@pytest.mark.parametrize(("width", "ascii_only"), [(60, False), (80, False), (80, True)])
def test_the_race(width: int, ascii_only: bool) -> None:
    view = CompareLive("moons")
    searched(view)
    raced(view)
    view.seconds = 1.5
    text = screen(view, width, ascii_only)
    assert max(map(len, text.splitlines())) <= width and len(text.splitlines()) < 25 and text.isascii() == ascii_only
    compare(f"compare_race_{width}{'_ascii' if ascii_only else ''}", text)


def test_a_race_that_is_slowed_says_so() -> None:
    view = CompareLive("moons", watch=3.0)
    raced(view)
    view.seconds = 1.5
    assert "1.5 s left, slowed" in screen(view)
    view.seconds = 4.0
    assert "slowed" not in screen(view)


def test_nobody_stands_anywhere_before_the_first_evaluation() -> None:
    view = CompareLive("moons")
    view.update(RaceStarted(FOUR, (0,), "accuracy", "test", "train", 200, False))
    assert screen(view).splitlines()[1] == "train accuracy:  sgd -  momentum -  rmsprop -  adam -"


def test_of_other_rows_no_curves_are_drawn() -> None:
    view = CompareLive("moons")
    view.update(RaceStarted(FOUR, (0,), "accuracy", "test", None, 200, False))
    view.update(Passed(0, 0, mark(10, 0.5, 0.7)))
    assert len(screen(view).splitlines()) == 1
    assert "train loss" not in screen(CompareFinal(made(SAME, watched=None, target=None), "variants"))


def test_losses_that_say_nothing_about_each_other_are_not_drawn() -> None:
    view = CompareLive("moons")
    view.update(RaceStarted(FOUR, (0,), "accuracy", "test", "train", 200, True))
    view.update(Passed(0, 0, mark(10, 0.5, 0.7)))
    assert "train accuracy %" in screen(view) and "train loss" not in screen(view)
    assert "train loss" not in screen(CompareFinal(made(SAME, losses_differ=True), "variants"))
    assert "test loss" not in screen(CompareFinal(made(SAME, losses_differ=True), "variants"))


def test_a_figure_that_is_no_number_is_no_divergence() -> None:
    lines = CompareLines()
    list(lines.lines(RaceStarted(FOUR[:2], (0,), "accuracy", "test", "train", 200, False)))
    whole = run(0, 0, 0.9, 1.0)
    none = replace(whole, figures={"test": {"loss": 0.1, "accuracy": math.nan}})
    assert list(lines.lines(RunEnded(none, 1, 2))) == []
    assert list(lines.lines(RunEnded(run(1, 0, math.nan, 1.0), 2, 2))) == [
        "seed 0: test accuracy sgd nan, momentum diverged"
    ]
    found = [Tried(0.1, "finished", math.nan, 0.1)]
    assert search_line("sgd", found, "f1") == "sgd: 1 rate tried, best 0.1 (f1 nan)"


def test_lines_come_in_the_order_of_the_seeds() -> None:
    lines = CompareLines()
    told = list(lines.lines(Compiling(0, 3, "dense")))
    for tried in search(0.01):
        told += lines.lines(Searching(FOUR[0], tried, "accuracy", 1, 3, 3))
    told += lines.lines(RaceStarted(FOUR[:2], (0, 1), "accuracy", "test", "train", 200, False))
    for number, seed, accuracy in ((1, 1, 0.9), (0, 1, 0.8), (1, 0, math.nan), (0, 0, 0.7)):
        told += lines.lines(RunEnded(run(number, seed, accuracy, 1.0), 1, 4))
    assert told == [
        "compiling 3 kernels (once)",
        "sgd: 3 rates tried, best 0.01 (accuracy 99 %)",
        "seed 0: test accuracy sgd 70 %, momentum diverged",
        "seed 1: test accuracy sgd 80 %, momentum 90 %",
    ]
