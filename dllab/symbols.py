"""What a part sees of the plan: symbolic arrays, and the interface through which it adds rows.

A Value names an array that does not exist yet: a register (an arena of memory), a place in it, a shape. Shapes may hold
live dimensions, which change from step to step: "B" is the number of rows of the batch that a shard has in hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from dllab.core.kernel import Kernel

Dim = int | str
BATCH_DIM = "B"
WHOLE_DIM = "W"
"""The rows of the whole batch, of all shards together."""
BARRIER = "barrier"
"""Among backward kernels: rows after it see what all shards did before it."""

# Registers. One arena each; those marked * once for every shard.
PARAMETERS = "parameters"
GRADIENTS = "gradients"  # * same layout as PARAMETERS
OPTIMIZER = "optimizer"  # slots, each laid out as PARAMETERS
RUNNING = "running"  # state that is neither parameter nor scratch: batch-norm statistics, carried h and c
WORK = "work"  # * activations, their gradients, scratch
SHARED = "shared"  # small arrays that all shards read and write: partial sums
CONSTANTS = "constants"  # float64 numbers of the recipe, and vectors such as class weights
COUNTERS = "counters"  # * step, first row, epoch, shard (loop.py)
RATES = "rates"  # * the learning rate of this step
SIZES = "sizes"  # * live sizes
ORDER = "order"  # int64 rows of the data set in the order of the epoch
BASE_ORDER = "base"  # the training rows before any shuffle
HISTORY = "history"  # loss and gradient norm of the last steps
OUTPUTS = "outputs"  # what an inference program leaves, a row per example
RINGS = "rings"  # what probes copy
COLUMN = "column:"  # prefix: one register for each named column of the data set
TABLE = ":table"  # suffix, after COLUMN and a name: an array of the data set that is not by rows

DECLARED = -1
"""How many ids inputs hold of which only the layers that read them know anything."""

# Columns of sequences: how many steps each has, whether it goes on where the batch before has ended, what a decoder reads.
LENGTHS, CONTINUES, DECODER = "lengths", "continues", "decoder"


class ShapeError(ValueError):
    """A layer or loss cannot take the shape it is given; the message says what it expected."""


@dataclass(eq=False)
class Value:
    """A symbolic array. `dtype` "T" is the plan's precision; `offset` (bytes) is set when memory is laid out."""

    name: str
    register: str
    shape: tuple[Dim, ...]
    dtype: str = "T"
    needs_gradient: bool = False
    offset: int | None = None
    parent: Value | None = None  # a view: a value that lies inside another one
    shift: int = 0  # bytes from the start of the parent
    stride: int = 0  # further bytes for every shard before this one: a shard's own place in a shared array
    slot: int = 0  # which copy of the parameter arena (optimizer state)
    shard: int | None = None  # of a per-shard register, always this shard's
    lengths: Value | None = None  # (B,) int32: of sequences (B, T, ...), how many of the T steps are there; None: all
    ids: int = 0  # of ids: how many there are; DECLARED: as many as a layer says; 0: these are no ids
    counted: Value | None = None  # of labels: how many of the whole batch are not -1, an int64 scalar; None: all

    @property
    def features(self) -> int:
        """The size of the last axis, which must be fixed."""
        last = self.shape[-1]
        assert isinstance(last, int)
        return last


@dataclass(eq=False)
class Parameter(Value):
    """A trainable array. `decays`: weight decay and L1/L2 apply to it (weights yes, biases and gains no)."""

    label: str = ""
    initializer: Any = None
    decays: bool = True
    fans: tuple[int, int] = (1, 1)
    rate_factor: float = 1.0
    frozen: bool = False
    transposed: bool = False  # lies in memory with its two axes exchanged
    owned: bool = False  # shards own halves of it: no sum over shards, no further cut (plan/split.py)
    state: dict[str, Value] = field(default_factory=dict)


