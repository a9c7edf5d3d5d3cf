"""`dllab sweep` with other packages: refusals where they, or workers, are missing; a search as it is told."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from command_lines import typed
from fake_cluster import FakeClient
from marks import compiled_only

from dllab.cli import sweep_extras
from dllab.lab import cluster as clusters
from dllab.lab import cluster_batch

RECIPE = """\
data: {name: moons, samples: 40}
model: [{dense: 4}, tanh, {dense: classes}]
train: {epochs: 10, batch: 16}
"""
LINE = ["sweep", "r.yaml", "optimizer.lr=0.1,0.2", "--no-save"]

pytestmark = compiled_only
with_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="needs dask and distributed")
with_optuna = pytest.mark.skipif(find_spec("optuna") is None, reason="needs optuna")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DLLAB_RUNS", raising=False)
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


def plain(text: str) -> str:
    """A text as it is before it is folded."""
    return " ".join(text.split())


def test_packages_that_are_missing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_extras, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = typed(here, [*LINE, "--search", "tpe", "--sample", "2"])
    assert (done.code, done.err) == (
        2,
        "dllab: a search needs the package optuna, which is not installed\n  pip install 'dllab[tune]'\n",
    )
    done = typed(here, [*LINE, "--cluster", "127.0.0.1:8786"])
    assert (done.code, done.err) == (
        2,
        "dllab: --cluster needs the package distributed, which is not installed\n  pip install 'dllab[cluster]'\n",
    )


def with_client(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> FakeClient:
    client = FakeClient()
    for name, value in changes.items():
        setattr(client, name, value)
    monkeypatch.setattr(clusters, "connected", lambda address: client)
    return client


@with_dask
def test_a_worker_without_the_lab(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ModuleNotFoundError("No module named 'dllab'")
    with_client(monkeypatch, around=missing)
    done = typed(here, [*LINE, "--cluster", "tcp://a:1"])
    text = (
        "dllab: the worker tcp://a:1 cannot train: ModuleNotFoundError: No module named 'dllab' "
        "tcp://a:1 needs this version of dllab, and the files of the recipe under the same paths\n"
    )
    assert (done.code, plain(done.err)) == (2, plain(text))
    with_client(monkeypatch, error=missing)
    done = typed(here, [*LINE, "--cluster", "tcp://a:1"])
    text = (
        "dllab: workers cannot train this: ModuleNotFoundError: No module named 'dllab' "
        "each worker needs this version of dllab, and the files of the recipe under the same paths\n"
    )
    assert (done.code, plain(done.err)) == (2, plain(text))


@with_dask
def test_a_worker_with_other_data(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = with_client(monkeypatch)
    back = cluster_batch.Back("tcp://b:1", client.around, problem="the recipe's data are others there")
    monkeypatch.setattr(cluster_batch, "Back", lambda *_: back)
    done = typed(here, [*LINE, "--cluster", "tcp://a:1"])
    text = (
        "dllab: the worker tcp://b:1 cannot train this: the recipe's data are others there "
        "tcp://b:1 needs this version of dllab, and the files of the recipe under the same paths\n"
    )
    assert (done.code, plain(done.err)) == (2, plain(text))


@with_dask
def test_a_scheduler_that_is_gone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_client(monkeypatch, status="closed")
    done = typed(here, [*LINE, "--cluster", "tcp://a:1"])
    text = "dllab: the scheduler tcp://a:1 is gone what had ended is kept: go on with --resume when it is back\n"
    assert (done.code, plain(done.err)) == (2, plain(text))


@with_dask
def test_different_weights_are_not_sent(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_client(monkeypatch)
    done = typed(here, ["sweep", "r.yaml", "init_from=last,r.yaml", "--no-save", "--cluster", "tcp://a:1"])
    text = (
        "dllab: members that begin with different weights are not sent to a cluster "
        "give init_from one value, or leave out --cluster\n"
    )
    assert (done.code, plain(done.err)) == (2, plain(text))


@with_dask
def test_workers_that_differ_are_told_of_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = cluster_batch.here()
    with_client(monkeypatch, around={**around, "versions": {**around["versions"], "numpy": "1.0"}})
    done = typed(here, [*LINE, "--cluster", "tcp://a:1", "--json"])
    text = "dllab: bits may differ from those of this machine: numpy 1.0 there, OWN here (tcp://a:1)\n"
    told = text.replace("OWN", around["versions"]["numpy"])
    assert done.code == 0 and plain(done.err).startswith(plain(told)) and done.err.count("tcp://a:1)") == 1
    assert len(done.out.splitlines()) == 3


@with_optuna
def test_a_search_is_told_as_such(here: Path) -> None:
    line = ["sweep", "r.yaml", "optimizer.lr=log(0.0001,10)", "--search", "tpe", "--sample", "16", "--metric", "test_loss"]
    dry = typed(here, [*line, "--dry-run", "--jobs", "2"])
    assert dry.code == 0 and "r: 16 members to train, 16 settings found by TPE, seed 0, 2 at a time\n" in dry.out
    assert "--sample 16 --search tpe" in dry.out
    done = typed(here, line)
    assert done.code == 0 and re.search(r"r: 16 members trained, 16 settings, \d+ pruned", plain(done.out)), done.out
    assert "between" not in done.err and "Trial" not in done.err
    documents = [json.loads(text) for text in typed(here, [*line, "--json", "--no-save"]).out.splitlines()]
    assert documents[-1]["pruned"] == sum(one["status"] == "pruned" for one in documents[:-1]) > 0
    assert documents[-1]["best"]["mean"] == min(
        one["final"]["test"]["loss"] for one in documents[:-1] if one["status"] == "finished"
    )


@with_optuna
def test_a_search_that_is_finished_is_not_to_be_gone_on_with(here: Path) -> None:
    values = ["optimizer=sgd,adam", "optimizer.beta1=0.5,0.9", "optimizer.lr=log(0.001,1)"]
    done = typed(here, ["sweep", "r.yaml", *values, "--search", "tpe", "--sample", "8"])
    assert done.code == 1 and "failed" in done.out and "--resume" not in done.out
    (folder,) = (here / "runs").glob("sweep-*")
    journal = folder / "members.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    plan = json.loads((folder / "sweep.json").read_text())
    assert plan["versions"]["optuna"] == metadata.version("optuna")
    plan["versions"]["optuna"] = "1.0"
    (folder / "sweep.json").write_text(json.dumps(plan))
    again = typed(here, ["sweep", "--resume", "last"])
    assert f"optuna 1.0 then, {metadata.version('optuna')} now" in plain(again.err)
    assert json.loads((folder / "sweep.json").read_text())["versions"]["optuna"] == "1.0", "that it was begun with"


@with_dask
def test_a_dry_run_ends_with_the_line_that_trains_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_client(monkeypatch)
    options = ["--seed", "3", "--metric", "test_loss", "--cluster", "tcp://a:1"]
    done = typed(here, [*LINE[:-1], "--dry-run", *options])
    assert done.code == 0 and f"dllab {' '.join(LINE[:-1])} {' '.join(options)}" in plain(done.out.replace("\\\n", ""))


def test_the_best_setting_is_trained_with_a_seed_of_the_sweep(here: Path) -> None:
    line = ["sweep", "r.yaml", "optimizer.lr=0.1,0.2", "--no-save"]
    assert re.search(r"dllab train r.yaml optimizer.lr=0.\d --seed 100\n", typed(here, [*line, "--seed", "100"]).out)
    assert re.search(r"dllab train r.yaml optimizer.lr=0.\d  train the best", typed(here, line).out)
