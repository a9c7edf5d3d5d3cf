"""Layers that read ids: from which arrays they do, and how many ids they take there to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nets import net

import dllab
from dllab.plan.flow import ShapeFlowError
from dllab.recipe import RecipeError

TABLE = {"embedding": {"size": 10, "units": 4}}
READERS = [TABLE, {"one_hot": 10}, {"skip_gram": {"units": 4, "size": 10}}, {"glove": {"units": 4, "size": 10}},
           {"cbow": {"units": 4, "size": 10}}]  # fmt: skip


@pytest.mark.parametrize("layer", READERS)
def test_measured_numbers_are_no_ids(layer: Any) -> None:
    with pytest.raises(RecipeError, match=r"other\s+numbers"):
        dllab.build({"data": "moons", "model": [layer, "flatten", {"dense": "classes"}]})


@pytest.mark.parametrize("layer", READERS)
def test_inputs_of_a_recipe_without_data_are_ids_where_a_layer_says_so(layer: Any) -> None:
    network = net([layer], [2])
    assert np.isfinite(network.forward(np.array([[9, 0], [3, 4]]))).all()


@pytest.mark.parametrize("layer", READERS[:2])
def test_what_a_layer_gives_are_no_ids(layer: Any) -> None:
    for front in ({"dense": 2}, "tanh", {"dropout": 0.5}):
        with pytest.raises(ShapeFlowError, match=r"from:\s+input") as raised:
            net([front, layer], [2])
        assert raised.value.path.startswith("1_")


@pytest.mark.parametrize("front", ["identity", {"reshape": [2]}, {"repeat": {"times": 2, "layers": ["identity"]}}])
def test_ids_stay_ids_where_they_only_pass(front: Any) -> None:
    assert net([front, TABLE], [2]).output_shape == (2, 4)


def test_an_embedding_that_forgets_to_read_the_decoder() -> None:
    layers = [{"embedding": 4}, {"gru": {"units": 8, "name": "encoder"}}, {"embedding": 4}, {"dense": "classes"}]
    with pytest.raises(RecipeError, match=r"from:\s+decoder") as raised:
        dllab.build({"data": "reversal", "model": layers})
    assert "2_embedding" in str(raised.value)


def arrays(folder: Path, x: Any, **options: Any) -> Any:
    """A net with a table over an archive of arrays."""
    np.savez(folder / "own.npz", x=x, y=np.arange(len(x)) % 2)
    data = {"npz": str(folder / "own.npz"), **options}
    return dllab.build({"data": data, "model": [TABLE, "flatten", {"dense": "classes"}]})


def test_whole_numbers_of_an_archive_are_ids_where_a_layer_says_so(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 10, (40, 3))
    assert np.isfinite(arrays(tmp_path, ids).forward(ids)).all()
    for x in (ids + 0.5, ids - 1, np.where(np.arange(40)[:, None] < 39, ids, 0.5)):
        with pytest.raises(RecipeError, match=r"other\s+numbers"):
            arrays(tmp_path, x)
    with pytest.raises(RecipeError, match=r"other\s+numbers"):
        arrays(tmp_path, ids, standardise=True)


@pytest.mark.parametrize("layer", [{"embedding": {"size": 20, "units": 4}}, {"one_hot": 20}])
def test_a_size_below_the_vocabulary(layer: Any) -> None:
    with pytest.raises(RecipeError, match=r"28 ids, 0 to 27,\s+and size is 20"):
        dllab.build({"data": "names", "model": [layer, {"gru": 4}, {"dense": "classes"}]})


@pytest.mark.parametrize("size", [28, 30])
def test_a_size_that_is_enough(size: int) -> None:
    network = dllab.build({"data": "names", "model": [{"one_hot": size}, {"dense": "classes"}]})
    assert network.parameters["1_dense.w"].shape == (size, 28)


def test_a_size_below_the_classes_behind_from_decoder() -> None:
    layers = [
        {"embedding": 4},
        {"gru": 8},
        {"embedding": {"size": 10, "units": 4, "from": "decoder"}},
        {"dense": "classes"},
    ]
    with pytest.raises(RecipeError, match=r"11 ids,\s+0 to 10,\s+and size is 10"):
        dllab.build({"data": "reversal", "model": layers})
