"""`dllab generate`, and `dllab predict` and `dllab eval` of texts and series, as a student calls them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from terminals import COMMAND, CONTROL, Done, environment, in_terminal, piped

HERE = {"DLLAB_RUNS": "runs"}
RECIPES = {
    "letters": """\
data: {names: female}
model: [{embedding: 8}, {gru: 16}, {dense: classes}]
metrics: [accuracy, perplexity, bits_per_character, sequence_accuracy]
optimizer: {adam: 0.01}
train: {epochs: 2, batch: 64}
""",
    "book": """\
data: {name: text, file: book.txt, length: 16}
model: [{embedding: 8}, {gru: 16}, {dense: classes}]
metrics: [bits_per_character]
optimizer: {adam: 0.02}
train: {epochs: 20, batch: 16}
""",
    "backwards": """\
data: {name: reversal, symbols: 3, min_length: 1, max_length: 3, samples: 39}
model:
  - embedding: 8
  - gru: {units: 32, name: encoder}
  - embedding: {units: 8, from: decoder}
  - gru: {units: 32, start: encoder}
  - dense: classes
metrics: [accuracy, sequence_accuracy]
optimizer: {adam: 0.02}
train: {epochs: 150, batch: 16}
""",
    "riders": """\
data: {name: airline, window: 6, horizon: 2}
model: [{gru: {units: 6, return: last}}, {dense: outputs}]
train: {epochs: 2}
""",
    "parity": """\
