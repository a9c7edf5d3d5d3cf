"""The frame of the command line: help, commands, exit codes, failures."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from terminals import COMMAND, CONTROL, environment, piped

import dllab
from dllab.cli import failures, main
from dllab.cli.commands import COMMANDS, known

full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
HEAVY = {"numpy", "numba", "llvmlite", "pydantic", "rich", "ruamel", "scipy"}


def test_help_names_every_command(tmp_path: Path) -> None:
    done = piped(tmp_path, "--help")
    assert done.code == 0
    assert done.err == ""
    assert max(map(len, done.out.splitlines())) <= 80
    for command in known().values():
        assert f"  {command.name} " in done.out


def test_no_argument_is_help(tmp_path: Path) -> None:
    assert piped(tmp_path) == piped(tmp_path, "--help")


def test_version(tmp_path: Path) -> None:
    assert piped(tmp_path, "--version").out == f"dllab {dllab.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_the_frame_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys\nfrom dllab.cli.main import run\nrun({arguments!r})\n"
        "print('loaded', *{m.split('.')[0] for m in sys.modules}, *sorted(m for m in sys.modules if 'dllab' in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith(("dllab.engine", "dllab.recipe", "dllab.cli.train"))}


def test_the_package_itself_reads_nothing() -> None:
    code = "import sys\nbefore = set(sys.modules)\nimport dllab\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["dllab"], "nothing answers Ctrl-C while it is read"


@pytest.mark.parametrize("while_reading", ["dllab.cli", "dllab.cli.main", "dllab.cli.failures", "dllab.cli.interrupt"])
def test_ctrl_c_while_the_first_modules_are_read(while_reading: str) -> None:
    (script,) = entry_points(group="console_scripts", name="dllab")
    code = f"""
import sys
class Pressed:
    def find_spec(self, name, *rest):
        if name == {while_reading!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Pressed())
from {script.module} import {script.attr}
{script.attr}()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "dllab: interrupted\n")


@pytest.mark.parametrize("name", list(known()))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"dllab {name}" in shown
    assert len(shown.splitlines()) > 5
    command = known()[name].load()
    assert command.help
    assert all(getattr(parameter, "help", None) for parameter in command.params if parameter.name != "help")


def test_lines_of_help_are_sentences_that_fit() -> None:
    for command in COMMANDS:
        assert command.help.endswith(".")
        assert len(command.help) <= 66


def test_a_slip_in_the_command(tmp_path: Path) -> None:
    done = piped(tmp_path, "trian", "spirals")
    assert done.code == 2
    assert done.out == ""
    assert "there is no command 'trian'. Did you mean 'train'?" in " ".join(done.err.split())


@pytest.mark.parametrize("arguments", [["--foo"], ["train"], ["train", "xor", "--foo"], ["train", "xor", "--seed", "x"]])
def test_usage_errors(tmp_path: Path, arguments: list[str]) -> None:
    done = piped(tmp_path, *arguments)
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err


def _failing(error: BaseException) -> Any:
    def application() -> Any:
        def call(**_: Any) -> None:
            raise error

        return call

    return application


def test_an_internal_error_is_one_line_and_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main, "application", _failing(KeyError("x\ny")))
    assert main.run(["train"]) == failures.INTERNAL
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    log = Path(shown.err.split()[-1])
    assert "Traceback" in log.read_text()
    assert "KeyError" in log.read_text()
    log.unlink()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (failures.Refused("no", "do this"), 2),
        (MemoryError(), 2),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
        (SystemExit(4), 4),
    ],
)
def test_exit_codes(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "application", _failing(error))
    monkeypatch.setattr(failures, "forget_output", lambda: None)
    assert main.run(["train"]) == code


def test_an_import_that_ctrl_c_broke_counts_as_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    def application() -> Any:
        def call(**_: Any) -> None:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                raise ImportError("numpy failed to import") from None

        return call

    monkeypatch.setattr(main, "application", application)
    assert main.run(["train"]) == 130


def test_sigint_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    before = signal.getsignal(signal.SIGINT)
    main.run(["--version"])
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with head")
@pytest.mark.parametrize("arguments", ["--help", "train xor", "layers"])
def test_a_reader_that_leaves_is_no_error(tmp_path: Path, arguments: str) -> None:
    line = f"{' '.join(COMMAND)} {arguments} | head -n 1"
    done = subprocess.run(line, shell=True, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian", "xor"], "The commands are lessons, lesson"),
        (["train", "xor", "--seed", "x"], "`dllab train --help` tells more"),
        (["gradcheck", "--all", "--inject-bug", "nope"], "expected one of: attention"),
        (["train", "xor", "--run-dir", "no/such/place"], "there is no folder no/such"),
    ],
)
def test_messages_fit_the_terminal(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = piped(tmp_path, *arguments, env={"COLUMNS": "64"})
    assert (done.code, done.out) == (2, "")
    assert max(map(len, done.err.splitlines())) <= 64
    assert words in " ".join(done.err.split())


@pytest.mark.parametrize("arguments", [["-h"], ["train", "-h"]])
def test_short_for_help(tmp_path: Path, arguments: list[str]) -> None:
    assert piped(tmp_path, *arguments) == piped(tmp_path, *arguments[:-1], "--help")


def test_messages_carry_no_control_codes(tmp_path: Path) -> None:
    done = piped(tmp_path, "train", "\x1b[31mred\x07")
    assert done.code == 2
    assert not CONTROL.search(done.err)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that closes streams")
@pytest.mark.parametrize(
    ("streams", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), pytest.param(">/dev/full", 2, marks=full_disk)]
)
def test_streams_that_take_nothing(tmp_path: Path, streams: str, code: int) -> None:
    line = f"{' '.join(COMMAND)} train xor --json {streams}"
    done = subprocess.run(line, shell=True, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == code
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    assert len(list((tmp_path / "runs").iterdir())) == 1
