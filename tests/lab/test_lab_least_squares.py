"""The best line: nothing else is better, and descent without noise comes down to it."""

from __future__ import annotations

import pytest
from marks import compiled_only

from dllab.lab.least_squares import least_squares
from dllab.recipe import parse
from dllab.training.events import Finished
from dllab.training.trainer import Trainer

TEXT = """\
data: {name: diabetes, test: 0.2}
model: [{dense: 1}]
optimizer: {momentum: 0.05}
train: {epochs: 3000, batch: full, dtype: float64, evaluate_every: 3000}
"""


@compiled_only
def test_a_long_descent_comes_down_to_it_and_no_further() -> None:
    recipe = parse(TEXT, [], "r.yaml")
    end = next(event for event in Trainer(recipe).events() if isinstance(event, Finished))
    least = least_squares(recipe)
    reached = end.figures["train"]["loss"]
    assert reached == pytest.approx(least, rel=1e-4)
    assert reached >= least - 1e-9
