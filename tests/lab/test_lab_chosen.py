"""Which layers, examples and places are meant: the rules that all views share."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.data.splits import evenly
from dllab.lab.chosen import SHOWN, chosen
from dllab.lab.examples import length_of, spelt, target_of
from dllab.lab.suits import FILTERS, Unsuited
from dllab.recipe import load


def infos_of(name: str):
    from dllab.engine.prepare import data_of, plan_of
    from dllab.engine.question import question_of

    recipe = load(name)
    return plan_of(recipe, question_of(recipe, data_of(recipe))).infos


def paths(infos, *wanted):
    return [info.path for info in chosen(infos, *wanted)]


def test_a_path_is_taken_with_what_lies_inside_it() -> None:
    infos = infos_of("resnet-deep")
    found = paths(infos, "3_repeat.0.0_residual")
    assert "3_repeat.0.0_residual" in found and "3_repeat.0.0_residual.0_conv" in found
    assert not [path for path in found if not path.startswith("3_repeat.0.0_residual")]
    assert paths(infos, "3_repeat.0", FILTERS) == ["3_repeat.0.0_residual.0_conv", "3_repeat.0.0_residual.3_conv"]


def test_a_path_may_begin_anywhere_if_nothing_else_is_meant() -> None:
    infos = infos_of("resnet-deep")
    ends = paths(infos, "0_residual.0_conv")
    assert len(ends) > 1 and all(path.endswith(".0_residual.0_conv") for path in ends)
    assert paths(infos, "0_conv") == ["0_conv"], "the whole path comes first"


def test_a_kind_takes_all_of_it_and_nothing_takes_everything() -> None:
    infos = infos_of("lenet")
    assert paths(infos, "relu") == ["1_relu", "4_relu", "9_relu", "12_relu"]
    assert paths(infos, None) == [info.path for info in infos]
    assert paths(infos, None, FILTERS) == paths(infos, "conv") == ["0_conv", "3_conv"]


def test_a_refusal_names_what_there_is() -> None:
    with pytest.raises(Unsuited, match="--layer gru: there is no such layer to look at here") as refusal:
        chosen(infos_of("lenet"), "gru", FILTERS)
    assert refusal.value.hint == "there are: 0_conv, 3_conv"
    many = infos_of("resnet-deep")
    with pytest.raises(Unsuited) as refusal:
        chosen(many, "gru")
    assert f"... ({len(many)} in all); or a kind: " in refusal.value.hint and len(many) > SHOWN


@pytest.mark.parametrize(
    ("count", "most", "found"), [(5, 9, [0, 1, 2, 3, 4]), (9, 3, [0, 4, 8]), (10, 4, [0, 3, 6, 9]), (3, 1, [0])]
)
def test_places_are_evenly_spaced(count: int, most: int, found: list[int]) -> None:
    places = evenly(count, most)
    assert places.tolist() == found and places.dtype == np.int64


def test_an_example_in_words() -> None:
    from dllab.engine.prepare import data_of

    names, iris, sums = (data_of(load(name)).dataset for name in ("names-lstm", "iris", "function"))
    assert ("".join(spelt(names, 7)), length_of(names, 7), target_of(names, 7)) == (".wilson", 7, "wilson.")
    assert spelt(iris, 0) == () and length_of(iris, 0) == 4 and target_of(iris, 0) in iris.classes
    assert float(target_of(sums, 0)) == pytest.approx(float(sums.columns["targets"][0, 0]), rel=1e-3)
