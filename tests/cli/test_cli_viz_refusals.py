"""What a view refuses, it refuses before anything is trained: no line here gets as far as a net."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from command_lines import typed

from dllab.lab.subject import Subject

LINES = {
    "viz-attention reversal --split rest": "--split rest: these data have no such split",
    "viz-attention reversal --input 999999": "--input 999999: the split test has",
    "viz-attention reversal --head 9": "--head 9: there is one head",
    "viz-attention names-gpt --head 9": "--head 9: there are 4 heads in a layer",
    "viz-attention reversal --text 7": "'7' is no letter that this net has learnt",
    "viz-attention reversal --text abc --input 3": "--input: --text stands in place of an example",
    "viz-attention reversal --text abc --split test": "--split: --text stands in place of an example",
    "viz-attention reversal --steps 1-99": "--steps 1-99: there are 21 steps to look at",
    "viz-attention reversal --layer gru": "--layer gru: there is no such layer to look at here",
    "viz-predictions iris --split rest": "--split rest: these data have no such split",
    "viz-boundary spirals --split rest": "--split rest: these data have no such split",
    "viz-boundary spirals --layer conv": "--layer conv: there is no such layer to look at here",
    "viz-activations iris --split rest": "--split rest: these data have no such split",
    "viz-activations iris --input 9999": "--input 9999: the split test has",
    "viz-activations iris --layer conv": "--layer conv: there is no such layer to look at here",
    "viz-activations iris --during --layer conv": "--layer conv: there is no such layer to look at here",
    "viz-gradients iris --layer conv": "--layer conv: there is no such layer to look at here",
    "viz-filters lenet --layer relu": "--layer relu: there is no such layer to look at here",
    "viz-embeddings names-gru --layer gru": "--layer gru: there is no such layer to look at here",
    "viz-embeddings names-gru emma": "names-gru has no word 'emma'",
    "viz-embeddings modular-addition --words 12": "--words 12: these words are the numbers 0 to 96",
    "viz-landscape iris --directions 3": "--directions 3: the plane is that of the training's path",
    "viz-landscape iris --path --before": "--path: there is no path --before training",
    "viz-filters iris": "filters belong to convolutions",
    "viz-activations nosuch": "neither a recipe nor a run is called 'nosuch'",
}


class Made(BaseException):
    """A net was made, or trained, to be looked into."""


def made(*arguments: Any, **options: Any) -> None:
    raise Made


@pytest.mark.parametrize("line", LINES)
def test_nothing_is_trained_before_a_refusal(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subject, "__init__", made)
    monkeypatch.setenv("COLUMNS", "200")
    done = typed(tmp_path, shlex.split(line))
    assert done.code == 2 and LINES[line] in done.err and not (tmp_path / "runs").exists()


def test_what_is_not_refused_makes_a_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subject, "__init__", made)
    with pytest.raises(Made):
        typed(tmp_path, ["viz-attention", "reversal", "--head", "1", "--steps", "1-9", "--text", "abc"])


def test_runs_give_their_recipe_to_views_of_data_and_schedule(tmp_path: Path) -> None:
    assert typed(tmp_path, ["train", "xor", "train.epochs=7", "--quiet", "--run-dir", "kept"]).code == 0
    (run,) = (tmp_path / "kept").iterdir()
    data = typed(tmp_path, ["viz-data", "last", "--run-dir", "kept"])
    assert data.code == 0 and run.name in data.out and "--run-dir kept" in data.out
    rates = typed(tmp_path, ["viz-schedule", run.name, "cosine", "--run-dir", "kept", "--json"])
    assert rates.code == 0 and run.name in rates.out


@pytest.mark.parametrize(
    ("line", "title", "step"),
    [
        ("viz-activations xor --before --layer tanh --input 1 --split train",
         "viz-activations xor --layer tanh --split train --input 1 --before", "viz-activations xor --during"),
        ("viz-boundary xor --before --most 3 --split train", "viz-boundary xor --units --most 3 --split train --before",
         "viz-boundary xor --units --most 3"),
        ("viz-predictions xor --before --split train", "viz-predictions xor --split train --before",
         "viz-predictions xor --split train"),
        ("viz-filters lenet --before --layer 0_conv", "viz-filters lenet --layer 0_conv --before",
         "viz-activations lenet --layer 0_conv --before"),
        ("viz-embeddings names-gru --before --words 9", "viz-embeddings names-gru --words 9 --before",
         "--words 9 --before"),
        ("viz-attention reversal --before --input 1 --head 1", "viz-attention reversal --head 1 --input 1 --before",
         "viz-attention reversal --head 1 --input 0 --before"),
        ("viz-data xor --split train --rows 2", "viz-data xor --split train --rows 2",
         "viz-data xor --split train --input 0"),
    ],
)  # fmt: skip
def test_titles_and_next_commands_keep_what_was_asked(tmp_path: Path, line: str, title: str, step: str) -> None:
    done = typed(tmp_path, [*shlex.split(line), "--save", "fig.html"])
    assert done.code == 0, done.err
    assert f"dllab {title}" in (tmp_path / "fig.html").read_text(encoding="utf-8")
    assert any(step in row for row in done.out.splitlines()), done.out
