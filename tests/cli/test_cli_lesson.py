"""`dllab lesson` and `dllab lessons`: predictions typed at a terminal, pauses, pipes, changes, recipes, files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command_lines import typed
from emulated import Emulated
from terminals import in_terminal, piped

from dllab.lessons import lesson as lessons
from dllab.recipe import load

QUICK = "35"
"""A lesson that calculates and trains nothing."""
PROMPT = "your prediction"
pty_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pty_only
def test_a_prediction_is_asked_for_at_a_terminal_and_drawn(tmp_path: Path) -> None:
    answers = [(PROMPT, "much\r"), ("that is no number", "1e400\r"), ("a number from", "7\r")]
    done = in_terminal(tmp_path, "lesson", QUICK, answers=answers)
    assert done.code == 0 and "You said" in done.out and "? you" in done.out


@pty_only
def test_enter_goes_on_without_one(tmp_path: Path) -> None:
    done = in_terminal(tmp_path, "lesson", QUICK, answers=[(PROMPT, "\r")])
    assert done.code == 0 and "You said" not in done.out and "hold" in done.out


@pty_only
@pytest.mark.parametrize(("words", "piped_out"), [(["--no-input"], False), ([], True)])
def test_nothing_is_asked_otherwise(tmp_path: Path, words: list[str], piped_out: bool) -> None:
    done = in_terminal(tmp_path, "lesson", QUICK, *words, piped_out=piped_out)
    assert done.code == 0 and PROMPT not in done.out + done.err and "Predict:" in done.out


@pty_only
def test_pauses_wait_for_a_key_and_leave_nothing(tmp_path: Path) -> None:
    keys = [("press a key to go on", " ")] * 40
    done = in_terminal(tmp_path, "lesson", QUICK, "--pause", "--no-input", answers=keys)
    assert done.code == 0 and done.out.count("press a key to go on") >= 5
    terminal = Emulated()
    terminal.write(done.out)
    assert "press a key to go on" not in terminal.text and "Try next:" in terminal.text


@pty_only
def test_ctrl_c_at_the_question(tmp_path: Path) -> None:
    done = in_terminal(tmp_path, "lesson", QUICK, interrupt=PROMPT)
    assert done.code == 130 and "Traceback" not in done.out


def test_in_a_pipe_it_is_plain_text(tmp_path: Path) -> None:
    done = piped(tmp_path, "lesson", QUICK, env={"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert done.code == 0 and done.out.isascii() and "\x1b" not in done.out and done.err == ""
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_given_prediction_needs_no_terminal(tmp_path: Path) -> None:
    done = typed(tmp_path, ["lesson", QUICK, "--predict", "7"])
    assert done.code == 0 and "You said 7" in done.out


def test_all_that_a_document_holds(tmp_path: Path) -> None:
    done = typed(tmp_path, ["lesson", QUICK, "--json", "--seed", "3"])
    found = json.loads(done.out)
    (one,) = found["lessons"]
    assert found["seed"] == 3 and one["number"] == 35 and one["holds"] and one["claims"]
    assert all({"id", "text", "value", "op", "bound", "holds"} <= set(claim) for claim in one["claims"])
    assert len(json.loads(typed(tmp_path, ["lessons", "--json"]).out)) == 50


def test_a_change_stands_beside_the_lesson(tmp_path: Path) -> None:
    done = typed(tmp_path, ["lesson", "16", "depth=3", "train.epochs=1"])
    assert done.code == 1 and "before" in done.out and "FAILS" in done.out, done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_recipes_are_shown_as_they_are_and_with_changes(tmp_path: Path) -> None:
    done = typed(tmp_path, ["lesson", "16", "--show-recipe"])
    (tmp_path / "a.yaml").write_text(done.out)
    assert load(tmp_path / "a.yaml").train.epochs == 20
    done = typed(tmp_path, ["lesson", "16", "--show-recipe", "train.epochs=3", "depth=2"])
    (tmp_path / "a.yaml").write_text(done.out)
    found = load(tmp_path / "a.yaml")
    assert found.train.epochs == 3 and found.resolved()["model"][0]["repeat"]["times"] == 2


@pytest.mark.parametrize("ending", [".html", ".svg", ".txt"])
def test_a_lesson_is_kept_whole(tmp_path: Path, ending: str) -> None:
    done = typed(tmp_path, ["lesson", QUICK, "--save", f"fig{ending}"])
    text = (tmp_path / f"fig{ending}").read_text(encoding="utf-8")
    assert done.code == 0 and "claims" in text.lower() and "http://" not in text.replace("http://www.w3.org", "")


def test_all_lessons_are_kept_as_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [heading for heading in lessons.headings() if heading.number in (26, 35)]
    monkeypatch.setattr(lessons, "headings", lambda: few)
    done = typed(tmp_path, ["lesson", "all", "--save", "all.txt"])
    text = (tmp_path / "all.txt").read_text(encoding="utf-8")
    places = [text.index(f"{heading.number}  {heading.question}") for heading in few]
    assert done.code == 0 and "2 lessons in" in done.out and places[0] == 0 < places[1]
    assert text.lower().count("what the usual answer leaves out") == 2


@pty_only
def test_changes_wait_for_a_key_at_the_end_of_each_screen(tmp_path: Path) -> None:
    keys = [("press a key to go on", " ")] * 12
    done = in_terminal(tmp_path, "lesson", QUICK, "rounding=ceil", "--pause", answers=keys)
    assert done.out.count("press a key to go on") >= 2 and "before" in done.out
