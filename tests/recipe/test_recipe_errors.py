"""The text of errors, word for word, at 80 columns.

`errors.golden` holds the cases: a title after `===`, a recipe, overrides after `---`, and after `>>>` what is said.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from dllab.recipe import Place, Problem, RecipeError, load, parse
from dllab.recipe.errors import SHOWN, did_you_mean, show

GOLDEN = Path(__file__).with_name("errors.golden").read_text(encoding="utf-8")
CASES = [case.partition("\n") for case in GOLDEN.split("=== ")[1:]]


def told(case: str) -> str:
    """What is said about a recipe and its overrides."""
    lines = case.splitlines(keepends=True)
    overrides = [line[4:].rstrip("\n") for line in lines if line.startswith("--- ")]
    with pytest.raises(RecipeError) as raised:
        parse("".join(line for line in lines if not line.startswith("--- ")), overrides, "net.yaml")
    return str(raised.value)


@pytest.mark.parametrize("case", [body for _, _, body in CASES], ids=[title for title, _, _ in CASES])
def test_the_text_of_errors(case: str) -> None:
    recipe, _, expected = case.partition(">>>\n")
    assert told(recipe) == expected.rstrip("\n")


@pytest.mark.parametrize("case", [body for _, _, body in CASES], ids=[title for title, _, _ in CASES])
def test_80_columns_are_enough(case: str) -> None:
    for line in told(case.partition(">>>\n")[0]).splitlines():
        wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
        assert len(line) + wide <= 80


def test_all_problems_in_the_order_of_the_text() -> None:
    text = "model:\n  - dense: ten\n  - tahn\nabuot: x\nloss: [1]\ntrain: {epochs: 0, batch: 0}\n"
    with pytest.raises(RecipeError) as raised:
        parse(text, ["trian=3"])
    places = [(problem.place.line, problem.place.column) for problem in raised.value.problems]
    assert places == [(1, 1), (2, 12), (3, 5), (4, 1), (5, 7), (6, 17), (6, 27), (None, None)]


def test_places_in_a_dict_are_key_paths() -> None:
    data = {"input": [2], "model": ["tanh", {"residual": [{"dense": {"units": 0}}]}], "train": {"l3": 1}}
    with pytest.raises(RecipeError) as raised:
        load(data)
    assert [str(problem.place) for problem in raised.value.problems] == ["model[1].residual[0].dense.units", "train.l3"]


def test_many_problems_are_counted() -> None:
    problems = [Problem("wrong", Place("x", line + 1, 1), "do it right") for line in range(SHOWN + 5)]
    text = str(RecipeError(problems))
    assert text.count("wrong") == SHOWN and text.endswith("... and 5 more problems")


def test_control_characters_never_reach_the_terminal() -> None:
    with pytest.raises(RecipeError) as raised:
        parse('input: [2]\nmodel: ["\\e[31mred\\a\\u202e"]\n', ["about=\x1b[0m", "a\x1b=\udcff"], label="a\x1bb")
    assert all(line.isprintable() for line in str(raised.value).split("\n"))
    str(raised.value).encode()


def test_a_caret_beyond_the_line_stays_inside() -> None:
    for width in (20, 40, 80):
        for column in (1, 5, 100, 1000):
            place = Place("x", 3, column, 500, "word " * 100)
            assert all(len(line) <= width for line in place.excerpt(width))
            assert "^" in place.excerpt(width)[1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        (True, "true"),
        ("ten", "'ten'"),
        (1e-3, "0.001"),
        (float("-inf"), "-.inf"),
        ([1, [2, "x"]], "[1, [2, 'x']]"),
        ({"a": None}, "{a: nothing}"),
        ("x" * 100, "'" + "x" * 37 + "…'"),
    ],
)
def test_values_in_messages(value: object, shown: str) -> None:
    assert show(value) == shown


def test_did_you_mean() -> None:
    assert did_you_mean("ADAM", ["adam", "sgd"]) == " Did you mean 'adam'?"
    assert did_you_mean("zzz", ["adam", "sgd"]) == ""
