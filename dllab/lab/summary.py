"""What a net is made of: its layers, their sizes, and the memory that training it takes. Compiles nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.lab.receptive import receptive_fields
from dllab.plan.flow import LayerInfo
from dllab.plan.plan import Plan, Question
from dllab.plan.row import elements
from dllab.recipe import Recipe
from dllab.symbols import DECODER, WHOLE_DIM, Dim, Value

BYTES = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "uint8": 1}


@dataclass(frozen=True)
class LayerSummary:
    """One layer. `name` is its path, `short` its name inside its block, `depth` how many blocks it lies in.

    Shapes are those of one example. `parameters` and `multiply_adds` (forward, one example) are its own: a block counts
    none of what the layers inside it count, so that the sum over all layers is the net's. `receptive_field` is in pixels
    of the input, one number for each axis; None in nets without layers that look around. `frozen` counts
    parameters that training leaves as they are, `lr_factor` is that of the others' learning rate, None where they have
    several.
    """

    name: str
    short: str
    kind: str
    depth: int
    input_shape: tuple[Dim, ...]
    output_shape: tuple[Dim, ...]
    parameters: int
    multiply_adds: int
    receptive_field: tuple[int, ...] | None
    frozen: int = 0
    lr_factor: float | None = 1.0


@dataclass(frozen=True)
class MemoryUse:
    """Bytes that a training step needs, without the padding between arrays.

    `activations` are all arrays of one batch with their gradients; `gradients` are there once for each shard.
    """

    parameters: int
    gradients: int
    optimizer_state: int
    activations: int
    batch: int
    shards: int

    @property
    def total(self) -> int:
        """All of it together."""
        return self.parameters + self.gradients + self.optimizer_state + self.activations


@dataclass(frozen=True)
class Summary:
    """A recipe's net. `parameters` counts a tied array once; `precision` is that of the recipe.

    `optimizer` lists the links of the chain. Without data (`input:`) the batch is the recipe's own. `vocabulary`: of so
    many ids the inputs are some; 0: they are numbers. `decoder_shape`: of what a decoder reads, where the data have that.
    `label_steps`: how many labels an example has, where there is one at every step.
    """

    recipe: str
    about: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerSummary, ...]
    parameters: int
    multiply_adds: int
    precision: str
    loss: str
    optimizer: str
    has_data: bool
    memory: MemoryUse
    vocabulary: int = 0
    decoder_shape: tuple[int, ...] = ()
    label_steps: int = 0


def summarize(recipe: Recipe) -> Summary:
    """The summary of a recipe's net; reads its data for their shapes. Raises RecipeError where a layer does not fit."""
    data, batch = prepared(recipe), recipe.train.batch
    question = question_of(recipe, data, batch=batch if data is None and isinstance(batch, int) else None)
    plan = plan_of(recipe, question)
    count = sum(_size(p.shape) for p in plan.parameters)
    fields = receptive_fields(plan.infos)
    layers = tuple(_layer(info, plan.infos[:number], fields[number]) for number, info in enumerate(plan.infos))
    return Summary(
        recipe=recipe.name,
        about=recipe.about,
        input_shape=question.inputs.shape,
        layers=layers,
        parameters=count,
        multiply_adds=sum(layer.multiply_adds for layer in layers),
        precision=question.precision,
        loss=question.loss.name if question.loss is not None else "",
        optimizer=" > ".join(link.name for link in question.chain),
        has_data=recipe.data is not None,
        memory=_memory(plan, question, count),
        vocabulary=question.vocabulary if question.inputs.dtype == "int32" else 0,
        label_steps=_label_steps(question),
        decoder_shape=next((column.shape for column in question.extras if column.name == DECODER), ()),
    )


def _label_steps(question: Question) -> int:
    """How many labels an example has; 0: one, or numbers."""
    targets = question.targets
    return targets.shape[0] if targets is not None and targets.dtype == "int32" and targets.shape else 0


def _layer(info: LayerInfo, before: Sequence[LayerInfo], field: tuple[int, ...] | None) -> LayerSummary:
    around = [other.path for other in before if info.path.startswith(f"{other.path}.")]
    factors = {p.rate_factor for p in info.parameters if not p.frozen}
    return LayerSummary(
        name=info.path,
        short=info.path.removeprefix(f"{around[-1]}.") if around else info.path,
        kind=info.kind,
        depth=len(around),
        input_shape=_example(info.input_shape),
        output_shape=_example(info.output_shape),
        parameters=sum(_size(p.shape) for p in info.parameters),
        multiply_adds=info.multiply_adds,
        frozen=sum(_size(p.shape) for p in info.parameters if p.frozen),
        lr_factor=factors.pop() if len(factors) == 1 else None if factors else 1.0,
        receptive_field=field,
    )


def _memory(plan: Plan, question: Question, parameters: int) -> MemoryUse:
    training = plan.program("train")  # only then is it known what the optimizer keeps
    width = BYTES[question.precision]
    rows = -(-question.batch // training.shards)
    return MemoryUse(
        parameters=width * parameters,
        gradients=width * parameters * training.shards,
        optimizer_state=width * parameters * len(plan.slots.numbers),
        activations=training.shards * sum(_bytes(v, rows, training.shards, width) for v in training.work),
        batch=question.batch,
        shards=training.shards,
    )


def _bytes(value: Value, rows: int, shards: int, width: int) -> int:
    return elements(value, rows, {WHOLE_DIM: rows * shards}) * (width if value.dtype == "T" else BYTES[value.dtype])


def _example(shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """A shape without its batch axis."""
    return shape[1:]


def _size(shape: Sequence[Dim]) -> int:
    return prod(int(size) for size in shape)
