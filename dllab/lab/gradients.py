"""Gradients of a net: how large by every layer's output, by every parameter, and by every step of a recurrent layer.

    size at a layer   |dL / d outputs| of one example, the root of the mean square over a batch
    vanishing         the first layer's size is less than 1/1000 of the last layer's, by the median over the training
    exploding         it is more than 1000 times as large; or the gradient of all parameters grows to more than 1000 times
                      what it was; or it was not finite
    ratio             |update| / |weights|, about 1/1000 as a rule of thumb, fine from 1/10,000 to 1/100

A norm over all outputs, where a mean square of them would make the gradient of every wide layer small: what a global pool
spreads over 49 places has not vanished.

Sources: Hochreiter, Untersuchungen zu dynamischen neuronalen Netzen (1991), and Bengio, Simard, Frasconi, Learning
long-term dependencies with gradient descent is difficult (1994), for the two names; Karpathy, CS231n notes, Neural
networks part 3 (2015), for the ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dllab.engine.inside import Inside
from dllab.lab.chosen import chosen
from dllab.lab.recording import LayerTrace, ParameterTrace, Trace
from dllab.lab.subject import Subject
from dllab.lab.through_time import ThroughTime, through_time
from dllab.plan.flow import LayerInfo

LIMIT = 1000.0
"""How many times as large, or as small, a gradient may be at the first layer as at the last."""
RATIO = (1e-4, 1e-2)
"""Between which a weight's updates are of a good size."""
PART = 10
"""The first and the last look are those of the first and the last tenth."""
EXAMPLES = 256
"""Of a batch that is looked at, at most."""

Name = Literal["vanishing", "exploding", "healthy"]
Because = Literal["depth", "growth", "diverged", "time"]


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """At each look (L,): `size` of the gradient by the outputs, `norm` of that by the layer's own parameters, if any."""

    path: str
    kind: str
    depth: int
    size: NDArray[np.float64] | None
    norm: NDArray[np.float64] | None

    @property
    def median(self) -> float | None:
        """The median of the sizes."""
        return None if self.size is None or not len(self.size) else float(np.median(self.size))


@dataclass(frozen=True)
class Verdict:
    """What is the matter, and by which rule. `factor`: first over last; `layers`: which those are."""

    name: Name
    because: Because
    factor: float
    layers: tuple[str, str] = ("", "")


@dataclass(frozen=True, eq=False)
class Gradients:
    """What was found, at the steps `looks` (L,). `parameters` have updates only where something was trained;
    `weights`: the labels of those that are matrices.

    `total` (L,): norm of the gradient of all parameters. `diverged`: the training did, after `steps` steps.
    """

    name: str
    state: str
    steps: int
    diverged: bool
    rows: int
    looks: NDArray[np.int64]
    layers: tuple[LayerGradients, ...]
    parameters: tuple[ParameterTrace, ...]
    weights: frozenset[str]
    times: tuple[ThroughTime, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def trained(self) -> bool:
        """Whether there was a training to look at."""
        return self.state == "trained" and len(self.looks) > 0


def gradients(subject: Subject, layer: str | None = None) -> Gradients:
    """The gradients over a watched training, or else of one batch. `layer`: only those of that path or kind.

    Raises Unsuited where there is none.
    """
    infos = subject.network.plan.program("train").infos
    wanted = chosen(infos, layer)
    rows = subject.rows("train", min(subject.network.plan.question.batch, EXAMPLES))
    inside = subject.backward(rows)
    trace = subject.trace
    if trace is None or not len(trace.steps):
        looks, layers, parameters = np.zeros(1, np.int64), _of_batch(inside), _parameters_of_batch(inside)
    else:
        looks, layers, parameters = trace.steps, _of_trace(trace, infos), trace.parameters
    times = tuple(one for info in infos if (one := through_time(inside, info.path)) is not None)
    diverged = subject.ended is not None and subject.ended.status == "diverged"
    found = verdicts(layers, parameters, times, diverged)
    paths = {info.path for info in wanted}
    labels = {parameter.label for info in wanted for parameter in info.parameters}
    return Gradients(
        subject.name, subject.state, subject.steps, diverged, len(rows), looks,
        tuple(one for one in layers if one.path in paths), tuple(one for one in parameters if one.label in labels),
        frozenset(label for label, values in inside.network.parameters.items() if values.ndim > 1),
        tuple(one for one in times if one.path in paths), found,
    )  # fmt: skip


def weight_gradients(subject: Subject) -> list[float]:
    """How large the gradient of each weight matrix is, from the first layer to the last, for one batch."""
    found = gradients(subject)
    return [float(one.gradient[0]) for one in found.parameters if one.label in found.weights]


def first_over_last(subject: Subject) -> float:
    """How large the gradient of the first layer's weight matrix is beside that of the last one's, for one batch."""
    sizes = weight_gradients(subject)
    return sizes[0] / sizes[-1]


def verdicts(
    layers: Sequence[LayerGradients], parameters: Sequence[ParameterTrace], times: Sequence[ThroughTime], diverged: bool
) -> tuple[Verdict, ...]:
    """What the rules of this file say; `healthy` where none of them says anything.

    Of a training that diverged only that: gradients of a net that has burst say nothing of what it was before.
    """
    if diverged:
        return (Verdict("exploding", "diverged", np.inf),)
    found: list[Verdict] = []
    ends = _ends(layers)
    factor = _median_factor(ends[0].size, ends[1].size) if ends else 1.0
    names = (ends[0].path, ends[1].path) if ends else ("", "")
    found += _judged(factor, "depth", names)
    growth = _growth(parameters)
    if growth > LIMIT:
        found.append(Verdict("exploding", "growth", growth))
    for one in times:
        if one.only_last and len(one.sizes) > 1:
            found += _judged(one.factor, "time", (one.path, one.path))
    return tuple(found) or (Verdict("healthy", "depth", factor, names),)


def _ends(layers: Sequence[LayerGradients]) -> tuple[LayerGradients, LayerGradients] | None:
    """The first and the last layer, in the order of computation; None if that is one. Of a `repeat` the first inside."""
    there = [one for one in layers if one.size is not None]
    top = [one for one in there if one.depth == 0]
    if not top:
        return None
    first = top[0]
    while first.kind == "repeat":
        inside = [one for one in there if one.path.startswith(f"{first.path}.")]
        if not inside:
            break
        first = min(inside, key=lambda one: one.depth)  # the first of those that are not in another block
    return (first, top[-1]) if first is not top[-1] else None


def total(parameters: Sequence[ParameterTrace]) -> NDArray[np.float64]:
    """The norm of the gradient of all parameters at each look."""
    if not parameters:
        return np.zeros(0)
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt(np.sum([one.gradient**2 for one in parameters], axis=0)))


