"""Rows of sequences as a terminal shows them: texts, words, answers, series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from screens import compare, piece, screen

from dllab.data.dataset import Dataset
from dllab.lab import datasets as lab
from dllab.views import data_pictures, datasets
from dllab.views.data_text import Samples, escaped, in_characters, shown, spelt

SHOWN = {
    "names": ("names",), "classify": ("names", "task=classify"), "shakespeare8": ("shakespeare8",),
    "masked": ("kjv", "task=masked"), "cbow": ("word_pairs", "task=cbow", "words=300"),
    "glove": ("word_pairs", "task=glove", "words=300"), "cmudict": ("cmudict",), "languages": ("languages",),
    "reversal": ("reversal",), "sunspots": ("sunspots",), "japanese_vowels": ("japanese_vowels",),
}  # fmt: skip


def dataset(name: str, *options: str) -> Dataset:
    return lab.summarize(lab.chosen(name, options))[1].dataset


@pytest.mark.parametrize("name", SHOWN)
def test_rows_of_a_data_set(name: str) -> None:
    data = dataset(*SHOWN[name])
    compare(f"rows_{name}", piece(Samples(data) if data.vocabulary else data_pictures.picture(data) or ""))


@pytest.mark.parametrize("name", [name for name in SHOWN if name != "classify"])
@pytest.mark.parametrize("width", [60, 80])
def test_a_page_fits_the_terminal_in_any_characters(name: str, width: int) -> None:
    summary, prepared = lab.summarize(lab.chosen(SHOWN[name][0], SHOWN[name][1:]))
    page = datasets.dataset_view(summary, prepared.dataset)
    for ascii_only in (False, True):
        text = screen(page, width, ascii_only=ascii_only)
        assert max(map(len, text.splitlines())) <= width
        assert f"\nrows      {summary.rows:,}" in text or f"\nrows     {summary.rows:,}" in text


def test_facts_of_sequences() -> None:
    text = screen(datasets.dataset_view(*page("cmudict")))
    for line in (
        "inputs   12 int32: ids of 27 characters: ., a, b, c, d, e, f, g, h, ... z\n",
        "lengths  2 to 12 steps of a row are there\n",
        "decoder  reads 14 of the classes, one step late\n",
        "classes  at every step: . (20,000), AA (3,725), ",
    ):
        assert line in text
    assert "targets  1 number a row: always 0\n" in screen(datasets.dataset_view(*page("word_pairs", "words=50")))
    assert "ids of 76 characters: \\n, ' ', !, " in screen(datasets.dataset_view(*page("shakespeare8")))


def test_one_character_is_no_plural(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a" * 2000)
    assert "ids of 1 character: a\n" in screen(datasets.dataset_view(*page("text", f"file={tmp_path / 'a.txt'}")))


def page(name: str, *options: str) -> tuple[lab.DataSummary, Dataset]:
    summary, prepared = lab.summarize(lab.chosen(name, options))
    return summary, prepared.dataset


def test_characters_that_cannot_be_seen_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("a\x1b[2J\tb\u202e\n\n" * 20)
    text = screen(datasets.dataset_view(*page("text", f"file={tmp_path / 'my.txt'}", "length=8")))
    assert "  reads  a\\x1b[2J\\tb\\u202e\n" in text and text.replace("\n", "").isprintable()
    assert (escaped("é\n"), shown(" "), shown("\t")) == ("é\\n", "' '", "\\t")


def test_words_stand_apart_and_characters_do_not() -> None:
    assert spelt(np.array([1, 0, -1, 2]), ("a", "b", "c")) == "ba_c"
    assert spelt(np.array([1, 0, -1, 2]), ("one", "two", "c")) == "two one _ c"
    assert in_characters(("<end>", "<unk>", "a", "b", "c")) and not in_characters((".", "AA", "B", "CH", "D", "EH", "ER"))


def test_long_series_are_means_of_bins() -> None:
    curve = data_pictures._binned(np.arange(660.0))
    assert curve.shape == (1, 66) and curve[0, 0] == 4.5 and curve[0, -1] == 654.5
    assert data_pictures._binned(np.arange(5.0)).tolist() == [[0, 1, 2, 3, 4]]
