"""Eight plays of Shakespeare as one text."""

from __future__ import annotations

import gzip

from dllab.data.files import reading
from dllab.data.text_windows import TextByLevel

CHARACTERS = 1_035_997


class Shakespeare8(TextByLevel):
    """Shakespeare: eight plays as one text of 1,035,997 characters; what comes next.

    It has 76 different characters, and is cut into rows of `length` steps: what is read at step t asks for step t + 1. The
    last tenth of the text, the end of the eighth play, is the test. Held-out text costs a bigram 2.62 nats a character, a
    5-gram 1.96.

        data: shakespeare8
        data: {name: shakespeare8, length: 128, stride: 64, validation: 0.05}
        data: {name: shakespeare8, level: word, words: 3000, lower: true}

    Options:

    - length: T, the steps of a row: 64 characters, if nothing is said.

    Source: William Shakespeare, by way of Project Gutenberg; datasets/shakespeare8.md says where the file comes from
    and under which licence.
    """

    name = "shakespeare8"
    main = "length"

    def read(self) -> str:
        """The eight plays."""
        with reading("shakespeare8.txt.gz") as path:
            text = gzip.decompress(path.read_bytes()).decode("utf-8")
            if len(text) != CHARACTERS:
                raise ValueError(f"it has {len(text)} characters, not {CHARACTERS}")
            return text

    def label(self) -> str:
        """The source's own name."""
        return self.name
