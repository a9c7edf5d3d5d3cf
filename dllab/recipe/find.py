"""Finds recipes: by the name of a shipped one, or by path."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from dllab.places import folder
from dllab.recipe.errors import Problem, RecipeError, did_you_mean, show
from dllab.recipe.place import Place
from dllab.recipe.yaml_nodes import MAX_BYTES

ENDINGS = (".yaml", ".yml")
LISTING = "`dllab recipes` lists the recipes that come with the lab"


def shipped() -> dict[str, Path]:
    """The recipes that come with the lab, by name, sorted."""
    found = (path for path in sorted(folder("recipes").iterdir()) if path.suffix in ENDINGS)
    return {path.stem: path for path in found}


def locate(reference: str | Path) -> tuple[Path, str]:
    """The file a reference means, and how to name it in messages.

    A path is a Path, anything with a slash or a YAML ending, or the name of an existing file; all else is the name of a
    shipped recipe. Raises RecipeError for an unknown name.
    """
    text = str(reference)
    looks_like_path = (
        isinstance(reference, Path) or "/" in text or os.sep in text or text.endswith(ENDINGS) or text in (".", "..")
    )
    if looks_like_path or _is_file(Path(text)):
        return Path(text), text
    try:
        known = shipped()
    except FileNotFoundError as error:
        raise RecipeError([Problem("no shipped recipes", Place(text), str(error))]) from None
    if text in known:
        return known[text], _shortest(known[text])
    if text and _is_folder(Path(text)):
        return Path(text), text
    if text == "last":
        hint = "that is a run, and its recipe is the file recipe.yaml in its folder, such as runs/NAME/recipe.yaml"
        raise RecipeError([Problem("no recipe is called 'last'", Place(text), hint)])
    hint = f"{LISTING}; a file is given by its path.{did_you_mean(text, known)}".removesuffix(".")
    raise RecipeError([Problem(f"no recipe is called {show(text)}", Place(text or "recipe"), hint)])


def read_bytes(path: Path, label: str) -> tuple[bytes, int]:
    """At most 1 MiB and one byte of a file, and the size of the whole. Raises RecipeError if it cannot be read."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            size = status.st_size if stat.S_ISREG(status.st_mode) else 0
            return file.read(MAX_BYTES + 1), size
    except FileNotFoundError:
        hint = f"check the path; {LISTING}.{did_you_mean(path.name, _neighbours(path))}".removesuffix(".")
        raise RecipeError([Problem("no such file", Place(label), hint)]) from None
    except IsADirectoryError:
        names = ", ".join(sorted(_neighbours(path / "x"))[:8])
        hint = f"name one of its files: {names}" if names else "name a .yaml file"
        raise RecipeError([Problem("this is a folder, not a recipe", Place(label), hint)]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problem = Problem(f"cannot be read: {reason}", Place(label), "check the path and its rights")
        raise RecipeError([problem]) from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _neighbours(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir() if entry.suffix in ENDINGS]
    except OSError:
        return []


def _shortest(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
