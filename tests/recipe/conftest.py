"""Recipes are tested on stand-in parts and on a folder of two shipped recipes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dllab import catalogue
from dllab.recipe import find

SPIRALS = """\
about: Three spirals that only a bent boundary separates.
data: {name: spirals, classes: 3, noise: 0.2, samples: 900, test: 0.25}
model:
  - dense: 32
  - tanh
  - dense: {units: 32, init: xavier, name: hidden}
  - tanh
  - residual:
      - dense: {units: 32, name: inside}
      - leaky_relu: 0.1
  - dense: {units: classes, from: hidden}
loss: cross_entropy
optimizer: {name: adam, lr: 0.01}
schedule: {name: cosine, warmup: 50}
train: {epochs: 60, batch: 32, seed: 0, clip_norm: 1.0, early_stop: {patience: 10}}
expect: {test_accuracy: 0.97}
"""
MOONS = "data: moons\nmodel: [{dense: 8}, tanh, {dense: classes}]\n"


@pytest.fixture(autouse=True, scope="module")
def stand_ins() -> Iterator[None]:
    families = dict(catalogue.FAMILIES)
    catalogue.FAMILIES.update({family: f"recipe_fakes.{family}" for family in families})
    _forget()
    yield
    catalogue.FAMILIES.update(families)
    _forget()


@pytest.fixture(autouse=True, scope="module")
def recipes_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "spirals.yaml").write_text(SPIRALS, encoding="utf-8")
    (folder / "moons.yaml").write_text(MOONS, encoding="utf-8")
    original = find.folder
    find.folder = lambda kind: folder  # type: ignore[assignment]
    yield folder
    find.folder = original


def _forget() -> None:
    catalogue.built_in.cache_clear()
    catalogue._find.cache_clear()
