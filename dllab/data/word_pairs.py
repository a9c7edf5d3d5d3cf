"""Words and the words around them, from which vectors of words are learnt."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dllab.catalogue import FilePath, Size
from dllab.data.blocks import ROWS_AT, InOrder, blocks_of, table_of
from dllab.data.csv import file_stamp
from dllab.data.dataset import Dataset
from dllab.data.kjv import verses
from dllab.data.sequences import END, Ids
from dllab.data.table_text import STANDARD_INPUT
from dllab.data.text_file import label_of, read_text
from dllab.data.tokens import Tokens, counts_of, most_frequent, words

COUNTS = "counts"
"""The table of how often each word is in the training part, (V,) int64: layers that draw words draw by it."""
FARTHEST = 128
"""More than any distance within a window."""


class Pairs(NamedTuple):
    """Rows of one split: ids (N, K), what goes with them (N, 1), and how many of the K are there (N,)."""

    inputs: Ids
    targets: NDArray[np.float32]
    lengths: Ids


class Stream(NamedTuple):
    """The words of a block that are kept, (M,), and the number of the paragraph that each stands in."""

    ids: Ids
    paragraphs: Ids


class WordPairs(InOrder):
    """Word pairs: words and the words around them, in the King James Bible or a text of your own, for vectors of words.

    `skip_gram`: a row is a word and one of those around it, (N, 2), and a net tells it from words that it draws.
    `cbow`: a row is a word and all those around it, (N, 1 + 2 window), from which it is to be told; the row is filled
    up with the id 0. Both leave the comparing to the net, so the targets are zeros that no loss reads. `glove`: a row
    is a pair of words that stand near each other, (N, 2), and its target X = sum of 1 / distance over all places where
    they do.

    Words count, marks of punctuation do not; contexts end with the paragraph, in the Bible with the verse. The table
    `counts` says how often each word is in the training part. Splits are blocks of the text, whose pairs are made of
    that block alone.

        data: word_pairs
        data: {name: word_pairs, task: glove, words: 2000, window: 10}
        data: {name: word_pairs, task: cbow, file: book.txt, test: 0}

    Options:

    - task: skip_gram, cbow or glove.
    - file: a text of your own in UTF-8, counted from the recipe's folder; left out, the King James Bible.
    - words: the most frequent so many words of the training part are kept, all others are passed over.
    - window: the farthest that two words of a pair are from each other. For skip_gram and cbow each word draws how far
      it looks, 1 to window, so that near ones count more.
    - subsample: t, by which frequent words are thinned for skip_gram and cbow: one that makes up the share f of the
      text stays with the chance sqrt(t / f), if that is below 1; 0 keeps all.
    - lower: true makes small letters of all.
    - seed: seed of what is drawn: how far words look, and which stay.

    Source: Mikolov, Chen, Corrado, Dean, Efficient estimation of word representations in vector space (2013) and
    Distributed representations of words and phrases (2013); Pennington, Socher, Manning, GloVe (2014).
    """

    name = "word_pairs"
    main = "task"
    card: ClassVar[str] = "kjv"
    task: Literal["skip_gram", "cbow", "glove"] = "skip_gram"
    file: Annotated[str, FilePath()] | None = None
    words: Size = 5000
    window: Annotated[int, Field(ge=1, le=100)] = 5
    subsample: Annotated[float, Field(ge=0, le=1)] = 1e-3
    lower: bool = True

    def stamp(self) -> tuple[int, ...]:
        """The content of the file, as a number."""
        return () if self.file is None or self.file == STANDARD_INPUT else file_stamp(self.file)

    def generate(self) -> Dataset:
        """Rows of ids, int32: those that train, then validation, then test."""
        label = self.name if self.file is None else label_of(self.file).replace("\\", "/").rpartition("/")[2]
        text = "\n\n".join(verses()) if self.file is None else read_text(self.file)
        tokens = words(text.lower() if self.lower else text)
        blocks = blocks_of(len(tokens.ids), self.test or 0.0, self.validation)
        tokens, paragraphs = _kept(tokens, self.words, blocks.train)
        found = []
        for split, block in zip(("training", "validation", "test"), blocks):
            part = slice(block.start, block.stop)
            keep = tokens.ids[part] >= 0
            stream = Stream(tokens.ids[part][keep], paragraphs[part][keep])
            found.append(self._pairs(stream, tokens, split))
            if not len(found[-1].inputs) and getattr(self, split, True):
                raise ValueError(
                    f"data set {label}: {split}: no two of the {self.words:,} words stand near each other in its "
                    f"{len(block):,} words and marks; get a longer text"
                    + ("" if split == "training" else ", or a larger share")
                )
        counts = counts_of(Tokens(tokens.ids[: blocks.train.stop][tokens.ids[: blocks.train.stop] >= 0], tokens.words))
        return self._dataset(label, found, tokens.words, counts)

    def _dataset(self, label: str, found: list[Pairs], vocabulary: tuple[str, ...], counts: NDArray[np.int64]) -> Dataset:
        inputs = np.concatenate([part.inputs for part in found])
        rows = (len(found[0].inputs), len(found[1].inputs), len(found[2].inputs))
        columns = {"inputs": inputs, "targets": np.concatenate([part.targets for part in found])}
        if self.task == "cbow":
            columns["lengths"] = np.concatenate([part.lengths for part in found])
        kind = {"skip_gram": "pairs of a word and one near it", "cbow": "words and those around them",
                "glove": "pairs of words that stand near each other"}  # fmt: skip
        return Dataset(
            name=label,
            columns=columns,
            task="regression",
            classes=(),
            features=("word", *(f"near {i}" for i in range(1, inputs.shape[1]))),
            fixed_test=None,
            about=f"{label}: {kind[self.task]}, of {len(vocabulary) - 1:,} words.",
            vocabulary=vocabulary,
            tables={COUNTS: counts, ROWS_AT: table_of(rows)},
        )

    def _pairs(self, stream: Stream, tokens: Tokens, split: str) -> Pairs:
        if self.task == "glove":
            return _cells(stream, self.window, len(tokens.words))
        draw = self.stream(f"pairs {split}")
        if self.subsample:
            share = np.bincount(stream.ids, minlength=len(tokens.words)) / max(len(stream.ids), 1)
            chance = np.sqrt(self.subsample / np.maximum(share, 1e-12))
            keep = draw.random(len(stream.ids)) < chance[stream.ids]
            stream = Stream(stream.ids[keep], stream.paragraphs[keep])
        reach = draw.integers(1, self.window + 1, len(stream.ids))
        return (_one_by_one if self.task == "skip_gram" else _together)(*_around(stream, reach, self.window), stream.ids)


def _kept(tokens: Tokens, count: int, block: range) -> tuple[Tokens, Ids]:
    """The most frequent words of a block alone, id 0 being the boundary and -1 any other token; paragraphs, numbered."""
    paragraphs = np.cumsum(tokens.ids == END, dtype=np.int32)
    marks = np.array([not word[0].isalnum() for word in tokens.words])
    special = np.flatnonzero(marks)  # the boundary, which stands first, and punctuation
    order = np.concatenate([special, np.flatnonzero(~marks)])
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    sorted_tokens = Tokens(place[tokens.ids], tuple(tokens.words[i] for i in order), len(special))
    found = most_frequent(sorted_tokens, count, block)
    ids = np.where(found.ids >= found.special, found.ids - found.special + 1, -1).astype(np.int32)
    return Tokens(ids, (tokens.words[0], *found.words[found.special :]), 1), paragraphs


def _around(stream: Stream, reach: NDArray[np.int64], window: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The places around each word, (M, 2 window), and whether the word looks there, in its own paragraph."""
    size = len(stream.ids)
    offsets = np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)]).astype(np.int32)
    places = np.arange(size, dtype=np.int32)[:, None] + offsets
    inside = (places >= 0) & (places < size) & (np.abs(offsets) <= reach[:, None])
    places = np.clip(places, 0, max(size - 1, 0))
    inside &= stream.paragraphs[places] == stream.paragraphs[:, None]
    return places, inside


