"""Checks gradients against differences, in float64: every parameter of a net, and its input.

    for check in check_network(network, x, y):
        print(check.layer, check.parameter, check.relative_error)

The measure, for each array: max |a - n| / max(max |a|, max |n|, 1e-6 max(1, |loss|)), a what the backward pass says, n
the difference quotient of the loss. The floor lets gradients be exactly 0 (a bias in front of batch norm). Elements at
a kink of the loss, where no derivative exists, are left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.core.loop import SIZE_ROWS
from dllab.engine import executor
from dllab.engine.binding import view_of
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import INPUTS, question_of
from dllab.lab.differences import five_point, is_kink, sweep
from dllab.lab.gradcheck_report import THRESHOLD, Check, Checked, Element, Index, LeftOut, Verdict
from dllab.lab.planted_bug import plant
from dllab.ops.layer import Layer
from dllab.plan.plan import Question
from dllab.recipe import Recipe
from dllab.symbols import COLUMN, CONTINUES, Value
from dllab.training.compiling import compile_ahead
from dllab.training.events import Compiling

PROGRAM = "train:plain"
BATCH = 8
NOTHING: Mapping[str, ArrayLike] = MappingProxyType({})
JITTER = 0.1
CLOSE_ENOUGH = 1e-7  # a first look that agrees this well needs no second one
FLOOR = 1e-6

COMPLETE = 4096
"""Arrays of up to this many elements are checked completely, larger ones by a sample."""

LARGEST, RANDOM = 30, 30
"""The sample: so many elements with the largest gradients, so many of the others."""


class LossAtPoint:
    """The loss of one batch, and its gradients, as a network's own training step computes them.

    Every evaluation is the same step from the same state: dropout drops the same units, and running statistics are put
    back. Use as a context: leaving it, the network is as it was.
    """

    def __init__(self, network: Network, x: ArrayLike, y: ArrayLike, extras: Mapping[str, ArrayLike] = NOTHING) -> None:
        self.network = network
        self.bound = network.training_batch(x, y, **extras)
        self._running = network.memory.arrays["running"]
        self._kept = self._running.copy()
        shared = network.plan.store.shared["loss"]
        self._parts = view_of(self.bound.arrays["shared"], shared, network.dtype)

    def __enter__(self) -> LossAtPoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.bound.limit(None)
        self._running[:] = self._kept

    def value(self) -> float:
        """The loss as parameters and inputs stand."""
        self._run(self.bound.program.backward)
        return float(self._parts.sum())

    def gradients(self) -> dict[str, NDArray[Any]]:
        """The gradients of all parameters by label, and of the input as `input.x` where the plan has it."""
        self._run(self.bound.program.probe)
        found = {label: g.copy() for label, g in self.network.gradients.items()}
        if self.network.plan.question.input_gradient:
            found["input.x"] = self._input_gradient()
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the gradients belong to: changing these changes the loss."""
        return {**self.network.parameters, "input.x": self.bound.arrays[COLUMN + INPUTS]}

    def along(self, array: NDArray[Any], place: int) -> Callable[[float], float]:
        """The loss as a function of how far the number at a flat place of an array is moved."""
        flat = array.reshape(-1)
        kept = flat[place]

        def shifted(by: float) -> float:
            flat[place] = kept + by
            try:
                return self.value()
            finally:
                flat[place] = kept

        return shifted

    def _run(self, end: int) -> None:
        self._running[:] = self._kept
        self.bound.limit(end)
        step = self.network.updates
        executor.run(self.bound, step, step + 1, threads=False)

    def _input_gradient(self) -> NDArray[Any]:
        program = self.bound.program
        gradient = program.gradients.get(id(_input(program.work)))
        if gradient is None:  # no layer hands anything back: the loss does not depend on the input
            return np.zeros_like(self.bound.arrays[COLUMN + INPUTS])
        rows = [int(sizes[SIZE_ROWS]) for sizes in self.bound.sizes]
        return np.concatenate([self.bound.work(gradient, shard, count) for shard, count in enumerate(rows)])


