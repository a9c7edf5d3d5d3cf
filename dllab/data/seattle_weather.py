"""The weather of Seattle, day by day."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dllab.data.time_series import TimeSeries, Tracks, shipped

DAYS = 1461
HEADER = "date,precipitation,temp_max,temp_min,wind,weather"
CHANNELS = ("precipitation", "temp_max", "temp_min", "wind")


class SeattleWeather(TimeSeries):
    """Seattle weather: rain, temperatures and wind of each day, 2012 to 2015; how warm it will be.

    A row reads four numbers of each of `window` days (precipitation in mm, temp_max and temp_min in degrees Celsius, wind
    in m/s), and forecasts one of them for the next `horizon` days. The test are the last 292 days. rmse and mae are in its
    unit.

        data: seattle_weather
        data: {name: seattle_weather, target: precipitation, window: 7, horizon: 3, validation: 0.1}

    Options:

    - target: what is forecast: precipitation, temp_max, temp_min or wind.
    - window: days that are read.

    Source: National Centers for Environmental Information (NOAA); datasets/seattle_weather.md says where the file comes
    from and under which licence.
    """

    name = "seattle_weather"
    main = "target"
    target: Literal["precipitation", "temp_max", "temp_min", "wind"] = "temp_max"
    window: Annotated[int, Field(ge=1, le=10_000)] = 14

    def tracks(self) -> Tracks:
        """Four channels."""
        values = shipped("seattle_weather.csv", HEADER, DAYS, [1, 2, 3, 4])
        return Tracks(values, CHANNELS, values[:, CHANNELS.index(self.target)], self.target)

    def told(self, tracks: Tracks) -> str:
        """What it is."""
        return f"The weather of 1,461 days in Seattle, 2012 to 2015; {self.target} of the next ones is forecast."
