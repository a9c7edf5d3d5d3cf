"""Nets that give back their inputs, from training to predictions: `data: {..., reconstruct: true}`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from terminals import piped

from dllab.data.iris import Iris

HERE = {"DLLAB_RUNS": "runs"}
PICTURES = """\
data: {name: digits, flatten: false, reconstruct: true, per_class: 10}
model: [conv: {units: 2, stride: 2, padding: same}, conv_transpose: {units: 1, kernel: 4, stride: 2, padding: 1}]
loss: mse
train: {epochs: 2}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of iris without their classes."""
    place = tmp_path_factory.mktemp("flowers")
    data = Iris().load()
    lines = [",".join(data.features), *(",".join(map(str, row)) for row in data.columns["inputs"][:20].tolist())]
    (place / "rows.csv").write_text("\n".join(lines) + "\n")
    return place


def test_a_table_is_given_back_in_its_own_units(folder: Path) -> None:
    done = piped(
        folder, "train", "iris", "--json", "-q", "data.reconstruct=true", "data.standardise=true", "loss=mse",
        "model=[dense: 3, dense: features]", "metrics=[rmse]", "expect=", "train={epochs: 100}", env=HERE,
    )  # fmt: skip
    assert done.code == 0, done.err
    found = piped(folder, "predict", "last", "rows.csv", env=HERE)
    assert found.code == 0, found.err
    rows, given = (
        list(csv.DictReader(io.StringIO(found.out))),
        list(csv.DictReader(io.StringIO((folder / "rows.csv").read_text()))),
    )
    assert list(rows[0]) == ["line", *given[0]]
    for row, truth in zip(rows, given, strict=True):
        assert [float(row[name]) for name in truth] == pytest.approx([float(value) for value in truth.values()], abs=0.4)
    own = json.loads(piped(folder, "eval", "last", "--json", env=HERE).out)["figures"]
    other = json.loads(piped(folder, "eval", "last", "rows.csv", "--json", env=HERE).out)
    assert other["rows"] == {"data": 20} and 0 < other["figures"]["data"]["rmse"] < 3 * own["train"]["rmse"]


def test_a_net_whose_output_is_a_picture(tmp_path: Path) -> None:
    (tmp_path / "pictures.yaml").write_text(PICTURES)
    for arguments in (["summary"], ["gradcheck"], ["train", "-q"], ["train", "-q", "train.folds=2", "train.epochs=1"]):
        done = piped(tmp_path, arguments[0], "pictures.yaml", *arguments[1:], env=HERE)
        assert done.code == 0, done.err
    names = ",".join(f"row {row} column {column}" for row in range(8) for column in range(8))
    (tmp_path / "rows.csv").write_text(f"{names}\n{','.join(['0', '16'] * 32)}\n")
    run = str(next((tmp_path / "runs").glob("pictures-*/weights.safetensors")).parent)
    header, values = csv.reader(io.StringIO(piped(tmp_path, "predict", run, "rows.csv", env=HERE).out))
    assert header == ["line", *names.split(",")] and len(values) == 65
    found = json.loads(piped(tmp_path, "predict", run, "rows.csv", "--json", env=HERE).out)
    assert found["predictions"][0]["value"] == pytest.approx([float(value) for value in values[1:]], abs=1e-4)
    assert piped(tmp_path, "eval", run, "rows.csv", env=HERE).code == 0


def test_outputs_of_another_size_are_told(tmp_path: Path) -> None:
    (tmp_path / "pictures.yaml").write_text(PICTURES.replace("stride: 2, padding: 1", "stride: 1, padding: same"))
    done = piped(tmp_path, "train", "pictures.yaml", env=HERE)
    assert done.code == 2
    assert "mse compares each output with a target, and here are (4, 4, 1) for 64" in " ".join(done.err.split())
