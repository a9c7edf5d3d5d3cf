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


@pytest.mark.parametrize(("label", "units"), [("input", 10), ("decoder", 11)])
def test_ids_are_no_first_state(label: str, units: int) -> None:
    layers = [{"embedding": 4}, {"gru": {"units": units, "start": label}}, {"dense": "classes"}]
    with pytest.raises(RecipeError, match=rf"'{label}'\s+holds\s+ids"):
        dllab.build({"data": "reversal", "model": layers})


def test_numbers_may_be_a_first_state() -> None:
    front = [{"dense": {"units": 6, "name": "state"}}, {"reshape": [2, 3]}]
    for start in ("state", "input"):
        assert net([*front, {"gru": {"units": 6, "start": start}}], [6]).output_shape == (2, 6)


def test_inputs_that_are_ids_are_not_suggested() -> None:
    for layer in ({"attention": {"memory": "encodr"}}, {"gru": {"units": 4, "start": "encodr"}}, {"tied_dense": "encodr"}):
        reads = {"embedding": {"size": 5, "units": 4, "name": "encoder"}}
        with pytest.raises(RecipeError, match=r"expected one of: encoder\."):
            dllab.build({"input": [7], "model": [reads, layer]})
    with pytest.raises(RecipeError, match="expected one of: input, encoder"):
        dllab.build({"input": [7, 2], "model": [{"gru": {"units": 4, "name": "encoder"}}, {"attention": {"memory": "a"}}]})
    with pytest.raises(RecipeError, match="`name: encodr`"):
        dllab.build({"input": [7], "model": [{"one_hot": 5}, {"attention": {"memory": "encodr"}}]})
