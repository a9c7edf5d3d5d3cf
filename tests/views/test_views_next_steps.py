"""Commands to be copied."""

from __future__ import annotations

import io
import shlex

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


def test_a_long_command_goes_on_in_the_next_line_as_shells_take_it() -> None:
    long = "dllab train xor " + " ".join(f"model[{i}].dense.units=8" for i in range(9)) + " 'data.file=my own.csv'"
    lines = shown((long, "whatever it shows"), ("dllab summary xor", "layers"), width=60)[1:]
    assert max(map(len, lines)) <= 60 and lines[-2:] == ["    whatever it shows", "  dllab summary xor  layers"]
    assert shlex.split("\n".join(lines[:-2]).replace("\\\n", "")) == shlex.split(long) and len(lines) > 6


def test_a_word_that_is_too_long_is_not_broken() -> None:
    assert shown(("dllab train " + 70 * "x", ""), width=60) == ["Try next:", "  dllab train \\", "    " + 70 * "x"]


def test_what_has_no_room_beside_a_command_stands_below_it() -> None:
    lines = shown(("dllab viz-landscape moons --path", 10 * "abc de "), ("dllab summary moons", "layers"), width=60)
    assert lines[1] == "  dllab viz-landscape moons --path" and lines[-1] == "  dllab summary moons  layers"
    assert [line[:8] for line in lines[2:-1]] == 2 * ["    abc "] and " ".join(map(str.strip, lines[2:-1])) == (
        10 * "abc de "
    ).strip()
