"""One text in twelve languages: which one is it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source, Splits
from dllab.data.files import reading
from dllab.data.sequences import END, WORD_END, filled, lengths_of
from dllab.data.splits import split
from dllab.data.steps import step_names

PARAGRAPHS, LANGUAGES = 705, 12
PARAGRAPH = "paragraph"
"""The column that holds which paragraph a row comes from."""


class Languages(Source):
    """Languages: pieces of the Declaration of Human Rights, by characters; which of 12 languages it is.

    Its 705 paragraphs are cut into pieces of `length` characters, one after the other; `lengths` says how many of them
    are there. A piece of less than half is left out, unless it is all of a paragraph. All pieces of a paragraph go to
    one split; stock phrases come in several, so that of the test rows 1 of 507 stands letter for letter among those that
    train, and of rows of 16 characters 118 of 2,046. The languages: Dutch, English, Finnish, French, German, Indonesian,
    Italian, Polish, Portuguese, Spanish, Swedish, Turkish.

    Options:

    - length: characters of a row.
    - lower: true makes small letters of all.

        data: languages
        data: {name: languages, length: 24, validation: 0.1, only: [Spanish, Portuguese, Italian]}

    Source: United Nations 1948, the Universal Declaration of Human Rights; datasets/languages.md says where the file
    comes from and under which licence.
    """

    name = "languages"
    main = "length"
    length: Annotated[int, Field(ge=1, le=1000)] = 64
    lower: bool = True

    def generate(self) -> Dataset:
        """Characters (N, length) int32, and the number of the language (N,)."""
        with reading("languages.tsv") as path:
            paragraphs = _paragraphs(path)
        classes = tuple(sorted({language for language, _ in paragraphs}))
        texts = [text.lower() if self.lower else text for _, text in paragraphs]
        vocabulary = (WORD_END, *sorted(set("".join(texts))))
        known = {character: i for i, character in enumerate(vocabulary)}
        pieces = [(number, piece) for number, text in enumerate(texts) for piece in _pieces(text, self.length)]
        rows = [[known[character] for character in piece] for _, piece in pieces]
        labels = np.array([classes.index(paragraphs[number][0]) for number, _ in pieces], np.int32)
        return Dataset(
            name=self.name,
            columns={
                "inputs": filled(rows, self.length, END),
                "targets": labels,
                "lengths": lengths_of(rows),
                PARAGRAPH: np.array([number for number, _ in pieces], np.int32),
            },
            task="classification",
            classes=classes,
            features=step_names(self.length),
            fixed_test=None,
            about=f"{len(rows):,} pieces of the Declaration of Human Rights in 12 languages, by characters.",
            vocabulary=vocabulary,
        )

    def check_folds(self) -> None:
        """Folds take rows, not paragraphs."""
        raise ValueError(f"data set {self.name}: folds: pieces of a paragraph would be in several; leave folds out")

    def _split(self, dataset: Dataset) -> Splits:
        """Whole paragraphs, each split its share of every language."""
        _, first, of = np.unique(dataset.columns[PARAGRAPH], return_index=True, return_inverse=True)
        groups = self.groups(dataset)[first]  # of each paragraph
        try:
            found = split(groups, self.test or 0.0, self.validation, self.data_seed)
        except ValueError as error:
            raise ValueError(f"data set {dataset.name}: {error}") from None
        return Splits(*(np.flatnonzero(np.isin(of, part)) for part in (found.train, found.validation, found.test)))


def _paragraphs(path: Path) -> list[tuple[str, str]]:
    """The language and the text of each paragraph."""
    rows = [line.partition("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    if len(rows) != PARAGRAPHS:
        raise ValueError(f"it has {len(rows)} paragraphs, not {PARAGRAPHS}")
    if len({language for language, _, _ in rows}) != LANGUAGES or not all(text for _, _, text in rows):
        raise ValueError(f"a line is not one of {LANGUAGES} languages, a tab and a text")
    return [(language, text) for language, _, text in rows]


def _pieces(text: str, length: int) -> list[str]:
    """A text cut into pieces, the last one only if it is half a piece or all there is."""
    pieces = [text[at : at + length] for at in range(0, len(text), length)]
    return pieces[:-1] if len(pieces) > 1 and 2 * len(pieces[-1]) < length else pieces
