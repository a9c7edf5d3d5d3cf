"""Where a run that stopped went wrong: the first value that is not finite, in the order of computation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from dllab.core.loop import SIZE_ROWS
from dllab.engine.binding import Bound
from dllab.plan.plan import HISTORY_STEPS
from dllab.symbols import GRADIENTS, WORK, Value
from dllab.training.events import Diverged

Where = Literal["input", "forward", "loss", "backward"]


def find_origin(bound: Bound, step: int, per_epoch: int) -> Diverged:
    """Look through what the stopped step computed; its update was not done."""
    program = bound.program
    loss = float(bound.memory.arrays["history"].view(np.float64)[step % HISTORY_STEPS])
    if (update := _bad_update(bound, step, per_epoch, loss)) is not None:
        return update
    for number, row in enumerate(program.rows[program.step : program.probe], program.step):
        if row.kernel is None:
            continue
        bad = _not_finite(bound, row.operands[row.kernel.operands[0].name])
        if bad is not None:
            where: Where = "backward" if number >= program.backward else "forward"
            if row.layer in ("", "loss"):
                where = "loss" if row.layer else "input"
            return Diverged(step, step // per_epoch + 1, row.layer or "input", where, _name(bad), loss)
    return Diverged(step, step // per_epoch + 1, "loss", "loss", _name(loss), loss)


def _name(value: Any) -> str:
    return "NaN" if np.isnan(value) else "inf"


def _bad_update(bound: Bound, step: int, per_epoch: int, loss: float) -> Diverged | None:
    """Parameters that the update before this step made infinite: everything this step computed only follows from that."""
    for parameter in bound.memory.plan.store.parameters.values():
        numbers = bound.memory.view("parameters", parameter)
        bad = ~np.isfinite(numbers)
        if step > 0 and bad.any():
            value = _name(numbers[bad][0])
            layer = parameter.label.rpartition(".")[0]
            return Diverged(step - 1, (step - 1) // per_epoch + 1, layer, "update", value, loss)
    return None


def _not_finite(bound: Bound, value: Value) -> np.floating | None:
    for shard in range(bound.shards):
        if value.register == WORK and value.dtype == "T":
            numbers = bound.work(value, shard, int(bound.sizes[shard][SIZE_ROWS]))
        elif value.register == GRADIENTS and value.parent is not None and value.parent.offset is not None:
            of = shard if value.shard is None else value.shard
            arena = bound.arrays[f"{GRADIENTS}@{of}"].view(bound.memory.dtype)
            first = (value.parent.offset + value.stride * shard) // arena.itemsize
            numbers = arena[first : first + int(np.prod([int(d) for d in value.shape]))]
        else:
            continue
        bad = ~np.isfinite(numbers)
        if bad.any():
            first_bad: np.floating = numbers[bad][0]
            return first_bad
    return None
