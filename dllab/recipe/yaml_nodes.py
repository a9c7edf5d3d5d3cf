"""YAML text to a tree of values with places, within limits.

Reads the events of ruamel.yaml's parser and builds the tree with a stack of its own, so that depth, size, anchors and
tags are refused while reading, and nothing recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from dllab.recipe.errors import Problems, show
from dllab.recipe.nodes import MAX_DEPTH, MAX_VALUES, Entry, ListNode, MapNode, Node, ScalarNode, text_fits
from dllab.recipe.place import LINE_BREAK, Place
from dllab.recipe.scalars import OutOfRange, resolve

MAX_BYTES = 1 << 20
SHORT, KEPT = 2000, 100
"""Texts of up to so many characters, and how many of them, are parsed once: lessons change one recipe often."""
INDENT = "keys and list items that belong together start in the same column; quote a text that holds ': ' or quotes"
# What the parser says, as a fragment: what that means, what to do.
PLAIN_WORDS = {
    "mapping values are not allowed": ("a ':' where no new key can start", INDENT),
    "expected <block end>": ("this does not belong to what stands before it", INDENT),
    "could not find expected ':'": ("a key without ': ' after it", "write key: value"),
    "unknown escape": ("an unknown escape in a double-quoted text", "single quotes take a backslash as it is"),
    "unexpected end of stream": ("a quote that is never closed", "close it with the same quote it opens with"),
    "expected ',' or ']'": ("a list that is not closed, or lacks a comma", "write [a, b, c]"),
    "expected ',' or '}'": ("a mapping that is not closed, or lacks a comma", "write {key: value, key: value}"),
    "cannot start any token": ("a character that no value starts with", "put the value in quotes"),
    "expected the node content": ("a value is missing here", "write it, or take the mark that waits for it out"),
    "incompatible YAML document": ("a '%' directive", "recipes are YAML 1.2; leave the directive out"),
}


class _Stop(Exception):
    """Reading cannot go on; the reason is already among the problems."""


def decode(raw: bytes, label: str, problems: Problems, size: int | None = None) -> str | None:
    """Bytes of a file as text; None (and a problem) over 1 MiB, when not UTF-8, with NUL bytes or tabs, or empty.

    `size` is the size of the whole file where `raw` is only its beginning.
    """
    size = len(raw) if size is None else max(size, len(raw))
    start = Place(label)
    if size > MAX_BYTES:
        problems.add(f"too large: {size:,} bytes", start, f"a recipe has at most {MAX_BYTES:,} bytes (1 MiB)")
        return None
    if b"\0" in raw:
        problems.add(f"not a text file: byte {raw.index(0) + 1:,} is NUL", start, "a recipe is YAML text, saved as UTF-8")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"not UTF-8: byte 0x{raw[error.start]:02x} on line {line:,}"
        problems.add(message, start, "save the file as UTF-8 in your editor")
        return None


def read(text: str, place_of: Callable[[Any, int], Place], problems: Problems) -> Node | None:
    """One YAML document as a tree, or None if its text is unusable; every reason goes to `problems`.

    `place_of(mark, width)` makes the place of a parser mark (see `file_places`).
    """
    if "\t" in text:
        mark = _mark_at(text, text.index("\t"))
        problems.add(f"a tab character ({text.count(chr(9)):,} in all)", place_of(mark, 1), "YAML is indented with spaces")
        return None
    reader = _Reader(place_of, problems)
    try:
        return reader.document(_events(text))
    except _Stop:
        return None
    except MarkedYAMLError as error:
        _syntax_problem(error, place_of, problems)
    except ReaderError as error:
        # `character` is the code point for a text source, the character itself in some paths.
        code = error.character if isinstance(error.character, int) else ord(error.character)
        mark = _mark_at(text, next((i for i, c in enumerate(text) if ord(c) == code), 0))
        problems.add(f"control character U+{code:04X}", place_of(mark, 1), "write it as an escape in double quotes")
    except (YAMLError, ValueError, OverflowError):
        # Escapes and directives with absurd numbers reach int() and chr() unchecked inside the parser.
        message = "not readable as YAML: an escape or a directive in it has a number out of range"
        problems.add(message, place_of(_mark_at(text, 0), 1), "look for \\x, \\u and \\U in double quotes, and for %")
    return None


def _events(text: str) -> Iterator[Any]:
    """What the parser finds, one after the other; of a short text that was read before, without parsing it again."""
    if len(text) <= SHORT:
        with suppress(YAMLError, ValueError, OverflowError):  # read again, up to the mistake: what comes before it counts
            return iter(_all_events(text))
    return _parser(text)


@lru_cache(KEPT)
def _all_events(text: str) -> tuple[Any, ...]:
    return tuple(_parser(text))


def _parser(text: str) -> Iterator[Any]:
    events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
    return events


def file_places(label: str, text: str) -> Callable[[Any, int], Place]:
    """Places with line, column and text for a file (or a text) shown as `label`."""
    lines = LINE_BREAK.split(text)

    def place_of(mark: Any, width: int) -> Place:
        # The parser puts what is missing at the end of the text; show the end of the last line that says something.
        line = min(mark.line, len(lines) - 1)
        column = min(mark.column, len(lines[line]))
        if not lines[line].strip() and line:
            line = next((i for i in range(line, -1, -1) if lines[i].strip()), line)
            column = len(lines[line].rstrip())
        return Place(label, line + 1, column + 1, max(1, width), lines[line])

    return place_of


def one_place(label: str) -> Callable[[Any, int], Place]:
    """The same place for everything, for a value given by an override."""
    place = Place(label)
    return lambda mark, width: place


@dataclass
class _Open:
    """A collection being filled; `key` is the key a mapping waits to give a value."""

    node: ListNode | MapNode
    key: ScalarNode | None = None


@dataclass
class _Reader:
    place_of: Callable[[Any, int], Place]
    problems: Problems
    stack: list[_Open] = field(default_factory=list)
    root: Node | None = None
    values: int = 0
    unusable: bool = False

    def document(self, events: Iterator[Any]) -> Node | None:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.refuse("a second document after '---'", event, "a recipe is one document: use one file each")
                if event.version or event.tags:
                    self.refuse("a '%' directive", event, "recipes are YAML 1.2; leave the directive out")
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.close(event)
            elif isinstance(event, AliasEvent):
                self.alias(event)
            elif isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
                self.value(event)
        return None if self.unusable else self.root

    def place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        return self.place_of(start, end.column - start.column if end.line == start.line else 1)

    def refuse(self, message: str, event: Any, hint: str) -> None:
        self.problems.add(message, self.place(event), hint)
        raise _Stop

    def alias(self, event: Any) -> None:
        hint = "write the value out: recipes have no aliases"
        self.problems.add(f"an alias (*{event.anchor})", self.place(event), hint)
        self.unusable = True
        self.put(ScalarNode(None, "", self.place(event)))

    def value(self, event: Any) -> None:
        place = self.place(event)
        self.values += 1
        if self.values > MAX_VALUES:
            hint = "a recipe is a page of text; keep data in data files"
            self.refuse(f"more than {MAX_VALUES:,} values", event, hint)
        if event.anchor is not None:
            hint = "write the value where it is needed: recipes have no anchors"
            self.problems.add(f"an anchor (&{event.anchor})", place, hint)
            self.unusable = True
        if event.ctag is not None:
            tag = str(event.ctag).replace("tag:yaml.org,2002:", "!!")
            self.problems.add(f"a tag ({tag})", place, "leave the tag out: a value's type follows from its text")
            self.unusable = True
        if isinstance(event, ScalarEvent):
            self.put(self.scalar(event, place))
            return
        if len(self.stack) >= MAX_DEPTH:
            self.refuse(f"nested more than {MAX_DEPTH} levels deep", event, "take some levels out")
        node: ListNode | MapNode = ListNode(place) if isinstance(event, SequenceStartEvent) else MapNode(place)
        self.put(node)
        self.stack.append(_Open(node))

    def scalar(self, event: Any, place: Place) -> ScalarNode:
        if not text_fits(event.value):
            self.problems.add("half of a surrogate pair is not a character", place, "write the character itself")
            return ScalarNode("", "", place)
        if event.style is not None or self.waits_for_key():
            return ScalarNode(event.value, event.value, place)
        try:
            return ScalarNode(resolve(event.value), event.value, place)
        except OutOfRange as error:
            self.problems.add(f"a number of {len(event.value)} characters is out of range", place, str(error))
            return ScalarNode(1, event.value, place)

    def waits_for_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].node, MapNode) and self.stack[-1].key is None

    def put(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node, ListNode):
            top.node.items.append(node)
        elif top.key is None:
            top.key = self.as_key(node)
        else:
            self.fill(top.node, top.key, node)
            top.key = None

    def as_key(self, node: Node) -> ScalarNode:
        if isinstance(node, ScalarNode):
            return node
        hint = "keys are option names; check the ':' and braces"
        self.problems.add("a key that is a list or a mapping", node.place, hint)
        self.unusable = True
        return ScalarNode("", "", node.place)

    def fill(self, mapping: MapNode, key: ScalarNode, node: Node) -> None:
        if key.text == "<<":
            hint = "write the options out: recipes have no merge keys"
            self.problems.add("a merge key (<<)", key.place, hint)
            self.unusable = True
        elif key.text in mapping.entries:
            first = mapping.entries[key.text].key.place
            where = f"first on line {first.line}" + (f", again on line {key.place.line}" if key.place.line else "")
            message = f"the key {show(key.text)} twice" + (f": {where}" if first.line else "")
            self.problems.add(message, key.place, "keep one of the two")
        else:
            mapping.entries[key.text] = Entry(key, node)

    def close(self, event: Any) -> None:
        closed = self.stack.pop().node
        start = closed.place
        # A block ends at the next token, which says nothing; a flow collection ends at its bracket.
        in_brackets = event.start_mark.index != event.end_mark.index
        if in_brackets and start.line == event.end_mark.line + 1 and start.column is not None:
            width = event.end_mark.column + 1 - start.column
            closed.place = Place(start.label, start.line, start.column, max(1, width), start.text)


def _mark_at(text: str, index: int) -> StringMark:
    before = LINE_BREAK.split(text[:index])
    return StringMark("", index, len(before) - 1, len(before[-1]), text, index)


def _syntax_problem(error: MarkedYAMLError, place_of: Callable[[Any, int], Place], problems: Problems) -> None:
    mark, start = error.problem_mark, error.context_mark
    said = error.problem or error.context or "the text ends too early"
    fallback = (f"not readable as YAML: {said}", "check the indentation, quotes, brackets and colons around here")
    message, hint = next((words for part, words in PLAIN_WORDS.items() if part in said), fallback)
    # What is not closed is found missing only lines later: show where it opens.
    if start is not None and (mark is None or ("not closed" in message and start.line != mark.line)):
        mark = start
    if "never closed" in message and start is not None:
        mark = start
    problems.add(message, place_of(mark or StringMark("", 0, 0, 0, "", 0), 1), hint)
