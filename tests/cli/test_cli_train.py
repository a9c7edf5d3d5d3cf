"""`dllab train` as people and scripts run it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from terminals import CONTROL, Done, in_terminal, piped

RECIPE = """\
data: {name: moons, samples: 80, validation: 0.2}
model: [{dense: 8}, tanh, {dense: classes}]
loss: cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 6, batch: 16}
expect: {test_accuracy: 0.5}
"""
DIVERGING = """\
data: {name: function, samples: 60}
model: [{dense: 4}, relu, {dense: 1}]
loss: mse
optimizer: {sgd: {lr: 1e5}}
train: {epochs: 50}
"""
KEYS = ["recipe", "seed", "status", "epochs", "steps", "seconds", "run", "final"]
pty_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(RECIPE)
    (tmp_path / "diverging.yaml").write_text(DIVERGING)
    return tmp_path


def document(done: Done) -> dict[str, object]:
    """The one JSON document on stdout, without NaN."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    lines = done.out.splitlines()
    assert len(lines) == 1
    found: dict[str, object] = json.loads(lines[0], parse_constant=refuse)
    assert list(found) == KEYS
    return found


def test_lines_and_a_final_table(folder: Path) -> None:
    done = piped(folder, "train", "small.yaml")
    assert done.code == 0
    assert not CONTROL.search(done.out + done.err)
    assert len(re.findall(r"^epoch \d/6  loss ", done.out, re.MULTILINE)) == 6
    for words in ("split", "train", "validation", "test", "expected test accuracy: 50 %", "run kept in", "Try next:"):
        assert words in done.out
    assert "dllab gradcheck small.yaml" in done.out
    assert "learning rate is the first" not in done.out
    assert max(map(len, (line for line in done.out.splitlines() if "run kept" not in line))) <= 80


def test_json_is_one_document(folder: Path) -> None:
    done = piped(folder, "train", "small.yaml", "--json", "--seed", "7", "train.epochs=3")
    assert done.code == 0
    found = document(done)
    assert (found["recipe"], found["seed"], found["status"], found["epochs"]) == ("small", 7, "finished", 3)
    assert list(found["final"]) == ["train", "validation", "test"]  # type: ignore[call-overload]
    assert Path(str(found["run"]), "weights.safetensors").exists()
    assert "epoch 3/3" in done.err


def test_quiet_shows_only_the_result(folder: Path) -> None:
    done = piped(folder, "train", "small.yaml", "--quiet")
    assert done.err == ""
    assert "epoch 1/6" not in done.out
    assert "Try next" not in done.out
    assert "split" in done.out
    done = piped(folder, "train", "small.yaml", "--quiet", "--json", "--no-save")
    assert done.err == ""
    assert document(done)["run"] is None


def test_where_runs_go(folder: Path) -> None:
    piped(folder, "train", "small.yaml", "--quiet", "--run-dir", "elsewhere")
    piped(folder, "train", "small.yaml", "--quiet", env={"DLLAB_RUNS": "named"})
    piped(folder, "train", "small.yaml", "--quiet", env={"DLLAB_RUNS": None})
    piped(folder, "train", "small.yaml", "--quiet", "--no-save", "--run-dir", "nowhere")
    assert [len(list((folder / name).iterdir())) for name in ("elsewhere", "named", "runs")] == [1, 1, 1]
    assert not (folder / "nowhere").exists()


def test_overrides_of_both_kinds(folder: Path) -> None:
    done = piped(folder, "train", "small.yaml", "train.epochs=2", "-s", "optimizer.lr=0.5", "--set", "about=x", "--json")
    recipe = Path(str(document(done)["run"]), "recipe.yaml").read_text()
    assert "lr: 0.5" in recipe and "epochs: 2" in recipe and "about: x" in recipe


