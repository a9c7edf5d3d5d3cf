"""The table of a net's layers, and what training it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from dllab.engine.prepare import shape_text
from dllab.lab.summary import LayerSummary, Summary
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain

INDENT = "  "
WIDE = 72
UNLIMITED = 10_000


def summary_view(summary: Summary, reference: str) -> RenderableType:
    """Layers with their shapes and sizes, inner ones indented; then the memory of a training step.

    `reference`: what the user calls the recipe, for the commands to try next.
    """
    parts: list[RenderableType] = []
    if summary.about:
        parts += [Text(summary.about), Text()]
    following = [(f"dllab gradcheck {reference}", "proof that its gradients are right")]
    if summary.has_data:
        following.insert(0, (f"dllab train {reference}", "train it and watch it learn"))
    return Group(Plain(Group(*parts, LayerTable(summary), Text(), _memory(summary), Text())), NextSteps(following))


def document(summary: Summary) -> dict[str, Any]:
    """The JSON document. Shapes are those of one example, memory is in bytes."""
    memory = summary.memory
    return {
        "recipe": summary.recipe,
        "input_shape": list(summary.input_shape),
        **({"vocabulary": summary.vocabulary} if summary.vocabulary else {}),
        **({"decoder_shape": list(summary.decoder_shape)} if summary.decoder_shape else {}),
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "output_shape": list(layer.output_shape),
                "parameters": layer.parameters,
                "multiply_adds": layer.multiply_adds,
                "receptive_field": None if layer.receptive_field is None else list(layer.receptive_field),
                **_transfer(layer),
            }
            for layer in summary.layers
        ],
        "parameters": summary.parameters,
        "multiply_adds": summary.multiply_adds,
        "memory": {
            "parameters": memory.parameters,
            "gradients": memory.gradients,
            "optimizer_state": memory.optimizer_state,
            "activations": memory.activations,
            "total": memory.total,
            "batch": memory.batch,
            "precision": summary.precision,
        },
    }


@dataclass(frozen=True)
class LayerTable:
    """The table of layers. Where it does not fit, headings take two lines and blocks are indented less; with receptive

    fields, kinds go next, which most names tell, and then the fields.
    """

    summary: Summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table."""
        narrow = options.max_width < WIDE
        looks = any(layer.receptive_field for layer in self.summary.layers)
        forms = [(narrow, True, looks), (True, True, looks)]
        if looks:
            forms += [(True, False, True), (True, False, False)]
        free = options.update(max_width=UNLIMITED)
        for form in forms:
            table = self._table(*form)
            if Measurement.get(console, free, table).maximum <= options.max_width:
                break
        yield table

    def _read(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """What the net reads: name, kind, shape of one example."""
        summary = self.summary
        found = [("input", f"{summary.vocabulary:,} ids" if summary.vocabulary else "", summary.input_shape)]
        return [*found, ("decoder", "ids", summary.decoder_shape)] if summary.decoder_shape else found

    def _table(self, narrow: bool, kinds: bool, fields: bool) -> Table:
        between = "\n" if narrow else " "
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_footer=True, show_edge=False)
        table.add_column("layer", "total", overflow="fold")
        if kinds:
            table.add_column("kind", overflow="fold")
        table.add_column(f"output{between}shape", overflow="fold")
        if fields:
            table.add_column(f"receptive{between}field", justify="right", no_wrap=True)
        table.add_column("parameters", f"{self.summary.parameters:,}", justify="right", no_wrap=True)
        adds = "multiply-\nadds" if narrow else "multiply-adds"
        table.add_column(adds, f"{self.summary.multiply_adds:,}", justify="right", no_wrap=True)
        for name, kind, shape in self._read():
            table.add_row(name, *([kind] if kinds else []), shape_text(("B", *shape)), *([""] if fields else []), "", "")
        for layer in self.summary.layers:
            indent = (" " if narrow else INDENT) * layer.depth
            label = layer.short if kinds or layer.kind in layer.short else f"{layer.short}: {layer.kind}"
            table.add_row(
                indent + label + ("" if kinds else _marks(layer)),
                *([layer.kind + _marks(layer)] if kinds else []),
                shape_text(("B", *layer.output_shape)),
                *(["x".join(map(str, layer.receptive_field or ()))] if fields else []),
                _count(layer.parameters),
                _count(layer.multiply_adds),
            )
        return table


def _marks(layer: LayerSummary) -> str:
    """`, frozen` and `, lr x 0.1` behind the kind of a layer that is not trained as the others are."""
    frozen = "" if not layer.frozen else ", frozen" if layer.frozen == layer.parameters else f", {layer.frozen:,} frozen"
    factor = "several" if layer.lr_factor is None else f"{layer.lr_factor:g}"
    return frozen + (f", lr x {factor}" if layer.lr_factor != 1.0 else "")


def _transfer(layer: LayerSummary) -> dict[str, Any]:
    """Keys for what is not as usual."""
    frozen = {"frozen": layer.frozen} if layer.frozen else {}
    return frozen | ({"lr_factor": layer.lr_factor} if layer.lr_factor != 1.0 else {})


def _memory(summary: Summary) -> Table:
    memory = summary.memory
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    cores = memory.shards
    sets = f"one set for each of {cores} cores" if cores > 1 else ""
    rows = f"for B = {memory.batch} rows, with their gradients"
    table.add_row("memory", bytes_text(memory.total), f"of a training step in {summary.precision}")
    table.add_row(f"{INDENT}parameters", bytes_text(memory.parameters), "")
    table.add_row(f"{INDENT}gradients", bytes_text(memory.gradients), sets)
    table.add_row(f"{INDENT}optimizer state", bytes_text(memory.optimizer_state), summary.optimizer)
    table.add_row(f"{INDENT}activations", bytes_text(memory.activations), rows)
    return table


def bytes_text(count: int) -> str:
    """`196 B`, `5.1 kB`, `12.0 MB`: thousands, as in the message about nets that do not fit."""
    if count < 1000:
        return f"{count} B"
    size, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:,.1f} {unit}"


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
