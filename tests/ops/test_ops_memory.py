"""What attention may look at, and what is said where it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from nets import net

import dllab
from dllab.plan.flow import ShapeFlowError
from dllab.recipe import RecipeError


@pytest.mark.parametrize(
    "encoder",
    [
        {"gru": {"units": 4, "return": "last", "name": "e"}},
        {"bidirectional": {"layers": [{"rnn": {"units": 2, "return": "last"}}], "name": "e"}},
    ],
)
@pytest.mark.parametrize("layer", ["attention", "transformer_block"])
def test_a_memory_of_the_last_state_alone(encoder: Any, layer: str) -> None:
    with pytest.raises(ShapeFlowError, match="write return: sequence in 'e'") as raised:
        net([encoder, {layer: {"memory": "e", "from": "input"}}], [5, 4])
    assert "'e' gives (B, 4)" in str(raised.value)


def test_a_memory_that_is_a_vector() -> None:
    with pytest.raises(ShapeFlowError, match="name a layer that gives a vector at every step"):
        net(["flatten", {"dense": {"units": 4, "name": "e"}}, {"attention": {"memory": "e", "from": "input"}}], [5, 4])


@pytest.mark.parametrize("label", ["input", "decoder"])
def test_a_memory_of_ids(label: str) -> None:
    layers = [{"embedding": 4}, {"attention": {"memory": label}}, {"dense": "classes"}]
    with pytest.raises(RecipeError, match=r"these\s+are\s+ids"):
        dllab.build({"data": "reversal", "model": layers})
