"""Where everything lies: offsets of symbolic values, and the rows of a program as tables of (register, offset)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dllab.core.loop import ROW_WIDTH, SIZE_BATCH, SIZE_ROWS
from dllab.core.settings import jit_enabled
from dllab.plan.groups import ALIGNMENT
from dllab.plan.plan import Plan, Program
from dllab.plan.row import Row, Size, elements
from dllab.symbols import BATCH_DIM, GRADIENTS, WHOLE_DIM, Value

WIDTHS = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "uint8": 1}
LINE = 64  # bytes; every array begins on a cache line
ROWS_OF_DATA, ROWS_OF_ORDER = 2, 3  # places of the live sizes R and N
SKIP = -1  # the entry of a row that another shard does


@dataclass(frozen=True)
class Table:
    """One shard's rows: registers and byte offsets (rows, ROW_WIDTH); adding the registers' addresses binds them."""

    registers: np.ndarray
    offsets: np.ndarray


@dataclass(frozen=True)
class Layout:
    """A program laid out for `capacity` rows of a batch per shard."""

    capacity: int
    tables: tuple[Table, ...]
    registers: tuple[str, ...]  # register numbers are places in this list, counted from 1
    sizes: tuple[np.ndarray, ...]  # one vector per shard, fixed sizes filled in
    derived: np.ndarray  # (k, 3): sizes[a] = sizes[b] * sizes[c]
    work_bytes: int
    where: dict[int, int]  # byte offset of every working value, by id


class Layouter:
    """Lays out one program of a plan."""

    def __init__(self, plan: Plan, program: Program, capacity: int, live: Mapping[str, int] | None = None) -> None:
        self.plan, self.program, self.capacity = plan, program, capacity
        self.precision = plan.question.precision
        self.live = {WHOLE_DIM: capacity * program.shards, **(live or {})}
        self.registers: dict[str, int] = {}
        self._sizes: dict[Size | tuple[str, int], int] = {
            (1, (BATCH_DIM,)): SIZE_ROWS,
            ("batch", 0): SIZE_BATCH,
            (1, (WHOLE_DIM,)): SIZE_BATCH,
            (1, ("R",)): ROWS_OF_DATA,
            (1, ("N",)): ROWS_OF_ORDER,
        }
        self._fixed: list[list[tuple[int, int]]] = [[] for _ in range(program.shards)]
        self._derived: list[tuple[int, int, int]] = []
        self.where: dict[int, int] = {}

    def lay_out(self) -> Layout:
        """Place the working values, then write every shard's rows."""
        work_bytes = self.place_work()
        tables = tuple(self._table(shard) for shard in range(self.program.shards))
        count = len(self._sizes)
        sizes = []
        for fixed in self._fixed:
            vector = np.zeros(count, np.int64)
            for place, number in fixed:
                vector[place] = number
            sizes.append(vector)
        derived = np.array(self._derived, np.int64).reshape(-1, 3)
        return Layout(self.capacity, tables, tuple(self.registers), tuple(sizes), derived, work_bytes, self.where)

    def place_work(self) -> int:
        """Give every working value its place; returns the bytes they need together."""
        place = 0
        for value in self.program.work:
            self.where[id(value)] = place
            count = elements(value, self.capacity, self.live)
            place += -(-count * self.width(value) // LINE) * LINE
        return place

    def width(self, value: Value) -> int:
        """Bytes of one number."""
        return WIDTHS[self.precision if value.dtype == "T" else value.dtype]

    def offset(self, value: Value, shard: int) -> int:
        """The byte offset of a value in its register, for one shard."""
        if value.parent is not None:
            copy = value.slot * self.plan.arena * WIDTHS[self.precision]
            return self.offset(value.parent, shard) + value.shift + value.stride * shard + copy
        if id(value) in self.where:
            return self.where[id(value)]
        assert value.offset is not None, f"{value.name} has no place"
        return value.offset

    def _table(self, shard: int) -> Table:
        rows = self.program.rows
        registers = np.zeros((len(rows), ROW_WIDTH), np.int64)
        offsets = np.zeros((len(rows), ROW_WIDTH), np.int64)
        for i, row in enumerate(rows):
            if row.kernel is None:
                continue
            if row.only is not None and row.only != shard:
                offsets[i, 0] = SKIP
                continue
            self._row(row, shard, registers[i], offsets[i])
        return Table(registers, offsets)

    def _row(self, row: Row, shard: int, registers: np.ndarray, offsets: np.ndarray) -> None:
        assert row.kernel is not None
        offsets[0] = entry_of(row, self.precision)
        low, high, length = 0, 0, 0
        for i, operand in enumerate(row.kernel.operands):
            value = row.operands[operand.name]
            place = self.offset(value, shard)
            if row.sliced and operand.dims == ("P",):
                length = int(value.shape[0])
                low, high = share(length, shard, self.program.shards)
                place += low * self.width(value)
            registers[i + 1] = self._register(value, shard)
            offsets[i + 1] = place
        for j, (letter, size) in enumerate(zip(row.kernel.letters, row.sizes())):
            if row.sliced and letter == "P":
                place = self._own_size(length, shard, high - low)
            else:
                place = self._size(size)
            offsets[len(row.kernel.operands) + 1 + j] = place

    def _register(self, value: Value, shard: int) -> int:
        of = value.shard if value.shard is not None else shard
        name = f"{value.register}@{of}" if value.register in PER_SHARD else value.register
        return self.registers.setdefault(name, len(self.registers) + 1)

    def _own_size(self, length: int, shard: int, own: int) -> int:
        key = ("share", length)
        if key not in self._sizes:
            self._sizes[key] = len(self._sizes)
        if (self._sizes[key], own) not in self._fixed[shard]:
            self._fixed[shard].append((self._sizes[key], own))
        return self._sizes[key]

    def _size(self, size: Size) -> int:
        found = self._sizes.get(size)
        if found is None:
            number, live = size
            if live and (number != 1 or len(live) > 1):
                first, rest = ((number, ()), (1, live)) if number != 1 else ((1, live[:1]), (1, live[1:]))
                a, b = self._size(first), self._size(rest)
                found = self._sizes[size] = len(self._sizes)
                self._derived.append((found, a, b))
            else:
                found = self._sizes[size] = len(self._sizes)
                value = self.live[live[0]] if live else number
                for fixed in self._fixed:
                    fixed.append((found, value))
        return found


PER_SHARD = {GRADIENTS, "work", "counters", "rates", "sizes"}


def share(length: int, shard: int, shards: int) -> tuple[int, int]:
    """The part [low, high) of a flat vector that is one shard's work, cut at cache lines."""

    def cut(k: int) -> int:
        return length if k == shards else length * k // shards // ALIGNMENT * ALIGNMENT

    return cut(shard), cut(shard + 1)


def entry_of(row: Row, precision: str) -> int:
    """What stands at the front of a bound row: the kernel's address, or without JIT its number."""
    from dllab.core import native
    from dllab.engine import python_entries

    assert row.kernel is not None
    form = native.kernel_address if jit_enabled() else python_entries.entry_number
    return form(row.kernel, precision, row.dtypes(precision))
