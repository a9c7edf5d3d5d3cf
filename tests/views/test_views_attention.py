"""Heads of attention as text at three widths."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rich.cells import cell_len
from rich.text import Text
from screens import coloured, compare, screen

from dllab.lab.attention import Attention, Looks, _head
from dllab.views.attention import attention_view, document


def shares(rows: int, columns: int, causal: bool, sharp: float) -> np.ndarray:
    t, s = np.indices((rows, columns))
    powers = np.exp(sharp * np.sin(1.7 * t + 2.3 * s)) * ((s <= t) if causal else 1)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def layer(path: str, asks: str, seen: str, memory: bool, heads: int, sharp: float = 3.0, unit: str = "letter") -> Looks:
    read, said = ([*text.split()] if unit == "word" else [*text] for text in (seen, asks))
    found = tuple(_head(h + 1, shares(len(said), len(read), not memory, sharp * h), not memory, memory, unit)
                  for h in range(heads))  # fmt: skip
    return Looks(path, not memory, memory, tuple(said), tuple(read), unit, unit, found)


LONG = "Then, good my lord,\nlet me go; and if I come not back, think of me.\n\nKING."
WORDS = "and the lord said unto abraham <mask> wherefore did sarah laugh"
FOUND = {
    "letters": Attention("names-gpt", "trained", 400, "test", 0, 12, ".emma", "",
                         (layer("2_repeat.0.0_transformer_block.attention", ".emma", ".emma", False, 4),
                          layer("2_repeat.1.0_transformer_block.attention", ".emma", ".emma", False, 4))),
    "decoder": Attention("reversal", "untrained", 0, "test", None, None, "abcd", "dcba.",
                         (layer("4_attention", "dcba.", "abcd", True, 1),)),
    "long": Attention("shakespeare-gpt", "trained", 1, "train", 1, 3, LONG, "",
                      tuple(layer(f"2_repeat.{i}.0_transformer_block.attention", LONG, LONG, False, 4) for i in range(3))),
    "words": Attention("kjv-bert", "trained", 3, "test", 2, 5, WORDS, "",
                       (layer("0_attention", WORDS, WORDS, False, 2, unit="word"),)),
}  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["plain", "ascii"])
def test_attention_without_colour(width: int, ascii_only: bool) -> None:
    text = "\n".join(screen(attention_view(found, found.name), width, ascii_only) for found in FOUND.values())
    compare(f"attention_{width}{'_ascii' if ascii_only else ''}", text)
    assert text.isascii() or not ascii_only


def test_one_head_some_steps_and_every_layer() -> None:
    found = FOUND["long"]
    one = screen(attention_view(found, "r", steps=(1, 8), head=2))
    assert "head 2" in one and "head 1" not in one and "letters 1 to 8 of 74" in one
    every = screen(attention_view(found, "r", every=True))
    assert every.count("head 4\n") == 3 and "more layers" not in every
    assert screen(attention_view(found, "r", steps=(900, 901))).count("letters 74 to 74 of 74") == 1
    whole = screen(attention_view(found, "r", steps=(1, 75)), 60)
    assert "each column: 2 steps" in whole and "others have" not in whole


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("width", [40, 60, 61, 80, 133, 200])
def test_never_wider_than_there_is_room(name: str, width: int) -> None:
    view = attention_view(FOUND[name], "r")
    for shown in (screen(view, width), screen(view, width, True), coloured(view, width)):
        lines = Text.from_ansi(shown).split("\n")
        assert max(cell_len(line.plain) for line in lines if "dllab " not in line.plain) <= width


def test_shares_that_are_no_numbers() -> None:
    head = _head(1, np.full((3, 3), np.nan), causal=True, memory=False, unit="letter")
    letters = ("a", "b", "c")
    layer = Looks("0_attention", True, False, letters, letters, "letter", "letter", (head,))
    found = Attention("r", "trained", 3, "test", 0, 0, "abc", "", (layer,))
    assert "nowhere: its shares are no numbers" in screen(attention_view(found, "r"))
    json.dumps(document(found), allow_nan=False)


def test_the_document_has_all_shares() -> None:
    found = document(FOUND["long"])
    json.dumps(found, allow_nan=False)
    assert np.shape(found["layers"][2]["heads"][3]["shares"]) == (74, 74)
    np.testing.assert_allclose(found["layers"][0]["heads"][1]["shares"], FOUND["long"].layers[0].heads[1].shares)
