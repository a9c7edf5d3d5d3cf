"""Both sides: a label at every step that takes what came before and what is still to come."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Labels, Samples
from dllab.data.steps import CAPITALS, symbols_dataset

BLANK = "-"


class BothSides(Source):
    """Both sides: y[t] = which mark came last, and which comes next. No net that reads in one direction can know both.

    A row is of blanks, with marks A or B in between, as in "B - - A - B"; first and last step are marks, every other step
    is one with chance `rate`, and kinds are drawn with equal chance. The label of a step is a pair such as BA: the last
    mark so far, then the next one; a mark counts as both itself, so that its label is AA or BB.

    One direction knows one of the two at blanks and both at marks. With m the share of marks, (2 + rate (length - 2)) /
    length, its best accuracy is m + (1 - m) / kinds and its best loss (1 - m) ln kinds: 0.627 and 0.518 for the options
    left alone. `bidirectional` reaches 1 and 0. `dllab.data.both_sides.one_way` gives both figures for any rows.

    Options:

    - length: steps of a row.
    - samples: rows.
    - rate: chance that a step is a mark.
    - kinds: how many kinds of marks there are; there are kinds^2 classes.

        data: both_sides
        data: {name: both_sides, length: 60, rate: 0.1, kinds: 3}

    Source: made for this lab, after Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    name = "both_sides"
    main = "length"
    length: Annotated[int, Field(ge=2, le=10_000)] = 30
    samples: Samples = 2000
    rate: Annotated[float, Field(ge=0, le=1)] = 0.2
    kinds: Annotated[int, Field(ge=2, le=10)] = 2

    def generate(self) -> Dataset:
        """Inputs and labels (samples, length). Id 0 is a blank, ids from 1 on are marks; label kinds * last + next."""
        shape = (self.samples, self.length)
        marks = self.stream("marks").random(shape) < self.rate
        marks[:, 0] = marks[:, -1] = True
        inputs = np.where(marks, 1 + self.stream("kinds").integers(0, self.kinds, shape), 0)
        before = last_marks(inputs)
        after = last_marks(inputs[:, ::-1])[:, ::-1]
        names = CAPITALS[: self.kinds]
        classes = [before + after for before in names for after in names]
        about = f"Between which of {self.kinds} kinds of marks a step stands."
        labels = self.kinds * (before - 1) + after - 1
        return symbols_dataset(self.name, about, inputs, labels, (BLANK, *names), classes)


def last_marks(inputs: Labels) -> Labels:
    """The last id above 0 up to each step of rows that begin with one: (N, T)."""
    place = np.where(inputs > 0, np.arange(inputs.shape[1]), 0)
    return np.take_along_axis(inputs, np.maximum.accumulate(place, axis=1), axis=1)


def one_way(inputs: Labels, kinds: int) -> tuple[float, float]:
    """The best accuracy and the best loss of a net that reads these rows (N, T) in one direction only."""
    marks = float((inputs > 0).mean())
    return marks + (1 - marks) / kinds, (1 - marks) * float(np.log(kinds))


def known_ahead(inputs: Labels, kinds: int, ahead: int) -> float:
    """The best accuracy of a net that reads these rows (N, T) up to `ahead` steps behind the one that it answers."""
    steps = np.arange(inputs.shape[1])
    following = np.where(inputs > 0, steps, len(steps))[:, ::-1]
    following = np.minimum.accumulate(following, axis=1)[:, ::-1]  # the next mark, itself among them
    return float(1 - (following - steps > ahead).mean() * (1 - 1 / kinds))
