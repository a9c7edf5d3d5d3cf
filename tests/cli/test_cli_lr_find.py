"""`dllab lr-find` on the command line: pipes, terminals, JSON, files, what diverges, what takes long, Ctrl-C."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminals import CONTROL, in_terminal, piped

WORDS = ("lr-find", "xor", "--seeds", "1")
LONG = ("lr-find", "spirals", "--steps", "100000", "--seeds", "9")
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("env", [{}, C_LOCALE], ids=["utf-8", "C"])
def test_a_pipe_gets_plain_text(tmp_path: Path, env: dict[str, str | None]) -> None:
    done = piped(tmp_path, *WORDS, env=env)
    assert done.code == 0 and not CONTROL.search(done.out) and done.err == ""
    assert done.out.startswith("xor: the rate of adam rises from 1e-06 to 10 over 300 steps, 300 epochs")
    assert "dllab train xor optimizer.lr=" in done.out and (done.out.isascii() or not env)
    assert max(map(len, done.out.splitlines())) <= 80 and not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("env", "colours"), [({"COLORTERM": "truecolor"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminals(tmp_path: Path, env: dict[str, str | None], colours: bool) -> None:
    done = in_terminal(tmp_path, *WORDS, env=env)
    assert done.code == 0 and ("38;2;0;114;178m" in done.out) == colours and "suggested" in done.out


def test_the_document_and_a_file(tmp_path: Path) -> None:
    words = ("spirals", "optimizer.lr=0.3", "--steps", "60", "--seed", "7", "--seeds", "2", "--from", "1e-4", "--to", "5")
    done = piped(tmp_path, "lr-find", *words, "--json", "--save", "rate.png")
    found = json.loads(done.out)
    assert done.code == 0 and (tmp_path / "rate.png").stat().st_size > 1000 and "saved to rate.png" in done.err
    assert found["seeds"] == [7, 8] and found["steps"] == 60 and found["lr"] == 0.3 and found["from"] == 1e-4
    assert (found["curve"][0]["lr"] == 1e-4 and found["least_tenth"] < found["suggested"] < found["steepest"]) or (
        found["steepest"] < found["suggested"] < found["least_tenth"]
    )
    assert piped(tmp_path, "lr-find", *words, "--json").out == done.out, "the same to the last bit"
    text = piped(tmp_path, "lr-find", *words).out
    assert f"dllab train spirals optimizer.lr={found['suggested']:g}" in text, "the recipe's other rate is left out"


def test_what_diverges_is_no_failure(tmp_path: Path) -> None:
    done = piped(tmp_path, "lr-find", "function", "optimizer=sgd", "--from", "1", "--to", "1e6", "--json")
    found = json.loads(done.out)
    assert done.code == 0 and found["ended"] in ("rose", "not finite") and found["stopped_at"] < 1e6


def test_a_long_test_is_drawn_as_it_runs_and_can_be_stopped(tmp_path: Path) -> None:
    done = in_terminal(tmp_path, *LONG, interrupt=" of 9, step")
    assert done.code == 130 and "smoothed" in done.out and "suggested" not in done.out
    assert "\r\x1b[K\x1b[?25h" in done.out, "the picture is gone, and the cursor back"
