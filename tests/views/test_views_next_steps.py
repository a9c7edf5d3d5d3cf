"""Commands to be copied."""

from __future__ import annotations

import io

from dllab.cli.console import Output
from dllab.views.next_steps import NextSteps


def shown(*commands: tuple[str, str], width: int = 80) -> list[str]:
    console = Output(io.StringIO())
    console.width = width
    console.show(NextSteps(commands))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_what_they_show_stands_beside_them() -> None:
    assert shown(("dllab summary xor", "layers"), ("dllab train xor", "")) == [
        "Try next:", "  dllab summary xor  layers", "  dllab train xor",
    ]  # fmt: skip


def test_a_long_command_is_not_broken() -> None:
    long = "dllab train xor " + " ".join(f"model[{i}].dense.units=8" for i in range(9))
    assert shown((long, "whatever it shows"), width=60) == ["Try next:", f"  {long}"]
