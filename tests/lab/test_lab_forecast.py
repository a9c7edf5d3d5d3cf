"""Forecasts of a series: the same as for its last row in the data, with and without differences; and eval of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.data.table import TableError
from dllab.engine.prepare import prepared
from dllab.lab.forecast import forecast, reads_series, series_of, windows_of
from dllab.runs.data_file import Learnt
from dllab.runs.ready import Ready

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="nets that take minutes without compiled kernels")


def trained(**data: Any) -> Ready:
    model = [{"gru": {"units": 6, "return": "last"}}, {"dense": "outputs"}]
    result = dllab.train({"data": data, "model": model, "train": {"epochs": 2}}, save=False)
    prepared_data = prepared(result.recipe)
    assert prepared_data is not None
    return Ready(result.recipe, Learnt.of(prepared_data), result.network)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A series with a season of 4, and a second channel."""
    path = tmp_path / "sales.csv"
    rows = [f"{t},{10 + t + 3 * (t % 4)},{t % 7}" for t in range(90)]
    path.write_text("day,sold,price\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("difference", [0, 1, 4])
@pytest.mark.parametrize("features", [(), ("sold", "price")])
def test_behind_the_end_is_as_within(file: Path, difference: int, features: tuple[str, ...]) -> None:
    options = {"window": 6, "horizon": 3, "difference": difference, "features": list(features), "target": "sold"}
    ready = trained(name="series", file=str(file), **options)
    assert reads_series(ready)
    lines = file.read_text().splitlines()
    shorter = file.parent / "shorter.csv"
    shorter.write_text("\n".join(lines[:-3]) + "\n")
    found = forecast(ready, series_of(ready, str(shorter)))
    assert found.name == "sold" and found.values.shape == (3,)
    data = prepared(ready.recipe)
    assert data is not None
    last = len(data.dataset.columns["inputs"]) - 1  # the row that forecasts the last three
    said = ready.predict(data.dataset.columns["inputs"][[last]]).outputs[0]
    truth = np.array([float(line.split(",")[1]) for line in lines[-3:]])
    base = truth - data.dataset.columns["targets"][last] if difference else 0
    np.testing.assert_allclose(found.values, said + base, rtol=1e-5)


def test_a_net_of_a_shipped_series_reads_a_file_of_that_form(tmp_path: Path) -> None:
    ready = trained(name="airline", window=6, horizon=2)
    path = tmp_path / "new.csv"
    path.write_text("passengers,month\n" + "\n".join(f"{100 + t},m{t}" for t in range(10)) + "\n")
    found = forecast(ready, series_of(ready, str(path)))
    assert found.name == "passengers" and len(found.values) == 2
    inputs, targets = windows_of(series_of(ready, str(path)))
    assert inputs.shape == (3, 6, 1) and targets[0].tolist() == [106.0, 107.0]
    assert np.isfinite(ready.figures_of(inputs, targets)["loss"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("passengers\n1\n2\n", "2 rows, and this net reads 6"),
        ("passengers\n" + "1\n" * 7 + '""\n2\n', "missing in all"),
        ("riders\n" + "1\n" * 9, "passengers"),
    ],
)
def test_series_that_do_not_do(tmp_path: Path, content: str, told: str) -> None:
    ready = trained(name="airline", window=6, horizon=2)
    (tmp_path / "new.csv").write_text(content)
    with pytest.raises(TableError) as raised:
        forecast(ready, series_of(ready, str(tmp_path / "new.csv")))
    assert told in str(raised.value)


def test_a_gap_at_the_end(file: Path) -> None:
    ready = trained(name="series", file=str(file), window=6, target="sold", gaps="skip")
    text = file.read_text().splitlines()
    text[-2] = "88,,2"
    file.write_text("\n".join(text) + "\n")
    with pytest.raises(TableError, match="a gap among its last 6 rows; fill it in"):
        forecast(ready, series_of(ready, str(file)))
