"""A run slowed down for watching: when, by how much, and that it computes the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file
from terminals import in_terminal, piped

from dllab.cli import tempo
from dllab.cli.tempo import Tempo
from dllab.training.events import Progress, Started

RECIPE = """\
data: {name: moons, samples: 200}
model: [{dense: 8}, tanh, {dense: classes}]
loss: cross_entropy
train: {epochs: 10, batch: 16}
"""
pty_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


class Clock:
    """Time that passes only in naps; counts the looks at the keyboard."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.looks = 0.0, 0
        monkeypatch.setattr(tempo.time, "monotonic", lambda: self.now)

    def nap(self, seconds: float) -> None:
        assert seconds <= 0.02
        self.now += seconds

    def look(self) -> None:
        self.looks += 1


def progress(step: int, steps: int = 100) -> Progress:
    return Progress(step, steps, 1, 0.5, 0.01, 1.0, 0.0)


def test_early_steps_get_more_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    pace = Tempo(4.0, clock.look, clock.nap)
    clock.now = 7.0
    started: Any = object.__new__(Started)
    pace.follow(started)
    moments = []
    for step in (1, 25, 100):
        pace.follow(progress(step))
        moments.append(clock.now - 7.0)
    assert moments == pytest.approx([0.4, 2.0, 4.0])
    assert clock.looks >= 4.0 / 0.02 - 1
    assert pace.slowed


def test_a_long_run_is_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    pace = Tempo(3.0, clock.look, clock.nap)
    for step in range(1, 101):
        clock.now += 1.0
        pace.follow(progress(step))
    assert clock.now == 100.0 and not pace.slowed


def test_ctrl_c_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    def pressed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tempo(1000.0, pressed, clock.nap).follow(progress(50))
    assert clock.now <= 0.02


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(RECIPE)
    return tmp_path


def weights(folder: Path) -> list[dict[str, bytes]]:
    runs = sorted((folder / "runs").iterdir())
    return [{name: array.tobytes() for name, array in load_file(run / "weights.safetensors").items()} for run in runs]


@pty_only
def test_watching_changes_no_bit(folder: Path) -> None:
    slow = in_terminal(folder, "train", "small.yaml", "--watch", "1")
    fast = in_terminal(folder, "train", "small.yaml", "--watch", "0")
    plain = piped(folder, "train", "small.yaml")
    assert slow.code == fast.code == plain.code == 0
    assert "slowed for watching" in slow.out and "dllab train small.yaml --watch 0" in slow.out
    assert "slowed" not in fast.out + plain.out
    first, second, third = weights(folder)
    assert first == second == third


@pty_only
@pytest.mark.slow
def test_only_a_boundary_to_watch_slows_a_run(folder: Path) -> None:
    assert "slowed for watching" in in_terminal(folder, "train", "small.yaml", "--no-save").out
    assert "slowed" not in in_terminal(folder, "train", "xor", "--no-save").out
    assert "slowed" not in in_terminal(folder, "train", "iris", "--no-save").out
    assert "slowed" not in in_terminal(folder, "train", "small.yaml", "--no-save", "--json", piped_out=True).err


def test_the_option_takes_seconds(folder: Path) -> None:
    assert piped(folder, "train", "small.yaml", "--watch", "-1").code == 2
    assert piped(folder, "train", "small.yaml", "--watch", "soon").code == 2
    assert piped(folder, "train", "small.yaml", "--watch", "nan").code == 2
