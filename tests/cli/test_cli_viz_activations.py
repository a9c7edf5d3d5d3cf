"""`dllab viz-activations` on the command line: pipes, terminals, runs, files, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from terminals import CONTROL, in_terminal, piped

from dllab.lab.activations import activations
from dllab.lab.subject import Subject
from dllab.recipe import load

XOR = ("viz-activations", "xor", "train.epochs=20")


def test_a_pipe_gets_plain_text(tmp_path: Path) -> None:
    done = piped(tmp_path, *XOR)
    assert done.code == 0 and not CONTROL.search(done.out)
    assert done.out.startswith("xor: activations, trained 20 steps, 4 examples of the split train\n")
    assert "1_tanh" in done.out and "Nothing unusual" in done.out and max(map(len, done.out.splitlines())) <= 80
    assert "dllab viz-activations xor train.epochs=20 --layer " in done.out
    assert not (tmp_path / "runs").exists()


def test_a_locale_without_blocks_gets_ascii(tmp_path: Path) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}
    for more in ((), ("--layer", "1_tanh"), ("--input", "2"), ("--during",), ("--during", "--layer", "tanh")):
        done = piped(tmp_path, *XOR, *more, env=env)
        assert done.code == 0 and done.out.isascii() and "1_tanh" in done.out, more


@pytest.mark.parametrize(
    ("env", "colours"), [({"COLORTERM": "truecolor"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminals(tmp_path: Path, env: dict[str, str], colours: bool) -> None:
    done = in_terminal(tmp_path, "viz-activations", "digits-cnn", "--before", "--input", "1", env=env)
    assert done.code == 0 and "2_relu" in done.out and ("▀" in done.out and "[38;2;" in done.out) == colours


def test_the_document_is_what_the_engine_holds(tmp_path: Path) -> None:
    found = json.loads(piped(tmp_path, "viz-activations", "wine", "--before", "--seed", "3", "--json").out)
    twin = activations(Subject.untrained(load("wine"), seed=3), "test")
    assert (found["state"], found["split"], found["rows"]) == ("untrained", "test", twin.rows)
    assert [layer["layer"] for layer in found["layers"]] == [layer.path for layer in twin.layers]
    for told, layer in zip(found["layers"], twin.layers):
        assert told["mean"] == pytest.approx(layer.mean, rel=1e-4, abs=1e-5)
        assert np.sum(told["counts"]) == np.sum(layer.own)


def test_a_run_and_its_layers_by_kind(tmp_path: Path) -> None:
    assert piped(tmp_path, "train", "xor", "train.epochs=7", "--quiet").code == 0
    done = piped(tmp_path, "viz-activations", "last", "--layer", "dense", "--split", "train", "--input", "3")
    assert done.code == 0 and ", trained 7 steps, 4 examples of the split train" in done.out
    assert "0_dense  dense" in done.out and "2_dense  dense" in done.out and "1_tanh" not in done.out
    assert "input 3 of the split train (row 3 of the data): 0" in done.out
    assert "dllab viz-activations last --split train --input" not in done.out
    refused = piped(tmp_path, "viz-activations", "last", "train.epochs=9")
    assert refused.code == 2 and "a run is what it was trained to be" in refused.err


def test_during_the_training_of_a_run(tmp_path: Path) -> None:
    assert piped(tmp_path, "train", "xor", "train.epochs=7", "--quiet").code == 0
    found = json.loads(piped(tmp_path, "viz-activations", "last", "--during", "--json").out)
    assert found["steps"] == 7 and found["looks"] == found["epochs"] == list(range(7))
    assert len(found["layers"][1]["histogram"]) == 7


def test_figures_as_files(tmp_path: Path) -> None:
    done = piped(tmp_path, *XOR, "--save", "fig.svg")
    assert done.code == 0 and "1_tanh" in (tmp_path / "fig.svg").read_text() and "saved to fig.svg" in done.err
    assert piped(tmp_path, *XOR, "--layer", "1_tanh", "--during", "--save", "fig.png").code == 0
    assert (tmp_path / "fig.png").read_bytes().startswith(b"\x89PNG")
