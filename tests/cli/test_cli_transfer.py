"""The command line of transfer: what `dllab train` shows of it, kills in the middle, figures and predictions after."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from terminals import in_terminal, piped
from test_cli_resume import CHECKPOINTS, ended_by

from dllab.runs.store import CHECKPOINT, WEIGHTS, RunFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as on Unix")

LAYERS = "{dense: {units: 16, name: low}}, batch_norm, tanh, {dense: {units: 16, name: high}}, tanh, {dense: classes}"
NET = f"model: [{LAYERS}]\n"
BASE = f"data: {{name: blobs, classes: 3}}\n{NET}train: {{epochs: 20}}\n"
FINE = f"""data: {{name: blobs, classes: 4, samples: 400}}
{NET}init_from: base.yaml
freeze: [low, 1_batch_norm]
lr_factors: {{high: 0.1}}
optimizer: {{adam: 0.001}}
train: {{epochs: 1500, batch: 8, evaluate_every: 100, checkpoint: {{every: 5}}, weight_decay: 0.01}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "fine.yaml").write_text(FINE)
    return tmp_path


def of(folder: Path, name: str) -> Path:
    (run,) = (folder / "runs").glob(f"{name}-*")
    return run


def test_what_is_told_before_training(folder: Path) -> None:
    done = piped(folder, "train", "fine.yaml", "train.epochs=2")
    assert done.code == 0, done.err
    base = of(folder, "base")
    lines = [line for line in done.out.splitlines() if not line.startswith("compiling")]
    assert lines[0] == "base is trained first, for its weights: 160 steps"
    assert lines[1] == "fine: 2 epochs, 76 steps; rows: 300 train, 100 test"
    assert lines[2].startswith(f"weights of run {base}, test accuracy ")
    assert lines[3:7] == [
        "  taken      low, 1_batch_norm, high (352 parameters)",
        "  new        5_dense",
        "  frozen     low, 1_batch_norm (80 of 420 parameters)",
        "  lr factors high 0.1",
    ]
    again = piped(folder, "train", "fine.yaml", "train.epochs=2", "--json")
    assert "trained first" not in again.err and str(base) in again.err
    told = json.loads(again.out)
    assert told["init_from"]["run"] == str(base) and told["init_from"]["taken"] == ["low", "1_batch_norm", "high"]
    assert told["frozen_parameters"] == 80 and told["lr_factors"] == [{"name": "high", "factor": 0.1}]


def test_what_a_terminal_shows(folder: Path) -> None:
    done = in_terminal(folder, "train", "fine.yaml", "train.epochs=2", "--watch", "0")
    assert done.code == 0
    for words in ("base first", "weights of run", "frozen     low, 1_batch_norm", "  new        5_dense"):
        assert words in done.out


@pytest.mark.parametrize("number", [pytest.param(signal.SIGKILL, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_kill_in_the_middle_and_the_source_gone(folder: Path, number: signal.Signals) -> None:
    whole = folder / "whole"
    whole.mkdir()
    for name in ("base.yaml", "fine.yaml"):
        shutil.copy(folder / name, whole)
    assert piped(whole, "train", "fine.yaml", "-q", env={"DLLAB_RUNS": str(whole / "runs")}).code == 0
    assert piped(folder, "train", "base.yaml", "-q").code == 0
    code = ended_by(number, 0.05, folder, "train", "fine.yaml", "-q", after=Path("runs", "fine-*", CHECKPOINT))
    assert code in (-signal.SIGKILL, 143)
    run = of(folder, "fine")
    source, _ = RunFolder(of(folder, "base")).read_arrays(WEIGHTS)
    shutil.rmtree(of(folder, "base"))
    (folder / "base.yaml").unlink()
    done = piped(folder, "resume", str(run), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["init_from"]["recipe"] == "base"
    other = of(whole, "fine")
    assert (run / WEIGHTS).read_bytes() == (other / WEIGHTS).read_bytes()
    after, _ = RunFolder(run).read_arrays(WEIGHTS)
    for name, array in after.items():
        assert (name in source and array.tobytes() == source[name].tobytes()) == name.startswith(("low", "1_batch")), name
    figures = json.loads(piped(folder, "eval", str(run), "--json").out)["figures"]
    assert figures == json.loads((run / "run.json").read_text())["final"]
    (folder / "rows.csv").write_text("x1,x2\n0,0\n1,1\n")
    assert piped(folder, "predict", str(run), "rows.csv").code == 0


def test_a_kill_while_the_first_is_trained(folder: Path) -> None:
    text = BASE.replace("epochs: 20", "epochs: 3000, batch: 4, checkpoint: {every: 5}")
    (folder / "base.yaml").write_text(text)
    code = ended_by(signal.SIGINT, 0.05, folder, "train", "fine.yaml", "-q", "train.epochs=2", after=CHECKPOINTS)
    assert code == 130
    (run,) = (folder / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert piped(folder, "resume", str(run), "-q").code == 0
    time.sleep(0.01)
    assert piped(folder, "train", "fine.yaml", "-q", "train.epochs=2").code == 0
    assert of(folder, "base") == run


def test_what_takes_no_weights_trains_nothing(folder: Path) -> None:
    for line in (["summary", "fine.yaml"], ["gradcheck", "fine.yaml"], ["init", "fine.yaml", "new.yaml"]):
        done = piped(folder, *line)
        assert done.code == 0, done.err
        assert not (folder / "runs").exists()
    shown = piped(folder, "summary", "fine.yaml").out
    assert "dense, frozen" in shown and "dense, lr x 0.1" in shown
    assert "4 arrays are frozen and left out" in piped(folder, "gradcheck", "fine.yaml").out
    layers = json.loads(piped(folder, "summary", "fine.yaml", "--json").out)["layers"]
    assert [layer.get("frozen") for layer in layers] == [48, 32, None, None, None, None]
    assert [layer.get("lr_factor") for layer in layers] == [None, None, None, 0.1, None, None]
    assert piped(folder, "train", "new.yaml", "train.epochs=2").code == 0
