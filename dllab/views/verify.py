"""The verdict on a replayed run: the same bits, or where they first differ and what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.verification import KNOWABLE, Difference, Verification
from dllab.views.parts import Plain
from dllab.views.text import count


class Verdict:
    """A few sentences."""

    def __init__(self, found: Verification) -> None:
        self.found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The verdict first."""
        found = self.found
        words = "the same bits" if found.same else "NOT the same"
        yield Plain(Text.assemble(f"{found.run}: ", (words, "bold" if found.same else "bold reverse")))
        if compared := self._compared():
            yield Plain(Text(compared))
        if found.sha256 is not None:
            yield Plain(Text(f"sha256 of all of it: {found.sha256[:16]}", "dim"))
        if found.first is not None:
            yield Plain(_apart(found.first))
        for note in found.notes:
            yield Plain(Text(note))
        if found.changed:
            yield Plain(Text("what has changed since:" if not found.same else "in spite of what has changed since:"))
            for line in found.changed:
                yield Plain(Text(f"  {line}"))
        if not found.same:
            yield from map(Plain, map(Text, _unchanged(found)))

    def _compared(self) -> str:
        found = self.found
        told = [count(found.evaluations, "evaluation")] if found.evaluations else []
        if found.numbers and found.same:
            told.append(f"all {found.numbers:,} {'numbers of the net' if found.sha256 else 'figures'}")
        if not found.same:
            return f"{' and '.join(told)} before the first difference equal, bit by bit" if told else ""
        return f"{' and '.join(told)} equal, bit by bit"


def document(found: Verification) -> dict[str, Any]:
    """The JSON document."""
    first = found.first
    return {
        "run": found.run, "recipe": found.recipe, "status": found.status, "same": found.same,
        "evaluations": found.evaluations, "numbers": found.numbers, "sha256": found.sha256,
        "first": None if first is None else {"what": first.what, "epoch": first.epoch, "step": first.step,
                                             "then": first.then, "now": first.now},
        "changed": list(found.changed), "known": list(found.known), "notes": list(found.notes),
    }  # fmt: skip


def _unchanged(found: Verification) -> Iterator[str]:
    """Of runs that differ: what cannot be why, and what may be, as the run kept nothing to compare it with."""
    unknown = [name for name in KNOWABLE if name not in found.known]
    if not unknown and not found.changed:
        yield "versions, processor, recipe and data are what they were: the files are those of another run"
    elif unknown:
        yield f"not known, as the run kept nothing to compare with: whether the {' or the '.join(unknown)} changed"


def _apart(first: Difference) -> RenderableType:
    where = "at the end" if first.epoch is None else f"in epoch {first.epoch:,} (step {first.step:,})"
    values = [_shown(value) for value in (first.then, first.now)]
    width = max(map(len, values))
    lines = [f"  {value:<{width}}  {when}" for value, when in zip(values, ("in the run", "now"))]
    return Text("\n".join([f"they differ first {where}: {first.what}", *lines]))


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
