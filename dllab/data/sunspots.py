"""Sunspots, year by year."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.data.time_series import TimeSeries, Tracks, shipped

YEARS = 309


class Sunspots(TimeSeries):
    """Sunspots: the mean number of each year, 1700 to 2008; how many there will be next year.

    They come in cycles of some 11 years. A row reads `window` years and forecasts the next `horizon` ones. The test are the
    last 62 years. rmse and mae are in sunspots; "next year as this one" is wrong by an rmse of 30 there.

        data: sunspots
        data: {name: sunspots, window: 11, horizon: 5, validation: 0.1}

    Options:

    - window: years that are read, two cycles if nothing is said.

    Source: Yule 1927, "On a method of investigating periodicities in disturbed series"; datasets/sunspots.md says where
    the file comes from and under which licence.
    """

    name = "sunspots"
    main = "window"
    window: Annotated[int, Field(ge=1, le=10_000)] = 22

    def tracks(self) -> Tracks:
        """One channel, the series itself."""
        values = shipped("sunspots.csv", '"YEAR","SUNACTIVITY"', YEARS, [1])
        return Tracks(values, ("sunspots",), values[:, 0], "sunspots")

    def told(self, tracks: Tracks) -> str:
        """What it is."""
        return "Sunspots of each year, 1700 to 2008 (Yule 1927); the next ones are forecast."
