"""`--save FILE` on the command line: all endings, streams, sizes, and files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command_lines import typed
from PIL import Image
from terminals import CONTROL, in_terminal, piped

from dllab.cli import saving
from dllab.views.save import png

WORDS = ("viz-augment", "digits", "augment=[shift: 1]", "--rows", "1", "--draws", "2")
MARGINS = 2 * 16


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("ending", [".svg", ".png", ".html", ".txt", ".PNG"])
def test_a_file_beside_what_is_shown(tmp_path: Path, ending: str) -> None:
    shown, kept = typed(tmp_path, [*WORDS]), typed(tmp_path, [*WORDS, "--save", f"fig{ending}"])
    assert (kept.code, kept.out, kept.err) == (0, shown.out, f"saved to fig{ending}\n")
    assert os.listdir(tmp_path) == [f"fig{ending}"]
    content = (tmp_path / f"fig{ending}").read_bytes()
    begins = {".svg": b"<svg ", ".png": b"\x89PNG", ".html": b"<!DOCTYPE html>", ".txt": b"digits: augment: [shift: 1]\n"}
    assert content.startswith(begins[ending.lower()])
    if ending == ".txt":
        figure, _, commands = shown.out.partition("\nTry next:")
        assert content.decode() == figure and "dllab train digits" in commands and any(sign in figure for sign in "░▒▓█")
    if ending == ".svg":
        title = "dllab viz-augment digits 'augment=[shift: 1]' --rows 1 --draws 2"
        assert f"<title>{title}</title>" in content.decode()


def test_json_and_a_file(tmp_path: Path) -> None:
    done = typed(tmp_path, [*WORDS, "--json", "--save", "fig.svg"])
    assert json.loads(done.out)["recipe"] == "digits" and done.err == "saved to fig.svg\n"
    assert "▀" in (tmp_path / "fig.svg").read_text(encoding="utf-8")


def test_a_pipe_saves_in_colour_and_with_all_characters(tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1",
             "TERM": "dumb"}  # fmt: skip
    for file in ("fig.png", "fig.txt"):
        done = piped(tmp_path, *WORDS, "--save", file, env=plain)
        assert done.code == 0 and done.out.isascii() and not CONTROL.search(done.out)
    with Image.open(tmp_path / "fig.png") as picture:
        colours = picture.convert("RGB").getcolors(100_000) or []
    assert (0, 0, 0) in [colour for _, colour in colours]  # the black of the pictures, which is not that of the page
    assert "░" in (tmp_path / "fig.txt").read_text(encoding="utf-8")


def test_as_wide_as_the_terminal(tmp_path: Path) -> None:
    words = ("viz-augment", "fashion-resnet", "--rows", "1", "--draws", "3", "--save", "fig.png")
    sizes = []
    for columns in (80, 150):
        done = in_terminal(tmp_path, *words, size=(40, columns))
        assert done.code == 0 and "saved to fig.png" in done.out
        with Image.open(tmp_path / "fig.png") as picture:
            sizes.append(picture.size[0])
    assert sizes[0] <= 2 * (80 * 10 + MARGINS) < sizes[1] <= 2 * (150 * 10 + MARGINS)


def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dllab.lab.augmented.Sampler.look", lambda *_: pytest.fail("nobody waits for this"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert typed(tmp_path, [*WORDS, "--save", "fig.png"]).err == (
        "dllab: --save fig.png: you may not write there\n  choose a file in a folder of your own, such as ~/fig.png\n"
    )
    assert typed(tmp_path, [*WORDS, "--save", "fig.pdf"]).code == 2


@pytest.mark.parametrize("name", ["\ud800.txt", "a\0b.png"])
def test_names_that_no_file_has(tmp_path: Path, name: str) -> None:
    done = typed(tmp_path, [*WORDS, "--save", name])
    assert done.code == 2 and done.out == "" and "no file can have that name" in done.err


def test_a_picture_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "MOST_CELLS", 100)
    done = typed(tmp_path, [*WORDS, "--save", "fig.png"])
    assert done.code == 2 and done.out.startswith("digits") and os.listdir(tmp_path) == []
    assert done.err == (
        "dllab: --save fig.png: 9 lines of 71 characters are too large for a .png\n"
        "  show less, or save it as .html, .svg or .txt\n"
    )


def test_the_file_before_stays_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fig.svg").write_text("before")

    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        done = typed(tmp_path, [*WORDS, "--save", "fig.svg"])
    assert (done.code, done.err) == (2, "dllab: fig.svg cannot be written: Input/output error\n")
    assert os.listdir(tmp_path) == ["fig.svg"] and (tmp_path / "fig.svg").read_text() == "before"
    assert typed(tmp_path, [*WORDS, "--save", "fig.svg"]).code == 0
    assert os.listdir(tmp_path) == ["fig.svg"] and (tmp_path / "fig.svg").read_text().startswith("<svg ")


def test_without_a_file_nothing_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saving.check(None)
    saving.save("text", None, "title")
    assert capsys.readouterr() == ("", "")


def test_a_width_of_the_commands_own(tmp_path: Path) -> None:
    saving.save("word " * 100, str(tmp_path / "fig.txt"), "title", width=50)
    assert max(map(len, (tmp_path / "fig.txt").read_text().splitlines())) == 49
