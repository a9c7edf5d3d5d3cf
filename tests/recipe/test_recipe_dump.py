"""A recipe written out and read again is the same recipe, with every default in sight."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SPIRALS
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dllab.recipe import load, parse
from dllab.recipe.dump import brief

LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        lambda units, bias, init: {"dense": {"units": units, "bias": bias, "init": init}},
        st.integers(1, 10**6) | st.sampled_from(["classes", "features"]),
        st.booleans(),
        st.none() | st.just("xavier") | st.builds(lambda d: {"normal": d}, st.floats(1e-300, 1e300)),
    ),
    st.just("tanh"),
    st.builds(lambda rate: {"dropout": rate}, st.floats(0, 1, exclude_max=True)),
    st.builds(lambda k: {"conv2d": {"filters": 3, "kernel": k}}, st.lists(st.integers(1, 9), min_size=2, max_size=2)),
    st.just({"bidirectional": {"lstm": 4}}),
    st.just({"tanh": {"from": ["input", "input"]}}),
)
LAYERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda layers: {"residual": layers}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda paths: {"branches": paths}, st.lists(st.lists(inner, min_size=1, max_size=2), max_size=2)),
    ),
    max_leaves=5,
)
RECIPES = st.fixed_dictionaries(
    {
        "input": st.lists(st.integers(1, 10**6), min_size=1, max_size=3),
        "model": st.lists(LAYERS, min_size=1, max_size=4),
    },
    optional={
        "about": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=120),
        "loss": st.sampled_from(["mse", {"huber": 0.5}]),
        "optimizer": st.sampled_from(["adam", {"sgd": 0.1}, ["adam"], [{"clip_norm": 1}, {"lookahead": "adam"}]]),
        "schedule": st.sampled_from(["cosine", {"constant": {"warmup": 7}}]),
        "metrics": st.lists(st.sampled_from(["accuracy", {"top_k": 3}]), max_size=2),
        "train": st.fixed_dictionaries(
            {},
            optional={
                "steps": st.integers(1, 10**9),
                "batch": st.integers(1, 10**9) | st.just("full"),
                "seed": st.integers(0, 2**63 - 1),
                "clip_norm": st.floats(min_value=0, exclude_min=True, allow_infinity=False),
                "l1": st.floats(0, 1e308),
                "folds": st.integers(2, 99) | st.fixed_dictionaries({"count": st.just(2), "repeats": st.integers(1, 9)}),
                "early_stop": st.integers(1, 99) | st.fixed_dictionaries({"patience": st.integers(1, 9)}),
                "checkpoint": st.integers(1, 99) | st.fixed_dictionaries({"best": st.booleans()}),
            },
        ),
        "expect": st.dictionaries(st.just("test_loss"), st.floats(allow_nan=False, allow_infinity=False), max_size=1),
    },
)


@example({"input": [1], "model": ["tanh"], "about": "\x85"})
@example({"input": [1], "model": ["tanh"], "about": "two\nlines \u2028 and more"})
@settings(max_examples=60, deadline=None)
@given(RECIPES)
def test_any_recipe_reads_back(data: dict[str, Any]) -> None:
    recipe = load(data)
    written = load(recipe.to_yaml())
    assert written == recipe == load(recipe.resolved())
    assert written.resolved() == recipe.resolved()


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(["1e-3", "0o17", "no", "<<", "~", "a: b"]))
def test_any_text_reads_back(text: str) -> None:
    recipe = load({"about": text, "input": [1], "model": ["tanh"]})
    assert load(recipe.to_yaml()).about == text


GOLDEN = """\
about: Three spirals that only a bent boundary separates.
data:
  spirals: {classes: 3, noise: 0.2, samples: 900, test: 0.25}
model:
  - dense: {units: 32, bias: true, init: null}
  - tanh
  - dense: {units: 32, bias: true, init: xavier, name: hidden}
  - tanh
  - residual:
      layers:
        - dense: {units: 32, bias: true, init: null, name: inside}
        - leaky_relu: {slope: 0.1}
      scale: 1.0
  - dense: {units: classes, bias: true, init: null, from: hidden}
loss: cross_entropy
optimizer:
  adam:
    lr: 0.01
    betas: [0.9, 0.999]
schedule:
  cosine: {warmup: 50, floor: 0.0}
train:
  epochs: 60
  steps: null
  batch: 32
  seed: 0
  dtype: float32
  shuffle: true
  bucket_lengths: false
  carry_state: false
  clip_norm: 1.0
  clip_value: null
  l1: 0.0
  l2: 0.0
  weight_decay: 0.0
  evaluate_every: null
  early_stop: {patience: 10, metric: loss, min_delta: 0.0, restore_best: true}
  checkpoint: {every: null, best: false, last: true}
  folds: null
expect: {test_accuracy: 0.97}
"""


def test_how_it_looks() -> None:
    assert parse(SPIRALS).to_yaml() == GOLDEN
    assert parse(GOLDEN).to_yaml() == GOLDEN


@pytest.mark.parametrize("key", ["loss", "metrics", "data", "about", "expect"])
def test_what_stays_open_is_left_out(key: str) -> None:
    assert key not in load({"input": [2], "model": ["tanh"]}).resolved()


def test_a_part_in_brief_has_what_was_given_and_of_a_run_what_is_not_usual() -> None:
    written = load({"data": {"iris": {"test": 0.3, "seed": 3}}, "model": ["tanh"]})
    found = load(written.resolved()).data
    assert found is not None and brief(found) == "iris: {test: 0.3, seed: 3}"