def _one_by_one(places: NDArray[np.int32], inside: NDArray[np.bool_], ids: Ids) -> Pairs:
    centres = np.repeat(ids, inside.sum(axis=1))
    inputs = np.column_stack([centres, ids[places[inside]]]).astype(np.int32)
    return Pairs(inputs, np.zeros((len(inputs), 1), np.float32), np.full(len(inputs), 2, np.int32))


def _together(places: NDArray[np.int32], inside: NDArray[np.bool_], ids: Ids) -> Pairs:
    many = inside.sum(axis=1)
    rows = np.flatnonzero(many)
    inputs = np.full((len(rows), 1 + inside.shape[1]), END, np.int32)
    inputs[:, 0] = ids[rows]
    inputs[:, 1:][np.arange(inside.shape[1]) < many[rows][:, None]] = ids[places[inside]]
    return Pairs(inputs, np.zeros((len(rows), 1), np.float32), (1 + many[rows]).astype(np.int32))


def _cells(stream: Stream, window: int, vocabulary: int) -> Pairs:
    """Every pair that occurs within the window, both ways round, with its sum of 1 / distance."""
    met = [np.empty(0, np.int64)]  # a number for each meeting: the pair, and its distance
    for distance in range(1, min(window, max(len(stream.ids) - 1, 0)) + 1):
        same = stream.paragraphs[distance:] == stream.paragraphs[:-distance]
        left, right = stream.ids[:-distance][same].astype(np.int64), stream.ids[distance:][same]
        met.append((np.minimum(left, right) * vocabulary + np.maximum(left, right)) * FARTHEST + distance)
    meetings, often = _counted(np.concatenate(met))
    cells, first = np.unique(meetings // FARTHEST, return_index=True)
    sums = np.add.reduceat(often / (meetings % FARTHEST), first) if len(cells) else np.empty(0)
    low, high = (ids.astype(np.int32) for ids in np.divmod(cells, vocabulary))
    sums[low == high] *= 2  # such a pair is its own other way round
    other = low != high
    inputs = np.column_stack([np.append(low, high[other]), np.append(high, low[other])])
    targets = np.append(sums, sums[other]).astype(np.float32)[:, None]
    return Pairs(inputs, targets, np.full(len(inputs), 2, np.int32))


def _counted(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different ones among numbers, in order, and how often each is there; sorts `numbers` where they lie."""
    numbers.sort()
    first = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)])
    return numbers[first], np.diff(np.append(first, len(numbers)))
