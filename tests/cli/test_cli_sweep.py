"""`dllab sweep` as people and scripts run it: pipes, terminals, Ctrl-C, full disks."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_lines import Ended, typed
from marks import compiled_only
from terminals import COMMAND, CONTROL, Done, environment, in_terminal, piped

RECIPE = """\
data: {name: moons, samples: 40}
model: [{dense: 4}, tanh, {dense: classes}]
train: {epochs: 2, batch: 16}
"""
VALUES = ["optimizer.lr=0.1,0.01", "model[0].dense.units=3,5"]

pytestmark = compiled_only


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DLLAB_RUNS", raising=False)
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


def folder_of(here: Path) -> Path:
    (found,) = (here / "runs").glob("sweep-*")
    return found


def said(here: Path, *line: str) -> Ended:
    """What a line comes to in this process: much sooner."""
    return typed(here, list(line))


def documents(done: Done | Ended) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def masked(text: str, here: Path) -> str:
    """The text without what differs from run to run."""
    text = re.sub(r"sweep-(\w+)-\d{8}-\d{6}", r"sweep-\1-DATE", text.replace(f"{here}/", ""))
    return re.sub(r"; [\d.:]+ s,", "; TIME,", text).replace(" \\\n   ", "")


TOLD = """\
r: 8 members trained, 4 settings × 2 seeds; TIME, 1 at a time
Ranked by test accuracy, the mean over 2 seeds; the best of many on the test
rows promises too much: data.validation=0.2 sets rows apart to choose by.
"""


def test_through_a_pipe(here: Path) -> None:
    done = piped(here, "sweep", "r.yaml", *VALUES, "--seeds", "2", "--jobs", "1")
    assert (done.code, done.err) == (0, "")
    text = masked(done.out, here)
    assert text.startswith(TOLD)
    assert "\x1b" not in text and max(len(line) for line in text.splitlines() if not line.startswith("  dllab")) <= 80
    assert "\nsweep kept in runs/sweep-r-DATE\n" in text
    best = re.search(r"^  (dllab train .*?)(  train the best.*)?$", text, re.MULTILINE)
    assert best is not None and piped(here, *shlex.split(best[1])[1:], "--no-save", "-q").code == 0


def test_json_lines(here: Path) -> None:
    done = said(here, "sweep", "r.yaml", *VALUES, "--seeds", "2", "--json")
    assert (done.code, done.err) == (0, "")
    *members, summary = documents(done)
    assert [member["index"] for member in members] == list(range(8))
    journal = [json.loads(line) for line in (folder_of(here) / "members.jsonl").read_text().splitlines()]
    assert sorted(journal, key=lambda one: one["index"]) == members
    assert summary["summary"] is True and summary["members"] == summary["finished"] == 8
    assert summary["metric"] == "test_accuracy" and (summary["failed"], summary["diverged"], summary["stopped"]) == (
        0,
        0,
        0,
    )
    assert summary["folder"] == str(folder_of(here).relative_to(here))
    means: dict[tuple[str, ...], list[float]] = {}
    for member in members:
        means.setdefault(tuple(member["overrides"]), []).append(member["final"]["test"]["accuracy"])
    best = max(sum(each) / 2 for each in means.values())
    assert summary["best"]["mean"] == best == sum(means[tuple(summary["best"]["overrides"])]) / 2
    for jobs in ("1", "3"):
        again = said(here, "sweep", "r.yaml", *VALUES, "--seeds", "2", "--json", "--jobs", jobs, "--no-save")
        *others, last = documents(again)
        assert last["folder"] is None
        assert [{**one, "seconds": 0} for one in others] == [{**one, "seconds": 0} for one in members]


def test_members_are_what_train_says(here: Path) -> None:
    *members, _ = documents(said(here, "sweep", "r.yaml", *VALUES, "--seed", "7", "--json", "--no-save"))
    for member in members[1:3]:
        line = ["train", "r.yaml", *member["overrides"], "--seed", str(member["seed"]), "--json", "--no-save"]
        alone = json.loads(said(here, *line).out)
        assert (alone["seed"], alone["final"]) == (7, member["final"])


def test_failures_are_told_with_the_command_that_repeats_one(here: Path) -> None:
    done = said(here, "sweep", "r.yaml", "optimizer=sgd,adam", "optimizer.beta1=0.5,0.9", "--seeds", "2")
    assert done.code == 1
    text = masked(done.out, here)
    assert "8 members trained, 4 settings × 2 seeds, 4 failed" in text
    assert "4 members failed, each of these commands repeats one alone:\n- 2 times: override optimizer.beta1=0.5: " in text
    line = re.search(r"^  (dllab train .*--seed 0)$", text, re.MULTILINE)
    assert line is not None
    alone = said(here, *shlex.split(line[1])[1:])
    assert alone.code == 2 and "unknown option 'beta1' of optimizer sgd" in alone.err
    again = said(here, "sweep", "--resume", "last", "--json")
    assert again.code == 1 and documents(again)[-1]["failed"] == 4 and len(documents(again)) == 9
    first = said(here, "sweep", "r.yaml", "optimizer=sgd,adam", "optimizer.beta1=0.5,0.9", "--seeds", "200", "--fail-fast")
    assert first.code == 1 and "stopped at the first failure" in " ".join(first.out.split())


def test_divergence_is_a_result(here: Path) -> None:
    values = ["loss=mse", "optimizer={sgd: 1e6},{sgd: 0.1}", "model=[{dense: 4}, relu, {dense: outputs}]", "data=function"]
    done = said(here, "sweep", "r.yaml", *values, "--seeds", "2", "--json")
    assert done.code == 0
    *members, summary = documents(done)
    assert (
        summary["diverged"] == 2 and summary["finished"] == 2 and summary["best"]["overrides"][1] == "optimizer={sgd: 0.1}"
    )
    assert members[0]["status"] == "diverged" and members[0]["final"]["train"]["loss"] is None


def test_a_dry_run_trains_nothing(here: Path) -> None:
    done = said(here, "sweep", "r.yaml", *VALUES, "train.epochs=3", "--seeds", "4", "--dry-run", "--jobs", "2")
    assert (done.code, done.err, list(here.glob("runs"))) == (0, "", [])
    assert done.out == (
        "r: 16 members to train, 4 settings, seeds 0 to 3, 2 at a time\n"
        "  optimizer.lr: 2 values: 0.1, 0.01\n"
        "  model[0].dense.units: 2 values: 3, 5\n"
        "  in all of them: train.epochs=3\n"
        "2 nets to plan; fastest to change: seeds, then lr, then units\n"
        "settings will be ranked by test accuracy\n"
        "\n"
        "Nothing was trained. Try next:\n"
        "  dllab sweep r.yaml optimizer.lr=0.1,0.01 'model[0].dense.units=3,5' \\\n"
        "    train.epochs=3 --seeds 4\n"
        "    train them\n"
    )
    drawn = said(here, "sweep", "r.yaml", "optimizer.lr=log(0.01,1)", "--sample", "5", "--dry-run", "--json")
    assert json.loads(drawn.out) == {
        "recipe": "r", "members": 5, "settings": 5, "seeds": 1, "first_seed": 0, "sample": 5, "nets": 1,
        "metric": "test_accuracy", "axes": [{"key": "optimizer.lr", "values": [], "between": [0.01, 1.0]}],
    }  # fmt: skip


def test_a_bar_at_a_terminal(here: Path) -> None:
    done = in_terminal(here, "sweep", "r.yaml", *VALUES, "--seeds", "300", piped_out=True)
    assert done.code == 0 and "1,200 members trained" in done.out and "\x1b" not in done.out
    shown = CONTROL.sub("", done.err)
    assert "sweep" in shown and "/1200" in shown and "0 failed" in shown


@pytest.mark.parametrize("columns", [60, 200])
def test_other_widths(here: Path, columns: int) -> None:
    done = in_terminal(here, "sweep", "r.yaml", *VALUES, "--seeds", "3", "--quiet", size=(24, columns))
    lines = [CONTROL.sub("", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line)) for line in done.out.splitlines()]
    assert done.code == 0 and max(len(line) for line in lines if "dllab" not in line and "kept in" not in line) <= columns
    assert not any("Try next" in line for line in lines), "quiet"


def test_ctrl_c_and_on(here: Path) -> None:
    done = in_terminal(here, "sweep", "r.yaml", *VALUES, "--seeds", "20000", interrupt="/80000")
    assert done.code == 130
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.out).replace(" \\\n   ", "")
    assert "trained, then interrupted" in " ".join(text.split()) and "dllab: interrupted" in text
    line = re.search(r"^  (dllab sweep --resume \S+)", text, re.MULTILINE)
    assert line is not None, text
    count = len((folder_of(here) / "members.jsonl").read_text().splitlines())
    assert count < 80000
    status = json.loads((folder_of(here) / "sweep.json").read_text())
    assert status["status"] == "interrupted" and sum(status["counts"].values()) == count


def test_terminated_while_writing_to_pipes(here: Path) -> None:
    line = [*COMMAND, "sweep", "r.yaml", *VALUES, "--seeds", "20000", "--json"]
    with subprocess.Popen(line, cwd=here, env=environment(here), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(text) for text in process.stdout.read().splitlines()]
        told_last = process.stderr.read().decode()
    assert process.returncode == 143 and told_last.endswith("dllab: terminated\n")
    assert first["index"] == 0 and rest[-1]["summary"] is True and rest[-1]["status"] == "interrupted"
    told = [one["index"] for one in [first, *rest[:-1]]]
    assert told == sorted(told) and len(told) == rest[-1]["finished"]


FULL = """\
dllab: runs/sweep-r-DATE/members.jsonl cannot be written: File too large
  what stood there before is kept: make room, then go on with --resume
