"""What stands on the board is true: each line, worked out from its digits, gives the result that is shown."""

from __future__ import annotations

import dataclasses
import math
import re
from functools import cache

import pytest
from marks import compiled_only
from screens import screen

from dllab.lab.explain import explain
from dllab.lab.explain_asked import Asked
from dllab.lab.explain_step import Moment
from dllab.lab.explanation import FUNCTIONS, Explained
from dllab.recipe import load
from dllab.views.explain import explain_view

pytestmark = compiled_only

NUMBER = re.compile(r"(?<![\w.^])\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]\d+)?")
"""But not a power, which is exact."""
FUNCTION = re.compile(rf"\b({'|'.join(FUNCTIONS)})\b")
WIDE = 4000
BOARDS = {
    "dense": ("xor", "", 1, 20),
    "conv": ("digits-cnn", "train.batch=4", 3, 30),
    "lstm": ("names-lstm", "train.batch=8", 5, 25),
    "attention": ("names-gpt", "train.batch=8", 5, 60),
    "gru": ("names-gru", "train.batch=8", 9, 25),
    "autoencoder": ("conv-autoencoder", "train.batch=4", 2, 25),
    "words": ("reversal", "train.batch=8", 4, 60),
}


@cache
def found(name: str, *changes: str, step: int = 1) -> Explained:
    return explain(Moment(load(name, [change for change in changes if change]), step))


def lines_of(explained: Explained) -> list[str]:
    """The equations with a number for a result."""
    text = screen(explain_view(explained, "x"), width=WIDE)
    assert "from these numbers" not in text, "an equation differs from the engine's buffers"
    return [line for line in text.splitlines() if re.fullmatch(r"  \S.* = -?\d[\d.,]*(e[+-]\d+)?", line)]


def worked_out(text: str, numbers: list[float]) -> float:
    """A right side with these in the place of its numbers."""
    filled = NUMBER.sub("({!r})", text).format(*numbers).replace("^", "**")
    return float(eval(filled, {"__builtins__": {}}, FUNCTIONS))


def half_a_digit(number: float) -> float:
    """How far a number may be from what is shown of it, with four digits."""
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(number))) - 3) if number else 0.0


def in_numbers(side: str) -> bool:
    """Whether no names stand in it."""
    return re.search(r"[a-zA-Z]", FUNCTION.sub("", NUMBER.sub("", side))) is None


def is_true(line: str) -> bool:
    """Whether every right side in numbers gives the last one, as far as the digits shown can tell."""
    _, *sides, result = line.strip().split(" = ")
    end = float(result.replace(",", ""))
    for side in filter(in_numbers, sides):
        numbers = [float(text.replace(",", "")) for text in NUMBER.findall(side)]
        value, slack = worked_out(side, numbers), half_a_digit(end)
        for i, number in enumerate(numbers):
            moved = [*numbers[:i], number + half_a_digit(number), *numbers[i + 1 :]]
            slack += abs(worked_out(side, moved) - value) * 1.1
        if not abs(value - end) <= slack + 1e-12 * abs(end):
            return False
    return True


@pytest.mark.parametrize("name", BOARDS)
def test_every_line_on_the_board_is_true(name: str) -> None:
    recipe, change, step, least = BOARDS[name]
    lines = lines_of(found(recipe, change, step=step))
    assert len(lines) >= least
    assert [line for line in lines if not is_true(line)] == []


def test_a_wrong_line_is_seen() -> None:
    explained = found("names-lstm", "train.batch=8", step=5)
    section = next(section for section in explained.sections if section.part == "backward" and section.kind == "lstm")
    for place, block in enumerate(section.blocks):
        if getattr(block, "left", "") == "dc":
            wrong = dataclasses.replace(block, value=block.value * 1.01)  # type: ignore[type-var,union-attr]
            blocks = (*section.blocks[:place], wrong, *section.blocks[place + 1 :])
            broken = dataclasses.replace(explained, sections=(dataclasses.replace(section, blocks=blocks),))
            text = screen(explain_view(broken, "x"), width=WIDE)
            assert "from these numbers" in text and "1 of" in text
    assert is_true("  y = 2 * a = 2 * 3.001 = 6.002")
    assert not is_true("  y = 2 * a = 2 * 3.001 = 6.01")
    assert not is_true("  y = tanh(x) = tanh(0.5) = 0.4721")
    assert is_true("  y = a * b + c = -0.5 * (-0.25) - 1 = 0.125 - 1 = -0.875")


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", BOARDS)
def test_nothing_is_wider_than_the_terminal_nor_ends_in_blanks(name: str, width: int) -> None:
    recipe, change, step, _ = BOARDS[name]
    text = screen(explain_view(found(recipe, change, step=step), recipe), width=width)
    for line in text.splitlines():
        assert len(line) <= width and line == line.rstrip()


def test_one_unit_of_one_layer_says_so() -> None:
    at = Moment(load("spirals"), 1)
    text = screen(explain_view(explain(at, Asked(layer="2_dense", unit=3)), "spirals"), width=80)
    assert "Shown is unit 3" in text and "unit 3" in text.partition("FORWARD")[2]
