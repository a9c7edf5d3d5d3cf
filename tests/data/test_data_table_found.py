"""What is found out about tables that are written in other ways; and that no file whatever breaks the reader."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dllab.data import table as reader
from dllab.data.csv import Csv
from dllab.data.encoding import Encoding, Feature
from dllab.data.npz import Npz
from dllab.data.table import Table, TableError, read_table


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CHUNK", 10)


def put(folder: Path, content: bytes | str) -> str:
    path = folder / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def lines(*cells: object) -> str:
    """A column x of these cells, beside one of numbers."""
    return "x,n\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))


def refused(path: str) -> TableError:
    with pytest.raises(TableError) as told:
        Csv(csv=path, target="n", task="regression").load()
    return told.value


def test_decimal_commas_do_not_pass_for_delimiters(tmp_path: Path) -> None:
    """In most lines the comma gives as many fields as the semicolon does; the first line tells them apart."""
    table = read_table(put(tmp_path, "a;b\n" + "1,5;2\n" * 30))
    assert (table.text.delimiter, table.names) == (";", ("a", "b"))
    assert table.notes == ("a has decimal commas: 1,5 is read as a number",)


@pytest.mark.parametrize("row", [3, 25])  # in the first chunk of rows and below it
def test_a_word_among_numbers_is_named_with_its_line(tmp_path: Path, row: int) -> None:
    path = put(tmp_path, lines(*["12o" if i == row else f"{i}.5" for i in range(40)]))
    assert read_table(path).columns[0].stranger == (row + 2, "12o")
    assert f"t.csv, line {row + 2}, column 'x': '12o' is no number" in str(refused(path))


@pytest.mark.parametrize("first", [3, 25])
def test_many_words_are_text_wherever_they_begin(tmp_path: Path, first: int) -> None:
    found = read_table(put(tmp_path, lines(*[i if i < first else f"word {i}" for i in range(80)]))).columns[0]
    assert found.kind == "text"


@pytest.mark.parametrize("first", [3, 25])
def test_some_words_below_numbers_are_categories(tmp_path: Path, first: int) -> None:
    found = read_table(put(tmp_path, lines(*[i % 3 if i < first else "many" for i in range(40)]))).columns[0]
    assert found.kind == "category" and found.words == ("0", "1", "2", "many")


def test_every_column_that_holds_words_is_found_in_one_more_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    monkeypatch.setattr(reader._Reader, "read", lambda self, read=reader._Reader.read: (passes.append(1), read(self))[1])
    text = "a,b,c\n" + "".join(f"{i if i < 15 else 'x'},{i if i < 25 else 'y'},{i if i < 35 else 'z'}\n" for i in range(40))
    table = read_table(put(tmp_path, text), categories=["a"])
    assert [column.kind for column in table.columns] == ["category", "text", "text"] and len(passes) == 2
    assert table.column("c").stranger == (37, "z")


def test_infinities_and_overflows_are_refused_with_their_line(tmp_path: Path) -> None:
    for word in ("inf", "1e400", "-1e39"):
        assert "line 5, column 'x'" in str(refused(put(tmp_path, lines(1, 2, 3, word, *range(5, 20)))))


def test_bytes_that_windows_1252_lacks_are_read_as_latin_1(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, b"caf\xe9\x81,n\n1,2\n"))
    assert table.text.encoding == "latin-1" and table.names == ("caf\xe9\x81", "n")
    assert "Latin-1" in table.notes[0]


def test_the_stamp_is_that_of_the_content(tmp_path: Path) -> None:
    """Even where size and time stay the same."""
    path = put(tmp_path, lines(1, 2, 3))
    source, times = Csv(csv=path, target="n"), os.stat(path)
    before = source.stamp()
    assert before == source.stamp()
    put(tmp_path, lines(1, 2, 4))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert source.stamp() != before
    assert Csv(csv=str(tmp_path / "none.csv"), target="n").stamp() != before


def test_too_many_columns_are_refused_at_once(tmp_path: Path) -> None:
    text = ",".join(f"c{i}" for i in range(50_000)) + "\n"
    with pytest.raises(TableError, match="line 1: 50,000 columns; a table has at most 10,000"):
        read_table(put(tmp_path, text))


def test_a_quote_that_is_never_closed_is_found_where_it_opens(tmp_path: Path) -> None:
    text = "x,n\n1,2\n" + '"3,4\n' + "5,6\n" * 50_000
    with pytest.raises(TableError, match="line 3: a field of more than 131,072 characters"):
        read_table(put(tmp_path, text))


def test_more_words_than_can_be_told_apart_do_not_fit_an_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_WORDS", 20)
    table = read_table(put(tmp_path, lines(*[f"word {i}" for i in range(60)])))
    with pytest.raises(TableError, match="'x' holds more words than can be told apart"):
        Encoding((Feature("x", "category", ("a", "b")),), "n", ()).encode(table)


# ---- properties ----------------------------------------------------------------------------------------------------------

QUIET = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="."), min_size=1, max_size=6)
PLAIN = WORDS.map(lambda word: f"w {word}, \"quoted\"; 'x'|\nß").filter(lambda word: word == word.strip())
CELLS = st.none() | PLAIN
NUMBERS = st.none() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)
ROWS = st.lists(st.tuples(NUMBERS, CELLS), min_size=1, max_size=40)
WAYS = st.tuples(
    st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "NA", "?", "null"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip


def comes_back(folder: Path, rows: list[tuple[float | None, str | None]], way: tuple[str, str, str, str]) -> None:
    delimiter, end, missing, encoding = way
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(["number", "word"])
    writer.writerows([missing if cell is None else cell for cell in row] for row in rows)
    table = read_table(put(folder, text.getvalue().encode(encoding)), delimiter, categories=["word"])
    assert (table.rows, table.names) == (len(rows), ("number", "word"))
    number, word = table.columns
    assert number.missing.tolist() == [i for i, row in enumerate(rows) if row[0] is None]
    assert number.numbers is not None and word.codes is not None
    assert [None if np.isnan(value) else value for value in number.numbers] == [row[0] for row in rows]
    assert [None if code < 0 else word.words[code] for code in word.codes] == [row[1] for row in rows]


@QUIET
@given(ROWS, WAYS)
def test_what_is_written_comes_back(
    tmp_path: Path, rows: list[tuple[float | None, str | None]], way: tuple[str, ...]
) -> None:
    comes_back(tmp_path, rows, way)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(QUIET, max_examples=3000)
@given(ROWS, WAYS)
def test_what_is_written_comes_back_often(
    tmp_path: Path, rows: list[tuple[float | None, str | None]], way: tuple[str, ...]
) -> None:
    comes_back(tmp_path, rows, way)  # type: ignore[arg-type]


HINTED = st.text('ab,;"\n\r\t|1.5-NA? e_\xe4\x00', max_size=160).map(str.encode)
COLUMNS = st.lists(
    st.sampled_from(["1", "2.5", "", "NA", "yes", "no", "inf", "1e400", "2020-01-01", "a", "b", '"', "1,5"]),
    min_size=4, max_size=60,
)  # fmt: skip
TABLES = COLUMNS.map(
    lambda cells: ("x,y,z\n" + "".join(",".join(cells[i : i + 3]) + "\n" for i in range(0, len(cells), 3))).encode()
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "missing": st.sampled_from(["drop_rows", "mean", "median", "most_frequent", "category"]),
        "drop": st.sampled_from([("x",), ("z",), ("nothing",)]),
        "categories": st.sampled_from([("x",), ("x", "y")]),
        "task": st.sampled_from(["classification", "regression"]),
        "delimiter": st.sampled_from([";", "a", " "]),
        "test": st.sampled_from([0.0, 0.5]),
    },
)


def survives(folder: Path, content: bytes, options: dict[str, object]) -> None:
    """Data that can be trained on, or a ValueError that tells where; no warning, nothing else."""
    source = Csv(csv=put(folder, content), target="y", **options)  # type: ignore[arg-type]
    try:
        prepared = source.prepare()
    except ValueError as error:
        assert str(error) and "t.csv" in str(error)
        return
    dataset = prepared.dataset
    assert np.isfinite(prepared.seen(prepared.splits.train)).all()
    assert dataset.encoding is not None
    again = read_table(source.csv, source.delimiter, source.categories)
    if source.missing != "drop_rows":
        np.testing.assert_array_equal(dataset.encoding.encode(again), dataset.columns["inputs"])
    document = dataset.encoding.to_document()
    assert Encoding.from_document(document) == dataset.encoding


@QUIET
@given(HINTED | TABLES | st.binary(max_size=200), OPTIONS)
@example(b"x,y\n1,a\n2,b\n", {})
def test_no_table_breaks_the_source(tmp_path: Path, content: bytes, options: dict[str, object]) -> None:
    survives(tmp_path, content, options)


@pytest.mark.slow
@settings(QUIET, max_examples=6000)
@given(HINTED | TABLES | st.binary(max_size=200), OPTIONS)
def test_no_table_breaks_the_source_often(tmp_path: Path, content: bytes, options: dict[str, object]) -> None:
    survives(tmp_path, content, options)


def saved() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.arange(24, dtype=np.float32).reshape(12, 2), y=np.arange(12) % 2)
    return file.getvalue()


def bent(content: bytes, place: int, change: bytes) -> bytes:
    at = place % len(content)
    return content[:at] + change + content[at + len(change) :]


ARCHIVES = st.binary(max_size=200) | st.builds(bent, st.just(saved()), st.integers(0, 10**6), st.binary(max_size=4))


def opens(folder: Path, content: bytes) -> None:
    path = folder / "t.npz"
    path.write_bytes(content)
    try:
        Npz(npz=str(path)).prepare()
    except ValueError as error:
        assert "t.npz" in str(error)


@QUIET
@given(ARCHIVES)
@example(saved()[:100])
def test_no_archive_breaks_the_source(tmp_path: Path, content: bytes) -> None:
    opens(tmp_path, content)


@pytest.mark.slow
@settings(QUIET, max_examples=3000)
@given(ARCHIVES)
def test_no_archive_breaks_the_source_often(tmp_path: Path, content: bytes) -> None:
    opens(tmp_path, content)


def test_a_table_keeps_the_line_of_every_row(tmp_path: Path) -> None:
    table: Table = read_table(put(tmp_path, 'x,n\n"a\nb",1\n\n' + "c,2\n" * 30))
    assert table.lines.tolist() == [2, *range(5, 35)]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_first_line_that_declares_the_delimiter(tmp_path: Path, first: str, bom: bytes) -> None:
    """Spreadsheets write it and read it; lines are counted with it."""
    path = put(tmp_path, bom + f"{first}\r\na;b\r\n1,5;x\r\n2,5;y\r\n".encode())
    table = read_table(path)
    assert (table.names, table.text.delimiter, table.lines.tolist()) == (("a", "b"), ";", [3, 4])
    with pytest.raises(TableError, match="line 4: 1 field"):
        read_table(put(tmp_path, f"{first}\na;b\n1;x\n2\n"))
    with pytest.raises(TableError, match="line 3: a quote is opened"):
        read_table(put(tmp_path, f'{first}\na;b\n1;"x\n2\n'))
    assert read_table(put(tmp_path, "sep=,b\n1,2\n")).names == ("sep=", "b")


@pytest.mark.parametrize("role", ["x", "y"])
def test_numbers_that_32_bits_cannot_hold(tmp_path: Path, role: str) -> None:
    arrays = {"x": np.linspace(0, 1, 40).reshape(20, 2), "y": np.linspace(0, 1, 20)}
    arrays[role][7] = 1e300
    np.savez(tmp_path / "t.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(TableError, match=rf"row 7 of {role} \(counted from 0\) holds a number too large for 32 bits"):
        Npz(npz=str(tmp_path / "t.npz")).load()


def test_one_class_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.zeros((20, 2)), y=np.full(20, 3))
    with pytest.raises(TableError, match="y is always 3; there is nothing to tell apart"):
        Npz(npz=str(tmp_path / "t.npz")).load()


def test_a_word_is_named_with_its_line_after_rows_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("x,y\n1,0\n,5\n,7z\n3,1\n")
    with pytest.raises(ValueError, match="line 4, column 'y': '7z' is no number"):
        Csv(csv=str(path), target="y", missing="drop_rows", task="regression").load()
