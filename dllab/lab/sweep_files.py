"""The files that members of a sweep read: a sweep goes on, and workers elsewhere train, with the same bytes only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from dllab.data.table_text import digest_of
from dllab.recipe import Recipe
from dllab.recipe.forms import words_of
from dllab.recipe.paths import STANDARD_INPUT, names_file


def files_of(recipe: Recipe) -> set[str]:
    """The absolute paths of what a recipe's data and layers are read from: files, and folders of pictures."""
    return set(_named([recipe.data, recipe.model])) - {STANDARD_INPUT}


def stamps(paths: Iterable[str]) -> dict[str, str]:
    """For each path what stands for its content; "" where there is nothing that can be read."""
    return {path: _folder(path) if os.path.isdir(path) else digest_of(path).hex() for path in sorted(paths)}


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The paths whose content is another than it was; what could not be read then may be there by now."""
    return [path for path, stamp in then.items() if stamp and now.get(path, stamp) != stamp]


def _named(value: Any) -> Iterator[str]:
    """The paths that parts name, those inside of others among them."""
    if isinstance(value, BaseModel):
        for name, option in type(value).model_fields.items():
            inner = getattr(value, name)
            if not names_file(option):
                yield from _named(inner)
            elif isinstance(inner, str) and inner not in words_of(option.annotation):
                yield inner
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _named(getattr(value, one.name))


def _folder(path: str) -> str:
    """Names and contents of all files in a folder and below."""
    whole = hashlib.sha256()
    for base, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(base, name)
            whole.update(f"{os.path.relpath(file, path)}\n".encode("utf-8", "surrogateescape") + digest_of(file))
    return whole.hexdigest()
