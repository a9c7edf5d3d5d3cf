"""CSV and npz files as data sets: encodings, gaps, tasks, splits; what recipes say of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.data.csv import Csv
from dllab.data.encoding import GAP, Encoding, plain_encoding
from dllab.data.npz import Npz
from dllab.data.table import TableError, read_table
from dllab.engine.prepare import prepared
from dllab.recipe import RecipeError, load

ROWS = """\
size,kind,open,price,sold
1.5,hut,yes,10,a
2.5,villa,no,30,b
,hut,no,12,a
3.5,flat,yes,20,b
4.5,,yes,25,a
2.0,flat,,18,b
5.0,villa,no,40,a
1.0,hut,yes,9,b
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "t.csv"
    file.write_text(ROWS)
    return str(file)


def complete(tmp_path: Path) -> str:
    file = tmp_path / "full.csv"
    file.write_text("".join(line for line in ROWS.splitlines(True) if ",," not in line and not line.startswith(",")))
    return str(file)


def test_words_are_spread_out(tmp_path: Path) -> None:
    data = Csv(csv=complete(tmp_path), target="price", drop=("sold",)).load()
    assert data.features == ("size", "kind=flat", "kind=hut", "kind=villa", "open")
    assert data.task == "regression" and data.columns["targets"].dtype == np.float32
    np.testing.assert_array_equal(data.columns["inputs"][0], [1.5, 0, 1, 0, 1])
    np.testing.assert_array_equal(data.columns["inputs"][1], [2.5, 0, 0, 1, 0])
    np.testing.assert_array_equal(data.columns["targets"][:, 0], [10, 30, 20, 40, 9])


def test_tasks_are_found_out(tmp_path: Path) -> None:
    file = complete(tmp_path)
    words = Csv(csv=file, target="sold", features=("size", "open")).load()
    assert (words.task, words.classes, words.features) == ("classification", ("a", "b"), ("size", "open"))
    assert list(words.columns["targets"]) == [0, 1, 1, 0, 1]
    numbers = Csv(csv=file, target="price", task="classification", drop=("sold",)).load()
    assert numbers.classes == ("9", "10", "20", "30", "40")
    with pytest.raises(TableError, match="regression needs numbers"):
        Csv(csv=file, target="sold", task="regression").load()


@pytest.mark.parametrize(
    "rule",
    ["mean", "median", "most_frequent", "category"],
)
def test_gaps_are_filled_by_the_training_rows(path: str, rule: Any) -> None:
    source = Csv(csv=path, target="price", drop=("sold",), missing=rule, test=0.25, standardise=False)
    data = source.prepare()
    known = read_table(path).column("size").numbers
    assert known is not None
    train = known[data.splits.train]
    train = train[~np.isnan(train)]
    expected = {"mean": train.mean(), "category": train.mean(), "median": np.median(train)}
    inputs = data.dataset.columns["inputs"]
    if rule in expected:
        assert inputs[2, 0] == np.float32(expected[rule])
    assert data.dataset.encoding is not None
    filled = {feature.column: feature.fill for feature in data.dataset.encoding.features}
    words = read_table(path).column("kind")
    assert words.codes is not None
    seen = words.codes[data.splits.train]
    usual = words.words[int(np.bincount(seen[seen >= 0]).argmax())]
    assert filled["kind"] == (GAP if rule == "category" else usual)
    names = data.dataset.features
    assert inputs[4, names.index(f"kind={filled['kind']}")] == 1
    assert inputs[5, names.index("open")] in (0.0, 1.0)


def test_rows_with_gaps_are_dropped(path: str) -> None:
    data = Csv(csv=path, target="price", drop=("sold",), missing="drop_rows").load()
    assert data.rows == 5 and list(data.columns["targets"][:, 0]) == [10, 30, 20, 40, 9]
    few = Csv(csv=path, target="price", features=("size",), missing="drop_rows").load()
    assert few.rows == 7


def test_targets_are_standardised_and_told_in_their_units(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, 200)
    file = tmp_path / "line.csv"
    file.write_text("x,y\n" + "".join(f"{a},{5e6 + 3e5 * a}\n" for a in x))
    recipe = {"data": {"csv": str(file), "target": "y"}, "model": [{"dense": 1}], "train": {"epochs": 60}}
    result = dllab.train(recipe, {"optimizer": {"adam": 0.05}}, save=False)
    assert result.metrics["test"]["r2"] > 0.999
    assert result.metrics["test"]["rmse"] < 1e4
    assert result.metrics["test"]["loss"] < 0.01
    natural = dllab.train(recipe, {"optimizer": {"adam": 0.05}, "data.standardise_targets": False}, save=False)
    assert natural.metrics["test"]["rmse"] > 1e6


