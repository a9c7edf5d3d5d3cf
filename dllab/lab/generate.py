"""Text from a trained net: it is asked what comes next, one is drawn by those probabilities, and so on.

The net sees the last T tokens, T being the length of the rows it has learnt from. What is drawn depends on the seed, the
number of the sample and the place in it, on nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.core import rng
from dllab.data.spelling import BOUNDARIES, MASK, SPECIAL, UNKNOWN, WORD
from dllab.engine.question import INPUTS
from dllab.lab.ahead import LOOKING_BACK, looks_ahead
from dllab.runs.data_file import Learnt
from dllab.runs.ready import Ready
from dllab.symbols import LENGTHS

STREAM = 5
"""Among the streams of dllab.core.rng: which token is drawn."""
BOUNDARY = 0
OPENERS = ("\n", BOUNDARIES[1], " ")
"""What stands before the first token of a text that does not begin with a boundary, the first of these that there is."""
COLDEST = 1e-6
"""A lower temperature is 0: what is likelier by a hundred-thousandth is drawn then, and quotients are far from infinity."""


class Unsuited(ValueError):
    """A net that does not go on with a text; says why, and `hint` what does."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Choice:
    """How a token is drawn.

    `temperature`: 1 by the net's own probabilities, 0 always the likeliest. `top_k`: among so many. `sample`: which text.
    """

    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0
    sample: int = 0

    def draw(self, log_p: NDArray[np.float64], place: int) -> int:
        """The id drawn at that place, by log p (K,) of all of them."""
        if self.temperature < COLDEST:
            return int(log_p.argmax())
        scores = (log_p - log_p.max()) / self.temperature
        if self.top_k is not None and self.top_k < len(scores):
            scores[np.argsort(-scores, kind="stable")[self.top_k :]] = -np.inf
        ends = np.cumsum(np.exp(scores))
        key = rng.key(rng.key(self.seed, STREAM, self.sample), 0, place)
        drawn = np.searchsorted(ends, rng.uniform_at(key, 0) * ends[-1], side="right")
        return int(min(drawn, np.flatnonzero(scores > -np.inf)[-1]))


class Writer:
    """A net that goes on with a text. Raises Unsuited for one that does not, or that looks ahead."""

    def __init__(self, ready: Ready) -> None:
        self.ready, self.spelling = ready, ready.spelling
        self.steps = ready.learnt.input_shape[0]
        check_data(ready.learnt)
        if looks_ahead(ready):
            told = "this net looks ahead: what it says of a step depends on steps behind it, which are not there yet"
            raise Unsuited(told, f"write with layers that look back only: {LOOKING_BACK}")
        self.ends = self.spelling.ends
        self._lengths = ready.learnt.column(LENGTHS) is not None
        self._never = [i for word, i in self.spelling.ids.items() if word in (UNKNOWN, MASK)]
        self._asking = ready.asking(1)

    @property
    def opening(self) -> list[int]:
        """What a text without a beginning of its own goes on from."""
        if self.ready.learnt.begins and self.ends:
            return [BOUNDARY]
        return [next((self.spelling.ids[word] for word in OPENERS if word in self.spelling.ids), 0)]

    def unknown(self, text: str) -> list[str]:
        """Words of a text that are read as `<unk>`, each once."""
        unknown = self.spelling.ids.get(UNKNOWN)
        if unknown is None or self.spelling.in_letters:
            return []
        pieces = dict.fromkeys(re.findall(f"{SPECIAL.pattern}|{WORD.pattern}", text))
        return [piece for piece in pieces if piece != UNKNOWN and self.spelling.encode(piece) == [unknown]]

    def log_p(self, context: Sequence[int]) -> NDArray[np.float64]:
        """Log p (K,) of what comes behind the last T of these ids."""
        seen, inputs = context[-self.steps :], self._asking.column(INPUTS)
        inputs[0, : len(seen)] = seen
        inputs[0, len(seen) :] = 0
        if self._lengths:
            self._asking.column(LENGTHS)[:] = len(seen)
        found: NDArray[np.float64] = self.ready.as_log_probabilities(self._asking.outputs()[0, len(seen) - 1])
        found[self._never] = -np.inf
        return found

    def tokens(self, prompt: Sequence[int], length: int, choice: Choice) -> Iterator[int]:
        """So many ids behind a prompt, fewer where the boundary ends the text; the boundary itself is not among them."""
        context = [*(self.opening if self.ends or not prompt else []), *prompt]
        for place in range(length):
            found = choice.draw(self.log_p(context), place)
            if self.ends and found == BOUNDARY:
                return
            context.append(found)
            yield found


def check_data(learnt: Learnt) -> None:
    """Raise Unsuited for data from which no net learns what comes next in a text."""
    if not learnt.foretells:
        told = "this net does not say what comes next in a text"
        raise Unsuited(told, "a net that does learns from data whose labels are the next inputs, such as names or text")
