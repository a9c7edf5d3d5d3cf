"""What is told of weights taken, frozen layers and factors: few lines, never wider than 80 columns."""

from __future__ import annotations

from typing import Any

import pytest
from screens import compare, piece, screen

from dllab.lab.summary import summarize
from dllab.recipe import load
from dllab.training.events import FirstTraining
from dllab.training.transfer import Beginning
from dllab.views import recipe_page
from dllab.views.summary import LayerTable, document
from dllab.views.train_lines import TrainLines
from dllab.views.train_live import TrainLive
from dllab.views.transfer import beginning_lines

ORIGIN: dict[str, Any] = {
    "from": "base", "run": "runs/base-20261126-041158", "recipe": "base", "weights": "last", "sha256": "0" * 64,
    "test": {"loss": 0.2, "accuracy": 0.984}, "taken": ["0_dense", "2_dense"], "new": ["head"], "absent": ["4_dense"],
    "parameters": 352,
}  # fmt: skip
MANY = [f"{number}_residual.0_convolution" for number in range(40)]
RECIPE: dict[str, Any] = {
    "data": "moons",
    "model": [{"dense": {"units": 8, "name": "low"}}, "batch_norm", "tanh", {"dense": 8}, "tanh", {"dense": "classes"}],
    "init_from": {"from": "base", "layers": ["low", "1_*"], "weights": "best"},
    "freeze": ["low", "3_dense.b"],
    "lr_factors": {"1_*": 0.5, "3_dense": 0.1, "5_dense.w": 2},
}


def test_the_lines() -> None:
    whole = Beginning(420, ("0_dense", "head"), 80, {"2_dense": 0.1, "head.b": 2.0}, ORIGIN)
    unkept = Beginning(420, origin={**ORIGIN, "run": None, "absent": [], "new": [], "test": {}})
    best = Beginning(420, origin={**ORIGIN, "weights": "best", "test": {}})
    frozen = Beginning(420, ("0_dense",), 80)
    long = Beginning(420_000, tuple(MANY), 400_000, dict.fromkeys(MANY, 0.125), {**ORIGIN, "taken": MANY, "new": MANY})
    texts = ["\n".join(beginning_lines(one)) for one in (whole, unkept, best, frozen, long)]
    compare("transfer", "\n\n".join(texts) + "\n")
    assert all(len(line) <= 80 for text in texts for line in text.splitlines())


def test_nothing_to_tell() -> None:
    assert beginning_lines(None) == beginning_lines(Beginning(420)) == []


def test_the_first_training_is_announced_once() -> None:
    lines = TrainLines()
    told = [lines.line(FirstTraining("base", step, 160, 0.1)) for step in (0, 80, 160)]
    assert told == ["base is trained first, for its weights: 160 steps", None, None]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_first_training_in_the_live_picture(width: int) -> None:
    live = TrainLive("fine")
    live.update(FirstTraining("base", 80, 160, 0.1))
    shown = screen(live, width=width)
    assert "base first" in shown and "50 %" in shown
    assert max(map(len, shown.splitlines())) <= width


def test_the_summary_and_the_page_of_a_recipe() -> None:
    recipe = load(RECIPE)
    net = summarize(recipe)
    compare("summary_transfer", piece(LayerTable(net)))
    page = screen(recipe_page.recipe_page(recipe, net, None, "NAME"))
    lines = [" ".join(line.split()) for line in page.splitlines()]
    assert "begins with the best weights of base, layers low, 1_*" in lines and "frozen low, 3_dense.b" in lines
    assert "lr factors 1_* 0.5, 3_dense 0.1, 5_dense.w 2" in lines
    layers = {layer["name"]: layer for layer in document(net)["layers"]}
    assert layers["low"]["frozen"] == 24 and layers["3_dense"]["frozen"] == 8 and "frozen" not in layers["5_dense"]
    assert layers["3_dense"]["lr_factor"] == 0.1 and layers["5_dense"]["lr_factor"] is None
    assert "lr_factor" not in layers["low"]
