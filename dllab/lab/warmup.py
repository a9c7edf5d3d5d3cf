"""Compiles ahead of time what recipes and parts may ask for, so that no later start has to wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dllab.catalogue import find, parts
from dllab.core import cache, loop, native
from dllab.core.settings import jit_enabled
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.lab.gradcheck_cases import part_cases
from dllab.lab.recording import watch
from dllab.losses.loss import Loss
from dllab.optim.optimizer import Optimizer
from dllab.plan.plan import Plan
from dllab.recipe import load, shipped
from dllab.training.compiling import Wanted, kernels_of
from dllab.training.events import Compiling

PROGRAMS = ("train", "evaluate", "infer", "train:plain", "infer:plain", "forward:plain")
"""What training, pictures of a trained net and `dllab.build` run."""

LOOKED_AT = 1000
"""Steps of a watched training; which kernels look at it does not depend on them."""

SHARDS = 2

CHANGES = ["shift", "flip", {"flip": "vertical"}, "rotate", "scale", {"cutout": 4}, "noise", "mixup"]
PAIR = [{"dense": 256}, "relu", {"dense": 256}]
OTHERS: tuple[dict[str, Any], ...] = (
    {"input": [256], "model": [*PAIR, "layer_norm", *PAIR], "loss": "mse"},
    {"data": "moons", "model": [{"dense": "classes"}], "loss": "mse"},
    {"data": "digits", "augment": CHANGES, "model": [{"dense": "classes"}]},
    {"data": "moons", "augment": ["noise", "mixup"], "model": [{"dense": "classes"}, "sigmoid"]},
    {"data": "function", "augment": ["mixup"], "model": [{"dense": 1}]},
)
"""What neither a shipped recipe nor a case has: dense layers so large that their units are split among shards, at the
input and further in; classes as values; augmentations."""


@dataclass(frozen=True)
class Stock:
    """What there is to compile: all kernels wanted, and those among them that the cache lacks."""

    wanted: tuple[Wanted, ...]
    missing: tuple[Wanted, ...]


def stock(precisions: Sequence[str] = ("float32",)) -> Stock:
    """Every kernel of the shipped recipes and of every part in its own cases, and what of that is still missing."""
    wanted: dict[Wanted, None] = {}
    for precision in precisions:
        for group in (of_recipes, of_cases, of_absorbed, of_optimizers):
            wanted.update(dict.fromkeys(group(precision)))
    missing = tuple(w for w in wanted if not native.is_cached(*w)) if jit_enabled() else ()
    return Stock(tuple(wanted), missing)


def warm(of: Stock) -> Iterator[Compiling]:
    """Compile what is missing: an event before each kernel, one at the end. Stopped half-way, it keeps what it has."""
    for number, wanted in enumerate(of.missing):
        yield Compiling(number, len(of.missing), wanted[0].title)
        native.kernel_address(*wanted)
    if jit_enabled():
        native.loop_function(loop.run_steps, 3)
    yield Compiling(len(of.missing), len(of.missing), "")


def place() -> str:
    """The folder in which compiled kernels are kept."""
    return str(cache.folder())


def of_recipes(precision: str) -> Iterator[Wanted]:
    """The kernels of the shipped recipes and of OTHERS, as they are, watched, and with batches shared out by rows."""
    for recipe in [*map(load, shipped()), *map(load, OTHERS)]:
        question = question_of(recipe, prepared(recipe), precision=precision)
        plan = plan_of(recipe, question)
        yield from kernels_of(plan, PROGRAMS)
        probes, every = watch(plan, LOOKED_AT)
        yield from kernels_of(plan_of(recipe, replace(question, probes=probes, probe_every=every)), ("train",))
        if question.batch >= SHARDS:
            yield from kernels_of(plan_of(recipe, replace(question, shards=SHARDS)), ("train",))


def of_cases(precision: str) -> Iterator[Wanted]:
    """The kernels of every layer and loss in its own cases, whole and shared out."""
    for case in part_cases():
        question = case.question
        inputs, targets = replace(question.inputs, dtype=precision), question.targets
        if targets is not None and targets.dtype != "int32":
            targets = replace(targets, dtype=precision)
        plan = Plan(replace(question, precision=precision, inputs=inputs, targets=targets))
        yield from kernels_of(plan, PROGRAMS)


def of_absorbed(precision: str) -> Iterator[Wanted]:
    """The kernels of every loss that takes the final activation in, with that activation in its own cases."""
    for name, part in parts("losses").items():
        assert issubclass(part, Loss)
        activation = find("layers", part.absorbs) if part.absorbs else None
        for case in getattr(activation, "cases", ()):
            model = [{"dense": 3}, {part.absorbs: case.options or None}]
            recipe = load({"input": [2], "model": model, "loss": name})
            yield from kernels_of(plan_of(recipe, question_of(recipe, None, precision=precision)), PROGRAMS)


def of_optimizers(precision: str) -> Iterator[Wanted]:
    """The kernels of every optimizer and every other link of a chain, with their usual options."""
    for name, part in parts("optimizers").items():
        links = [name] if issubclass(part, Optimizer) else [name, "sgd"]
        recipe = load({"input": [2], "model": [{"dense": 2}, {"dense": 2}], "loss": "mse", "optimizer": links})
        yield from kernels_of(plan_of(recipe, question_of(recipe, None, precision=precision)), ("train",))
