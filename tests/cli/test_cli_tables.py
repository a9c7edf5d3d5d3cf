"""Tables of the user's own at the command line: what is said of each that is refused, word for word; pipes; the preview."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"
RECIPE = "data: {csv: t.csv, target: y}\nmodel: [dense: 8, relu, dense: outputs]\n"
ROWS = range(1, 41)


def rows(*columns: Any) -> str:
    """Lines of the cells that functions of the row number give; the target comes last."""
    return "".join(",".join(str(column(i)) for column in (*columns, lambda i: i % 2)) + "\n" for i in ROWS)


def bill(i: int) -> str:
    return f"{i}.5"


TABLES: dict[str, bytes | str | None] = {
    "no file": None,
    "an empty file": "",
    "names and no rows": "x,y\n",
    "bytes": bytes(range(256)),
    "packed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "a workbook": b"PK\x03\x04 and so on",
    "a short row": "x,z,y\n1,2,0\n3,4\n",
    "a long row": "x,z,y\n1,2,0\n3,4,1,5\n",
    "two columns of one name": "x,x,y\n1,2,0\n",
    "an open quote": 'x,y\n1,0\n"2,1\n3,0\n',
    "a quote inside": 'x,y\n1,0\n"2"2,1\n',
    "dates": "when,x,y\n" + rows(lambda i: f"2024-01-{i % 28 + 1:02}", bill),
    "free text": "name,x,y\n" + rows(lambda i: f"Mr. {i} Long", bill),
    "a word among numbers": "x,y\n" + rows(lambda i: "12o" if i == 30 else f"{i}.5"),
    "a column without values": "z,x,y\n" + rows(lambda i: "", bill),
    "gaps": "x,c,y\n" + rows(lambda i: "" if i % 9 == 0 else i / 2, lambda i: "?" if i == 4 else "ab"[i % 3 == 0]),
    "a target without a value": "x,y\n1.5,0\n2.5,\n3.5,1\n",
    "a constant target": "x,y\n" + "1.5,0\n2.5,0\n" * 5,
    "a target of text": "x,y\n" + "".join(f"{i}.5,text number {i}\n" for i in ROWS),
    "infinity": "x,y\n" + rows(lambda i: "inf" if i == 7 else i / 2),
    "a word in a target of numbers": "x,y\n" + "".join(f"{i}.5,{i / 2 if i != 9 else chr(63) * 2}\n" for i in ROWS),
    "too large a number": "x,y\n" + rows(lambda i: "1e39" if i == 7 else i / 2),
    "no target": "x,z\n1.5,0\n2.5,1\n",
    "nothing to learn from": "y\n0\n1\n0\n1\n",
}


def dllab(folder: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name != "DLLAB_RUNS"}
    return subprocess.run(
        [sys.executable, "-m", "dllab", *arguments], cwd=folder, env={**kept, "COLUMNS": "80", "PYTHONUTF8": "1"},
        input=stdin if stdin is not None else b"", capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def said(stream: bytes, folder: Path) -> str:
    return stream.decode().replace(str(folder.resolve()), "/home/ann").replace("\r\n", "\n")


def compare(name: str, text: str) -> None:
    """Fail unless the text is that of the golden file; DLLAB_WRITE_GOLDENS=1 writes the file instead."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("DLLAB_WRITE_GOLDENS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def put(home: Path, content: bytes | str | None) -> None:
    if content is not None:
        (home / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())


def told(home: Path) -> str:
    """The error of the recipe's data, rendered as the command line does, its folder named /home/ann."""
    from dllab.engine.prepare import prepared
    from dllab.recipe import RecipeError, parse

    with pytest.raises(RecipeError) as raised:
        prepared(parse(RECIPE, (), "my.yaml", home / "my.yaml"))
    (problem,) = raised.value.problems
    shown = {"message": problem.message, "hint": problem.hint}
    there = {key: text.replace(str(home.resolve()), "/home/ann") for key, text in shown.items()}
    return type(problem)(there["message"], problem.place, there["hint"]).render(80)


def test_what_is_said_of_tables_that_are_refused(home: Path) -> None:
    texts = []
    for title, content in TABLES.items():
        put(home, content)
        text = told(home)
        texts.append(f"=== {title}\n{text}\n")
        assert all(len(line) <= 80 for line in text.splitlines())
    compare("table_errors", "\n".join(texts))


@pytest.mark.parametrize("title", ["no file", "a short row", "gaps", "a word among numbers"])
def test_a_refused_table_ends_with_2_and_no_traceback(home: Path, title: str) -> None:
    put(home, TABLES[title])
    for line in (["train", "my.yaml"], ["datasets", "show", "t.csv"]):
        done = dllab(home, *line)
        text = said(done.stderr, home)
        assert done.returncode == (0 if line[0] == "datasets" and title in ("gaps", "a word among numbers") else 2), text
        assert "Traceback" not in text and "internal error" not in text


def test_a_folder_is_no_table(home: Path) -> None:
    (home / "t.csv").mkdir()
    assert "/home/ann/t.csv is a folder" in told(home)


