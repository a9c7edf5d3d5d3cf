"""`dllab viz-attention`, `viz-filters` and `viz-embeddings`: pipes, terminals, JSON, files, runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from marks import compiled_only
from terminals import CONTROL, in_terminal, piped

from dllab.core.settings import jit_enabled
from dllab.lab.attention import look
from dllab.lab.subject import Subject
from dllab.recipe import load

LINES = {
    "attention": ("viz-attention", "reversal", "--before", "--text", "abcdefgh"),
    "filters": ("viz-filters", "digits-cnn", "--before", "--layer", "4_conv"),
    "embeddings": ("viz-embeddings", "glove10k", "king", "bread", "--words", "12"),
}
HEADS = {
    "attention": 'reversal: attention, untrained; a text that was given "abcdefgh", which says',
    "filters": "digits-cnn: filters, untrained\n",
    "embeddings": "glove10k: vec, 10,000 words, 50 numbers each\n12 words, those in brackets and some near them",
}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("name", LINES)
def test_a_pipe_gets_plain_text(tmp_path: Path, name: str) -> None:
    done = piped(tmp_path, *LINES[name])
    assert done.code == 0 and not CONTROL.search(done.out)
    assert done.out.startswith(HEADS[name]) and "Try next:" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", LINES)
def test_a_locale_without_blocks_gets_ascii(tmp_path: Path, name: str) -> None:
    done = piped(tmp_path, *LINES[name], env=ASCII)
    assert done.code == 0 and done.out.isascii()


@pytest.mark.parametrize("name", ["attention", "filters"])
@pytest.mark.parametrize(
    ("env", "colours"), [({"COLORTERM": "truecolor"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminals(tmp_path: Path, name: str, env: dict[str, str], colours: bool) -> None:
    done = in_terminal(tmp_path, *LINES[name], env=env)
    assert done.code == 0
    assert ("8;2;" in done.out) == colours
    assert any(sign in done.out for sign in "░▒▓█") != colours


def test_the_document_has_the_shares_of_the_engine(tmp_path: Path) -> None:
    found = json.loads(piped(tmp_path, "viz-attention", "names-gpt", "--before", "--input", "3", "--json").out)
    subject = Subject.untrained(load("names-gpt"))
    row = int(subject.rows()[3])
    assert (found["split"], found["input"], found["row"], found["state"]) == ("test", 3, row, "untrained")
    if jit_enabled():
        told = look(subject, "test", 3).layers
        for one, layer in zip(found["layers"], told, strict=True):
            for head, own in zip(one["heads"], layer.heads, strict=True):
                np.testing.assert_array_equal(head["shares"], own.shares)


@compiled_only
def test_a_run_is_what_it_was_trained_to_be(tmp_path: Path) -> None:
    assert piped(tmp_path, "train", "names-gru", "train.steps=5", "--quiet").code == 0
    found = json.loads(piped(tmp_path, "viz-embeddings", "last", "--json").out)
    assert (found["state"], found["steps"], len(found["places"])) == ("trained", 5, 27)
    anew = json.loads(piped(tmp_path, "viz-embeddings", "names-gru", "train.steps=5", "--json").out)
    assert anew["places"] == found["places"] and len(list((tmp_path / "runs").iterdir())) == 1
    changed = piped(tmp_path, "viz-embeddings", "last", "train.steps=6")
    assert changed.code == 2 and "train.steps=6: a run is what it was trained to be" in changed.err


@pytest.mark.parametrize("name", LINES)
def test_a_figure_is_kept_without_commands(tmp_path: Path, name: str) -> None:
    done = piped(tmp_path, *LINES[name], "--save", "fig.txt")
    assert done.code == 0 and "saved to fig.txt" in done.err
    kept = (tmp_path / "fig.txt").read_text(encoding="utf-8")
    assert kept.startswith(HEADS[name].split("\n")[0]) and "Try next" not in kept


@compiled_only
def test_a_layer_that_is_not_there_is_refused_before_training(tmp_path: Path) -> None:
    done = piped(tmp_path, "viz-attention", "shakespeare-gpt", "--layer", "gru", "train.steps=100000000")
    assert done.code == 2 and "there is no such layer" in done.err
