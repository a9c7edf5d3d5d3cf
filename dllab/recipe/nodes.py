"""A recipe as a tree of values that know their places; from YAML (yaml_nodes), from overrides, or from a dict."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dllab.recipe.errors import Problems
from dllab.recipe.place import Place
from dllab.recipe.scalars import OutOfRange, checked_int

MAX_DEPTH = 64
MAX_VALUES = 20_000


@dataclass(slots=True)
class ScalarNode:
    """A text, number, boolean or null; `text` is as written."""

    value: bool | int | float | str | None
    text: str
    place: Place


@dataclass(slots=True)
class ListNode:
    """A sequence."""

    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """A key of a mapping and its value."""

    key: ScalarNode
    value: Node


@dataclass(slots=True)
class MapNode:
    """A mapping; keys are texts."""

    place: Place
    entries: dict[str, Entry] = field(default_factory=dict)


Node = ScalarNode | ListNode | MapNode


def is_null(node: Node) -> bool:
    """True for a value left empty or written `null`."""
    return isinstance(node, ScalarNode) and node.value is None


def plain(node: Node) -> Any:
    """The values of a tree without their places."""
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    if isinstance(node, MapNode):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    return node.value


def from_plain(value: object, problems: Problems, path: str = "", depth: int = 0) -> Node:
    """A tree from plain data (dicts, lists, texts, numbers, None); its places are key paths.

    What no recipe can hold (other types, over-long integers, nesting over 64) goes to `problems`.
    """
    place = Place(path or "recipe")
    if depth > MAX_DEPTH:
        problems.add(f"nested more than {MAX_DEPTH} levels deep", place, "take some levels out; blocks rarely need 10")
        return ScalarNode(None, "", place)
    if isinstance(value, Mapping):
        return MapNode(place, dict(_entry(item, problems, path, depth) for item in value.items()))
    if isinstance(value, list | tuple):
        return ListNode(place, [from_plain(v, problems, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)])
    return _scalar(value, problems, place)


def _entry(item: tuple[object, object], problems: Problems, path: str, depth: int) -> tuple[str, Entry]:
    key, value = item
    inner = f"{path}.{key}" if path else str(key)
    if not isinstance(key, str):
        problems.add(f"the key {key!r} is not a text", Place(inner), "keys of a recipe are option names, as texts")
    node = from_plain(value, problems, inner, depth + 1)
    return str(key), Entry(ScalarNode(str(key), str(key), Place(inner)), node)


def _scalar(value: object, problems: Problems, place: Place) -> ScalarNode:
    if value is None or isinstance(value, bool):
        return ScalarNode(value, str(value).lower(), place)
    if isinstance(value, str):
        if not text_fits(value):
            problems.add("a text with a lone surrogate is not valid Unicode", place, "write the character itself")
            return ScalarNode("", "", place)
        return ScalarNode(str(value), value, place)
    if isinstance(value, numbers.Integral):
        try:
            return ScalarNode(checked_int(int(value)), "", place)
        except OutOfRange as error:
            problems.add("a whole number that does not fit 64 bits", place, str(error))
            return ScalarNode(0, "", place)
    if isinstance(value, numbers.Real):
        return ScalarNode(float(value), "", place)
    message = f"a value of type {type(value).__name__} has no place in a recipe"
    problems.add(message, place, "use texts, numbers, booleans, lists, dicts")
    return ScalarNode(None, "", place)


def text_fits(text: str) -> bool:
    """Whether UTF-8 can carry the text (no lone surrogates)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
