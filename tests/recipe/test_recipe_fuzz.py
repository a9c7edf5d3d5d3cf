"""Whatever is done to a recipe, it loads or raises RecipeError with a place and a hint for everything wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from conftest import SPIRALS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dllab.recipe import Recipe, RecipeError, load, parse

WIDE = (
    SPIRALS
    + """\
metrics: [accuracy, {top_k: 3}]
"""
)
BLOCKS = """\
about: "A \\"quoted\\" text: with a colon"
input: [28, 28]   # a comment
model:
  - conv2d: {filters: 8, kernel: [3, 3], padding: same, name: a}
  - branches:
      - [{dense: 4}, tanh]
      - - dense:
            units: 4
            init: {normal: 0.1}
  - repeat: {times: 2, layers: [{residual: [{dense: 4}]}]}
  - bidirectional: {lstm: 8}
  - attention: {width: 8, heads: 2, from: [a, input]}
optimizer: [{clip_norm: 1.0}, {lookahead: {inner: {sgd: {lr: 1e-2}}, every: 3}}]
train: {steps: 100, batch: full, early_stop: 5}
"""
TEXTS = [WIDE, BLOCKS]
PIECES = [*list(":-[]{},'\"#&*!|>%@`?\\\n ~=.0e\x07\x00\x85\u2028\ufeff�é漢"), "\t", "- ", ": ", "<<", "{a: ", "\n  "]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["dense", "tanh", "adam", "name", "from", "classes", "input", "full", "spirals", "__init__", "some"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "from", "dense", "units", "lr", "adam", "", "layers", "init", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def survives(make: Any, given: str = "") -> Recipe | None:
    """A recipe, or an error in plain words; words that were `given` may come back in it."""
    try:
        recipe: Recipe = make()
    except RecipeError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.message and problem.hint and str(problem.place)
            for jargon in ("pydantic", "Input should", "validation error", "Traceback", "<class", "object at"):
                assert jargon not in problem.render() or jargon in given
        text = str(error)
        text.encode()
        assert all(line.isprintable() for line in text.split("\n"))
        return None
    return recipe


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text) - 1))
        end = min(len(text), start + draw(st.integers(0, 12)))
        new = draw(st.sampled_from(["", text[start:end] * 2, *PIECES]) | st.text(max_size=4))
        text = (text[:start] + new + text[end:]) or "x"
    return text


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(mutated())
def test_changed_texts(text: str) -> None:
    survives(lambda: parse(text), text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.text(PIECES[:30], max_size=40))
def test_any_text(text: str) -> None:
    survives(lambda: parse(text), text)


def spots(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(spot for key, value in inner for spot in spots(value, (*path, key)))]


@st.composite
def replaced(draw: st.DrawFn) -> Any:
    data = copy.deepcopy(draw(st.sampled_from(DATA)))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(spots(data)[1:]))
        holder = data
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = draw(VALUES)
    return data


DATA: list[dict[str, Any]] = [
    {
        "data": {"name": "spirals", "classes": 3},
        "model": [
            {"dense": {"units": 3, "name": "a", "init": {"normal": 0.1}}},
            {"residual": {"layers": [{"dense": 3}, "tanh"], "scale": 2.0}},
            {"branches": [[{"dense": 3}], ["tanh"]]},
            {"bidirectional": {"lstm": 3}},
            {"conv2d": {"filters": 3, "kernel": [3, 3]}},
            {"dense": {"units": "classes", "from": "a"}},
        ],
        "loss": "cross_entropy",
        "optimizer": [{"clip_norm": 1.0}, {"lookahead": {"inner": "adam"}}],
        "schedule": {"cosine": {"warmup": 3}},
        "metrics": ["accuracy"],
        "train": {"epochs": 3, "batch": "full", "early_stop": {"patience": 3, "metric": "accuracy"}},
        "expect": {"test_accuracy": 0.9},
    },
    {"input": [2, 3], "model": ["tanh"], "optimizer": {"adam": 0.1}, "train": {"early_stop": 3}},
]


@settings(max_examples=150, deadline=None)
@given(replaced())
def test_any_value_anywhere(data: Any) -> None:
    recipe = survives(lambda: load(data))
    if recipe is not None:
        assert load(recipe.to_yaml()).to_yaml() == recipe.to_yaml()


KEYS = st.sampled_from(
    [
        "about",
        "data",
        "input",
        "model",
        "loss",
        "optimizer",
        "schedule",
        "metrics",
        "train",
        "expect",
        "dense",
        "units",
        "init",
        "layers",
        "lr",
        "adam",
        "name",
        "from",
        "a",
        "inside",
        "hidden",
        "0",
        "1",
        "9",
        "early_stop",
        "patience",
        "inner",
        "betas",
        "kernel",
        "test_accuracy",
        "x",
        "branches",
        "residual",
    ]
)
PATHS = st.lists(
    st.builds(lambda key, index: key + index, KEYS, st.sampled_from(["", "", "", "[0]", "[-1]", "[7]"])), max_size=5
)
OVERRIDES = st.builds(
    lambda path, value: f"{'.'.join(path)}={value}",
    PATHS,
    st.sampled_from(
        ["3", "0.5", "adam", "[1, 2]", "{lr: 3}", "{dense: 4}", "tanh", "[tanh]", "", "null", "{", "&a", "full"]
    )
    | st.text(max_size=5),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.lists(OVERRIDES | st.text(max_size=12), min_size=1, max_size=4))
def test_any_override(text: str, overrides: list[str]) -> None:
    survives(lambda: parse(text, overrides))


@pytest.mark.slow
@settings(max_examples=3000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(mutated(), st.lists(OVERRIDES, max_size=2))
def test_changed_texts_at_length(text: str, overrides: list[str]) -> None:
    survives(lambda: parse(text, overrides))


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(replaced(), st.lists(OVERRIDES, max_size=2))
def test_any_value_anywhere_at_length(data: Any, overrides: list[str]) -> None:
    survives(lambda: load(data, overrides))
