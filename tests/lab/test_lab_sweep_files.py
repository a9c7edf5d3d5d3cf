"""A sweep goes on, and is trained elsewhere, with the files that it was begun with, wherever that is done."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from marks import compiled_only
from sweeping import alone, bits, settle, trained

from dllab.lab.cluster_batch import Job, train_batch
from dllab.lab.run_records import record_of
from dllab.lab.sweep_files import changed, files_of, stamps
from dllab.lab.sweep_plan import SweepPlan, plan_of
from dllab.lab.sweep_run import SweepRun
from dllab.lab.verify_member import verify_member
from dllab.recipe import load
from dllab.runs.disk import StoreError
from dllab.runs.sweep_folder import MEMBERS, PLAN

TWO = ["data={csv: a.csv, target: y},{csv: b.csv, target: y}", "optimizer.lr=0.1,0.01"]


def table(rest: int) -> str:
    return "u,v,y\n" + "".join(f"{i},{i * i % rest},{i % 2}\n" for i in range(30))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe and two tables, and one beside it whose second table is another."""
    (tmp_path / "other").mkdir()
    (tmp_path / "one").mkdir()
    (tmp_path / "other" / "b.csv").write_text(table(11))
    settle(tmp_path / "one", monkeypatch)
    (tmp_path / "one" / "a.csv").write_text(table(7))
    (tmp_path / "one" / "b.csv").write_text(table(5))
    return tmp_path / "one"


# ---- what files say ----------------------------------------------------------------------------------------------------


def test_files_are_those_of_data_and_layers(here: Path) -> None:
    assert files_of(load("xor")) == set()
    assert files_of(load("r.yaml", ["data={csv: a.csv, target: y}"])) == {str(here / "a.csv")}
    words = "{embedding: {units: 50, file: glove10k}}, {embedding: {units: 3, file: v.txt}}"
    recipe = load("r.yaml", [f"model=[{words}, {{residual: [{{embedding: {{units: 3, file: w.txt}}}}]}}]"])
    assert files_of(recipe) == {str(here / "v.txt"), str(here / "w.txt")}


def test_stamps_tell_contents_apart(here: Path) -> None:
    folder = here / "pictures"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "1.png").write_bytes(b"x")
    paths = [str(here / "a.csv"), str(here / "none.csv"), str(folder)]
    then = stamps(paths)
    assert then[paths[1]] == "" and all(then[path] for path in paths[::2]) and changed(then, stamps(paths)) == []
    (folder / "cats" / "1.png").rename(folder / "cats" / "2.png")
    (here / "none.csv").write_text("now")
    assert changed(then, stamps(paths)) == [str(folder)]
    (here / "a.csv").unlink()
    assert changed(then, stamps(paths)) == [str(here / "a.csv"), str(folder)]


# ---- going on ----------------------------------------------------------------------------------------------------------


def begun(values: list[str]) -> Path:
    """A sweep of which the last members are missing."""
    run = SweepRun(plan_of("r.yaml", values), jobs=1)
    run.follow()
    assert run.folder is not None
    journal = run.folder.path / MEMBERS
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:1]))
    return run.folder.path


def test_resume_looks_at_the_data_of_every_setting(here: Path) -> None:
    folder = begun(TWO)
    (here / "b.csv").write_text(table(3))
    with pytest.raises(StoreError) as caught:
        SweepRun.resumed(str(folder))
    assert f"{here / 'b.csv'} has changed" in str(caught.value)
    (here / "b.csv").write_text(table(5))
    SweepRun.resumed(str(folder)).follow()


def test_a_file_that_was_missing_may_come(here: Path) -> None:
    (here / "b.csv").unlink()
    folder = begun(TWO)
    (here / "b.csv").write_text(table(5))
    run = SweepRun.resumed(str(folder))
    run.follow()
    assert run.summary(1).counts["finished"] == 4


@compiled_only
def test_resume_from_another_folder_reads_the_same_files(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("r.yaml", TWO)
    wanted = bits(trained(plan))
    folder = begun(TWO)
    assert json.loads((folder / PLAN).read_text())["folder"] == str(here)
    monkeypatch.chdir(here.parent / "other")
    again = SweepRun.resumed(str(folder))
    again.follow()
    told = [json.loads(line) for line in (folder / MEMBERS).read_text().splitlines()]
    assert {one["index"]: (one["status"], one["steps"], repr(one["final"])) for one in told} == wanted
    found = verify_member(record_of(f"{folder}:{told[-1]['index']}"), None)
    assert found.same and found.changed == ()
    (here / "b.csv").write_text(table(3))
    number = next(one["index"] for one in told if "b.csv" in str(one["overrides"]))
    assert verify_member(record_of(f"{folder}:{number}"), None).changed == (f"{here / 'b.csv'} is not what it was",)


# ---- elsewhere ---------------------------------------------------------------------------------------------------------


def sent(plan: SweepPlan, token: str) -> Job:
    """As cluster.py sends it."""
    assert plan.recipe.source_path is not None
    return Job(token, plan.recipe.text, "r.yaml", str(plan.recipe.source_path.resolve()), plan.trust, plan.first,
               plan.recipe.used, plan.data, None, plan.folder, plan.files)  # fmt: skip


@compiled_only
def test_a_worker_reads_the_files_of_the_sender(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("r.yaml", TWO)
    wanted = [alone(plan, index) for index in range(4)]
    monkeypatch.chdir(here.parent / "other")
    ended = train_batch(sent(plan, "files-a"), list(plan.grid)).ended
    assert [(one.status, one.steps, repr(one.final)) for one in ended] == wanted


def test_a_worker_looks_at_every_file(here: Path) -> None:
    plan = plan_of("r.yaml", TWO)
    shutil.copy(here.parent / "other" / "b.csv", here / "b.csv")
    assert train_batch(sent(plan, "files-b"), list(plan.grid)).problem == f"{here / 'b.csv'} is another there"
    (here / "b.csv").unlink()
    assert train_batch(sent(plan, "files-c"), list(plan.grid)).problem == f"{here / 'b.csv'} is not there"
