"""Parts of the user's own: Python files that a recipe names under `use:`, run only if the user trusts them.

A recipe is data and may come from anyone; a file it uses is a program. So nothing is run unless the caller says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import linecache
import os
import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from dllab.catalogue import Part, UnknownPart, declared_in, family_of_part, find
from dllab.recipe.errors import Problem, Problems, RecipeError, show
from dllab.recipe.place import Place

PREFIX = "dllab_own_"
NEEDED = {
    "layers": "build",
    "losses": "build",
    "optimizers": "build",
    "schedules": "shape",
    "initializers": "draw",
    "metrics": "measure",
    "datasets": "generate",
    "augmentations": "build",
}
"""The method that every part of a family has to bring."""
TRUST = "a recipe may come from anyone, and these files are programs: read them, then give --trust (in Python: trust=True)"
USED = "use: names Python files; paths count from the recipe's folder"
LARGEST = 1_000_000  # bytes


@dataclass
class OwnParts:
    """What the files of a recipe define: `found`, family to name to class; `digests`, file to the SHA-256 of its text."""

    found: dict[str, dict[str, type[Part]]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def load_parts(files: Sequence[tuple[str, Place]], trusted: bool, problems: Problems) -> OwnParts:
    """Run the files and gather the parts they define; complaints go to `problems`."""
    own = OwnParts()
    if files and not trusted:
        names = ", ".join(Path(path).name for path, _ in files)
        problems.add(f"this recipe runs files of its own: {names}", files[0][1], TRUST)
        return own
    for path, place in files:
        _load(path, place, own, problems)
    return own


def parts_of_file(path: str, trusted: bool) -> OwnParts:
    """The parts that one file defines, named on the command line. Raises RecipeError."""
    problems = Problems()
    absolute = os.path.abspath(path)
    if not trusted:
        problems.add("this is a program", Place(path), "read it, then give --trust: dllab runs it to see what it defines")
        problems.raise_if_any()
    own = load_parts([(absolute, Place(path))], True, problems)
    if problems.found:
        raise RecipeError([_of_place(problem, absolute) for problem in problems.found])
    return own


def _of_place(problem: Problem, path: str) -> Problem:
    """The problem without the path of its file, which is its place already."""
    message = problem.message
    for start, instead in ((f"{path}, ", ""), (f"{path}: ", ""), (f"{path} ", "this file ")):
        if message.startswith(start):
            message = instead + message[len(start) :]
    return Problem(message, problem.place, "check the path and its rights" if problem.hint == USED else problem.hint)


def part_file(path: str) -> bool:
    """Whether a text names a Python file rather than a recipe."""
    return path.endswith(".py")


def _load(path: str, place: Place, own: OwnParts, problems: Problems) -> None:
    content = _read(path, place, problems)
    if content is None:
        return
    own.digests[path] = hashlib.sha256(content).hexdigest()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout belongs to results
            module = _module(path, content)
    except _Broken as error:
        problems.add(error.message, place, error.hint)
        return
    parts = list(declared_in(module))
    if not parts:
        hint = "a part is a class of its own, derived from Layer, Loss, Optimizer, ..., with a name; `dllab new layer NAME`"
        problems.add(f"{path} defines no part", place, hint)
    for part in parts:
        _register(part, path, place, own, problems)


def _register(part: type[Part], path: str, place: Place, own: OwnParts, problems: Problems) -> None:
    family = family_of_part(part)
    if family is None:
        problems.add(
            f"{path}: {part.__name__} is derived from no family's base",
            place,
            "derive it from the class that such parts have in common: Layer, Loss, Optimizer, ...",
        )
        return
    root = next(base for base in part.__mro__ if Part in base.__bases__)
    if getattr(part, NEEDED[family], None) is getattr(root, NEEDED[family], None):
        hint = f"`dllab new` writes a file that has one; {root.__name__} says what it is given"
        problems.add(f"{path}: {part.__name__} has no {NEEDED[family]}()", place, hint)
        return
    if part.name in own.found.get(family, {}):
        problems.add(f"{path}: {show(part.name)} of {family} is defined twice", place, "give one of them another name")
        return
    try:
        there = find(family, part.name)
    except UnknownPart:
        own.found.setdefault(family, {})[part.name] = part
        return
    hint = f"the lab's own is in {there.__module__.replace('.', '/')}.py; give yours another name"
    problems.add(f"{path}: there is {show(part.name)} among the {family} already", place, hint)


def _read(path: str, place: Place, problems: Problems) -> bytes | None:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.add(f"{path} cannot be read: {reason}", place, USED)
        return None
    if len(content) > LARGEST:
        problems.add(f"{path} is too long for a part", place, f"expected at most {LARGEST:,} bytes")
        return None
    return content


class _Broken(Exception):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def _module(path: str, content: bytes) -> ModuleType:
    """The module of a file; one for each path and text, so that an edited file is another module. Raises _Broken."""
    mark = hashlib.sha256(path.encode() + b"\0" + content).hexdigest()[:12]
    name = f"{PREFIX}{''.join(c if c.isalnum() else '_' for c in Path(path).stem)}_{mark}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = path
    linecache.checkcache(path)
    sys.modules[name] = module  # kernels look their module up by name
    try:
        exec(compile(content, path, "exec"), module.__dict__)
    except KeyboardInterrupt:
        del sys.modules[name]
        raise
    except BaseException as error:
        del sys.modules[name]
        raise _Broken(*_told(path, error)) from None
    return module


def _told(path: str, error: BaseException) -> tuple[str, str]:
    """What went wrong in a file, with the line of that file."""
    said = " ".join(str(error).split())
    if isinstance(error, SyntaxError):
        where = f"{path}, line {error.lineno}" if error.lineno else path
        return f"{where}: {error.msg}", "the file is no Python program; mend that line"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    where = f"{path}, line {lines[-1]}" if lines else path
    kind = type(error).__name__
    return f"{where}: {kind}: {said}" if said else f"{where}: {kind}", "the file stopped when it was read; mend that line"


def blame(error: BaseException) -> tuple[str, str] | None:
    """Where in a file of the user's own an error arose, and what it is; None where none of them had a part in it."""
    files = {str(module.__file__) for name, module in list(sys.modules.items()) if name.startswith(PREFIX)}
    if not files:
        return None
    text = str(error)
    if type(error).__module__.startswith("numba"):
        return _in_kernel(text, files)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    if not frames:
        return None
    said = " ".join(text.split())
    return f"{frames[-1].filename}, line {frames[-1].lineno}", f"{type(error).__name__}: {said}".removesuffix(": ")


def _in_kernel(text: str, files: set[str]) -> tuple[str, str] | None:
    """The place and the reason in what Numba says of a function it cannot compile."""
    reasons = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("Failed in", "During:"))]
    reason = next((line for line in reasons if not line.startswith("Failed in")), "unknown")
    for name, line in reversed(re.findall(r'File "(.+?)", line (\d+)', text)):
        for path in files:
            if os.path.basename(name) == os.path.basename(path):
                return f"{path}, line {line}", f"Numba cannot compile this kernel: {reason}"
    entry = re.search(rf"<entry of ({PREFIX}\w+)\.(\w+)>", text)
    module = sys.modules.get(entry[1]) if entry is not None else None
    if entry is None or module is None:
        return None
    return f"{module.__file__}, {entry[2]}()", f"Numba cannot compile this kernel: {reason}"
