"""A recipe back to plain data and to YAML, with every default filled in."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from dllab.catalogue import Part
from dllab.recipe.parts import AugmentEntry, LayerEntry
from dllab.recipe.transfer import InitFrom


def plain_value(value: Any) -> Any:
    """Parts as `{name: {option: value}}` (or the bare name where there is no option), tuples as lists."""
    if isinstance(value, LayerEntry):
        return _layer(value)
    if isinstance(value, AugmentEntry):
        return plain_value(value.part)
    if isinstance(value, InitFrom):
        return value.plain()
    if isinstance(value, Part):
        options = _options(value)
        return {value.name: options} if options else value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_value(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    return value


def to_yaml(data: dict[str, Any]) -> str:
    """YAML 1.2 that reads back as the same data; short collections stand on one line, but never the whole."""
    yaml = YAML(pure=True)
    yaml.default_flow_style = None
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_unicode = True
    yaml.representer.ignore_aliases = lambda *_: True
    text = io.StringIO()
    root = CommentedMap(_quoted(data))
    root.fa.set_block_style()
    yaml.dump(root, text)
    return text.getvalue()


def flow(value: Any) -> str:
    """The value as YAML 1.2 on one line."""
    yaml = YAML(pure=True)
    yaml.default_flow_style = True
    yaml.width = 10**9
    yaml.allow_unicode = True
    yaml.representer.ignore_aliases = lambda *_: True
    text = io.StringIO()
    yaml.dump({"": _quoted(value)}, text)  # in a list a mapping of one key would stand without braces
    return text.getvalue().strip()[1:-1].partition(":")[2].strip()


def brief(part: Part) -> str:
    """A part as one would write it: `shift: 2`, with the options that were given; of a run, those that are not usual.

    A run's recipe gives every option, also those that nobody asked for.
    """
    fields = type(part).model_fields
    given = {name: getattr(part, name) for name in fields if name in part.model_fields_set}
    if len(given) == len(fields) > 1:
        usual = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
        given = {name: value for name, value in given.items() if value != usual[name]}
    given = {
        name: int(value) if isinstance(value, float) and value == int(value) else value for name, value in given.items()
    }
    alone = given[part.main] if part.main is not None and set(given) == {part.main} else given
    return f"{part.name}: {flow(alone)}" if given else part.name


def _quoted(value: Any) -> Any:
    """The same data; texts with line breaks of any kind or control characters are marked for double quotes."""
    if isinstance(value, str):
        return value if value.isprintable() else DoubleQuotedScalarString(value)
    if isinstance(value, Mapping):
        return {key: _quoted(inner) for key, inner in value.items()}
    return [_quoted(inner) for inner in value] if isinstance(value, list | tuple) else value


def _options(part: BaseModel) -> dict[str, Any]:
    """All options, but no list of inner layers that was left out: an empty list of layers would be refused."""
    told = [key for key, field in type(part).model_fields.items() if field.is_required() or getattr(part, key) != ()]
    return {key: plain_value(getattr(part, key)) for key in told}


def _layer(entry: LayerEntry) -> Any:
    options = _options(entry.part)
    if entry.label is not None:
        options["name"] = entry.label
    if entry.source is not None:
        options["from"] = plain_value(entry.source)
    return {entry.part.name: options} if options else entry.part.name
