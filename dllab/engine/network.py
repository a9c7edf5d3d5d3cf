"""A network one can hold: parameters as arrays, forward, loss and gradients, a step. `dllab.build` makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.core import rng
from dllab.engine import executor
from dllab.engine.binding import Bound, Memory, view_of
from dllab.engine.budget import check_fits
from dllab.engine.layout import Layouter
from dllab.engine.pace import Pace, run_paced
from dllab.engine.question import INPUTS, TARGETS, question_of
from dllab.plan.plan import HISTORY_STEPS, Plan
from dllab.recipe import Recipe, chosen
from dllab.symbols import COLUMN, CONTINUES, GRADIENTS, LENGTHS, OPTIMIZER, TABLE, Parameter

Precision = Literal["float32", "float64"]
CHUNK = 256
"""Rows of an inference batch: enough for the products to be efficient, small enough to stay in the cache."""

WORK_AT_ONCE = 64_000_000
"""Bytes of activations from which on an inference batch has fewer rows: long sequences need much for each."""

FEWEST_ROWS = 8


def rows_at_once(plan: Plan, name: str, rows: int) -> int:
    """How many of these rows an inference program of that name goes through together."""
    capacity = max(min(CHUNK, rows), 1)
    while capacity > FEWEST_ROWS and Layouter(plan, plan.program(name), capacity).place_work() > WORK_AT_ONCE:
        capacity //= 2
    return capacity


class Network:
    """A net with parameters of its own.

    `parameters` maps `<index>_<layer>.<parameter>` to writable views, so assigning to one changes the net; `dense` has
    `w` (inputs, units) and `b` (units,).
    """

    def __init__(self, plan: Plan, recipe: Recipe | None = None) -> None:
        self.plan, self.recipe = plan, recipe
        check_fits(plan, recipe)
        self.memory = Memory(plan)
        self.parameters: dict[str, NDArray[Any]] = {
            p.label: self.memory.view("parameters", p) for p in in_recipe_order(plan)
        }
        self.updates = 0
        self._batches: dict[int, Bound] = {}
        self.initialise(plan.question.seed)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.memory.dtype

    def initialise(self, seed: int) -> None:
        """Draw all parameters anew, each from the seed and its own place only; forget what training has left besides.

        What is bound from then on draws from that seed, too; for what is bound already see Bound.begin_anew.
        """
        self.memory.seed, self.updates = seed, 0
        self.memory.flat(OPTIMIZER)[:] = 0
        for label, value in self.plan.store.running.items():
            self.memory.view("running", value)[...] = self.plan.store.fills[label]
        for number, parameter in enumerate(in_recipe_order(self.plan)):
            view = self.parameters[parameter.label]
            if parameter.initializer is None:
                view[...] = 0
                continue
            key = rng.key(seed, rng.STREAM_INIT, number)
            view[...] = parameter.initializer.draw(view.shape, parameter.fans, key)

    @property
    def learning_rate(self) -> float:
        """The optimizer's own rate, before any schedule."""
        return float(getattr(self.plan.question.chain[-1], "lr", 0.0))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of one output."""
        return tuple(int(d) for d in self.plan.output_shape[1:])

    def forward(self, x: ArrayLike, training: bool = False, **extras: ArrayLike) -> NDArray[Any]:
        """The outputs (N, ...) for inputs x (N, ...), as the net sees them (already scaled).

        `training`: dropout drops and batch norm uses the batch, as in a training step. `extras`: what the net reads beside:
        lengths (N,) of sequences (left out: all steps are there), decoder (N, S). Raises ValueError on a shape that does
        not fit.
        """
        inputs = self._inputs(x)
        rows = len(inputs)
        columns = {COLUMN + INPUTS: inputs, **self._extras(rows, extras)}
        if not training:
            return self.predict(columns, np.arange(rows), "infer:plain")
        outputs = np.empty((rows, self._width), self.dtype)
        bound = Bound(self.memory, "forward:plain", rows, columns, np.arange(rows), outputs=outputs)
        executor.run(bound, self.updates, self.updates + 1)
        return outputs.reshape(rows, *self.output_shape)

    def asking(self, rows: int, **extras: ArrayLike) -> Asking:
        """Inference of so many rows again and again, bound once. `extras`: see forward."""
        inputs = np.zeros((rows, *self.plan.question.inputs.shape), self.dtype)
        return Asking(self, {COLUMN + INPUTS: inputs, **self._extras(rows, extras)}, rows)

    def loss_and_gradients(self, x: ArrayLike, y: ArrayLike, **extras: ArrayLike) -> tuple[float, dict[str, NDArray[Any]]]:
        """The loss of one batch and its gradients, named as the parameters. Nothing is updated. `extras`: see forward."""
        bound = self.training_batch(x, y, **extras)
        bound.limit(bound.program.probe)
        self._run_one(bound)
        bound.limit(None)
        return self._loss(), {label: g.copy() for label, g in self.gradients.items()}

    def step(self, x: ArrayLike, y: ArrayLike, lr: float | None = None, **extras: ArrayLike) -> float:
        """One optimizer step on one batch; returns the loss before it. `lr`: instead of the optimizer's own rate."""
        bound = self.training_batch(x, y, **extras)
        self._run_one(bound, self.learning_rate if lr is None else lr)
        loss = self._loss()
        self.updates += 1
        return loss

    def stepping(self, x: ArrayLike, y: ArrayLike, batch: int, most: int, **extras: ArrayLike) -> Stepping:
        """What makes up to `most` steps a call, each on a batch of rows of x (N, ...) and y. Raises what `step` does."""
        inputs, targets = self._pairs(x, y)
        columns = {COLUMN + INPUTS: inputs.copy(), COLUMN + TARGETS: targets.copy()}
        return Stepping(self, columns | self._extras(len(inputs), extras), batch, most)

    @property
    def gradients(self) -> dict[str, NDArray[Any]]:
        """Views of the gradients that the last step left, named as the parameters."""
        arena = self.memory.arrays[f"{GRADIENTS}@0"]
        return {p.label: view_of(arena, p, self.dtype) for p in in_recipe_order(self.plan)}

    def predict(self, columns: Mapping[str, NDArray[Any]], order: NDArray[np.int64], name: str) -> NDArray[Any]:
        """Outputs (N, ...) for the rows `order` of data columns, by the inference program of that name."""
        outputs = np.empty((len(order), self._width), self.dtype)
        if len(order):
            bound = Bound(self.memory, name, rows_at_once(self.plan, name, len(order)), columns, order, outputs=outputs)
            for _ in run_paced(bound, 0, -(-len(order) // bound.capacity), Pace()):
                pass  # Ctrl-C is seen here
        return outputs.reshape(len(order), *self.output_shape)

    def training_batch(self, x: ArrayLike, y: ArrayLike, **extras: ArrayLike) -> Bound:
        """The training program bound to one batch of a user's own arrays. `extras`: see forward."""
        inputs, targets = self._pairs(x, y)
        key = len(inputs)
        beside = self._extras(key, extras)
        if key not in self._batches:
            order = np.arange(len(inputs))
            columns = {COLUMN + INPUTS: inputs.copy(), COLUMN + TARGETS: targets.copy(), **beside}
            self._batches[key] = Bound(self.memory, "train:plain", key, columns, order, base=order)
            self._batches[key].keep_order()
        bound = self._batches[key]
        bound.arrays[COLUMN + INPUTS][...] = inputs
        bound.arrays[COLUMN + TARGETS][...] = targets
        for name, values in beside.items():
            bound.arrays[name][...] = values
        return bound

    def _pairs(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
        inputs = self._inputs(x)
        targets = inputs if self.plan.question.loss is not None and self.plan.question.targets is None else self._targets(y)
        if len(inputs) != len(targets):
            raise ValueError(f"x has {len(inputs)} rows and y has {len(targets)}; give one target for every input")
        if len(inputs) == 0:
            raise ValueError("an empty batch: x has no rows")
        return inputs, targets

    def _extras(self, rows: int, given: Mapping[str, ArrayLike]) -> dict[str, NDArray[Any]]:
        """The further columns of the plan, and its tables, from what is given."""
        question = self.plan.question
        columns = {column.name: column for column in question.extras}
        if unknown := sorted(set(given) - {*columns, *(table.name for table in question.tables)}):
            raise ValueError(f"this net reads no {', '.join(unknown)}; it reads {', '.join(['inputs', *columns])}")
        found = {}
        for name, column in columns.items():
            if name not in given and name not in (LENGTHS, CONTINUES):
                shape = str(("N", *column.shape)).replace("'", "")
                raise ValueError(f"this net also reads {name} {shape}: give {name}=...")
            usual = question.inputs.shape[0] if name == LENGTHS else 0
            values = np.ascontiguousarray(given.get(name, np.full(rows, usual)), column.dtype)
            if values.shape != (rows, *column.shape):
                raise ValueError(f"{name} has shape {values.shape}; this net takes {(rows, *column.shape)}")
            if name == LENGTHS and rows and not 1 <= values.min() <= values.max() <= usual:
                raise ValueError(
                    f"lengths run from {values.min()} to {values.max()}; sequences here have 1 to {usual} steps"
                )
            found[COLUMN + name] = values.copy()
        for table in question.tables:
            numbers = given.get(table.name, np.ones(table.shape))
            found[COLUMN + table.name + TABLE] = np.ascontiguousarray(numbers, table.dtype)
        return found

    def _run_one(self, bound: Bound, rate: float = 0.0) -> None:
        executor.run(bound, self.updates, self.updates + 1, np.array([rate]))

    def _loss(self) -> float:
        return float(self.memory.arrays["history"].view(np.float64)[self.updates % HISTORY_STEPS])

    @property
    def _width(self) -> int:
        return int(np.prod(self.output_shape, dtype=np.int64))

    def _inputs(self, x: ArrayLike) -> NDArray[Any]:
        shape = self.plan.question.inputs.shape
        inputs = np.ascontiguousarray(x, self.dtype)
        if inputs.shape[1:] != shape:
            expected = ", ".join(["N", *map(str, shape)])
            raise ValueError(f"x has shape {inputs.shape}; this net takes ({expected})")
        return inputs

    def _targets(self, y: ArrayLike) -> NDArray[Any]:
        column = self.plan.question.targets
        if column is None:
            raise ValueError("this net was built without a loss; there is nothing to train")
        given = np.asarray(y)
        if column.dtype == "int32" and column.shape:
            return step_labels(given, max(self.plan.question.outputs, 2), column.shape)
        if column.dtype == "int32":
            return labels(given, self.plan.question.outputs)
        values = np.ascontiguousarray(given, self.dtype)
        if values.ndim == 1 and column.shape == (1,):
            values = values[:, None]
        if values.shape[1:] != column.shape:
            raise ValueError(f"y has shape {values.shape}; this net's targets are (N, {column.shape[0]})")
        return values


class Asking:
    """Inference of the same rows again and again: what `column` gives may be changed, then `outputs` are those of now."""

    def __init__(self, network: Network, columns: dict[str, NDArray[Any]], rows: int) -> None:
        self._columns, self._shape = columns, (rows, *network.output_shape)
        self._outputs = np.empty((rows, int(np.prod(network.output_shape, dtype=np.int64))), network.dtype)
        self._bound = Bound(network.memory, "infer:plain", rows, columns, np.arange(rows), outputs=self._outputs)

    def column(self, name: str) -> NDArray[Any]:
        """The array of `inputs`, `lengths`, ..., which is written into."""
        return self._columns[COLUMN + name]

    def outputs(self) -> NDArray[Any]:
        """The outputs (rows, ...), in an array that the next call fills anew."""
        executor.run(self._bound, 0, 1)
        return self._outputs.reshape(self._shape)


class Stepping:
    """Training steps on batches of rows of the same arrays, many in one call.

    The bits are those of `Network.step` with each batch, but where dropout draws by the place of a row among all.
    """

    def __init__(self, network: Network, columns: dict[str, NDArray[Any]], batch: int, most: int) -> None:
        self._network, self._batch, self._most = network, batch, most
        self._rows_of_data = len(columns[COLUMN + INPUTS])
        self._order = np.zeros((most, batch), np.int64)
        flat = self._order.reshape(-1)
        self._bound = Bound(network.memory, "train:plain", batch, columns, flat, base=flat)
        self._bound.keep_order()

    def run(self, rows: NDArray[np.int64], lr: float | None = None) -> None:
        """A step on each row of `rows` (steps, batch). Raises ValueError for more steps, and rows that are not there."""
        count = len(rows)
        if rows.shape != (count, self._batch) or count > self._most:
            raise ValueError(f"rows have shape {rows.shape}; expected up to {self._most} batches of {self._batch}")
        if count and not 0 <= rows.min() <= rows.max() < self._rows_of_data:
            raise ValueError(f"rows run from {rows.min()} to {rows.max()}; there are {self._rows_of_data}")
        network = self._network
        self._order[(network.updates + np.arange(count)) % self._most] = rows  # where the loop looks for its next steps
        rate = network.learning_rate if lr is None else lr
        executor.run(self._bound, network.updates, network.updates + count, np.full(count, rate))
        network.updates += count


def labels(y: NDArray[Any], classes: int) -> NDArray[np.int32]:
    """Class labels (N,) as int32. Raises ValueError for numbers that are no labels."""
    found = y.reshape(len(y), -1)[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if found.ndim != 1 or found.dtype.kind not in "biuf" or not np.all(np.equal(np.mod(found, 1), 0)):
        raise ValueError(f"y has shape {y.shape} and type {y.dtype}; this net's targets are whole class labels (N,)")
    if len(found) and (found.min() < 0 or found.max() >= max(classes, 2)):
        raise ValueError(f"labels run from {found.min()} to {found.max()}; this net has classes 0 to {max(classes, 2) - 1}")
    return found.astype(np.int32)


def step_labels(y: NDArray[Any], classes: int, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Labels (N, T), -1 where none counts, as int32. Raises ValueError for others."""
    if y.shape[1:] != shape or y.dtype.kind not in "iu":
        raise ValueError(f"y has shape {y.shape} and type {y.dtype}; this net's targets are whole labels (N, {shape[0]})")
    if y.size and (y.min() < -1 or y.max() >= classes):
        raise ValueError(f"labels run from {y.min()} to {y.max()}; this net has classes 0 to {classes - 1}, -1 for none")
    return np.ascontiguousarray(y, np.int32)


def in_recipe_order(plan: Plan) -> list[Parameter]:
    """The parameters as the recipe names them, whatever their order in memory."""
    return list(plan.store.parameters.values())


def build(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    overrides: Sequence[str] = (),
    *,
    seed: int = 0,
    dtype: Precision = "float32",
    trust: bool = False,
) -> Network:
    """A network by recipe name, path or dict, with freshly drawn parameters.

        net = dllab.build("spirals", seed=0, dtype="float64")
        net.parameters["0_dense.w"]

    `overrides` change the recipe, as in `dllab.train`: texts such as "model[0].dense.units=64". `trust`: run the Python
    files that the recipe uses. Raises RecipeError with everything that is wrong with the recipe.
    """
    from dllab.engine.prepare import plan_of, prepared

    found = chosen(recipe, overrides, trust=trust)
    plan = plan_of(found, question_of(found, prepared(found), precision=dtype, seed=seed))
    return Network(plan, found)
