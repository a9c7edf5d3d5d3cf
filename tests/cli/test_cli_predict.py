"""`dllab eval`, `dllab predict` and `dllab datasets show`, as a student calls them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from terminals import COMMAND, Done, environment, piped

from dllab.runs.opened import Opened

HERE = {"DLLAB_RUNS": "runs"}
FLOWERS = "petal,leaf,colour,kind\n" + "".join(
    f"{2 + i % 5 + 4 * (i % 2)}.5,{i % 7},{'red' if i % 3 else 'blue'},{'rose' if i % 2 else 'daisy'}\n" for i in range(60)
)
RECIPE = """\
data: {csv: flowers.csv, target: kind}
model: [dense: 8, tanh, dense: classes]
optimizer: {adam: 0.05}
train: {epochs: 40, checkpoint: {best: true}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, a recipe and a run of it."""
    place = tmp_path_factory.mktemp("flowers")
    (place / "flowers.csv").write_text(FLOWERS)
    (place / "flowers.yaml").write_text(RECIPE)
    done = piped(place, "train", "flowers.yaml", "-q", env=HERE)
    assert done.code == 0, done.err
    return place


def refused(folder: Path, *arguments: str) -> str:
    done = piped(folder, *arguments, env=HERE)
    assert done.code == 2 and not done.out
    assert all(len(line) <= 80 for line in done.err.splitlines())
    return done.err


def table(done: Done) -> list[dict[str, str]]:
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


def with_input(folder: Path, content: str, *arguments: str) -> Done:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(folder, HERE), input=content, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def test_the_figures_of_a_run_again(folder: Path) -> None:
    kept = json.loads(next((folder / "runs").glob("flowers-*/run.json")).read_text())
    found = json.loads(piped(folder, "eval", "last", "--json", env=HERE).out)
    assert found["figures"] == kept["final"]
    assert found["rows"] == {"train": 45, "test": 15} and found["steps"] == kept["steps"]
    shown = piped(folder, "eval", "last", env=HERE)
    assert shown.code == 0
    assert shown.out.splitlines()[2].split() == ["split", "rows", "loss", "accuracy"]
    best = json.loads(piped(folder, "eval", "last", "--weights", "best", "--json", env=HERE).out)
    assert best["figures"]["train"]["loss"] <= found["figures"]["train"]["loss"]


def test_figures_on_other_rows(folder: Path) -> None:
    found = json.loads(piped(folder, "eval", "last", "flowers.csv", "--json", env=HERE).out)
    own = json.loads(piped(folder, "eval", "last", "--json", env=HERE).out)["figures"]
    assert found["rows"] == {"data": 60}
    expected = (45 * own["train"]["loss"] + 15 * own["test"]["loss"]) / 60
    assert found["figures"]["data"]["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_data_changed_since(folder: Path, tmp_path: Path) -> None:
    for name in ("flowers.csv", "flowers.yaml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert piped(tmp_path, "train", "flowers.yaml", "-q", "train.epochs=2", env=HERE).code == 0
    (tmp_path / "flowers.csv").write_text(FLOWERS + "9.5,3,red,rose\n")
    done = piped(tmp_path, "eval", "last", env=HERE)
    assert done.code == 0
    assert done.err == "dllab: the data are not what they were when this net was trained\n"
    refusal = refused(tmp_path, "resume", "last", "train.epochs=4")
    assert "its data are not what they were" in " ".join(refusal.split())
    (tmp_path / "flowers.csv").unlink()
    assert len(table(with_input(tmp_path, FLOWERS, "predict", "last", "-"))) == 60  # the net is all it takes


def test_predictions(folder: Path) -> None:
    rows = table(piped(folder, "predict", "last", "flowers.csv", env=HERE))
    assert [row["line"] for row in rows] == [str(i + 2) for i in range(60)]
    truth = [row["kind"] for row in csv.DictReader(io.StringIO(FLOWERS))]
    assert np.mean([row["kind"] == kind for row, kind in zip(rows, truth, strict=True)]) >= 0.9
    assert all(0.5 <= float(row["probability"]) <= 1 for row in rows)
    every = table(piped(folder, "predict", "last", "flowers.csv", "--probabilities", env=HERE))
    assert list(every[0]) == ["line", "kind", "probability of daisy", "probability of rose"]
    assert all(abs(float(r["probability of daisy"]) + float(r["probability of rose"]) - 1) < 1e-5 for r in every)
    found = json.loads(piped(folder, "predict", "last", "flowers.csv", "--json", env=HERE).out)
    assert (found["target"], found["classes"]) == ("kind", ["daisy", "rose"])
    assert [entry["class"] for entry in found["predictions"]] == [row["kind"] for row in rows]


def test_columns_in_another_order_from_a_pipe(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(FLOWERS)))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["colour", "more", "leaf", "petal"], delimiter=";", extrasaction="ignore")
    writer.writeheader()
    writer.writerows({**row, "more": "-"} for row in rows)
    done = with_input(folder, text.getvalue(), "predict", "last", "-")
    assert table(done) == table(piped(folder, "predict", "last", "flowers.csv", env=HERE))


def test_values_are_told_in_their_units(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "line.csv").write_text("x,price\n" + "".join(f"{i},{1e5 + 1000 * i}\n" for i in range(50)))
    (tmp_path / "line.yaml").write_text(
        "data: {csv: line.csv, target: price}\nmodel: [dense: 1]\noptimizer: {adam: 0.1}\ntrain: {epochs: 200}\n"
    )
    assert piped(tmp_path, "train", "line.yaml", "-q", env=HERE).code == 0
    rows = table(with_input(tmp_path, "x\n10\n20.5\n", "predict", "last", "-"))
    assert [float(row["price"]) for row in rows] == pytest.approx([110_000, 120_500], rel=1e-3)
    found = json.loads(with_input(tmp_path, "x\n10\n", "predict", "last", "-", "--json").out)
    assert found["predictions"][0]["value"] == pytest.approx(110_000, rel=1e-3)


def test_a_net_of_a_built_in_set_takes_a_column_for_each_number(tmp_path: Path) -> None:
    assert piped(tmp_path, "train", "iris", "-q", "train.epochs=100", env=HERE).code == 0
    text = "sepal length,sepal width,petal length,petal width,target\n5.1,3.5,1.4,0.2,setosa\n6.3,3.3,6.0,2.5,virginica\n"
    rows = table(with_input(tmp_path, text, "predict", "last", "-"))
    assert [row["target"] for row in rows] == ["setosa", "virginica"]
    done = with_input(tmp_path, text, "eval", "last", "-", "--json")
    assert json.loads(done.out)["figures"]["data"]["accuracy"] == 1.0


@pytest.mark.parametrize("recipe", ["xor", "function", "perceptron", "digits"])
def test_an_opened_net_says_what_training_measured(tmp_path: Path, recipe: str) -> None:
    import dllab
    from dllab.engine.prepare import prepared

    result = dllab.train(recipe, train__epochs=3, run_dir=tmp_path)
    opened = Opened("last", tmp_path)
    assert opened.figures()[0] == result.metrics
    data = prepared(result.recipe)
    assert data is not None
    rows = data.splits.train
    found = opened.figures_of(data.dataset.columns["inputs"][rows], data.dataset.columns["targets"][rows])
    assert found == pytest.approx(result.metrics["train"], rel=1e-5)


def test_refusals(folder: Path) -> None:
    (folder / "few.csv").write_text("petal,leaf\n1,2\n")
    (folder / "new.csv").write_text("petal,leaf,colour\n1,2,red\n1,2,green\n")
    (folder / "gap.csv").write_text("petal,leaf,colour\n1,2,red\n1,,red\n")
    (folder / "word.csv").write_text("petal,leaf,colour\nlong,2,red\n")
    assert refused(folder, "predict", "last", "few.csv") == (
        "dllab: few.csv has no column 'colour'\n  its columns are petal, leaf\n"
    )
    assert refused(folder, "predict", "last", "new.csv") == (
        "dllab: new.csv, line 3, column 'colour': 'green' is new\n  so far there were blue, red\n"
    )
    assert refused(folder, "predict", "last", "gap.csv") == (
        "dllab: gap.csv, line 3, column 'leaf': no value\n"
        "  fill it in, or train with missing: mean, median, most_frequent or category\n"
    )
    assert refused(folder, "predict", "last", "word.csv") == (
        "dllab: word.csv, line 2, column 'petal': a word, where a number is expected\n"
        "  the net has learnt from numbers in this column\n"
    )
    assert refused(folder, "eval", "last", "new.csv") == (
        "dllab: new.csv, line 3, column 'colour': 'green' is new\n  so far there were blue, red\n"
    )
    (folder / "new.csv").write_text("petal,leaf,colour\n1,2,red\n")
    assert refused(folder, "eval", "last", "new.csv") == (
        "dllab: new.csv has no column 'kind'\n  its columns are petal, leaf, colour\n"
    )
    assert refused(folder, "eval", "last", "--weights", "first") == (
        "dllab: --weights first: a run has no such weights\n  write one of: last, best\n"
    )
    assert "there is no run lost" in refused(folder, "predict", "lost", "few.csv")
    assert "there is no file none.csv" in refused(folder, "predict", "last", "none.csv")
    run = next((folder / "runs").glob("flowers-*"))
    whole = (run / "weights.safetensors").read_bytes()
    (run / "weights.safetensors").write_bytes(whole[:-3])
    assert "weights.safetensors is damaged" in " ".join(refused(folder, "eval", "last").split())
    (run / "weights.safetensors").write_bytes(whole)


# ---- datasets show -------------------------------------------------------------------------------------------------------


def test_a_table_is_shown_as_it_was_understood(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text(
        "price;area;garden;built;rooms\n1,5;north;yes;1999-05-01;4\n2;south;no;2001-07-12;5\n3;;yes;1950-01-01;3\n"
        "4;north;yes;1960-01-01;2\n2,5;north;no;1970-01-01;5\n3,5;south;yes;1980-01-01;4\n"
    )
    done = piped(tmp_path, "datasets", "show", "houses.csv")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "houses.csv: 6 rows, 5 columns (utf-8, semicolons, a line of names)"
    assert any(line.split()[:1] == ["area"] and "2 words: north 3, south 2" in line and " 1 " in line for line in lines)
    assert "a net cannot read built as it is; drop: leaves columns out" in lines
    suggestion = next(line for line in lines if line.startswith("  data: "))
    assert suggestion == "  data: {csv: houses.csv, target: price, drop: [built], missing: drop_rows}"
    (tmp_path / "r.yaml").write_text(f"{suggestion.strip()}\nmodel: [dense: outputs]\n")
    assert piped(tmp_path, "train", "r.yaml", "-q", "train.epochs=1", env=HERE).code == 0
    found = json.loads(piped(tmp_path, "datasets", "show", "houses.csv", "--json").out)
    assert [column["kind"] for column in found["columns"]] == ["number", "category", "boolean", "date", "number"]
    assert found["delimiter"] == "semicolon" and found["rows"] == 6 and found["target"] == "price"


def test_show_from_a_pipe_and_refusals(folder: Path) -> None:
    assert with_input(folder, FLOWERS, "datasets", "show", "-").out.startswith("standard input: 60 rows, 4 columns")
    assert "holds one class, 'runs'" in refused(folder, "datasets", "show", ".")
    assert "takes one file" in refused(folder, "datasets", "show")
    (folder / "odd.csv").write_text("a,b\n1,2\n1\n")
    assert refused(folder, "datasets", "show", "odd.csv") == (
        "dllab: odd.csv, line 3: 1 field, where the first line has 2: nothing for 'b'\n"
        "  a value that is missing is an empty field\n"
    )


def test_training_from_standard_input(folder: Path) -> None:
    done = with_input(folder, FLOWERS, "train", "flowers.yaml", "data.csv=-", "-q", "--json")
    assert done.code == 0, done.err
    kept = json.loads(next((folder / "runs").glob("flowers-*/run.json")).read_text())
    assert json.loads(done.out)["final"] == kept["final"]


def test_arrays_are_rows_too(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 2, 2)).astype(np.float32)
    y = np.array(["low", "high"])[(x.sum(axis=(1, 2)) > 0).astype(int)]
    np.savez(tmp_path / "d.npz", x=x, y=y)
    (tmp_path / "r.yaml").write_text("data: {npz: d.npz}\nmodel: [dense: classes]\noptimizer: {adam: 0.1}\n")
    assert piped(tmp_path, "train", "r.yaml", "-q", "train.epochs=60", env=HERE).code == 0
    found = json.loads(piped(tmp_path, "eval", "last", "d.npz", "--json", env=HERE).out)
    assert found["rows"] == {"data": 40} and found["figures"]["data"]["accuracy"] > 0.9
    rows = table(piped(tmp_path, "predict", "last", "d.npz", env=HERE))
    assert [row["line"] for row in rows] == [str(i) for i in range(1, 41)]
    assert np.mean([row["target"] == word for row, word in zip(rows, y, strict=True)]) > 0.9
