"""Checks gradients against differences, in float64: every parameter of a net, and its input.

    for check in check_network(network, x, y):
        print(check.layer, check.parameter, check.relative_error)

The measure, for each array: max |a - n| / max(max |a|, max |n|, 1e-6 max(1, |loss|)), a what the backward pass says, n
the difference quotient of the loss. The floor lets gradients be exactly 0 (a bias in front of batch norm). Elements at
a kink of the loss, where no derivative exists, are left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.core.loop import SIZE_ROWS
from dllab.engine import executor
from dllab.engine.binding import view_of
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import INPUTS, question_of
from dllab.lab.differences import SweepPoint, five_point, is_kink, settled, sweep
from dllab.lab.planted_bug import plant
from dllab.recipe import Recipe
from dllab.symbols import COLUMN, Value

THRESHOLD = 1e-6
"""The largest relative error that passes: 1000 times what a right gradient usually shows, a tenth of a millionth off."""

CLOSE_ENOUGH = 1e-7  # a first look that agrees this well needs no second one
FLOOR = 1e-6
COMPLETE = 2048
"""Arrays of up to this many elements are checked completely, larger ones by a sample."""

LARGEST, RANDOM = 30, 30
"""The sample: so many elements with the largest gradients, so many of the others."""

BATCH = 8
JITTER = 0.1

PROGRAM = "train:plain"
Verdict = Literal["ok", "bug", "kink", "not finite"]
Index = tuple[int, ...]


@dataclass(frozen=True)
class Element:
    """One number that was looked at twice: its place, what the backward pass says, differences for every epsilon."""

    index: Index
    analytic: float
    sweep: tuple[SweepPoint, ...]

    @property
    def numerical(self) -> float:
        """The difference quotient that has settled."""
        return settled(self.sweep)


@dataclass(frozen=True)
class Check:
    """What was found for one array.

    `relative_error` and the `index` it is at leave kinks out; `checked` of `of` elements were looked at, kinks among
    them. `worst` is there for a bug, `kink` for the first element at a kink. `factor`: all gradients are this many times
    the numerical ones. Verdict `kink`: nothing but kinks. `case`: the options of a part that is checked by itself.
    """

    layer: str
    parameter: str
    shape: Index
    relative_error: float
    index: Index
    checked: int
    of: int
    kinks: int
    verdict: Verdict
    worst: Element | None = None
    kink: Element | None = None
    factor: float | None = None
    case: str = ""

    @property
    def passed(self) -> bool:
        """Whether no wrong gradient was found here."""
        return self.verdict in ("ok", "kink")


@dataclass(frozen=True)
class Report:
    """All checks of a net, or of all parts. `planted` names the layer with a bug on purpose."""

    title: str
    checks: tuple[Check, ...]
    planted: str = ""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def max_relative_error(self) -> float:
        """The worst of all; NaN where a gradient is not finite."""
        errors = [check.relative_error for check in self.checks]
        return math.nan if any(math.isnan(e) for e in errors) else max(errors, default=0.0)

    def as_json(self) -> dict[str, Any]:
        """The document that `--json` prints; NaN and inf are None."""
        checks = [_check_json(check) for check in self.checks]
        worst = _finite(self.max_relative_error)
        return {"passed": self.passed, "max_relative_error": worst, "threshold": THRESHOLD, "checks": checks}


class Loss:
    """The loss of one batch, and its gradients, as a network's own training step computes them.

    Every evaluation is the same step from the same state: dropout drops the same units, and running statistics are put
    back. Use as a context: leaving it, the network is as it was.
    """

    def __init__(self, network: Network, x: ArrayLike, y: ArrayLike) -> None:
        self.network = network
        self.bound = network.training_batch(x, y)
        self._running = network.memory.arrays["running"]
        self._kept = self._running.copy()
        shared = network.plan.store.shared["loss"]
        self._parts = view_of(self.bound.arrays["shared"], shared, network.dtype)

    def __enter__(self) -> Loss:
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


def check_recipe(recipe: Recipe, *, seed: int | None = None, plant_in: str | None = None, full: bool = False) -> Report:
    """Check the whole net of a recipe on a few rows of its data (random numbers for a recipe without data).

    The net is drawn anew; biases and gains, which begin all alike, are moved a little, so that zeros hide no error.
    `plant_in`: the layer that gets a bug on purpose. `full`: no sampling. Raises RecipeError, and UnknownLayer.
    """
    seed = recipe.train.seed if seed is None else seed
    network, x, y = subject(recipe, seed)
    if plant_in is not None:
        plant(network.plan, PROGRAM, plant_in)
    checks = tuple(check_network(network, x, y, seed=seed, full=full))
    return Report(recipe.name, checks, plant_in or "")


def subject(recipe: Recipe, seed: int) -> tuple[Network, NDArray[Any], NDArray[Any]]:
    """The recipe's net in float64 with the gradient of its input, and up to 8 rows of inputs and targets."""
    data = prepared(recipe)
    question = question_of(recipe, data, precision="float64", seed=seed, input_gradient=True)
    targets = question.targets
    assert targets is not None
    if targets.dtype != "int32":
        question = replace(question, targets=replace(targets, dtype="float64"))
    network = Network(plan_of(recipe, question), recipe)
    rng = np.random.default_rng(seed)
    jitter(network, rng)
    if data is not None:
        rows = rng.permutation(data.splits.train)[:BATCH]
        return network, data.seen(rows).astype(np.float64), data.dataset.columns["targets"][rows]
    x = rng.normal(size=(BATCH, *question.inputs.shape))
    if targets.dtype == "int32":
        return network, x, rng.integers(0, max(question.outputs, 2), BATCH)
    return network, x, rng.normal(size=(BATCH, *targets.shape))


