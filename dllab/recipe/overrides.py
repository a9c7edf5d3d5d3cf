"""Overrides: `optimizer.lr=0.1`, `model[0].dense.units=64`, `model.hidden.units=64`, `model.0_dense.units=64`.

They change the tree of a recipe before it is validated, so they go through the same checks and give the same errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from dllab.catalogue import Part, parts
from dllab.recipe.assemble import KEYS
from dllab.recipe.errors import Problems, article, did_you_mean, one_of, show
from dllab.recipe.forms import (
    LAYER_EXTRAS,
    Written,
    block_of,
    container,
    family_of,
    fields_of,
    lookup,
    noun,
    options_of,
    read_form,
)
from dllab.recipe.nodes import MAX_DEPTH, Entry, ListNode, MapNode, Node, ScalarNode, from_plain, is_null, plain
from dllab.recipe.paths import STANDARD_INPUT
from dllab.recipe.place import Place, visible
from dllab.recipe.train_options import INSTEAD, TrainOptions
from dllab.recipe.yaml_nodes import one_place, read

SHOWN_LAYERS = 6
LABEL = "override "
EXAMPLE = "write it as key=value, for example train.epochs=5 or model[0].dense.units=64"


@dataclass(frozen=True)
class _Options:
    """A mapping with the options of a class."""

    cls: type


@dataclass(frozen=True)
class _Part:
    """A part of a family, in any of its forms."""

    family: str


@dataclass(frozen=True)
class _Several:
    """A list of parts of a family; `or_one` where a single part may stand for it (an optimizer chain)."""

    family: str
    or_one: bool = False


@dataclass(frozen=True)
class _Plain:
    """Values the parser passes on as they are."""


_Kind = _Options | _Part | _Several | _Plain
_KINDS: dict[str, _Kind] = {
    "data": _Part("datasets"),
    "augment": _Several("augmentations", or_one=True),
    "model": _Several("layers"),
    "loss": _Part("losses"),
    "optimizer": _Several("optimizers", or_one=True),
    "schedule": _Part("schedules"),
    "metrics": _Several("metrics"),
    "train": _Options(TrainOptions),
}
_DEFAULTS = {"optimizer": "adam", "schedule": "constant"}  # what an option belongs to where the key is absent


class _Refused(Exception):
    """An override that cannot be applied."""

    def __init__(self, message: str, hint: str) -> None:
        self.message, self.hint = message, hint


def apply(root: MapNode, overrides: Sequence[str], problems: Problems) -> None:
    """Change the tree by each override in turn; those that cannot be applied go to `problems`."""
    for text in overrides:
        place = Place(f"{LABEL}{text if len(text) <= 60 else text[:59] + '…'}")
        try:
            path, value = _parsed(text, place, problems)
            if value is not None:
                _Change(root, value, place).run(path)
        except _Refused as refused:
            problems.add(refused.message, place, refused.hint)


def _parsed(text: str, place: Place, problems: Problems) -> tuple[list[str | int], Node | None]:
    path, equals, value = text.partition("=")
    if not equals:
        raise _Refused("an override without '='", EXAMPLE)
    steps: list[str | int] = []
    for piece in path.strip().split("."):
        match = re.fullmatch(r"([^\[\]\s]*)((?:\[-?\d{1,9}\])*)", piece)
        if match is None or not (match[1] or (match[2] and steps)):
            raise _Refused(f"{show(path)} is not a path of keys", EXAMPLE)
        if match[1]:
            steps.append(int(match[1]) if re.fullmatch(r"-?\d{1,9}", match[1]) else match[1])
        steps.extend(int(index) for index in re.findall(r"-?\d+", match[2]))
    if len(steps) > MAX_DEPTH:
        raise _Refused(f"a path of {len(steps)} keys", f"paths have at most {MAX_DEPTH} keys")
    before = len(problems)
    if value.strip() == STANDARD_INPUT:  # in YAML the beginning of a list
        return steps, ScalarNode(STANDARD_INPUT, STANDARD_INPUT, place)
    node = read(value, one_place(place.label), problems)
    if node is None and len(problems) == before:
        node = ScalarNode(None, "", place)
    return steps, node


@dataclass
class _Change:
    """Puts one value at a path; each method takes a node and returns what replaces it."""

    root: MapNode
    value: Node
    place: Place

    def run(self, path: list[str | int]) -> None:
        key, rest = str(path[0]), path[1:]
        if key not in KEYS:
            raise _Refused(f"unknown key {show(key)} of the recipe", one_of(KEYS, key))
        entry = self.root.entries.get(key)
        node = None if entry is None or is_null(entry.value) else entry.value
        if node is None and key in _DEFAULTS and rest:
            node = ScalarNode(_DEFAULTS[key], _DEFAULTS[key], self.place)
        new = self.put(node, _KINDS.get(key, _Plain()), rest, key)
        self.root.entries[key] = Entry(entry.key if entry is not None else self.key(key), new)

    def key(self, text: str) -> ScalarNode:
        return ScalarNode(text, text, self.place)

    def put(self, node: Node | None, kind: _Kind, path: list[str | int], where: str) -> Node:
        if not path:
            return self.value
        match kind:
            case _Options(cls):
                return self.in_options(node, cls, path, where)
            case _Part(family) if isinstance(node, ListNode):
                return self.in_several(node, family, False, path, where)
            case _Part(family):
                return self.in_part(node, family, path, where)
            case _Several(family, or_one):
                return self.in_several(node, family, or_one, path, where)
            case _Plain():
                return self.in_plain(node, path, where)

    def in_plain(self, node: Node | None, path: list[str | int], where: str) -> Node:
        step = path[0]
        if isinstance(node, ListNode):
            return self.in_list(node, _Plain(), path, where)
        if node is None and isinstance(step, str):
            node = MapNode(self.place)
        if not isinstance(node, MapNode):
            found = "is not set" if node is None else f"is {show(plain(node))}"
            raise _Refused(f"{where} {found}: there is no {where}{_dotted(step)}", f"set the whole of it: {where}=...")
        return self.in_map(node, str(step), _Plain(), path[1:], where)

    def in_map(self, node: MapNode, key: str, kind: _Kind, path: list[str | int], where: str) -> Node:
        entry = node.entries.get(key)
        inner = None if entry is None or is_null(entry.value) else entry.value
        new = self.put(inner, kind, path, f"{where}.{key}")
        node.entries[key] = Entry(entry.key if entry is not None else self.key(key), new)
        return node

    def in_list(self, node: ListNode, kind: _Kind, path: list[str | int], where: str) -> Node:
        index, count = path[0], len(node.items)
        if not isinstance(index, int):
            raise _Refused(f"{where} is a list: it has no key {show(index)}", f"give a position: {where}[0]")
        if not -count <= index < count:
            hint = f"it holds {_positions(where, count)}" if count else f"the list {where} is empty"
            raise _Refused(f"there is no {where}[{index}]", hint)
        node.items[index] = self.put(node.items[index], kind, path[1:], f"{where}[{index}]")
        return node

    def in_options(self, node: Node | None, cls: type, path: list[str | int], where: str) -> Node:
        main = getattr(cls, "main", None)
        if node is None:
            node = MapNode(self.place)
        elif isinstance(node, ScalarNode) and main is not None:
            node = MapNode(node.place, {main: Entry(self.key(main), node)})
        if not isinstance(node, MapNode):
            raise _Refused(f"{where} is {show(plain(node))}, not a mapping", f"set the whole of it: {where}=...")
        key = str(path[0])
        kind = _kind_of(fields_of(cls).get(key))
        if key not in fields_of(cls) and len(path) > 1 and key not in LAYER_EXTRAS:
            raise _Refused(f"unknown option {show(key)} of {where}", one_of(sorted(fields_of(cls)), key))
        other = node.entries.get(INSTEAD.get(key, "")) if cls is TrainOptions and not is_null(self.value) else None
        if other is not None and not other.value.place.label.startswith(LABEL):
            del node.entries[other.key.text]
        default = fields_of(cls)[key].default if key in fields_of(cls) else None
        if key not in node.entries and len(path) > 1 and isinstance(kind, _Plain) and isinstance(default, tuple | list):
            # One item changes; the others keep their defaults.
            node.entries[key] = Entry(self.key(key), from_plain(default, Problems()))
        return self.in_map(node, key, kind, path[1:], where)

    def in_part(self, node: Node | None, family: str, path: list[str | int], where: str) -> Node:
        if node is None:
            hint = f"set it first, by name: {where}=NAME"
            raise _Refused(f"the recipe has no {where} whose {_dotted(path[0])} could be set", hint)
        problems = Problems()
        written = read_form(node, family, problems)
        cls = lookup(written, family, problems) if written is not None else None
        if written is None or cls is None:
            raise _from(problems)
        step, rest = path[0], path[1:]
        if step == "name" and family != "layers" and not rest:
            return self.renamed(written, family)
        if step == cls.name and step not in fields_of(cls):
            if not rest:
                self.check_options(node, cls, family, where)
                return MapNode(node.place, {cls.name: Entry(written.name, self.value)})
            path = rest
        if isinstance(path[0], int) and cls.main is not None:
            path = [cls.main, *path]
        options = options_of(written, cls, family, problems)
        if options is None:
            raise _from(problems)
        changed = self.in_options(options, cls, path, where)
        return MapNode(node.place, {cls.name: Entry(written.name, changed)})

    def check_options(self, node: Node, cls: type[Part], family: str, where: str) -> None:
        """Raise _Refused where the options of a layer are to be another layer."""
        other = next(iter(self.value.entries)) if isinstance(self.value, MapNode) and len(self.value.entries) == 1 else ""
        if family != "layers" or other in fields_of(cls) or other in LAYER_EXTRAS or other not in parts(family):
            return
        layers = _layers(self.root.entries["model"].value, "model")
        path = next((layer.path for layer in layers if layer.holder.items[layer.index] is node), where)
        hint = f"{path}={{{other}: ...}} replaces the layer"
        raise _Refused(f"{other} is a layer itself, and stands where options of {cls.name} belong", hint)

    def renamed(self, written: Written, family: str) -> Node:
        if not isinstance(self.value, ScalarNode) or not isinstance(self.value.value, str):
            hint = f"expected one of: {', '.join(sorted(parts(family)))}"
            raise _Refused(f"{show(plain(self.value))} is not the name of {article(noun(family))}", hint)
        options = written.options if written.options is not None else MapNode(self.place)
        return MapNode(self.place, {self.value.text: Entry(self.value, options)})

    def in_several(self, node: Node | None, family: str, or_one: bool, path: list[str | int], where: str) -> Node:
        step = path[0]
        if or_one and not isinstance(node, ListNode):
            if not isinstance(step, int):
                return self.in_part(node, family, path, where)
            if step == 0 and node is not None:
                return self.put(node, _Part(family), path[1:], where)
        if not isinstance(node, ListNode):
            what = "is not set" if node is None else "is not a list"
            raise _Refused(f"{where} {what}: there is no {where}{_dotted(step)}", f"set the whole of it: {where}=...")
        if isinstance(step, int):
            return self.in_list(node, _Part(family), path, where)
        if family == "layers":
            holder, index, is_kind = self.named(node, step, where)
            path = path if is_kind and (len(path) > 1 or _has_main(family, step)) else path[1:]
        else:
            holder, index = self.member(node, family, step, where)
        holder.items[index] = self.put(holder.items[index], _Part(family), path, f"{where}.{step}")
        return node

    def named(self, node: ListNode, name: str, where: str) -> tuple[ListNode, int, bool]:
        """The layer of that label at any depth, of that place and kind (`0_dense`), or the only one of that kind.

        The last value says whether the name is a kind, which the layer's own form may spell out again.
        """
        layers = list(_layers(node, where))
        for layer in layers:
            if layer.label == name:
                return layer.holder, layer.index, False
        for layer in layers:
            if layer.holder is node and name == f"{layer.index}_{layer.kind}":
                return layer.holder, layer.index, False
        alike = [layer for layer in layers if layer.kind == name]
        if len(alike) == 1:
            return alike[0].holder, alike[0].index, True
        if alike:
            raise _Refused(
                f"{len(alike)} layers of {where} are {name}", f"say which: {_listed(alike)}; or give one a label"
            )
        labels = [layer.label for layer in layers if layer.label is not None]
        known = f"its labels are {', '.join(labels)}" if labels else "it has no labels (name: gives a layer one)"
        by_position = f"; by position there is {_positions(where, len(node.items))}" if node.items else ""
        places = [f"{layer.index}_{layer.kind}" for layer in layers if layer.holder is node]
        meant = did_you_mean(name, [*labels, *(layer.kind for layer in layers), *places])
        raise _Refused(f"no layer of {where} is labelled {show(name)}", f"{known}{by_position}.{meant}".removesuffix("."))

    def member(self, node: ListNode, family: str, key: str, where: str) -> tuple[ListNode, int]:
        """The one part of a chain that has that name or that option."""
        fitting, known = [], []
        for index, item in enumerate(node.items):
            written = read_form(item, family, Problems())
            cls = lookup(written, family, Problems()) if written is not None else None
            if cls is None:
                continue
            known.extend([cls.name, *fields_of(cls)])
            if key == cls.name or key in fields_of(cls):
                fitting.append(index)
        if len(fitting) == 1:
            return node, fitting[0]
        if key == "name":
            fitting = list(range(len(node.items)))
        if fitting:
            hint = f"give its position: {', '.join(f'{where}[{index}].{key}' for index in fitting)}"
            have = "part of {} has" if len(fitting) == 1 else "parts of {} have"
            raise _Refused(f"{len(fitting)} {have.format(where)} {show(key)}", hint)
        raise _Refused(f"no part of {where} has {show(key)}", one_of(dict.fromkeys(known), key))


def _has_main(family: str, name: str) -> bool:
    """Whether `name: value` is short for an option of that part; for others a value in its place is another part."""
    place = Place(name)
    cls = lookup(Written(ScalarNode(name, name, place), None), family, Problems())
    return cls is not None and cls.main is not None


def _kind_of(field: FieldInfo | None) -> _Kind:
    """How the parser reads the value of an option."""
    family = family_of(field) if field is not None else None
    block = block_of(field) if field is not None else None
    if block is not None:
        return _Options(block)
    if field is None or family is None:
        return _Plain()
    return _Part(family) if container(field.annotation) is None else _Several(family)


@dataclass(frozen=True)
class _Layer:
    """A layer of the tree: the list it is in, its position there, its kind and label, and how a path names it."""

    holder: ListNode
    index: int
    kind: str
    label: str | None
    path: str


def _layers(node: Node, where: str) -> Iterator[_Layer]:
    """Every layer of a list, and of the lists inside it."""
    if not isinstance(node, ListNode):
        return
    for index, item in enumerate(node.items):
        path = f"{where}[{index}]"
        if isinstance(item, ScalarNode) and isinstance(item.value, str):
            yield _Layer(node, index, item.value, None, path)
        elif isinstance(item, ListNode):
            yield from _layers(item, path)
        elif isinstance(item, MapNode) and item.entries:
            kind, entry = next(iter(item.entries.items()))
            options = entry.value.entries if isinstance(entry.value, MapNode) else {kind: entry}
            label = options["name"].value if "name" in options else None
            yield _Layer(node, index, kind, label.text if isinstance(label, ScalarNode) else None, path)
            for key, inner in options.items():
                if key not in LAYER_EXTRAS:
                    yield from _layers(inner.value, f"{path}.{key}")


def _listed(layers: Sequence[_Layer]) -> str:
    """The paths of some layers; of many, the first few."""
    paths = [f"{layer.path}" + (f" ({layer.label})" if layer.label else "") for layer in layers[:SHOWN_LAYERS]]
    return ", ".join(paths) + (", ..." if len(layers) > SHOWN_LAYERS else "")


def _positions(where: str, count: int) -> str:
    return f"{where}[0] to {where}[{count - 1}]" if count > 1 else f"{where}[0]"


def _dotted(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{visible(step)}"


def _from(problems: Problems) -> _Refused:
    first = problems.found[0]
    return _Refused(f"{first.message} (at {first.place})", first.hint)
