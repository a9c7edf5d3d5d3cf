"""One step of training with real numbers: layer by layer forward, the loss, the gradients backward, the update."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from dllab.engine.question import TARGETS
from dllab.lab import (
    explain_activations,
    explain_attention,
    explain_between,
    explain_blocks,
    explain_conv,
    explain_dense,
    explain_norms,
    explain_pools,
    explain_recurrent,
    explain_transposed,
    explain_words,
)
from dllab.lab.activation_example import spelt
from dllab.lab.explain_here import Here, Place, Told
from dllab.lab.explain_losses import loss_blocks
from dllab.lab.explain_step import Moment
from dllab.lab.explain_updates import updates
from dllab.lab.explanation import Explained, Section
from dllab.plan.flow import LayerInfo

SMALL = 64
"""Parameters of a net that is told of in full."""
TERMS = 4
"""Terms of a sum that are written out, unless more are asked for."""

FAMILIES: dict[str, Callable[[Here], Told]] = {
    "dense": explain_dense.dense, "tied_dense": explain_dense.tied,
    **dict.fromkeys(explain_activations.CURVES, explain_activations.activation),
    "softmax": explain_activations.softmax,
    **dict.fromkeys(("conv", "conv1d"), explain_conv.convolution),
    "depthwise_conv": explain_conv.depthwise, "conv_transpose": explain_transposed.transposed,
    **dict.fromkeys(("max_pool", "avg_pool"), explain_pools.pool),
    **dict.fromkeys(("global_max_pool", "global_avg_pool"), explain_pools.global_pool),
    "upsample": explain_pools.upsampled, "last_step": explain_pools.last,
    "lstm": explain_recurrent.lstm_cell, "gru": explain_recurrent.gru_cell, "rnn": explain_recurrent.rnn_cell,
    "attention": explain_attention.attention,
    "embedding": explain_between.embedded, "positional": explain_between.placed, "one_hot": explain_between.one_hot,
    **dict.fromkeys(("skip_gram", "cbow"), explain_words.scored), "glove": explain_words.paired,
    **dict.fromkeys(("batch_norm", "layer_norm", "group_norm", "instance_norm"), explain_norms.normed),
    "dropout": explain_between.dropped, "gaussian_noise": explain_between.noisy, "point": explain_between.point,
    **dict.fromkeys(("flatten", "reshape", "identity"), explain_between.reshaped),
    **dict.fromkeys(explain_blocks.INSIDE, explain_blocks.block),
}  # fmt: skip
"""What tells of each kind of layer; of others explain_between.other does."""


class NoSuch(ValueError):
    """A layer, a unit or a row that is not there; `hint` says what is."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


def explain(
    moment: Moment, input: int | None = None, layer: str | None = None, unit: int | None = None, most: int | None = None
) -> Explained:
    """Tell of a step. `input`: the example's place in the batch, from 0; `unit`: the number of the last axis, from 1.

    Left out, the example is the first that is not all 0. `most`: terms of a sum that are written out. `layer`: tell of the
    layers of that path or kind alone. Raises NoSuch.
    """
    input = _first(moment) if input is None else input
    if not 0 <= input < moment.rows:
        problem = f"--input {input}: the batch of step {moment.step:,} has {moment.rows} examples"
        raise NoSuch(problem, f"they are numbered from 0 to {moment.rows - 1}")
    infos = moment.inside.infos
    chosen = [info for info in infos if layer in (None, info.path, info.kind)]
    if not chosen and layer not in ("loss", "update"):
        raise NoSuch(f"--layer {layer}: there is no such layer", f"there are: {', '.join(info.path for info in infos)}")
    widest = max(int(info.output_shape[-1]) for info in chosen or infos)
    if unit is not None and not 1 <= unit <= widest:
        raise NoSuch(f"--unit {unit}: the layers shown have up to {widest} units", "count from 1")
    n, full = input, _is_small(moment)
    most = most or (16 if full else TERMS)
    places = _places(moment, n, unit)
    told = {info.path: _tell(Here(moment, info, n, places[info.path], full, most)) for info in chosen}
    sections = [*_layers(chosen, told, places, full), *_rest(moment, layer, chosen, n, places, most, full)]
    order = {"forward": 0, "loss": 1, "backward": 2, "update": 3}
    sections.sort(key=lambda section: order[section.part])
    row = int(moment.order[n])
    return Explained(
        moment.recipe.name, moment.seed, moment.step, moment.course.steps, moment.epoch, moment.rows, input, row, full,
        moment.loss, moment.rate, _answer(moment, row), spelt(moment.data.dataset, row), tuple(sections),
    )  # fmt: skip


