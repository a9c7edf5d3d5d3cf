"""Refuses nets that would not fit in memory, before anything is allocated."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from dllab.engine.layout import WIDTHS
from dllab.plan.plan import Plan
from dllab.plan.row import elements
from dllab.recipe import Place, Problem, Recipe, RecipeError
from dllab.symbols import WHOLE_DIM

DRAWING = 24
"""Bytes a number of the largest array takes while it is drawn at random: keys, float64 values, and the result."""


def check_fits(plan: Plan, recipe: Recipe | None) -> None:
    """Raise RecipeError, with the figures, for a plan that needs more memory than there is."""
    needed, available = bytes_needed(plan), bytes_available()
    if available is None or needed <= available:
        return
    count = sum(elements(p, 1, {}) for p in plan.store.parameters.values())
    problem = (
        f"a net of {count:,} parameters needs {size_text(needed)} of memory to train "
        f"(parameters, gradients, optimizer state, activations, drawing the first weights); {size_text(available)} are free"
    )
    widest = max(plan.infos, key=lambda info: sum(elements(p, 1, {}) for p in info.parameters), default=None)
    hint = "use fewer units or a smaller batch"
    if widest is not None:
        hint += f"; the largest layer is {widest.path}, from {widest.input_shape[1:]} to {widest.output_shape[1:]}"
    place = recipe.place("model") if recipe is not None else Place("recipe")
    raise RecipeError([Problem(problem, place, hint)])


def bytes_needed(plan: Plan) -> int:
    """What a network of this plan takes with one training batch bound."""
    width = WIDTHS[plan.question.precision]
    largest = max((elements(p, 1, {}) for p in plan.store.parameters.values()), default=0)
    needed = plan.arena * width * (1 + plan.shards) + DRAWING * largest
    if plan.question.loss is not None and plan.question.targets is not None:
        train = plan.program("train")
        needed += plan.arena * width * (len(plan.slots.numbers) + len(plan.scratch.numbers))
        rows = -(-plan.question.batch // train.shards)
        needed += train.shards * sum(
            elements(value, rows, {WHOLE_DIM: rows * train.shards}) * (width if value.dtype == "T" else WIDTHS[value.dtype])
            for value in train.work
        )
    return needed


def fitting(wanted: int, needed: int) -> int:
    """How many trainings of so many bytes, at most those wanted, fit in memory at a time; at least one."""
    available = bytes_available()
    return wanted if available is None else min(wanted, max(1, available // max(needed, 1)))


def bytes_available() -> int | None:
    """Memory that can still be taken without swapping; None where the system does not tell."""
    limits = [limit for limit in (_free(), _cgroup()) if limit is not None]
    return min(limits, default=None)


def size_text(count: float) -> str:
    """`3.7 GB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def _free() -> int | None:
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _cgroup() -> int | None:
    """What a container may still take."""
    folder = Path("/sys/fs/cgroup")
    for limit, used in (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")):
        try:
            return max(0, int((folder / limit).read_text()) - int((folder / used).read_text()))
        except (OSError, ValueError):  # "max" is no number: no limit
            continue
    return None


def _free_on_windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "total_page", "free_page", "total_virtual", "free_virtual", "extended")
        ]

    status = Status(ctypes.sizeof(Status))
    found = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.free) if found else None