def jitter(network: Network, rng: np.random.Generator) -> None:
    """Move parameters whose numbers are all alike: zero biases sit on kinks, unit gains hide wrong factors."""
    for values in network.parameters.values():
        if values.size and np.all(values == values.flat[0]):
            values += JITTER * rng.normal(size=values.shape)


def check_network(network: Network, x: ArrayLike, y: ArrayLike, *, seed: int = 0, full: bool = False) -> Iterable[Check]:
    """Check every parameter on one batch, and the input where the plan has its gradient; changes nothing.

    x (N, ...) inputs as the net sees them, y their targets. Raises ValueError for a net that is not in float64.
    """
    if network.dtype != np.float64:
        raise ValueError(f"gradients are checked in float64; this net is in {network.dtype}: build it with dtype='float64'")
    rng = np.random.default_rng(seed)
    with Loss(network, x, y) as loss:
        gradients, arrays = loss.gradients(), loss.arrays()
        here = loss.value()
        for label, gradient in gradients.items():
            places = chosen(gradient, rng, full)
            yield _check_array(loss, here, label, arrays[label], gradient, places)


def chosen(gradient: NDArray[Any], rng: np.random.Generator, full: bool = False) -> NDArray[np.int64]:
    """Flat places of the elements to check, in order: all of a small array, a sample of a large one."""
    size = gradient.size
    if full or size <= COMPLETE:
        return np.arange(size)
    ranked = np.argsort(-np.abs(gradient), axis=None, kind="stable")
    others = rng.choice(ranked[LARGEST:], RANDOM, replace=False)
    return np.sort(np.concatenate([ranked[:LARGEST], others]))


def _check_array(loss: Loss, here: float, label: str, array: NDArray[Any], gradient: NDArray[Any],
                 places: NDArray[np.int64]) -> Check:  # fmt: skip
    """Compare the elements at these places with differences of the loss."""
    layer, _, parameter = label.rpartition(".")
    slopes = gradient.reshape(-1)[places]  # (P,)
    numerical = np.array([five_point(_along(loss, array, place)) for place in places])
    scale = _scale(gradient, numerical, here)
    kinks: list[Element] = []
    smooth = np.ones(len(places), bool)
    for i in np.flatnonzero(~(np.abs(slopes - numerical) <= CLOSE_ENOUGH * scale)):
        element = _look_again(loss, array, places[i], slopes[i])
        numerical[i] = element.numerical
        if not abs(slopes[i] - numerical[i]) <= THRESHOLD * scale and is_kink(element.sweep, here, THRESHOLD * scale):
            kinks.append(element)
            smooth[i] = False
    check = Check(layer, parameter, array.shape, 0.0, (), len(places), array.size, len(kinks), "ok")
    check = replace(check, kink=kinks[0] if kinks else None)
    if not smooth.any():
        return replace(check, verdict="kink" if kinks else "ok", index=kinks[0].index if kinks else ())
    return _judged(check, loss, array, places[smooth], slopes[smooth], numerical[smooth], _floor(gradient, here))


