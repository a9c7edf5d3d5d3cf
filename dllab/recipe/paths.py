"""Paths in recipes: those in a recipe's file count from the file's folder, all others from the working folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic.fields import FieldInfo

from dllab.catalogue import FilePath
from dllab.recipe.place import Place

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Folder:
    """Where a recipe lies; None for one that is no file. `working`: instead of the working folder of this process."""

    path: Path | None = None
    working: str | None = None

    def absolute(self, text: str, place: Place) -> str:
        """A path written at that place as an absolute one: the resolved recipe works from anywhere. `-` stays as it is."""
        if text in ("", STANDARD_INPUT):
            return text
        inside = self.path is not None and place.line is not None  # overrides and plain data have no lines
        base = str(self.path) if inside else self.working or os.getcwd()
        return os.path.normpath(os.path.join(base, os.path.expanduser(text)))


def names_file(option: FieldInfo) -> bool:
    """Whether an option is marked as a path."""
    return any(isinstance(mark, FilePath) for mark in option.metadata)
