"""The ways a recipe may write a part: `adam`, `{name: adam, lr: 0.01}`, `{adam: {lr: 0.01}}`, `{adam: 0.01}`.

A part with an option of its own name, or one that reads a file, may stand beside its other options:
`{csv: houses.csv, target: price}`, `{text: book.txt, length: 32}`. A layer has no `name` form, because in a layer `name`
is its label.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from dllab.catalogue import Nested, Part, UnknownPart, find, has_file, parts
from dllab.recipe.errors import Problems, article, closest, one_of, show
from dllab.recipe.nodes import Entry, ListNode, MapNode, Node, ScalarNode, is_null, plain
from dllab.recipe.paths import names_file
from dllab.recipe.place import visible

NOUNS = {
    "layers": "layer",
    "losses": "loss",
    "metrics": "metric",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "initializers": "initializer",
    "datasets": "data set",
    "augmentations": "augmentation",
}
LAYER_EXTRAS = ("name", "from")


class Block:
    """Marks a field that is a mapping of options of its own class, such as `early_stop` of `train`."""

    def __init__(self, kind: type) -> None:
        self.kind = kind


@dataclass(frozen=True)
class Written:
    """A part as written: its name, its options (None: the bare name), and whether in the `name:` form."""

    name: ScalarNode
    options: Node | None
    flat: bool = False


def noun(family: str) -> str:
    """What one part of a family is called."""
    return NOUNS.get(family, family.removesuffix("s"))


def read_form(node: Node, family: str, problems: Problems) -> Written | None:
    """Take a part apart into its name and options; None (and a problem) if it is written in none of the forms."""
    what = noun(family)
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return Written(node, None)
    if isinstance(node, MapNode) and family != "layers" and "name" in node.entries:
        return _name_form(node, what, problems)
    if isinstance(node, MapNode) and len(node.entries) == 1:
        entry = next(iter(node.entries.values()))
        if family == "layers" and entry.key.text in LAYER_EXTRAS:
            _not_a_form(node, family, problems)
            return None
        return Written(entry.key, None if is_null(entry.value) else entry.value)
    if isinstance(node, MapNode) and family != "layers" and (own := _own_name(node, family)) is not None:
        return Written(own, node, flat=True)
    _not_a_form(node, family, problems)
    return None


def _own_name(node: MapNode, family: str) -> ScalarNode | None:
    """The key that names a part with an option of the same name, or a part that reads a file."""
    for key, entry in node.entries.items():
        if not has_file(family, key):
            continue
        try:
            part = find(family, key)
            if key in fields_of(part) or reads_file(part):
                return entry.key
        except UnknownPart:  # a file of the family that holds no part of its name
            continue
    return None


def lookup(written: Written, family: str, problems: Problems) -> type[Part] | None:
    """The class of a written part; None (and a problem) if the family has none of that name."""
    name = written.name.text
    try:
        # Other names cannot be parts; they must not reach the import system.
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,63}", name):
            raise UnknownPart(family, name, sorted(parts(family)))
        return find(family, name)
    except UnknownPart as error:
        hint = one_of(error.known, name)
        if (ending := re.search(r"\.(csv|npz)$", name)) is not None and family == "datasets":
            target = ", target: COLUMN" if ending[1] == "csv" else ""
            hint = f"name a file of your own by its kind: {{{ending[1]}: {visible(name)}{target}}}"
        elif "/" in name and family == "datasets":
            hint = f"name a folder of pictures of your own by its kind: {{folder: {visible(name)}, size: 32}}"
        problems.add(f"unknown {noun(family)} {show(name)}", written.name.place, hint)
        return None


def options_of(written: Written, cls: type, family: str, problems: Problems) -> MapNode | None:
    """The options of a part as a mapping, the short form `name: value` spelt out.

    None (and a problem) for a short form of a part that has none.
    """
    what, main, node = written.name.text, getattr(cls, "main", None), written.options
    if node is None:
        return MapNode(written.name.place)
    if isinstance(node, MapNode) and not _is_inner_part(node, cls, family, main):
        return _file_named(node, cls, what) if written.flat and main is not None else node
    if main is not None:
        return MapNode(node.place, {main: Entry(written.name, node)})
    known = sorted(fields_of(cls))
    if not known:
        problems.add(f"{what} takes no options, got {show(plain(node))}", node.place, f"write {what} alone")
    else:
        needed = [option for option, field in fields_of(cls).items() if field.is_required()]
        hint = f"name the option: {what}: {{{(needed or known)[0]}: ...}}; it has: {', '.join(known)}"
        problems.add(f"{what} takes no value of its own, got {show(plain(node))}", node.place, hint)
    return None


def reads_file(cls: type) -> bool:
    """Whether the short form of a part names a file."""
    main = getattr(cls, "main", None)
    return main is not None and names_file(fields_of(cls)[main])


def _file_named(node: MapNode, cls: type, what: str) -> MapNode:
    """The options of a part written as `{text: book.txt, length: 32}`: its own name stands for the option of the file."""
    main = getattr(cls, "main", "")
    if what not in node.entries or what in fields_of(cls) or main in node.entries:
        return node
    return MapNode(node.place, {main if key == what else key: entry for key, entry in node.entries.items()})


def fields_of(cls: type) -> dict[str, FieldInfo]:
    """The options a part (or a block of options) declares, by name."""
    fields: dict[str, FieldInfo] = cls.__pydantic_fields__  # type: ignore[attr-defined]
    return fields


def own_first(cls: type) -> list[str]:
    """The names of the options, those a class declares itself before those of its bases."""
    declared = [name for base in cls.__mro__ for name in inspect.get_annotations(base)]
    return [name for name in dict.fromkeys(declared) if name in fields_of(cls)]


def family_of(field: FieldInfo) -> str | None:
    """The family of the parts an option holds; None if it holds plain values."""
    marker = _marker(field, Nested)
    return marker.family if marker is not None else None


def block_of(field: FieldInfo) -> type | None:
    """The class of the options an option holds; None if it holds plain values."""
    marker = _marker(field, Block)
    return marker.kind if marker is not None else None


def members(annotation: Any) -> list[Any]:
    """The alternatives of a type, `Annotated` and unions taken apart: `int | None` gives [int, NoneType]."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return members(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [member for part in typing.get_args(annotation) for member in members(part)]
    return [annotation]


