"""Sweeps that are refused before anything is trained, or cannot go on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

from command_lines import RECIPE, typed
from error_cases import Case


def values(*texts: str, more: str = "") -> Case:
    """Values of keys that make no sweep."""
    return f"sweep my.yaml {shlex.join(texts)} {more}".rstrip(), {}


def swept(line: str, change: Callable[[Path], object], *texts: str) -> Case:
    """A sweep that was trained, after which something has changed."""

    def prepare(folder: Path) -> None:
        assert typed(folder, ["sweep", "my.yaml", *(texts or ("optimizer.lr=0.1,0.2",)), "--quiet"]).code == 0
        found = next((folder / "runs").glob("sweep-*")).rename(folder / "runs" / "swept")
        change(found)

    return line, prepare


def recipe(text: str) -> Callable[[Path], object]:
    """Another recipe than then."""
    return lambda folder: (folder.parent.parent / "my.yaml").write_text(text)


def plan(**changes: object) -> Callable[[Path], object]:
    """Another sweep.json than then."""

    def write(folder: Path) -> None:
        document = json.loads((folder / "sweep.json").read_text())
        (folder / "sweep.json").write_text(json.dumps({**document, **changes}))

    return write


def table(folder: Path) -> None:
    """Another table than then."""
    (folder.parent.parent / "t.csv").write_text("a,b,y\n" + "".join(f"{i},{i},{i % 2}\n" for i in range(30)))


def other_table(folder: Path) -> None:
    """Another table than then, of a setting that is not the first."""
    (folder.parent.parent / "points.csv").write_text("x1,x2,target\n" + "".join(f"{i},{i},{i % 2}\n" for i in range(30)))


def suggested(folder: Path) -> None:
    """Another first setting than is suggested now, and one that is missing."""
    line = json.loads((folder / "members.jsonl").read_text().splitlines()[0])
    (folder / "members.jsonl").write_text(json.dumps({**line, "index": 0, "overrides": ["optimizer.lr=0.5"]}) + "\n")


SWEEP: list[Case] = [
    ("sweep", {}), ("sweep --resume", {}), ("sweep my.yaml --resume last train.epochs=1 --seeds 3 --dry-run", {}),
    ("sweep --resume last --no-save --sample 2 --seed 1", {}),
    ("sweep --resume last", {}), ("sweep --resume swep", {}), ("sweep --resume my.yaml", {}), ("sweep --resume ''", {}),
    ("sweep xorr optimizer.lr=1,2", {}), ("sweep my.yaml --seeds 0", {}), ("sweep my.yaml --sample 0", {}),
    ("sweep my.yaml --jobs 0", {}), ("sweep my.yaml --top 0", {}), ("sweep my.yaml --save fig.doc", {}),
    values("optimizer.lr"), values("=1,2"), values("optimizer.lr=0.1,,0.2"),
    values("optimizer.lr=0.1,0.2,0.1"), values("optimizer.lr=0.1,0.2", "optimizer.lr=0.3"),
    values("train.epochs=range()"), values("train.epochs=range(a,3)"), values("train.epochs=range(1,2,3,4)"),
    values("train.epochs=range(9,3)"), values("train.epochs=range(1,1e12)"), values("optimizer.lr=log(0.1,1)"),
    values("optimizer.lr=log(1)"), values("optimizer.lr=log(1,0.1,5)"), values("optimizer.lr=log(0,1,5)"),
    values("optimizer.lr=log(0.1,0.1000001,5)"), values("optimizer.lr=log(1e-200,1e200,5)"),
    values("optimizer.lr=log(1e-200,1e200)", more="--sample 3"),
    values("optimizer.lr=linear(-1e308,1e308)", more="--sample 3"),
    values("train.epochs=range(-1e308,1e308)"), values("optimizer.lr=range(1e12,1000000000001,0.1)"),
    values("optimizer.lr=linear(0.1,1,1)"), values(more="--sample 3"),
    values("train.epochs=range(1,9999)", "optimizer.lr=linear(1,2,9999)"),
    values(more="--seed 9223372036854775807 --seeds 2"),
    values("train.seed=1,2"), values("train.folds=2,3"), ("sweep folds.yaml optimizer.lr=0.1,0.2", {}),
    values("model[0].dense.units=0,8"), values("model[0].dense.untis=4,8"), values("optimizer=sgd,adma"),
    values("optimizer.lr=0.1,0.2", more="--metric test_acuracy"), values("optimizer.lr=0.1,0.2", more="--run-dir my.yaml"),
    ("sweep uses.yaml optimizer.lr=0.1,0.2", {}),
    swept("sweep --resume last", recipe(RECIPE.replace("tanh", "relu"))),
    swept("sweep --resume last", recipe(RECIPE.replace("dense: 4", "dense: 5").replace("epochs: 2", "epochs: 3"))),
    swept("sweep --resume last", table, "data={csv: t.csv, target: y}"),
    swept("sweep --resume last", other_table, "data={csv: t.csv, target: y},{csv: points.csv, target: target}"),
    swept("sweep --resume last", lambda folder: (folder / "sweep.json").write_text("{")),
    swept("sweep --resume last", plan(members="2")), swept("sweep --resume last", plan(members=3)),
    swept("sweep --resume last", plan(used={"a.py": "0"})),
    swept("sweep --resume last", lambda folder: (folder.parent.parent / "my.yaml").unlink()),
    swept("sweep --resume swetp", lambda folder: None),
    values("optimizer.lr=0.1,0.2", more="--no-prune"), values("optimizer.lr=0.1,0.2", more="--search tep --sample 2"),
    values("optimizer.lr=0.1,0.2", more="--search tpe"), values(more="--search tpe --sample 3"),
    values("optimizer.lr=0.1,0.2", more="--cluster 127.0.0.1:9 --jobs 2"),
    values("optimizer.lr=0.1,0.2", more="--cluster 127.0.0.1:9"), values("optimizer.lr=0.1,0.2", more="--cluster here"),
    values("optimizer.lr=0.1,0.2", more="--cluster ssh://here:8786"),
    values("data={csv: nowhere.csv, target: y}", "optimizer.lr=0.1,0.2", more="--search tpe --sample 2"),
    ("sweep --resume last --search tpe --no-prune", {}),
    swept("sweep --resume last", suggested, "optimizer.lr=log(0.1,1)", "--search", "tpe", "--sample", "2"),
    swept("sweep --resume last --metric train_accuracy", lambda folder: None, "optimizer.lr=log(0.1,1)", "--search", "tpe",
          "--sample", "2"),
    ("bench --sweep --cases xor", {}),
]  # fmt: skip
