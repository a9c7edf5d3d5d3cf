"""Gradcheck of every layer, block and loss by itself, in the cases that stand beside it.

A layer's outputs meet random weights, so that any wrong number in what it hands back shows. A loss is fed its inputs
directly. Both run once as one shard and once as two, as a step shared out between two cores would.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import parts
from dllab.core.kernel import kernel
from dllab.engine.network import Network
from dllab.engine.question import INPUTS, TARGETS
from dllab.lab.differences import STEP
from dllab.lab.gradcheck import PROGRAM, check_network, jitter, random_targets
from dllab.lab.gradcheck_report import Check, Checked
from dllab.lab.planted_bug import LOSS, UnknownLayer, plant, unknown_layer
from dllab.losses.loss import Loss, LossCase
from dllab.ops.layer import Case, Layer
from dllab.plan.plan import Column, Plan, Question
from dllab.recipe import LayerEntry, load
from dllab.recipe.errors import show
from dllab.symbols import CONTINUES, LENGTHS, Net, Value

SHARDS = (1, 2)
OUTPUTS = 3  # what `classes` stands for in a case


@kernel(loss="1:float64", x="*N", target="*N", batch=":int64")
def weigh(loss, x, target, batch):
    """Loss = the sum of x * target / batch."""
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * target[i]
    loss[0] = total / batch


@kernel(dx="*N", target="*N", batch=":int64")
def weigh_backward(dx, target, batch):
    """Dx = target / batch."""
    for i in range(dx.shape[0]):
        dx[i] = target[i] / batch


class Weighed(Loss):
    """The weighed sum of a layer's outputs; the targets are the weights. Random ones test all of what flows back."""

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        net.call(weigh, backward=(weigh_backward,), loss=loss, x=x, target=target, batch=net.counter("batch"))


class Nothing(Layer):
    """Hands its input on as it is: in front of a loss that is checked by itself."""

    cases: ClassVar[tuple[Case, ...]] = ()

    def build(self, net: Net, x: Value) -> Value:
        """No rows."""
        return x


@dataclass(frozen=True)
class PartCase:
    """One part in one of its cases: the question to plan, and how to draw a batch for it."""

    part: str
    text: str  # its options, and into how many shards the batch is cut
    question: Question
    layer: str  # where in that net the part is
    batch: int
    kink: float
    family: str
    ids: int = 0

    def network(self, seed: int) -> tuple[Network, NDArray[Any], NDArray[Any]]:
        """The net of this case with a batch: inputs that stay clear of the part's kink, targets."""
        network = Network(Plan(replace(self.question, seed=seed)))
        rng = np.random.default_rng(seed)
        jitter(network, rng)
        x = rng.normal(size=(self.batch, *self.question.inputs.shape))
        if self.kink > 0:
            x = np.copysign(np.maximum(np.abs(x), max(self.kink, 3 * STEP)), x)
        if self.ids:
            x = rng.integers(0, self.ids, x.shape).astype(np.float64)
        return network, x, random_targets(self.question, self.batch, rng)

    def extras(self, network: Network, seed: int) -> dict[str, NDArray[Any]]:
        """What the net reads beside: lengths of which the first is whole and the second 1; states of the batch before."""
        rng = np.random.default_rng(seed + 1)
        found: dict[str, NDArray[Any]] = {}
        for column in self.question.extras:
            if column.name == LENGTHS:
                found[LENGTHS] = rng.integers(1, self.question.inputs.shape[0] + 1, self.batch).astype(np.int32)
                found[LENGTHS][:2] = [self.question.inputs.shape[0], 1][: self.batch]
            if column.name == CONTINUES:
                found[CONTINUES] = (np.arange(self.batch) % 3 != 1).astype(np.float32)
                for label, value in network.plan.store.running.items():
                    if "carried_" in label:
                        network.memory.view("running", value)[...] = rng.normal(size=[int(d) for d in value.shape])
        return found


def check_parts(
    *, seed: int = 0, plant_in: str | None = None, full: bool = False, only: Collection[str] | None = None
) -> Iterator[Checked]:
    """Check every layer, block and loss, or `only` those of these names; an event after each case.

    `plant_in`: the part that gets a bug on purpose.

    Raises UnknownLayer, before the first event, where no part has that name.
    """
    cases = part_cases(only)
    known = list(dict.fromkeys(case.part for case in cases))
    if plant_in is not None and plant_in not in known:
        raise unknown_layer(plant_in, known)
    for number, case in enumerate(cases, 1):
        checks = check_case(case, seed=seed, planted=plant_in == case.part, full=full)
        yield Checked(number, len(cases), case.part, checks)


