"""What the bits of a run depend on besides its recipe: versions and the machine."""

from __future__ import annotations

import contextlib
import os
import platform
from importlib import metadata
from typing import Any

BEHIND = ("numpy", "numba", "llvmlite")


def surroundings() -> dict[str, dict[str, Any]]:
    """`versions` and `machine`, as they stand in run.json."""
    from dllab import __version__

    versions = {"dllab": __version__, "python": platform.python_version()}
    for name in BEHIND:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    machine = {"system": platform.system(), "processor": processor(), "cores": os.cpu_count() or 1}
    return {"versions": versions, "machine": machine}


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def differences(told: Any) -> list[str]:
    """What differs here from what a run's run.json tells, of that which may change its bits."""
    here = surroundings()
    found = []
    for group, names in (("versions", ("dllab", "numpy", "numba", "llvmlite")), ("machine", ("processor",))):
        there = told.get(group) if isinstance(told, dict) else None
        for name in names:
            before = there.get(name) if isinstance(there, dict) else None
            if before is not None and before != here[group].get(name):
                found.append(f"{name} {before} then, {here[group].get(name)} now")
    return found
