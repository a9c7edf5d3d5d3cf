"""Builds parts, and blocks of options, from the tree of a recipe; every complaint at its own place."""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from dllab.catalogue import LayerName, Part
from dllab.recipe.errors import Problems, closest, did_you_mean, one_of, show
from dllab.recipe.forms import (
    LAYER_EXTRAS,
    block_of,
    container,
    family_of,
    fields_of,
    lookup,
    members,
    noun,
    options_of,
    read_form,
    takes_parts,
    words_of,
)
from dllab.recipe.nodes import Entry, ListNode, MapNode, Node, ScalarNode, is_null, plain
from dllab.recipe.paths import Folder, names_file
from dllab.recipe.place import Place
from dllab.recipe.wording import expectation, takes

LABEL = r"[a-z][a-z0-9_]*"
INPUT, DECODER = "input", "decoder"
_FAILED: Any = object()


@dataclass(frozen=True)
class LayerEntry:
    """A layer of a recipe: the part, its label, what it reads (None: the layer above), and where it is written.

    `source` is the label of an earlier layer or "input", or several of them. Two entries are equal when they say the
    same, wherever they stand.
    """

    part: Part
    label: str | None = None
    source: str | tuple[str, ...] | None = None
    place: Place = field(default=Place("recipe"), compare=False, repr=False)


@dataclass(frozen=True)
class AugmentEntry:
    """An augmentation of a recipe, and where it is written; equal when they say the same, wherever they stand."""

    part: Part
    place: Place = field(default=Place("recipe"), compare=False, repr=False)


@dataclass(frozen=True)
class _Reference:
    """A `from:` that names no visible label yet; judged when all labels are known."""

    label: str
    place: Place
    visible: tuple[str, ...]


