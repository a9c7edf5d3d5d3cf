"""`dllab neighbours` on runs of every layer that has vectors of words, and on the sample."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from terminals import Done, piped

HERE = {"DLLAB_RUNS": "runs"}
CATS = "the cat drinks milk and the dog eats meat\n\na king rules the land and a queen rules the land\n\n" * 40
PAIRS = """\
data: {name: word_pairs, task: TASK, file: cats.txt, test: 0, window: 2}
model: [{TASK: 8}]
loss: LOSS
optimizer: {adam: 0.02}
train: {epochs: 10, batch: 256}
"""
SUMS = """\
data: {name: modular_addition, p: 7}
model: [{embedding: 6}, flatten, {dense: classes}]
optimizer: {adam: 0.01}
train: {epochs: 3}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of each kind of net."""
    place = tmp_path_factory.mktemp("words")
    (place / "cats.txt").write_text(CATS)
    for task in ("skip_gram", "cbow", "glove"):
        loss = "glove" if task == "glove" else "negative_sampling"
        (place / f"{task}.yaml").write_text(PAIRS.replace("TASK", task).replace("LOSS", loss))
        done = piped(place, "train", f"{task}.yaml", "-q", env=HERE)
        assert done.code == 0, done.err
    (place / "sums.yaml").write_text(SUMS)
    for name in ("sums.yaml", "xor"):
        assert piped(place, "train", name, "-q", "train.epochs=2", env=HERE).code == 0
    return place


def run_of(folder: Path, kind: str) -> str:
    return next((folder / "runs").glob(f"{kind}-*")).name


def said(folder: Path, *arguments: str) -> Done:
    return piped(folder, "neighbours", *arguments, env=HERE)


def found(folder: Path, *arguments: str) -> dict:
    done = said(folder, *arguments, "--json")
    assert done.code == 0 and not done.err, done.err
    return json.loads(done.out)


@pytest.mark.parametrize("kind", ["skip_gram", "cbow", "glove"])
def test_words_of_a_net_and_what_it_takes_for_alike(folder: Path, kind: str) -> None:
    """What is told are the cosines of the rows of w that the run has kept."""
    run = run_of(folder, kind)
    told = found(folder, run, "cat", "king", "--count", "3")
    assert told["run"] == f"runs/{run}" and told["table"] == f"0_{kind}.w" and told["units"] == 8
    assert [question["question"] for question in told["questions"]] == ["cat", "king"]
    data = json.loads((folder / "runs" / run / "data.json").read_text())
    from dllab.runs.opened import Opened

    vectors = Opened(folder / "runs" / run).network.parameters[f"0_{kind}.w"]
    assert told["words"] == len(vectors) == len(data["vocabulary"])
    cat = vectors[data["vocabulary"].index("cat")]
    cosines = vectors @ cat / np.linalg.norm(vectors, axis=1) / np.linalg.norm(cat)
    best = np.argsort(-cosines)[1:4]
    near = told["questions"][0]["neighbours"]
    assert [entry["word"] for entry in near] == [data["vocabulary"][row] for row in best]
    np.testing.assert_allclose([entry["cosine"] for entry in near], cosines[best], rtol=1e-5)


def test_sums_of_words_quoted_or_not(folder: Path) -> None:
    run = run_of(folder, "glove")
    shown = said(folder, run, "king - cat + milk")
    assert shown.code == 0 and shown.out.splitlines()[2] == "king - cat + milk"
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    assert said(folder, run, "king", "-", "cat", "+", "milk").out == shown.out


def test_letters_and_numbers(folder: Path) -> None:
    run = run_of(folder, "sums")
    told = found(folder, run)
    assert told["questions"] == [] and len(told["circles"]) == 3 and told["words"] == 8
    assert sum(told["circles"]) == pytest.approx(1)
    assert "frequencies" in said(folder, run).out
    assert found(folder, run, "=")["questions"][0]["question"] == "="
    assert "circles" not in found(folder, run_of(folder, "glove"))


def test_agreement_with_another_run_and_with_the_sample(folder: Path) -> None:
    run, other = run_of(folder, "skip_gram"), run_of(folder, "cbow")
    same = found(folder, run, "--against", run)["against"]
    assert same == {"run": f"runs/{run}", "words": 14, "nearest": 10, "share": 1.0, "chance": 10 / 13}
    assert "nearest words" in said(folder, run, "cat", "--against", other).out
    assert found(folder, run, "--against", "glove10k")["against"]["words"] == 12  # neither <end> nor eats


def test_the_sample_needs_no_run(tmp_path: Path) -> None:
    done = said(tmp_path, "glove10k", "king", "-", "man", "+", "woman", "--count", "2")
    assert done.code == 0 and done.out.splitlines()[3].split()[:2] == ["queen", "0.852"]
    assert not (tmp_path / "runs").exists()


def test_nets_without_words_and_words_without_vectors(folder: Path) -> None:
    for line, text in (
        ([run_of(folder, "xor"), "cat"], "has no vectors of words"),
        ([run_of(folder, "glove"), "catt"], "has no word 'catt'. Did you mean 'cat'?"),
        (["glove10k", "king - quene"], "has no word 'quene'. Did you mean 'queen'?"),
        ([run_of(folder, "sums"), "=", "--against", "glove10k"], "words in common are too few"),
        ([run_of(folder, "sums"), "8"], "its words are 0, 1, 2, 3, 4, 5, 6, ="),
        (["nothing", "king"], "there is no run nothing"),
        (["glove10k", "king", "--count", "0"], "--count"),
    ):
        done = said(folder, *line)
        assert done.code == 2 and not done.out, line
        assert text in " ".join(done.err.split()), done.err
        assert all(len(row) <= 80 for row in done.err.splitlines())
