"""Lessons on the screen: every kind of picture, claims, guesses, a change beside the lesson, in fixed widths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Group
from screens import compare, screen

from dllab.lessons import pictures
from dllab.lessons.claim import Claim, Prediction
from dllab.lessons.lesson import Heading, Lesson
from dllab.lessons.report import Report
from dllab.views import lesson as views
from dllab.views.lesson_list import listing
from dllab.views.lesson_pictures import drawn, line_of
from dllab.views.text import written

PREDICT = Prediction(
    "how many times smaller?", "Few look harmless.", "Not as bad.", "That is the size.", unit="times", log=True, near=3,
)  # fmt: skip
LESSON = Lesson(
    16, "made-up", "Why does it fade?", "Because of the slope:\n\n    s' <= 1/4\n\nand so on, layer by layer.",
    {"": ""}, {}, {}, PREDICT, "It is not all.", (("dllab train xor", "train it"),), (("depth=3", "fades"),),
    lambda lab: None,
)  # fmt: skip
X = np.arange(1, 9)
LINES = pictures.Lines(
    "three curves", {"one": (X, 10.0**-X), "two": (X, 10.0 ** (-X / 2)), "three": (X, np.ones(8))},
    x="layer", y="size", log=True, you="y",
)  # fmt: skip
BARS = pictures.Bars(
    "accuracies", {"plain": 0.25, "residual": 1.0, "diverged": np.nan}, "%", spread={"plain": (0.2, 0.3)}, you=True
)
PICTURES: dict[str, Any] = {
    "lines": LINES,
    "points": pictures.Lines("points", {"net": (X, X**2), "data": (X, X**2 + 3)}, points=("data",), marks={"B": 4}),
    "log_x": pictures.Lines("rates", {"loss": (10.0**-X, X)}, x="rate", y="loss", log_x=True, you="x"),
    "bars": BARS,
    "bars_log": pictures.Bars("work", {"a": 10.0, "b": 1e6, "none": 0.0}, log=True),
    "heat": pictures.Heat("weights", np.array([[1.0, -2.0], [0.5, 0.0]]), ("a", "b"), ("x", "y"),
                          signed=True, numbers=True),
    "images": pictures.Images("digits", np.eye(6)[None].repeat(2, 0), ("one", "two"), ("4", "7")),
    "histogram": pictures.Histogram("outputs", np.repeat(X, X), bins=8),
    "grid": pictures.Grid([pictures.Heat("left", np.eye(3)), pictures.Heat("right", 1 - np.eye(3))], 34),
    "paths": pictures.Paths(
        "a bowl", np.linspace(-1, 1, 9), np.linspace(-1, 1, 9),
        np.add.outer(np.linspace(-1, 1, 9) ** 2, np.linspace(-1, 1, 9) ** 2), {"sgd": np.array([[0.9, 0.9], [0.0, 0.0]])},
    ),
    "table": pictures.Table("", ("net", "layers", "accuracy"), [("plain", 2000, 0.25), ("residual", 56, np.float32(0.98))]),
    "trace": pictures.Trace(
        "the slope", "dx = dy y (1 - y)", ("ops/tanh.py", "class Tanh"), "0.22", "how steep the curve is"
    ),
}  # fmt: skip
CLAIMS = (
    Claim("fades", "the first layer's share of the gradient", 3e-13, "<", 1e-9, "", 1e-14, 1e-12, 5),
    Claim("learns", "accuracy", 42.0, ">", 90.0, "%"),
    Claim("seconds", "seconds of a step", 0.01, unit="s"),
    Claim("tree", "a tree's accuracy", None, why="needs scikit-learn: pip install 'dllab[baselines]'"),
)
BLOCKS = ((LINES, "One falls."), (PICTURES["table"], ""), (None, "A paragraph."), (PICTURES["trace"], ""))
REPORT = Report(LESSON, 0, (), BLOCKS, CLAIMS, 2e6, 1.234)


def without_line(text: str) -> str:
    """The number of the line of code changes whenever something is written above it."""
    return text.replace(f".py:{line_of('ops/tanh.py', 'class Tanh')}", ".py:LINE")


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_kind_of_picture(kind: str, ascii_only: bool) -> None:
    text = screen(views.Plain(drawn(PICTURES[kind])), 70, ascii_only)
    compare(f"lesson_picture_{kind}{'_ascii' if ascii_only else ''}", without_line(text))


@pytest.mark.parametrize(("kind", "you"), [("lines", 1e-4), ("log_x", 1e-3), ("bars", 0.5)])
def test_a_guess_stands_in_the_picture(kind: str, you: float) -> None:
    text = screen(views.Plain(drawn(PICTURES[kind], you)), 70)
    compare(f"lesson_guess_{kind}", text)
    assert "you said" in text and "you said" not in screen(views.Plain(drawn(PICTURES[kind])), 70)


@pytest.mark.parametrize(
    ("kind", "you", "end"),
    [("lines", 1e-40, "you said (further down)"), ("lines", 1e40, "you said (further up)"),
     ("bars", 1e6, "... 1,000,000 %"),
     ("log_x", 1e9, "?: what you said, further right"), ("log_x", 1e-99, "?: what you said, further left")],
)  # fmt: skip
def test_a_guess_that_is_far_off_leaves_room_for_the_rest(kind: str, you: float, end: str) -> None:
    near, far = (screen(views.Plain(drawn(PICTURES[kind], guess)), 70) for guess in (0.5, you))
    assert end in far and "?" in far.replace(end, "") + "?" * (kind == "bars")
    assert len(far.splitlines()) == len(near.splitlines())
    if kind == "lines":
        assert far.count("a") >= near.count("a") - 3, "the curve is still told from the others"


def test_a_guess_for_one_place_is_drawn_there_alone() -> None:
    text = screen(views.Plain(drawn(replace(LINES, you_at=4.0), 1e-4)), 70)
    rows = [line[9:] for line in text.splitlines() if line[8:9] == "│"]
    assert [row.index("?") for row in rows if "?" in row] == [pytest.approx(3 / 7 * 59, abs=1)]


def test_very_small_numbers_have_no_bar() -> None:
    text = screen(views.Plain(drawn(pictures.Bars("angles", {"by norm": 1e-7, "by value": 60.0}))), 70)
    assert "by norm    1e-07" in text and "█" in text


@pytest.mark.parametrize("width", [80, 60])
def test_a_whole_lesson(width: int) -> None:
    text = screen(Group(views.whole(REPORT, 100.0)), width)
    compare(f"lesson_whole_{width}", without_line(text))


@pytest.mark.parametrize("said", [2e6, 1e6, 3.0, 1e12, 0.0, -5.0])
def test_a_guess_beside_what_was_measured(said: float) -> None:
    view = views.predicted(PREDICT, said, REPORT)
    assert view is not None
    compare(f"lesson_predicted_{said:g}", screen(view, 80))


def test_nothing_is_told_where_nothing_was_said_or_measured() -> None:
    assert views.predicted(PREDICT, None, REPORT) is None
    assert views.predicted(PREDICT, 3.0, replace(REPORT, truth=None)) is None


def test_a_change_beside_the_lesson() -> None:
    wide = pictures.Table(
        "a table with long heads", ("the net that was trained", "its layers", "its accuracy"), [("a", 1, 2)]
    )
    before = replace(REPORT, blocks=(*BLOCKS, (BARS, "Full."), (wide, "")))
    steep = replace(LINES, curves={"one": (X, 10.0 ** (-2 * X)), **{name: LINES.curves[name] for name in ("two", "three")}})
    more = replace(BARS, values={"plain": 2.0, "residual": 1.0})
    claims = (replace(CLAIMS[0], value=0.1), replace(CLAIMS[1], text="worst accuracy (tanh)"), *CLAIMS[2:])
    blocks = ((steep, "One falls."), *BLOCKS[1:], (more, "Fuller."), (replace(wide, rows=[("a", 2, 3)]), ""))
    now = replace(REPORT, few=True, changes=("depth=3",), claims=claims, blocks=blocks)
    compare("lesson_changed", screen(views.changed(before, now), 80))


def test_a_change_that_takes_a_picture_away_says_so() -> None:
    fewer = replace(REPORT, blocks=BLOCKS[1:], changes=("norm=none",))
    assert "(nothing here)" in screen(views.changed(replace(REPORT, blocks=(*BLOCKS[1:], (BARS, "Full."))), fewer), 80)


def test_lines_and_documents() -> None:
    assert views.line(REPORT) == "16  made-up                        1.23 s  1 of 2 hold, 1 not judged: learns FAILS"
    (one,) = views.document(0, [REPORT])["lessons"]
    assert one["holds"] is False and [claim["holds"] for claim in one["claims"]] == [True, False, None, None]
    assert one["claims"][3]["value"] is None and one["truth"] == 2e6
    nan = replace(REPORT, claims=(replace(CLAIMS[0], value=float("nan")),))
    assert views.document(0, [nan])["lessons"][0]["claims"][0]["value"] is None


def test_the_list() -> None:
    found = [Heading(1, "first", "What is it?", "n01_first"), Heading(16, "made-up", "Why does it fade?", "n16_made_up")]
    compare("lesson_list", screen(listing(found), 80))


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(999.94, 4, "999.9"), (3861.0, 3, "3,860"), (-133_742.0, 4, "-133,700"), (9_999_999.0, 3, "10,000,000"),
     (1e7, 4, "1e+07"), (float("nan"), 4, "nan"), (None, 4, "nan"), (float("inf"), 4, "inf"), (1e-6, 4, "1e-06")],
)  # fmt: skip
def test_numbers_as_in_a_text(value: float | None, digits: int, shown: str) -> None:
    assert written(value, digits) == shown
