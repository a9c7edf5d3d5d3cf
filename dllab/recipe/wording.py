"""What an option takes, in plain words, from the JSON Schema of its field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import PydanticUserError, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.fields import FieldInfo

from dllab.recipe.errors import did_you_mean, show

SANITY_LIMIT = 1_000_000  # an upper bound this high only matters to the value that breaks it
SWITCH_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def field_schema(field: FieldInfo) -> dict[str, Any]:
    """The JSON Schema of one option; {} (anything) for types JSON Schema cannot say."""
    kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    try:
        schema: dict[str, Any] = TypeAdapter(kind).json_schema()
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        return {}
    return schema


def expectation(field: FieldInfo, value: object) -> str:
    """`expected a whole number of at least 1, got 'ten'`, and what to write where that can be told."""
    leaves = list(_leaves(field_schema(field)))
    return f"expected {_alternatives(leaves, value)}, got {show(value)}" + _advice(leaves, value)


def takes(field: FieldInfo) -> str:
    """`a whole number of at least 1, or one of: classes, features`."""
    return _alternatives(list(_leaves(field_schema(field))), None)


def _leaves(schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """The alternatives of a schema that are not themselves alternatives; null is left out."""
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    if "$ref" in schema:
        yield from _leaves(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    elif "anyOf" in schema or "oneOf" in schema:
        for part in schema.get("anyOf") or schema["oneOf"]:
            yield from _leaves(part, definitions)
    elif schema.get("type") != "null":
        yield schema


def _alternatives(leaves: list[dict[str, Any]], value: object) -> str:
    said: list[str] = []
    words: list[object] = []
    for leaf in leaves:
        if "enum" in leaf or "const" in leaf:
            words.extend(leaf.get("enum", [leaf.get("const")]))
        else:
            said.append(_one(leaf, value))
    if words:
        listed = ", ".join(str(word) if isinstance(word, str) else show(word) for word in words)
        said.append(f"one of: {listed}" if len(words) > 1 else f"the word {listed}" if not said else listed)
    said = list(dict.fromkeys(said)) or ["another value"]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, or {said[-1]}"


def _one(schema: dict[str, Any], value: object) -> str:
    match schema.get("type"):
        case "integer":
            return "a whole number" + _range(schema, value)
        case "number":
            return "a number" + _range(schema, value)
        case "boolean":
            return "true or false"
        case "string":
            return f"a text of the form {schema['pattern']}" if "pattern" in schema else "a text"
        case "array":
            return _list(schema, value)
        case "object":
            return "a mapping {key: value}"
    return "a value"


def _range(schema: dict[str, Any], value: object) -> str:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    limit = high if high is not None else below
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if limit is not None and limit >= SANITY_LIMIT and (number is None or number <= limit):
        high = below = None
    if low is not None and high is not None:
        return f" from {_figure(low)} to {_figure(high)}"
    said = []
    if low is not None:
        said.append(f"of at least {_figure(low)}")
    if above is not None:
        said.append(f"above {_figure(above)}")
    if high is not None:
        said.append(f"of at most {_figure(high)}")
    if below is not None:
        said.append(f"below {_figure(below)}")
    return f" {' and '.join(said)}" if said else ""


def _figure(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,.12g}"


def _list(schema: dict[str, Any], value: object) -> str:
    items = schema.get("prefixItems") or ([schema["items"]] if schema.get("items") else [])
    item = value[0] if isinstance(value, list) and value and not isinstance(value[0], list) else None
    inner = list(dict.fromkeys(_alternatives(list(_leaves(part)), item) for part in items))
    least, most = schema.get("minItems"), schema.get("maxItems")
    count = ""
    if least is not None and least == most:
        count = f" of {least}"
    elif least is not None or most is not None:
        bounds = [f"at least {least}"] if least else []
        bounds += [f"at most {most}"] if most is not None else []
        count = f" of {' and '.join(bounds)}"
    return f"a list{count}" + (f" (each {inner[0]})" if len(inner) == 1 else f" ({'; '.join(inner)})" if inner else "")


def _advice(leaves: list[dict[str, Any]], value: object) -> str:
    """` Write 100.` where the slip is a known one (with the leading full stop and space), else an empty text."""
    types = {leaf.get("type") for leaf in leaves}
    if isinstance(value, str):
        names = [word for leaf in leaves for word in leaf.get("enum", [leaf.get("const")]) if isinstance(word, str)]
        if "boolean" in types and value.lower() in SWITCH_WORDS:
            return f". Write {SWITCH_WORDS[value.lower()]}"
        if types & {"integer", "number"} and re.fullmatch(r"[-+]?[\d_,]*\.?\d+([eE][-+]?\d+)?", value):
            return f". Write {value.replace('_', '').replace(',', '')}, without quotes or separators"
        guess = did_you_mean(value, names)
        return f".{guess}" if guess else ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 and "integer" in types:
        return f". Write {int(value)}"
    if "array" in types and not types & {"integer", "number"} and isinstance(value, int | float):
        least = next(leaf.get("minItems", 1) for leaf in leaves if leaf.get("type") == "array")
        return f". Write {show([value] * min(max(least, 1), 8))}"
    return ""