def words_of(annotation: Any) -> list[Any]:
    """The words that may stand for inner parts: `projection` in place of a list of layers."""
    literals = [member for member in members(annotation) if typing.get_origin(member) is typing.Literal]
    return [word for literal in literals for word in typing.get_args(literal)]


def takes_parts(field: FieldInfo, family: str) -> str:
    """`a list of layers, or projection`."""
    inner = f"a list of {noun(family)}s" if container(field.annotation) else article(noun(family))
    words = ", ".join(map(str, words_of(field.annotation)))
    return f"{inner}, or {words}" if words else inner


def container(annotation: Any) -> tuple[type, Any] | None:
    """For a type that may be a list or tuple: which of the two, and the type of its items."""
    for member in members(annotation):
        origin = typing.get_origin(member) or member
        if origin in (list, tuple):
            arguments = typing.get_args(member)
            return origin, arguments[0] if arguments else Any
    return None


def _marker(field: FieldInfo, kind: type) -> Any:
    pending: list[Any] = [*field.metadata, field.annotation]
    while pending:
        found = pending.pop()
        if isinstance(found, kind):
            return found
        if typing.get_origin(found) is typing.Annotated:
            pending.extend(found.__metadata__)
        pending.extend(typing.get_args(found))
    return None


def _is_inner_part(node: MapNode, cls: type, family: str, main: str | None) -> bool:
    """Whether a mapping is the main option, itself a part (`bidirectional: {lstm: 8}`), not a mapping of options."""
    fields = fields_of(cls)
    if main is None or family_of(fields[main]) is None:
        return False
    own = [*fields, *(LAYER_EXTRAS if family == "layers" else ())]
    # A slip in the name of an option must not be taken for a part.
    return ("name" in node.entries or len(node.entries) == 1) and not any(closest(key, own) for key in node.entries)


def _name_form(node: MapNode, what: str, problems: Problems) -> Written | None:
    name = node.entries["name"].value
    if not isinstance(name, ScalarNode) or not isinstance(name.value, str):
        problems.add(f"the name of {article(what)} is {show(plain(name))}", name.place, "expected a name, as a text")
        return None
    rest = {key: entry for key, entry in node.entries.items() if key != "name"}
    return Written(name, MapNode(node.place, rest), flat=True)


def _not_a_form(node: Node, family: str, problems: Problems) -> None:
    what = noun(family)
    if family == "layers":
        forms = "expected a name, `name: value` or `name: {option: value}`"
    else:
        forms = "expected a name, {name: NAME, option: value} or {NAME: {option: value}}"
    if isinstance(node, MapNode) and family == "layers" and node.entries:
        _crowded_layer(node, problems)
    elif isinstance(node, MapNode):
        keys = f"has {len(node.entries)} keys and no name" if node.entries else "is empty"
        problems.add(f"{article(what)} that {keys}", node.place, forms)
    elif isinstance(node, ListNode):
        problems.add(f"a list where {article(what)} belongs", node.place, forms)
    else:
        problems.add(f"{show(plain(node))} where {article(what)} belongs", node.place, forms)


def _crowded_layer(node: MapNode, problems: Problems) -> None:
    """A layer with several keys, or with only a label: show how to write it."""
    kinds = [key for key in node.entries if key not in LAYER_EXTRAS]
    first = node.entries[kinds[0]] if kinds else None
    if first is None or (node.entries.keys() & {"name"} and next(iter(node.entries)) == "name"):
        label = node.entries.get("name")
        kind = label.value.text if label is not None and isinstance(label.value, ScalarNode) else "dense"
        hint = f"in a layer, name: is its label; write its kind as the key: `- {kind}: {{...}}`"
        problems.add("a layer without a kind", node.place, hint)
        return
    others = [key for key in node.entries if key != first.key.text]
    place = node.entries[others[0]].key.place
    hint = f"a layer is one key; its options go inside: {first.key.text}: {{..., {others[0]}: ...}}"
    problems.add(f"a second key {show(others[0])} beside {show(first.key.text)} in one layer", place, hint)
