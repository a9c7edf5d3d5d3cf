"""Airline passengers, month by month."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.data.time_series import TimeSeries, Tracks, shipped

MONTHS = 144


class Airline(TimeSeries):
    """Airline: thousands of passengers a month, 1949 to 1960, which grow and have seasons; how many next month.

    A row reads `window` months and forecasts the next `horizon` ones. The test are the last 29 months, larger than all
    that trains: `difference: 12` leaves the change within a year to be learnt. rmse and mae are in thousands of
    passengers.

        data: airline
        data: {name: airline, difference: 12, horizon: 3}

    Options:

    - window: months that are read, a year if nothing is said.

    Source: Box and Jenkins 1976, "Time series analysis", series G; datasets/airline.md says where the file comes from
    and under which licence.
    """

    name = "airline"
    main = "window"
    window: Annotated[int, Field(ge=1, le=10_000)] = 12

    def tracks(self) -> Tracks:
        """One channel, the series itself."""
        values = shipped("airline.csv", '"month","passengers"', MONTHS, [1])
        return Tracks(values, ("passengers",), values[:, 0], "passengers")

    def told(self, tracks: Tracks) -> str:
        """What it is."""
        return "Airline passengers of each month, 1949 to 1960 (Box and Jenkins); the next ones are forecast."
