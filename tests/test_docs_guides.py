"""The guides in docs/ are true: their files are stored, their commands run, and what they show is what is shown."""

from __future__ import annotations

import importlib
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from marks import compiled_only
from page_runner import ROOT, Told, alike, commands, compare, play

import dllab
from dllab.cli import failures
from dllab.cli.interrupt import ENDING
from dllab.runs.result import Result

DOCS = ROOT / "docs"
shells_only = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "timeout", "cmp"))), reason="the commands are written for a POSIX shell"
)


def section(page: str, title: str) -> str:
    """The text between a heading and the next."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


# ---- exit codes ----------------------------------------------------------------------------------------------------


@compiled_only
@shells_only
def test_exit_codes_are_those_of_the_page(tmp_path: Path) -> None:
    assert play(DOCS / "exit-codes.md", here(tmp_path)) >= 10


def test_every_code_is_in_the_table_and_has_its_part() -> None:
    text = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    codes = {failures.FINE, failures.NEGATIVE, failures.USAGE, failures.INTERNAL, *(128 + number for number in ENDING)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes
    headings = re.findall(r"^## ([\d, ]+):", text, re.MULTILINE)
    assert {int(code) for heading in headings for code in heading.split(",")} == codes


def test_a_fault_of_the_lab_is_told_as_the_page_says(tmp_path: Path) -> None:
    code = "import sys, dllab.cli.main as main; main._call = lambda arguments: 1 / 0; sys.exit(main.run([]))"
    surroundings = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings)
    assert done.returncode == failures.INTERNAL
    shown = re.search(r"^dllab: internal error.*$", section("exit-codes.md", "3: a fault of the lab"), re.MULTILINE)
    assert shown is not None
    assert done.stderr.startswith(shown[0].partition("/tmp")[0])
    (log,) = tmp_path.glob("dllab-error-*.log")
    assert "ZeroDivisionError" in log.read_text() and "command:" in log.read_text()


def test_python_raises_what_the_page_says(tmp_path: Path) -> None:
    from dllab.recipe import RecipeError
    from dllab.runs.disk import StoreError

    with pytest.raises(RecipeError):
        dllab.train("spirls")
    with pytest.raises(StoreError):
        dllab.resume("last", run_dir=tmp_path / "nowhere")
    wild = dllab.train("function", ["optimizer=sgd", "optimizer.lr=1e5"], save=False)
    assert wild.status == "diverged"
    assert all(name in section("exit-codes.md", "In Python") for name in ("RecipeError", "StoreError", '"diverged"'))


def test_sighup_is_129_where_there_is_one() -> None:
    if hasattr(signal, "SIGHUP"):
        assert 128 + signal.SIGHUP == 129


# ---- getting started -----------------------------------------------------------------------------------------------


@compiled_only
@shells_only
def test_getting_started_goes_as_the_page_says(tmp_path: Path) -> None:
    assert play(DOCS / "getting-started.md", here(tmp_path)) >= 14


def test_the_set_up_lines_are_those_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (\S.*)$", section("getting-started.md", "Install"), re.MULTILINE)
    assert len(lines) == 2 and all(f"\n    {line}\n" in readme for line in lines)


# ---- a layer of the lab's own --------------------------------------------------------------------------------------


@compiled_only
@shells_only
def test_a_layer_is_added_as_the_page_says(tmp_path: Path) -> None:
    tree = here(tmp_path)
    shutil.copytree(ROOT / "dllab", tree / "dllab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("recipes", "datasets"):
        (tree / name).symlink_to(ROOT / name)
    (tree / "tests").mkdir()
    for name in ("conftest.py", "kernels.py"):
        shutil.copy(ROOT / "tests" / name, tree / "tests")
    assert play(DOCS / "add-a-layer.md", tree, package=tree) >= 6


def test_the_layer_of_the_page_is_not_there_yet() -> None:
    assert not (ROOT / "dllab" / "ops" / "prelu.py").exists(), "docs/add-a-layer.md needs another example"


# ---- the engine ----------------------------------------------------------------------------------------------------


def places(page: Path) -> list[str]:
    """The dotted names of a page and of the picture: `plan.plan.Plan`."""
    names = re.findall(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`", page.read_text(encoding="utf-8"))
    picture = (DOCS / "pictures" / "engine.svg").read_text(encoding="utf-8")
    return sorted(
        {*(name for name in names if not name.startswith("net.")), *re.findall(r">([a-z]+\.[a-z]+)</text>", picture)}
    )


def found(name: str) -> bool:
    """Whether that is a module of the package, or something in one; kernels in the picture leave out the family."""
    pieces = name.split(".")
    for cut in range(len(pieces), 0, -1):
        for family in ("", "ops.", "losses.", "optim.", "plan."):
            try:
                value = importlib.import_module(f"dllab.{family}{'.'.join(pieces[:cut])}")
            except ModuleNotFoundError:
                continue
            for piece in pieces[cut:]:
                value = getattr(value, piece, None)
            if value is not None:
                return True
    return False


@pytest.mark.parametrize("name", places(DOCS / "engine.md"))
def test_what_the_engine_page_names_is_there(name: str) -> None:
    assert found(name)


def test_a_name_that_is_not_there_is_noticed() -> None:
    assert len(places(DOCS / "engine.md")) > 30
    assert found("plan.plan.Plan") and not found("plan.plan.Plane") and not found("plan.planes")


def test_the_rows_of_the_engine_page_are_those_of_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / "engine.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python run\n(.*?)```", text, re.DOTALL)
    (shown,) = re.findall(r"```text run\n(.*?)```", text, re.DOTALL)
    exec(compile(code, "engine.md", "exec"), {})
    assert capsys.readouterr().out == shown


def test_the_figures_of_the_engine_page_are_those_of_the_code() -> None:
    from dllab.core import loop
    from dllab.engine import pace
    from dllab.plan import plan

    text = " ".join((DOCS / "engine.md").read_text(encoding="utf-8").split())
    assert f"from {plan.WORK_WORTH_SHARDING:,} multiply-adds" in text
    assert f"about {1000 * pace.TARGET:g} ms" in text
    assert f"a ring of {plan.HISTORY_STEPS} steps" in text
    assert f"a table of int64, {loop.ROW_WIDTH} a row" in text


def test_the_programs_of_the_engine_page_are_those_of_a_plan() -> None:
    from dllab.plan import plan

    told = re.findall(r"^\| `(\w+)` \|", section("engine.md", "Plan and rows"), re.MULTILINE)
    assert told == re.findall(r"^    (\w+) +\w", (plan.__doc__ or "").split("first asked for:")[1], re.MULTILINE)


# ---- teaching ------------------------------------------------------------------------------------------------------


def measured() -> list[tuple[str, str, str, str]]:
    """The rows of the page's tables of measurements: command, figure, seeds, what came out."""
    text = (DOCS / "teaching.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `(dllab train [^`]+)` \| ([a-z0-9 ]+) \| ([\d to]+) \| (.+?) \|$", text, re.MULTILINE)


