"""Parts of the user's own: trusted or refused, found in their families, broken in every way a file can be."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab import catalogue
from dllab.cli.new import KINDS, _text
from dllab.recipe import RecipeError, chosen, load
from dllab.recipe.own_parts import parts_of_file

NET: dict[str, Any] = {"input": [3], "model": [{"dense": 4}, "bent", {"dense": 2}], "loss": "mse"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(kind: str, name: str) -> Path:
    path = Path(f"{name}.py")
    path.write_text(_text(kind, name))
    return path


def message(recipe: Any, **options: Any) -> str:
    with pytest.raises(RecipeError) as told:
        load(recipe, **options)
    return " ".join(told.value.render(200).split())


def test_nothing_runs_without_trust(here: Path) -> None:
    (here / "evil.py").write_text("open('ran', 'w').close()\n")
    for recipe in ({**NET, "use": ["evil.py"]}, {**NET, "use": "evil.py"}):
        assert "this recipe runs files of its own: evil.py" in message(recipe)
        assert "give --trust" in message(recipe)
    assert "runs files" in message(NET, overrides=["use=evil.py"])
    with pytest.raises(RecipeError, match="runs files"):
        dllab.train({**NET, "use": "evil.py"}, save=False)
    made = load({**NET, "model": [{"dense": 4}, {"dense": 2}]})
    with pytest.raises(RecipeError, match="runs files"):
        chosen(made, ["use=evil.py"])  # a recipe that is made already is no licence for other files
    assert chosen(made, ["loss=mae"]).loss != made.loss
    with pytest.raises(RecipeError, match="is a program"):
        parts_of_file("evil.py", trusted=False)
    assert not (here / "ran").exists()
    message({**NET, "use": "evil.py"}, trust=True)
    assert (here / "ran").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_part(here: Path, kind: str) -> None:
    written(kind, "bent")
    family = KINDS[kind][0]
    usage: dict[str, dict[str, Any]] = {
        "layers": {"model": [{"dense": 8}, "bent", {"dense": 1}]},
        "losses": {"loss": "bent"},
        "optimizers": {"optimizer": {"bent": {"lr": 0.05}}},
        "schedules": {"schedule": "bent"},
        "datasets": {"data": {"bent": 60}},
        "augmentations": {"data": "function", "augment": ["bent"]},
    }
    recipe = {"data": "function", "model": [{"dense": 8}, "tanh", {"dense": "outputs"}], "train": {"epochs": 3}}
    result = dllab.train({**recipe, "use": ["bent.py"], **usage[family]}, save=False, trust=True)
    assert result.status == "finished" and np.isfinite(result.metrics["train"]["loss"])
    assert "bent" not in catalogue.parts(family)  # it belongs to that recipe alone
    assert "unknown" in message({**NET, **usage[family]})


def test_gradients_of_the_starting_files() -> None:
    from dllab.lab.gradcheck_cases import check_parts

    for kind in ("layer", "activation", "loss"):
        own = parts_of_file(str(written(kind, f"bent_{kind}")), trusted=True)
        with catalogue.with_parts(own.found):
            checked = list(check_parts(only=[f"bent_{kind}"]))
        assert len(checked) >= 4
        assert all(check.passed and check.checked > check.kinks for case in checked for check in case.checks)


def test_paths_count_from_the_recipe(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "parts").mkdir()
    written("activation", "bent").rename(here / "parts" / "bent.py")
    (here / "r.yaml").write_text("use: [parts/bent.py]\ninput: [3]\nmodel: [dense: 4, bent, dense: 2]\nloss: mse\n")
    monkeypatch.chdir("/")
    recipe = load(here / "r.yaml", trust=True)
    path = str(here / "parts" / "bent.py")
    assert recipe.use == (path,)
    assert recipe.used == {path: hashlib.sha256(Path(path).read_bytes()).hexdigest()}
    again = load(recipe.to_yaml(), trust=True)
    assert again == recipe
    assert type(again.model[1].part) is type(recipe.model[1].part)


def test_overrides_know_own_parts(here: Path) -> None:
    written("activation", "bent")
    recipe = {**NET, "use": "bent.py", "model": [{"dense": 4}, {"bent": 2.0}, {"dense": 2}]}
    changed = load(recipe, ["model[1].bent.steepness=3.0"], trust=True)
    assert getattr(changed.model[1].part, "steepness", None) == 3.0
    assert load(NET, ["use=bent.py"], trust=True).use == (str(here / "bent.py"),)
    assert "Did you mean 'bent'" in message({**recipe, "model": ["bendt"]}, trust=True)
    assert "'steepness' of layer bent" in message(recipe, overrides=["model[1].bent.steepness=-1"], trust=True)


def test_an_edited_file_is_another_part(here: Path) -> None:
    path = written("activation", "bent")
    recipe = {"use": "bent.py", "input": [3], "model": ["bent"]}
    x = [[1.0, 2.0, 3.0]]
    first = dllab.build(recipe, trust=True).forward(x)
    text = path.read_text()
    path.write_text(text.replace("y[i] = x[i] *", "y[i] = 2 * x[i] *"))
    np.testing.assert_allclose(dllab.build(recipe, trust=True).forward(x), 2 * first)
    path.write_text(text)
    np.testing.assert_array_equal(dllab.build(recipe, trust=True).forward(x), first)


def test_files_of_one_name_in_two_folders(here: Path) -> None:
    text = _text("activation", "bent")
    for folder, factor in (("a", 1), ("b", 3)):
        (here / folder).mkdir()
        (here / folder / "bent.py").write_text(text.replace("y[i] = x[i] *", f"y[i] = {factor} * x[i] *"))
    x = [[1.0]]
    one, other = (
        dllab.build({"use": f"{folder}/bent.py", "input": [1], "model": ["bent"]}, trust=True).forward(x) for folder in "ab"
    )
    np.testing.assert_allclose(other, 3 * one)


BROKEN = {
    "def f(:": "line 1: invalid syntax",
    "x = 1": "defines no part",
    "import nothing_of_that_name": "line 1: ModuleNotFoundError",
    "\n\n1 / 0": "line 3: ZeroDivisionError: division by zero",
    "import sys\nsys.exit(3)": "line 2: SystemExit: 3",
    "raise KeyError('a')": "line 1: KeyError",
    "def f():\n    raise ValueError('deep')\nf()": "line 2: ValueError: deep",
    "\0": "source code string cannot contain null bytes",
}


@pytest.mark.parametrize("content", BROKEN)
def test_broken_files(here: Path, content: str) -> None:
    (here / "bent.py").write_text(content)
    told = message({**NET, "use": "bent.py"}, trust=True)
    assert BROKEN[content] in told and str(here / "bent.py") in told


def test_parts_that_cannot_be(here: Path) -> None:
    text = _text("activation", "bent")
    cases = {
        text.replace('name = "bent"', 'name = "relu"'): "there is 'relu' among the layers already",
        text + text.split("\n\n\n")[-1].replace("class Bent", "class Again"): "'bent' of layers is defined twice",
        "from dllab.ops.layer import Layer\nclass Foo(Layer):\n    name = 'foo'\n": "Foo has no build()",
        "from dllab.catalogue import Part\nclass Foo(Part):\n    name = 'foo'\n": "Foo is derived from no family's base",
        text.replace("@kernel(dx=", "@kernel(dz="): "shapes are given for",
    }
    for content, said in cases.items():
        (here / "bent.py").write_text(content)
        assert said in message({**NET, "use": "bent.py"}, trust=True)


def test_what_use_takes(here: Path) -> None:
    assert "expected the path of a Python file" in message({**NET, "use": 3}, trust=True)
    assert "expected the path of a Python file" in message({**NET, "use": ["bent"]}, trust=True)
    assert "cannot be read: No such file" in message({**NET, "use": ["none.py"]}, trust=True)
    (here / "folder.py").mkdir()
    assert "cannot be read: Is a directory" in message({**NET, "use": ["folder.py"]}, trust=True)
    assert load({**NET, "use": None, "model": [{"dense": 2}]}).use == ()
    assert load({**NET, "use": [], "model": [{"dense": 2}]}).use == ()


def test_what_a_file_prints_does_not_reach_stdout(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written("activation", "bent")
    path.write_text(path.read_text() + "\nprint('hello')\n")
    dllab.build({**NET, "use": "bent.py"}, trust=True)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "hello\n")


def test_a_run_tells_which_files_it_used(here: Path) -> None:
    import json

    from dllab.runs.disk import StoreError
    from dllab.runs.opened import Opened

    path = written("activation", "bent")
    recipe = {
        "use": "bent.py",
        "data": "xor",
        "model": [{"dense": 4}, "bent", {"dense": 1}, "sigmoid"],
        "train": {"epochs": 2},
    }
    result = dllab.train(recipe, run_dir=here, trust=True)
    assert result.folder is not None
    used = {str(here / "bent.py"): hashlib.sha256(path.read_bytes()).hexdigest()}
    assert json.loads((result.folder / "run.json").read_text())["used"] == used
    with pytest.raises(RecipeError, match="runs files"):
        dllab.resume(result.folder, train__epochs=4)
    assert dllab.resume(result.folder, train__epochs=4, trust=True).epochs == 4
    assert Opened(result.folder, trust=True).edited() == []
    path.write_text(path.read_text() + "\n# changed\n")
    with pytest.raises(StoreError, match=r"bent\.py is not what it was"):
        dllab.resume(result.folder, train__epochs=6, trust=True)
    assert Opened(result.folder, trust=True).edited() == [str(path.resolve())]  # it can still be asked, and that is said
