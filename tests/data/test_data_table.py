"""Reading tables: kinds of columns, gaps, encodings, delimiters; and everything that is no table."""

from __future__ import annotations

import csv
import io
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dllab.data.table import CHUNK, Column, TableError, read_table

HOUSES = """\
price,rooms,district,garden,built,address,note
250000,4,north,yes,1999-05-01,12 Mill Lane,
310000.5,5,south,no,2001-07-12,3 High Street,
,3,north,yes,1987-01-30,77 Station Road,
190000,2,west,no,2010-10-10,5 Church Hill,
"275,000",4,NA,yes,1950-01-01,9 Park Row,
260000,4,west,no,1999-12-31,"8, The Green",
250000,3,south,yes,2020-02-29,1 Abbey Close,
240000,3,north,no,2018-08-08,6 Ferry Way,
"""


def written(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def column(tmp_path: Path, *cells: str, name: str = "a") -> Column:
    """The column that these cells make, beside one of numbers."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([[name, "n"], *([cell, str(i)] for i, cell in enumerate(cells))])
    return read_table(written(tmp_path, text.getvalue())).columns[0]


def test_kinds(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, HOUSES.replace('"275,000"', "275000")))
    assert {c.name: c.kind for c in table.columns} == {
        "price": "number", "rooms": "number", "district": "category", "garden": "boolean", "built": "date",
        "address": "text", "note": "empty",
    }  # fmt: skip
    assert table.rows == 8 and list(table.lines) == list(range(2, 10))
    price = table.column("price")
    assert price.numbers is not None and np.isnan(price.numbers[2]) and list(price.missing) == [2]
    district = table.column("district")
    assert district.codes is not None
    assert district.words == ("north", "south", "west")
    assert list(district.codes) == [0, 1, 0, 2, -1, 2, 1, 0] and list(district.missing) == [4]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e4", "1E5", ".5", "+7"], "number"),
        (["1", "", "NA", "n/a", "NaN", "null", "None", "?"], "number"),
        (["", "NA", "?"], "empty"),
        (["1_000", "2"], "category"),
        (["true", "FALSE", "true"], "boolean"),
        (["yes", "no"], "boolean"),
        (["2024-01-02", "1999/12/31 10:00"], "date"),
        (["31.12.1999", "1/2/20"], "date"),
        (["10:30", "23:59:59"], "date"),
        (["a", "b", "a", "b", "a", "b", "a", "b"], "category"),
        ([f"word {i}" for i in range(9)], "text"),
        ([f"word {i % 60}" for i in range(600)], "text"),
        ([f"w{i % 50}" for i in range(600)], "category"),
        (["١", "٢"], "category"),  # digits, but none that a table means
    ],
)
def test_the_kind_of_a_column(tmp_path: Path, cells: list[str], kind: str) -> None:
    assert column(tmp_path, *cells).kind == kind


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [("a,b\n1,2\n", ","), ("a;b\n1,5;2,5\n", ";"), ("a\tb\n1\t2\n", "\t"), ("a|b\n1|2\n", "|"), ("a\n1\n2\n", ","),
     ('a;b\n"x,y,z";2\n"u,v,w";3\n', ";")],
)  # fmt: skip
def test_delimiters(tmp_path: Path, content: str, delimiter: str) -> None:
    table = read_table(written(tmp_path, content))
    assert table.text.delimiter == delimiter
    assert table.names == (("a", "b") if delimiter in content and "b" in content.splitlines()[0] else ("a",))


def test_decimal_commas(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a;b\n1,5;2\n-0,25;3\n;4\n"))
    numbers = table.column("a").numbers
    assert numbers is not None
    np.testing.assert_array_equal(numbers, [1.5, -0.25, np.nan])


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252"), ("ascii", "utf-8")],
)
def test_encodings(tmp_path: Path, encoding: str, found: str) -> None:
    city = "Koln" if encoding == "ascii" else "Köln"
    table = read_table(written(tmp_path, f"city,n\r\n{city},1\r\nRom,2\r\n".encode(encoding)))
    assert table.text.encoding == found
    assert table.columns[0].words == (city, "Rom") and table.names == ("city", "n")


def test_an_accent_far_down_is_no_surprise(tmp_path: Path) -> None:
    text = "city,n\n" + "Rom,1\n" * 50_000 + "Köln,2\n"
    assert read_table(written(tmp_path, text.encode("cp1252"))).columns[0].words == ("Köln", "Rom")


def test_words_far_below_numbers(tmp_path: Path) -> None:
    """What begins as numbers and goes on with words is read again, as words, with nothing lost."""
    cells = ["007"] * (CHUNK + 5) + ["x"] * 3
    found = read_table(written(tmp_path, "a,n\n" + "".join(f"{cell},1\n" for cell in cells))).columns[0]
    assert found.kind == "category" and found.words == ("007", "x") and found.codes is not None
    assert np.bincount(found.codes).tolist() == [CHUNK + 5, 3]


def test_numbers_that_are_names(tmp_path: Path) -> None:
    path = written(tmp_path, "post,n\n10115,1\n80331,2\n10115,3\n")
    found = read_table(path, categories=["post"]).columns[0]
    assert found.kind == "category" and found.words == ("10115", "80331")


def test_lines_of_rows_count_quoted_line_breaks_and_gaps(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, 'a,b\n\n"x\ny",1\n\n\nz,2\n'))
    assert list(table.lines) == [3, 7]
    assert table.where(1, "b").endswith("t.csv, line 7, column 'b'")


def test_no_line_of_names(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "1,2,x\n3,4,y\n"))
    assert table.names == ("column1", "column2", "column3") and table.rows == 2 and not table.header
    assert "no line of names" in table.notes[0]


def test_a_column_that_counts_the_rows_is_told(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, ",a\n0,5\n1,3\n2,9\n"))
    assert table.names == ("column1", "a")
    assert table.notes == ("column 1 has no name; it is called column1", "column1 counts the rows")


REFUSED = {
    "a,b\n1,2\n1,2,3\n": "t.csv, line 3: 3 fields, where the first line has 2: '3' is too much; a field that",
    "a,b\n1\n": "t.csv, line 2: 1 field, where the first line has 2: nothing for 'b'; a value that is",
    "a,b,a\n1,2,3\n": "t.csv, line 1: columns 1 and 3 are both called 'a'; rename one of them",
    "a,b\n": "t.csv has a line of names and no rows",
    "": "t.csv is empty",
    " \n\n": "t.csv is empty",
    'a,b\n"1,2\n3,4\n': "t.csv, line 2: a quote is opened in this row and never closed",
    'a,b\n"1"x,2\n': "line 2: ",
}


@pytest.mark.parametrize("content", REFUSED)
def test_what_is_no_table(tmp_path: Path, content: str) -> None:
    with pytest.raises(TableError) as told:
        read_table(written(tmp_path, content))
    assert REFUSED[content] in str(told.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"PK\x03\x04\x00\x00", "workbook"), (b"\x00\x01\x02", "is no text"), (b"a,b\n1,\x00\n", "is no text")],
)
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(TableError, match=said):
        read_table(written(tmp_path, content))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no file"):
        read_table(str(tmp_path / "none.csv"))
    with pytest.raises(TableError, match="is a folder"):
        read_table(str(tmp_path))
    with pytest.raises(TableError, match="cannot be read"):
        read_table("a\0b")


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "price,rooms\n1,2\n"))
    with pytest.raises(TableError, match=r"its columns are price, rooms\. Did you mean 'rooms'"):
        table.column("room")


# ---- properties ----------------------------------------------------------------------------------------------------------

WORD = st.text(string.printable + "äß€", min_size=1, max_size=8).map(str.strip).filter(bool)
NUMBER = st.floats(allow_nan=False, allow_infinity=False, width=64)
MANY = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def round_trip(tmp_path: Path, rows: list[tuple[float, float]], delimiter: str, line_end: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([("first", "second"), *rows])
    table = read_table(written(tmp_path, text.getvalue()))
    for i, name in enumerate(("first", "second")):
        numbers = table.column(name).numbers
        assert numbers is not None and numbers.tolist() == [row[i] for row in rows]


@MANY
@given(
    st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=30), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"])
)
def test_numbers_come_back(tmp_path: Path, rows: list[tuple[float, float]], delimiter: str, line_end: str) -> None:
    round_trip(tmp_path, rows, delimiter, line_end)


def survives(tmp_path: Path, content: bytes) -> None:
    """A table, or a TableError; nothing else."""
    try:
        table = read_table(written(tmp_path, content))
    except TableError as error:
        assert error.problem and "\n" not in error.problem[:20]
        return
    assert table.rows == len(table.lines) >= 1
    for found in table.columns:
        assert found.numbers is None or len(found.numbers) == table.rows
        assert found.codes is None or len(found.codes) == table.rows


BYTES = st.binary(max_size=200) | st.text('ab,;"\n\r\t|1.5-NA? \xe4', max_size=120).map(lambda text: text.encode("utf-8"))


@MANY
@given(BYTES)
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    survives(tmp_path, content)


@pytest.mark.slow
@settings(MANY, max_examples=5000)
@given(BYTES)
def test_any_bytes_often(tmp_path: Path, content: bytes) -> None:
    survives(tmp_path, content)
