"""JSON Schema (2020-12) of a recipe, for editors, from the same declarations the parser reads."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dllab.catalogue import FAMILIES, Part, parts, summary
from dllab.page import meaning
from dllab.recipe.assemble import KEYS, SPLITS, Shape
from dllab.recipe.forms import block_of, container, family_of, fields_of, reads_file, words_of
from dllab.recipe.keys import MEANINGS, Key
from dllab.recipe.parts import LABEL
from dllab.recipe.train_options import TrainOptions
from dllab.recipe.transfer import WEIGHTS
from dllab.recipe.wording import field_schema

FILES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
FACTORS = {
    "type": "object",
    "patternProperties": {".": {"type": "number", "minimum": 0}},
    "additionalProperties": False,
}
INIT_FROM = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "from": {"description": "A run or a recipe, by name or path.", "type": "string"},
                "layers": {"description": "Patterns of the layers to take. Left out: all that fit.", **FILES},
                "weights": {"description": "The last weights, or those of the best evaluation.", "enum": list(WEIGHTS)},
            },
            "required": ["from"],
            "additionalProperties": False,
        },
    ]
}
LABELS = {
    "description": "What the layer reads instead of the layer above: the label of an earlier one, or input.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
}


def schema() -> dict[str, Any]:
    """The schema of a recipe; parts are definitions named `<family>.<name>`. Imports every part there is."""
    definitions: dict[str, Any] = {}
    for family in FAMILIES:
        for name, part in parts(family).items():
            definitions[f"{family}.{name}"] = _options(part, family)
        definitions[family] = _forms(family)
    properties = _top()
    assert set(properties) == set(KEYS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dllab recipe",
        "type": "object",
        "properties": properties,
        "required": ["model"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _top() -> dict[str, Any]:
    chain = {"type": "array", "items": _ref("optimizers"), "minItems": 1}
    figures = {rf"^({'|'.join(SPLITS)})_[a-z][a-z0-9_]*$": {"type": "number"}}
    train = _block(TrainOptions)
    kinds: dict[str, dict[str, Any]] = {
        "about": {"type": ["string", "number", "boolean"]},
        "use": FILES,
        "data": _ref("datasets"),
        "input": TypeAdapter(Shape).json_schema(),
        "augment": {"anyOf": [_ref("augmentations"), {"type": "array", "items": _ref("augmentations")}]},
        "init_from": INIT_FROM,
        "freeze": FILES,
        "lr_factors": FACTORS,
        "loss": _ref("losses"),
        "optimizer": {"anyOf": [_ref("optimizers"), chain]},
        "schedule": _ref("schedules"),
        "metrics": {"type": "array", "items": _ref("metrics")},
        "train": train,
        "expect": {"type": "object", "patternProperties": figures, "additionalProperties": False},
    }
    optional = {key: {"description": _key(key), "anyOf": [kind, {"type": "null"}]} for key, kind in kinds.items()}
    return {**optional, "model": {"description": _key("model"), **_layers()}}


def _key(key: str) -> str:
    """What a key means, and what holds where it is left out."""
    told = MEANINGS.get(key, Key("", ""))
    means = f"{told.means[:1].upper()}{told.means[1:]}."
    return f"{means} Left out: {told.left_out}." if told.left_out else means


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _layers() -> dict[str, Any]:
    return {"type": "array", "items": _ref("layers"), "minItems": 1}


def _forms(family: str) -> dict[str, Any]:
    """The spellings of a part: its bare name, `{NAME: options}`, and (not for layers) `{name: NAME, ...options}`.

    A part with an option of its own name, and one that reads a file, too: `{NAME: value, ...options}`.
    """
    known = parts(family)
    bare = [name for name, part in known.items() if not any(field.is_required() for field in fields_of(part).values())]
    keyed = {
        "type": "object",
        "properties": {name: _keyed(name, part, family) for name, part in known.items()},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    forms: list[dict[str, Any]] = [{"enum": bare}] if bare else []
    forms.append(keyed)
    if family != "layers":
        forms.extend(_named(name, family, part) for name, part in known.items())
        forms.extend(
            _beside(name, family, part) for name, part in known.items() if name in fields_of(part) or reads_file(part)
        )
    return {"anyOf": forms}


def _beside(name: str, family: str, part: type[Part]) -> dict[str, Any]:
    """A part with its own name beside its other options: `{csv: houses.csv, target: price}`.

    The name is an option of it, or stands for the one of its file: `{text: book.txt, length: 32}`.
    """
    if name in fields_of(part):
        return {**_ref(f"{family}.{name}"), "required": [name]}
    options = _options(part, family)
    options["properties"] = {name if key == part.main else key: kind for key, kind in options["properties"].items()}
    return {**options, "required": [name]}


def _keyed(name: str, part: type[Part], family: str) -> dict[str, Any]:
    forms = [_ref(f"{family}.{name}"), {"type": "null"}]
    if part.main is not None:
        forms.append(_field(fields_of(part)[part.main]))
    return {"description": summary(part), "anyOf": forms}


def _named(name: str, family: str, part: type[Part]) -> dict[str, Any]:
    options = _options(part, family)
    options["properties"] = {"name": {"const": name, "description": summary(part)}, **options["properties"]}
    options["required"] = ["name", *options.get("required", [])]
    return options


def _options(part: type[Part], family: str) -> dict[str, Any]:
    options = {"description": inspect.getdoc(part) or "", **_block(part)}
    if family == "layers":
        label = {"type": "string", "pattern": f"^{LABEL}$", "description": "A label of the layer's own."}
        options["properties"] |= {"name": label, "from": LABELS}
    return options


def _block(cls: type) -> dict[str, Any]:
    fields = fields_of(cls)
    block: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"description": meaning(cls, name), **_field(field)} for name, field in fields.items()},
        "additionalProperties": False,
    }
    required = [name for name, field in fields.items() if field.is_required()]
    return {**block, "required": required} if required else block


def _field(field: FieldInfo) -> dict[str, Any]:
    """The schema of one option, with its default where JSON can say it."""
    family, block = family_of(field), block_of(field)
    if block is not None:
        forms = [_block(block), {"type": "null"}]
        main = getattr(block, "main", None)
        return {"anyOf": [*forms, _field(fields_of(block)[main])] if main else forms}
    if family is not None:
        return _inner(field.annotation, family)
    shape = field_schema(field)
    shape.pop("$defs", None)
    default = field.default
    if default is not PydanticUndefined and isinstance(default, str | int | float | bool | None):
        shape["default"] = default
    return shape


def _inner(annotation: Any, family: str) -> dict[str, Any]:
    """Inner parts, or lists of them; null and plain values as the option allows."""
    listed = container(annotation)
    if listed is not None and family == "layers" and container(listed[1]) is None:
        words = words_of(annotation)
        return {"anyOf": [_layers(), {"enum": words}]} if words else _layers()
    if listed is not None:
        return {"type": "array", "items": _inner(listed[1], family)}
    return {"anyOf": [_ref(family), {"type": ["null", "number", "boolean"]}]}