@dataclass
class Builder:
    """Builds the parts of one recipe; collects what is wrong in `problems`.

    Labels are unique in the whole model. A layer sees those above it in its own list, and those above the blocks it is
    in; labels inside a block are not seen outside.
    """

    problems: Problems
    folder: Folder = field(default_factory=Folder)
    labels: dict[str, Place] = field(default_factory=dict)
    _visible: list[str] = field(default_factory=lambda: [INPUT, DECODER])
    _unresolved: list[_Reference] = field(default_factory=list)
    _input_is_ids: bool = False  # a layer above has read it as such

    def part(self, family: str, node: Node) -> Part | None:
        """One part in any of its forms; None if something is wrong with it."""
        taken = self._take_apart(node, family)
        if taken is None:
            return None
        cls, options, place = taken
        return typing.cast(Part | None, self.options(cls, options, f"{noun(family)} {cls.name}", place))

    def augmentation(self, node: Node) -> AugmentEntry | None:
        """One augmentation of a list, with its place; None if something is wrong with it."""
        taken = self._take_apart(node, "augmentations")
        if taken is None:
            return None
        cls, options, place = taken
        part = self.options(cls, options, f"augmentation {cls.name}", place)
        return None if part is None else AugmentEntry(part, place)

    def layers(self, node: Node) -> tuple[LayerEntry, ...] | None:
        """A list of layers; None if something is wrong with one of them."""
        if not isinstance(node, ListNode):
            hint = "write one layer per line, each after a dash: `- dense: 32`"
            self.problems.add(f"{_kind(node)} where a list of layers belongs", node.place, hint)
            return None
        if not node.items:
            self.problems.add("an empty list of layers", node.place, "name at least one layer: `- dense: 32`")
        outer, self._visible = self._visible, [*self._visible]
        built = [self.layer(item) for item in node.items]
        self._visible = outer
        entries = tuple(entry for entry in built if entry is not None)
        return entries if entries and len(entries) == len(built) else None

    def layer(self, node: Node) -> LayerEntry | None:
        """One layer of a list, with its label and source; None if something is wrong with it."""
        before = len(self.problems)
        taken = self._take_apart(node, "layers")
        if taken is None:
            return None
        cls, options, place = taken
        own = MapNode(options.place, {k: e for k, e in options.entries.items() if k not in LAYER_EXTRAS})
        extras = {key: options.entries[key].value for key in LAYER_EXTRAS if key in options.entries}
        source = self._source(extras["from"]) if "from" in extras else None
        label = self._label(extras["name"]) if "name" in extras else None
        part = self.options(cls, own, f"layer {cls.name}", place, LAYER_EXTRAS)
        if label is not None:
            self._visible.append(label)
        self._input_is_ids |= getattr(cls, "reads_ids", False) and source in (None, INPUT)
        return LayerEntry(part, label, source, place) if len(self.problems) == before else None

    def options(self, cls: type, node: MapNode, words: str, place: Place, extras: tuple[str, ...] = ()) -> Any:
        """An instance of a part or block of options from a mapping; None if something is wrong.

        `words` names it in messages (`layer dense`), `place` is its own place, `extras` are options others take out.
        """
        fields = fields_of(cls)
        before = len(self.problems)
        given: dict[str, Any] = {}
        failed: set[str] = set()
        for key, entry in node.entries.items():
            if key not in fields:
                self._unknown(key, entry.key.place, words, fields, extras)
                failed.update(closest(key, fields))  # so that the option that was meant is not called missing, too
                continue
            value = self._value(fields[key], entry.value, f"{key} of {words}")
            if value is _FAILED:
                failed.add(key)
            else:
                given[key] = value
        sound = len(self.problems) == before
        try:
            built = cls(**given)
        except ValidationError as error:
            self._explain(error, cls, node, words, place, failed, sound)
            return None
        return built if sound else None

    def _named(self, *, numbers: bool = False) -> tuple[str, ...]:
        """The labels to suggest: `decoder` only means something to data that answer in sequences.

        `numbers`: where ids do not do.
        """
        without = (DECODER, INPUT) if numbers and self._input_is_ids else (DECODER,)
        return tuple(label for label in self._visible if label not in without)

    def finish(self) -> None:
        """Judge the `from:` labels that were not visible where they stood."""
        for reference in self._unresolved:
            message = f"no earlier layer is labelled {show(reference.label)}"
            hint = f"give the layer that is meant this label: `name: {reference.label}`"
            if reference.label in self.labels:
                line = self.labels[reference.label].line
                where = f" on line {line}" if line else ""
                message = f"the layer {show(reference.label)}{where} stands below, or inside another block"
                hint = "give a layer above a label, and name that"
            hint = one_of(reference.visible, reference.label) if reference.visible else hint
            self.problems.add(message, reference.place, hint)
        self._unresolved.clear()

    def _take_apart(self, node: Node, family: str) -> tuple[type[Part], MapNode, Place] | None:
        """Class, options and place of a part in any of its forms."""
        written = read_form(node, family, self.problems)
        if written is None:
            return None
        cls = lookup(written, family, self.problems)
        options = options_of(written, cls, family, self.problems) if cls is not None else None
        return (cls, options, written.name.place) if cls is not None and options is not None else None

    def _label(self, node: Node) -> str | None:
        label = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(label, str) or not re.fullmatch(LABEL, label) or label in (INPUT, DECODER):
            hint = "expected a label of small letters, digits and _, that starts with a letter; not input, not decoder"
            self.problems.add(f"{show(plain(node))} cannot label a layer", node.place, hint)
            return None
        if label in self.labels:
            line = self.labels[label].line
            first = f" (first on line {line})" if line else ""
            hint = "give each layer a label of its own"
            self.problems.add(f"the label {show(label)} stands twice{first}", node.place, hint)
            return None
        self.labels[label] = node.place
        return label

    def _source(self, node: Node) -> str | tuple[str, ...] | None:
        items = node.items if isinstance(node, ListNode) else [node]
        labels: list[str] = []
        for item in items:
            label = item.value if isinstance(item, ScalarNode) else None
            if not isinstance(label, str):
                hint = "expected the label of an earlier layer, or input, or a list of them"
                self.problems.add(f"{show(plain(item))} where from: takes a label", item.place, hint)
                continue
            if label not in self._visible:
                self._unresolved.append(_Reference(label, item.place, self._named()))
            labels.append(label)
        if not items:
            self.problems.add("from: with an empty list", node.place, "name at least one earlier layer, or input")
        return tuple(labels) if isinstance(node, ListNode) else labels[0] if labels else None

    def _value(self, option: FieldInfo, node: Node, words: str) -> Any:
        """The value of an option: inner parts built, lists turned into the tuples that strict fields want."""
        family, block = family_of(option), block_of(option)
        if family is None and block is None:
            value = plain(node)
            if names_file(option) and isinstance(value, str) and value not in words_of(option.annotation):
                return self.folder.absolute(value, node.place)
            if any(isinstance(mark, LayerName) for mark in option.metadata) and isinstance(value, str):
                if value not in self._visible:
                    self._unresolved.append(_Reference(value, node.place, self._named(numbers=True)))
                return value
            return _arranged(option.annotation, value)
        kinds = members(option.annotation)
        if is_null(node) and type(None) in kinds:
            return None
        if isinstance(node, ScalarNode) and (type(node.value) in kinds or node.value in words_of(option.annotation)):
            return node.value
        if block is not None:
            return self._block(block, node, words)
        assert family is not None
        choices = words_of(option.annotation)
        if choices and isinstance(node, ScalarNode) and isinstance(node.value, str):
            hint = f"expected {takes_parts(option, family)}.{did_you_mean(node.value, choices)}".removesuffix(".")
            self.problems.add(f"{words} is {show(node.value)}", node.place, hint)
            return _FAILED
        return self._inner(option.annotation, family, node, words)

    def _block(self, cls: type, node: Node, words: str) -> Any:
        main = getattr(cls, "main", None)
        if isinstance(node, MapNode):
            options = node
        elif main is not None and isinstance(node, ScalarNode) and node.value is not None:
            options = MapNode(node.place, {main: Entry(ScalarNode(main, main, node.place), node)})
        else:
            hint = f"expected options: {', '.join(sorted(fields_of(cls)))}"
            self.problems.add(f"{words} is {show(plain(node))}", node.place, hint)
            return _FAILED
        built = self.options(cls, options, words.partition(" of ")[0], node.place)
        return _FAILED if built is None else built

    def _inner(self, annotation: Any, family: str, node: Node, words: str) -> Any:
        listed = container(annotation)
        if listed is None:
            built = self.part(family, node)
            return _FAILED if built is None else built
        kind, item = listed
        if family == "layers" and container(item) is None:
            entries = self.layers(node)
            return _FAILED if entries is None else kind(entries)
        if not isinstance(node, ListNode):
            one = noun(family) if container(item) is None else f"list of {noun(family)}s"
            hint = f"write one {one} per line, each after a dash, or [in, brackets]"
            self.problems.add(f"{words} is {_kind(node)}, not a list", node.place, hint)
            return _FAILED
        values = [self._inner(item, family, inner, f"an item of {words}") for inner in node.items]
        return _FAILED if any(value is _FAILED for value in values) else kind(values)

    def _unknown(self, key: str, place: Place, words: str, fields: dict[str, FieldInfo], extras: tuple[str, ...]) -> None:
        hint = one_of(sorted(fields), key, extras) if fields else f"{words} has no options of its own"
        self.problems.add(f"unknown option {show(key)} of {words}", place, hint)

    def _explain(
        self,
        error: ValidationError,
        cls: type,
        node: MapNode,
        words: str,
        place: Place,
        failed: set[str],
        sound: bool,
    ) -> None:
        """Pydantic's complaints in the recipe's words, one for each option."""
        fields = fields_of(cls)
        told: set[str] = set(failed)
        for complaint in error.errors(include_url=False):
            location = complaint["loc"]
            raised = complaint.get("ctx", {}).get("error")
            key = str(location[0]) if location else ""
            if key in told:
                continue
            told.add(key)
            if key not in fields:
                # About the options together; with one of them missing it would be about something else.
                if sound:
                    what = str(raised or complaint["msg"])
                    self.problems.add(f"{words}: {what}", place, _change(node, words, fields, what))
            elif key not in node.entries:
                hint = f"expected {self._takes(fields[key])}; {_how(cls, words, key, bool(node.entries))}"
                self.problems.add(f"{words} needs the option {show(key)}", place, hint)
            else:
                value = node.entries[key].value
                hint = str(raised) if raised is not None else expectation(fields[key], plain(value))
                self.problems.add(f"wrong value for option {show(key)} of {words}", _at(value, location[1:]), hint)

    def _takes(self, option: FieldInfo) -> str:
        family = family_of(option)
        return takes(option) if family is None else takes_parts(option, family)


