"""What a net that has learnt from a series says of another one: the values that come next, or how well it foretells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.series import Series
from dllab.data.table import TableError
from dllab.data.time_series import TimeSeries, last_known
from dllab.runs.ready import Ready


@dataclass(frozen=True)
class Forecast:
    """The values (H,) of the steps behind the end of a series, in its own unit, and what is forecast."""

    name: str
    values: NDArray[np.float64]


def reads_series(ready: Ready) -> bool:
    """Whether a net has learnt from windows of a series."""
    return isinstance(ready.recipe.data, TimeSeries)


def series_of(ready: Ready, path: str) -> Series:
    """Another series, from a CSV file, to be read as that which the net has learnt from: by the names of its columns."""
    source = ready.recipe.data
    assert isinstance(source, TimeSeries)
    if isinstance(source, Series):
        return source.model_copy(update={"file": path, "test": 0.0, "validation": 0.0})
    tracks = source.tracks()
    return Series(
        file=path, target=tracks.target_name, features=tracks.names, window=source.window, horizon=source.horizon,
        difference=source.difference, test=0.0,
    )  # fmt: skip


def forecast(ready: Ready, series: Series) -> Forecast:
    """The values that come behind the last row. Raises TableError for a series too short, or with a gap at its end."""
    tracks, lag, label = series.tracks(), series.difference, series.label()
    needed = series.window + lag
    steps, first = len(tracks.target), len(tracks.target) - needed
    if first < 0:
        raise TableError(f"{label}: {_rows(steps)}, and this net reads {needed}", "give it the rows before them, too")
    read, own = tracks.values[-series.window :], tracks.target[first:]
    if np.isnan(tracks.values[first:]).any() or np.isnan(own).any():
        raise TableError(f"{label}: a gap among its last {needed} rows", "fill it in")
    past = read - tracks.values[first : first + series.window] if lag else read
    said = ready.predict(past[None].astype(np.float32)).outputs[0].astype(np.float64)
    if lag:
        said = said + tracks.target[last_known(np.array([steps]), series.horizon, lag)][0]
    return Forecast(tracks.target_name, said)


def windows_of(series: Series) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """All rows of a series: inputs (N, window, F) and targets (N, horizon). Raises TableError for one too short."""
    steps, needed = len(series.tracks().target), series.window + series.difference + series.horizon
    if steps < needed:
        told = f"{series.label()}: {_rows(steps)}, and this net reads and forecasts {needed} together"
        raise TableError(told, "give it a longer series")
    columns = series.generate().columns
    return columns["inputs"], columns["targets"]


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count != 1)}"