def check_recipe(
    recipe: Recipe, *, seed: int | None = None, plant_in: str | None = None, full: bool = False
) -> Iterator[Compiling | LeftOut | Checked]:
    """Check the whole net of a recipe on a few rows of its data (random numbers for a recipe without data).

    The net is drawn anew; biases and gains, which begin all alike, are moved a little, so that zeros hide no error.
    `plant_in`: the layer that gets a bug on purpose. `full`: no sampling. Raises RecipeError, and UnknownLayer.
    """
    seed = recipe.train.seed if seed is None else seed
    network, x, y, extras = subject(recipe, seed)
    if plant_in is not None:
        plant(network.plan, PROGRAM, plant_in)
    yield from compile_ahead(network.plan, (PROGRAM,))
    frozen = frozen_of(network)
    if frozen:
        yield LeftOut(frozen)
    count = len(network.parameters) + int(network.plan.question.input_gradient) - len(frozen)
    for number, check in enumerate(check_network(network, x, y, seed=seed, full=full, extras=extras), 1):
        yield Checked(number, count, check.name, (check,))


def subject(recipe: Recipe, seed: int) -> tuple[Network, NDArray[Any], NDArray[Any], dict[str, NDArray[Any]]]:
    """The recipe's net in float64, up to 8 rows of inputs and targets, and what it reads beside.

    The net has the gradient of its input, unless that is ids.
    """
    data = prepared(recipe)
    named = 0 if data is not None else ids_read(recipe)
    ids = named > 0 if data is None else data.dataset.columns[INPUTS].dtype == np.int32
    question = question_of(recipe, data, precision="float64", seed=seed, input_gradient=not ids)
    network = Network(plan_of(recipe, question), recipe)
    rng = np.random.default_rng(seed)
    jitter(network, rng)
    if data is not None:
        rows = rng.permutation(data.splits.train)[:BATCH]
        extras = {c.name: data.dataset.columns[c.name][rows] for c in question.extras if c.name != CONTINUES}
        return network, data.seen(rows).astype(np.float64), data.targets(rows), {**extras, **data.dataset.tables}
    shape = (BATCH, *question.inputs.shape)
    x = rng.integers(0, named, shape).astype(np.float64) if ids else rng.normal(size=shape)
    return network, x, random_targets(question, BATCH, rng), {}


def ids_read(recipe: Recipe) -> int:
    """How many ids the first layer of a recipe without data reads; 0 where it reads numbers."""
    first = recipe.model[0].part
    return int(getattr(first, "size", 0)) if isinstance(first, Layer) and first.reads_ids else 0


def frozen_of(network: Network) -> tuple[str, ...]:
    """The parameters that training leaves as they are: the backward pass gives them no gradient."""
    return tuple(label for label, parameter in network.plan.store.parameters.items() if parameter.frozen)