def _arranged(annotation: Any, value: Any) -> Any:
    """Lists as tuples, all the way down, where the option is declared as tuples."""
    listed = container(annotation)
    if listed is None or not isinstance(value, list):
        return value
    kind, item = listed
    return kind(_arranged(item, inner) for inner in value)


def _at(node: Node, location: tuple[int | str, ...]) -> Place:
    """The place of the item a complaint is about, as deep as its path can be followed."""
    for step in location:
        if isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        elif isinstance(node, MapNode) and step in node.entries:
            node = node.entries[str(step)].value
    return node.place


def _how(cls: type, words: str, key: str, beside: bool) -> str:
    """How an option is given; `beside` others."""
    name = words.rpartition(" ")[2]
    if name in fields_of(cls) and name != key:
        return f"write {{{name}: ..., {key}: VALUE}}"
    if beside:
        return f"write {name}: {{..., {key}: VALUE}}"
    return f"write {name}: VALUE" if getattr(cls, "main", None) == key else f"write {name}: {{{key}: VALUE}}"


def _change(node: MapNode, words: str, fields: dict[str, FieldInfo], told: str) -> str:
    """What to change: of the options that are given those the complaint names, if it names any."""
    given = [key for key in node.entries if key in fields]
    given = [key for key in given if re.search(rf"\b{key}\b", told)] or given
    return f"change one of: {', '.join(given)}" if given else f"options of {words}: {', '.join(sorted(fields))}"


def _kind(node: Node) -> str:
    return "a mapping" if isinstance(node, MapNode) else "a list" if isinstance(node, ListNode) else show(plain(node))
