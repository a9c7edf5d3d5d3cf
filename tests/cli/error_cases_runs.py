"""Runs that are refused: each a command line, and what happens to the folder of `command_lines` before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from command_lines import typed
from error_cases import MOONS, Case

from dllab.runs.disk import Lock
from dllab.runs.seal import BLANK, MARK, sealed, sealed_json, unsealed


def of_run(line: str, name: str, content: bytes | None) -> Case:
    """A file of the run `one` has another content, or is gone."""

    def act(folder: Path) -> None:
        path = folder / "runs/one" / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)

    return line, act


def bent(line: str, name: str, change: Callable[[bytes], bytes]) -> Case:
    """A file of the run `one` is changed."""

    def act(folder: Path) -> None:
        path = folder / "runs/one" / name
        path.write_bytes(change(path.read_bytes()))

    return line, act


def status(line: str, **facts: Any) -> Case:
    """Its run.json says something else."""
    return bent(line, "run.json", lambda content: json.dumps({**json.loads(content), **facts}).encode())


def facts(line: str, name: str = "checkpoint.safetensors", **changes: Any) -> Case:
    """A sealed file tells something else; `state` is merged."""

    def change(content: bytes) -> bytes:
        arrays, told = unsealed(content)
        state = {**told.get("state", {}), **changes.pop("state", {})}
        return sealed(arrays, {**told, **({"state": state} if "state" in told else {}), **changes})

    return bent(line, name, change)


def without(line: str, name: str, array: str) -> Case:
    """A sealed file lacks arrays."""

    def change(content: bytes) -> bytes:
        arrays, told = unsealed(content)
        return sealed({key: value for key, value in arrays.items() if array not in key}, told)

    return bent(line, name, change)


def data(line: str, **changes: Any) -> Case:
    """Its data.json says something else."""

    def change(content: bytes) -> bytes:
        document = json.loads(content)
        document.pop("sha256")
        return sealed_json({**document, **changes})

    return bent(line, "data.json", change)


def resealed(content: bytes) -> bytes:
    """The content with a checksum that fits."""
    place = content.index(MARK) + len(MARK)
    start, end = content[:place], content[place + len(BLANK) :]
    return start + hashlib.sha256(start + BLANK + end).hexdigest().encode() + end


def in_use(folder: Path) -> None:
    """Another one has the lock of the run `one`."""
    HELD.append(Lock(folder / "runs/one"))


def blocked(folder: Path) -> None:
    """A folder is where the weights of the run `one` belong."""
    path = folder / "runs/one" / WEIGHTS
    path.unlink()
    path.mkdir()


def trained(line: str, *changes: str, act: Callable[[Path], object] = lambda folder: None) -> Case:
    """Another run of the small recipe, `own`, with these changes; then something happens."""

    def before(folder: Path) -> None:
        (folder / "w.csv").write_text("a,y\n" + "".join(f"{'rgb'[i % 3]},{i % 2}\n" for i in range(40)))
        assert typed(folder, ["train", "my.yaml", "-q", *changes]).code == 0
        next((folder / "runs").glob("my-*")).rename(folder / "runs/own")
        act(folder)

    return line, before


def arrays(path: Path, x: list[list[float]], y: list[int]) -> None:
    """Inputs and targets as numpy saves them."""
    np.savez(path, x=np.array(x), y=np.array(y))


TABLE = ("data={csv: t.csv, target: y}",)
WORDS = "data={csv: w.csv, target: y}"
HELD: list[Lock] = []
LONGER = "resume one train.epochs=4"
CHECKPOINT, WEIGHTS = "checkpoint.safetensors", "weights.safetensors"
RUNS: list[Case] = [
    ("resume last --run-dir nothing", {}), ("resume lost", {}), ("resume lost --run-dir nothing", {}), ("resume on", {}),
    ("resume my.yaml", {}), ("resume folder", {}), ("resume folder --run-dir nothing", {}), ("resume one", {}),
    ("resume one train.epochs=1", {}), ("resume one train.batch=4", {}), ("resume one data.noise=0.5", {}),
    ("resume one optimizer=sgd", {}), ("resume one train.epocs=3", {}), ("resume one seed=3", {}),
    ("summary last", {}), trained("resume own", "train.steps=2"), trained("resume own train.steps=1", "train.steps=2"),
    ("train my.yaml train.clip_norm=1 train.steps=600 train.epochs=3", {}),
    (LONGER, lambda folder: (folder / "runs/one/recipe.yaml").unlink()),
    (LONGER, lambda folder: (folder / "runs/one/metrics.jsonl").write_bytes(b"")),
    of_run(LONGER, CHECKPOINT, None), of_run(LONGER, CHECKPOINT, b""), of_run(LONGER, CHECKPOINT, b"\0" * 7),
    of_run(LONGER, CHECKPOINT, b"\2" + b"\0" * 7 + b"{}"), bent(LONGER, CHECKPOINT, lambda content: content[:-1]),
    bent(LONGER, CHECKPOINT, lambda content: content.replace(b"state", b"stote")), facts(LONGER, data="other"),
    facts(LONGER, metrics=3), facts(LONGER, recipe="data: nothing\n"), without(LONGER, CHECKPOINT, "0_dense"),
    facts(LONGER, used={"mine.py": "x"}), facts("resume one train.epochs=9 train.early_stop=1 data.validation=0.2"),
    facts("resume one train.early_stop=1 expect.test_loss=1", state={"best": {"metric": "loss", "min_delta": 0.0,
          "waited": 3, "value": 1.0, "epoch": 1}}),
    bent(LONGER, CHECKPOINT, lambda content: resealed(content.replace(b"facts", b"fects"))), (LONGER, in_use),
    (LONGER, blocked),
    trained("predict own u.csv", WORDS, act=lambda folder: (folder / "u.csv").write_text("a\nq\n")),
    trained("predict own u.csv", WORDS, act=lambda folder: (folder / "u.csv").write_text(
        "a\n" + "".join(f"w{i}\n" for i in range(10_100)))),
    of_run("resume one", "run.json", None), of_run("resume one", "run.json", b"{"), of_run("resume one", "run.json", b"[]"),
    status("resume one", status="diverged"),
    ("resume two", lambda folder: (folder / "runs/two/checkpoint.safetensors").unlink()),
    ("explain one", {}),
    ("eval two", {}), ("eval one --weights best", {}), ("eval lost", {}), of_run("eval one", WEIGHTS, None),
    bent("eval one", WEIGHTS, lambda content: content[:-1]), facts("eval one", WEIGHTS, steps="many"),
    without("eval one", WEIGHTS, "0_dense"), of_run("eval one", "data.json", b"{"), data("eval one", task=3),
    data("eval one", shift="x"), data("eval one", task="guessing"),
    bent("eval one", "data.json", lambda content: content.replace(b"moons", b"mooms")),
    ("eval one", lambda folder: (folder / "runs/one/recipe.yaml").write_text(MOONS.replace("4", "5"))),
    of_run("eval one", "recipe.yaml", b"model: ["), ("predict one t.csv", {}), ("predict one none.csv", {}),
    ("predict one folder", {}), ("predict one binary.csv", {}), ("predict one empty.csv", {}), ("predict one -", {}),
    ("predict one u.csv", {"u.csv": "x1,x2\n1,\n"}), ("predict one u.csv", {"u.csv": "x1,x2\n1,red\n"}),
    ("predict one u.csv", {"u.csv": "x1,x2\n1,1e99\n"}), ("predict one u.csv", {"u.csv": "1,2\n3,4\n"}),
    trained("eval own d.npz", act=lambda folder: arrays(folder / "d.npz", [[1.0, 2.0, 3.0]], [0])),
    trained("eval own d.npz", act=lambda folder: arrays(folder / "d.npz", [[1.0, 2.0]], [7])),
    trained("eval own", "train.folds=2"), trained("resume own", "train.folds=2"),
    trained("resume own train.early_stop.patience=1 train.epochs=9", "train.early_stop={patience: 9, min_delta: 9.0}",
            "data.validation=0.2", "train.epochs=4"),
    ("eval one u.csv", {"u.csv": "x1,x2,target\n1,2,7\n"}), ("eval one u.csv", {"u.csv": "x1,x2,target\n1,2,\n"}),
    trained("eval own u.csv", "data=function", "model[2]={dense: outputs}", "loss=mse",
            act=lambda folder: (folder / "u.csv").write_text("x,target\n1,red\n")),
    trained("predict own u.csv", *TABLE, act=lambda folder: (folder / "u.csv").write_text("a,b\n1,\n")),
    trained("predict own u.csv", *TABLE, act=lambda folder: (folder / "u.csv").write_text("a,b\n1,red\n")),
    trained("resume own train.epochs=4", *TABLE, act=lambda folder: (folder / "t.csv").unlink()),
    trained("resume own train.epochs=9", "train.early_stop=1", "data.validation=0.2", "optimizer.lr=1e-9",
    "train.epochs=5"),
]  # fmt: skip
