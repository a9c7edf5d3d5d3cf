"""The step loop: walks a bound plan for many steps without returning to Python.

A control block (int64, fields below) says where the tables are and how far to go. A row whose entry is 0 is a barrier:
the rows before it are done by every shard before any shard goes on. One thread may run all shards (each phase, shard
after shard) or one thread each; the work and its order within each sum are the same, and so are the bits.

The same text runs as Python without JIT and compiles to one native function with it.
"""

from __future__ import annotations

from dllab.core.device import subroutine
from dllab.core.memory import (
    arrive,
    call,
    flush_tiny,
    give_way,
    load,
    load_float,
    look,
    pause,
    restore_tiny,
    store,
    store_float,
)

# Fields of the control block.
SHARDS, TABLES, SIZES, RATES, COUNTERS = 0, 1, 2, 3, 4
BARRIER, STEP, END, BATCH, ROWS = 5, 6, 7, 8, 9
RATE_LIST, RATE_FROM, DERIVED, DERIVED_COUNT, EPOCH_READY = 10, 11, 12, 13, 14
EPOCH_ROWS, STEP_ROWS, PROBE_ROWS, UPDATE_ROWS, LAST_ROW = 15, 16, 17, 18, 19
PROBE_EVERY, STOPPED_AT, ABORT, CROWDED = 20, 21, 22, 23
CONTROL_FIELDS = 32

# Every shard's sizes begin with its own rows of the batch and the rows of the whole batch.
SIZE_ROWS, SIZE_BATCH = 0, 1
# Every shard's counters.
COUNT_STEP, COUNT_FIRST, COUNT_EPOCH, COUNT_SHARD, COUNT_UPDATE, COUNT_WHOLE = 0, 1, 2, 3, 4, 5

ROW_WIDTH = 32
SPINS_BEFORE_YIELDING = 4000  # some 60 us: far longer than any shard lags behind another on a free core
YIELDS_BEFORE_GIVING_UP = 150  # in one call: some 10 ms of it

GO_ON, STOPPED, ABORTED = 0, 1, 2


@subroutine
def meet(control: int, shard_from: int) -> int:
    """Wait for the threads of the other shards; 1 if one of them gave up."""
    barrier = load(control, BARRIER)
    own = barrier + 8 * 8 * (1 + shard_from)
    arrivals = load(own, 0) + load(control, SHARDS)  # the count that opens the barrier this time
    store(own, 0, arrivals)
    seen = arrive(barrier)
    spins, yields = 0, 0
    while seen < arrivals:
        if load(control, ABORT) != 0:
            return 1
        pause()
        spins += 1
        if spins > SPINS_BEFORE_YIELDING:
            give_way()
            spins = 0
            yields += 1
        seen = look(barrier)
    if yields > 0:
        store(control, CROWDED, load(control, CROWDED) + yields)
    return 0


@subroutine
def run_rows(control: int, first: int, last: int, shard_from: int, shard_to: int) -> int:
    """Run the rows [first, last) of the given shards. Returns 1: a verdict row stops the run; 2: another thread gave up."""
    shards = load(control, SHARDS)
    threaded = shard_to - shard_from < shards
    status = 0
    row = first
    while row < last:
        end = row
        for shard in range(shard_from, shard_to):
            table = load(load(control, TABLES), shard)
            sizes = load(load(control, SIZES), shard)
            end = row
            while end < last:
                address = table + 8 * ROW_WIDTH * end
                entry = load(address, 0)
                if entry == 0:
                    break
                if entry > 0:  # -1 marks a row that another shard does for all
                    status |= call(entry, address, sizes)
                end += 1
        if threaded and end < last and meet(control, shard_from) != 0:
            return ABORTED
        row = end + 1
    return status


@subroutine
def set_sizes(control: int, shard: int, batch: int, first: int) -> None:
    """Give a shard its part of a batch, and work out the sizes that follow from it."""
    shards = load(control, SHARDS)
    low = batch * shard // shards
    high = batch * (shard + 1) // shards
    counters = load(load(control, COUNTERS), shard)
    store(counters, COUNT_FIRST, first + low)
    store(counters, COUNT_WHOLE, first)
    sizes = load(load(control, SIZES), shard)
    if load(sizes, SIZE_ROWS) == high - low and load(sizes, SIZE_BATCH) == batch:
        return
    store(sizes, SIZE_ROWS, high - low)
    store(sizes, SIZE_BATCH, batch)
    derived = load(control, DERIVED)
    for i in range(load(control, DERIVED_COUNT)):
        product = load(sizes, load(derived, 3 * i + 1)) * load(sizes, load(derived, 3 * i + 2))
        store(sizes, load(derived, 3 * i), product)


def run_steps(control: int, shard_from: int, shard_to: int) -> int:
    """Run steps [STEP, END) of the given shards, tiny numbers counting as 0; see `walk`."""
    before = flush_tiny()
    status = walk(control, shard_from, shard_to)
    restore_tiny(before)
    return status


@subroutine
def walk(control: int, shard_from: int, shard_to: int) -> int:
    """Run steps [STEP, END) of the given shards; STOPPED_AT says at which step a verdict row stopped the run."""
    rows = load(control, ROWS)
    batch = load(control, BATCH)
    per_epoch = (rows + batch - 1) // batch
    epoch_rows = load(control, EPOCH_ROWS)
    step_rows = load(control, STEP_ROWS)
    probe_rows = load(control, PROBE_ROWS)
    update_rows = load(control, UPDATE_ROWS)
    last_row = load(control, LAST_ROW)
    probe_every = load(control, PROBE_EVERY)
    epoch_ready = load(control, EPOCH_READY)
    if shard_to - shard_from < load(control, SHARDS):
        if meet(control, shard_from) != 0:
            return ABORTED
        if shard_from == 0:
            store(control, CROWDED, 0)  # a thread that takes its time to begin does not mean a busy core
    step = load(control, STEP)
    while step < load(control, END):
        if shard_from == 0 and load(control, CROWDED) > YIELDS_BEFORE_GIVING_UP:
            # No core is free for the other threads: end with this step. They see it behind its last barrier.
            store(control, END, step + 1)
        epoch = step // per_epoch
        first = (step - epoch * per_epoch) * batch
        live = min(batch, rows - first)
        for shard in range(shard_from, shard_to):
            counters = load(load(control, COUNTERS), shard)
            store(counters, COUNT_STEP, step)
            store(counters, COUNT_EPOCH, epoch)
            store(counters, COUNT_UPDATE, step + 1)
            rate = load_float(load(control, RATE_LIST), step - load(control, RATE_FROM))
            store_float(load(load(control, RATES), shard), 0, rate)
            set_sizes(control, shard, live, first)
        status = GO_ON
        if epoch != epoch_ready:
            status = run_rows(control, epoch_rows, step_rows, shard_from, shard_to)
            epoch_ready = epoch
        if status == GO_ON:
            status = run_rows(control, step_rows, probe_rows, shard_from, shard_to)
        if status == GO_ON and probe_every > 0 and step % probe_every == 0:
            status = run_rows(control, probe_rows, update_rows, shard_from, shard_to)
        if status == GO_ON:
            status = run_rows(control, update_rows, last_row, shard_from, shard_to)
        if status != GO_ON:
            if shard_from == 0:
                store(control, STOPPED_AT, step)
                store(control, STEP, step)
                store(control, EPOCH_READY, epoch_ready)
            return status
        step += 1
    if shard_from == 0:
        store(control, STEP, step)
        store(control, EPOCH_READY, epoch_ready)
    return GO_ON
