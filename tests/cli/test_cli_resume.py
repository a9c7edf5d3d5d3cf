"""`dllab resume`, and runs that end by signals at random moments: the same bits in the end, the terminal as it was."""

from __future__ import annotations

import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminals import COMMAND, environment, in_terminal, piped

import dllab
from dllab.runs.store import CHECKPOINT, METRICS, WEIGHTS, RunFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as on Unix")

RECIPE = """
data: {name: moons, samples: 400, validation: 0.2}
model: [dense: 16, batch_norm, tanh, dropout: 0.1, dense: classes]
optimizer: {adam: 0.001}
schedule: cosine
train: {epochs: 1500, batch: 8, evaluate_every: 25, checkpoint: {every: 5, best: true}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(RECIPE)
    return tmp_path


def the_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def story(run: Path) -> list[dict[str, object]]:
    lines = map(json.loads, (run / METRICS).read_text().splitlines())
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def same(run: Path, whole: Path) -> None:
    """Fail unless two runs came to the same bits."""
    for name in (WEIGHTS, "best.safetensors"):
        assert (run / name).read_bytes() == (whole / name).read_bytes()
    assert story(run) == story(whole)
    (a, _), (b, _) = (RunFolder(each).read_arrays(CHECKPOINT) for each in (run, whole))
    assert {name: x.tobytes() for name, x in a.items()} == {name: x.tobytes() for name, x in b.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "small.yaml").write_text(RECIPE)
    done = piped(folder, "train", "small.yaml", "--quiet")
    assert done.code == 0, done.err
    return the_run(folder)


@pytest.fixture(scope="module")
def length(whole: Path) -> float:
    """The seconds that the run takes from start to end on this machine, as busy as it is."""
    began = time.perf_counter()
    piped(whole.parents[1], "train", "small.yaml", "--quiet", "--no-save")
    return time.perf_counter() - began


def ended_by(number: signal.Signals, seconds: float, folder: Path, *arguments: str, after: Path | None = None) -> int:
    """Start `dllab ARGUMENTS`, wait until a file is there, then so long, then send the signal; returns the exit code.

    That of a process that a signal ended by itself, also where Python told of Ctrl-C in its own way while it began.
    """
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while after is not None and process.poll() is None and not list(folder.glob(str(after))):
        time.sleep(0.002)
    time.sleep(seconds)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    if number == signal.SIGINT and errors.endswith("\nKeyboardInterrupt\n") and OURS not in errors:
        return -number
    assert "Traceback" not in errors
    return process.returncode


OURS = str(Path(dllab.__file__).parent)
CHECKPOINTS = Path("runs", "*", CHECKPOINT)


def chain(folder: Path, whole: Path, length: float, number: signal.Signals, code: int, times: int, seed: int) -> None:
    """End a run that many times at random moments, each time gone on with; then let it come to its end."""
    chance = random.Random(seed)
    codes = [ended_by(number, chance.uniform(0, 0.1), folder, "train", "small.yaml", "-q", after=CHECKPOINTS)]
    run = the_run(folder)
    for _ in range(times - 1):
        codes.append(ended_by(number, chance.uniform(0, length), folder, "resume", str(run), "-q"))
        RunFolder(run).read_arrays(CHECKPOINT)
        if codes[-1] in (0, 2):  # it was faster
            break
    assert set(codes) <= {code, 0, 2, -number}, codes  # -number: it came before Python had begun
    assert codes[0] == code, codes  # it came while training went on
    done = piped(folder, "resume", str(run), "-q")
    assert done.code == 0 or "has done all of its" in done.err, done.err
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    same(run, whole)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_ended_comes_to_the_same_bits(
    folder: Path, whole: Path, length: float, number: signal.Signals, code: int
) -> None:
    chain(folder, whole, length, number, code, 4, seed=1)


@pytest.mark.slow
def test_two_hundred_kills(tmp_path: Path, whole: Path, length: float) -> None:
    killed = 0
    for seed in range(1000):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "small.yaml").write_text(RECIPE)
        chance = random.Random(seed)
        ended_by(signal.SIGKILL, chance.uniform(0, 0.1), folder, "train", "small.yaml", "-q", after=CHECKPOINTS)
        run, code = the_run(folder), 1
        killed += 1
        while killed < 200:
            code = ended_by(signal.SIGKILL, chance.uniform(0, length), folder, "resume", str(run), "-q")
            if code in (0, 2):
                break
            killed += 1
        if killed == 200:
            piped(folder, "resume", str(run), "-q")
        same(run, whole)
        if killed == 200:
            break
    assert killed == 200


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_forty_signals(tmp_path: Path, whole: Path, length: float, number: signal.Signals, code: int) -> None:
    for seed in range(8):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "small.yaml").write_text(RECIPE)
        chain(folder, whole, length, number, code, 5, seed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("seconds", [0.05, 0.5, 0.9])
def test_the_terminal_is_as_it_was(folder: Path, number: signal.Signals, seconds: float) -> None:
    import pty
    import termios

    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    variables = environment(folder, {"COLUMNS": None})
    process = subprocess.Popen([*COMMAND, "train", "small.yaml"], cwd=folder, env=variables,
                               stdin=slave, stdout=slave, stderr=slave)  # fmt: skip
    shown, sent, start = b"", False, time.monotonic()
    while process.poll() is None and time.monotonic() < start + 60:
        if not sent and time.monotonic() > start + seconds:
            process.send_signal(number)
            sent = True
        if select.select([master], [], [], 0.01)[0]:
            shown += os.read(master, 65536)
    while select.select([master], [], [], 0.1)[0]:
        shown += os.read(master, 65536)
    after = termios.tcgetattr(slave)
    os.close(slave)
    os.close(master)
    assert before == after
    if seconds < 0.1 and process.returncode == -number:
        return  # it came while Python itself was starting, before there was a lab to take it
    assert process.returncode == (143 if number == signal.SIGTERM else 130)
    assert shown.count(b"\x1b[?25l") <= shown.count(b"\x1b[?25h")
    assert b"Traceback" not in shown
    assert (b"terminated" if number == signal.SIGTERM else b"interrupted") in shown


def test_nohup_goes_on(folder: Path) -> None:
    """A signal that is ignored from the start stays ignored."""
    process = subprocess.Popen(
        ["nohup", *COMMAND, "train", "small.yaml", "train.epochs=300", "-q"], cwd=folder, env=environment(folder),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not list(folder.glob(str(CHECKPOINTS))):
        time.sleep(0.002)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0


# ---- what is said --------------------------------------------------------------------------------------------------------


def test_a_longer_run(folder: Path) -> None:
    assert piped(folder, "train", "small.yaml", "train.epochs=50", "-q").code == 0
    run = the_run(folder)
    done = piped(folder, "resume", "last", "train.epochs=100", "optimizer.lr=0.01")
    assert done.code == 0
    assert done.err.splitlines() == [
        "dllab: changed: optimizer.adam.lr: 0.001 so far, 0.01 from now on (command line)",
        "dllab: changed: train.epochs: 50 so far, 100 from now on (command line)",
    ]
    assert "going on after step 1,400 (50 whole epochs)" in done.out
    assert [line["epoch"] for line in story(run)] == [25, 50, 75, 100]
    kept = json.loads((run / "run.json").read_text())
    assert kept["changes"] == ["train.epochs=50"]
    assert kept["resumed"][0]["step"] == 1400
    text = (run / "recipe.yaml").read_text()
    (run / "recipe.yaml").write_text(text.replace("epochs: 100", "epochs: 120"))
    done = piped(folder, "resume", "last", "--json")
    assert done.err.splitlines()[0] == "dllab: changed: train.epochs: 100 so far, 120 from now on (recipe.yaml)"
    assert json.loads(done.out)["epochs"] == 120


HERE = {"DLLAB_RUNS": "runs"}


def refusal(folder: Path, *arguments: str) -> str:
    """What `dllab resume ARGUMENTS` says, the name of the run left out."""
    done = piped(folder, "resume", *arguments, env=HERE)
    assert done.code == 2 and not done.out
    assert all(len(line) <= 80 for line in done.err.splitlines()), done.err
    return re.sub(r"small-\d{8}-\d{6}", "RUN", done.err)


NEW_RUN = "  for a new run: dllab train runs/RUN/recipe.yaml\n"
REFUSALS = {
    "last": """\
