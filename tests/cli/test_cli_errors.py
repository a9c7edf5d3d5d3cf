"""What is said of command lines that are refused, word for word, at 80 columns."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shlex
import shutil
from pathlib import Path

import error_cases
import error_cases_activations
import error_cases_asking
import error_cases_compare
import error_cases_landscape
import error_cases_layers
import error_cases_lessons
import error_cases_live
import error_cases_looks
import error_cases_made
import error_cases_pictures
import error_cases_planes
import error_cases_rates
import error_cases_recurrent
import error_cases_runs
import error_cases_saving
import error_cases_sequences
import error_cases_steps
import error_cases_store
import error_cases_sweep
import error_cases_transfer
import error_cases_words
import numpy
import pytest
from command_lines import Ended, fresh, made, typed

import dllab
from dllab import places
from dllab.cli import failures
from dllab.cli.commands import loaded
from dllab.core import cache
from dllab.engine import prepare
from dllab.lab import bench, peers
from dllab.lab.gradcheck import check_network
from dllab.recipe import RecipeError, load
from dllab.training import trainer

GOLDEN = Path(__file__).parent / "golden"
HOME = "/home/ann"
AREAS = {
    "asking": error_cases_asking.ASKING,
    "commands": error_cases.COMMANDS, "recipes": error_cases.RECIPES, "fits": error_cases.FITS,
    "tables": error_cases.TABLES, "own_parts": error_cases.OWN_PARTS, "runs": error_cases_runs.RUNS,
    "transfer": error_cases_transfer.TRANSFER,
    "pictures": error_cases_pictures.PICTURES, "made": error_cases_made.MADE,
    "looks": error_cases_looks.LOOKS,
    "sequences": error_cases_sequences.SEQUENCES,
    "words": error_cases_words.WORDS,
    "recurrent": error_cases_recurrent.RECURRENT,
    "layers": error_cases_layers.LAYERS,
    "live": error_cases_live.LIVE,
    "steps": error_cases_steps.STEPS,
    "store": error_cases_store.STORE,
    "saving": error_cases_saving.SAVING,
    "activations": error_cases_activations.ACTIVATIONS,
    "landscape": error_cases_landscape.LANDSCAPE,
    "planes": error_cases_planes.PLANES,
    "rates": error_cases_rates.RATES,
    "sweep": error_cases_sweep.SWEEP,
    "compare": error_cases_compare.COMPARE,
    "lessons": error_cases_lessons.LESSONS,
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recipes, tables and runs."""
    folder: Path = tmp_path_factory.mktemp("base")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DLLAB_RUNS", raising=False)
        made(folder)
    return folder


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DLLAB_RUNS", raising=False)


