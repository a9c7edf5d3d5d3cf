"""A recipe as YAML with comments: what each key and option means, what it takes, and what else there is.

Options at their defaults stand there as comments without a space, `#seed: 0`: taking the # away changes nothing until
the value is changed, too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dllab.catalogue import Part, parts, summary
from dllab.page import meaning
from dllab.recipe.assemble import KEYS
from dllab.recipe.dump import flow, plain_value, to_yaml
from dllab.recipe.errors import article
from dllab.recipe.forms import block_of, container, family_of, fields_of, noun, own_first
from dllab.recipe.keys import MEANINGS, Key
from dllab.recipe.parts import AugmentEntry, LayerEntry
from dllab.recipe.place import visible
from dllab.recipe.recipe import Recipe
from dllab.recipe.wording import takes

WIDTH, LONGEST = 88, 110


def commented(recipe: Recipe) -> str:
    """The text of the recipe; loading it gives an equal recipe, with or without its commented options."""
    lines = [
        *_comment(f"{visible(recipe.name)}: a recipe for dllab. A line such as #seed: 0 is an option at its default: take "
                  "the # away to set it. `dllab schema` lets editors complete and check recipes.", ""),
    ]  # fmt: skip
    for key in KEYS:
        if key in ("data", "input") and getattr(recipe, key) is None:
            continue
        lines += ["", *_key(key, MEANINGS.get(key, Key("", "")), getattr(recipe, key))]
    return "\n".join(lines) + "\n"


def _key(key: str, told: Key, value: Any) -> Iterator[str]:
    """A key with its comment and value."""
    left_out = f" Left out: {told.left_out}." if told.left_out else ""
    yield from _comment(f"{told.means[:1].upper()}{told.means[1:]}.{left_out}{_choices(told.family)}", "")
    if key == "model":
        yield "model:"
        yield from _layers(value)
    elif key == "optimizer":
        yield from _chain(key, value)
    elif isinstance(value, Part):
        yield f"{key}:"
        yield from _part(value, "  ")
    elif hasattr(type(value), "__pydantic_fields__"):
        yield f"{key}:"
        yield from _options(value, _changed(value), "  ")
    else:
        absent = value is None or value in ("", {}) or (key in ("use", "augment", "freeze") and not value)
        plain = _plain(value)
        yield from (f"#{line}" if absent else line for line in _yaml({key: plain}))


def _choices(family: str) -> str:
    """` One of: mae, mse (`dllab losses` lists them).`; for layers, of which there are many, the command alone."""
    if not family:
        return ""
    if family == "layers":
        return " Each is a name, `name: value` or `name: {option: value}`; `dllab layers` lists them."
    return f" There are: {', '.join(sorted(parts(family)))} (`dllab {family} NAME` explains one)."


def _chain(key: str, links: Sequence[Part]) -> Iterator[str]:
    yield f"{key}:"
    if len(links) == 1:
        yield from _part(links[0], "  ")
        return
    for link in links:
        first, *rest = _part(link, "    ")
        yield from [f"  - {first.strip()}", *rest]


def _layers(entries: Sequence[LayerEntry]) -> Iterator[str]:
    """The layers, the first of each kind with its first line and the options that may be added."""
    seen: set[str] = set()
    for entry in entries:
        kind = type(entry.part)
        if kind.name not in seen:
            options = ", ".join(fields_of(kind))
            more = f" Options: {options}; `dllab layers {kind.name}` explains them." if options else ""
            yield from _comment(f"{kind.name}: {summary(kind)}{more}", "  ")
        seen.add(kind.name)
        yield from _item(_layer(entry))


def _item(layer: Any) -> list[str]:
    """A layer as an item of the list: on one line, if that is not too long."""
    if isinstance(layer, str):
        return [f"  - {layer}"]
    ((name, value),) = layer.items()
    line = f"  - {name}: {flow(value)}"
    return [line] if len(line) <= LONGEST else _yaml({"model": [layer]})[1:]


def _part(part: Part, indent: str) -> Iterator[str]:
    """`name:` and every option of a part."""
    yield f"{indent}name: {part.name}"
    yield from _options(part, part.model_fields_set, indent)


def _options(block: Any, given: frozenset[str] | set[str], indent: str) -> Iterator[str]:
    """Every option with its comment; those not given are commented out."""
    cls = type(block)
    for name in own_first(cls):
        field = fields_of(cls)[name]
        value, inner = getattr(block, name), block_of(field)
        family = family_of(field)
        takes_words = takes(field) if family is None else _parts_words(field, family)
        if inner is not None:
            takes_words = f"options: {', '.join(fields_of(inner))}"
        yield from _comment(f"{meaning(cls, name).rstrip('.')} ({takes_words})", indent)
        if name in given and inner is not None and isinstance(value, inner):
            yield f"{indent}{name}:"
            yield from _options(value, _changed(value), f"{indent}  ")
        else:
            mark = "" if name in given else "#"
            yield from (f"{indent}{mark}{line}" for line in _yaml({name: _plain(value)}))


def _parts_words(field: Any, family: str) -> str:
    return f"a list of {noun(family)}s" if container(field.annotation) else article(noun(family))


def _changed(block: Any) -> set[str]:
    """The options of a block that are not at their defaults, and those that have none."""
    fields = fields_of(type(block))
    return {name for name, field in fields.items() if field.is_required() or getattr(block, name) != field.default}


def _written(part: Part) -> Any:
    """A part as one would write it: the options that were given, the shortest form."""
    return _short(part.name, _given(part), part.main)


def _layer(entry: LayerEntry) -> Any:
    options = _given(entry.part)
    options |= {"name": entry.label} if entry.label is not None else {}
    options |= {"from": plain_value(entry.source)} if entry.source is not None else {}
    return _short(entry.part.name, options, entry.part.main)


def _given(part: Part) -> dict[str, Any]:
    return {name: _plain(getattr(part, name)) for name in fields_of(type(part)) if name in part.model_fields_set}


def _short(name: str, options: dict[str, Any], main: str | None) -> Any:
    if not options:
        return name
    alone = len(options) == 1 and main in options
    return {name: options[main]} if alone and not isinstance(options[main], Mapping) else {name: options}  # type: ignore[index]


def _plain(value: Any) -> Any:
    """Plain data; inner parts and layers in their shortest form."""
    if isinstance(value, LayerEntry):
        return _layer(value)
    if isinstance(value, AugmentEntry):
        return _written(value.part)
    if isinstance(value, Part):
        return _written(value)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return plain_value(value)


def _yaml(data: dict[str, Any]) -> list[str]:
    return to_yaml(data).rstrip("\n").split("\n")


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
