"""How a step is written: at three widths, in ASCII, without colour; what is shown is what the equations hold."""

from __future__ import annotations

import json
from functools import cache

import pytest
from screens import compare, screen

from dllab.core.settings import jit_enabled
from dllab.lab.explain import explain
from dllab.lab.explain_asked import Asked
from dllab.lab.explain_step import Moment
from dllab.lab.explanation import Equation, Explained, Section
from dllab.recipe import load
from dllab.views.explain import document, equation_lines, explain_view, in_numbers


@cache
def found(name: str, step: int = 1) -> Explained:
    return explain(Moment(load(name), step))


@pytest.mark.skipif(not jit_enabled(), reason="plain Python rounds the last digits shown in another way")
@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", ["xor", "perceptron"])
def test_views(name: str, width: int) -> None:
    text = screen(explain_view(found(name), name), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert text.isascii()
    compare(f"explain_{name}_{width}", text)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_larger_net_is_whole_at_every_width(width: int) -> None:
    text = screen(explain_view(found("spirals", 2), "spirals"), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "all agree" in " ".join(text.split())


def test_a_disagreement_is_told() -> None:
    section = Section(
        "forward", "0_dense", "dense", "1 -> 1", (Equation("y[1]", "{} * {}", (("a", 2.0), ("b", 3.0)), 7.0),)
    )
    text = screen(explain_view(Explained("r", 0, 1, 5, 1, 1, 1, 0, True, 1.0, 0.1, "", (), ("", ""), (section,)), "r"))
    assert "7  (from these numbers 6)" in text
    assert "1 of 1 equations differ" in text


@pytest.mark.parametrize(("layer", "step"), [(None, 1), ("update", 300), ("loss", 300), ("2_dense", 300)])
def test_something_is_to_be_tried_next(layer: str | None, step: int) -> None:
    text = screen(explain_view(explain(Moment(load("xor"), step), Asked(layer=layer)), "xor"))
    commands = [line.strip() for line in text.partition("Try next:")[2].splitlines() if line.strip()]
    assert commands and all(command.startswith("dllab ") for command in commands)
    assert ("--terms 8" in text) == (layer is None)


def test_another_layer_is_that_of_the_same_step() -> None:
    assert "dllab explain xor --step 7 --layer 2_dense" in screen(explain_view(found("xor", 7), "xor"))


def test_a_text_is_shown() -> None:
    lines = screen(explain_view(found("names-gru"), "names-gru")).splitlines()
    assert lines[2] == f"reads: {''.join(found('names-gru').reads)}"


def test_signs_are_those_of_a_blackboard() -> None:
    equation = Equation("y", "{} * {} + {} - {} + {}^2", tuple(zip("abcde", (2.0, -3.0, -1.0, -4.0, -5.0))), 0.0)
    assert in_numbers(equation) == "2 * (-3) - 1 + 4 + (-5)^2" or in_numbers(equation).startswith("2 * (-3) - 1 + 4")
    assert in_numbers(Equation("y", "exp(-{})", (("x", -0.5),), 0.0)) == "exp(0.5)"
    assert in_numbers(Equation("y", "exp(-{}^2)", (("x", 3.5),), 0.0)) == "exp(-3.5^2)"
    assert in_numbers(Equation("y", "exp(-{}^2)", (("x", -3.5),), 0.0)) == "exp(-(-3.5)^2)"


def test_long_sums_break_in_front_of_a_sign() -> None:
    names = [(f"w[{i}]", float(i)) for i in range(20)]
    lines = equation_lines(Equation("y", " + ".join(["{}"] * 20), tuple(names), 190.0), 40)
    assert all(len(line) <= 40 for line in lines)
    assert all(line.strip().startswith(("y =", "=", "+")) for line in lines)
    assert lines[-1].endswith("= 190")


def test_the_document_holds_all_numbers() -> None:
    made = json.loads(json.dumps(document(found("xor"))))
    assert made["agree"] and made["full"] and made["step"] == 1
    equations = [equation for section in made["sections"] for equation in section["equations"]]
    assert len(equations) == len(found("xor").equations)
    assert equations[0]["template"].count("{}") == len(equations[0]["operands"])