@pytest.fixture
def ann(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose path is shown as /home/ann, also where lines are broken; in it 8 GB of memory are free."""
    from dllab.cli import failures
    from dllab.engine import budget
    from dllab.recipe.errors import Problem

    folder = tmp_path / "ann"
    render, folded = Problem.render, failures.folded

    def named(text: str) -> str:
        return text.replace(str(folder.resolve()), HOME)

    def rendered(problem: Problem, columns: int = 80) -> str:
        place = dataclasses.replace(problem.place, label=named(problem.place.label))
        return render(Problem(named(problem.message), place, named(problem.hint), problem.rows), columns)

    monkeypatch.setattr(Problem, "render", rendered)
    monkeypatch.setattr(failures, "folded", lambda text: folded(named(text)))
    monkeypatch.setattr(budget, "bytes_available", lambda: 8_000_000_000)
    return folder


def put(folder: Path, files: error_cases.Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def entry(title: str, done: Ended) -> str:
    """What the golden holds of a line: its exit code and all that is said."""
    said = re.sub(r"(?m)^Usage: .*$", lambda usage: re.sub(r"[{}]", "", usage[0]), done.err)  # typer's versions differ
    return f"=== {title if len(title) < 200 else title[:199] + '…'}\nexit {done.code}\n{said}"


def compare(name: str, text: str) -> None:
    """Fail unless the text is that of the golden file; DLLAB_WRITE_GOLDENS=1 writes the file instead."""
    path = GOLDEN / f"errors_{name}.txt"
    if os.environ.get("DLLAB_WRITE_GOLDENS") == "1":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("area", AREAS)
def test_the_text_of_errors(base: Path, ann: Path, area: str) -> None:
    texts = []
    for line, before in AREAS[area]:
        fresh(base, ann)
        if callable(before):
            before(ann)
        else:
            put(ann, before)
        texts.append(entry(f"dllab {line}", typed(ann, shlex.split(line))))
    compare(area, "\n".join(texts))
    assert [text for text in texts if "\nexit 2\n" not in text] == []


def test_the_text_of_errors_in_python(base: Path, ann: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(base, ann)
    monkeypatch.chdir(ann)
    names = {"dllab": dllab, "numpy": numpy, "functools": functools, "load": load, "check_network": check_network,
             "trainer": trainer}  # fmt: skip
    texts = []
    for code in (*error_cases.PYTHON, *error_cases_steps.PYTHON):
        with pytest.raises((ValueError, RecipeError)) as raised:
            exec(code, dict(names))
        texts.append(f"=== {code}\n{type(raised.value).__name__}: {raised.value}\n")
    compare("python", "\n".join(texts))


def test_the_text_of_errors_in_the_labs_own_files(base: Path, ann: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ann / "dllab"
    there = {kind: places.folder(kind) for kind in ("datasets", "recipes")}  # type: ignore[arg-type]
    monkeypatch.setattr(places, "PACKAGE", package)
    texts = []
    for line, change in (*error_cases.SHIPPED, *error_cases_sequences.SHIPPED, *error_cases_words.SAMPLE):
        fresh(base, ann)
        for kind, folder in there.items():
            shutil.copytree(folder, package / "shipped" / kind)
        change(package / "shipped/datasets")
        prepare._prepared.cache_clear()
        texts.append(entry(f"dllab {line}", typed(ann, shlex.split(line))))
    compare("shipped", "\n".join(texts))
    assert all("\nexit 2\n" in text for text in texts)


def test_the_text_of_errors_of_surroundings(base: Path, ann: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(base, ann)
    assert typed(ann, ["train", "table.yaml", "-q"]).code == 0
    next((ann / "runs").glob("table-*")).rename(ann / "runs/tables")
    texts = [entry("dllab predict one - (nothing is piped into it)", typed(ann, ["predict", "one", "-"], None))]
    monkeypatch.setattr(failures, "write_log", lambda error: "/tmp/dllab-error-1.log")
    for title, error in error_cases.SURROUNDINGS.items():
        with monkeypatch.context() as patch:
            patch.setattr(loaded("schema"), "callback", functools.partial(fail, error))
            texts.append(entry(f"dllab schema ({title})", typed(ann, ["schema"])))
    for part in error_cases.FAILING:
        (ann / "own.py").write_text(part)
        texts.append(
            entry("dllab train uses.yaml --trust", typed(ann, ["train", "uses.yaml", "--trust", "-q", "--no-save"]))
        )
    (ann / "t.csv").write_text("a,b,y\n" + "1,2,0\n2,3,1\n" * 20)
    texts.append(entry("dllab eval tables", typed(ann, ["eval", "tables"])))
    monkeypatch.setattr(cache, "kept", lambda: False)
    texts.append(entry("dllab train my.yaml (no cache)", typed(ann, ["train", "my.yaml", "-q", "--no-save"])))
    monkeypatch.setattr(bench, "run", lambda *_: iter(()))
    monkeypatch.setattr(peers, "installed", lambda name: False)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    texts.append(entry("dllab bench --against torch", typed(ann, ["bench", "--against", "torch"])))
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    texts.append(entry("NUMBA_DISABLE_JIT=1 dllab bench", typed(ann, ["bench"])))
    compare("surroundings", "\n".join(texts))


@pytest.mark.parametrize("folder", ["\ud800", "\udcff", "a\0b", "n" * 300])
def test_folders_that_cannot_be(base: Path, ann: Path, folder: str) -> None:
    fresh(base, ann)
    for line in (["resume", "last"], ["eval", "last"], ["train", "my.yaml", "-q"]):
        done = typed(ann, [*line, "--run-dir", folder])
        assert done.code == (0 if line[0] == "train" and folder == "\udcff" else 2)


def fail(error: BaseException, *arguments: object, **options: object) -> None:
    raise error


@pytest.mark.parametrize("area", [*AREAS, "shipped", "surroundings"])
def test_80_columns_are_enough(area: str) -> None:
    for line in (GOLDEN / f"errors_{area}.txt").read_text(encoding="utf-8").splitlines():
        assert len(line) <= 80 or line.startswith(("=== ", "dllab: internal error")) or " " not in line.strip()
