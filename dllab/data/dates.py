"""Dates as people write them, to be written as 2026-11-26."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Labels, Samples
from dllab.data.steps import DIGITS, one_late, symbols_dataset
from dllab.data.streams import permutation

END = "<end>"
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FORMATS = (
    "{day} {month} {year}", "{month} {day}, {year}", "{day}.{number}.{year}", "{number:02}/{day:02}/{year}",
    "{month:.3} {day}, {year}", "{day} {month:.3} {year}", "{weekday}, {day} {month} {year}", "{year}/{number}/{day}",
    "{weekday:.3}, {month:.3} {day} {year}", "the {day}{th} of {month} {year}", "{weekday} {month} {day}{th}, {year}",
    "{year}, {month} {day}",
)  # fmt: skip
CHARACTERS = (END, *sorted({*"".join((*MONTHS, *WEEKDAYS, *DIGITS, "the st nd rd th of", ",./"))}))
ISO = (END, "-", *DIGITS)
WRITTEN = len("2026-11-26")


class Dates(Source):
    """Dates: read a date as people write it, write it as year-month-day: "26 Nov 2026" becomes 2026-11-26.

    An encoder reads the characters of one of 12 forms, drawn with equal chance: 26 November 2026; November 26, 2026;
    26.11.2026; 11/26/2026; Nov 26, 2026; 26 Nov 2026; Thursday, 26 November 2026; 2026/11/26; Thu, Nov 26 2026; the 26th
    of November 2026; Thursday November 26th, 2026; 2026, November 26. With points the day comes first, with slashes the
    month, unless the year does. A decoder reads what it is to write one step late, beginning with the boundary "<end>"
    (`from: decoder`), and is asked for the ten characters and then for the boundary. No date comes twice, in whatever
    form, so that no test date was trained on. Without the text the best loss a step is ln(days) / 11 for so many days from
    the first to the last year, 0.955 for the options left alone.

    Options:

    - samples: rows, no more than there are days.
    - formats: how many of the forms to draw from, in the order above.
    - first_year: the year of the first dates.
    - last_year: the year of the last dates.

        data: dates
        data: {name: dates, formats: 4, first_year: 2000, last_year: 2029}

    Source: a common exercise for attention, after Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly
    learning to align and translate".
    """

    name = "dates"
    main = "samples"
    samples: Samples = 5000
    formats: Annotated[int, Field(ge=1, le=len(FORMATS))] = len(FORMATS)
    first_year: Annotated[int, Field(ge=1000, le=9998)] = 1950
    last_year: Annotated[int, Field(ge=1000, le=9998)] = 2049

    @model_validator(mode="after")
    def _check_years(self) -> Dates:
        if self.first_year > self.last_year:
            raise ValueError(f"first_year: {self.first_year} is after last_year: {self.last_year}; exchange them")
        return self

    def generate(self) -> Dataset:
        """Inputs (samples, T) of characters, padded by 0; labels and a decoder's inputs (samples, 11)."""
        first = date(self.first_year, 1, 1).toordinal()
        days = date(self.last_year + 1, 1, 1).toordinal() - first
        if self.samples > days:
            raise ValueError(
                f"data set {self.name}: samples: {self.samples} rows, and there are {days} days from {self.first_year} to "
                f"{self.last_year}; give fewer samples or more years"
            )
        drawn = [date.fromordinal(first + int(day)) for day in permutation(self.data_seed, "rows", days)[: self.samples]]
        forms = self.stream("formats").integers(0, self.formats, self.samples)
        texts = [written(day, FORMATS[form]) for day, form in zip(drawn, forms)]
        longest = max(len(written(date(2000, 9, 27), form)) for form in FORMATS[: self.formats])  # a Wednesday
        said = spelled([day.isoformat() for day in drawn], ISO, WRITTEN + 1)
        return symbols_dataset(
            self.name, "Dates as people write them, to year-month-day.", spelled(texts, CHARACTERS, longest), said,
            CHARACTERS, ISO, lengths=np.array([len(text) for text in texts]), decoder=one_late(said),
        )  # fmt: skip


def written(day: date, form: str) -> str:
    """A date in one of the forms."""
    th = "th" if day.day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return form.format(
        day=day.day, number=day.month, year=day.year, month=MONTHS[day.month - 1], weekday=WEEKDAYS[day.weekday()], th=th
    )


def spelled(texts: list[str], characters: tuple[str, ...], steps: int) -> Labels:
    """The ids of the characters of texts, (N, steps), padded by 0."""
    place = {character: number for number, character in enumerate(characters)}
    ids = np.zeros((len(texts), steps), np.int64)
    for row, text in zip(ids, texts):
        row[: len(text)] = [place[character] for character in text]
    return ids