def test_divergence_names_layer_and_step(folder: Path) -> None:
    done = piped(folder, "train", "diverging.yaml")
    assert done.code == 1
    said = " ".join(done.out.split())
    assert re.search(r"The first (NaN|inf) appeared in .+, (at|in the update of) step \d+ \(epoch \d+\)", said)
    assert "optimizer.lr=10000" in said and "train.clip_norm=1" in said
    done = piped(folder, "train", "diverging.yaml", "--json")
    assert done.code == 1
    assert document(done)["status"] == "diverged"
    assert "appeared in" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "no recipe is called 'nothing'"),
        (["absent.yaml"], "no such file"),
        (["small.yaml", "optimizer.lr=fast"], "expected a number"),
        (["small.yaml", "epochs"], "an override without '='"),
        (["small.yaml", "model[2].dense.units=7"], "small.yaml"),
        (["small.yaml", "data.validation=0", "train.early_stop=3"], "early_stop needs a validation split"),
        (["small.yaml", "--run-dir", "no/such/place"], "there is no folder no/such"),
        (["small.yaml", "--run-dir", "small.yaml/x"], "runs cannot go to small.yaml/x"),
        (["small.yaml", "--seed", "-1"], "--seed"),
        (["small.yaml", "model=[{dense: 1000000}, {dense: 1000000}, {dense: classes}]"], "TB of memory"),
    ],
)
def test_refusals(folder: Path, arguments: list[str], words: str) -> None:
    done = piped(folder, "train", *arguments)
    assert done.code == 2
    assert words in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    "env",
    [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CI": "true"}],
    ids=["NO_COLOR", "TERM=dumb", "CI"],
)
@pty_only
def test_terminals_that_are_not_drawn_on(folder: Path, env: dict[str, str]) -> None:
    done = in_terminal(folder, "train", "small.yaml", env=env)
    assert done.code == 0
    assert not CONTROL.search(done.out)
    assert "epoch 6/6" in done.out


@pty_only
def test_a_terminal_shows_pictures(folder: Path) -> None:
    done = in_terminal(folder, "train", "small.yaml", "train.epochs=200")
    assert done.code == 0
    assert "\x1b[" in done.out
    assert done.out.startswith("dllab: getting ready")
    assert done.out.count("\x1b[?25l") == done.out.count("\x1b[?25h") == 1  # the cursor is back
    assert any("\u2800" < c < "\u2900" for c in done.out)
    assert "▀" in done.out
    assert "run kept in" in done.out


@pytest.mark.parametrize("size", [(24, 80), (20, 60), (50, 160), (5, 20)])
@pty_only
def test_no_line_of_the_picture_is_wider_than_the_terminal(folder: Path, size: tuple[int, int]) -> None:
    done = in_terminal(folder, "train", "small.yaml", size=size)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.out)
    assert done.code == 0
    lines = [line.rsplit("\r", 1)[-1] for line in plain.splitlines()]
    to_be_copied = ("run kept in ", "  dllab ")  # whole, however long
    assert max(len(line) for line in lines if not line.startswith(to_be_copied)) <= size[1]


@pty_only
def test_a_terminal_without_blocks_gets_ascii(folder: Path) -> None:
    done = in_terminal(folder, "train", "small.yaml", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.code == 0
    assert done.out.isascii()
    assert "####" in done.out
    assert "?" not in re.sub(r"\x1b\[\?", "", done.out)


def test_poor_encodings_in_pipes(folder: Path) -> None:
    done = piped(folder, "train", "small.yaml", env={"PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"})
    assert done.code == 0
    assert done.out.isascii()
    done = piped(folder, "train", "small.yaml", "model[2].dense.units=7", env={"PYTHONIOENCODING": "ascii"})
    assert done.code == 2
    assert done.err.isascii()


@pty_only
def test_the_picture_stays_out_of_a_piped_result(folder: Path) -> None:
    done = in_terminal(folder, "train", "small.yaml", "--json", piped_out=True)
    assert document(done)["status"] == "finished"
    assert "\x1b[" in done.err


@pty_only
def test_ctrl_c_while_training(folder: Path) -> None:
    done = in_terminal(folder, "train", "small.yaml", "train.epochs=100000000", interrupt="steps/s")
    assert done.code == 130
    assert "Traceback" not in done.out
    assert "dllab: interrupted" in done.out
    assert done.out.count("\x1b[?25l") == done.out.count("\x1b[?25h")
    (run,) = (folder / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert (run / "weights.safetensors").stat().st_size > 0


@pty_only
def test_ctrl_c_with_json(folder: Path) -> None:
    arguments = ["train", "small.yaml", "train.epochs=100000000", "--json"]
    done = in_terminal(folder, *arguments, interrupt="steps/s", piped_out=True)
    assert done.code == 130
    assert document(done)["status"] == "interrupted"


@pytest.mark.parametrize("moment", ["getting ready", "compiling"])
@pty_only
def test_ctrl_c_before_training(folder: Path, moment: str) -> None:
    env = {"DLLAB_CACHE": str(folder / "cache")}  # empty: everything has to be compiled
    done = in_terminal(folder, "train", "small.yaml", "train.epochs=100000000", interrupt=moment, env=env)
    assert done.code == 130
    assert "Traceback" not in done.out and "ignored" not in done.out
    assert "dllab: interrupted" in done.out
    assert done.out.count("\x1b[?25l") == done.out.count("\x1b[?25h")
