"""Completion: the candidates for every kind of word, at once, and in a real bash; the scripts of zsh and fish."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dllab.catalogue import FAMILIES, parts, summary
from dllab.cli import part_sources
from dllab.cli.commands import COMMANDS
from dllab.cli.completing import candidates, recipe_of_run, runs, split
from dllab.cli.completion import SCRIPTS
from dllab.recipe import EarlyStop, TrainOptions, shipped
from dllab.recipe.forms import block_of, family_of, fields_of

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = [(family, name) for family in FAMILIES for name in parts(family)]


def words(line: str) -> list[str]:
    """The candidates for the last word of a line, after `dllab`."""
    return [word for word, _ in candidates(split(line))]


# ---- the candidates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("sch", ["schedules", "schema"]),
        ("--v", ["--version"]),
        ("train xo", ["xor"]),
        ("runs l", ["list"]),
        ("runs list --so", ["--sort"]),
        ("runs list --where test_a", ["test_accuracy="]),
        ("runs best --metric validation_l", ["validation_loss"]),
        ("runs best --recipe xo", ["xor"]),
        ("runs nothing x", []),
        ("summary 'xo", ["xor"]),
        ("init xo", ["xor"]),
        ("recipes xo", ["xor"]),
        ("gradcheck xo", ["xor"]),
        ("layers rel", ["relu", "relu6"]),
        ("layers huber", ["huber"]),
        ("losses h", ["huber"]),
        ("optimizers nest", ["nesterov"]),
        ("datasets mo", ["modular_addition", "moons"]),
        ("datasets moons n", ["noise="]),
        ("datasets moons stratify=", ["stratify=true", "stratify=false"]),
        ("datasets function function=s", ["function=sine", "function=step", "function=sawtooth"]),
        ("train xor --run", ["--run-dir"]),
        ("train xor tr", ["train."]),
        ("train xor opt", ["optimizer=", "optimizer."]),
        ("train xor optimizer.l", ["optimizer.lr="]),
        ("train xor optimizer=ada", ["optimizer=adagrad", "optimizer=adam", "optimizer=adamw"]),
        ("train xor optimizer.name=sg", ["optimizer.name=sgd"]),
        ("train xor -s loss=hu", ["loss=huber"]),
        ("train xor train.epochs=5 --set train.ep", ["train.epochs="]),
        ("train xor train.early_stop.p", ["train.early_stop.patience="]),
        ("train xor train.early", ["train.early_stop."]),
        ("train xor train.dtype=", ["train.dtype=float32", "train.dtype=float64"]),
        ("train xor train.shuffle=", ["train.shuffle=true", "train.shuffle=false"]),
        ("train xor train.epochs=", []),
        ("train xor metrics=[f", ["metrics=[f1]"]),
        ("train xor data.noi", ["data.noise="]),
        ("train xor model[0].u", ["model[0].units="]),
        ("train xor model[0].init=z", ["model[0].init=zeros"]),
        ("train xor model.tanh", ["model.tanh."]),
        ("train xor expect.te", ["expect.test_accuracy="]),
        ("sweep xo", ["xor"]),
        ("sweep xor optimizer.l", ["optimizer.lr="]),
        ("sweep xor optimizer=ada", ["optimizer=adagrad", "optimizer=adam", "optimizer=adamw"]),
        ("sweep xor --metric validation_per", ["validation_perplexity"]),
        ("sweep --res", ["--resume"]),
        ("train xor nothing.x", []),
        ("train nosuch optimizer.e", ["optimizer.eps="]),
        ("schema ", []),
        ("completion z", ["zsh"]),
        ("new la", ["layer"]),
        ("nonsense x", []),
        ("layers relu re", []),
        ("generate spir", ["spirals"]),
        ("generate last --top", ["--top-k"]),
        ("predict last --be", ["--beam"]),
        ("viz-landscape spir", ["spirals"]),
        ("viz-filters digits-cnn optimizer.l", ["optimizer.lr="]),
        ("viz-data iris --split t", ["train", "test"]),
        ("viz-schedule one_", ["one_cycle"]),
        ("lr-find spir", ["spirals"]),
        ("lr-find xor optimizer.l", ["optimizer.lr="]),
        ("lr-find xor --fr", ["--from"]),
        ("neighbours glo", ["glove10k"]),
        ("neighbours glove10k emper", ["emperor"]),
        ("neighbours glove10k king emper", ["emperor"]),
        ("neighbours glove10k ", []),
        ("neighbours nosuch a", []),
        ("compare spi", ["spirals"]),
        ("compare spirals roc", []),
        ("compare spirals moo", ["moons"]),
        ("compare spirals optimizer.l", ["optimizer.lr="]),
        ("compare-optimizers xor optimizer.l", ["optimizer.lr="]),
        ("compare-optimizers xor --optimizers sg", ["sgd"]),
        ("compare-optimizers xor --optimizers sgd,adag", ["sgd,adagrad"]),
        ("compare-optimizers xor --metric lo", ["loss"]),
        ("compare-optimizers xor --target accu", ["accuracy="]),
        ("neighbours glove10k king --against g", ["glove10k"]),
    ],
)
def test_candidates(line: str, found: list[str]) -> None:
    assert words(line) == found


def test_all_commands_and_recipes_with_what_they_are() -> None:
    told = dict(candidates([""]))
    assert {command.name: command.help for command in COMMANDS}.items() <= told.items()
    told = dict(candidates(["train", ""]))
    assert set(shipped()) <= set(told) and "spirals" in told["spirals"]


def test_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(
        "model: [{dense: {units: 3, name: hidden}}, relu]\noptimizer: [{clip_norm: 1}, sgd]\n"
    )
    (tmp_path / "other.txt").touch()
    (tmp_path / ".secret.yaml").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep.yml").touch()
    assert words("train o") == ["own.yaml"]
    assert words("train sp") == ["spirals"]
    assert words("train sub") == ["sub/"]
    assert words("train sub/") == ["sub/deep.yml"]
    assert words("train --run-dir ") == ["sub/"]
    assert words("viz-augment digits --save o") == ["other.txt", "own.yaml"]
    assert words("viz-augment digits --save su") == ["sub/"]
    assert words("init xor o") == words("eval last o") == ["other.txt", "own.yaml"]
    assert words("train own.yaml model.hi") == ["model.hidden."]
    assert words("train own.yaml model.hidden.u") == ["model.hidden.units="]
    assert words("train own.yaml optimizer.") == ["optimizer.max_norm=", "optimizer.lr="]
    (tmp_path / "sub" / "deep.yml").write_text("model: [")
    assert words("train sub/deep.yml optimizer.b") == ["optimizer.beta1=", "optimizer.beta2="]


def test_runs_and_the_recipes_they_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLLAB_RUNS", "kept")
    assert list(runs()) == []
    for number, name in enumerate(("xor-1", "xor-2", "other")):
        folder = tmp_path / "kept" / name
        folder.mkdir(parents=True)
        if name != "other":
            (folder / "recipe.yaml").write_text("model: [relu]\n")
        os.utime(folder, (number, number))
    assert [name for name, _ in runs()] == ["last", "xor-2", "xor-1"]
    assert recipe_of_run("last") == "kept/xor-2/recipe.yaml"
    assert recipe_of_run("xor-1") == "kept/xor-1/recipe.yaml"
    assert recipe_of_run("kept/xor-1") == "kept/xor-1/recipe.yaml"
    (tmp_path / "kept/xor-2/data.json").write_text('{"vocabulary": ["he", "her", "she"]}')
    assert words("neighbours last he") == ["he", "her"]
    assert words("neighbours last she + h") == ["he", "her"]
    assert words("viz-activations xor-") == ["xor-2", "xor-1"]
    assert words("neighbours xor-1 h") == []


def test_split() -> None:
    assert split("dllab train ") == ["dllab", "train", ""]
    assert split("dllab 'a b") == ["dllab", "a b"]
    assert split('dllab "a') == ["dllab", "a"]
    assert split("a b\\") == ["a", "b"]
    assert split("") == [""]


# ---- what the sources say is what the classes say --------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_names_are_those_of_the_catalogue(family: str) -> None:
    assert part_sources.names(family) == {name: summary(part) for name, part in sorted(parts(family).items())}


@pytest.mark.parametrize(("family", "name"), EVERYTHING)
def test_options_are_those_of_the_classes(family: str, name: str) -> None:
    fields = fields_of(parts(family)[name])
    options = part_sources.options(family, name)
    assert set(options) == set(fields)
    for key, option in options.items():
        if isinstance(fields[key].default, bool):
            assert option.words == ("true", "false")
        elif isinstance(fields[key].default, str) and option.words:  # a text of any kind has none
            assert fields[key].default in option.words
        assert not option.family or option.family == family_of(fields[key])


@pytest.mark.parametrize("cls", [TrainOptions, EarlyStop])
def test_options_of_training(cls: type) -> None:
    options = part_sources.block_options("recipe/train_options.py", cls.__name__)
    assert list(options) == list(fields_of(cls))
    for key, option in options.items():
        block = block_of(fields_of(cls)[key])
        assert option.block == (block.__name__ if block is not None else "")


# ---- quick, and silent about faults ------------------------------------------------------------------------------------


def asked(*line: str, shell: str = "zsh", **environment: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "_DLLAB_COMPLETE": shell, "PYTHONUTF8": "1", **environment}
    return subprocess.run(
        [sys.executable, "-m", "dllab", *line], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False
    )


def test_an_answer_for_a_shell() -> None:
    done = asked("train", "xor", "optimizer.")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()][:2] == ["optimizer.lr=", "optimizer.beta1="]
    done = asked(shell="bash", _DLLAB_LINE="dllab train xor loss=hu", _DLLAB_BREAKS="=: ")
    assert done.stdout.split("\t")[0] == "huber"
    assert asked(shell="bash").stdout == "" and asked(shell="bash").returncode == 0
    assert asked("\udcff", "x").returncode == 0


def test_nothing_heavy_is_imported() -> None:
    script = (
        "import sys\nfrom dllab.cli.completing import candidates\n"
        "for line in ([''], ['train', ''], ['train', 'xor', 'optimizer.'], ['train', 'xor', 'data='], ['layers', ''],\n"
        "             ['datasets', 'moons', ''], ['train', 'xor', 'train.']): assert list(candidates(line)), line\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not set(done.stdout.split()) & {"numpy", "numba", "llvmlite", "scipy", "pydantic", "rich"}


# ---- the shells ------------------------------------------------------------------------------------------------------


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    """A folder with a `dllab` of this tree."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "dllab").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m dllab "$@"\n')
    (folder / "dllab").chmod(0o755)
    return folder