class Net(Protocol):
    """What a layer, loss or optimizer may ask of the plan that is being built."""

    training: bool
    shards: int

    @property
    def frozen(self) -> bool:
        """Whether the current layer is left as it is: its running state is then neither updated nor replaced."""

    def parameter(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Any = None,
        *,
        fans: tuple[int, int] | None = None,
        decays: bool = True,
    ) -> Parameter:
        """A trainable array of the current layer; the same name again in another program is the same array."""

    def running(self, name: str, shape: tuple[int, ...], fill: float = 0.0) -> Value:
        """State of the current layer that training updates and inference reads; never decayed, no gradient."""

    def array(self, shape: Sequence[Dim], name: str = "y", dtype: str = "T") -> Value:
        """An array of this step: an activation or scratch."""

    def view(self, of: Value, shape: Sequence[Dim]) -> Value:
        """The same numbers under another shape of equal size."""

    def shared(self, name: str, shape: tuple[int, ...]) -> Value:
        """A small float64 array that all shards see."""

    def own(self, of: Value) -> Value:
        """A shared array of shape (shards, ...) as this shard sees its own row of it."""

    def constant(self, value: float) -> Value:
        """A number of the recipe, as a scalar operand."""

    def whole(self, value: int) -> Value:
        """A whole number of the recipe, as an int64 scalar operand."""

    def vector(self, values: Any) -> Value:
        """A fixed vector of the recipe in the plan's precision."""

    def batch_rows(self) -> Value:
        """(B,) int64: which row of the data set each example of the batch is."""

    def counts(self, multiply_adds: int) -> None:
        """Say how many multiplications with addition the layer being built needs for one example.

        For layers that look at more than x; of others the plan asks Layer.multiply_adds.
        """

    def output_of(self, label: str) -> Value:
        """What a layer of that label gave, for options marked as catalogue.LayerName; `input` and `decoder` are columns.

        Raises ShapeError for `decoder` where the data have none.
        """

    def parameter_of(self, label: str, name: str) -> Parameter:
        """A parameter of the layer of that label, to be used once more: both gradients add up.

        Raises ShapeError where that layer has none of that name.
        """

    @property
    def words(self) -> tuple[str, ...]:
        """The text of each id of the inputs; () where they are no ids of a vocabulary."""

    def states_of(self, label: str) -> tuple[tuple[Value, ...], ...]:
        """The last states (B, H) that a layer of that label has kept; () where it has kept none.

        One tuple for each of the recurrent layers on top of each other in it: h, and for an LSTM its memory. `""` stands
        for the recurrent layer that was built last, whatever its label.
        """

    def keep_states(self, *states: tuple[Value, ...]) -> None:
        """Let layers that name this one begin with these states; see states_of."""

    @property
    def labelled(self) -> bool:
        """Whether the layer being built has a label, so that others may name it."""

    @property
    def carries(self) -> bool:
        """Whether states go on from batch to batch here; see carried."""

    def table(self, name: str) -> Value:
        """An array that comes with the data set and is not by rows. Raises ShapeError where there is none."""

    def carried(self, name: str, units: int) -> tuple[Value, Value] | None:
        """State (rows of a whole batch, units) that training hands on from batch to batch; None where it does not.

        With it comes (B,): 1 for an example that goes on where that row of the batch before has ended, 0 for a new one.
        """

    def carry_on(self, kernel: Kernel, **operands: Value) -> None:
        """Add a row that moves carried state on: every shard its own rows, at the end of a step.

        It is the last thing in a step of training or evaluation; a check of gradients leaves states as they are.
        """

    def counter(self, name: str) -> Value:
        """An int64 scalar: `step`, `update` (1 at the first step), `epoch`, `shard`, `shards`, `batch`, `seed`, `layer`.

        `batch` is the live number of rows of the whole batch, `layer` this layer's own number (for keys of random streams).
        """

    def call(self, kernel: Kernel, *, backward: Sequence[Kernel | str] = (), **operands: Value) -> None:
        """Add a row. In training the backward kernels follow in reverse order: an operand `dx` is the gradient of `x`.

        `y` is what the layer gives, and `y_h`, `y_c` what it gives beside it; backward kernels read `dy`, `dy_h`, `dy_c`,
        which are 0 where nobody uses them.
        A backward kernel is left out when nothing it writes is needed. Every backward kernel stores; where a gradient
        has been written before (shared inputs, tied weights) the plan adds.
        """

    def update_running(self, kernel: Kernel, **operands: Value) -> None:
        """Add a row that moves running state on. One shard runs it, when a step updates the parameters, and only then:

        a forward pass or a check of gradients leaves state as it is, and so does the step at which a run diverges.
        """

    def barrier(self) -> None:
        """Rows after this one see what all shards did before it."""

    def size(self, units: int | str) -> int:
        """A number of units: itself, or what `classes`, `outputs`, `features`, `vocabulary` stand for in this recipe."""

    def layers(self, entries: Sequence[Any], x: Value, scope: str = "") -> Value:
        """Build inner layers (blocks call this)."""

    def chain(self, parts: Mapping[str, Any], x: Value) -> Value:
        """Build layers that no recipe lists, one after the other; their parameters are named after the keys."""
