"""One step of training with real numbers: layer by layer forward, the loss, the gradients backward, the update."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
from dllab.lab.examples import spelt, target_of
from dllab.lab.explain_asked import Asked, places
from dllab.lab.explain_here import Here, Place, Told
from dllab.lab.explain_losses import loss_blocks
from dllab.lab.explain_step import Moment
from dllab.lab.explain_updates import updates
from dllab.lab.explanation import Explained, Part, Section
from dllab.plan.flow import LayerInfo

SMALL = 64
"""Parameters of a net that is told of in full."""
ALL = Asked()
ANSWER = 48
"""Letters of an answer that are shown."""
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


def explain(moment: Moment, asked: Asked = ALL, most: int | None = None) -> Explained:
    """Tell of a step, or of the part of it that was asked for. `most`: terms of a sum that are written out.

    Raises Unsuited for what is not there.
    """
    n, full = asked.row(moment), _is_small(moment)
    chosen, most = asked.layers(moment.inside.infos), most or (16 if full else TERMS)
    where = places(moment, n, asked.unit)
    told = {info.path: _tell(Here(moment, info, n, where[info.path], full, most)) for info in chosen}
    sections = [*_layers(chosen, told, where, full), *_rest(moment, asked.layer, chosen, n, where, most, full)]
    order = {"forward": 0, "loss": 1, "backward": 2, "update": 3}
    sections.sort(key=lambda section: order[section.part])
    row = int(moment.order[n])
    return Explained(
        moment.recipe.name, moment.seed, moment.step, moment.course.steps, moment.epoch, moment.rows, n, row, full,
        moment.loss, moment.rate, _answer(moment, row), spelt(moment.data.dataset, row), asked.why(moment, full),
        tuple(sections),
    )  # fmt: skip


def _is_small(moment: Moment) -> bool:
    """Whether it is told of in full."""
    numbers = sum(values.size for values in moment.before.values())
    shapes = [info.output_shape[1:] for info in moment.inside.infos]
    return numbers <= SMALL and all(len(shape) == 1 and int(shape[0]) <= 16 for shape in shapes)


def _tell(here: Here) -> Told:
    return FAMILIES.get(here.info.kind, explain_between.other)(here)


def _layers(chosen: list[LayerInfo], told: dict[str, Told], places: dict[str, Place], full: bool) -> Iterator[Section]:
    ways: tuple[tuple[Part, list[LayerInfo]], ...] = (("forward", chosen), ("backward", chosen[::-1]))
    for part, infos in ways:
        for info in infos:
            blocks = told[info.path].forward if part == "forward" else told[info.path].backward
            if blocks:
                says = f"{_shape(info.input_shape)} -> {_shape(info.output_shape)}"
                where = told[info.path].chosen or _where(places[info.path])
                if not (full and len(places[info.path]) == 1 and part == "forward"):
                    says += f"; {where}"
                yield Section(part, info.path, info.kind, says, blocks)


def _rest(moment: Moment, layer: str | None, chosen: list[LayerInfo], n: int, where: dict[str, Place], most: int,
          full: bool) -> Iterator[Section]:  # fmt: skip
    question = moment.network.plan.question
    top = [info for info in moment.inside.infos if info.depth == 0][-1]
    if layer in (None, "loss") and question.loss is not None:
        absorbed = f"; the final {question.loss.absorbs} is part of it" if moment.network.plan.absorbed else ""
        blocks = tuple(loss_blocks(moment, top, n, where[top.path], most))
        yield Section("loss", "loss", question.loss.name, f"x is what {top.path} gives{absorbed}", blocks)
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


def _answer(moment: Moment, row: int) -> str:
    """What the example stands for; nothing where the net has no targets."""
    if moment.network.plan.question.targets is None or TARGETS not in moment.data.dataset.columns:
        return ""
    answer = target_of(moment.data.dataset, row).replace("\n", "\\n")
    return answer if len(answer) <= ANSWER else f"{answer[:ANSWER]} ..."
