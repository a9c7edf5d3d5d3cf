"""The texts for people are true: every command, recipe and example in them is tried. JSON: test_docs_json.py."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from marks import compiled_only
from ruamel.yaml import YAML

import dllab
from dllab import catalogue
from dllab.cli.commands import COMMANDS, Command
from dllab.data.csv import Csv
from dllab.data.dataset import Source
from dllab.data.encoding import Missing
from dllab.data.moons import Moons
from dllab.recipe import Checkpoint, EarlyStop, FoldOptions, Recipe, TrainOptions, load
from dllab.recipe.assemble import KEYS
from dllab.recipe.forms import fields_of
from dllab.views.save.svg import text_of

ROOT = Path(__file__).parent.parent
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
RECIPES, JSON = ROOT / "docs" / "recipes.md", ROOT / "docs" / "json.md"
PAGES = (README, CONTRIBUTING, ROOT / "CHANGELOG.md", RECIPES, JSON, ROOT / "docs" / "sonar.md")
ALL = tuple(dict.fromkeys((*PAGES, *sorted((ROOT / "docs").glob("*.md")))))
SETUP = (
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/dllab train spirals",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest -n auto",
    r"py -m venv .venv && .venv\Scripts\pip install . && .venv\Scripts\dllab train spirals",
    r'py -m venv .venv && .venv\Scripts\pip install -e ".[test]" && .venv\Scripts\pytest -n auto',
)
LONG = ("warmup", "bench")
FRAGMENT_OF = {"data": "spirals", "model": [{"dense": 32}, "tanh", {"dense": "classes"}]}

RUNS_OF = {
    "generate": "data: {names: female}\nmodel: [embedding: 4, gru: 4, dense: classes]\n",
    "neighbours": "data: {name: word_pairs, task: cbow, file: kings.txt, test: 0, subsample: 0}\nmodel: [cbow: 4]\n"
    "loss: negative_sampling\n",
}
"""Recipes whose runs a command can be asked about, where xor will not do."""


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fenced(page: Path, info: str) -> list[str]:
    """The code blocks whose fence carries these words."""
    return re.findall(rf"^```{info}\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)


def tables(page: Path) -> Iterator[list[str]]:
    """The cells of every row of a page's tables, `\\|` read as a bar."""
    for line in text(page).splitlines():
        if line.startswith("| "):
            yield [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`dllab ARGUMENTS` in a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "DLLAB_RUNS"}
    return subprocess.run(
        [sys.executable, "-m", "dllab", *arguments], cwd=folder, env={**kept, "COLUMNS": "80", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip


# ---- the README ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", SETUP)
def test_the_set_up_lines_stand_alone_each_in_a_block_of_its_own(line: str) -> None:
    assert f"\n\n    {line}\n\n" in text(README)


def test_ci_finds_the_test_line() -> None:
    pattern = re.search(r'grep -m1 -E "(.+?)"', text(ROOT / ".ci" / "run"))
    assert pattern is not None
    found = [line for line in text(README).splitlines() if re.search(pattern[1], line)]
    assert found == [f"    {SETUP[1]}"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_help_and_a_line_in_the_readme(command: Command) -> None:
    assert command.exists()
    assert command.help.endswith(".") and len(command.help) <= 65
    assert (command.load().help or "").strip()
    lines = [cells for cells in tables(README) if re.match(rf"`dllab {command.name}(?![\w-])", cells[0])]
    assert len(lines) == 1 and len(lines[0][1]) > 10


def examples() -> list[str]:
    """The command lines of the README's table of commands."""
    return [cells[0].strip("`") for cells in tables(README) if cells[0].startswith("`dllab ")]


@compiled_only
@pytest.mark.parametrize("line", [line for line in examples() if line.split()[1] not in LONG])
def test_the_examples_of_commands_work(line: str, tmp_path: Path) -> None:
    if " last" in line:  # a run there must be
        recipe = RUNS_OF.get(line.split()[1], "data: xor\nmodel: [dense: 4, tanh, dense: 1]\nloss: binary_cross_entropy\n")
        (tmp_path / "kings.txt").write_text("a king and a man, a queen and a woman of the land\n\n" * 9)
        (tmp_path / "my.yaml").write_text(f"{recipe}train: {{steps: 9}}\n")
        done = run(tmp_path, "train", "my.yaml", "--quiet")
        assert done.returncode == 0, done.stderr
        (tmp_path / "new.csv").write_text("x1,x2\n0,1\n1,1\n")
    done = run(tmp_path, *shlex.split(line)[1:])
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_no_example_names_an_option_that_is_not_there() -> None:
    for words in (line.split() for line in examples()):
        command = next(command for command in COMMANDS if command.name == words[1])
        known = {option for parameter in command.load().params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known


@compiled_only
def test_the_picture_is_that_of_a_run(tmp_path: Path) -> None:
    """Its figures are reached again; how fast differs from run to run."""
    done = run(tmp_path, "train", "spirals", "--quiet")
    picture = text_of(text(ROOT / "docs" / "pictures" / "train.svg"))
    figures = [line for line in done.stdout.splitlines() if re.match(r"(split|train|test|expected) ", line)]
    assert len(figures) == 4
    assert [line for line in figures if line not in picture.splitlines()] == []


def test_the_python_example_says_what_happens(tmp_path: Path) -> None:
    (code,) = fenced(README, "python")
    environment = {name: value for name, value in os.environ.items() if name != "DLLAB_RUNS"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == re.findall(r"^print\(.*\)  # (.+)$", code, re.MULTILINE)
    assert [path.name.split("-")[0] for path in (tmp_path / "runs").iterdir()] == ["xor"]


@compiled_only
def test_the_recipe_of_the_readme_reaches_what_it_states() -> None:
    (recipe,) = fenced(README, "yaml")
    result = dllab.train(recipe, save=False)
    assert result.expectations and all(figure.met for figure in result.expectations)


def test_a_run_leaves_the_files_the_readme_names(tmp_path: Path) -> None:
    result = dllab.train("xor", train__epochs=2, run_dir=tmp_path)
    assert result.folder is not None
    names = [path.name for path in result.folder.iterdir()]
    assert len(names) == 6 and all(f"`{name}`" in text(README) for name in names)


@compiled_only
def test_the_kept_recipe_trains_to_the_same_bits(tmp_path: Path) -> None:
    first = dllab.train("moons", train__epochs=3, run_dir=tmp_path)
    assert first.folder is not None
    again = dllab.train(first.folder / "recipe.yaml", save=False)
    for name, values in first.network.parameters.items():
        assert values.tobytes() == again.network.parameters[name].tobytes()


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them from headings, and those it sets itself."""
    plain = re.sub(r"^```.*?^```$", "", text(page), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    made = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    return made | set(re.findall(r'<a id="([^"]+)">', plain))


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text(page)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        other = page.parent / file if file else page
        assert other.is_file(), target
        assert not anchor or anchor in headings(other), target


def test_the_readme_leads_to_every_page_in_a_line_of_its_own() -> None:
    rows = [cells for cells in tables(README) if cells[0].startswith("[")]
    linked = [target for cells in rows for target in re.findall(r"\]\(docs/([\w-]+\.md)\)", cells[0])]
    assert sorted(linked) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    assert all(len(cells[1]) > 10 for cells in rows)


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_files_named_are_there(page: Path) -> None:
    """Paths in backquotes that begin with a folder of the project."""
    examples = {"dllab/ops/hard_sigmoid.py", "dllab/ops/prelu.py"}
    for path in re.findall(r"`((?:dllab|tests|docs|recipes|datasets|\.ci)/[\w./-]*)`", text(page)):
        assert (ROOT / path).exists() or path in examples, path


# ---- recipes -------------------------------------------------------------------------------------------------------


def loaded(page: Path) -> list[Recipe]:
    """Every recipe on a page; a fragment replaces keys of FRAGMENT_OF."""
    whole = [load(block) for block in fenced(page, "yaml")]
    pieces = [YAML(typ="safe", pure=True).load(block) for block in fenced(page, "yaml fragment")]
    return [*whole, *(load({**FRAGMENT_OF, **piece}) for piece in pieces)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_recipe_is_one_and_its_shapes_fit(page: Path) -> None:
    assert len(loaded(page)) == len(re.findall(r"^```yaml", text(page), re.MULTILINE))
    for recipe in loaded(page):
        assert dllab.build(recipe).parameters


def section(page: Path, title: str) -> list[list[str]]:
    """The rows of the tables between a heading and the next one."""
    part = text(page).split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [cells for cells in tables(page) if f"| {cells[0]} |" in part]


def test_every_key_of_a_recipe_is_in_the_table() -> None:
    assert [cells[0].strip("`") for cells in section(RECIPES, "Keys")[1:]] == list(KEYS)


@pytest.mark.parametrize(
    ("title", "heading", "cls", "usual"),
    [
        ("Train", "option", TrainOptions, TrainOptions()),
        ("Train", "option of `early_stop`", EarlyStop, EarlyStop(patience=1)),
        ("Train", "option of `checkpoint`", Checkpoint, Checkpoint()),
        ("Train", "option of `folds`", FoldOptions, FoldOptions(count=2)),
        ("Data", "option", Source, Moons()),
    ],
)
def test_tables_of_options_give_their_defaults(title: str, heading: str, cls: type, usual: Any) -> None:
    part = text(RECIPES).split(f"\n## {title}\n")[1].split(f"| {heading} | default |")[1].split("\n\n")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| *(.*?) *\|", part, re.MULTILINE))
    assert list(told) == list(fields_of(cls))
    for option, default in told.items():
        value = None if option in ("patience", "count") else getattr(usual, option)
        if dataclasses.is_dataclass(value):  # its own table tells
            value = None
        assert default.strip("`") == ("" if value is None else value if isinstance(value, str) else json.dumps(value))


def test_the_table_of_your_own_is_shown_and_trains_as_the_text_says(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text(fenced(RECIPES, "csv")[0], encoding="utf-8")
    (tmp_path / "my.yaml").write_text(fenced(RECIPES, "YAML")[0], encoding="utf-8")
    line, _, shown = fenced(RECIPES, "console")[0].partition("\n")
    done = run(tmp_path, *shlex.split(line)[2:])
    assert (done.returncode, [said.rstrip() for said in done.stdout.splitlines()]) == (0, shown.splitlines())
    assert run(tmp_path, "train", "my.yaml", "--quiet", "--no-save").returncode == 0


def test_the_options_of_csv_are_in_the_table() -> None:
    part = text(RECIPES).split("\n## Tables of your own\n")[1]
    told = dict(
        re.findall(r"^\| `(\w+)` \| *(.*?) *\|", part.split("| option of `csv` | default |")[1].split("\n\n")[0], re.M)
    )
    assert set(told) == {name for name in Csv.__annotations__ if name in fields_of(Csv)} - {"standardise"}
    for option, default in told.items():
        usual = fields_of(Csv)[option].default
        assert default.strip("`") == (usual if isinstance(usual, str) else ""), option
    rules = part.split("| `missing` | |")[1].split("\n\n")[0]
    assert {"refuse", *re.findall(r"`(\w+)`", rules)} == set(get_args(Missing))


def overrides() -> list[str]:
    return re.findall(r"^\| `([a-z][^` ]*=[^`]*)` \|", text(RECIPES), re.MULTILINE)


@pytest.mark.parametrize("override", overrides())
def test_overrides_change_the_recipe_above_them(override: str) -> None:
    recipe = fenced(RECIPES, "yaml")[0]
    changed = load(recipe, [override])
    assert changed != load(recipe)
    assert dllab.build(changed).parameters


def test_there_are_overrides_in_the_table() -> None:
    assert len(overrides()) >= 10


def test_the_shown_error_is_what_is_said(tmp_path: Path) -> None:
    shown = fenced(RECIPES, "text")[0]
    line, _, said = shown.partition("\n")
    done = run(tmp_path, *shlex.split(line)[2:])
    assert (done.returncode, done.stderr.strip()) == (2, said.strip())


def test_the_ways_to_write_a_part_mean_the_same() -> None:
    part = text(RECIPES).split("\n## Parts\n")[1].split("\nA layer")[0]
    blocks = re.findall(r"```yaml fragment\n(.*?)```", part, re.DOTALL)
    bare, *others = [load({**FRAGMENT_OF, **YAML(typ="safe", pure=True).load(block)}).optimizer for block in blocks]
    assert bare == load(FRAGMENT_OF).optimizer
    assert len(others) == 3 and all(other == others[0] for other in others)


# ---- CONTRIBUTING --------------------------------------------------------------------------------------------------


@pytest.fixture
def example_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The example layer as a module of dllab.ops that lies elsewhere; its name."""
    (code,) = fenced(CONTRIBUTING, "python")
    name = "hard_sigmoid"
    (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    package = importlib.import_module("dllab.ops")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    _forget()
    yield name
    sys.modules.pop(f"dllab.ops.{name}", None)
    vars(package).pop(name, None)
    _forget()


def _forget() -> None:
    importlib.invalidate_caches()
    catalogue.built_in.cache_clear()
    catalogue._find.cache_clear()


def test_the_example_layer_has_right_gradients_and_a_page(example_layer: str) -> None:
    from dllab.lab.gradcheck_cases import check_case, layer_cases
    from dllab.views.parts import page_document

    layer = catalogue.find("layers", example_layer)
    assert layer.__module__ == f"dllab.ops.{example_layer}"
    assert f"`dllab/ops/{example_layer}.py`" in text(CONTRIBUTING)
    cases = layer_cases([example_layer])
    assert cases
    for case in cases:
        assert all(check.passed and check.checked > check.kinks for check in check_case(case))
    page = page_document("layers", layer)["documentation"]
    assert "Source:" in page and f"- {example_layer}" in page
    net = dllab.build({"input": [2], "model": [example_layer]})
    assert net.forward([[0.5, -3.0]]).tolist() == [[0.75, 0.0]]


@compiled_only
def test_the_example_layer_trains(example_layer: str) -> None:
    line = re.search(r"`dllab train (\w+) '(.+)'`", text(CONTRIBUTING))
    assert line is not None and example_layer in line[2]
    assert dllab.train(line[1], [line[2]], save=False).metrics["test"]["accuracy"] > 0.95


def test_the_tables_named_are_there() -> None:
    for cells in tables(CONTRIBUTING):
        for file, name in re.findall(r"`(\w+/\w+\.py)`(?:: `(\w+)`)?", cells[-1]):
            assert name in text(ROOT / "tests" / file)