dllab: runs/RUN has done all of its 1400 steps
  to train longer: dllab resume runs/RUN train.epochs=...
""",
    "lost": """\
dllab: there is no run lost
  the newest in runs: RUN; `last` is the first of them
""",
    "small.yaml": """\
dllab: small.yaml is a file
  a run is the folder that `dllab train` makes
""",
    "runs": """\
dllab: runs is no folder of a run: it has no run.json
  the newest in runs: RUN; `last` is the first of them
""",
    "last train.batch=4 train.epochs=60": """\
dllab: train.batch cannot change within a run: steps and epochs would be counted
  anew
  it is 8 in this run, 4 by command line
"""
    + NEW_RUN,
    "last data.noise=0.5 train.epochs=60": """\
dllab: data.moons.noise cannot change within a run: the state belongs to a net
  that has seen other data
  it is 0.1 in this run, 0.5 by command line
"""
    + NEW_RUN,
    "last optimizer=sgd train.epochs=60": """\
dllab: optimizer cannot change within a run: the state belongs to another
  optimizer (its options may change)
  it is adam in this run, sgd by command line
"""
    + NEW_RUN,
    "last train.epochs=10": """\
dllab: runs/RUN has done 1400 steps already, and the recipe
  now asks for 280
  give it more: dllab resume runs/RUN train.epochs=...