"""


def test_a_full_disk_is_told_and_the_rest_goes_on(here: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("has no such limit")
    import resource

    line = [*COMMAND, "sweep", "r.yaml", *VALUES, "--seeds", "400", "-q"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))

    done = subprocess.run(line, cwd=here, env=environment(here), capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 2 and " ".join(masked(done.stderr, here).split()) == " ".join(FULL.split())
    content = (folder_of(here) / "members.jsonl").read_bytes()
    assert (len(content) < 30_000 and content.endswith(b"\n")) or not content
    assert json.loads((folder_of(here) / "sweep.json").read_text())["status"] == "failed"
    again = said(here, "sweep", "--resume", "last", "--json")
    assert again.code == 0 and documents(again)[-1]["finished"] == 1600
    assert [one["index"] for one in documents(again)[:-1]] == list(range(1600))


def test_the_reader_may_leave(here: Path) -> None:
    text = f"{shlex.join(COMMAND)} sweep r.yaml optimizer.lr=0.1,0.2 --seeds 500 --json -q | head -n 1"
    done = subprocess.run(
        ["bash", "-c", text], cwd=here, env=environment(here), capture_output=True, text=True, timeout=300
    )
    assert json.loads(done.stdout)["index"] == 0 and done.stderr == ""


def test_a_line_now_and_then_where_there_is_no_bar() -> None:
    from dllab.cli.sweep_progress import line_of
    from dllab.lab.sweep_run import SweepProgress

    assert line_of(SweepProgress(1200, 10_000, 2, 0, 1.25, "")) == "1,200 of 10,000 members, 960/s, 2 failed, 9.17 s left"
    assert line_of(SweepProgress(0, 10, 0, 0, 11, "conv")) == "0 of 10 members, 0/s, compiling conv, ? left"
    assert line_of(SweepProgress(5, 10, 0, 3, 20, "")) == "5 of 10 members, 0.25/s, 0 failed, 3 diverged, 20 s left"


def test_a_figure_is_kept(here: Path) -> None:
    done = said(here, "sweep", "r.yaml", *VALUES, "--no-save", "--save", "fig.txt")
    assert done.code == 0 and done.err == "saved to fig.txt\n" and not (here / "runs").exists()
    text = (here / "fig.txt").read_text()
    assert "test accuracy by lr (down) and units (across)" in text and "Try next" not in text


OTHERS = """\
dllab: its bits may differ from those of a sweep in one go: numpy 1.0 then, 2 now
dllab: its bits may differ from those of a sweep in one go: processor an abacus then, 2 now
"""


def test_another_machine_is_told_of(here: Path) -> None:
    assert said(here, "sweep", "r.yaml", *VALUES, "-q").code == 0
    path = folder_of(here) / "sweep.json"
    document = json.loads(path.read_text())
    document["versions"]["numpy"], document["machine"]["processor"] = "1.0", "an abacus"
    path.write_text(json.dumps(document))
    done = said(here, "sweep", "--resume", "last")
    told = re.sub(r"then, .*? now", "then, 2 now", " ".join(done.err.split()))
    assert done.code == 0 and told == " ".join(OTHERS.split())
    assert said(here, "sweep", "--resume", "last", "-q").err == ""


def journalled(here: Path) -> int:
    """Bytes in the journal."""
    return sum(path.stat().st_size for path in (here / "runs").glob("sweep-*/members.jsonl"))


@pytest.mark.slow
def test_killed_from_outside_again_and_again(here: Path) -> None:
    line = [*COMMAND, "sweep", "r.yaml", *VALUES, "--seeds", "2000", "-q"]
    for _ in range(5):
        before = journalled(here)
        with subprocess.Popen(line, cwd=here, env=environment(here), stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and journalled(here) == before:
                time.sleep(0.01)
            time.sleep(0.3)
            process.kill()
        line = [*COMMAND, "sweep", "--resume", "last", "-q"]
    assert piped(here, "sweep", "--resume", "last", "-q").code == 0
    told = {json.loads(text)["index"] for text in (folder_of(here) / "members.jsonl").read_text().splitlines()}
    assert told == set(range(8000))