def test_an_encoding_fits_columns_in_any_order(tmp_path: Path, path: str) -> None:
    data = Csv(csv=path, target="sold", missing="median").load()
    encoding = data.encoding
    assert encoding is not None
    again = Encoding.from_document(json.loads(json.dumps(encoding.to_document())))
    assert again == encoding
    lines = [line.split(",") for line in ROWS.splitlines()]
    shuffled = tmp_path / "shuffled.csv"
    shuffled.write_text("".join(",".join([*reversed(line), "more"]) + "\n" for line in lines))
    np.testing.assert_array_equal(again.encode(read_table(str(shuffled))), data.columns["inputs"])
    np.testing.assert_array_equal(again.encode_targets(read_table(str(shuffled))), data.columns["targets"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("hut", "castle"), r"line 2, column 'kind': 'castle' is new; so far there were flat, hut, villa"),
        (("2.5", "big"), r"column 'size': a word, where a number is expected"),
        (("1.5", "1e300"), r"line 2, column 'size': 1e\+300 is too large"),
        (("size", "width"), r"has no column 'size'"),
        (("10,a", "10,c"), r"line 2, column 'sold': 'c' is no class of this net"),
    ],
)
def test_rows_that_do_not_fit_an_encoding(tmp_path: Path, path: str, change: tuple[str, str], said: str) -> None:
    encoding = Csv(csv=path, target="sold", missing="median").load().encoding
    assert encoding is not None
    other = tmp_path / "other.csv"
    other.write_text(ROWS.replace(*change))
    with pytest.raises(TableError, match=said):
        table = read_table(str(other))
        encoding.encode(table)
        encoding.encode_targets(table)


def test_gaps_where_none_were_filled(tmp_path: Path, path: str) -> None:
    encoding = Csv(csv=complete(tmp_path), target="sold").load().encoding
    assert encoding is not None
    with pytest.raises(TableError, match=r"line 4, column 'size': no value"):
        encoding.encode(read_table(path))


def test_numbers_of_other_data_have_a_column_each(tmp_path: Path) -> None:
    encoding = plain_encoding(("a", "b"), "target", ("no", "yes"))
    file = tmp_path / "t.csv"
    file.write_text("b,target,a\n1,yes,2\n3,no,4\n")
    np.testing.assert_array_equal(encoding.encode(read_table(str(file))), [[2, 1], [4, 3]])
    np.testing.assert_array_equal(encoding.encode_targets(read_table(str(file))), [1, 0])


# ---- in recipes ----------------------------------------------------------------------------------------------------------

MODEL = [{"dense": 4}, "tanh", {"dense": "outputs"}]


def test_paths_count_from_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complete(tmp_path)
    (tmp_path / "r.yaml").write_text("data: {csv: full.csv, target: price, drop: [sold]}\nmodel: [dense: 1]\n")
    monkeypatch.chdir("/")
    recipe = load(tmp_path / "r.yaml")
    assert isinstance(recipe.data, Csv) and recipe.data.csv == str(tmp_path / "full.csv")
    assert load({"data": {"target": "price", "csv": "x.csv"}, "model": MODEL}).data == Csv(csv="/x.csv", target="price")
    assert load(recipe.to_yaml()) == recipe
    other = load(tmp_path / "r.yaml", ["data.target=size", "data.csv=other.csv", "data.test=0.5"])
    assert other.data == Csv(csv="/other.csv", target="size", drop=("sold",), test=0.5)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = complete(tmp_path)
    recipe = load({"data": {"csv": file, "target": "price", "drop": ["sold"]}, "model": MODEL})
    assert prepared(recipe).dataset.rows == 5  # type: ignore[union-attr]
    with open(file, "a") as more:
        more.write("2.0,flat,no,18,b\n")
    assert prepared(recipe).dataset.rows == 6  # type: ignore[union-attr]


REFUSALS = {
    "target: size": "line 4, column 'size': no value, and this is the target",
    "target: price": "line 4, column 'size': no value; missing in all: size 1, kind 1, open 1",
    "target: prise": "has no column 'prise'",
    "target: price, features: [sise]": "has no column 'sise'",
    "target: price, features: [price]": "no column is left to learn from",
    "target: price, delimiter: ';'": "has no column 'price'",
    "missing: drop_rows": "needs the option 'target'",
    "target: price, missing: mode": "wrong value for option 'missing' of data set csv",
}


@pytest.mark.parametrize("options", REFUSALS)
def test_refusals_name_the_place(tmp_path: Path, path: str, options: str) -> None:
    (tmp_path / "r.yaml").write_text(f"model: [dense: 1]\ndata: {{csv: t.csv, {options}}}\n")
    with pytest.raises(RecipeError) as told:
        dllab.train(tmp_path / "r.yaml", save=False)
    assert REFUSALS[options] in " ".join(told.value.render(10_000).split())
    assert ":2:" in told.value.render(10_000)


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    rows = "".join(f"2020-01-0{i},text {i} of a letter,{i},\n" for i in range(1, 10))
    (tmp_path / "t.csv").write_text("day,letter,y,nothing\n" + rows)
    with pytest.raises(TableError) as told:
        Csv(csv=str(tmp_path / "t.csv"), target="y").load()
    assert told.value.problem.partition("t.csv: ")[2] == (
        "'day' holds dates, such as '2020-01-01'; 'letter' holds free text (9 different words,"
        " such as 'text 1 of a letter'); 'nothing' holds no value at all"
    )
    assert told.value.hint == "leave out what cannot be used: drop: [day, letter, nothing]"