def _judged(factor: float, because: Because, layers: tuple[str, str]) -> list[Verdict]:
    if factor > LIMIT:
        return [Verdict("exploding", because, factor, layers)]
    return [Verdict("vanishing", because, factor, layers)] if factor < 1 / LIMIT else []


def _median_factor(first: NDArray[np.float64] | None, last: NDArray[np.float64] | None) -> float:
    """The median over the looks of first / last; looks at which the last is 0 are passed over, 1 where all are."""
    assert first is not None and last is not None
    there = last > 0
    if np.any(~np.isfinite(first)):
        return np.inf
    with np.errstate(over="ignore"):
        return float(np.median(first[there] / last[there])) if there.any() else 1.0


def _growth(parameters: Sequence[ParameterTrace]) -> float:
    """How many times as large the gradient is in the last looks as in the first, by medians."""
    norms = total(parameters)
    few = len(norms) // PART
    if few < 1:
        return 1.0
    first, last = np.median(norms[:few]), np.median(norms[-few:])
    return float(last / first) if first > 0 and not np.isnan(last) else 1.0


def _numbers(info: LayerInfo) -> int:
    """Of one example's outputs."""
    return int(np.prod([int(d) for d in info.output.shape[1:]], dtype=np.int64))


def _of_trace(trace: Trace, infos: Sequence[LayerInfo]) -> tuple[LayerGradients, ...]:
    norms = {one.label: one.gradient for one in trace.parameters}
    return tuple(_layer(info, _size(seen, info), norms) for info, seen in zip(infos, trace.layers, strict=True))


def _size(seen: LayerTrace, info: LayerInfo) -> NDArray[np.float64] | None:
    return None if seen.gradient is None else seen.gradient * np.sqrt(_numbers(info))


def _of_batch(inside: Inside) -> tuple[LayerGradients, ...]:
    norms = {label: np.array([np.linalg.norm(values)]) for label, values in inside.gradients().items()}
    return tuple(_layer(info, _size_of_batch(inside, info), norms) for info in inside.infos)


def _size_of_batch(inside: Inside, info: LayerInfo) -> NDArray[np.float64] | None:
    found = inside.output_gradient(info.path) if info.output.needs_gradient else None
    return None if found is None else np.array([np.sqrt(inside.rows) * np.linalg.norm(found.astype(np.float64))])


def _layer(info: LayerInfo, size: NDArray[np.float64] | None, norms: dict[str, NDArray[np.float64]]) -> LayerGradients:
    own = [norms[parameter.label] for parameter in info.parameters]
    norm = np.sqrt(np.sum(np.square(own), axis=0)) if own else None
    return LayerGradients(info.path, info.kind, info.depth, size, norm)


def _parameters_of_batch(inside: Inside) -> tuple[ParameterTrace, ...]:
    none = np.array([np.nan])
    weights = inside.network.parameters
    return tuple(
        ParameterTrace(label, np.array([np.linalg.norm(weights[label])]), np.array([np.linalg.norm(values)]), none)
        for label, values in inside.gradients().items()
    )