data: {name: running_parity, length: 4, samples: 40}
model: [{gru: 4}, {dense: classes}]
train: {epochs: 1}
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of every recipe."""
    place = tmp_path_factory.mktemp("writing")
    (place / "book.txt").write_text("A lazy dog sleeps.\nThe quick fox runs.\n" * 40)
    for name, text in RECIPES.items():
        (place / f"{name}.yaml").write_text(text)
        done = piped(place, "train", f"{name}.yaml", "-q", env=HERE)
        assert done.code == 0, done.err
    return place


def run_of(folder: Path, name: str) -> str:
    return next((folder / "runs").glob(f"{name}-*")).name


def said(folder: Path, name: str, *options: str) -> str:
    done = piped(folder, "generate", run_of(folder, name), *options, env=HERE)
    assert (done.code, done.err) == (0, "")
    assert not CONTROL.search(done.out)
    return done.out


def asked(folder: Path, *arguments: str, lines: str = "") -> Done:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(folder, HERE), input=lines, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return Done(done.returncode, done.stdout, done.stderr)


def rows(done: Done) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(done.out)))


def test_names_one_a_line_and_the_same_for_the_same_seed(folder: Path) -> None:
    names = said(folder, "letters", "--count", "6").splitlines()
    assert len(names) == 6 and len(set(names)) > 3
    assert all(name.isascii() and "." not in name for name in names)
    assert said(folder, "letters", "--count", "6").splitlines() == names
    assert said(folder, "letters", "--count", "3").splitlines() == names[:3]
    assert said(folder, "letters", "--count", "6", "--seed", "1").splitlines() != names
    begun = said(folder, "letters", "--count", "4", "--prompt", "em", "--length", "3").splitlines()
    assert all(name.startswith("em") and len(name) <= 5 for name in begun)
    likeliest = [said(folder, "letters", "--temperature", "0", "--seed", seed) for seed in "12"]
    assert likeliest[0] == likeliest[1] == said(folder, "letters", "--top-k", "1")


def test_a_text_of_a_length(folder: Path) -> None:
    text = said(folder, "book", "--length", "90", "--prompt", "The quick")
    assert text.startswith("The quick") and len(text.removesuffix("\n")) in (98, 99)
    assert said(folder, "book", "--length", "40", "--prompt", "A lazy ", "--temperature", "0").startswith("A lazy dog")
    two = said(folder, "book", "--length", "30", "--count", "2")
    assert two.count("\n\n") >= 1
    assert len(said(folder, "book")) >= 500


def test_a_prompt_that_is_not_seen_as_it_is_written(folder: Path, tmp_path: Path) -> None:
    def told(name: str, *line: str, runs: str = "runs") -> str:
        done = piped(folder, "generate", name, "--length", "3", *line, env={"DLLAB_RUNS": runs})
        assert done.code == 0
        return " ".join(done.err.split())

    book, letters = run_of(folder, "book"), run_of(folder, "letters")
    assert told(book, "--prompt", "The quick fox runs.") == (
        "dllab: --prompt: 19 letters, of which the net reads the last 16 only"
    )
    assert told(book, "--prompt", "The quick fox ru") == told(book, "--prompt", "The quick fox runs.", "-q") == ""
    most = json.loads((folder / "runs" / letters / "data.json").read_text())["input_shape"][0] - 1
    assert f"at most {most}: it knows of no letter behind" in told(letters, "--prompt", "a" * most)
    assert told(letters, "--prompt", "a" * (most - 1)) == ""
    words = str(tmp_path)
    train = ("train", "book.yaml", "data.level=word", "data.length=6", "train.epochs=1", "-q")
    assert piped(folder, *train, env={"DLLAB_RUNS": words}).code == 0
    assert told("last", "--prompt", "The Quiet quiet dog", runs=words) == (
        "dllab: --prompt: Quiet, quiet: not among the words of this net, read as <unk>"
    )
    lines = piped(folder, "generate", book, "--length", "30", "--prompt", "dog\r\nThe\r", env=HERE)
    assert lines.out.startswith("dog\nThe\n") and lines.code == 0


def test_the_document(folder: Path) -> None:
    run = run_of(folder, "letters")
    found = json.loads(said(folder, "letters", "--json", "--count", "2", "--prompt", "a", "--temperature", "0.5"))
    assert {**found, "samples": []} == {
        "run": run, "recipe": "letters", "prompt": "a", "length": found["length"], "temperature": 0.5, "top_k": None,
        "seed": 0, "samples": [],
    }  # fmt: skip
    lines = said(folder, "letters", "--count", "2", "--prompt", "a", "--temperature", "0.5").splitlines()
    assert [sample["text"] for sample in found["samples"]] == lines
    assert all(sample["tokens"] == len(sample["text"]) - 1 for sample in found["samples"])


def test_a_recipe_is_trained_first_and_nothing_is_kept(folder: Path) -> None:
    before = sorted(path.name for path in (folder / "runs").iterdir())
    done = piped(folder, "generate", "letters.yaml", "--count", "2", env=HERE)
    assert done.code == 0 and "epoch 2/2" in done.err
    assert done.out == said(folder, "letters", "--count", "2")
    assert sorted(path.name for path in (folder / "runs").iterdir()) == before
    changes = ("train.epochs=1", "-s", "optimizer.lr=0.02")
    changed = piped(folder, "generate", "letters.yaml", *changes, "--count", "2", env=HERE)
    assert changed.code == 0 and "epoch 1/1" in changed.err and changed.out != done.out
    quiet = piped(folder, "generate", "letters.yaml", "--count", "2", "-q", env=HERE)
    assert (quiet.out, quiet.err) == (done.out, "")


def test_a_recipe_that_begins_with_a_run_of_the_folder_that_is_given(folder: Path) -> None:
    begun = f"init_from={Path(run_of(folder, 'letters')).name}"
    (folder / "theirs").symlink_to(folder / "runs")
    line = ("generate", "letters.yaml", begun, "train.epochs=1", "--count", "1", "-q")
    done = piped(folder, *line, "--run-dir", "theirs", env={"DLLAB_RUNS": "none"})
    assert (done.code, done.err) == (0, "")
    assert "neither a run nor a recipe" in " ".join(piped(folder, *line, env={"DLLAB_RUNS": "none"}).err.split())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with head")
@pytest.mark.parametrize(
    "arguments", ["generate book --length 100000", "generate letters --count 10000", "generate book --json"]
)
def test_a_reader_that_leaves_is_no_error(folder: Path, arguments: str) -> None:
    command, name, *rest = arguments.split()
    line = f"{' '.join(COMMAND)} {command} {run_of(folder, name)} {' '.join(rest)} | head -c 20; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment(folder, HERE), capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr, len(done.stdout)) == (0, "", 20)


def test_predict_into_a_reader_that_leaves(folder: Path) -> None:
    (folder / "many.txt").write_text("abc\n" * 20_000)
    line = f"{' '.join(COMMAND)} predict {run_of(folder, 'letters')} many.txt | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment(folder, HERE), capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "line,text,next,probability,bits\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_text_comes_as_it_is_made_and_ctrl_c_ends_it(folder: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "generate", run_of(folder, "book"), "--length", "10000000"], cwd=folder,
        env=environment(folder, HERE), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    first = os.read(process.stdout.fileno(), 1)
    process.send_signal(signal.SIGINT)
    rest, told = process.communicate(timeout=60)
    assert process.returncode == 130 and len(first) == 1
    assert rest.endswith(b"\n") and told == b"dllab: interrupted\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
def test_in_a_terminal(folder: Path) -> None:
    done = in_terminal(folder, "generate", run_of(folder, "book"), "--length", "60", env=HERE)
    assert done.code == 0
    shown = done.out.rpartition("\r")[2]
    assert not CONTROL.search(shown) and len(shown) > 50


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
def test_a_terminal_is_not_steered_by_a_text_that_a_pipe_gets_as_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bell.txt").write_text("a\x1b\x07\n" * 200)
    (tmp_path / "bell.yaml").write_text(RECIPES["book"].replace("book.txt", "bell.txt").replace("20", "1"))
    assert piped(tmp_path, "train", "bell.yaml", "-q", env=HERE).code == 0
    line = ("generate", "last", "--length", "80", "--prompt", "a\x1b")
    assert "a\x1b" in piped(tmp_path, *line, env=HERE).out
    shown = in_terminal(tmp_path, *line, env=HERE).out.rpartition("\r")[2]
    assert "a\\x1b" in shown and not set("\x1b\x07") & set(shown)
    (tmp_path / "new.txt").write_text("a\x1b\x07\n")
    assert not set("\x1b\x07") & set(in_terminal(tmp_path, "predict", "last", "new.txt", env=HERE).out)


def test_names_are_told_what_comes_next(folder: Path) -> None:
    found = rows(asked(folder, "predict", run_of(folder, "letters"), "-", lines="Emma\n\nzoe\n"))
    assert [(row["line"], row["text"]) for row in found] == [("1", "Emma"), ("3", "zoe")]
    assert all(len(row["next"]) == 1 and 0 < float(row["probability"]) <= 1 and float(row["bits"]) > 0 for row in found)
    every = rows(asked(folder, "predict", run_of(folder, "letters"), "-", "--probabilities", lines="em\n"))
    assert [row["read"] for row in every] == [".", "e", "m"]
    assert sum(float(row) for name, row in every[0].items() if name.startswith("probability of")) == pytest.approx(1)


def test_answers_of_a_decoder(folder: Path) -> None:
    run = run_of(folder, "backwards")
    found = rows(asked(folder, "predict", run, "-", lines="ab\ncab\n"))
    assert [(row["answer"], row["ended"]) for row in found] == [("ba", "true"), ("bac", "true")]
    beam = rows(asked(folder, "predict", run, "-", "--beam", "3", "--probabilities", lines="ab\ncab\n"))
    assert [(row["text"], row["rank"]) for row in beam] == [(text, str(i)) for text in ("ab", "cab") for i in (1, 2, 3)]
    assert beam[0]["answer"] == "ba"
    document: dict[str, Any] = json.loads(asked(folder, "predict", run, "-", "--beam", "3", "--json", lines="ab\n").out)
    (entry,) = document["predictions"]
    assert document["kind"] == "answer" and entry["answer"] == "ba" and len(entry["answers"]) == 3
    assert entry["answers"][0]["ended"] and entry["answers"][0]["score"] >= entry["answers"][1]["score"]


def test_labels_and_forecasts(folder: Path) -> None:
    (folder / "bits.csv").write_text("t1,t2,t3,t4\n0,1,1,0\n1,1,1,1\n")
    header = (folder / "bits.csv").read_text().splitlines()[0]
    names = json.loads((folder / "runs" / run_of(folder, "parity") / "data.json").read_text())["features"]
    (folder / "bits.csv").write_text((folder / "bits.csv").read_text().replace(header, ",".join(names)))
    found = rows(asked(folder, "predict", run_of(folder, "parity"), "bits.csv"))
    assert [row["line"] for row in found] == ["2", "3"] and all(row["labels"] for row in found)
    (folder / "new.csv").write_text("passengers\n" + "".join(f"{400 + t}\n" for t in range(8)))
    forecast = rows(asked(folder, "predict", run_of(folder, "riders"), "new.csv"))
    assert [row["step"] for row in forecast] == ["1", "2"] and float(forecast[0]["passengers"]) > 0


def test_eval_on_texts(folder: Path) -> None:
    (folder / "judged.csv").write_text("text,target\nab,ba\nabc,cba\nba,ba\n")
    found = json.loads(asked(folder, "eval", run_of(folder, "backwards"), "judged.csv", "--json").out)
    assert found["rows"] == {"data": 3}
    assert found["figures"]["data"]["sequence_accuracy"] == pytest.approx(2 / 3)
    names = json.loads(asked(folder, "eval", run_of(folder, "letters"), "-", "--json", lines="emma\nzoe\n").out)
    assert names["rows"] == {"data": 2} and names["figures"]["data"]["bits_per_character"] > 1


@pytest.mark.parametrize("change", ["", "data.level=word", "data.task=masked"])
def test_eval_of_the_training_text_itself_gives_its_figures(folder: Path, tmp_path: Path, change: str) -> None:
    line = [change, *(["data.length=6"] if "word" in change else [])] if change else []
    runs = {"DLLAB_RUNS": str(tmp_path)}
    assert piped(folder, "train", "book.yaml", "train.epochs=2", *line, "-q", env=runs).code == 0
    own, other = (
        json.loads(piped(folder, "eval", "last", *file, "--json", env=runs).out) for file in ((), ("book.txt",))
    )  # fmt: skip
    assert abs(other["rows"]["data"] - sum(own["rows"].values())) <= 1
    assert other["figures"]["data"]["loss"] == pytest.approx(own["figures"]["train"]["loss"], rel=0.2)


HEADINGS = ["split", "rows", "loss", "accuracy", "perplexity", "bits/char", "seq.", "accuracy"]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("letters", "dllab generate last --count 10"), ("book", "dllab generate last"),
        ("backwards", "dllab predict last FILE"), ("riders", "dllab predict last FILE"),
    ],
)  # fmt: skip
def test_the_end_of_training_fits_and_suggests(folder: Path, name: str, command: str) -> None:
    done = piped(folder, "train", f"{name}.yaml", "train.steps=2", env={"DLLAB_RUNS": "others"})
    assert done.code == 0
    assert all(len(text) <= 80 for text in done.out.splitlines())
    following = done.out.partition("Try next:\n")[2].splitlines()
    assert following[0].split("  ")[1] == command
    if name == "letters":
        assert next(text for text in done.out.splitlines() if text.startswith("split")).split() == HEADINGS


def test_a_run_elsewhere_is_named_by_its_path(folder: Path) -> None:
    done = piped(folder, "train", "book.yaml", "train.steps=2", "--run-dir", "third", env=HERE)
    assert "  dllab generate third/book-" in done.out


def test_the_summary_tells_what_is_read(folder: Path) -> None:
    lines = [line.split() for line in asked(folder, "summary", "backwards.yaml").out.splitlines()]
    assert ["input", "4", "ids", "(B,", "3)"] in lines and ["decoder", "ids", "(B,", "4)"] in lines
    page = asked(folder, "recipes", "backwards.yaml").out
    assert "asks for one of 4 classes at every step" in " ".join(page.split())


def test_a_recipe_for_a_text(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "my book.txt").write_text("To be, or not to be, that is the question.\n" * 40)
    done = piped(tmp_path, "init", "my book.txt", "deep/hamlet.yaml")
    assert done.code == 0 and "for the text my book.txt" in done.err
    assert "dllab train deep/hamlet.yaml" in done.out
    done = piped(tmp_path, "train", "deep/hamlet.yaml", "train.steps=3", "-q", "--no-save")
    assert done.code == 0 and "bits/char" in done.out


PEEKING = "[{embedding: 4}, {bidirectional: [gru: 4]}, {dense: classes}]"


def test_training_a_net_that_sees_the_answer_says_so_and_advises_no_writing(folder: Path, tmp_path: Path) -> None:
    line = ("train", str(folder / "letters.yaml"), "train.steps=1", "train.epochs=", "--run-dir", str(tmp_path))
    done = piped(folder, *line, f"model={PEEKING}")
    assert done.code == 0 and "this net looks ahead" in done.out and "dllab generate" not in done.out
    assert "its figures are not those of a net that writes" in " ".join(done.out.split())
    document = piped(folder, *line, f"model={PEEKING}", "--json")
    assert "this net looks ahead" in document.err and json.loads(document.out)["status"] == "finished"
    honest = piped(folder, *line)
    assert "looks ahead" not in honest.out and "dllab generate" in honest.out


def test_a_decoder_that_sees_its_answer(folder: Path, tmp_path: Path) -> None:
    encoder = "{embedding: 4}, {gru: {units: 4, name: e}}"
    model = f"[{encoder}, {{embedding: {{units: 4, from: decoder}}}}, attention, {{dense: classes}}]"
    line = ("train", str(folder / "backwards.yaml"), "train.epochs=1", "--run-dir", str(tmp_path))
    done = piped(folder, *line, f"model={model}")
    assert done.code == 0 and "this net looks ahead" in done.out and "dllab predict" not in done.out
    honest = piped(folder, *line)
    assert "looks ahead" not in honest.out and "dllab predict" in honest.out