def in_bash(shim: Path, typed: str, expected: str) -> str:
    """What a real bash at a terminal shows after these keys; waits for `expected`."""
    import pty
    import select

    process, terminal = pty.fork()
    if process == 0:
        os.chdir(shim.parent)
        os.environ.update(PATH=f"{shim}:{os.environ['PATH']}", TERM="dumb", PS1="> ", INPUTRC="/dev/null")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    shown = ""
    try:
        os.write(terminal, b'eval "$(dllab completion bash)"; echo re""ady\n')
        for wanted, keys in (("ready\r\n", typed), (expected, "")):
            limit = time.monotonic() + 60
            while wanted not in shown and time.monotonic() < limit:
                if select.select([terminal], [], [], 0.2)[0]:
                    shown += os.read(terminal, 65536).decode().replace("\a", "")
            assert wanted in shown, shown
            if keys:
                shown = ""
                os.write(terminal, keys.encode())
    finally:
        os.close(terminal)
        os.waitpid(process, 0)
    return shown


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="no bash")
@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("dllab gradc\t", "dllab gradcheck "),
        ("dllab train spir\t-s opt\t.l\t0.1", "dllab train spirals -s optimizer.lr=0.1"),
        ("dllab train xor loss=hub\t-q", "dllab train xor loss=huber -q"),
        ("dllab train xor train.early_stop.pat\t3", "dllab train xor train.early_stop.patience=3"),
        ("dllab train xor model[0].uni\t8", "dllab train xor model[0].units=8"),
        ("dllab optimizers neste\t#", "dllab optimizers nesterov #"),
    ],
)
def test_a_real_bash(shim: Path, typed: str, line: str) -> None:
    in_bash(shim, typed, line)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_shell_reads_its_script(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell}")
    script = tmp_path / "script"
    script.write_text(SCRIPTS[shell])
    done = subprocess.run([program, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", SCRIPTS)
def test_scripts_keep_the_protocol(shell: str) -> None:
    """Each sets the variable, calls the command as typed, and cuts the description off at the tab."""
    script = SCRIPTS[shell]
    assert f"_DLLAB_COMPLETE={shell}" in script and "2>/dev/null" in script
    assert f"dllab completion {shell}" in script.splitlines()[1 if shell == "zsh" else 0]
    assert script.isascii() and script.endswith("\n")
    assert all(script.count(a) == script.count(b) for a, b in ("()", "{}", "[]")) or shell == "bash"


def test_the_command_prints_a_script_and_knows_no_other_shell() -> None:
    run = [sys.executable, "-m", "dllab", "completion"]
    done = subprocess.run([*run, "fish"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (0, SCRIPTS["fish"])
    done = subprocess.run([*run, "csh"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2 and "the shells are bash, zsh, fish" in done.stderr
