"""Where something in a recipe stands: a line and column of a file, an override, or a key path of a dict."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a recipe.

    `label` is the file as the user named it, `override KEY=VALUE`, or a key path such as `model[2].dense.units`.
    `line` and `column` count from 1 and are None where there is no text; `width` is the length to underline, in
    characters; `text` is the whole line.
    """

    label: str
    line: int | None = None
    column: int | None = None
    width: int = 1
    text: str = ""

    def __str__(self) -> str:
        if self.line is None:
            return visible(self.label)
        return f"{visible(self.label)}:{self.line}:{self.column}"

    def excerpt(self, columns: int = 80) -> list[str]:
        """The line and a caret line under it, cut to `columns`; empty where there is no text."""
        if self.line is None or self.column is None:
            return []
        margin = f"{self.line:>5} | "
        text = "".join(c if c.isprintable() else "\ufffd" for c in self.text)
        start = min(self.column - 1, len(text))
        text, start = _window(text, start, columns - len(margin))
        marked = text[start : start + self.width].rstrip("…") or " "
        caret = " " * cells(text[:start]) + "^" * max(1, cells(marked))
        return [f"{margin}{text}".rstrip(), f"{'| ':>{len(margin)}}{caret}"]


def visible(text: str) -> str:
    """The text with control characters and lone surrogates written as escapes, safe for any terminal and encoding."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _window(text: str, start: int, columns: int) -> tuple[str, int]:
    """Cut a long line to `columns` cells around `start`; the new text and the new start."""
    if cells(text) <= columns:
        return text, start
    first = 0
    if cells(text[:start]) > columns * 3 // 4:
        first = start
        room = columns // 2
        while first and room > 2:
            first -= 1
            room -= cells(text[first])
    head = "…" if first else ""
    kept = head
    for c in text[first:]:
        if cells(kept) + cells(c) + 1 > columns:
            kept += "…"
            break
        kept += c
    return kept, start - first + len(head)


def cells(text: str) -> int:
    """Terminal columns a text takes: 2 for wide East Asian characters, 0 for combining marks."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
