"""Whatever is typed: an exit code and a message, never a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_lines import FILES, fresh, lines, made, typed
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from terminals import piped

from dllab.cli import main
from dllab.cli.commands import loaded

WORDS = st.sampled_from([
    "train", "xor", "spirals", "--json", "--quiet", "--seed", "--run-dir", "-s", "--set", "--no-save", "--help", "--", "-",
    "train.epochs=1", "optimizer.lr=0.1", "model[0].dense.units=4", "model=[]", "data=", "=", "model[9].x=1", "loss=mse",
    "optimizer=nothing", "optimizer.lr=nan", "train.batch=full", "expect.test_loss=x", "0", "-1", "1e99", "\x1b[31m", "ä",
    "\ud800", "{", "data.samples=5", "train.early_stop=2", "data=moons", "schedule=plateau", "metrics=[f1]",
])  # fmt: skip
ARGUMENTS = st.lists(WORDS | st.text(max_size=12), max_size=6)


def called(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main.run(arguments)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    monkeypatch.chdir(folder)
    return folder


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=ARGUMENTS)
def test_any_command_line_ends_well(arguments: list[str]) -> None:
    code, _, err = called(["train", *arguments, "--no-save"] if arguments[:1] != ["train"] else [*arguments, "--no-save"])
    assert code in (0, 1, 2)
    assert "Traceback" not in err and "internal error" not in err


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=30), key=st.sampled_from(["optimizer.lr", "train.batch", "data.noise", "model[0].dense"]))
def test_any_value_of_an_override_ends_well(text: str, key: str) -> None:
    code, out, err = called(["train", "xor", "train.epochs=1", f"{key}={text}", "--no-save", "--json", "--quiet"])
    assert code in (0, 1, 2)
    assert (out == "") == (code == 2)
    assert "Traceback" not in err and "internal error" not in err


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=st.lists(st.text(max_size=8), max_size=3))
def test_any_first_word_ends_well(arguments: list[str]) -> None:
    code, _, err = called(arguments)
    assert code in (0, 2)
    assert "Traceback" not in err and "internal error" not in err


@pytest.mark.parametrize(
    "arguments",
    [["--"], [""], ["train", ""], ["train", "xor", "=1"], ["train", "-s"], ["\x1b[2J"], ["train", "xor", "--seed="]],
)
def test_odd_command_lines_for_real(tmp_path: Path, arguments: list[str]) -> None:
    done = piped(tmp_path, *arguments)
    assert done.code == 2
    assert "Traceback" not in done.err and "internal error" not in done.err
    assert done.err


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recipes, tables and runs."""
    folder: Path = tmp_path_factory.mktemp("base")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DLLAB_RUNS", raising=False)
        made(folder)
    return folder


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes minutes is taken out: the timings, and the checks and kernels of all parts but two."""
    from dllab.lab import bench, bench_sweep, gradcheck_cases, warmup
    from dllab.lessons import lesson

    check_parts = gradcheck_cases.check_parts

    def check_some(*, only: Any = None, **options: Any) -> Any:
        return check_parts(only=("relu", "mse") if only is None else only, **options)

    monkeypatch.delenv("DLLAB_RUNS", raising=False)
    quick = tuple(one for one in lesson.headings() if one.number in (7, 15, 26, 35))
    monkeypatch.setattr(lesson, "headings", lambda: quick)
    monkeypatch.setattr(bench, "run", lambda *chosen: iter(()))
    monkeypatch.setattr(bench_sweep, "run", lambda: iter(()))
    monkeypatch.setattr(warmup, "warm", lambda stock: iter(()))
    monkeypatch.setattr(gradcheck_cases, "check_parts", check_some)


def ends_well(base: Path, folder: Path, line: list[str], stdin: bytes) -> None:
    """Whatever the line: an exit code that is documented, a message without a traceback, and nothing written elsewhere."""
    fresh(base, folder)
    done = typed(folder, line, stdin)
    event(f"{line[0]} ends with {done.code}")
    assert done.code in (0, 1, 2, 130), done.err
    assert not any(text.startswith("Traceback") for text in done.err.splitlines())
    assert "internal error" not in done.err
    assert done.err if done.code == 2 else True
    assert done.written == ()
    if "--json" in line and done.out and not done.out.startswith("Usage:"):
        documents = done.out.splitlines() if line[0] == "sweep" else [done.out]
        assert whole_document(line) is False or all(
            json.loads(text, parse_constant=pytest.fail) is not None for text in documents
        )


def whole_document(line: list[str]) -> bool:
    """Whether --json is an option there, and not the value of another one or an argument after --."""
    before = line[: line.index("--json")]
    values = [name for option in loaded(line[0]).params if not getattr(option, "is_flag", False) for name in option.opts]
    return "--" not in before and before[-1] not in values and not re.match(r"-[a-z]*[sj]$", before[-1])


def test_what_is_written_elsewhere_is_noticed(base: Path, tmp_path: Path) -> None:
    fresh(base, tmp_path / "here")
    assert typed(tmp_path / "here", ["init", "xor", "../new.yaml"]).written == (str(tmp_path / "new.yaml"),)
    assert typed(tmp_path / "here", ["train", "my.yaml", "--run-dir", "../new", "-q"]).written[0] == str(tmp_path / "new")
    assert typed(tmp_path / "here", ["init", "xor", "new.yaml"]).written == ()


LINES = given(line=lines(), stdin=st.sampled_from([b"", FILES["t.csv"], bytes(range(256))]))
TYPED = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@TYPED
@LINES
def test_any_line_of_any_command_ends_well(base: Path, brief: None, tmp_path: Path, line: list[str], stdin: bytes) -> None:
    ends_well(base, tmp_path / "here", line, stdin)


@pytest.mark.slow
@settings(TYPED, max_examples=4500)
@LINES
def test_any_line_of_any_command_ends_well_often(
    base: Path, brief: None, tmp_path: Path, line: list[str], stdin: bytes
) -> None:
    ends_well(base, tmp_path / "here", line, stdin)
