"""The pictures of a run, drawn from made-up events, as plain text of 80 columns."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console, RenderableType
from screens import AsciiText, compare

from dllab.runs.result import Expectation, Result
from dllab.training.events import Compiling, Diverged, EpochEnd, Event, Finished, Progress, Started
from dllab.views.boundary import Plane
from dllab.views.curves import Plot, Series
from dllab.views.text import duration, figure, heading, number, percent, rate
from dllab.views.train_final import TrainFinal
from dllab.views.train_lines import TrainLines
from dllab.views.train_live import Thinned, TrainLive

NAMES = ("0", "1", "2")


def frame(view: RenderableType, width: int = 80, height: int = 24, ascii_only: bool = False) -> str:
    """What a terminal of that size shows, without colours."""
    file = AsciiText() if ascii_only else io.StringIO()
    Console(file=file, width=width, height=height, color_system=None, legacy_windows=False).print(view)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def recipe() -> Any:
    optimizer = (SimpleNamespace(name="adam", lr=0.01),)
    train = SimpleNamespace(batch=32, clip_norm=None)
    return SimpleNamespace(name="spirals", data=None, optimizer=optimizer, train=train)


def started() -> Started:
    rows = {"train": 600, "validation": 75, "test": 225}
    network: Any = None
    return Started(recipe(), network, 60, 1140, 19, rows, ("accuracy",), "cross_entropy")


def run(epochs: int) -> list[Event]:
    """A smooth run with one progress and one evaluation an epoch."""
    events: list[Event] = [started()]
    for epoch in range(1, epochs + 1):
        loss, step = 1.1 * 0.92**epoch + 0.002, 19 * epoch
        figures = {"validation": {"loss": 1.2 * loss, "accuracy": 1 - 0.6 * 0.9**epoch}}
        events.append(Progress(step, 1140, epoch, loss, 0.01, 0.5 * loss, 0.001 * step))
        events.append(EpochEnd(epoch, step, loss, 0.01, 0.5 * loss, figures, 0.001 * step, True))
    return events


def live(events: list[Event]) -> TrainLive:
    view = TrainLive("spirals")
    for event in events:
        view.update(event)
    return view


def plane(columns: int, lines: int) -> Plane:
    """Three vertical stripes, with a point of each class, the last one in the wrong stripe."""
    classes = np.tile(np.arange(columns) * 3 // columns, (2 * lines, 1))
    points = ((2, 3, 0), (columns // 2, 2 * lines - 4, 1), (1, 2 * lines - 1, 2))
    return Plane(classes, points, NAMES)


def result(**changes: Any) -> Result:
    figures = {"train": {"loss": 0.0112, "accuracy": 0.9963}, "test": {"loss": 0.0432, "accuracy": 0.9822}}
    values: dict[str, Any] = {
        "recipe": recipe(), "seed": 0, "status": "finished", "network": None,
        "folder": Path("runs/spirals-20261125-031500"), "metrics": figures, "history": (), "epochs": 60, "steps": 1320,
        "seconds": 0.512, "rows": {"train": 675, "test": 225},
        "expectations": (Expectation("test_accuracy", 0.97, 0.9822, True),),
    }  # fmt: skip
    return Result(**{**values, **changes})


COMMANDS = [("dllab summary spirals", "layers, shapes, parameters"), ("dllab gradcheck spirals", "proof of gradients")]


def test_live_before_anything_is_known() -> None:
    assert frame(TrainLive("spirals")) == "spirals\ngetting ready\n\n"


def test_live_while_compiling() -> None:
    compare("train_live_compiling", frame(live([Compiling(6, 18, "ops.dense.forward")])))


def test_live_curves() -> None:
    compare("train_live_curves", frame(live(run(40))))


def test_live_plane() -> None:
    view = live(run(40))
    view.planar = True
    view.plane = plane(*view.plane_size(80, 24))
    compare("train_live_plane", frame(view))


def test_live_plane_in_ascii() -> None:
    view = live(run(40))
    view.planar = True
    view.plane = plane(*view.plane_size(80, 24))
    text = frame(view, ascii_only=True)
    assert text.isascii()
    compare("train_live_ascii", text)


def test_live_diverged() -> None:
    diverged = Diverged(57, 4, "2_dense", "backward", "NaN", float("nan"))
    ended = Finished("diverged", 4, 57, 0.06, {})
    compare("train_live_diverged", frame(live([*run(3), diverged, ended]), height=14))


@pytest.mark.parametrize(("width", "height"), [(60, 20), (80, 24), (80, 10), (132, 50), (40, 8), (20, 5), (300, 100)])
@pytest.mark.parametrize("planar", [False, True])
def test_live_fits_the_terminal(width: int, height: int, planar: bool) -> None:
    view = live(run(50))
    view.planar = planar
    columns, lines = view.plane_size(width, height)
    if columns:
        view.plane = plane(columns, lines)
    shown = frame(view, width, height).splitlines()
    assert len(shown) <= height - 1
    assert max(map(len, shown)) <= width
    if width >= 60:
        assert "…" not in "".join(shown)


@pytest.mark.parametrize("height", [8, 24])
def test_live_shows_what_the_net_writes(height: int) -> None:
    view = live(run(30))
    assert "writes" not in frame(view, 60, height)
    view.written = "emma, " * 20
    lines = frame(view, 60, height).splitlines()
    assert len(lines) <= height - 1
    assert lines[3].startswith("writes emma, emma, ") and len(lines[3]) <= 60
    view.written = ""
    assert len(frame(view, 60, height).splitlines()) == len(lines)


def test_live_uses_a_wide_terminal() -> None:
    view = live(run(50))
    assert max(map(len, frame(view, 132, 50).splitlines())) > 100
    view.planar = True
    assert view.plane_size(132, 50)[0] > view.plane_size(80, 24)[0]


def test_live_survives_figures_that_are_not_finite() -> None:
    nan = float("nan")
    events = [started(), Progress(19, 1140, 1, nan, 0.01, float("inf"), 0.1)]
    events.append(EpochEnd(1, 19, nan, 0.01, nan, {"train": {"loss": nan, "accuracy": nan}}, 0.1, False))
    assert "nan" in frame(live(events))


def test_lines() -> None:
    lines = TrainLines()
    text = [lines.line(event) for event in [Compiling(0, 3, "a"), Compiling(1, 3, "b"), *run(10)]]
    text.append(lines.line(Diverged(190, 11, "2_dense", "forward", "inf", float("inf"))))
    compare("train_lines", "".join(f"{line}\n" for line in text if line is not None))
    assert max(len(line) for line in text if line) <= 80


def test_one_is_no_plural() -> None:
    rows, network = {"train": 600}, None
    one = Started(recipe(), network, 1, 1, 1, rows, ("accuracy",), "cross_entropy")  # type: ignore[arg-type]
    assert str(TrainLines().line(one)).startswith("spirals: 1 epoch, 1 step; rows: 600 train")
    more = Started(recipe(), network, 3, 3, 1, rows, (), "cross_entropy", first=1)  # type: ignore[arg-type]
    assert str(TrainLines().line(more)).endswith("going on after step 1 (1 whole epoch)")
    assert "spirals: trained, 1 epoch, 1 step, seed 0" in frame(TrainFinal(result(epochs=1, steps=1)))


def test_final() -> None:
    compare("train_final", frame(TrainFinal(result(), COMMANDS)))


def test_final_that_misses_what_was_expected() -> None:
    missed = (Expectation("test_accuracy", 0.99, 0.9822, False), Expectation("test_loss", 0.1, 0.0432, True))
    compare("train_final_missed", frame(TrainFinal(result(status="stopped", best_epoch=48, expectations=missed), COMMANDS)))


def test_final_diverged() -> None:
    diverged = Diverged(57, 4, "2_dense", "backward", "NaN", float("nan"))
    nan = float("nan")
    changed = result(status="diverged", diverged=diverged, metrics={"train": {"loss": nan, "accuracy": 0.33}}, folder=None)
    compare("train_final_diverged", frame(TrainFinal(changed, [], ["dllab train spirals optimizer.lr=0.001"])))


def test_final_tells_the_unit_of_the_loss_where_targets_are_standardised() -> None:
    figures = {"test": {"loss": 0.11, "mae": 1.9, "rmse": 2.6, "r2": 0.89}}
    for scales, count in ((True, 1), (False, 0)):
        of = SimpleNamespace(**{**vars(recipe()), "data": SimpleNamespace(scales_targets=scales)})
        shown = frame(TrainFinal(result(recipe=of, metrics=figures, expectations=())))
        assert shown.count("The loss is that of standardised targets; mae and rmse in the unit of the data.") == count


def test_final_shows_a_confusion_matrix() -> None:
    table = {"loss": 0.1, "accuracy": 0.9, "confusion_matrix": [[10, 0, 1], [0, 9, 2], [0, 0, 11]]}
    compare("train_final_matrix", frame(TrainFinal(result(metrics={"test": table}, expectations=()))))


def test_plane_marks_a_point_that_the_net_gets_wrong() -> None:
    lines = frame(plane(24, 6), 24).splitlines()
    assert lines[5][1] == "C"  # class 2 stands in the stripe of class 0
    assert set("abc") <= set("".join(lines))  # regions are named, not only coloured


def test_plane_in_colours_keeps_the_letters() -> None:
    file = io.StringIO()
    Console(file=file, width=24, color_system="truecolor", force_terminal=True, _environ={}).print(plane(24, 6))
    assert {"A", "B", "C", "a", "b", "c"} <= set(file.getvalue())


def test_plot_takes_a_logarithmic_scale_where_values_are_far_apart() -> None:
    far = Plot("loss", (Series("train", [1, 2, 3], [100.0, 1.0, 0.01]),), 10, log="auto")
    near = Plot("loss", (Series("train", [1, 2, 3], [3.0, 2.0, 1.0]),), 10, log="auto")
    zero = Plot("loss", (Series("train", [1, 2, 3], [3.0, 2.0, 0.0]),), 10, log="auto")
    assert [("(log)" in frame(plot)) for plot in (far, near, zero)] == [True, False, False]


@pytest.mark.parametrize("y", [[], [1.0], [2.0, 2.0], [float("nan")] * 3, [0.0, float("inf"), 1.0], [1e-300, 1e300]])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_plot_draws_whatever_comes(y: list[float], ascii_only: bool) -> None:
    shown = frame(Plot("loss", (Series("train", range(len(y)), y),), 8, log="auto"), 60, ascii_only=ascii_only)
    assert len(shown.splitlines()) == 8
    assert all(len(line) <= 60 for line in shown.splitlines())


def test_a_dotted_curve_differs_without_colour() -> None:
    def drawn(dotted: bool) -> str:
        return frame(Plot("", (Series("", [0, 1], [0.0, 1.0], dotted=dotted),), 6), 40)

    assert drawn(False) != drawn(True)


def test_thinned_curves_stay_bounded_and_keep_their_mean() -> None:
    curve = Thinned(50)
    for x in range(1, 10_001):
        curve.add(x, 3.0)
    assert len(curve.x) <= 100
    assert set(curve.y) == {3.0}
    assert curve.x == sorted(curve.x)


def test_numbers() -> None:
    assert [number(x) for x in (0.123456, 1e-5, float("-inf"))] == ["0.1235", "1e-05", "-inf"]
    assert number(float("nan")) == number(None) == "nan"
    assert [percent(x) for x in (1.0, 0.99996, 0.5, 0.973)] == ["100 %", "99.9 %", "50 %", "97.3 %"]
    assert [percent(x) for x in (0.0, 0.0002704, 0.0005, 1e-6)] == ["0 %", "0.03 %", "0.1 %", "0.0001 %"]
    assert figure("sequence_accuracy", 0.457) == "45.7 %"
    names = ("accuracy", "bits_per_character", "sequence_accuracy", "perplexity", "a_long_one_of_my_own")
    assert [heading(name) for name in names] == ["accuracy", "bits/char", "seq. accuracy", *names[3:]]
    assert figure("accuracy", float("nan")) == "nan"
    assert figure("confusion_matrix", [[1]]) == "-"
    assert [duration(x) for x in (0.0, 0.0123, 12.34, 125, 3725)] == ["0 s", "0.0123 s", "12.3 s", "2:05", "1:02:05"]
    assert [rate(1, 0), rate(100_000, 1), rate(1, 2)] == ["", "100,000 steps/s", "0.5 steps/s"]


def scale(plot: Plot, lines: int = 8) -> list[str]:
    """The labels of the vertical scale."""
    text = frame(plot, 40, lines + 4)
    return [words[0] for line in text.splitlines() if "│" in line and (words := line.split("│")[0].split())]


def test_scales_end_at_round_numbers_and_stay_there() -> None:
    assert scale(Plot("loss", (Series("", (0, 1), (1.217, 0.0412)),), 8)) == ["1.4", "0.7", "0"]
    assert scale(Plot("loss", (Series("", (0, 1), (1.213, 0.0523)),), 8)) == ["1.4", "0.7", "0"]
    assert scale(Plot("loss", (Series("", (0, 1), (1.217, 0.0031)),), 7, log="auto"))[::2] == ["2", "0.002"]


def test_a_logarithmic_scale_takes_zeros() -> None:
    """A loss that ends in exactly 0 must not turn the curve into a corner."""
    plot = Plot("loss", (Series("", (0, 1, 2), (1.0, 1e-3, 0.0)),), 7, log="auto")
    assert "(log)" in frame(plot, 40)
    assert scale(plot)[::2] == ["1", "0.001"]
    deep = Plot("loss", (Series("", (0, 1), (1.0, 1e-40)),), 7, log="auto")
    assert scale(deep)[::2] == ["1", "1e-12"]


def test_an_accuracy_never_looks_like_more_than_all() -> None:
    assert scale(Plot("accuracy %", (Series("", (0, 1), (100.0, 100.0)),), 8, top=100.0))[0] == "100"
    assert scale(Plot("accuracy %", (Series("", (0, 1), (43.9, 99.9)),), 8, top=100.0))[::2] == ["100", "42"]


@pytest.mark.parametrize(
    ("largest", "top"), [(0.0, "1"), (0.07, "10"), (0.33, "40"), (0.4, "50"), (0.5, "100"), (0.8, "100")]
)
def test_the_scale_of_a_small_accuracy_ends_above_it(largest: float, top: str) -> None:
    events = [started()]
    for epoch, share in enumerate((largest / 2, float("nan"), largest), 1):
        figures = {"validation": {"loss": 1.0, "accuracy": share}}
        events.append(EpochEnd(epoch, 19 * epoch, 1.0, 0.01, 0.5, figures, 0.1, True))
    chart = frame(live(events), 80, 30).partition("accuracy %")[2].splitlines()[1]
    assert chart.split()[0] == top


def test_a_curve_survives_numbers_of_any_size() -> None:
    for values in ((1e308, -1e308), (1e299, -1e299), (0.0, 5e-324), (1e-320, 2e-310)):
        for log in (False, True, "auto"):
            assert frame(Plot("loss", (Series("", (0, 1), values),), 8, log=log), 40)


def test_the_scale_of_huge_numbers_fits_its_margin() -> None:
    curve = Series("", [-1.2e21, 1.2e21], [-1.2e21, 1.2e21])
    lines = frame(Plot("loss", (curve,), 6, start=-1.2e21)).splitlines()
    assert {line.find("│") for line in lines[1:-1]} == {8}
    assert lines[-2].startswith("-1.2e21 │") and lines[-1].split() == ["-1.2e+21", "epoch", "1.2e+21"]


def test_places_are_kept_before_there_are_values() -> None:
    """The picture does not jump at the first evaluation."""
    before, after = frame(live([started()])).splitlines(), frame(live(run(1))).splitlines()
    assert [line.split("  ━")[0] for line in before if "%" in line and "━" in line] == ["         accuracy %"]
    assert len(before) == len(after)


def test_a_slowed_run_says_so() -> None:
    view = live(run(40))
    view.slowed, view.left = True, 1.9
    assert "1.9 s left, slowed" in frame(view)
    view.update(Finished("finished", 60, 1140, 0.06, {}))
    assert "finished" in frame(view) and "(slowed for watching)" in frame(view)
    assert max(map(len, frame(view).splitlines())) <= 80


def test_the_bar_keeps_its_length() -> None:
    """Texts beside it grow and shrink by a digit from one moment to the next."""
    lengths = set()
    for epochs, seconds in ((1, 1e-5), (9, 3.0), (12, 50.0), (59, 0.2)):
        view = live(run(epochs))
        view.update(Progress(19 * epochs, 1140, epochs, 0.5, 0.01, 1.0, seconds))
        line = frame(view).splitlines()[1]
        lengths.add(line.count("━") + line.count("─"))
    assert len(lengths) == 1
