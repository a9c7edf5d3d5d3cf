"""The loss of a net whose weights are moved about, by the engine: many nets on two threads, to the same bits.

Every thread has a memory of its own, with the same plan: only the parameters are exchanged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.core.settings import jit_enabled
from dllab.data.splits import Splits
from dllab.engine.executor import free_cores
from dllab.engine.network import Network
from dllab.engine.question import TARGETS
from dllab.lab.directions import Vector
from dllab.lab.subject import Subject
from dllab.training.evaluate import Evaluator

ROWS = 512
"""Training rows, at most, that every loss is the mean of."""
THREADS = 2

Moved = Callable[[], NDArray[Any]]
"""Makes what is added to the weights, in the order of the arena."""


class Terrain:
    """A net whose weights are moved about; `loss` is what the training rows make of them. `rows`: those."""

    def __init__(self, subject: Subject, most: int = ROWS) -> None:
        subject.compile("evaluate")
        self.rows = subject.rows("train", most)
        self._place = _Place(subject.network, subject, self.rows)
        self._subject = subject

    def loss(self, moved: NDArray[Any]) -> float:
        """The loss with so much added to the weights, in the order of the arena."""
        return self._place.loss(moved)

    def losses(self, moves: Sequence[Moved], advance: Callable[[int, float], None] = lambda done, loss: None,
               threads: int | None = None) -> NDArray[np.float64]:  # fmt: skip
        """The loss of every one of these nets. `advance` is told how many are done, and the loss of one."""
        usual = min(THREADS, free_cores()) if jit_enabled() else 1
        places = [self._place, *(self._another() for _ in range(1, min(threads or usual, len(moves))))]
        found, numbers = np.empty(len(moves)), count()
        stop, done, errors = threading.Event(), count(1), list[BaseException]()

        def walk(place: _Place, tell: bool) -> None:
            while not stop.is_set() and (number := next(numbers)) < len(moves):
                found[number] = place.loss(moves[number]())
                so_far = next(done)
                if tell:
                    advance(so_far, float(found[number]))

        def helped(place: _Place) -> None:
            try:
                walk(place, tell=False)
            except BaseException as error:
                errors.append(error)
                stop.set()

        helpers = [threading.Thread(target=helped, args=(place,), daemon=True) for place in places[1:]]
        for helper in helpers:
            helper.start()
        try:
            walk(places[0], tell=True)
        finally:
            stop.set()  # where Ctrl-C has ended this thread's walk
            for helper in helpers:
                helper.join()
        if errors:
            raise errors[0]
        return found

    def arena(self, direction: Vector) -> NDArray[Any]:
        """A direction in the order of the arena."""
        return self._place.arena(direction)

    @property
    def blank(self) -> float:
        """The loss of a net whose weights are all 0, and which gives the same answer to everything."""
        return self.loss(-self._place.centre)

    def _another(self) -> _Place:
        """A place with the same weights and running state, and a memory of its own."""
        own = self._subject.network
        twin = Network(own.plan, own.recipe)
        for name in ("parameters", "running"):
            twin.memory.arrays[name][...] = own.memory.arrays[name]
        place = _Place(twin, self._subject, self.rows)
        place.loss(0 * place.centre)  # binds its program before others do the same
        return place


class _Place:
    """A net in a memory of its own."""

    def __init__(self, network: Network, subject: Subject, rows: NDArray[np.int64]) -> None:
        self._network, none = network, np.zeros(0, np.int64)
        targets = subject.data.dataset.columns[TARGETS]
        self._evaluator = Evaluator(network, subject.columns(), Splits(rows, none, none), targets, ())
        self._arena = network.memory.flat("parameters")
        self.centre = self._arena.copy()

    def loss(self, moved: NDArray[Any]) -> float:
        self._arena[:] = self.centre + moved
        try:
            with np.errstate(all="ignore"):
                return float(self._evaluator.evaluate("train")["loss"])
        finally:
            self._arena[:] = self.centre

    def arena(self, direction: Vector) -> NDArray[Any]:
        place = 0
        try:
            self._arena[:] = 0
            for values in self._network.parameters.values():
                values[...] = direction[place : place + values.size].reshape(values.shape)
                place += values.size
            return self._arena.copy()
        finally:
            self._arena[:] = self.centre
