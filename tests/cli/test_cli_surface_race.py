"""A race on a landscape at a terminal: a picture for every moment, then the whole; elsewhere only that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import terminals
from terminals import CONTROL, in_terminal, piped

CODE = "import sys; from dllab.cli.surface_race import show_race; {}"
CALL = "show_race('valley', [('sgd', {'lr': 0.04}), ('adam', {'lr': 0.2})], steps=80, watch=0.4, title='race'%s)"


def said(call: str) -> list[str]:
    return [sys.executable, "-c", CODE.format(call)]


def test_live_then_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminals, "COMMAND", said(CALL % ""))
    done = in_terminal(tmp_path, env={"COLORTERM": "truecolor"})
    assert done.code == 0 and ": step  0 of 80" in done.out and done.out.count("\x1b[") > 100
    assert "step 80 of 80" in done.out and "within 0.001" in done.out.rsplit("\x1b[?25h")[-1], "the whole stays"
    plain = in_terminal(tmp_path, env={"NO_COLOR": "1"})
    assert plain.code == 0 and "of 80" not in plain.out and "within 0.001" in plain.out


def test_pipes_files_and_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminals, "COMMAND", said(CALL % ", save='race.svg'"))
    done = piped(tmp_path)
    assert done.code == 0 and not CONTROL.search(done.out) and done.out.startswith("valley: f(a, b) = ")
    assert (tmp_path / "race.svg").read_text(encoding="utf-8").startswith("<svg") and "saved to race.svg" in done.err
    monkeypatch.setattr(terminals, "COMMAND", said(CALL % ", as_json=True"))
    found = json.loads(piped(tmp_path).out)
    assert [racer["name"] for racer in found["optimizers"]] == ["sgd", "adam"] and found["steps"] == 80
    refused = subprocess.run(said(CALL % ", save='race.pdf'"), capture_output=True, cwd=tmp_path, encoding="utf-8")
    assert "Refused" in refused.stderr and not (tmp_path / "race.pdf").exists()
