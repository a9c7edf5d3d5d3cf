"""Compiles ahead of time what recipes and parts may ask for, so that no later start has to wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dllab.catalogue import parts
from dllab.core import cache, loop, native
from dllab.core.settings import jit_enabled
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import INPUTS, TARGETS, chain_of, question_of
from dllab.losses.loss import Loss, LossCase
from dllab.ops.layer import Case, Layer
from dllab.optim.optimizer import Optimizer, Transform
from dllab.plan.builder import Builder, Store
from dllab.plan.plan import Column, Plan, Question
from dllab.plan.row import Row
from dllab.recipe import load, shipped
from dllab.symbols import BATCH_DIM, SHARED, Value
from dllab.training.compiling import Wanted, kernels_of
from dllab.training.events import Compiling

PROGRAMS = ("train", "evaluate", "infer", "train:plain", "infer:plain", "forward:plain")
"""What training, views of a trained net and `dllab.build` run."""

SHARDS = (1, 2)  # layers with statistics of the batch have further kernels where it is shared out


@dataclass(frozen=True)
class Stock:
    """What there is to compile: all kernels wanted, and those among them that the cache lacks."""

    wanted: tuple[Wanted, ...]
    missing: tuple[Wanted, ...]


def stock(precisions: Sequence[str] = ("float32",)) -> Stock:
    """Every kernel of the shipped recipes and of every part in its own cases, and what of that is still missing."""
    wanted: dict[Wanted, None] = {}
    for precision in precisions:
        for found in (of_recipes(precision), of_layers(precision), of_losses(precision), of_optimizers(precision)):
            wanted.update(dict.fromkeys(found))
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
    """The kernels of the shipped recipes."""
    for name in shipped():
        recipe = load(name)
        question = question_of(recipe, prepared(recipe), precision=precision)
        programs = PROGRAMS if question.targets is not None else ("infer",)
        yield from kernels_of(plan_of(recipe, question), programs)


def of_layers(precision: str) -> Iterator[Wanted]:
    """The kernels of every layer in its own cases, forward and backward, training and not."""
    for part in parts("layers").values():
        assert issubclass(part, Layer)
        for case in part.cases:
            entries = layer_of(part.name, case)
            for shards in SHARDS:
                for training in (True, False):
                    builder, x = _builder(shards, training, case.shape)
                    builder.layers(entries, x)
                    builder.backward()
                    yield from _wanted(builder.rows, precision)


def layer_of(name: str, case: Case) -> tuple[Any, ...]:
    """A case as the one layer of a model."""
    options: Any = {name: case.options} if case.options else name
    return load({"input": list(case.shape), "model": [options]}).model


def of_losses(precision: str) -> Iterator[Wanted]:
    """The kernels of every loss in its own cases."""
    for part in parts("losses").values():
        assert issubclass(part, Loss)
        for case in part.cases:
            loss = loss_of(part.name, case)
            builder, x = _builder(1, True, (case.outputs,), case.outputs)
            values = loss.targets == "values"
            target = builder.array((BATCH_DIM, case.outputs), "target") if values else None
            labels = target or builder.array((BATCH_DIM,), "target", "int32")
            with builder.inside("loss"):
                loss.build(builder, x, labels, builder.own(Value("loss", SHARED, (1,), "float64")))
            builder.backward()
            yield from _wanted(builder.rows, precision)


def loss_of(name: str, case: LossCase) -> Loss:
    """The loss of a case."""
    options: Any = {name: case.options} if case.options else name
    loss = load({"input": [2], "model": [{"dense": case.outputs}], "loss": options}).loss
    assert isinstance(loss, Loss)
    return loss


def of_optimizers(precision: str) -> Iterator[Wanted]:
    """The kernels of every optimizer and every other link of a chain, with their usual options."""
    for name, part in parts("optimizers").items():
        links: list[str] = [name] if issubclass(part, Optimizer) else [name, "sgd"]
        recipe = load({"input": [2], "model": [{"dense": 2}, {"dense": 2}], "loss": "mse", "optimizer": links})
        yield from kernels_of(_plan(recipe.model, recipe.loss, chain_of(recipe), precision), ("train",))


def _plan(model: Sequence[Any], loss: Any, chain: tuple[Transform, ...], precision: str) -> Plan:
    inputs, targets = Column(INPUTS, (2,), precision), Column(TARGETS, (2,), "float32")
    return Plan(Question(tuple(model), inputs, targets, loss, chain, outputs=2, batch=4, precision=precision))


def _builder(shards: int, training: bool, shape: tuple[int, ...], outputs: int = 3) -> tuple[Builder, Value]:
    """A builder of its own and the input (B, *shape) of what it is to build."""
    features = 1
    for size in shape:
        features *= size
    builder = Builder(Store(seed=0, shards=shards, outputs=outputs, features=features), training=training)
    builder.batch = builder.array((BATCH_DIM,), "rows", "int64")
    x = builder.array((BATCH_DIM, *shape), "x")
    x.needs_gradient = training
    builder.named["input"] = x
    return builder, x


def _wanted(rows: Iterable[Row], precision: str) -> Iterator[Wanted]:
    for row in rows:
        if row.kernel is not None:
            yield row.kernel, precision, row.dtypes(precision)
