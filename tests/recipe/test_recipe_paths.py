from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import pytest

from dllab.catalogue import FilePath, Part
from dllab.recipe.errors import Problems
from dllab.recipe.nodes import from_plain
from dllab.recipe.parts import Builder
from dllab.recipe.paths import Folder
from dllab.recipe.place import Place

IN_FILE, IN_OVERRIDE = Place("a.yaml", 3, 7), Place("override data.csv=my.csv")


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("my.csv", IN_FILE, "/home/ann/my.csv"),
        ("../my.csv", IN_FILE, "/home/my.csv"),
        ("/data/my.csv", IN_FILE, "/data/my.csv"),
        ("-", IN_FILE, "-"),
        ("", IN_FILE, ""),
    ],
)
def test_paths_in_a_file_count_from_its_folder(text: str, place: Place, expected: str) -> None:
    assert Folder(Path("/home/ann")).absolute(text, place) == expected


def test_other_paths_count_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Folder(Path("/home/ann")).absolute("my.csv", IN_OVERRIDE) == os.path.join(os.getcwd(), "my.csv")
    assert Folder().absolute("my.csv", IN_FILE) == os.path.join(os.getcwd(), "my.csv")


def test_home_is_spelt_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert Folder().absolute("~/my.csv", IN_OVERRIDE) == "/home/ann/my.csv"


class _Table(Part):
    """A part with a path and a text."""

    name = "table"
    file: Annotated[str, FilePath()]
    title: str


def test_only_marked_options_are_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    problems = Problems()
    node = from_plain({"file": "my.csv", "title": "my.csv"}, problems)
    built = Builder(problems).options(_Table, node, "table", node.place)
    assert (built.file, built.title) == (os.path.join(os.getcwd(), "my.csv"), "my.csv")
