"""The table of a net's layers, and what training it needs."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.engine.prepare import shape_text
from dllab.lab.summary import Summary

INDENT = "  "


def summary_view(summary: Summary) -> RenderableType:
    """Layers with their shapes and sizes, inner ones indented; then the memory of a training step."""
    parts: list[RenderableType] = []
    if summary.about:
        parts += [Text(summary.about), Text()]
    return Group(*parts, _layers(summary), Text(), _memory(summary))


def _layers(summary: Summary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True, show_edge=False)
    table.add_column("layer", "total", overflow="fold")
    table.add_column("kind", overflow="fold")
    table.add_column("output shape", overflow="fold")
    table.add_column("parameters", f"{summary.parameters:,}", justify="right")
    table.add_column("multiply-adds", f"{summary.multiply_adds:,}", justify="right")
    table.add_row("input", "", shape_text(("B", *summary.input_shape)), "", "")
    for layer in summary.layers:
        table.add_row(
            INDENT * layer.depth + layer.short,
            layer.kind,
            shape_text(("B", *layer.output_shape)),
            _count(layer.parameters),
            _count(layer.multiply_adds),
        )
    return table


def _memory(summary: Summary) -> Table:
    memory = summary.memory
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    cores = memory.shards
    rows = f"for B = {memory.batch} rows, with their gradients"
    table.add_row("memory", bytes_text(memory.total), f"of a training step in {summary.precision}")
    table.add_row(f"{INDENT}parameters", bytes_text(memory.parameters), "")
    table.add_row(f"{INDENT}gradients", bytes_text(memory.gradients), f"one set for each of {cores} cores" if cores > 1 else "")
    table.add_row(f"{INDENT}optimizer state", bytes_text(memory.optimizer_state), summary.optimizer)
    table.add_row(f"{INDENT}activations", bytes_text(memory.activations), rows)
    return table


def bytes_text(count: int) -> str:
    """`196 B`, `5.1 KiB`, `12.0 MiB`."""
    if count < 1024:
        return f"{count} B"
    size, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:,.1f} {unit}"


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
