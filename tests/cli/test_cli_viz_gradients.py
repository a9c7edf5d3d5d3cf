"""`dllab viz-gradients` on the command line: pipes, terminals, runs, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminals import CONTROL, in_terminal, piped

WORDS = ("viz-gradients", "xor", "train.epochs=40")
DEEP = (
    "data: moons\nmodel:\n  - repeat: {times: 9, layers: [{dense: 16}, sigmoid]}\n  - dense: classes\ntrain: {epochs: 2}\n"
)


def test_a_pipe_gets_plain_text(tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text(DEEP)
    done = piped(tmp_path, "viz-gradients", "deep.yaml")
    assert done.code == 0 and not CONTROL.search(done.out)
    assert (
        done.out.startswith("deep: gradients, trained ")
        and "\nvanishing: the gradient at the first layer, 0_repeat.0.0_" in done.out
    )
    assert "dllab viz-gradients deep.yaml --before" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_before(tmp_path: Path) -> None:
    done = piped(tmp_path, *WORDS, "--before", "--layer", "tanh")
    assert done.code == 0 and "untrained, one batch of" in done.out
    assert "1_tanh" in done.out and "2_dense  " not in done.out and "healthy" in done.out


def test_a_run_is_trained_again(tmp_path: Path) -> None:
    piped(tmp_path, "train", "xor", "train.epochs=40", "--seed", "4", "--quiet")
    (of_run, of_recipe) = (
        json.loads(piped(tmp_path, *words, "--json").out) for words in (("viz-gradients", "last"), (*WORDS, "--seed", "4"))
    )
    assert of_run["layers"] == of_recipe["layers"] and of_run["name"].startswith("xor-")
    assert of_run["name"].endswith(" trained again")


def test_a_locale_without_blocks_gets_ascii(tmp_path: Path) -> None:
    done = piped(
        tmp_path, *WORDS, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}
    )
    assert done.code == 0 and done.out.isascii() and "#" in done.out


@pytest.mark.parametrize(
    ("env", "colours"), [({"COLORTERM": "truecolor"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminals(tmp_path: Path, env: dict[str, str], colours: bool) -> None:
    done = in_terminal(tmp_path, *WORDS, env=env)
    assert done.code == 0 and "0_dense" in done.out
    assert ("[38;2;" in done.out) == colours


def test_a_figure_is_kept(tmp_path: Path) -> None:
    done = piped(tmp_path, *WORDS, "--save", "figure.svg")
    assert done.code == 0 and "saved to figure.svg" in done.err
    kept = (tmp_path / "figure.svg").read_text()
    assert "0_dense" in kept and "Try next" not in kept
