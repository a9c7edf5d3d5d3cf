"""Cross-validation as text of 80 columns, from made-up folds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from screens import compare, screen

from dllab.lab.cross_validate import FoldEnd, FoldsProgress, FoldsStarted
from dllab.lab.fold_results import CrossValidation, FoldResult
from dllab.recipe import load
from dllab.training.events import Compiling, Diverged
from dllab.views.train_folds import FoldLines, FoldsFinal

RECIPE = load("iris", ["train.folds=5"])
TRY = [("dllab summary iris", "layers, shapes, parameters")]


def fold(number: int, count: int = 5, status: Any = "finished", **more: float) -> FoldResult:
    loss = 0.05 + 0.013 * (number % 7)
    figures: dict[str, Any] = {
        "train": {"loss": loss / 2, "accuracy": 0.98, **more, "confusion_matrix": [[1, 0], [0, 1]]},
        "validation": {"loss": loss, "accuracy": 1.0, **more, "confusion_matrix": [[1, 0], [0, 1]]},
        "test": {"loss": 1.2 * loss, "accuracy": 0.9 + number % 3 / 30, **more, "confusion_matrix": [[1, 0], [0, 1]]},
    }
    repeat, place = divmod(number, count)
    diverged = None
    if status == "diverged":
        diverged = Diverged(12 + number, 3, "2_dense", "backward", "inf", 1e30)
        figures["test"]["loss"] = float("nan")
    rows = {"train": 90, "validation": 30, "test": 30}
    return FoldResult(repeat + 1, place + 1, number, status, 74, 444, 0.012, rows, figures, None, diverged)


def result(folds: list[FoldResult], status: str = "finished", count: int = 5, repeats: int = 1) -> CrossValidation:
    return CrossValidation(RECIPE, 0, status, count, repeats, 150, tuple(folds), 0.0764, 2, Path("runs/iris-20261125"))


def test_folds_one_by_one() -> None:
    compare("folds_few", screen(FoldsFinal(result([fold(n) for n in range(5)]), TRY)))


def test_a_terminal_of_ascii_only() -> None:
    shown = screen(FoldsFinal(result([fold(n) for n in range(5)])), ascii_only=True)
    assert shown.isascii() and "0.0912 +/- 0.025" in shown


def test_repeats_are_summed_up() -> None:
    compare("folds_repeats", screen(FoldsFinal(result([fold(n) for n in range(15)], repeats=3), TRY)))


def test_many_folds_are_not_listed() -> None:
    found = result([fold(n, 50) for n in range(50)], count=50)
    compare("folds_many", screen(FoldsFinal(replace(found, jobs=1, folder=None, held_out=1000))))


def test_more_figures_than_columns() -> None:
    more = {"precision": 0.912345, "recall": 0.8123, "f1": 0.85, "auc": 0.991, "r2": 0.5, "rmse": 1.5e-7, "mae": 1.0}
    shown = screen(FoldsFinal(result([fold(n, **more) for n in range(5)])))
    assert max(map(len, shown.splitlines())) <= 80
    compare("folds_wide", shown)


def test_some_diverged() -> None:
    folds = [fold(n, status="diverged" if n in (1, 3) else "finished") for n in range(5)]
    compare("folds_diverged", screen(FoldsFinal(result(folds, "diverged"), advice=["dllab train iris optimizer.lr=0.001"])))


def test_all_diverged() -> None:
    folds = [fold(n, status="diverged") for n in range(10)]
    compare("folds_all_diverged", screen(FoldsFinal(result(folds, "diverged", repeats=2))))


def test_interrupted() -> None:
    compare("folds_interrupted", screen(FoldsFinal(result([fold(0), fold(1)], "interrupted"))))


@pytest.mark.parametrize("ended", [0, 1])
def test_interrupted_early(ended: int) -> None:
    shown = screen(FoldsFinal(result([fold(n) for n in range(ended)], "interrupted")))
    assert f"interrupted after {ended} of 5" in shown
    assert ("one fold only: no standard deviation" in shown) == (ended == 1)
    assert "nan" not in shown


@pytest.mark.parametrize("width", [40, 60, 120])
def test_other_widths(width: int) -> None:
    shown = screen(FoldsFinal(result([fold(n) for n in range(15)], repeats=3)), width)
    assert max(len(line) for line in shown.splitlines() if "run kept" not in line) <= width
    assert all(figure in " ".join(shown.split()) for figure in ("98 ± 0.0 %", "100 ± 0.0 %", "93.3 ± 2.8 %"))


def lines(count: int, repeats: int, bad: tuple[int, ...] = ()) -> str:
    view = FoldLines()
    rows = {"train": 90, "validation": 30, "test": 30}
    events: list[Any] = [Compiling(0, 3, "dense"), Compiling(1, 3, "tanh")]
    events.append(FoldsStarted(RECIPE, count, repeats, rows, ("accuracy",), 2))
    for n in range(count * repeats):
        events.append(FoldEnd(fold(n, count, "diverged" if n in bad else "finished"), n + 1, count * repeats))
        events.append(FoldsProgress(n + 1, count * repeats, 0.1))
    return "".join(f"{line}\n" for line in map(view.line, events) if line is not None)


def test_a_line_a_fold() -> None:
    compare("folds_lines", lines(12, 1, bad=(4,)))


def test_a_line_a_repeat() -> None:
    compare("folds_lines_repeats", lines(4, 10, bad=(5, 20, 21, 22, 23)))


def test_the_figure_so_far() -> None:
    view = FoldLines()
    assert view.so_far() == "training"
    view.line(FoldsStarted(RECIPE, 5, 1, {"train": 1, "test": 1}, ("accuracy",), 2))
    view.line(FoldEnd(fold(0), 1, 5))
    assert view.so_far() == "accuracy 90 % so far"
    view.line(FoldEnd(fold(2), 2, 5))
    assert view.so_far() == "accuracy 93.3 % so far"