def trained(line: str, folder: Path, seed: int) -> Result:
    """The run of a command of the page."""
    name, *changes = shlex.split(line)[2:]
    text = (DOCS / "teaching.md").read_text(encoding="utf-8")
    for file, block in re.findall(r"^```yaml (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        (folder / file).write_text(block)
    return dllab.train(folder / name if name.endswith(".yaml") else name, changes, seed=seed, save=False)


@compiled_only
@pytest.mark.parametrize("row", measured(), ids=lambda row: f"{row[0][12:]}-{row[1]}".replace(" ", "_"))
def test_what_was_measured_is_measured_again(row: tuple[str, str, str, str], tmp_path: Path) -> None:
    line, name, seeds, said = row
    first, _, last = seeds.partition(" to ")
    results = [trained(line, tmp_path, seed) for seed in range(int(first), int(last or first) + 1)]
    if name == "status":
        assert {result.status for result in results} == {said}
        return
    split, metric = name.split()
    scale = 100.0 if said.endswith("%") else 1.0
    found = [scale * result.metrics[split][metric] for result in results]
    low, _, high = said.rstrip(" %").partition(" to ")
    slack = 1.5 if scale > 1 else 0.02
    assert float(low) - slack <= min(found) and max(found) <= float(high or low) + slack, (said, found)


def test_every_table_of_measurements_is_read() -> None:
    text = (DOCS / "teaching.md").read_text(encoding="utf-8")
    counted = re.findall(r"^\| `dllab train [^`]+` \| \d+ of \d+ \|$", text, re.MULTILINE)
    assert len(measured()) + len(counted) == len(re.findall(r"^\| `dllab ", text, re.MULTILINE)) >= 30


@compiled_only
def test_as_many_are_solved_as_the_page_says(tmp_path: Path) -> None:
    text = (DOCS / "teaching.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(dllab train [^`]+)` \| (\d+) of (\d+) \|$", text, re.MULTILINE)
    assert len(rows) == 5
    for line, solved, of in rows:
        figures = [trained(line, tmp_path, seed).metrics["train"]["accuracy"] for seed in range(int(of))]
        assert abs(figures.count(1.0) - int(solved)) <= 1, line


@compiled_only
@shells_only
def test_the_commands_of_the_teaching_page_show_what_it_shows(tmp_path: Path) -> None:
    assert play(DOCS / "teaching.md", here(tmp_path)) >= 7


def test_the_recipes_named_for_teaching_are_there() -> None:
    table = section("teaching.md", "What shows what")
    names = re.findall(r"`([\w-]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    assert len(names) >= 14 and all((ROOT / "recipes" / f"{name}.yaml").is_file() for name in names)


def test_other_statements_for_the_class(tmp_path: Path) -> None:
    one = trained("dllab train xor 'model=[{dense: 1}, sigmoid]'", tmp_path, 0)
    assert abs(one.metrics["train"]["loss"] - math.log(2)) < 1e-4
    big = dllab.build(tmp_path / "big.yaml").parameters
    assert 16_500 < sum(values.size for name, values in big.items() if name.endswith(".w")) < 17_500
    from dllab.engine.prepare import prepared
    from dllab.recipe import load

    data = prepared(load("wine"))
    assert data is not None
    inputs = data.dataset.columns["inputs"]
    assert (round(float(inputs.min()), 1), float(inputs.max())) == (0.1, 1680.0)


# ---- how pages are compared ----------------------------------------------------------------------------------------


def test_pages_are_compared_word_for_word() -> None:
    assert alike("xor: trained, 0.02 s (11,090 steps/s)", "xor:  trained, 1.5 s (9 steps/s)")
    assert alike("test   100 %", "test 98.2 %") and not alike("test 100 %", "test 96.2 %")
    assert not alike("xor: trained", "xor: diverged")
    (told, again) = commands("$ a\none\n...\nthree\n$ echo $?\n2\n")
    assert (told.command, again.lines) == ("a", ["2"])
    compare(told, "zero\none\ntwo\nthree\n", "page")
    with pytest.raises(AssertionError):
        compare(told, "three\none\n", "page")
    with pytest.raises(AssertionError):
        compare(Told("a", ["what is not there"]), "", "page")
