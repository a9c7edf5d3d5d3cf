"""The settings of a run, flat, as overrides name them: `optimizer`, `optimizer.lr`, `model[0].dense.units`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

SEED = "train.seed"
UNSAID = ("about", "expect", "use")
"""Keys that change nothing in what is trained."""
PARTS = ("data", "loss", "optimizer", "schedule")
"""Keys that name a part: `optimizer: {adam: {lr: 0.05}}` is `optimizer: adam` and `optimizer.lr: 0.05`."""


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested data as one mapping from key paths (`train.epochs`, `model[0].dense.units`) to plain values."""
    if isinstance(value, Mapping) and value:
        return {k: v for key, inner in value.items() for k, v in flat(inner, f"{path}.{key}" if path else str(key)).items()}
    if isinstance(value, list | tuple) and value:
        return {k: v for i, inner in enumerate(value) for k, v in flat(inner, f"{path}[{i}]").items()}
    return {path: value}


def settings_of(text: str) -> dict[str, Any]:
    """The settings in a recipe.yaml; {} where it cannot be read.

    Runs of one recipe differ in few lines, and YAML is slow to read: what was read once is remembered, block by block.
    """
    try:
        found: dict[str, Any] = {}
        for block in _blocks(text):
            found.update(_read(block))
        return found
    except Exception:  # a file of the user's own, in which a line does not stand for itself
        try:
            return _read(text)
        except Exception:
            return {}


def _blocks(text: str) -> Iterator[str]:
    """The text in pieces that can be read alone: top-level keys, and of `train` each of its keys."""
    for block in re.split(r"(?m)^(?=[A-Za-z_])", text):
        if not block.startswith("train:\n"):
            yield block
            continue
        for line in re.split(r"(?m)^(?=  \w)", block.removeprefix("train:\n")):
            if line.strip():
                yield f"train:\n{line}"


@lru_cache(maxsize=4096)
def _read(text: str) -> dict[str, Any]:
    from ruamel.yaml import YAML

    document = YAML(typ="safe", pure=True).load(text)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise TypeError(document)
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key not in UNSAID:
            found.update(_named(key, value) if key in PARTS else flat(value, str(key)))
    return {readable(key): kept(value) for key, value in found.items()}


def kept(value: Any) -> str | int | float | bool | None:
    """A value as any file of JSON can hold it: numbers that are none as YAML writes them, what has parts as a text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return readable(str(value))


def readable(text: str) -> str:
    """A text without what UTF-8 cannot write, and without the NUL that ends one in a database."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _named(key: str, value: Any) -> dict[str, Any]:
    """The name of a part, and its options without it."""
    if isinstance(value, list):
        return {k: v for i, inner in enumerate(value) for k, v in _named(f"{key}[{i}]", inner).items()}
    if isinstance(value, dict) and len(value) == 1:
        ((name, options),) = value.items()
        return {key: name, **(flat(options, key) if isinstance(options, dict) else {})}
    return flat(value, key)
