"""A line of what a net writes while it is being trained."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dllab.engine.prepare import prepared
from dllab.lab.generate import Choice, Unsuited, Writer, check_data
from dllab.runs.data_file import Learnt
from dllab.runs.ready import Ready
from dllab.training.compiling import compile_ahead

if TYPE_CHECKING:
    from dllab.engine.network import Network
    from dllab.recipe import Recipe
    from dllab.training.events import Compiling

LONGEST = 160
"""Letters or words of a line."""
TEMPERATURE = 0.8
REST, SHARE = 0.5, 20
"""Seconds between two lines at least, and how many times as long as a line takes."""


class Glimpse:
    """Lets a net write, no more often than costs a twentieth of the time."""

    def __init__(self, network: Network, writer: Writer) -> None:
        self._network, self._writer = network, writer
        self._next = 0.0
        self._number = 0

    @classmethod
    def at(cls, recipe: Recipe, network: Network) -> Glimpse | None:
        """The glimpse of a recipe's net; None for one that does not go on with a text."""
        data = prepared(recipe)
        if data is None or not data.dataset.vocabulary:
            return None
        try:
            learnt = Learnt.of(data)
            check_data(learnt)
            return cls(network, Writer(Ready(recipe, learnt, network)))
        except Unsuited:
            return None

    def compile(self) -> Iterator[Compiling]:
        """Compile what writing takes."""
        yield from compile_ahead(self._network.plan, ("infer:plain",))

    def line(self, width: int) -> str | None:
        """A line of so many characters at most; None where it is not time for another."""
        began = time.monotonic()
        if began < self._next:
            return None
        self._number += 1
        line = self._written(width)
        self._next = time.monotonic() + max(REST, SHARE * (time.monotonic() - began))
        return line

    def _written(self, width: int) -> str:
        """Words that end by themselves, with commas between; else a text, its line ends shown as /."""
        writer, left = self._writer, min(width, LONGEST)
        parts: list[str] = []
        while left > 0:
            choice = Choice(temperature=TEMPERATURE, seed=self._number, sample=len(parts))
            ids = list(writer.tokens([], min(left, writer.steps) if writer.ends else left, choice))
            parts.append(writer.spelling.decode(ids))
            left = left - len(parts[-1]) - 2 if writer.ends else 0
        text = ", ".join(parts)[:width]
        return "".join(c if c.isprintable() else " " for c in text.replace("\n", " / "))[:width]
