"""Words to be said in another order: backwards, or sorted. The smallest tasks for an encoder and a decoder."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Labels, Samples
from dllab.data.steps import BOUNDARY, LETTERS, counted, one_late, symbols_dataset
from dllab.data.streams import permutation

Length = Annotated[int, Field(ge=1, le=200)]


class Ordering(Source):
    """Base of words that are said again in another order. All rows are different, so that no test row was trained on.

    Options:

    - symbols: how many letters there are, from a on.
    - min_length: letters of the shortest words. All lengths are equally frequent, as far as there are enough words.
    - max_length: letters of the longest words.
    - samples: rows, no more than there are different words.
    """

    main = "max_length"
    asks: ClassVar[str]  # what is done to words, with a place for how long they are
    symbols: Annotated[int, Field(ge=2, le=26)] = 10
    min_length: Length = 4
    max_length: Length = 10
    samples: Samples = 5000

    @model_validator(mode="after")
    def _check_lengths(self) -> Ordering:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length: {self.min_length} is more than max_length: {self.max_length}; exchange them")
        return self

    @abstractmethod
    def wanted(self, words: Labels, lengths: Labels) -> Labels:
        """Ids (N, T) of the words in the wanted order, 0 behind their lengths (N,)."""

    def generate(self) -> Dataset:
        """Inputs (samples, T) of words, padded by 0; labels and a decoder's inputs (samples, T + 1); T = max_length."""
        words, lengths = self._words()
        said = np.zeros((self.samples, self.max_length + 1), np.int64)
        said[:, :-1] = self.wanted(words, lengths)
        symbols = (BOUNDARY, *LETTERS[: self.symbols])
        about = self.asks.format(f"{self.min_length} to {self.max_length} letters")
        return symbols_dataset(
            self.name, about, words, counted(said, lengths + 1), symbols, symbols, lengths=lengths, decoder=one_late(said)
        )

    def _words(self) -> tuple[Labels, Labels]:
        """Ids of different words, (N, T), padded by 0, and their lengths, (N,), in no order."""
        words = np.zeros((self.samples, self.max_length), np.int64)
        begin = 0
        for length, rows in self._rows_of_lengths():
            words[begin : begin + rows, :length] = 1 + self._different(length, rows)
            begin += rows
        words = words[permutation(self.data_seed, "order", self.samples)]
        return words, (words > 0).sum(axis=1)

    def _rows_of_lengths(self) -> list[tuple[int, int]]:
        """How many rows are words of each length: the same for all but those that have fewer words."""
        rows, left = [], self.samples
        for length in range(self.min_length, self.max_length + 1):
            rows.append((length, min(self.symbols**length, left // (self.max_length - length + 1))))
            left -= rows[-1][1]
        if left:
            raise ValueError(
                f"data set {self.name}: samples: {self.samples} rows, and there are {self.samples - left} different words "
                f"of {self.min_length} to {self.max_length} letters; give fewer samples, or more symbols or letters"
            )
        return rows

    def _different(self, length: int, rows: int) -> Labels:
        """Words of that length, no two the same: (rows, length), letters from 0 on."""
        there_are, stream = self.symbols**length, self.stream(f"words of {length}")
        if there_are <= 2 * rows:  # few are left out: shuffle all
            number = stream.permutation(there_are)[:rows]
            return number[:, None] // self.symbols ** np.arange(length) % self.symbols
        words = np.zeros((0, length), np.int64)
        while len(words) < rows:
            words = np.concatenate([words, stream.integers(0, self.symbols, (rows, length))])
            words = words[np.sort(np.unique(words, axis=0, return_index=True)[1])]
        return words[:rows]


class Reversal(Ordering):
    """Reversal: say a word backwards: y[t] = x[length + 1 - t], for an encoder and a decoder.

    Words are letters drawn with equal chance. The decoder reads what it is to say one step late, beginning with the
    boundary "." (`from: decoder`), and is asked for the letters from the last to the first, then for the boundary. Without
    the word there is nothing to know but when it may end: of k symbols and M lengths with mean L, all equally frequent,
    the best loss a step is (L ln k + ln M) / (L + 1), 2.26 for the options left alone; letters are right in 1/k. An
    encoder that has to put the whole word into one state gets worse with its length; attention does not.

        data: reversal
        data: {name: reversal, symbols: 26, min_length: 1, max_length: 6, samples: 10000}

    Source: Sutskever, Vinyals and Le 2014, "Sequence to sequence learning with neural networks", who turn sentences round.
    """

    name = "reversal"
    asks = "Say words of {} backwards."

    def wanted(self, words: Labels, lengths: Labels) -> Labels:
        """The last letter first."""
        place = lengths[:, None] - 1 - np.arange(words.shape[1])
        return np.where(place >= 0, np.take_along_axis(words, np.maximum(place, 0), axis=1), 0)


class Sorting(Ordering):
    """Sorting: say the letters of a word in the order of the alphabet: y = sort(x), for an encoder and a decoder.

    Words are letters drawn with equal chance; letters may repeat. The decoder reads what it is to say one step late,
    beginning with the boundary "." (`from: decoder`), and is asked for the sorted letters, then for the boundary. Without
    the word the best loss a step is (L ln k + ln M - S) / (L + 1) for k symbols and M lengths with mean L, all equally
    frequent; S is the mean of ln(L! / (n_a! n_b! ...)) over the words, n_a being how often a letter occurs: so much less
    is there to know than in `reversal`, as the orders of a word are one. 1.34 for the options left alone.

        data: sorting
        data: {name: sorting, symbols: 5, min_length: 3, max_length: 8, samples: 2000}

    Source: Vinyals, Bengio and Kudlur 2016, "Order matters: sequence to sequence for sets".
    """

    name = "sorting"
    asks = "Sort the letters of words of {}."

    def wanted(self, words: Labels, lengths: Labels) -> Labels:
        """The first of the alphabet first; ids are in its order."""
        last = np.where(words > 0, words, self.symbols + 1)  # what pads goes behind all letters
        ordered = np.sort(last, axis=1)
        return np.where(ordered <= self.symbols, ordered, 0)