""",
    "last train.epocs=60": """\
override train.epocs=60: unknown option 'epocs' of train
  expected one of: batch, bucket_lengths, carry_state, checkpoint, clip_norm,
  clip_value, dtype, early_stop, epochs, evaluate_every, folds, l1, l2, seed,
  shuffle, steps, weight_decay. Did you mean 'epochs'?
""",
}


def test_refusals(folder: Path) -> None:
    done = piped(folder, "resume", "last", env=HERE)
    assert (done.code, done.err) == (2, "dllab: there is no run in runs: `dllab train RECIPE` makes one\n")
    assert piped(folder, "train", "small.yaml", "train.epochs=50", "-q").code == 0
    run = the_run(folder)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert {arguments: refusal(folder, *arguments.split()) for arguments in REFUSALS} == REFUSALS
    (run / CHECKPOINT).write_bytes(before[CHECKPOINT][:-1])
    assert refusal(folder, "last", "train.epochs=60") == (
        "dllab: runs/RUN/checkpoint.safetensors is damaged: its\n"
        "  checksum does not fit: the file is not as it was written\n" + NEW_RUN
    )
    (run / CHECKPOINT).unlink()
    assert refusal(folder, "last", "train.epochs=60") == (
        "dllab: runs/RUN is finished and keeps no checkpoint\n  (train.checkpoint.last is false)\n" + NEW_RUN
    )
    (run / CHECKPOINT).write_bytes(before[CHECKPOINT])
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_run_that_diverged(folder: Path) -> None:
    wild = ["loss=mse", "model=[{dense: 4}, relu, {dense: 2}]", "optimizer={sgd: 1e6}"]
    done = piped(folder, "train", "small.yaml", *wild, "-q")
    assert done.code == 1
    assert refusal(folder, "last") == "dllab: runs/RUN diverged before its first checkpoint\n" + NEW_RUN


def test_a_run_in_use_is_left_alone(folder: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "train", "small.yaml", "train.epochs=100000000", "-q"], cwd=folder, env=environment(folder),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while process.poll() is None and not list(folder.glob(str(CHECKPOINTS))):
            time.sleep(0.01)
        done = piped(folder, "resume", "last")
        assert done.code == 2
        assert "is in use: a run is being trained there by another process" in " ".join(done.err.split())
    finally:
        process.terminate()
        assert process.wait(60) == 143


def test_a_terminal_shows_the_whole_run(folder: Path) -> None:
    assert piped(folder, "train", "small.yaml", "train.epochs=50", "-q").code == 0
    done = in_terminal(folder, "resume", "last", "train.epochs=100")
    assert done.code == 0
    assert "epoch 100/100" in done.out
