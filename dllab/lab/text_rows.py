"""Another text cut into rows, as the text was that a net has learnt from: its figures are of the same kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dllab.data.masking import masked
from dllab.data.table_text import TableError
from dllab.data.text_file import label_of, read_text
from dllab.data.text_windows import TextByLevel
from dllab.data.tokens import MASK, UNKNOWN, Tokens, characters, words
from dllab.runs.ready import Ready

Ids = NDArray[np.int32]


def cuts(ready: Ready, path: str) -> bool:
    """Whether a net is judged by rows cut from this file: it has learnt from a long text, and the file is no table."""
    return isinstance(ready.recipe.data, TextByLevel) and not path.endswith(".csv")


def rows_of_text(ready: Ready, path: str) -> tuple[Ids, Ids]:
    """Inputs and targets (N, T) of a file (`-`: standard input), cut as in training. Raises TableError."""
    source, words_known = ready.recipe.data, ready.learnt.vocabulary
    assert isinstance(source, TextByLevel)
    text = read_text(path)
    ids = _ids(ready, source, text, label_of(path))
    steps, asked = ready.learnt.input_shape[0], int(source.task == "next")
    if len(ids) < steps + asked:
        kind = "words and marks" if source.in_words else "characters"
        told = f"{label_of(path)} has {len(ids):,} {kind}, and a row of this net takes {steps + asked:,}"
        raise TableError(told, "give it a longer text")
    starts = np.arange(0, len(ids) - steps - asked + 1, source.stride or source.length)
    windows = np.lib.stride_tricks.sliding_window_view(ids, steps)
    if asked:
        return np.ascontiguousarray(windows[starts]), np.ascontiguousarray(windows[starts + 1])
    special = 2 if source.in_words else 0  # the end of a paragraph, and <unk>
    rows = np.ascontiguousarray(windows[starts])
    return masked(rows, words_known.index(MASK), special, source.masked, source.stream("masks that stay"))


def _ids(ready: Ready, source: TextByLevel, text: str, label: str) -> Ids:
    """The ids of a text by the vocabulary of the net."""
    text = text.lower() if source.lower else text
    tokens = words(text) if source.in_words else characters(text)
    known = {word: i for i, word in enumerate(ready.learnt.vocabulary) if word != MASK}
    unknown = known.get(UNKNOWN, -1) if source.in_words else -1
    place = np.array([known.get(word, unknown) for word in tokens.words], np.int32)
    _check_known(ready, tokens, place, text, label)
    return place[tokens.ids]


def _check_known(ready: Ready, tokens: Tokens, place: Ids, text: str, label: str) -> None:
    """Raise TableError at the first character that the net has not learnt."""
    strange = [word for word, i in zip(tokens.words, place) if i < 0]
    if not strange:
        return
    at = min(map(text.index, strange))
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    told = f"{label}, line {line}, letter {column}: {text[at]!r} is no letter that this net has learnt"
    raise TableError(told, f"it knows: {ready.spelling.known()}")
