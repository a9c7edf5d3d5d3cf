"""Recall: a symbol, or the value that belongs to a key, is asked for after a gap."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Labels, Samples, balanced
from dllab.data.steps import CAPITALS, DIGITS, LETTERS, symbols_dataset

ASK = "?"


class Recall(Source):
    """Recall: what was shown before the gap? y = the first symbol; or, of several pairs, the one that belongs to a key.

    Without `pairs` a row is a capital letter, `gap` distracting steps and "?": "C 4 0 7 7 1 ?" asks for C. Classes are the
    capitals, equally frequent: guessing has accuracy 1/symbols and loss ln symbols. How long a gap a net can learn to
    bridge is what tells an RNN from an LSTM.

    With `pairs: 3` it is associative recall: three pairs of a key (small letters, all different) and a value (capitals),
    the gap, "?", and one of the keys: "e B k A d A 5 2 ? k" asks for A. Who remembers the values without their keys, and
    names that of a pair at random, is right in 1/pairs + (1 - 1/pairs) / symbols of the rows. Attention has to look for
    the key; a recurrent net has to keep all pairs in its state.

    Options:

    - gap: distracting steps.
    - samples: rows.
    - pairs: pairs of key and value; 0 shows a single symbol.
    - symbols: how many kinds of values there are.
    - keys: how many kinds of keys there are, at least as many as pairs.
    - distractors: digits are told from symbols at a glance; symbols are of the same kinds, so that only the place tells
      what counts.

        data: {name: recall, gap: 30}
        data: {name: recall, pairs: 4, gap: 0}

    Source: the gap after Hochreiter and Schmidhuber 1997, "Long short-term memory"; pairs after Ba, Hinton, Mnih, Leibo
    and Ionescu 2016, "Using fast weights to attend to the recent past".
    """

    name = "recall"
    main = "gap"
    gap: Annotated[int, Field(ge=0, le=10_000)] = 20
    samples: Samples = 4000
    pairs: Annotated[int, Field(ge=0, le=26)] = 0
    symbols: Annotated[int, Field(ge=2, le=26)] = 8
    keys: Annotated[int, Field(ge=1, le=26)] = 26
    distractors: Literal["digits", "symbols"] = "digits"

    @model_validator(mode="after")
    def _check_keys(self) -> Recall:
        if self.pairs > self.keys:
            raise ValueError(f"pairs: {self.pairs} need as many different keys; give keys: {self.pairs} or more")
        return self

    def generate(self) -> Dataset:
        """Inputs (samples, T) and labels (samples,); ids are the capitals, the digits, "?" and, with pairs, the keys."""
        labels = balanced(self.samples, self.symbols)
        parts = self._pairs(labels) if self.pairs else [labels[:, None]]
        low, high = (self.symbols, self.symbols + 10) if self.distractors == "digits" else (0, self.symbols)
        parts.insert(1, self.stream("gap").integers(low, high, (self.samples, self.gap)))
        parts.insert(2, np.full((self.samples, 1), self.symbols + 10))  # "?"
        classes = CAPITALS[: self.symbols]
        vocabulary = (*classes, *DIGITS, ASK, *(LETTERS[: self.keys] if self.pairs else ()))
        what = "came with the key" if self.pairs else "came first"
        about = f"Which of {self.symbols} symbols {what}, after a gap of {self.gap}."
        return symbols_dataset(self.name, about, np.concatenate(parts, axis=1), labels, vocabulary, classes)

    def _pairs(self, labels: Labels) -> list[Labels]:
        """Keys and values in turn, (N, 2 pairs), and the key that is asked for, (N, 1), whose value is the label."""
        first = self.symbols + 11  # the id of key "a"
        order = self.stream("keys").random((self.samples, self.keys)).argsort(axis=1)
        keys = first + order[:, : self.pairs]
        values = self.stream("values").integers(0, self.symbols, keys.shape)
        place = self.stream("asked").integers(0, self.pairs, (self.samples, 1))
        np.put_along_axis(values, place, labels[:, None], axis=1)
        shown = np.stack([keys, values], axis=2).reshape(self.samples, 2 * self.pairs)
        return [shown, np.take_along_axis(keys, place, axis=1)]
