"""Carbon dioxide in the air over Mauna Loa, week by week."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dllab.data.time_series import TimeSeries, Tracks, filled_forward, shipped

WEEKS = 2284


class Co2(TimeSeries):
    """CO2 over Mauna Loa: 2,284 weeks, 1958 to 2001, in parts per million; how much there will be next week.

    A row reads `window` weeks and forecasts the next `horizon` ones. Of 59 weeks there is no value; rows that would
    hold one are left out, unless `gaps` fills them. The test are the last 457 weeks, above all that trains:
    `difference: 1` or `difference: 52` leaves the change to be learnt. rmse and mae are in parts per million.

        data: co2
        data: {name: co2, difference: 52, horizon: 4, gaps: last}

    Options:

    - gaps: skip leaves out rows that hold a week without a value, last takes the value before it.
    - window: weeks that are read, a year if nothing is said.

    Source: Keeling and Whorf 2004, "Atmospheric CO2 concentrations derived from flask air samples"; datasets/co2.md
    says where the file comes from and under which licence.
    """

    name = "co2"
    main = "window"
    gaps: Literal["skip", "last"] = "skip"
    window: Annotated[int, Field(ge=1, le=10_000)] = 52

    def tracks(self) -> Tracks:
        """One channel, the series itself."""
        series = shipped("co2.csv", "date,co2", WEEKS, [1])[:, 0]
        if self.gaps == "last":
            series = filled_forward(series)
        return Tracks(series[:, np.newaxis], ("co2",), series, "co2")

    def told(self, tracks: Tracks) -> str:
        """What it is."""
        return "Carbon dioxide over Mauna Loa in 2,284 weeks, 1958 to 2001; the next ones are forecast."
