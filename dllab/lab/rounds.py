"""How many rounds of work a net needs one after the other, counted in its plan: no clock has a say.

A row of a plan is one round: all that its kernel does for the steps and examples of a batch could be done at once. Only the
kernels of recurrent layers go from step to step, each waiting for the one before: they take as many rounds as there are
steps.
"""

from __future__ import annotations

import inspect
import time

import numpy as np

from dllab.core.kernel import Kernel
from dllab.engine.network import Network
from dllab.plan.plan import Plan
from dllab.plan.row import Row

FROM_STEP_TO_STEP = "longest(ends)"
"""What the kernels of recurrent layers ask for before they begin to walk (ops/through_time.py)."""


def rounds(plan: Plan, program: str = "infer") -> int:
    """The rounds of one batch of a program: of its steps, without what comes once an epoch."""
    found = plan.program(program)
    return sum(_rounds(row) for row in found.rows[found.step :] if row.kernel is not None)


def walks(kernel: Kernel) -> bool:
    """Whether a kernel goes from step to step, each waiting for the one before."""
    return FROM_STEP_TO_STEP in inspect.getsource(inspect.unwrap(kernel.function))


def seconds(network: Network, rows: int, times: int = 5) -> float:
    """What one answer to so many rows takes here and now, the least of some times."""
    x, took = np.zeros((rows, *network.plan.question.inputs.shape)), []
    for _ in range(times):
        began = time.perf_counter()
        network.forward(x)
        took.append(time.perf_counter() - began)
    return min(took)


def _rounds(row: Row) -> int:
    assert row.kernel is not None
    if not walks(row.kernel):
        return 1
    return next(int(row.operands[one.name].shape[one.dims.index("T")]) for one in row.kernel.operands if "T" in one.dims)
