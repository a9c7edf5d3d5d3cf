"""A text file of the user's own."""

from __future__ import annotations

from typing import Annotated, ClassVar

from dllab.catalogue import FilePath
from dllab.data.csv import file_stamp
from dllab.data.table_text import STANDARD_INPUT
from dllab.data.text_file import label_of, read_text
from dllab.data.text_windows import TextByLevel


class Text(TextByLevel):
    """Text: a file of your own; what character, or word, comes next, or which ones are hidden.

    The text is cut into rows of `length` steps: what is read at step t asks for step t + 1. Splits are blocks of the
    text, first what trains, then validation, at the end the test; no row reaches over a border. The text must be UTF-8.

        data: {text: book.txt}
        data: {name: text, file: book.txt, length: 128, stride: 32}
        data: {name: text, file: book.txt, level: word, words: 5000, task: masked, copies: 4}

    Options:

    - file: the file, counted from the recipe's folder; `-` is standard input.

    Source: Shannon 1951, "Prediction and entropy of printed English", for the task.
    """

    name = "text"
    main: ClassVar[str | None] = "file"
    file: Annotated[str, FilePath()]

    def stamp(self) -> tuple[int, ...]:
        """The content of the file, as a number."""
        return () if self.file == STANDARD_INPUT else file_stamp(self.file)

    def label(self) -> str:
        """The name of the file."""
        return label_of(self.file).replace("\\", "/").rpartition("/")[2]

    def read(self) -> str:
        """Its text."""
        return read_text(self.file)
