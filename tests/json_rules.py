"""JSON Schema validation, as much of it as the schema of recipes uses."""

from __future__ import annotations

import re
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def fits(data: Any, rule: dict[str, Any], top: dict[str, Any]) -> bool:
    """JSON Schema validation, as much of it as the schema of recipes uses."""
    if "$ref" in rule:
        return fits(data, top["$defs"][rule["$ref"].removeprefix("#/$defs/")], top)
    return all(_keeps(data, key, said, rule, top) for key, said in rule.items())


def _keeps(data: Any, key: str, said: Any, rule: dict[str, Any], top: dict[str, Any]) -> bool:
    mapping, listed = isinstance(data, dict), isinstance(data, list)
    number = isinstance(data, int | float) and not isinstance(data, bool)
    match key:
        case "type":
            names = said if isinstance(said, list) else [said]
            return any(isinstance(data, TYPES[n]) and (n == "boolean" or not isinstance(data, bool)) for n in names)
        case "anyOf":
            return any(fits(data, part, top) for part in said)
        case "enum":
            return data in said
        case "const":
            return bool(data == said)
        case "properties":
            return not mapping or all(fits(data[name], part, top) for name, part in said.items() if name in data)
        case "patternProperties":
            pairs = data.items() if mapping else ()
            return all(fits(v, part, top) for k, v in pairs for p, part in said.items() if re.search(p, k))
        case "additionalProperties":
            known = [*rule.get("properties", {})]
            patterns = rule.get("patternProperties", {})
            return not mapping or all(k in known or any(re.search(p, k) for p in patterns) for k in data)
        case "required":
            return not mapping or all(name in data for name in said)
        case "items":
            return not listed or all(fits(item, said, top) for item in data[len(rule.get("prefixItems", [])) :])
        case "prefixItems":
            return not listed or all(fits(item, part, top) for item, part in zip(data, said))
        case "minItems" | "minProperties":
            return not isinstance(data, list | dict) or len(data) >= said
        case "maxItems" | "maxProperties":
            return not isinstance(data, list | dict) or len(data) <= said
        case "minLength":
            return not isinstance(data, str) or len(data) >= said
        case "maxLength":
            return not isinstance(data, str) or len(data) <= said
        case "minimum":
            return not number or data >= said
        case "maximum":
            return not number or data <= said
        case "exclusiveMinimum":
            return not number or data > said
        case "exclusiveMaximum":
            return not number or data < said
        case "multipleOf":
            return not number or data % said == 0
        case "pattern":
            return not isinstance(data, str) or re.search(said, data) is not None
    assert key in {"$schema", "$defs", "title", "description", "default"}, f"the validator does not know {key}"
    return True
