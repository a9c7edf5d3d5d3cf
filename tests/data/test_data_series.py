"""Series in windows: what a row holds, that nothing of the future is in it, and what naive forecasts say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dllab.data.airline import Airline
from dllab.data.co2 import Co2
from dllab.data.dataset import Prepared, Rows
from dllab.data.folds import Folds
from dllab.data.seattle_weather import SeattleWeather
from dllab.data.series import Series
from dllab.data.sunspots import Sunspots
from dllab.data.time_series import TimeSeries, Tracks, filled_forward, naive

few = settings(max_examples=60, deadline=None)
PARTS = ("train", "validation", "test")


class Given(TimeSeries):
    """Series from memory: the target is their sum."""

    values: np.ndarray

    def tracks(self) -> Tracks:
        names = tuple(f"c{i}" for i in range(self.values.shape[1]))
        return Tracks(self.values, names, self.values.sum(axis=1), "sum")

    def told(self, tracks: Tracks) -> str:
        return "Given."


def ramp(steps: int, channels: int = 1) -> np.ndarray:
    """Every value is another."""
    return np.arange(steps * channels, dtype=np.float64).reshape(steps, channels) ** 1.5


def rmse(data: Prepared, rows: Rows, season: int = 1) -> float:
    return float(np.sqrt(((naive(data.dataset, rows, season) - data.dataset.columns["targets"][rows]) ** 2).mean()))


@few
@given(
    st.integers(80, 200), st.integers(1, 9), st.integers(1, 4), st.integers(0, 5), st.integers(1, 3),
    st.sampled_from([0.0, 0.25]), st.sampled_from([0.0, 0.25]),
)  # fmt: skip
def test_rows_are_what_plain_loops_give_and_no_step_is_in_two_splits(
    steps: int, window: int, horizon: int, lag: int, channels: int, test: float, validation: float
) -> None:
    values = ramp(steps, channels)
    data = Given(values=values, window=window, horizon=horizon, difference=lag, test=test, validation=validation).prepare()
    inputs, targets, first = (data.dataset.columns[name] for name in ("inputs", "targets", "forecast"))
    total, seen = values.sum(axis=1), {split: set() for split in PARTS}
    for split in PARTS:
        for row in getattr(data.splits, split):
            begin = first[row] - window
            seen[split] |= set(range(begin - lag, first[row] + horizon))
            for t in range(window):
                known = values[begin + t] - (values[begin + t - lag] if lag else 0)
                np.testing.assert_allclose(inputs[row, t], known, rtol=1e-5)
            for h in range(horizon):
                base, step = 0.0, first[row] + h
                if lag:
                    step -= lag
                    while step >= first[row]:
                        step -= lag
                    base = total[step]
                assert targets[row, h] == pytest.approx(total[first[row] + h] - base, rel=1e-4)
    assert not seen["train"] & (seen["validation"] | seen["test"]) and not seen["validation"] & seen["test"]
    assert max(seen["train"]) < min(seen["validation"] | seen["test"] | {steps}), "what trains is past"
    assert max(seen["validation"] | {0}) < min(seen["test"] | {steps})
    assert bool(seen["test"]) == (test > 0) and bool(seen["validation"]) == (validation > 0)
    assert data.dataset.rows == sum(len(getattr(data.splits, split)) for split in PARTS)


def test_the_future_changes_nothing_of_what_trains() -> None:
    values = np.random.default_rng(0).normal(size=(100, 2))
    changed = values.copy()
    changed[80:] += 1000
    one, other = (Given(values=v, window=5, horizon=2, test=0.2).prepare() for v in (values, changed))
    rows = one.splits.train
    for column in ("inputs", "targets"):
        np.testing.assert_array_equal(one.dataset.columns[column][rows], other.dataset.columns[column][rows])
    for name in ("shift", "scale", "target_shift", "target_scale"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_each_channel_has_one_scale_for_all_steps() -> None:
    values = np.random.default_rng(0).normal([3, -50], [2, 0.01], size=(400, 2))
    data = Given(values=values, window=6, horizon=3).prepare()
    assert data.shift is not None and data.scale is not None and data.target_scale is not None
    assert len({tuple(step) for step in data.shift.reshape(6, 2)}) == 1
    np.testing.assert_allclose(data.shift.reshape(6, 2), np.tile([3, -50], (6, 1)), rtol=0.1)
    np.testing.assert_allclose(data.scale.reshape(6, 2), np.tile([1 / 2, 100], (6, 1)), rtol=0.1)
    assert len(set(data.scale.reshape(6, 2)[:, 0])) == 1 and len(set(data.target_scale)) == 1
    seen = data.seen(data.splits.train)
    np.testing.assert_allclose(seen.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(seen.std(axis=(0, 1)), 1, atol=1e-3)
    rows = data.splits.test
    np.testing.assert_allclose(data.natural(data.targets(rows)), data.dataset.columns["targets"][rows], rtol=1e-4)


# ---- naive forecasts --------------------------------------------------------------------------------------------------


def test_naive_forecasts() -> None:
    values = np.arange(40.0)[:, None] ** 2
    data = Given(values=values, window=6, horizon=5, test=0.4).prepare()
    row = data.splits.test[:1]
    first = int(data.dataset.columns["forecast"][row[0]])
    assert naive(data.dataset, row).tolist() == [[(first - 1.0) ** 2] * 5]
    expected = [first - 3, first - 2, first - 1, first - 3, first - 2]
    assert naive(data.dataset, row, 3).tolist() == [[step**2 for step in expected]]
    for season in (0, 100):
        with pytest.raises(ValueError, match=f"season is {season}; before the first of these rows there are {first} steps"):
            naive(data.dataset, row, season)


@pytest.mark.parametrize("lag", [1, 3, 7])
def test_differences_leave_errors_as_they_are(lag: int) -> None:
    values = np.random.default_rng(0).normal(size=(200, 1)).cumsum(axis=0)
    plain = Given(values=values, window=7, horizon=4).prepare()
    less = Given(values=values, window=7, horizon=4, difference=lag).prepare()
    both = np.intersect1d(*(d.dataset.columns["forecast"] for d in (plain, less)))
    rows = [np.searchsorted(d.dataset.columns["forecast"], both) for d in (plain, less)]
    for season in (1, 4):
        assert rmse(plain, rows[0], season) == pytest.approx(rmse(less, rows[1], season), rel=1e-4)
    np.testing.assert_allclose(naive(less.dataset, rows[1], lag), 0, atol=1e-6)


# ---- gaps -----------------------------------------------------------------------------------------------------------


def test_rows_with_a_gap_are_left_out() -> None:
    values = ramp(60)
    values[[10, 40]] = np.nan
    data = Given(values=values, window=3, horizon=2, test=0.0).load()
    first = data.columns["forecast"].tolist()
    assert first == [f for f in range(3, 59) if not {10, 40} & set(range(f - 3, f + 2))]
    assert np.isfinite(data.tables["series"]).all() and data.tables["series"][10] == values[9, 0]


def test_a_gap_takes_the_value_before_it() -> None:
    nan = np.nan
    assert filled_forward(np.array([nan, 1, nan, nan, 2, nan])).tolist() == [1, 1, 1, 1, 2, 2]
    assert np.isnan(filled_forward(np.array([nan, nan]))).all()


def test_a_split_of_gaps_alone_is_refused() -> None:
    values = ramp(60)
    values[50] = np.nan
    with pytest.raises(ValueError, match=r"test: each of its 1 rows of 12 steps holds a gap; make window: smaller"):
        Given(values=values, window=11, horizon=1, test=0.2).load()


# ---- series that come with the lab ------------------------------------------------------------------------------------

SERIES: dict[type[TimeSeries], tuple[int, float, float, dict[int, float]]] = {
    Sunspots: (309, 5.0, 2.9, {1: 29.889}),
    Airline: (144, 112.0, 432.0, {1: 54.367, 12: 52.516}),
    SeattleWeather: (1461, 12.8, 5.6, {1: 3.0858}),
    Co2: (2284, 316.1, 371.5, {1: 0.50891}),
}


@pytest.mark.parametrize("source", SERIES)
def test_series_are_as_published(source: type[TimeSeries]) -> None:
    steps, begin, end, errors = SERIES[source]
    data = source().prepare()
    series = data.dataset.tables["series"]
    assert (len(series), series[0], series[-1]) == (steps, begin, end)
    for season, error in errors.items():
        assert rmse(data, data.splits.test, season) == pytest.approx(error, rel=1e-4)


def test_weeks_without_carbon_dioxide() -> None:
    assert np.isnan(Co2().tracks().target).sum() == 59 and not np.isnan(Co2(gaps="last").tracks().target).any()
    assert (Co2().load().rows, Co2(gaps="last").load().rows) == (1709, 2180)


def test_the_weather_forecasts_what_it_is_told() -> None:
    wind = SeattleWeather(target="wind", window=2).load()
    assert wind.columns["targets"][0, 0] == wind.columns["inputs"][1, 1, 3] and wind.features[3] == "t1 wind"


def test_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="folds: its rows have an order"):
        Folds(Sunspots(), 3)


# ---- files of the user's own ------------------------------------------------------------------------------------------

SALES = "day,sold,price,place\n" + "".join(f"2024-01-{i % 28 + 1:02d},{i * i},{i / 2},{'here'}\n" for i in range(1, 61))


def own(folder: Path, text: str, **options: Any) -> Series:
    (folder / "my.csv").write_text(text)
    return Series(file=str(folder / "my.csv"), **options)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    data = own(tmp_path, SALES, target="sold", features=("price", "sold"), window=4, horizon=2).prepare()
    dataset = data.dataset
    assert dataset.name == "my.csv" and dataset.about == "60 steps of my.csv; sold of the next ones is forecast."
    assert dataset.input_shape == (4, 2) and dataset.features[:2] == ("t1 price", "t1 sold")
    assert dataset.columns["inputs"][0].tolist() == [[i / 2, i * i] for i in range(1, 5)]
    assert dataset.columns["targets"][0].tolist() == [25, 36]
    source = own(tmp_path, SALES, target="sold")
    before = source.stamp()
    assert own(tmp_path, SALES + "2024-03-01,1,1,x\n", target="sold").stamp() != before


def test_the_only_series_of_a_file_is_found(tmp_path: Path) -> None:
    text = "year;value\n" + "".join(f"{1900 + i};{i % 7},5\n" for i in range(60))
    data = own(tmp_path, text, window=4).load()
    assert data.columns["inputs"][0, :, 0].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert own(tmp_path, "".join(f"{i % 7}\n" for i in range(60)), window=4).load().input_shape == (4, 1)
    assert own(tmp_path, "n\n" + "".join(f"{i}\n" for i in range(60)), window=4).load().columns["targets"][0, 0] == 4


def test_gaps_of_a_file(tmp_path: Path) -> None:
    text = "v\n" + "".join("NA\n" if i in (20, 21) else f"{i * i % 11}\n" for i in range(80))
    with pytest.raises(ValueError, match=r"line 22, column 'v': no value; missing in all: 2; say what to do: gaps: skip"):
        own(tmp_path, text, window=4).load()
    assert (
        own(tmp_path, text, window=4, gaps="skip").load().rows == own(tmp_path, text, window=4, gaps="last").load().rows - 6
    )


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (SALES, {}, "has 2 columns of numbers; name one, target: of sold, price"),
        (SALES, {"target": "day"}, "the column 'day' holds dates, such as '2024-01-01', no series"),
        (SALES, {"target": "place"}, "the column 'place' holds words, no series"),
        (SALES, {"target": "sould"}, "has no column 'sould'; .* Did you mean 'sold'"),
        (
            SALES,
            {"target": "sold", "window": 30},
            r"test: 0.2 of it, 12 steps, holds no row, which takes 31; make window: ",
        ),
        (SALES.replace(",900,", ",many,"), {"target": "sold"}, "'many' is no number, and most of the column are"),
        ("a,b\nx,y\nx,z\n", {}, "has no column of numbers; a series needs one"),
        ("", {}, "is empty"),
    ],
)
def test_files_that_do_not_do(tmp_path: Path, text: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        own(tmp_path, text, **options).load()
