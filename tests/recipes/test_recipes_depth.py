"""Plain nets get worse with depth where they train, residual nets do not; docs/depth.md says what came out."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import fmean, geometric_mean

import numpy as np
import pytest
from marks import compiled_only
from page_runner import play

import dllab
from dllab.engine.prepare import prepared
from dllab.recipe import load

PAGE = Path(__file__).parents[2] / "docs" / "depth.md"
NAMES = ("plain", "resnet-deep")
LAYERS = (8, 20, 32, 56)
SEEDS = range(3)
OTHER_PROCESSOR = 0.4
"""Share by which a loss may differ on another type of processor: deep plain nets make much of a last bit."""

pytestmark = compiled_only


def rows(cells: int) -> dict[int, list[float]]:
    """Layers to the figures of the page's table of so many columns."""
    found = re.findall(r"^\| (\d+ .*?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    tables = [[float(cell.rstrip(" %")) for cell in row.split(" | ")] for row in found]
    return {int(row[0]): row[1:] for row in tables if len(row) == cells}


def deep(layers: int) -> str:
    return f"model.repeat.times={(layers - 2) // 2}"


def first_gradient(name: str, layers: int, seed: int) -> float:
    """The length of the gradient of the first layer's weights, on 32 rows, before the first step."""
    data = prepared(load(name))
    assert data is not None
    some = data.splits.train[:32]
    net = dllab.build(name, [deep(layers)], seed=seed)
    _, gradients = net.loss_and_gradients(data.seen(some), data.targets(some))
    assert sum(label.endswith("conv.w") for label in gradients) + 1 == layers, "the last layer is dense"
    return float(np.linalg.norm(gradients["0_conv.w"]))


@cache
def trained(name: str, layers: int) -> tuple[list[float], float]:
    """Losses on the training rows, one a seed, and the mean accuracy on the test rows in percent."""
    results = [dllab.train(name, [deep(layers)], seed=seed, save=False).metrics for seed in SEEDS]
    return [result["train"]["loss"] for result in results], 100 * fmean(result["test"]["accuracy"] for result in results)


def test_the_recipes_differ_in_the_way_past_alone() -> None:
    plain, residual = load("plain"), load("resnet-deep")
    assert (plain.data, plain.loss, plain.optimizer, plain.schedule) == (
        residual.data, residual.loss, residual.optimizer, residual.schedule,
    )  # fmt: skip
    assert plain.train == residual.train


@pytest.mark.slow
def test_the_page_goes_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert play(PAGE, tmp_path / "here") == 3


@pytest.mark.parametrize("layers", LAYERS)
def test_the_first_gradient_grows_with_depth_in_the_plain_net_alone(layers: int) -> None:
    found = [geometric_mean(first_gradient(name, layers, seed) for seed in SEEDS) for name in NAMES]
    assert found == pytest.approx(rows(3)[layers], rel=0.05)


def test_the_page_says_what_it_is_about() -> None:
    table = rows(6)
    assert tuple(table) == tuple(rows(3)) == LAYERS
    plain, residual = ([table[layers][column] for layers in LAYERS] for column in (1, 2))
    assert plain == sorted(plain) and residual == sorted(residual, reverse=True)
    assert all(table[layers][0] == (layers - 2) / 2 for layers in LAYERS)


@pytest.mark.slow
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("name", NAMES)
def test_the_table_is_made_again(name: str, layers: int) -> None:
    losses, accuracy = trained(name, layers)
    _, *told = rows(6)[layers]
    at = NAMES.index(name)
    assert fmean(losses) == pytest.approx(told[at], rel=OTHER_PROCESSOR)
    assert accuracy == pytest.approx(told[2 + at], abs=15 if name == "plain" and layers > 8 else 2)


@pytest.mark.slow
def test_deeper_plain_nets_are_worse_where_they_train_and_residual_nets_are_not() -> None:
    plain, residual = ([trained(name, layers)[0] for layers in LAYERS] for name in NAMES)
    for shallow, deeper in pairwise(plain):
        assert all(b > a for a, b in zip(shallow, deeper, strict=True))
    assert all(b < a for a, b in zip(residual[0], residual[-1], strict=True))
