"""Rows cut from series in time: a window of the past, and the values that follow it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dllab.catalogue import Fraction
from dllab.data.blocks import ROWS_AT, Blocks, InOrder, blocks_of, table_of
from dllab.data.channels import Channels
from dllab.data.dataset import Dataset, Rows, ScaledTargets, Scaling, spread
from dllab.data.files import reading
from dllab.data.steps import step_names

Values = NDArray[np.float64]

FORECAST = "forecast"
"""The column that holds the first step a row is to forecast, counted from the first one of the series."""
SERIES, LAG = "series", "difference"
"""Tables: the series that is forecast, (T,), gaps filled with the value before them; the option of that name, (1,)."""


class Tracks(NamedTuple):
    """Series side by side: `values` (T, F), the channels that are read, `target` (T,), NaN where there is a gap."""

    values: Values
    names: tuple[str, ...]
    target: Values
    target_name: str


class TimeSeries(ScaledTargets, Channels, InOrder):
    """Base of sources that forecast a series.

    Options:

    - window: steps of the past that a row reads.
    - horizon: steps after it that are forecast, a number each.
    - difference: k takes the value of k steps before away from all that is read, and from a target the last one known
      that is k, 2 k, ... steps before it: what is left to learn is what a naive forecast misses, and errors stay in the
      unit of the data. 1 takes away the last value, 12 that of the same month of the year before. 0 is off.
    - test: share of the steps, at the end, for the final test.
    """

    window: Annotated[int, Field(ge=1, le=10_000)] = 24
    horizon: Annotated[int, Field(ge=1, le=1000)] = 1
    difference: Annotated[int, Field(ge=0, le=10_000)] = 0
    standardise: bool = True
    test: Fraction | None = 0.2

    @property
    def row_steps(self) -> str:
        """The options that say how many steps a row takes."""
        return "window: or difference" if self.difference else "window"

    @abstractmethod
    def tracks(self) -> Tracks:
        """The series."""

    def label(self) -> str:
        """What messages and pages call it."""
        return self.name

    @abstractmethod
    def told(self, tracks: Tracks) -> str:
        """A sentence about the series."""

    def generate(self) -> Dataset:
        """Inputs (N, window, F) and targets (N, horizon) float32: rows that train, then validation, then test."""
        tracks = self.tracks()
        steps, lag, reach = len(tracks.target), self.difference, self.difference + self.window + self.horizon
        blocks = blocks_of(steps, self.test or 0.0, self.validation)
        starts = self._without_gaps(tracks, self.fitting(self.label(), blocks, reach, 1), blocks)
        first = np.concatenate(starts) + lag + self.window  # (N,)
        past = (first - self.window)[:, None] + np.arange(self.window)  # (N, window)
        future = first[:, None] + np.arange(self.horizon)  # (N, horizon)
        inputs, targets = tracks.values[past], tracks.target[future]
        if lag:
            inputs = inputs - tracks.values[past - lag]
            targets = targets - tracks.target[last_known(first, self.horizon, lag)]
        return Dataset(
            name=self.label(),
            columns={
                "inputs": inputs.astype(np.float32),
                "targets": targets.astype(np.float32),
                FORECAST: first.astype(np.int32),
            },
            task="regression",
            classes=(),
            features=step_names(self.window, *(tracks.names if len(tracks.names) > 1 else ())),
            fixed_test=None,
            about=self.told(tracks),
            tables={
                ROWS_AT: table_of((len(starts[0]), len(starts[1]), len(starts[2]))),
                SERIES: filled_forward(tracks.target),
                LAG: np.array([lag], np.int64),
            },
        )

    def spread_of_targets(self, dataset: Dataset, rows: Rows) -> tuple[Scaling, Scaling]:
        """One shift and scale for all steps that are forecast."""
        targets = dataset.columns["targets"][rows]
        shift, scale = spread(targets.reshape(-1, 1), 1.0)
        return np.repeat(shift, targets.shape[1]), np.repeat(scale, targets.shape[1])

    def _without_gaps(self, tracks: Tracks, starts: Sequence[NDArray[np.int64]], blocks: Blocks) -> list[NDArray[np.int64]]:
        """The windows that hold no gap. Raises ValueError where a split has none."""
        gap = np.isnan(tracks.target) | np.isnan(tracks.values).any(axis=1)
        before = np.concatenate([[0], np.cumsum(gap)])
        reach = self.difference + self.window + self.horizon
        found = [some[before[some + reach] == before[some]] for some in starts]
        for split, some, left in zip(("training", "validation", "test"), starts, found):
            if len(some) and not len(left):
                raise ValueError(
                    f"data set {self.label()}: {split}: each of its {len(some):,} rows of {reach} steps holds a gap; make "
                    "window: smaller, or fill gaps with gaps: last"
                )
        return found


def naive(dataset: Dataset, rows: Rows, season: int = 1) -> Values:
    """What the last value known would forecast, (len(rows), horizon), in the unit of the targets.

    With a season, the last one known that is so many steps, or twice, ... before. Raises ValueError where a row has no
    such past.
    """
    first, horizon = dataset.columns[FORECAST][rows].astype(np.int64), dataset.columns["targets"].shape[1]
    if season < 1 or (len(first) and season > first.min()):
        raise ValueError(f"season is {season}; before the first of these rows there are {first.min()} steps")
    series, lag = dataset.tables[SERIES], int(dataset.tables[LAG][0])
    said: Values = series[last_known(first, horizon, season)]
    return said - series[last_known(first, horizon, lag)] if lag else said


def filled_forward(values: Values) -> Values:
    """Values (T,) with the one before it in the place of a gap; gaps at the beginning take the first there is."""
    known = np.flatnonzero(~np.isnan(values))
    before = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    return values[known[np.maximum(before, 0)]] if len(known) else values


def shipped(file: str, header: str, rows: int, columns: Sequence[int]) -> Values:
    """Some columns of a shipped file, (rows, len(columns)), NaN where a field is empty."""
    with reading(file) as path:
        lines = path.read_text(encoding="ascii").splitlines()
        if lines[:1] != [header]:
            raise ValueError(f"its first line must be {header!r}")
        if len(lines) != rows + 1:
            raise ValueError(f"it has {len(lines) - 1} rows, not {rows}")
        cells = [line.split(",") for line in lines[1:]]
        if {len(row) for row in cells} != {header.count(",") + 1}:
            raise ValueError(f"a row has not {header.count(',') + 1} columns")
        return np.array([[float(row[column] or "nan") for column in columns] for row in cells])


def last_known(first: NDArray[np.int64], horizon: int, season: int) -> NDArray[np.int64]:
    """For each step that is forecast, the last one before `first` that is a number of seasons earlier, (N, horizon)."""
    ahead = np.arange(horizon)
    return first[:, None] + ahead - season * (ahead // season + 1)
