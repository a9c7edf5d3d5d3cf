"""Compiles what a plan still lacks, one kernel at a time, so that the wait can be shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dllab.core import loop, native
from dllab.core.kernel import Kernel
from dllab.core.settings import jit_enabled
from dllab.plan.plan import Plan
from dllab.training.events import Compiling

Wanted = tuple[Kernel, str, tuple[str, ...]]


def compile_ahead(plan: Plan, programs: Iterable[str]) -> Iterator[Compiling]:
    """Compile the kernels of these programs that are not in the cache; an event before each, and one at the end."""
    if not jit_enabled():
        return
    missing = [w for w in kernels_of(plan, programs) if not native.is_cached(*w)]
    for number, wanted in enumerate(missing):
        yield Compiling(number, len(missing), wanted[0].title)
        native.kernel_address(*wanted)
    if missing:
        native.loop_function(loop.run_steps, 3)
        yield Compiling(len(missing), len(missing), "")


def load_kernels(plan: Plan) -> Iterator[Compiling]:
    """Compile what training lacks and load all its kernels here, before threads need them at the same time."""
    yield from compile_ahead(plan, ("train", "evaluate"))
    if jit_enabled():
        for wanted in kernels_of(plan, ("train", "evaluate")):
            native.kernel_address(*wanted)
        native.loop_function(loop.run_steps, 3)


def kernels_of(plan: Plan, programs: Iterable[str]) -> list[Wanted]:
    """Every kernel of these programs with its types, once, in the order of the rows."""
    precision = plan.question.precision
    found: dict[Wanted, None] = {}
    for name in programs:
        for row in plan.program(name).rows:
            if row.kernel is not None:
                found[row.kernel, precision, row.dtypes(precision)] = None
    return list(found)
