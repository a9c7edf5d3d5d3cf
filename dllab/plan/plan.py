"""A plan: everything a recipe computes, as programs of rows over symbolic memory.

Programs, built when first asked for:
    train     epoch rows (shuffle), step rows (gather, forward, loss, backward, totals), probe rows, update rows
    evaluate  gather, forward as at inference, loss, outputs kept row by row
    infer     the same without targets
    forward   the net as it is in training (dropout, batch statistics), outputs kept
    sample    gather and augmentation alone, as training does them
With `:plain` after the name the inputs are numbers of the plan's precision, taken as they are and never augmented: a
user's own arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dllab.losses.loss import Loss
from dllab.losses.temperature import tempered
from dllab.optim.optimizer import Transform
from dllab.plan import gather, intake, totals
from dllab.plan.augmented import Augmenting
from dllab.plan.builder import Builder
from dllab.plan.flow import LayerInfo, ShapeFlowError
from dllab.plan.groups import FlatGroup, Slots, group_key, make_groups, padded, total_rows
from dllab.plan.probes import Probe, build_change, build_probe
from dllab.plan.row import Row
from dllab.plan.split import Pair, find_pairs, own
from dllab.plan.store import Store
from dllab.symbols import (
    BATCH_DIM,
    HISTORY,
    OUTPUTS,
    SHARED,
    Dim,
    Parameter,
    ShapeError,
    Value,
)

HISTORY_STEPS = 4096
"""How many steps of loss and gradient norm are kept; a chunk of training is never longer."""

WORK_WORTH_SHARDING = 400_000
"""A step of fewer multiply-adds (forward, whole batch) gains less from a second core than the barriers cost."""

USES_WORTH_SHARDING = 256
"""How often a step has to use each parameter: those that are split by rows cross from core to core in every step."""


@dataclass(frozen=True)
class Column:
    """A named column of the data set: the shape of one row, its type, and whether it is shifted and scaled."""

    name: str
    shape: tuple[int, ...]
    dtype: str  # float32, float64, uint8, int32, ...
    scaled: bool = False
    gaps: bool = False  # labels of -1, which do not count


@dataclass(frozen=True)
class Program:
    """Rows in their order, with the places where the phases begin, and what lies in working memory.

    `named`: the batch, such as `input` and `target`.
    """

    rows: tuple[Row, ...]
    epoch: int
    step: int
    backward: int
    probe: int
    update: int
    work: tuple[Value, ...]
    shards: int
    output: Value
    infos: tuple[LayerInfo, ...]
    gradients: dict[int, Value] = field(default_factory=dict)
    layouts: dict[int, Any] = field(default_factory=dict)
    named: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What a plan is made from; everything but the numbers."""

    model: tuple[Any, ...]
    inputs: Column
    targets: Column | None
    loss: Loss | None
    chain: tuple[Transform, ...]
    outputs: int
    batch: int
    precision: str = "float32"
    seed: int = 0
    shuffle: bool = True
    bucket: bool = False  # batches of about the same length
    shards: int | None = None  # None: the plan decides by the size of a step
    input_gradient: bool = False
    frozen: tuple[str, ...] = ()  # layers (or single parameters) that training leaves as they are, by path
    rate_factors: tuple[tuple[str, float], ...] = ()  # path and factor of the learning rate; the last that fits counts
    probes: tuple[Probe, ...] = ()
    probe_every: int = 1
    augmenting: Augmenting | None = None
    extras: tuple[Column, ...] = ()  # further columns: lengths, decoder, continues
    tables: tuple[Column, ...] = ()  # arrays that are not by rows
    vocabulary: int = 0
    whole: bool = False  # inputs without a vocabulary that may be ids: whole numbers, or not known yet
    words: tuple[str, ...] = ()  # the text of each id of the vocabulary