def _judged(check: Check, loss: Loss, array: NDArray[Any], places: NDArray[np.int64], analytic: NDArray[Any],
            numerical: NDArray[Any], floor: float) -> Check:  # fmt: skip
    """The verdict over the elements that are no kinks."""
    errors = np.abs(analytic - numerical) / max(floor, float(np.max(np.abs(numerical))))
    at = int(np.argmax(errors))  # a NaN counts as the largest
    error = float(errors[at])
    index = tuple(int(i) for i in np.unravel_index(places[at], array.shape))
    check = replace(check, relative_error=error, index=index)
    if error <= THRESHOLD:
        return check
    worst = _look_again(loss, array, places[at], analytic[at])
    verdict: Verdict = "bug" if math.isfinite(error) else "not finite"
    return replace(check, verdict=verdict, worst=worst, factor=_factor(analytic, numerical))


def _floor(gradient: NDArray[Any], loss: float) -> float:
    """The least that errors are divided by: the largest gradient, or what counts as zero at such a loss."""
    return max(float(np.max(np.abs(gradient), initial=0.0)), FLOOR * max(1.0, abs(loss)))


def _scale(gradient: NDArray[Any], numerical: NDArray[Any], loss: float) -> float:
    return max(_floor(gradient, loss), float(np.max(np.abs(numerical), initial=0.0)))


def _factor(analytic: NDArray[Any], numerical: NDArray[Any]) -> float | None:
    """The one number by which all gradients are off, if there is one."""
    square = float(numerical @ numerical)
    factor = float(analytic @ numerical) / square if square > 0 and math.isfinite(square) else math.nan
    apart = np.abs(analytic - factor * numerical)
    return factor if bool(np.all(apart <= 1e-5 * np.max(np.abs(analytic)))) and factor != 0 else None


def _look_again(loss: Loss, array: NDArray[Any], place: np.int64, analytic: float) -> Element:
    index = tuple(int(i) for i in np.unravel_index(place, array.shape))
    return Element(index, float(analytic), sweep(_along(loss, array, place)))


def _along(loss: Loss, array: NDArray[Any], place: np.int64) -> Any:
    """The loss as a function of how far the number at a flat place is moved."""
    flat = array.reshape(-1)
    assert np.shares_memory(flat, array)

    def shifted(by: float) -> float:
        kept = flat[place]
        flat[place] = kept + by
        try:
            return loss.value()
        finally:
            flat[place] = kept

    return shifted


def _input(work: tuple[Value, ...]) -> Value:
    """The gathered inputs among a program's working values: the one array named x that is no layer's."""
    return next(value for value in work if value.name == ".x")


def _check_json(check: Check) -> dict[str, Any]:
    found: dict[str, Any] = {
        "layer": check.layer,
        "parameter": check.parameter,
        "relative_error": _finite(check.relative_error),
        "index": list(check.index),
        "case": check.case,
        "shape": list(check.shape),
        "checked": check.checked,
        "of": check.of,
        "kinks": check.kinks,
        "verdict": check.verdict,
    }
    shown = check.worst or check.kink
    if shown is not None:
        found["analytic"], found["numerical"] = _finite(shown.analytic), _finite(shown.numerical)
        found["sweep"] = [_point_json(point) for point in shown.sweep]
    return found


def _point_json(point: SweepPoint) -> dict[str, float | None]:
    return {"epsilon": point.epsilon, "left": _finite(point.left), "right": _finite(point.right),
            "central": _finite(point.central)}  # fmt: skip


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
