"""The King James Bible, word by word."""

from __future__ import annotations

import gzip
from typing import Annotated, Literal

from pydantic import Field

from dllab.data.files import reading
from dllab.data.text_windows import TextByLevel

VERSES = 31_102


class Kjv(TextByLevel):
    """King James Bible: 31,102 verses, word by word; what comes next, or which words are hidden.

    The text is cut into rows of `length` steps: what is read at step t asks for step t + 1, over the ends of verses,
    which are `<end>`. The last tenth of it, from Acts 21 on, is the test. `task: masked` hides words. Pairs of words,
    for word2vec and GloVe, are another data set: word_pairs.

        data: kjv
        data: {name: kjv, words: 5000, length: 64, validation: 0.05}
        data: {name: kjv, task: masked, copies: 4}

    Options:

    - level: word, or char: then a verse ends in a line end.
    - length: T, the steps of a row.
    - lower: true makes small letters of all.

    Source: the Authorised Version of 1611; datasets/kjv.md says where the file comes from and under which licence.
    """

    name = "kjv"
    main = "length"
    level: Literal["char", "word"] = "word"
    length: Annotated[int, Field(ge=1, le=100_000)] = 32
    lower: bool = True

    def read(self) -> str:
        """The verses, one a paragraph among words, one a line among characters."""
        return ("\n\n" if self.in_words else "\n").join(verses())


def verses() -> list[str]:
    """The text of all verses."""
    with reading("kjv_verses.txt.gz") as path:
        lines = gzip.decompress(path.read_bytes()).decode("ascii").splitlines()
        if len(lines) != VERSES:
            raise ValueError(f"it has {len(lines)} verses, not {VERSES}")
        return [line.partition(" ")[2] for line in lines]