class Plan:
    """The programs of one question and the memory they share. Raises ShapeFlowError."""

    def __init__(self, question: Question) -> None:
        self.question = question
        features, itemsize = 1, 4 if question.precision == "float32" else 8
        for size in question.inputs.shape:
            features *= size
        self.store = Store(1, question.outputs, features, question.vocabulary, question.words, itemsize,
                           question.frozen, question.rate_factors)  # fmt: skip
        self.slots, self.scratch = Slots(), Slots()
        self.parameters: list[Parameter] = []
        self.arena = 0
        self._programs: dict[str, Program] = {}
        self.rings: dict[Probe, Value] = {}
        sizing = self._forward_only(question.inputs, training=False, targets=False)
        self.infos = sizing.infos
        self.output_shape = sizing.output.shape
        self.pairs = self._find_pairs()
        self.shards = self.store.shards = self._choose_shards() if question.shards is None else question.shards
        for pair in self.pairs.values():
            own(pair, self._top_level())
        self._lay_out_parameters()
        if not self.pairs:
            self._programs["infer"] = sizing
        self._check_loss(self.output_shape[1:])

    def program(self, name: str) -> Program:
        """The program of that name."""
        if name not in self._programs:
            kind, _, plain = name.partition(":")
            inputs = self.question.inputs
            if plain:
                inputs = Column(inputs.name, inputs.shape, self.question.precision)
            if kind == "train":
                self._programs[name] = self._train(inputs, bool(plain))
            elif kind == "sample":
                self._programs[name] = self._sample()
            else:
                made = self._forward_only(inputs, training=kind == "forward", targets=kind == "evaluate")
                self._programs[name] = made
        return self._programs[name]

    def _top_level(self) -> list[LayerInfo]:
        """The layers of the model, without those inside blocks."""
        return [info for info in self.infos if info.depth == 0]

    def _find_pairs(self) -> dict[int, Pair]:
        """Dense layers to be split by units; none where something needs a layer whole, or its rows."""
        question = self.question
        whole = any(transform.whole_matrices for transform in question.chain)
        if question.shards not in (None, 2) or whole or question.input_gradient:
            return {}
        return find_pairs(question.model, self._top_level())

    def _choose_shards(self) -> int:
        """Two where a second core saves more than it costs to exchange weights and gradients."""
        if self.pairs:
            return 2
        work = sum(info.multiply_adds for info in self.infos) * self.question.batch
        numbers = sum(_product(p.shape) for p in self.store.parameters.values())
        return 2 if work >= WORK_WORTH_SHARDING and work >= USES_WORTH_SHARDING * numbers else 1

    def put(self, name: str, program: Program) -> None:
        """Let that name mean another program over the same memory."""
        self._programs[name] = program

    @property
    def absorbed(self) -> bool:
        """Whether the loss works on what goes into the final activation."""
        loss, model = self.question.loss, self.question.model
        return bool(model and loss is not None and loss.absorbs and model[-1].part.name == loss.absorbs)

    # ---- programs --------------------------------------------------------------------------------------------------

    def _forward_only(self, inputs: Column, *, training: bool, targets: bool) -> Program:
        builder = Builder(self.store, training=training, shards=self.shards if targets and not self.pairs else None)
        builder.carrying = training or targets
        x = intake.inputs(builder, self.question, inputs)
        target = intake.target(builder, self.question, self.output_shape) if targets else None
        model, loss = self.question.model, self.question.loss
        parts = Value("parts", SHARED, (builder.shards,), "float64")
        if target is not None and loss is not None:
            parts = self.store.shared.setdefault("evaluate:loss", parts)
        last = len(model) - 1
        before_last = builder.stack(model, x, range(last))
        y = builder.stack(model, before_last, range(last, last + 1))
        if target is not None and loss is not None:
            with builder.inside("loss"):
                loss.build(builder, self._judged(builder, before_last, y), target, builder.own(parts))
            losses = Value("losses", HISTORY, (HISTORY_STEPS,), "float64", offset=0)
            builder.barrier()
            builder.row(totals.keep_loss, only=0, losses=losses, parts=parts, step=builder.counter("step"))
        flat = builder.view(y, (BATCH_DIM, _product(y.shape[1:])))
        outputs = Value("outputs", OUTPUTS, ("N", flat.shape[1]), offset=0)
        builder.row(gather.scatter, outputs=outputs, y=flat, first=builder.counter("first"))
        if targets:
            builder.rows.extend(builder.carry_rows)
        builder.barrier()
        end = len(builder.rows)
        rows, work, infos = tuple(builder.rows), tuple(builder.work), tuple(builder.infos)
        return Program(rows, 0, 0, end, end, end, work, builder.shards, y, infos)

    def _train(self, inputs: Column, plain: bool) -> Program:
        question, builder = self.question, Builder(self.store, training=True)
        loss = question.loss
        assert loss is not None, "training needs a loss"
        step = intake.shuffle(builder, self.question)
        builder.pairs = self.pairs
        feed = None if plain else intake.feed_of(builder, self.question)
        x = intake.inputs(builder, self.question, inputs, feed)
        x.needs_gradient = question.input_gradient
        target = intake.target(builder, self.question, self.output_shape, plain, feed)
        y = builder.stack(question.model, x, range(len(question.model) - int(self.absorbed)))
        parts = self.store.shared.setdefault("loss", Value("parts", SHARED, (builder.shards,), "float64"))
        with builder.inside("loss"):
            loss.build(builder, self._judged(builder, y, y), target, builder.own(parts))
        backward = len(builder.rows)
        builder.tape.replay(builder.barrier)
        with builder.inside("totals"):
            norm, squares = total_rows(builder, self.parameters)
            losses = Value("losses", HISTORY, (HISTORY_STEPS,), "float64", offset=0)
            norms = Value("norms", HISTORY, (HISTORY_STEPS,), "float64", offset=8 * HISTORY_STEPS)
            builder.row(totals.check, losses=losses, norms=norms, norm=norm, parts=parts, squares=squares,
                        step=builder.counter("step"), shard=builder.counter("shard"))  # fmt: skip
        probe = len(builder.rows)
        with builder.inside("probes"):
            for watch in question.probes:
                build_probe(builder, watch, question.probe_every, question.batch, self.rings)
            if question.probes:
                builder.barrier()  # shard 0 looks at whole parameters and gradients, which the other one is about to change
        update = len(builder.rows)
        with builder.inside("update"):
            for parameters in make_groups(self.parameters):
                for link, transform in enumerate(question.chain):
                    transform.build(FlatGroup(builder, parameters, (self.slots, self.scratch), link, norm))
            builder.rows.extend([*builder.running_rows, *builder.carry_rows])
            builder.barrier()
        with builder.inside("probes"):
            for watch in question.probes:
                if watch.what == "update":
                    build_change(builder, watch, question.probe_every, self.rings)
        return Program(
            tuple(builder.rows), 0, step, backward, probe, update, tuple(builder.work), builder.shards, y,
            tuple(builder.infos), builder.tape.gradients_by_value(), named={"input": x, "target": target},
        )  # fmt: skip

    def _sample(self) -> Program:
        """The inputs of every step as training has them; `named` holds how rows are mixed."""
        builder = Builder(self.store, training=False)
        step = intake.shuffle(builder, self.question)
        feed = intake.feed_of(builder, self.question)
        x = builder.ready(intake.inputs(builder, self.question, self.question.inputs, feed))
        named = {"rows": builder.batch_rows()}
        if feed is not None and feed.mixes:
            named["partners"], named["weights"] = feed.mixed(builder.batch_rows())
        end = len(builder.rows)
        return Program(
            tuple(builder.rows), 0, step, end, end, end, tuple(builder.work), builder.shards, x, (), named=named
        )  # fmt: skip

    # ---- pieces ----------------------------------------------------------------------------------------------------

    def _check_loss(self, shape: tuple[Dim, ...]) -> None:
        """Raise ShapeFlowError where outputs (B, *shape) do not fit the loss and its targets."""
        loss, targets = self.question.loss, self.question.targets
        if loss is None:
            return
        labelled = targets is not None and targets.dtype == "int32"
        wanted = () if targets is None else targets.shape
        try:
            loss.check(shape, (*wanted, self.question.outputs) if labelled else wanted, labelled)
        except ShapeError as error:
            raise ShapeFlowError(str(error), self.question.model[-1], "loss", list(self.infos)) from None

    def _judged(self, builder: Builder, before: Value, y: Value) -> Value:
        """What the loss looks at: the outputs y, or what goes into the activation that it absorbs."""
        if not self.absorbed:
            return y
        last = self.question.model[-1]
        return tempered(builder, builder.input_of(last, before), getattr(last.part, "temperature", 1.0))

    def _lay_out_parameters(self) -> None:
        self.parameters = sorted(self.store.parameters.values(), key=group_key)
        place = 0
        width = 4 if self.question.precision == "float32" else 8
        for parameter in self.parameters:
            parameter.offset = place * width
            place += padded(parameter)
        self.arena = place


def _product(shape: Sequence[Dim]) -> int:
    number = 1
    for size in shape:
        assert isinstance(size, int)
        number *= size
    return number
