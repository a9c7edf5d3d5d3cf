"""Figures that move while their net is trained: in a terminal they do, elsewhere not, and they leave nothing behind."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from emulated import Emulated
from terminals import CONTROL, in_terminal, piped

from dllab.cli import live
from dllab.cli.live import Shutter

RECIPE = """\
data: {name: moons, samples: 200}
model: [{dense: 8}, tanh, {dense: classes}]
loss: cross_entropy
train: {epochs: 30, batch: 16}
"""
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
BACK = re.compile(r"\x1b\[\d+A")
COMMANDS = {
    "boundary": ("viz-boundary", "small.yaml"),
    "units": ("viz-boundary", "small.yaml", "--units"),
    "during": ("viz-activations", "small.yaml", "--during"),
    "layer": ("viz-activations", "small.yaml", "--during", "--layer", "tanh"),
    "gradients": ("viz-gradients", "small.yaml"),
}
SIGNS = {
    "boundary": "on the wrong side", "units": "unit 5", "during": "saturated", "layer": "share of outputs",
    "gradients": "from the last layer back",
}  # fmt: skip
pty_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(RECIPE)
    return tmp_path


def pictures(text: str) -> list[list[str]]:
    """The pictures that were drawn over each other, each as the screen showed it whole."""
    moving = text.split(SHOW)[0]
    terminal, found, place = Emulated(), list[list[str]](), 0
    for back in BACK.finditer(moving):
        terminal.write(moving[place : back.start()])
        found.append(terminal.text)
        place = back.start()
    return found


@pty_only
@pytest.mark.parametrize("name", COMMANDS)
def test_figures_move_and_leave_the_last_one_alone(folder: Path, name: str) -> None:
    done = in_terminal(folder, *COMMANDS[name], "--watch", "1.5", "--save", "moved.svg")
    assert done.code == 0 and done.out.count(HIDE) == done.out.count(SHOW) == 1
    drawn = [picture for picture in pictures(done.out) if any(SIGNS[name] in line for line in picture)]
    assert len(drawn) >= 5 and len({tuple(picture[3:]) for picture in drawn}) >= 3, "below the lines on progress"
    assert max(map(len, drawn)) <= 23
    after = Emulated().write(done.out)
    lines = after.scrolled + after.text
    assert after.cursor and not any("steps/s" in line for line in lines)
    assert lines[0].startswith("small"), "the figure begins where the pictures were"
    still = piped(folder, *COMMANDS[name], "--save", "still.svg")
    assert still.code == 0 and not CONTROL.search(still.out + still.err)
    assert (folder / "moved.svg").read_bytes() == (folder / "still.svg").read_bytes()


@pty_only
def test_ctrl_c_leaves_the_terminal_as_it_was(folder: Path) -> None:
    done = in_terminal(folder, *COMMANDS["boundary"], "--watch", "60", interrupt="on the wrong side")
    assert done.code == 130 and done.out.endswith("dllab: interrupted\n")
    after = Emulated().write(done.out)
    assert after.cursor and after.text == ["dllab: interrupted"] and not after.scrolled


@pty_only
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CI": "1"}])
def test_nothing_moves_where_that_is_not_wanted(folder: Path, env: dict[str, str | None]) -> None:
    done = in_terminal(folder, *COMMANDS["boundary"], "--watch", "1", env=env)
    assert done.code == 0 and "\x1b[" not in done.out and "steps/s" not in done.out


@pty_only
def test_a_result_that_goes_elsewhere_does_not_move(folder: Path) -> None:
    for more, out in ((), True), (("--json",), False):
        done = in_terminal(folder, *COMMANDS["boundary"], *more, piped_out=out)
        assert done.code == 0 and "steps/s" not in done.out + done.err


@pty_only
@pytest.mark.parametrize("size", [(10, 40), (50, 200)])
def test_terminals_of_other_sizes(folder: Path, size: tuple[int, int]) -> None:
    done = in_terminal(folder, *COMMANDS["during"], "--watch", "0.5", size=size)
    assert done.code == 0
    moving = done.out.split(SHOW)[0]
    assert not Emulated(*size).write(moving).scrolled, "a picture as high as the terminal would scroll it"


@pty_only
@pytest.mark.parametrize("name", ["boundary", "during", "gradients"])
@pytest.mark.parametrize("model", ["[{dense: 8}, tanh, {dense: 1}]", "[{dense: 8}, relu, {dense: 8}, relu, {dense: 1}]"])
def test_a_net_that_bursts_tears_no_picture(folder: Path, name: str, model: str) -> None:
    changes = ("data={name: function, samples: 100}", f"model={model}", "loss=mse", "optimizer=sgd", "optimizer.lr=1e6")
    command, recipe, *options = COMMANDS[name]
    done = in_terminal(folder, command, recipe, *changes, *options, "--watch", "0.5")
    moving, rest = done.out.split(SHOW)
    assert done.code == 0 and "training diverged after" in rest
    assert not Emulated().write(moving).text and "Warning" not in done.out


@pty_only
def test_a_wrong_layer_is_told_as_ever(folder: Path) -> None:
    moved = in_terminal(folder, *COMMANDS["boundary"], "--layer", "7_relu")
    assert moved.code == 2 and Emulated().write(moved.out).text[0].startswith("dllab: --layer 7_relu:")


def test_pictures_take_a_share_of_the_time_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(live.time, "monotonic", lambda: now)
    shutter, drawing, pictures = Shutter(), 0.0, 0
    for _ in range(10_000):
        if shutter.due():
            began, now = now, now + 0.05
            drawing, pictures = drawing + 0.05, pictures + 1
            shutter.drawn(began, 0.125, 0.1)
        now += 0.01
    assert 0.09 < drawing / (now - 100) <= 0.101
    shutter = Shutter()
    shutter.drawn(now, 0.125, 0.1)
    now += 0.124
    assert not shutter.due()
    now += 0.002
    assert shutter.due()
