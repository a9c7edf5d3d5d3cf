"""Rows cut from a long text: windows of its characters or words, which ask for the next one, or for hidden ones."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from dllab.catalogue import Size
from dllab.data.blocks import ROWS_AT, STARTS, Blocks, InOrder, blocks_of, table_of
from dllab.data.dataset import Dataset
from dllab.data.masking import masked
from dllab.data.sequences import Ids
from dllab.data.steps import step_names
from dllab.data.tokens import MASK, Tokens, characters, most_frequent, words

MOST_IDS = 20_000_000
"""Inputs of all rows together; as many targets come to them, 4 bytes each."""
USUAL_WORDS = 2000


class TextWindows(InOrder):
    """Base of sources that cut a long text into windows.

    Options:

    - length: T, the steps of a row.
    - stride: steps from one row to the next; left out, as many as a row has. Less makes more rows, which overlap.
    - task: next asks at every step for the following one; masked hides some, and asks for those alone (BERT).
    - masked: share of the steps that is chosen under task: masked. Of the chosen 80 % are shown as `<mask>`, 10 % as
      another one drawn at random, 10 % as they are.
    - copies: under task: masked, how often a training row is there, each time with others chosen; the other splits have
      one choice that stays.
    - words: so many of the words that are most frequent in the training part are kept, all others are `<unk>`; left
      out, 2,000.
    - seed: seed by which steps are masked.
    """

    length: Annotated[int, Field(ge=1, le=100_000)] = 64
    stride: Size | None = None
    task: Literal["next", "masked"] = "next"
    masked: Annotated[float, Field(gt=0, lt=1)] = 0.15
    copies: Annotated[int, Field(ge=1, le=1000)] = 1
    words: Size | None = None

    @model_validator(mode="after")
    def _check_copies(self) -> TextWindows:
        if self.copies > 1 and self.task == "next":
            raise ValueError(f"copies: {self.copies} differ by what is masked, and task: next masks nothing; leave it out")
        return self

    @abstractmethod
    def tokens(self) -> Tokens:
        """The whole text, all its words."""

    @property
    def in_words(self) -> bool:
        """Whether steps are words."""
        return True

    def label(self) -> str:
        """What messages and pages call the text."""
        return self.name

    def described(self, tokens: Tokens, kinds: int) -> str:
        """A sentence about a text of so many different words or characters."""
        steps = f"{len(tokens.ids):,} {'words and marks' if self.in_words else 'characters'}"
        return f"{self.label()}: {steps}, {kinds:,} different ones, in rows of {self.length}."

    def generate(self) -> Dataset:
        """Windows (N, length) int32: those that train, then validation, then test."""
        tokens = self.tokens()
        blocks = blocks_of(len(tokens.ids), self.test or 0.0, self.validation)
        about = self.described(tokens, len(tokens.words) - tokens.special)
        if self.in_words:
            tokens = most_frequent(tokens, self.words or USUAL_WORDS, blocks.train)
        starts = self._starts(blocks)
        counts = (len(starts[0]) * self.copies, len(starts[1]), len(starts[2]))
        at = np.concatenate([np.tile(starts[0], self.copies), starts[1], starts[2]])  # (N,)
        if self.task == "next":
            inputs, targets = _windows(tokens.ids, at, self.length), _windows(tokens.ids, at + 1, self.length)
            vocabulary = tokens.words
        else:
            inputs, targets = self._masked(tokens, at, counts[0])
            vocabulary = (*tokens.words, MASK)
        return Dataset(
            name=self.label(),
            columns={"inputs": inputs, "targets": targets, STARTS: at.astype(np.int32)},
            task="classification",
            classes=vocabulary,
            features=step_names(self.length),
            fixed_test=None,
            about=about,
            vocabulary=vocabulary,
            tables={ROWS_AT: table_of(counts)},
            flows=self.task == "next" and (self.stride or self.length) == self.length,
        )

    def _starts(self, blocks: Blocks) -> list[NDArray[np.int64]]:
        reach, stride = self.length + (self.task == "next"), self.stride or self.length
        rows = len(blocks.train) // stride * self.copies
        if rows * self.length > MOST_IDS:
            raise ValueError(
                f"data set {self.label()}: some {rows:,} rows of {self.length:,} steps are more than {MOST_IDS:,} steps in "
                f"all; make {'copies: smaller' if self.copies > 1 else 'stride: larger'}"
            )
        return self.fitting(self.label(), blocks, reach, stride)

    def _masked(self, tokens: Tokens, at: NDArray[np.int64], trained: int) -> tuple[Ids, Ids]:
        """Inputs and targets (N, length): the first rows, which train, masked by a stream of their own."""
        windows, mask = _windows(tokens.ids, at, self.length), len(tokens.words)
        found = [
            masked(part, mask, tokens.special, self.masked, self.stream(stream))
            for part, stream in ((windows[:trained], "masks"), (windows[trained:], "masks that stay"))
        ]
        return np.concatenate([seen for seen, _ in found]), np.concatenate([asked for _, asked in found])


class TextByLevel(TextWindows):
    """Base of sources that read a text as characters, or as words.

    Options:

    - level: char makes a step of every character, word of every word and mark of punctuation. Among words
      `<end>` stands for the end of a paragraph; line ends and spaces are left out.
    - lower: true makes small letters of all.
    """

    level: Literal["char", "word"] = "char"
    lower: bool = False

    @model_validator(mode="after")
    def _check_words(self) -> TextByLevel:
        if self.words is not None and self.level == "char":
            raise ValueError(f"words: {self.words} is for texts read by words; write level: word, or leave it out")
        return self

    @abstractmethod
    def read(self) -> str:
        """The text."""

    @property
    def in_words(self) -> bool:
        """The option."""
        return self.level == "word"

    def tokens(self) -> Tokens:
        """Its characters, or words."""
        text = self.read().lower() if self.lower else self.read()
        return words(text) if self.in_words else characters(text)


def _windows(ids: Ids, at: NDArray[np.int64], length: int) -> Ids:
    """The ids from each of `at` on, (N, length)."""
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(ids, length)[at])
