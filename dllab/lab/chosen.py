"""Layers that are picked out of a net by their path, or by their kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dllab.lab.suits import Unsuited
from dllab.plan.flow import LayerInfo
from dllab.plan.plan import Plan

SHOWN = 8
"""Paths that a refusal lists."""


def chosen(infos: Sequence[LayerInfo], kinds: Sequence[str], wanted: str | None) -> list[LayerInfo]:
    """Those layers of these kinds that are wanted: by a path, by what a path begins or ends with, or by a kind; None: all.

    Raises Unsuited where there is none, and names those there are.
    """
    there = [info for info in infos if info.kind in kinds]
    if wanted is None:
        return there
    for fits in (_is, _lies_in, _ends):
        found = [info for info in there if fits(info, wanted)]
        if found:
            return found
    paths = [info.path for info in there]
    more = f", ... ({len(paths)} in all)" if len(paths) > SHOWN else ""
    raise Unsuited(f"--layer {wanted}: there is no such layer to be drawn here",
                   f"there are: {', '.join(paths[:SHOWN])}{more}")  # fmt: skip


def exists(kinds: Sequence[str], wanted: str | None) -> Callable[[Plan], object]:
    """A check of a plan, before anything is trained: whether `chosen` will find something."""
    return lambda plan: chosen(plan.infos, kinds, wanted)


def _is(info: LayerInfo, wanted: str) -> bool:
    return wanted in (info.path, info.kind)


def _lies_in(info: LayerInfo, wanted: str) -> bool:
    return info.path.startswith(f"{wanted}.")


def _ends(info: LayerInfo, wanted: str) -> bool:
    return info.path.endswith(f".{wanted}")
