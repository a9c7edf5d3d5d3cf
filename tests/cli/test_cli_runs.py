"""`dllab runs` and `dllab verify` as they are typed: what they show at 80 columns, exit codes, documents."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_lines import typed
from made_runs import make_run, make_sweep
from terminals import in_terminal, piped

import dllab
from dllab.runs.disk import Lock
from dllab.runs.find import runs_in
from dllab.runs.index import NAME
from dllab.runs.store import WEIGHTS

GOLDEN = Path(__file__).parent / "golden"
SWEEP = "sweep-xor-20261125-110000"
UTC = {"TZ": "UTC"}


def line(epoch: int, rate: float, seed: int) -> dict[str, object]:
    """A line of metrics.jsonl."""
    figures = {"loss": 0.5, "accuracy": min(1.0, epoch / 20 + seed / 4)}
    return {"epoch": epoch, "step": epoch, "loss": 1 / (epoch + rate), "train": figures}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two recipes, one of which diverged, and a sweep."""
    folder: Path = tmp_path_factory.mktemp("store")
    root = folder / "runs"
    for number, rate in enumerate((0.01, 0.02, 0.05)):
        for seed in (0, 1):
            name = f"xor-20261125-10000{2 * number + seed}"
            run = make_run(root, name, 0.5 + 0.1 * number + 0.25 * seed, seed=seed, changes={"lr: 0.05": f"lr: {rate}"},
                           run=f"runs/{name}", versions={"dllab": "0.1.0", "numpy": "2.4.6", "numba": "0.68.1"},
                           machine={"processor": "Z80"})  # fmt: skip
            lines = [line(epoch, rate, seed) for epoch in range(1, 21)]
            (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    make_run(root, "moons-20261125-110000", recipe="moons", split="validation", seed=5)
    make_run(root, "moons-20261125-120000", recipe="moons", seed=6, status="diverged", final={})
    make_sweep(root, members=range(20))
    return folder


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """80 columns, and no time zone of this place."""
    monkeypatch.delenv("DLLAB_RUNS", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


LINES = {
    "runs_list": "runs",
    "runs_list_filtered": "runs list --where test_accuracy>0.6 --sort -test_accuracy --limit 3",
    "runs_list_sweep": f"runs list {SWEEP} --sort -test_accuracy --limit 4",
    "runs_list_mean": "runs list --mean --sort -test_accuracy",
    "runs_list_mean_sweep": f"runs list {SWEEP} --mean --sort test_loss",
    "runs_list_nothing": "runs list --where recipe=spirals --where seed=0",
    "runs_show": "runs show xor-20261125-100001",
    "runs_show_member": f"runs show {SWEEP}:17",
    "runs_compare": "runs compare xor-20261125-100000 xor-20261125-100003 xor-20261125-100005",
    "runs_compare_members": f"runs compare {SWEEP}:0 {SWEEP}:5",
    "runs_best": "runs best",
    "runs_best_recipe": "runs best --recipe xor --limit 3",
    "runs_export": "runs export --where recipe=xor --where member=none",
    "runs_reindex": "runs reindex",
}


@pytest.mark.parametrize("name", LINES)
def test_what_is_shown(store: Path, name: str, utc: None) -> None:
    done = typed(store, LINES[name].split())
    assert (done.code, done.err) == (0, "")
    text = f"$ dllab {LINES[name]}\n{done.out}"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("DLLAB_WRITE_GOLDENS") == "1":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
    if name != "runs_export":
        table = [line for line in text.splitlines()[1:] if not line.startswith(("  dllab", "no run"))]
        assert max(map(len, table), default=0) <= 80


@pytest.mark.parametrize("columns", ["60", "200"])
@pytest.mark.parametrize("name", [name for name in LINES if name != "runs_export"])
def test_other_widths(store: Path, name: str, columns: str, utc: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    done = typed(store, LINES[name].split())
    lines = [line for line in done.out.splitlines() if not line.startswith("  dllab") and str(store) not in line]
    assert done.code == 0 and max(map(len, lines), default=0) <= int(columns)
    assert "…" not in done.out, "no cell is cut"


def test_a_terminal_without_signs_beyond_ascii(store: Path) -> None:
    done = piped(store, *LINES["runs_compare"].split(), env={**UTC, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"})
    assert done.code == 0 and done.out.isascii() and "?" not in done.out
    assert " A" in done.out and "B" in done.out


def test_in_a_terminal(store: Path) -> None:
    done = in_terminal(store, "runs", "best")
    assert done.code == 0 and "xor-20261125-100005" in done.out


def test_many_folders_are_read_with_a_bar(tmp_path: Path) -> None:
    for number in range(60):
        make_run(tmp_path / "runs", f"run-{number}")
    done = in_terminal(tmp_path, "runs", "list", "--limit", "1")
    assert done.code == 0 and "reading runs" in done.out and "/60" in done.out
    assert "reading runs" not in in_terminal(tmp_path, "runs", "list", "--limit", "1").out


def test_an_empty_folder_and_none(tmp_path: Path, utc: None) -> None:
    for _ in range(2):
        done = typed(tmp_path, ["runs"])
        assert (done.code, done.err) == (0, "")
        assert done.out == "there is no run in runs: `dllab train RECIPE` makes one\n"
        (tmp_path / "runs").mkdir(exist_ok=True)
    assert typed(tmp_path, ["runs", "best"]).code == 0
    assert json.loads(typed(tmp_path, ["runs", "list", "--json"]).out)["runs"] == []


def test_a_folder_given_by_an_option(store: Path, tmp_path: Path) -> None:
    there = str(store / "runs")
    done = piped(tmp_path, "runs", "best", "--run-dir", there)
    assert done.code == 0 and there in done.out and "--run-dir" in done.out


def test_documents(store: Path, utc: None) -> None:
    listed = json.loads(typed(store, ["runs", "list", "--json"]).out)
    assert listed["total"] == len(listed["runs"]) == 8 and listed["differing"] == ["optimizer.lr"]
    assert [sweep["members"] for sweep in listed["sweeps"]] == [20]
    shown = json.loads(typed(store, ["runs", "show", "xor-20261125-100001", "--json"]).out)
    assert len(shown["history"]) == 20 and shown["settings"]["optimizer.lr"] == 0.01
    compared = json.loads(typed(store, ["runs", "compare", "xor-20261125-100000", f"{SWEEP}:7", "--json"]).out)
    assert {one["key"] for one in compared["differing"]} == {"optimizer.lr", "train.seed"}
    found = json.loads(typed(store, ["runs", "best", "--recipe", "xor", "--json"]).out)
    assert found["best"][0]["runs"][0]["run"] == "xor-20261125-100005"


def test_export(store: Path, tmp_path: Path, utc: None) -> None:
    table = list(csv.DictReader(io.StringIO(typed(store, ["runs", "export"]).out)))
    assert len(table) == 28 and sum(row["member"] == "19" for row in table) == 1
    done = typed(store, ["runs", "export", str(tmp_path / "t.csv"), "--mean"])
    assert (done.out, done.err) == ("", f"6 lines written to {tmp_path / 't.csv'}\n")
    means = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text())))
    assert {row["count"] for row in means} == {"2", "5"} and "test_accuracy_sd" in means[0]
    typed(store, ["runs", "export", str(tmp_path / "t.json"), "--limit", "2"])
    assert len(json.loads((tmp_path / "t.json").read_text())["runs"]) == 2
    assert json.loads(typed(store, ["runs", "export", "--json"]).out)["total"] == 28


def test_a_damaged_index_is_told_in_one_line(store: Path) -> None:
    before = piped(store, "runs").out
    (store / "runs" / NAME).write_bytes(b"nonsense" * 1000)
    done = piped(store, "runs")
    assert (done.code, done.out) == (0, before)
    assert " ".join(done.err.split()).endswith(
        f"/{NAME} was damaged: it is set aside as {NAME}.damaged, and made anew from the runs"
    )


def test_rm(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    names = ["one", "two", "three"]
    for name in names:
        make_run(root, name)
    make_sweep(root, members=range(3))
    done = piped(tmp_path, "runs", "rm", "one", SWEEP, "--yes")
    assert (done.code, done.err) == (0, "") and len(done.out.splitlines()) == 2
    assert sorted(path.name for path in root.iterdir()) == ["three", "two"]
    lock = Lock(root / "two")
    done = piped(tmp_path, "runs", "rm", "three", "two", "--yes")
    assert done.code == 2 and "is in use" in done.err
    lock.release()
    assert len(runs_in(root)) == 2, "where one cannot be deleted none is"


def test_rm_of_one_run_by_several_spellings(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for name in ("one", "two"):
        make_run(root, name)
    done = typed(tmp_path, ["runs", "rm", "-y", "runs/one", "one", str(root / "one"), "runs/two/../one", "two"])
    assert (done.code, done.err, len(done.out.splitlines())) == (0, "", 2)
    assert runs_in(root) == []
    inside = make_run(root, "three")
    done = piped(inside, "runs", "rm", "-y", ".")
    assert (done.code, done.err, runs_in(root)) == (0, "", [])


def test_rm_of_a_run_that_somebody_else_deletes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go all the same."""
    root = tmp_path / "runs"
    for name in ("one", "two", "three"):
        make_run(root, name)

    def agreed(names: list[str]) -> bool:
        shutil.rmtree(root / "one")
        return True

    monkeypatch.setattr("dllab.cli.runs_rm._agreed", agreed)
    done = typed(tmp_path, ["runs", "rm", "one", "two"])
    assert done.err == ("dllab: runs/one cannot be opened: No such file or directory\n  check the path and its rights\n")
    assert (done.code, done.out, [run.name for run in runs_in(root)]) == (2, "deleted runs/two\n", ["three"])


def test_rm_of_a_link(tmp_path: Path) -> None:
    """The link goes, of which nothing is left behind, and the run stays."""
    run = make_run(tmp_path / "elsewhere", "one")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/link").symlink_to(run)
    (tmp_path / "runs/.removed-1-old").symlink_to(run)  # by a version that did not know links
    done = typed(tmp_path, ["runs", "rm", "-y", "link"])
    assert (done.code, done.out) == (0, "deleted runs/link, a link; what it leads to stays\n")
    assert list((tmp_path / "runs").glob("[!i]*")) == [] and (run / "run.json").exists()


def test_rm_tells_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "runs", "one")
    make_run(tmp_path / "runs", "two")
    real = shutil.rmtree

    def stubborn(path: Path, ignore_errors: bool = False) -> None:
        if path.name.endswith("two"):
            real(path)
        elif not ignore_errors:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", stubborn)
    done = typed(tmp_path, ["runs", "rm", "-y", "one", "two"])
    assert done.err.replace(str(os.getpid()), "PID") == (
        "dllab: not all of runs/one could be deleted: Permission denied\n  the rest is in runs/.removed-PID-one\n"
    )
    assert (done.code, done.out, runs_in(tmp_path / "runs")) == (2, "deleted runs/two\n", [])


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 1), ("", 1)])
def test_rm_asks(tmp_path: Path, answer: str, left: int) -> None:
    import pty
    import subprocess

    from terminals import COMMAND, environment

    make_run(tmp_path / "runs", "one")
    master, slave = pty.openpty()
    process = subprocess.Popen([*COMMAND, "runs", "rm", "one"], cwd=tmp_path, env=environment(tmp_path), stdin=slave,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    os.write(master, f"{answer}\n".encode())
    _, errors = process.communicate(timeout=60)
    os.close(master)
    os.close(slave)
    asked = "delete one? [y/N] "
    assert (process.returncode, errors) == (0, asked + "dllab: nothing was deleted\n" * left)
    assert len(runs_in(tmp_path / "runs")) == left


def words(text: str) -> str:
    """The text, however its lines are broken."""
    return " ".join(text.split())


def test_verify(tmp_path: Path, utc: None) -> None:
    for seed in (0, 1):
        folder = dllab.train("xor", train__epochs=5, seed=seed, run_dir=tmp_path / "runs").folder
        assert folder is not None
        folder.rename(tmp_path / "runs" / f"seed-{seed}")
    done = piped(tmp_path, "verify", "seed-0")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("seed-0: the same bits\n5 evaluations and all 33 numbers of the net equal, bit by bit\n")
    document = json.loads(typed(tmp_path, ["verify", "seed-1", "--json"]).out)
    assert document["same"] and document["first"] is None
    (tmp_path / "runs/seed-0" / WEIGHTS).write_bytes((tmp_path / "runs/seed-1" / WEIGHTS).read_bytes())
    done = typed(tmp_path, ["verify", "seed-0"])
    assert done.code == 1 and done.out.startswith("seed-0: NOT the same\n")
    assert "they differ first at the end: 0_dense.w[0, 0]\n" in done.out
    assert "versions, processor, recipe and data are what they were: the files are those of another run" in words(done.out)
    (tmp_path / "runs/seed-0/checkpoint.safetensors").unlink()
    done = typed(tmp_path, ["verify", "seed-0"])
    assert "are what they were" not in done.out
    assert "not known, as the run kept nothing to compare with: whether the recipe changed" in words(done.out)
    document = json.loads(typed(tmp_path, ["verify", "seed-0", "--json"]).out)
    assert not document["same"] and document["first"]["what"] == "0_dense.w[0, 0]"
