"""Where compiled kernels are kept, and how a damaged or unwritable place is survived.

One file per kernel and operand types: a JSON line (symbol, needs, checksum of what follows), then object code. The name
carries a digest of everything the code depends on: the sources it comes from, the compiler's versions, the flags and
the processor; so a stale file is never loaded, it is only never looked at again. Files appear by rename, whole or not
at all, so many processes may share a folder. DLLAB_CACHE names another folder.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from dllab.core.settings import FASTMATH, bounds_checked


@dataclass(frozen=True)
class Entry:
    """Object code, the symbol of the function in it, and the symbols it expects from the process."""

    code: bytes
    symbol: str
    needs: tuple[str, ...]


TEMPORARY = "dllab-cache-"
"""What the name of a folder begins with that is deleted at the end of the process."""


@cache
def folder() -> Path:
    """The cache folder; created if it can be, else a temporary one that this process keeps."""
    for place in _candidates():
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                return place
        except OSError:
            continue
    place = Path(tempfile.mkdtemp(prefix=TEMPORARY))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def kept() -> bool:
    """Whether the cache outlives this process."""
    return not folder().name.startswith(TEMPORARY)


def _candidates() -> list[Path]:
    if named := os.environ.get("DLLAB_CACHE"):
        return [Path(named)]
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [base / "dllab"]


def read(name: str) -> Entry | None:
    """The entry of that name; None where there is none. A damaged file is deleted and counts as absent."""
    path = folder() / name
    try:
        head, _, code = path.read_bytes().partition(b"\n")
    except IsADirectoryError:
        shutil.rmtree(path, ignore_errors=True)
        return None
    except OSError:
        return None
    try:
        fields = json.loads(head)
        if fields["sha256"] == hashlib.sha256(code).hexdigest():
            return Entry(code, str(fields["symbol"]), tuple(fields["needs"]))
    except (ValueError, KeyError, TypeError):
        pass
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    return None


def write(name: str, entry: Entry) -> None:
    """Keep an entry. A folder that cannot be written costs the next start a compilation, nothing else."""
    head = {"symbol": entry.symbol, "needs": entry.needs, "sha256": hashlib.sha256(entry.code).hexdigest()}
    try:
        handle, temporary = tempfile.mkstemp(dir=folder(), prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(head).encode() + b"\n" + entry.code)
        os.replace(temporary, folder() / name)
    except OSError:
        return


def digest(function: FunctionType, extra: str = "") -> str:
    """Twenty hex digits that change with anything the compiled form of `function` depends on."""
    text = hashlib.sha256(_environment().encode())
    for module in sorted(modules_behind(function), key=lambda m: m.__name__):
        text.update(_source_digest(module.__file__ or module.__name__))
    text.update(extra.encode())
    return text.hexdigest()[:20]


@cache
def _environment() -> str:
    import llvmlite.binding as llvm

    core = Path(__file__).parent
    sources = [_source_digest(str(path)).hex() for path in sorted(core.glob("*.py"))]
    processor = llvm.get_host_cpu_name() + llvm.get_host_cpu_features().flatten()
    facts = [version("numba"), version("llvmlite"), processor, FASTMATH, bounds_checked(), sys.version_info[:2]]
    return repr(facts + sources)


@cache
def _source_digest(path: str) -> bytes:
    try:
        return hashlib.sha256(Path(path).read_bytes()).digest()
    except OSError:
        return path.encode()


def modules_behind(function: Callable[..., Any]) -> set[ModuleType]:
    """The modules whose functions a kernel's code reaches by name, its own first."""
    found: set[ModuleType] = set()
    seen: set[int] = set()
    waiting: list[Any] = [function]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, FunctionType) or id(one) in seen:
            continue
        seen.add(id(one))
        found.add(sys.modules[one.__module__])
        waiting += [one.__globals__[name] for name in one.__code__.co_names if name in one.__globals__]
    return found
