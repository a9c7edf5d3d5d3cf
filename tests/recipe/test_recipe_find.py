"""A recipe by its name or its path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MOONS, SPIRALS

from dllab.recipe import RecipeError, load, parse, shipped


def refused(reference: str | Path) -> str:
    with pytest.raises(RecipeError) as raised:
        load(reference)
    assert len(raised.value.problems) == 1
    return str(raised.value).replace("\n  ", " ")


def test_shipped(recipes_folder: Path) -> None:
    assert shipped() == {"moons": recipes_folder / "moons.yaml", "spirals": recipes_folder / "spirals.yaml"}


def test_by_name(recipes_folder: Path) -> None:
    recipe = load("spirals", ["train.epochs=1"])
    assert recipe == parse(SPIRALS, ["train.epochs=1"])
    assert (recipe.name, recipe.source_path) == ("spirals", recipes_folder / "spirals.yaml")


def test_by_path(recipes_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moons.yaml").write_text(MOONS.replace("8", "16"), encoding="utf-8")
    (tmp_path / "plain").write_text(MOONS.replace("8", "4"), encoding="utf-8")
    units = {"moons": 8, "moons.yaml": 16, "./moons.yaml": 16, "plain": 4, str(recipes_folder / "moons.yaml"): 8}
    for reference, size in units.items():
        assert load(reference).model[0].part.units == size, reference  # type: ignore[attr-defined]
    assert load(Path("plain")) == load("plain")


def test_by_text() -> None:
    assert load(SPIRALS) == parse(SPIRALS)


def test_unknown_names() -> None:
    assert refused("spiral") == (
        "spiral: no recipe is called 'spiral' `dllab recipes` lists the recipes that come with the lab; a file is given "
        "by its path. Did you mean 'spirals'?"
    )
    assert "no recipe is called ''" in refused("")
    assert "no recipe is called" in refused("x" * 5000)
    assert "no recipe is called" in refused("a\0b")


def test_files_that_cannot_be_read(recipes_folder: Path, tmp_path: Path) -> None:
    assert "no such file" in refused(recipes_folder / "spiral.yaml")
    assert "Did you mean 'spirals.yaml'?" in refused(recipes_folder / "spiral.yaml")
    assert "this is a folder, not a recipe" in refused(recipes_folder)
    assert "moons.yaml, spirals.yaml" in refused(recipes_folder)
    assert "cannot be read" in refused(Path("x" * 5000))
    assert "cannot be read" in refused("a\0b.yaml")
    assert "cannot be read" in refused(recipes_folder / "moons.yaml" / "x.yaml")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_from_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    with subprocess.Popen([sys.executable, "-c", f"open({str(pipe)!r}, 'w').write({MOONS!r})"]):
        assert load(pipe) == parse(MOONS)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_from_an_endless_file() -> None:
    assert "too large" in refused(Path("/dev/zero"))


def test_reading_recipes_needs_no_numpy() -> None:
    code = "import sys, dllab.recipe; sys.exit(bool({'numpy', 'numba', 'llvmlite'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_this_folder_is_a_folder() -> None:
    assert "this is a folder, not a recipe" in refused(".")