# ---- npz -----------------------------------------------------------------------------------------------------------------


def saved(tmp_path: Path, **arrays: Any) -> str:
    np.savez(tmp_path / "d.npz", **arrays)
    return str(tmp_path / "d.npz")


def test_arrays(tmp_path: Path) -> None:
    x, y = np.arange(24.0).reshape(6, 2, 2), np.array([3, 5, 3, 5, 3, 5])
    data = Npz(npz=saved(tmp_path, x=x, y=y), flatten=False).prepare()
    assert data.dataset.input_shape == (2, 2) and data.dataset.classes == ("3", "5")
    assert list(data.dataset.columns["targets"]) == [0, 1] * 3 and len(data.splits.test) == 1
    values = Npz(npz=saved(tmp_path, X=x, labels=y / 7)).load()
    assert values.task == "regression" and values.input_shape == (4,)
    words = Npz(npz=saved(tmp_path, x=x, y=np.array(list("abcabc")))).load()
    assert words.classes == ("a", "b", "c")


def test_bytes_may_be_pictures(tmp_path: Path) -> None:
    x, y = np.arange(6 * 2 * 4, dtype=np.uint8).reshape(6, 2, 4), np.array([3, 5] * 3)
    path = saved(tmp_path, x=x, y=y)
    grey = Npz(npz=path, flatten=False).load()
    assert grey.input_shape == (2, 4, 1) and grey.features[-1] == "row 1 column 3"
    np.testing.assert_array_equal(grey.columns["inputs"][..., 0], x)
    assert Npz(npz=path).load().input_shape == (8,) and Npz(npz=path).load().features == grey.features
    path = saved(tmp_path, x=np.stack([x] * 3, axis=3), y=y)
    colour = Npz(npz=path, flatten=False).load()
    assert colour.input_shape == (2, 4, 3) and colour.features[-1] == "row 1 column 3 blue"
    path = saved(tmp_path, x=x.astype(np.float32), y=y)
    assert Npz(npz=path, flatten=False).load().input_shape == (2, 4), "maybe sequences"
    assert Npz(npz=path, flatten=False).load().features == grey.features
    path = saved(tmp_path, x=np.zeros((6, 2, 4, 2), np.uint8), y=y)
    two = Npz(npz=path, flatten=False).load()
    assert two.input_shape == (2, 4, 2) and two.features[:3] == (
        "row 0 column 0 channel 0", "row 0 column 0 channel 1", "row 0 column 1 channel 0",
    )  # fmt: skip
    path = saved(tmp_path, x=np.zeros((6, 2, 2, 2, 2), np.uint8), y=y)
    assert Npz(npz=path).load().features[-1] == "x15"


def test_a_test_split_of_its_own(tmp_path: Path) -> None:
    x = np.arange(40, dtype=np.uint8).reshape(10, 4)
    data = Npz(npz=saved(tmp_path, x_train=x[:7], y_train=np.arange(7) % 2, x_test=x[7:], y_test=np.ones(3, int))).prepare()
    assert list(data.splits.test) == [7, 8, 9]
    assert data.dataset.columns["inputs"].dtype == np.uint8


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.ones((3, 2)), "y": np.ones(4)}, "every row needs one of each"),
        ({"x": np.ones((3, 2))}, "no array that is called y or Y"),
        ({"a": np.ones((3, 2))}, "no array that is called x or X"),
        ({"x": np.array([[1.0], [np.nan]]), "y": np.ones(2)}, "row 1 of x"),
        ({"x": np.ones((2, 1)), "y": np.array([1.0, np.inf])}, "row 1 of y"),
        ({"x": np.array([["a"], ["b"]]), "y": np.ones(2)}, "no numbers"),
        ({"x": np.ones((2, 1)), "y": np.ones(2, complex)}, "complex"),
    ],
)
def test_arrays_that_do_not_do(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(TableError, match=said):
        Npz(npz=saved(tmp_path, **arrays)).load()


def test_files_that_hold_no_arrays(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no file"):
        Npz(npz=str(tmp_path / "none.npz")).load()
    for content in (b"", b"nonsense", b"PK\x03\x04nonsense"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(TableError, match="cannot be read"):
            Npz(npz=str(tmp_path / "bad.npz")).load()
    whole = Path(saved(tmp_path, x=np.ones((50, 2)), y=np.ones(50))).read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "bad.npz").write_bytes(whole[:length])
        with pytest.raises(TableError):
            Npz(npz=str(tmp_path / "bad.npz")).load()
    np.savez(tmp_path / "objects.npz", x=np.array([{}, {}]), y=np.ones(2))
    with pytest.raises(TableError, match="plain arrays"):
        Npz(npz=str(tmp_path / "objects.npz")).load()