def check_case(case: PartCase, *, seed: int = 0, planted: bool = False, full: bool = False) -> tuple[Check, ...]:
    """Check one part in one case."""
    network, x, y = case.network(seed)
    if planted:
        try:
            plant(network.plan, PROGRAM, case.layer)
        except UnknownLayer:
            raise UnknownLayer(f"'{case.part}' hands gradients on untouched; there is nothing in it to spoil") from None
    found = []
    for check in check_network(network, x, y, seed=seed, full=full, extras=case.extras(network, seed)):
        inner = f"{check.layer}.{check.parameter}".removeprefix("input.").removeprefix(f"{case.layer}.")
        found.append(replace(check, layer=case.part, parameter=inner, case=case.text))
    return tuple(found)


def part_cases(only: Collection[str] | None = None) -> list[PartCase]:
    """All cases of all parts, or of those of these names, whole and shared out."""
    return [*layer_cases(only), *loss_cases(only)]


def layer_cases(only: Collection[str] | None = None) -> list[PartCase]:
    """The cases of every layer and block, or of those of these names."""
    found = []
    for name, part in parts("layers").items():
        assert issubclass(part, Layer)
        for case in part.cases if only is None or name in only else ():
            found += _layer_case(name, case)
    return found


def loss_cases(only: Collection[str] | None = None) -> list[PartCase]:
    """The cases of every loss, or of those of these names."""
    found = []
    for name, part in parts("losses").items():
        assert issubclass(part, Loss)
        for case in part.cases if only is None or name in only else ():
            found += _loss_case(name, case)
    return found


def _layer_case(name: str, case: Case) -> list[PartCase]:
    model = load({"input": list(case.shape), "model": [*case.before, _form(name, case.options)]}).model
    inputs = Column(INPUTS, case.shape, "float64")
    extras = [Column(LENGTHS, (), "int32")] * case.lengths + [Column(CONTINUES, (), "float32")] * case.carry
    question = Question(model, inputs, None, None, (), OUTPUTS, case.batch, "float64", input_gradient=case.ids == 0,
                        extras=tuple(extras), vocabulary=case.ids)  # fmt: skip
    layer = f"{len(case.before)}_{name}"
    output = next(info.output_shape[1:] for info in Plan(question).infos if info.path == layer)
    weights = Column(TARGETS, tuple(int(size) for size in output), "float64")
    question = replace(question, targets=weights, loss=Weighed())
    with_what = [*["lengths"] * case.lengths, *["carried states"] * case.carry]
    text = " ".join(filter(None, [_text(case.options), "with " * bool(with_what) + " and ".join(with_what)]))
    return _shared_out(PartCase(name, text, question, layer, case.batch, case.kink, "layers", case.ids))


def _loss_case(name: str, case: LossCase) -> list[PartCase]:
    loss = load({"input": [case.outputs], "model": [{"dense": case.outputs}], "loss": _form(name, case.options)}).loss
    assert isinstance(loss, Loss)
    steps = (case.steps,) if case.steps else ()
    inputs = Column(INPUTS, (*steps, case.outputs), "float64")
    values = Column(TARGETS, (*steps, case.outputs), "float64")
    targets = {"labels": Column(TARGETS, steps, "int32", gaps=case.gaps), "values": values, "none": None}[loss.targets]
    targets = values if case.shares else targets
    model = (LayerEntry(Nothing()),)
    question = Question(model, inputs, targets, loss, (), case.outputs, case.batch, "float64", input_gradient=True)
    situations = ["on shares of classes"] * case.shares + [f"at {case.steps} steps"] * bool(case.steps)
    text = " ".join([*filter(None, [_text(case.options)]), *situations, *["with gaps"] * case.gaps])
    return _shared_out(PartCase(name, text, question, LOSS, case.batch, case.kink, "losses"))


def _shared_out(case: PartCase) -> list[PartCase]:
    """The case whole, and with its batch cut in two where there are rows enough."""
    found = []
    for shards in SHARDS:
        if shards <= case.batch:
            text = f"{case.text} in {shards} shards".strip() if shards > 1 else case.text
            found.append(replace(case, text=text, question=replace(case.question, shards=shards)))
    return found


def _form(name: str, options: dict[str, Any]) -> Any:
    """A part as a recipe writes it."""
    return {name: options} if options else name


def _text(options: dict[str, Any]) -> str:
    return show(options, 60) if options else ""
