"""A text of the user's own, read from a file."""

from __future__ import annotations

from dllab.data.table_text import PACKED, STANDARD_INPUT, TableError, standard_input, start_of

MEANT = "expected a text, such as a book, in UTF-8"


def read_text(path: str) -> str:
    """The text of a file (`-`: standard input), with `\\n` at the end of a line. Raises TableError."""
    label = label_of(path)
    start = start_of(path, label)
    for magic, name in PACKED.items():
        if start.startswith(magic):
            raise TableError(f"{label} is packed with {name}, no text", "unpack it first")
    content = _content(path, label)
    if b"\0" in content:
        raise TableError(f"{label} is no text: it holds bytes that stand in none", MEANT)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TableError(
            f"{label}, line {line}: a byte 0x{content[error.start]:02x} that is no UTF-8", "save it as UTF-8"
        ) from None
    if not text.strip():
        raise TableError(f"{label} is empty", MEANT)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def label_of(path: str) -> str:
    """How messages name it."""
    return "standard input" if path == STANDARD_INPUT else path


def _content(path: str, label: str) -> bytes:
    if path == STANDARD_INPUT:
        return standard_input()
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise TableError(f"{label} cannot be read: {error.strerror or error}", "try again, or get the file anew") from None
