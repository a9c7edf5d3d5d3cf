"""Planes of words as text at three widths."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from rich.cells import cell_len
from rich.text import Text
from screens import coloured, compare, screen

from dllab.lab.embeddings import Vectors, plane
from dllab.lab.neighbours import Table
from dllab.views.embeddings import document, embeddings_view

SAID = "the of king queen man woman kingdom bread wine water 猫猫 transubstantiation said unto lord god , . <unk> a"
WORDS = (*SAID.split(), " ", "\n")


def circle() -> np.ndarray:
    angle = 2 * np.pi * 5 * np.arange(23) / 23
    return np.stack([np.cos(angle), np.sin(angle), 0.1 * np.cos(2 * angle)], axis=1)


def vectors(count: int, units: int = 6) -> np.ndarray:
    i, j = np.indices((count, units))
    return np.asarray(np.sin(1.3 * i + i * j) * [5, 3, 1, 1, 1, 1])


TABLE = Table("word2vec", "0_skip_gram.w", WORDS, vectors(len(WORDS)))
FOUND = {
    "usual": plane(Vectors(TABLE, "trained", 4900, np.arange(len(WORDS))[::-1]), most=20),
    "asked": plane(Vectors(TABLE, "untrained"), ["king", "bread"], 12),
    "circle": plane(
        Vectors(Table("modular-addition", "0_embedding.w", tuple(map(str, range(23))), circle()), "trained", 1)
    ),
    "letters": plane(Vectors(Table("names-gru", "0_embedding.w", tuple("abcdefgh"), vectors(8)), "trained", 3)),
    "same": plane(Vectors(Table("same", "0_embedding.w", tuple("abcd"), np.ones((4, 3))))),
    "crowd": plane(Vectors(Table("glove10k", "vec", tuple(f"word{i}" for i in range(300)), vectors(300))), most=300),
}


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["plain", "ascii"])
def test_planes_without_colour(width: int, ascii_only: bool) -> None:
    text = "\n".join(
        screen(embeddings_view(found, found.vectors.table.source), width, ascii_only) for found in FOUND.values()
    )
    compare(f"embeddings_{width}{'_ascii' if ascii_only else ''}", text)
    assert text.isascii() or not ascii_only


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("width", [30, 60, 61, 80, 133, 200])
def test_never_wider_than_there_is_room(name: str, width: int) -> None:
    view = embeddings_view(FOUND[name], "r")
    for shown in (screen(view, width), screen(view, width, True), coloured(view, width)):
        lines = Text.from_ansi(shown).split("\n")
        assert max(cell_len(line.plain) for line in lines if "dllab " not in line.plain) <= width


@pytest.mark.parametrize("width", [40, 80, 200])
def test_words_stand_whole_and_none_over_another(width: int) -> None:
    for found in FOUND.values():
        shown = screen(embeddings_view(found, "r"), width)
        rows = [line[1:-1] for line in shown.splitlines() if line.startswith("│")]
        tokens = [token for row in rows for token in row.split()]
        words = [token.strip("[]") for token in tokens if token != "·"]
        left = re.search(r"(\d+) without room", shown)
        assert len(words) + (int(left[1]) if left else 0) == len(found.words)
        assert len({*words}) == len(words)
        assert {len({cell_len(row)}) for row in rows} == {1} and len({cell_len(row) for row in rows}) == 1


def test_a_circle_is_as_wide_as_it_is_high() -> None:
    rows = [line[1:-1] for line in screen(embeddings_view(FOUND["circle"], "r")).splitlines() if line.startswith("│")]
    filled = [(r, c) for r, row in enumerate(rows) for c, sign in enumerate(row) if sign != " "]
    height, width = max(r for r, _ in filled) + 1, max(c for _, c in filled) - min(c for _, c in filled) + 1
    assert abs(width - 2 * height) <= 6


def test_the_document_has_what_is_drawn() -> None:
    for found in FOUND.values():
        told = document(found)
        json.dumps(told, allow_nan=False)
        np.testing.assert_allclose([[one["x"], one["y"]] for one in told["places"]], found.places)
    assert document(FOUND["circle"])["frequency"] == 5 and document(FOUND["usual"])["places"][0]["count"] == 21
    assert [one["asked"] for one in document(FOUND["asked"])["places"]][:3] == [True, True, False]