def random_targets(question: Question, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Labels or values for so many rows; zeros, which nobody reads, for a loss without targets."""
    targets = question.targets
    if targets is None:
        return np.zeros(rows)
    if targets.dtype == "int32":
        labels = rng.integers(0, max(question.outputs, 2), (rows, *targets.shape))
        return np.where(rng.random(labels.shape) < 1 / 3, -1, labels) if targets.gaps else labels
    return rng.normal(size=(rows, *targets.shape))


def jitter(network: Network, rng: np.random.Generator) -> None:
    """Move parameters whose numbers are all alike: zero biases sit on kinks, unit gains hide wrong factors."""
    for values in network.parameters.values():
        if values.size and np.all(values == values.flat[0]):
            values += JITTER * rng.normal(size=values.shape)


def check_network(
    network: Network, x: ArrayLike, y: ArrayLike, *, seed: int = 0, full: bool = False,
    extras: Mapping[str, ArrayLike] = NOTHING,
) -> Iterator[Check]:  # fmt: skip
    """Check every parameter that is not frozen, and the input where the plan has its gradient; changes nothing.

    One batch: x (N, ...) inputs as the net sees them, y their targets; `seed` chooses the sample of a large array. Raises
    ValueError for a net that is not in float64.
    """
    if network.dtype != np.float64:
        raise ValueError(f"gradients are checked in float64, this net is in {network.dtype}: build it with dtype='float64'")
    rng = np.random.default_rng(seed)
    with LossAtPoint(network, x, y, extras) as loss, np.errstate(all="ignore"):
        gradients, arrays = loss.gradients(), loss.arrays()
        for label in frozen_of(network):
            del gradients[label]
        for label, gradient in gradients.items():
            layer, _, parameter = label.rpartition(".")
            places = chosen(gradient, rng, full)
            check = Check(layer, parameter, gradient.shape, 0.0, (), len(places), gradient.size, 0, "ok")
            yield _compared(check, loss, arrays[label], gradient, places)


def chosen(gradient: NDArray[Any], rng: np.random.Generator, full: bool = False) -> NDArray[np.int64]:
    """Flat places of the elements to check, in order: all of a small array, a sample of a large one."""
    if full or gradient.size <= COMPLETE:
        return np.arange(gradient.size)
    ranked = np.argsort(-np.abs(gradient), axis=None, kind="stable")
    others = rng.choice(ranked[LARGEST:], RANDOM, replace=False)
    return np.sort(np.concatenate([ranked[:LARGEST], others]))


def _compared(check: Check, loss: LossAtPoint, array: NDArray[Any], gradient: NDArray[Any],
              places: NDArray[np.int64]) -> Check:  # fmt: skip
    """The check with what differences say of the elements at these places."""
    here = loss.value()
    analytic = gradient.reshape(-1)[places]  # (P,)
    numerical = np.array([five_point(loss.along(array, place)) for place in places])
    floor = max(_largest(gradient), FLOOR * max(1.0, abs(here)))
    scale = max(floor, _largest(numerical))
    kinks: list[Element] = []
    smooth = np.ones(len(places), bool)
    for i in np.flatnonzero(~(np.abs(analytic - numerical) <= CLOSE_ENOUGH * scale)):
        element = _look_again(loss, array, places[i], analytic[i])
        numerical[i] = element.numerical
        wrong = not abs(analytic[i] - numerical[i]) <= THRESHOLD * scale
        if wrong and is_kink(element.sweep, here, THRESHOLD * scale):
            kinks.append(element)
            smooth[i] = False
    if kinks:
        check = replace(check, kinks=len(kinks), kink=kinks[0])
    if not smooth.any():
        return replace(check, verdict="kink", index=kinks[0].index) if kinks else check
    return _judged(check, loss, array, places[smooth], analytic[smooth], numerical[smooth], floor)


def _judged(check: Check, loss: LossAtPoint, array: NDArray[Any], places: NDArray[np.int64], analytic: NDArray[Any],
            numerical: NDArray[Any], floor: float) -> Check:  # fmt: skip
    """The verdict over the elements that are no kinks."""
    errors = np.abs(analytic - numerical) / max(floor, _largest(numerical))
    at = int(np.argmax(errors))  # a NaN counts as the largest
    error = float(errors[at])
    check = replace(check, relative_error=error, index=_index(places[at], array))
    if error <= THRESHOLD:
        return check
    verdict: Verdict = "bug" if math.isfinite(error) else "not finite"
    worst = _look_again(loss, array, places[at], analytic[at])
    return replace(check, verdict=verdict, worst=worst, factor=_factor(analytic, numerical))


def _factor(analytic: NDArray[Any], numerical: NDArray[Any]) -> float | None:
    """The one number by which all gradients are off, if there is one."""
    square = float(numerical @ numerical)
    if not (square > 0 and math.isfinite(square)):
        return None
    factor = float(analytic @ numerical) / square
    return factor if np.all(np.abs(analytic - factor * numerical) <= 1e-5 * _largest(numerical)) else None


def _look_again(loss: LossAtPoint, array: NDArray[Any], place: np.int64, analytic: float) -> Element:
    return Element(_index(place, array), float(analytic), sweep(loss.along(array, int(place))))


def _index(place: np.int64, array: NDArray[Any]) -> Index:
    return tuple(int(i) for i in np.unravel_index(place, array.shape))


def _largest(values: NDArray[Any]) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def _input(work: tuple[Value, ...]) -> Value:
    """The gathered inputs among a program's working values: the one array named x that is no layer's."""
    return next(value for value in work if value.name == ".x")
