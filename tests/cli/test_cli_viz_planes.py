"""`dllab viz-boundary` and `dllab viz-predictions` on the command line: pipes, terminals, JSON, runs, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminals import CONTROL, in_terminal, piped

PLANE = ("viz-boundary", "xor", "--before")
MIXED = ("viz-predictions", "iris", "train.epochs=1", "--worst", "1")
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("words", [PLANE, (*PLANE, "--units"), MIXED])
@pytest.mark.parametrize("env", [{}, C_LOCALE], ids=["utf-8", "C"])
def test_a_pipe_gets_plain_text(tmp_path: Path, words: tuple[str, ...], env: dict[str, str | None]) -> None:
    done = piped(tmp_path, *words, env=env)
    assert done.code == 0 and not CONTROL.search(done.out)
    assert done.out.startswith("xor: boundary, untrained" if words[1] == "xor" else "iris: predictions, trained")
    assert max(map(len, done.out.splitlines())) <= 80 and (done.out.isascii() or not env)


@pytest.mark.parametrize(("env", "colours"), [({"COLORTERM": "truecolor"}, True), ({"NO_COLOR": "1"}, False)])
def test_terminals(tmp_path: Path, env: dict[str, str | None], colours: bool) -> None:
    done = in_terminal(tmp_path, *PLANE, env=env)
    assert done.code == 0 and ("48;2;" in done.out) == colours and ("Nowhere" in done.out) != colours


def test_a_run_and_a_file(tmp_path: Path) -> None:
    assert piped(tmp_path, "train", "xor", "--quiet").code == 0
    found = json.loads(piped(tmp_path, "viz-boundary", "last", "--json", "--save", "plane.png").out)
    assert found["state"] == "trained" and found["wrong"] == 0 and (tmp_path / "plane.png").stat().st_size > 1000
    mixed = json.loads(piped(tmp_path, "viz-predictions", "last", "--json").out)
    assert mixed["confusion"] == [[2, 0], [0, 2]] and mixed["worst"] == []
