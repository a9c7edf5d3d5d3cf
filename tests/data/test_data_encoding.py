"""An encoding made from one table and used on another that says the same in other words."""

from __future__ import annotations

from pathlib import Path

import pytest

from dllab.data.csv import Csv
from dllab.data.encoding import plain_encoding
from dllab.data.table import TableError, read_table


def put(folder: Path, text: str, name: str = "t.csv") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def rows(*cells: str) -> str:
    return "x,y\n" + "".join(f"{cell}\n" for cell in cells)


@pytest.mark.parametrize(("no", "yes"), [("0", "1"), ("0.0", "1.0"), ("0", "1.0")])
def test_classes_that_are_numbers_are_the_same_however_written(tmp_path: Path, no: str, yes: str) -> None:
    """A table is read for a net with its target as words; what it has learnt from was read as numbers."""
    learnt = Csv(csv=put(tmp_path, rows(*[f"{i},{i % 2}.0" for i in range(12)])), target="y").load()
    encoding = learnt.encoding
    assert encoding is not None and encoding.classes == ("0", "1")
    table = read_table(put(tmp_path, rows(f"1,{yes}", f"2,{no}", f"3,{yes}")), categories=["y"])
    assert encoding.encode_targets(table).tolist() == [1, 0, 1]
    other = read_table(put(tmp_path, rows(f"1,{yes}", "2,0.5")), categories=["y"])
    with pytest.raises(TableError, match=r"line 3, column 'y': '0.5' is no class of this net; its classes are 0, 1"):
        encoding.encode_targets(other)


def test_numbers_that_are_names_stay_apart(tmp_path: Path) -> None:
    """01 and 1 are two names; 1.0 could be either."""
    text = rows(*[f"{['01', '1'][i % 2]},{i}.5" for i in range(12)])
    encoding = Csv(csv=put(tmp_path, text), target="y", categories=("x",)).load().encoding
    assert encoding is not None
    found = encoding.encode(read_table(put(tmp_path, rows("1,0", "01,0")), categories=["x"]))
    assert sorted(found.tolist()) == [[0, 1], [1, 0]] and found[0].tolist() != found[1].tolist()
    with pytest.raises(TableError, match=r"'1.0' is new"):
        encoding.encode(read_table(put(tmp_path, rows("1.0,0")), categories=["x"]))


def test_truths_in_large_and_small_letters(tmp_path: Path) -> None:
    text = rows(*[f"{['True', 'FALSE', 'true', 'False'][i % 4]},{i}.5" for i in range(12)])
    learnt = Csv(csv=put(tmp_path, text), target="y", standardise=False).load()
    assert learnt.columns["inputs"][:4, 0].tolist() == [1, 0, 1, 0]
    assert learnt.encoding is not None
    for cells in (("TRUE,0", "false,0"), ("true,0", "FALSE,0")):
        table = read_table(put(tmp_path, rows(*cells)), categories=["x"])
        assert learnt.encoding.encode(table).tolist() == [[1], [0]]


@pytest.mark.parametrize("cells", [("1.5", "2", "oops", "4"), ("1.5", "2.5", "abc", "def")])
def test_the_line_of_a_word_among_numbers(tmp_path: Path, cells: tuple[str, ...]) -> None:
    encoding = Csv(csv=put(tmp_path, rows(*[f"{i},{i}.5" for i in range(12)])), target="y").load().encoding
    assert encoding is not None
    table = read_table(put(tmp_path, rows(*[f"{cell},0" for cell in cells])))
    with pytest.raises(TableError, match=r"line 4, column 'x': a word, where a number is expected"):
        encoding.encode(table)
    swapped = (
        Csv(csv=put(tmp_path, rows(*[f"{i},{i}.5" for i in range(12)])), target="x", task="regression").load().encoding
    )
    assert swapped is not None
    with pytest.raises(TableError, match=r"line 4, column 'x': a word, where the target is a number"):
        swapped.encode_targets(table)


def test_a_table_without_a_line_of_names(tmp_path: Path) -> None:
    encoding = plain_encoding([f"x{i}" for i in range(3)], "y", ())
    with pytest.raises(TableError, match=r"has no line of names, .*; put one in front: x0;x1;x2$"):
        encoding.encode(read_table(put(tmp_path, "1;2;3\n4;5;6\n")))
    many = plain_encoding([f"x{i}" for i in range(64)], "y", ())
    with pytest.raises(TableError, match=r"x10,x11 and 52 more$"):
        many.encode(read_table(put(tmp_path, ",".join(["1"] * 64))))
