"""Texts as ids and back, by letters and by words; and the files that texts stand in."""

from __future__ import annotations

from pathlib import Path

import pytest

from dllab.data.spelling import Spelling, Unspelt
from dllab.data.table_text import TableError
from dllab.data.text_lines import TextLine, read_texts

NAMES = Spelling((".", *"abcdefghijklmnopqrstuvwxyz"), ends=True)
TEXT = Spelling(("\n", " ", ".", *"ABab"), ends=False)
WORDS = Spelling(("<end>", "<unk>", "the", "king", "king's", ",", ".", "(", ")", "is", "here", "<mask>"), ends=False)
SOUNDS = Spelling((".", "AH", "HH", "L", "OW"), ends=True)


@pytest.mark.parametrize(
    ("spelling", "text", "ids"),
    [
        (NAMES, "emma", [5, 13, 13, 1]),
        (NAMES, "Emma", [5, 13, 13, 1]),
        (TEXT, "Ab. \n", [3, 6, 2, 1, 0]),
        (WORDS, "the king's , (king) is here.", [2, 4, 5, 7, 3, 8, 9, 10, 6]),
        (WORDS, "the queen", [2, 1]),
        (WORDS, "the <mask> is", [2, 11, 9]),
        (WORDS, "the king\n\nis", [2, 3, 0, 9]),
        (SOUNDS, "HH AH L OW", [2, 1, 3, 4]),
        (SOUNDS, "hh ah", [2, 1]),
        (Spelling((*"ab", "<mask>"), ends=False), "a<mask>b", [0, 2, 1]),
        (Spelling(("0", "1", "12", "+", "="), ends=False), "12+1=", [2, 3, 1, 4]),
    ],
)
def test_texts_as_ids(spelling: Spelling, text: str, ids: list[int]) -> None:
    assert spelling.encode(text) == ids


@pytest.mark.parametrize(
    ("spelling", "text", "piece", "place"),
    [
        (NAMES, "em.ma", ".", 3),
        (NAMES, "ann é", " ", 4),
        (TEXT, "abC", "C", 3),
        (TEXT, "a<mask>", "<", 2),
        (SOUNDS, "HH  XX AH", "XX", 5),
    ],
)
def test_what_a_vocabulary_lacks(spelling: Spelling, text: str, piece: str, place: int) -> None:
    with pytest.raises(Unspelt) as raised:
        spelling.encode(text)
    assert (raised.value.piece, raised.value.place) == (piece, place)


@pytest.mark.parametrize(
    ("spelling", "ids", "text"),
    [
        (NAMES, [5, 13, 13, 1, 0, 0], "emma"),
        (TEXT, [3, 6, 2, 0, 5], "Ab.\na"),
        (WORDS, [2, 3, 5, 7, 4, 8, 9, 10, 6, 0, 2, 3], "the king, (king's) is here.\n\nthe king"),
        (WORDS, [0, 2], "the"),
        (SOUNDS, [2, 1, 3, 4, 0], "HH AH L OW"),
    ],
)
def test_ids_as_text(spelling: Spelling, ids: list[int], text: str) -> None:
    assert spelling.decode(ids) == text


def test_what_is_known_fits_a_line() -> None:
    assert TEXT.known() == "'\\n' ' ' . A B a b"
    assert SOUNDS.known() == "AH HH L OW" and SOUNDS.kind == "word"
    many = Spelling([f"word{i}" for i in range(500)], ends=False).known()
    assert many.endswith("… (500 in all)") and len(many) < 80


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.txt", "emma\n\n ann\r\nzoe", [(1, "emma", None), (3, " ann", None), (4, "zoe", None)]),
        ("a.txt", "text,target\nemma,f\n", [(2, "emma", "f")]),
        ("a.csv", "target,text\nf,emma\nm,\nm,bob\n", [(2, "emma", "f"), (4, "bob", "m")]),
        ("a.csv", 'n,Text\n1,"a, b"\n', [(2, "a, b", None)]),
        ("a.csv", "emma\nbob\n", [(1, "emma", None), (2, "bob", None)]),
    ],
)
def test_files_of_texts(tmp_path: Path, name: str, content: str, found: list[tuple[int, str, str | None]]) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert read_texts(str(tmp_path / name)).lines == [TextLine(*line) for line in found]


@pytest.mark.parametrize(
    ("content", "wanted", "told"),
    [
        ("a,b\n1,2\n", False, "has no column 'text'; it has a, b"),
        ("text\n\n", False, "holds no text"),
        ("text,b\nemma,1\n", True, "has no column 'target'"),
        ("text,target\na, b,1\n", False, "line 2: 3 fields, where the columns are 2"),
    ],
)
def test_files_that_hold_no_texts(tmp_path: Path, content: str, wanted: bool, told: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(TableError) as raised:
        read_texts(str(tmp_path / "a.csv"), wanted=wanted)
    assert told in str(raised.value)