def _first(moment: Moment) -> int:
    """The first example of the batch that shows something: products with 0 are 0."""
    x = Here(moment, moment.inside.infos[0], 0, (), False, TERMS).x
    return int(x.reshape(len(x), -1).any(1).argmax())


def _is_small(moment: Moment) -> bool:
    numbers = sum(values.size for values in moment.before.values())
    shapes = [info.output_shape[1:] for info in moment.inside.infos]
    return numbers <= SMALL and all(len(shape) == 1 and int(shape[0]) <= 16 for shape in shapes)


def _tell(here: Here) -> Told:
    return FAMILIES.get(here.info.kind, explain_between.other)(here)


def _layers(chosen: list[LayerInfo], told: dict[str, Told], places: dict[str, Place], full: bool) -> Iterator[Section]:
    for part, infos in (("forward", chosen), ("backward", chosen[::-1])):
        for info in infos:
            blocks = getattr(told[info.path], part)
            if blocks:
                says = f"{_shape(info.input_shape)} -> {_shape(info.output_shape)}"
                where = told[info.path].chosen or _where(places[info.path])
                if not (full and len(places[info.path]) == 1 and part == "forward"):
                    says += f"; {where}"
                yield Section(part, info.path, info.kind, says, blocks)  # type: ignore[arg-type]


def _rest(moment: Moment, layer: str | None, chosen: list[LayerInfo], n: int, places: dict[str, Place], most: int,
          full: bool) -> Iterator[Section]:  # fmt: skip
    last, question = moment.inside.infos[-1], moment.network.plan.question
    top = [info for info in moment.inside.infos if info.depth == 0][-1]
    if layer in (None, "loss") and question.loss is not None:
        absorbed = f"; the final {question.loss.absorbs} is part of it" if moment.network.plan.absorbed else ""
        blocks = tuple(loss_blocks(moment, top, n, places[top.path], most))
        yield Section("loss", "loss", question.loss.name, f"x is what {top.path} gives{absorbed}", blocks)
    assert last is not None
    if layer is None or layer == "update":
        yield from updates(moment, list(moment.before), full)
    else:
        yield from updates(moment, [p.label for info in chosen for p in info.parameters], full)


def _shape(shape: tuple[int | str, ...]) -> str:
    return " x ".join(str(size) for size in shape[1:]) or "1"


def _where(place: Place) -> str:
    *outer, unit = place
    where = f"unit {unit + 1}"
    if len(outer) == 1:
        return f"step {outer[0] + 1}, {where}"
    return f"{where} at place {', '.join(str(p + 1) for p in outer)}" if outer else where


def _places(moment: Moment, n: int, unit: int | None) -> dict[str, Place]:
    """The number of each layer's output that is looked at: that with the largest |y dy|; behind an activation the same."""
    found: dict[str, Place] = {}
    for info in moment.inside.infos:
        here = Here(moment, info, n, (), False, TERMS)
        before = next((other for other in moment.inside.infos if other.output is info.input and other.path in found), None)
        follows = info.output_shape == info.input_shape and info.kind in FOLLOWING
        if before is not None and (follows or info.kind in ("flatten", "reshape")):
            number = np.ravel_multi_index(found[before.path], before.output_shape[1:])  # type: ignore[arg-type]
            found[info.path] = tuple(int(i) for i in np.unravel_index(int(number), info.output_shape[1:]))  # type: ignore[arg-type]
            continue
        y, dy = here.y[n], here.dy
        share = abs(y * dy[n]) if dy is not None and dy[n].any() else abs(y)
        share = np.where(np.isfinite(share), share, 0.0)
        if dy is not None and not share.any():
            share = abs(dy[n]) + abs(y)
        if unit is not None and unit <= share.shape[-1]:
            masked = np.full_like(share, -1.0)
            masked[..., unit - 1] = share[..., unit - 1]
            share = masked
        found[info.path] = tuple(int(i) for i in np.unravel_index(int(share.argmax()), share.shape))
    return found


FOLLOWING = (*explain_activations.CURVES, "dropout", "batch_norm", "layer_norm", "positional", "identity")


def _answer(moment: Moment, row: int) -> str:
    """What the example stands for."""
    dataset = moment.data.dataset
    target = dataset.columns.get(TARGETS)
    if target is None or moment.network.plan.question.targets is None:
        return ""
    value = np.asarray(target[row])
    if dataset.classes and value.ndim == 0:
        return str(dataset.classes[int(value)])
    if dataset.classes:
        return " ".join(repr(dataset.classes[int(k)])[1:-1] for k in value.reshape(-1)[:24] if k >= 0)
    numbers = value.reshape(-1)
    return ", ".join(f"{float(v):.4g}" for v in numbers[:4]) + (", ..." if len(numbers) > 4 else "")
