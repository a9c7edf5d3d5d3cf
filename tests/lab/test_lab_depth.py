"""How deep a net is."""

from __future__ import annotations

import pytest

from dllab.engine.network import build
from dllab.lab.depth import depth
from dllab.recipe import load, parse


@pytest.mark.parametrize(("name", "layers"), [("lenet", 5), ("alexnet", 6), ("vgg", 8), ("inception", 7), ("resnet", 8)])
def test_depths_of_the_five_are_those_of_the_guide(name: str, layers: int) -> None:
    """docs/images.md has them in its table."""
    assert depth(build(load(name)).plan.infos) == layers


def test_of_branches_the_longest_counts() -> None:
    recipe = parse("{input: [4], model: [branches: [[dense: 2], [dense: 3, relu, dense: 2]], batch_norm, dense: 1]}")
    assert depth(build(recipe).plan.infos) == 3
