"""Whether a net looks ahead: whether what it says of a step depends on later ones, found out bit for bit.

One that is asked for the next letter and looks ahead sees the answer: its figures are splendid, and it writes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.core import rng
from dllab.data.splits import evenly
from dllab.engine.prepare import prepared
from dllab.runs.data_file import Learnt
from dllab.runs.ready import Ready
from dllab.runs.result import Result
from dllab.symbols import DECODER

STREAM = 5
"""Among the streams of dllab.core.rng: which ids are tried."""
PLACES = 16
"""Steps at which it is tried whether a net looks ahead."""
LOOKING_BACK = "rnn, lstm, gru, attention: {causal: true}"
"""Layers that look back only, as they are written."""
REMARK = (
    "this net looks ahead and sees what it is asked for: its figures are not those of a net that writes, which it cannot; "
    f"layers that look back only: {LOOKING_BACK}"
)


def looks_ahead(ready: Ready) -> bool:
    """Whether an output of the net depends on later inputs: they are changed, and outputs compared bit for bit.

    Of a decoder these are the words that it has said, whatever it was asked.
    """
    learnt = ready.learnt
    column = learnt.column(DECODER)
    steps = learnt.input_shape[0] if column is None else column.shape[0]
    words = len(learnt.vocabulary if column is None else learnt.classes)
    if steps < 2 or words < 2:
        return False
    places = evenly(steps - 1, PLACES)
    rows = np.repeat(_drawn(steps, words)[None], len(places), axis=0)  # a row for every place, the same in both batches
    changed = rows.copy()
    for row, place in zip(changed, places):
        row[place + 1 :] = (row[place + 1 :] + 1) % words
    before, after = _outputs(ready, rows), _outputs(ready, changed)
    return any(
        one[: place + 1].tobytes() != other[: place + 1].tobytes() for one, other, place in zip(before, after, places)
    )


def sees_answers(result: Result) -> bool:
    """Whether the net of a run was asked for what comes next, and looks ahead: then its figures mean nothing."""
    data = prepared(result.recipe)
    if data is None or not data.dataset.at_every_step:
        return False
    learnt = Learnt.of(data)
    asked = learnt.foretells or learnt.column(DECODER) is not None
    return asked and looks_ahead(Ready(result.recipe, learnt, result.network))


def _drawn(steps: int, words: int) -> NDArray[np.int32]:
    return np.array([rng.bits_at(rng.key(0, STREAM, steps), t) % words for t in range(steps)], np.int32)


def _outputs(ready: Ready, rows: NDArray[np.int32]) -> NDArray[Any]:
    """The net's outputs where it reads these: its inputs, or, of a decoder, what it has said."""
    learnt = ready.learnt
    if learnt.column(DECODER) is None:
        return ready.outputs(rows)
    steps = learnt.input_shape[0]
    if learnt.vocabulary:
        inputs: NDArray[Any] = np.repeat(_drawn(steps, len(learnt.vocabulary))[None], len(rows), axis=0)
    else:
        inputs = np.ones((len(rows), *learnt.input_shape), np.float32)
    return ready.outputs(inputs, **{DECODER: rows})
