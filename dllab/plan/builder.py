"""Turns layers, a loss and an optimizer into rows: what parts see of it is symbols.Net.

A Store (store.py) holds what all programs of a plan share; a Builder makes one program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from dllab.catalogue import find
from dllab.core.kernel import Kernel
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Layer
from dllab.plan.flow import LayerInfo, ShapeFlowError
from dllab.plan.row import Row
from dllab.plan.split import Pair, build_pair
from dllab.plan.store import Store, lies_in
from dllab.plan.tape import Tape, is_output
from dllab.symbols import (
    CONSTANTS,
    COUNTERS,
    DECODER,
    PARAMETERS,
    RUNNING,
    SHARED,
    SIZES,
    WORK,
    Dim,
    Parameter,
    ShapeError,
    Value,
)

COUNTER_PLACES = {"step": 0, "first": 1, "epoch": 2, "shard": 3, "update": 4, "whole": 5}
"""Places of the counters a kernel may ask for; see loop.py."""


class Builder:
    """Builds one program; implements symbols.Net."""

    def __init__(self, store: Store, *, training: bool, shards: int | None = None) -> None:
        self.store = store
        self.training = training
        self.shards = shards or (store.shards if training else 1)
        self.rows: list[Row] = []
        self.running_rows: list[Row] = []  # of the update phase
        self.work: list[Value] = []
        self.infos: list[LayerInfo] = []
        self.named: dict[str, Value] = {}
        self.batch: Value | None = None
        self.pairs: dict[int, Pair] = {}  # layers whose hidden units are split among the shards
        self.awaited: dict[int, Callable[[], None]] = {}  # rows to add when a value is read for the first time
        self.all_rows: Callable[[], Value] | None = None  # gathers the whole batch in every shard
        self.tape = Tape(self.rows, self.work)
        self._path: list[str] = []
        self._layer_number = 0
        self._initializer: Initializer | None = None
        self._own: list[Parameter] = []
        self.tables: dict[str, Value] = {}
        self.carry = 0  # rows of a batch
        self.carrying = training  # whether this program begins with the states that the batch before has left
        self.carry_rows: list[Row] = []  # which move them on, behind everything else
        self.continues: Value | None = None  # where states go on from batch to batch
        self._states: dict[str, tuple[tuple[Value, ...], ...]] = {}
        self._label: str | None = None  # of the layer being built
        self._entry: Any = None  # the same as the recipe has it
        self._paths: dict[str, str] = {}  # of layers with a label
        self._counted: dict[str, int] = {}  # multiply-adds that layers have told of themselves, by path

    # ---- arrays ----------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The name of the layer being built, such as `2_residual.0_dense`."""
        return ".".join(self._path)

    def parameter(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Any = None,
        *,
        fans: tuple[int, int] | None = None,
        decays: bool = True,
    ) -> Parameter:
        """See Net.parameter. Without an initializer, arrays of two axes and more follow the next activation, others 0."""
        label = f"{self.path}.{name}"
        found = self.store.parameters.get(label)
        if found is None:
            if initializer is None and len(shape) > 1:
                initializer = self._initializer
            found = Parameter(label, PARAMETERS, shape, "T", True, label=label, initializer=initializer, decays=decays)
            found.fans = fans or (math.prod(shape[:-1]), shape[-1])
            found.frozen = self.store.is_frozen(label)
            found.needs_gradient = not found.frozen
            for path, factor in self.store.rate_factors:
                found.rate_factor = factor if lies_in(label, path) else found.rate_factor
            self.store.parameters[label] = found
        if found not in self._own:
            self._own.append(found)
        return found

    def running(self, name: str, shape: tuple[int, ...], fill: float = 0.0) -> Value:
        """See Net.running."""
        label = f"{self.path}.{name}"
        if label not in self.store.running:
            self.store.running[label] = Value(label, RUNNING, shape)
            self.store.fills[label] = fill
        return self.store.running[label]

    def array(self, shape: Sequence[Dim], name: str = "y", dtype: str = "T") -> Value:
        """See Net.array."""
        value = Value(f"{self.path}.{name}", WORK, tuple(shape), dtype)
        self.work.append(value)
        return value

    def view(self, of: Value, shape: Sequence[Dim]) -> Value:
        """See Net.view."""
        value = Value(of.name, of.register, tuple(shape), of.dtype, of.needs_gradient, parent=of, shard=of.shard)
        if of.lengths is not None and value.shape[:2] == of.shape[:2]:
            value.lengths = of.lengths
        value.ids = of.ids
        return value

    def shared(self, name: str, shape: tuple[int, ...]) -> Value:
        """See Net.shared."""
        label = f"{self.shards}:{self.path}.{name}"
        if label not in self.store.shared:
            self.store.shared[label] = Value(label, SHARED, shape, "float64")
        return self.store.shared[label]

    def own(self, of: Value) -> Value:
        """See Net.own."""
        row = of.shape[1:]
        return Value(of.name, SHARED, row or (1,), of.dtype, parent=of, stride=8 * math.prod([int(d) for d in row]))

    def constant(self, value: float) -> Value:
        """See Net.constant."""
        return self.store.constant(value)

    def whole(self, value: int) -> Value:
        """See Net.whole."""
        return self.store.whole(value)

    def vector(self, values: Any) -> Value:
        """See Net.vector."""
        numbers = np.asarray(values, np.float64)
        value = Value("vector", CONSTANTS, numbers.shape)
        self.store.vectors.append((value, numbers))
        return value

    def batch_rows(self) -> Value:
        """See Net.batch_rows."""
        assert self.batch is not None
        return self.batch

    def counter(self, name: str) -> Value:
        """See Net.counter."""
        if name == "seed":
            return self.store.own_seed
        if name == "shards":
            return self.store.whole(self.shards)
        if name == "layer":
            return self.store.whole(self._layer_number)
        if name == "batch":
            return Value("batch", SIZES, (), "int64", offset=8)
        return Value(name, COUNTERS, (), "int64", offset=8 * COUNTER_PLACES[name])

    @property
    def frozen(self) -> bool:
        """See Net.frozen."""
        return self.store.is_frozen(self.path)

    def size(self, units: int | str) -> int:
        """See Net.size."""
        if isinstance(units, int):
            return units
        if units == "vocabulary":
            if not self.store.vocabulary:
                raise ShapeError("the inputs are numbers, not words or letters of a vocabulary; say how many ids there are")
            return self.store.vocabulary
        return self.store.features if units == "features" else self.store.outputs

    def counts(self, multiply_adds: int) -> None:
        """See Net.counts."""
        self._counted[self.path] = multiply_adds

    def output_of(self, label: str) -> Value:
        """See Net.output_of."""
        if label == DECODER and label not in self.named:
            raise ShapeError("the data have no second input for a decoder; take data that answer in sequences, "
                             "such as reversal")  # fmt: skip
        return self.ready(self.named[label])

    def parameter_of(self, label: str, name: str) -> Parameter:
        """See Net.parameter_of."""
        found = self.store.parameters.get(f"{self._paths.get(label, label)}.{name}")
        if found is None:
            raise ShapeError(f"the layer {label} has no {name} of its own; name one that has, such as an embedding")
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """See Net.words."""
        return self.store.words

    def states_of(self, label: str) -> tuple[tuple[Value, ...], ...]:
        """See Net.states_of."""
        return self._states.get(label, ())

    def keep_states(self, *states: tuple[Value, ...]) -> None:
        """See Net.keep_states."""
        for label in ("", self._label or ""):
            self._states[label] = states

    @property
    def labelled(self) -> bool:
        """See Net.labelled."""
        return self._label is not None

    @property
    def carries(self) -> bool:
        """See Net.carries."""
        return self.carry > 0

    def table(self, name: str) -> Value:
        """See Net.table."""
        if name not in self.tables:
            raise ShapeError(f"the data bring no table of {name}; take data that do, such as word pairs")
        return self.tables[name]

    def carried(self, name: str, units: int) -> tuple[Value, Value] | None:
        """See Net.carried."""
        if self.continues is None:
            return None
        return self.running(f"carried_{name}", (self.carry, units)), self.continues

    def carry_on(self, kernel: Kernel, **operands: Value) -> None:
        """See Net.carry_on."""
        self.carry_rows.append(Row(kernel, operands, self.path))

    # ---- rows ------------------------------------------------------------------------------------------------------

    def call(self, kernel: Kernel, *, backward: Sequence[Kernel | str] = (), **operands: Value) -> None:
        """See Net.call."""
        self.rows.append(Row(kernel, operands, self.path))
        self.rows[-1].sizes()  # what does not fit is told of the line that calls, in a layer of the user's own
        if not self.training or not backward:
            return
        outputs = [v for name, v in operands.items() if is_output(name)]
        needed = any(v.needs_gradient for name, v in operands.items() if not is_output(name))
        for y in outputs:
            y.needs_gradient = y.needs_gradient or needed  # several rows may write parts of it
        if needed:
            self.tape.note(backward, operands, self.path)

    def row(self, kernel: Kernel, *, only: int | None = None, sliced: bool = False, **operands: Value) -> None:
        """Add a row that has no backward."""
        self.rows.append(Row(kernel, operands, self.path, only, sliced))

    def update_running(self, kernel: Kernel, **operands: Value) -> None:
        """See Net.update_running."""
        self.running_rows.append(Row(kernel, operands, self.path, only=0))

    def barrier(self) -> None:
        """See Net.barrier."""
        if self.shards > 1:
            self.rows.append(Row(None, {}, self.path))

    # ---- layers ----------------------------------------------------------------------------------------------------

    def layers(self, entries: Sequence[Any], x: Value, scope: str = "") -> Value:
        """See Net.layers. Entries are recipe.LayerEntry objects."""
        return self.stack(entries, x, range(len(entries)), scope)

    def stack(self, entries: Sequence[Any], x: Value, part: range, scope: str = "") -> Value:
        """Build only a part of a list of layers, under the names they have in the whole."""
        pairs = {} if self._path or scope else self.pairs
        built = part.start
        with self.inside(scope):
            for index in part:
                if index < built:
                    continue
                last = entries[index]
                pair = pairs.get(index)
                if pair is not None:
                    last, built = entries[pair.second], pair.second + 1
                    x = self.input_of(entries[index], x)
                    x = build_pair(self, entries, pair, x, self.all_rows if id(x) in self.awaited else None)
                else:
                    with self.inside(self.name_of(entries, index)):
                        x = self._layer(last, self.ready(self.input_of(last, x)), entries[index + 1 :])
                if last.label:
                    self.named[last.label] = x
        return x

    def chain(self, parts: Mapping[str, Any], x: Value) -> Value:
        """See Net.chain."""
        place = getattr(self._entry, "place", None)
        entries = [SimpleNamespace(part=part, label=None, source=None, place=place) for part in parts.values()]
        for index, name in enumerate(parts):
            with self.inside(name):
                x = self._layer(entries[index], self.ready(x), entries[index + 1 :])
        return x

    def ready(self, x: Value) -> Value:
        """X itself, after the rows that bring it, if nothing has asked for it before."""
        bring = self.awaited.pop(id(x), None)
        if bring is not None:
            bring()
        return x

    @staticmethod
    def name_of(entries: Sequence[Any], index: int) -> str:
        """What a layer is called in paths: its label, or its place and kind."""
        entry = entries[index]
        return entry.label or f"{index}_{entry.part.name}"

    @contextmanager
    def layer(self, entries: Sequence[Any], index: int) -> Iterator[None]:
        """Build the rows of a layer that has been built before, in another program."""
        self._layer_number += 1
        with self.inside(self.name_of(entries, index)):
            yield

    def known(self, name: str) -> Parameter:
        """A parameter of the current layer that exists."""
        return self.store.parameters[f"{self.path}.{name}"]

    def _layer(self, entry: Any, x: Value, following: Sequence[Any]) -> Value:
        part: Layer = entry.part
        before, own, self._own = self._initializer, self._own, []
        self._initializer = default_initializer(following) or before or _xavier()
        self._layer_number += 1
        outer, self._label, self._entry = (self._label, self._entry), entry.label, entry
        if entry.label:
            self._paths[entry.label] = self.path
        info = LayerInfo(self.path, part.name, x.shape, (), self._own, 0, x, x, len(self._path) - 1)
        self.infos.append(info)
        try:
            y = part.build(self, x)
            if not isinstance(y, Value):
                raise ShapeError(f"build() of layer {part.name} returns no array of the net; end it with: return y")
        except ShapeError as error:
            raise ShapeFlowError(str(error), entry, self.path, list(self.infos)) from None
        self._label, self._entry = outer
        if y.lengths is None and x.lengths is not None and len(y.shape) > 2 and y.shape[1] == x.shape[1]:
            y.lengths = x.lengths
        info.output_shape, info.output = y.shape, y
        counted = self._counted.get(self.path)
        info.multiply_adds = part.multiply_adds(x.shape, y.shape) if counted is None else counted
        info.reach = part.reach(x.shape)
        self._initializer, self._own = before, own
        return y

    def input_of(self, entry: Any, x: Value) -> Value:
        """What goes into a layer: x, which comes from the layer above, or what its `from:` names."""
        source = entry.source
        if source is None:
            return x
        if isinstance(source, str):
            try:
                return self.output_of(source)
            except ShapeError as error:
                raise ShapeFlowError(str(error), entry, self.path, list(self.infos)) from None
        paths = ", ".join(f"[identity: {{from: {label}}}]" for label in source)
        problem = f"a layer reads one input; to join several, put branches: [{paths}] in front of it"
        raise ShapeFlowError(problem, entry, self.path, list(self.infos))

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Build under a further part of the path."""
        if name:
            self._path.append(name)
        yield
        if name:
            self._path.pop()


def default_initializer(following: Sequence[Any]) -> Initializer | None:
    """The initializer that suits the activation after a layer; None when the end of a list comes first."""
    for entry in following:
        hint = entry.part.init_hint
        if hint is not None:
            return find("initializers", hint)()  # type: ignore[return-value]
        if "init" in type(entry.part).model_fields:
            return _xavier()
    return None


def _xavier() -> Initializer:
    return find("initializers", "xavier")()  # type: ignore[return-value]