def test_a_pipe_that_is_no_standard_input_is_refused_before_it_is_emptied(home: Path) -> None:
    os.mkfifo(home / "t.csv")
    end = os.open(home / "t.csv", os.O_RDWR)
    try:
        os.write(end, b"x,y\n1,0\n")
        assert "pipe or a device" in told(home)
    finally:
        os.close(end)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("preview_gaps", TABLES["gaps"]),
        ("preview_word", TABLES["a word among numbers"]),
        ("preview_text", TABLES["free text"]),
        ("preview_semicolons", "größe;y\n" + "".join(f"{i},5;{'ja' if i % 2 else 'nein'}\n" for i in ROWS)),
    ],
)
def test_the_preview(home: Path, name: str, content: str) -> None:
    (home / "t.csv").write_text(content, encoding="cp1252")
    done = dllab(home, "datasets", "show", "t.csv")
    assert (done.returncode, done.stderr) == (0, b"")
    text = said(done.stdout, home)
    assert all(len(line) <= 80 for line in text.splitlines())
    compare(name, "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def test_the_preview_steers_no_terminal(home: Path) -> None:
    (home / "steering.csv").write_text("a\x1b[31m,b\x07\n" + "".join(f"w{i}\x1b,{i}\n" for i in range(9)))
    done = dllab(home, "datasets", "show", "steering.csv")
    assert done.returncode == 0 and b"a\\x1b[31m" in done.stdout
    assert not set(b"\x1b\x07") & set(done.stdout)


def test_the_preview_of_many_columns_is_cut(home: Path) -> None:
    put(home, ",".join(f"c{i}" for i in range(500)) + "\n" + (",".join(["1.5"] * 500) + "\n") * 3)
    done = dllab(home, "datasets", "show", "t.csv")
    assert "... and 440 more columns (--json lists them all)" in done.stdout.decode()
    assert len(done.stdout.splitlines()) < 80
    assert len(json.loads(dllab(home, "datasets", "show", "t.csv", "--json").stdout)["columns"]) == 500


def test_the_recipe_of_the_preview_trains(home: Path) -> None:
    put(home, TABLES["gaps"])
    suggestion = json.loads(dllab(home, "datasets", "show", "t.csv", "--json").stdout)["suggestion"]
    (home / "begun.yaml").write_text(suggestion, encoding="utf-8")
    done = dllab(home, "train", "begun.yaml", "--quiet", "--no-save")
    assert done.returncode == 0, done.stderr


def test_standard_input(home: Path) -> None:
    table = str(TABLES["free text"]).encode()
    (home / "piped.yaml").write_text(RECIPE.replace("csv: t.csv", "csv: '-', drop: [name]"), encoding="utf-8")
    piped = dllab(home, "train", "piped.yaml", "--json", "--no-save", stdin=table)
    assert piped.returncode == 0, piped.stderr
    put(home, table)
    (home / "read.yaml").write_text(RECIPE.replace("t.csv", "t.csv, drop: [name]"), encoding="utf-8")
    read = dllab(home, "train", "read.yaml", "--json", "--no-save")
    assert json.loads(piped.stdout)["final"] == json.loads(read.stdout)["final"]
    shown = dllab(home, "datasets", "show", "-", "--json", stdin=table)
    assert json.loads(shown.stdout)["rows"] == len(ROWS)


def test_nothing_on_standard_input(home: Path) -> None:
    done = dllab(home, "datasets", "show", "-")
    assert done.returncode == 2 and b"standard input is empty" in done.stderr


def test_a_file_where_a_name_belongs_is_told_how_to_be_used(home: Path) -> None:
    put(home, TABLES["gaps"])
    assert "`dllab datasets show t.csv`" in " ".join(said(dllab(home, "datasets", "t.csv").stderr, home).split())
    done = dllab(home, "train", "iris", "data=t.csv")
    assert done.returncode == 2 and b"{csv: t.csv, target: COLUMN}" in done.stderr
    done = dllab(home, "train", "iris", "data={csv: t.csv}")
    assert done.returncode == 2 and b"write {csv: ..., target: VALUE}" in done.stderr


def test_the_ways_to_write_a_table_mean_the_same(home: Path) -> None:
    from dllab.recipe import RecipeError, load, schema

    options = {"csv": str(home / "t.csv"), "target": "y", "drop": ["a"]}
    model = {"model": [{"dense": "outputs"}]}
    ways = [options, {"name": "csv", **options}, {"csv": options}, dict(reversed(options.items()))]
    first, *others = [load({"data": way, **model}) for way in ways]
    assert all(other == first for other in others)
    changed = load({"data": options, **model}, ["data.target=z", f"data.csv={home / 'u.csv'}"])
    assert changed.data.model_dump() == {**first.data.model_dump(), "target": "z", "csv": str(home / "u.csv")}
    assert {"$ref": "#/$defs/datasets.csv", "required": ["csv"]} in schema()["$defs"]["datasets"]["anyOf"]
    for word in ("splits", "dataset", "__init__"):  # files beside the data sets, that hold none
        with pytest.raises(RecipeError, match="2 keys and no name"):
            load({"data": {word: 1, "target": "y"}, **model})
