"""A wrong gradient on purpose: one row more in the plan, behind a row of a layer's backward pass."""

from __future__ import annotations

from dataclasses import replace

from dllab.core.kernel import kernel
from dllab.plan.plan import Plan, Program
from dllab.plan.row import Row
from dllab.recipe.errors import one_of
from dllab.symbols import GRADIENTS, WORK, Value

FACTOR = 1.1
"""A tenth too much: a wrong constant, the commonest slip in a backward pass, and too small for training to show it."""

LOSS = "loss"


class UnknownLayer(ValueError):
    """No layer of that name leaves a gradient; the message lists those that do."""


@kernel(g="*N", factor="")
def spoil(g, factor):
    """Scale a gradient, as a backward pass with a wrong constant would."""
    for i in range(g.shape[0]):
        g[i] *= factor


def plant(plan: Plan, name: str, layer: str) -> None:
    """Let program `name` of the plan spoil one gradient of a layer.

    `layer` is a path such as `0_dense`, a kind such as `dense` (its first layer is taken), or `loss`. A layer's largest
    parameter is spoiled; where it has none, what it hands to the layer before it. Raises UnknownLayer.
    """
    program = plan.program(name)
    factor = plan.store.constant(FACTOR)
    place, gradient = _place(program, _path(program, layer))
    row = Row(spoil, {"g": gradient, "factor": factor}, program.rows[place].layer)
    rows = (*program.rows[: place + 1], row, *program.rows[place + 1 :])
    plan.put(name, replace(program, rows=rows, probe=program.probe + 1, update=program.update + 1))


def layers_with_gradients(program: Program) -> list[str]:
    """The paths that can be spoiled, in the order of the net, `loss` last."""
    writers = {row.layer for row in program.rows[program.backward : program.probe] if _written(row)}
    paths = [info.path for info in program.infos if info.path in writers]
    return [*paths, LOSS] if LOSS in writers else paths


def _path(program: Program, layer: str) -> str:
    known = layers_with_gradients(program)
    if layer in known:
        return layer
    kinds = {info.path: info.kind for info in program.infos}
    of_kind = [path for path in known if kinds.get(path) == layer]
    if of_kind:
        return of_kind[0]
    inside = [path for path in known if path.startswith(f"{layer}.") or layer in _kinds_around(path, kinds)]
    if inside:  # a block without rows of its own: one of its layers
        return inside[0]
    raise unknown_layer(layer, known)


def unknown_layer(layer: str, known: list[str]) -> UnknownLayer:
    """What to say when no layer of that name can be spoiled."""
    return UnknownLayer(f"no layer '{layer}' leaves a gradient here; {one_of(known, layer)}")


def _kinds_around(path: str, kinds: dict[str, str]) -> list[str]:
    parts = path.split(".")
    return [kinds.get(".".join(parts[:end]), "") for end in range(1, len(parts))]


def _place(program: Program, path: str) -> tuple[int, Value]:
    """The row after which to spoil, and the gradient that this row has just written."""
    found: list[tuple[int, int, Value]] = []
    for place in range(program.backward, program.probe):
        row = program.rows[place]
        if row.layer == path:
            found += [(_size(value), place, value) for value in _written(row)]
    of_parameters = [entry for entry in found if entry[2].register == GRADIENTS]
    _, place, value = max(of_parameters or found[-1:], key=lambda entry: (entry[0], entry[1]))
    return place, value


def _written(row: Row) -> list[Value]:
    """The gradients that a backward row writes for others: of parameters, and of its layer's input.

    A layer's own working arrays, whose names may begin with d as well, lie under the layer's own path.
    """
    if row.kernel is None:
        return []
    named = [row.operands[o.name] for o in row.kernel.operands if o.name.startswith("d") and not o.name.startswith("dy")]
    own = f"{row.layer}."
    return [v for v in named if v.register == GRADIENTS or (v.register == WORK and not v.name.startswith(own))]


def _size(value: Value) -> int:
    number = 1
    for size in value.shape:
        number *= size if isinstance(size, int) else 1
    return number
