"""Layers that are picked out of a net by their path, or by their kind: the same rules for every command."""

from __future__ import annotations

from collections.abc import Sequence

from dllab.lab.suits import Unsuited
from dllab.plan.flow import LayerInfo

SHOWN = 16
"""Paths that a refusal lists."""


def chosen(infos: Sequence[LayerInfo], wanted: str | None, kinds: Sequence[str] | None = None) -> list[LayerInfo]:
    """The layers that are wanted, of these kinds (None: of any), in the order of the net; all where nothing is wanted.

    They are wanted by a path, with all that lies inside it, or by a kind; else by what a path ends with: `ahead.0_gru`
    finds `encoder.ahead.0_gru`. Raises Unsuited where there is none, and names those there are.
    """
    there = [info for info in infos if kinds is None or info.kind in kinds]
    if wanted is None:
        return there
    for fits in (_is, _ends):
        found = [info for info in there if fits(info, wanted)]
        if found:
            return found
    raise no_layer(wanted, there)


def no_layer(wanted: str, there: Sequence[LayerInfo]) -> Unsuited:
    """The refusal of a layer that is not among those there are."""
    paths = ", ".join(info.path for info in there[:SHOWN])
    more = f", ... ({len(there)} in all)" if len(there) > SHOWN else ""
    kinds = sorted({info.kind for info in there})
    by_kind = f"; or a kind: {', '.join(kinds)}" if len(kinds) > 1 else ""
    return Unsuited(f"--layer {wanted}: there is no such layer to look at here", f"there are: {paths}{more}{by_kind}")


def _is(info: LayerInfo, wanted: str) -> bool:
    return wanted in (info.path, info.kind) or info.path.startswith(f"{wanted}.")


def _ends(info: LayerInfo, wanted: str) -> bool:
    return info.path.endswith(f".{wanted}")
