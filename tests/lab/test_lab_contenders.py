"""Who is compared: what lists of optimizers and values mean."""

from __future__ import annotations

from typing import Any

import pytest

from dllab.lab.contenders import MOST, Unfit, list_of_optimizers, optimizers, racers, settled, split, usual_rate, variants
from dllab.recipe import RecipeError


def part(contender: Any) -> Any:
    return contender.recipe.optimizer[-1]


def test_optimizers_take_the_place_of_the_recipes_own() -> None:
    sgd, adam = optimizers("moons", ["train.epochs=2"], "sgd:lr=0.5,adam")
    assert (sgd.name, sgd.lr, sgd.tune) == ("sgd", 0.5, False)
    assert (adam.name, adam.lr, adam.tune) == ("adam", 0.001, True), "its own default, not the recipe's 0.01"
    assert sgd.recipe.train.epochs == adam.recipe.train.epochs == 2
    assert adam.at(0.3).lr == 0.3 and adam.at(0.3).tune
    assert not settled(adam).tune and usual_rate(adam.recipe) == 0.001


def test_what_stands_in_front_of_an_optimizer_stays() -> None:
    found = optimizers("moons", ["optimizer=[{clip_norm: 1}, {sgd: 0.1}]"], "momentum,adam:lr=0.1,beta2=0.9")
    assert [[link.name for link in one.recipe.optimizer] for one in found] == [
        ["clip_norm", "momentum"],
        ["clip_norm", "adam"],
    ]
    assert (part(found[1]).beta2, part(found[1]).lr) == (0.9, 0.1)


def test_one_optimizer_twice() -> None:
    found = optimizers("moons", [], "adam:lr=0.1,beta1=0.5,adam:lr=0.01,adam,adam")
    assert [one.name for one in found] == ["adam:lr=0.1,beta1=0.5", "adam:lr=0.01", "adam", "adam 2"]


def test_lists_of_optimizers() -> None:
    assert list_of_optimizers("sgd:lr=0.5, adam") == [("sgd:lr=0.5", "sgd", {"lr": "0.5"}), ("adam", "adam", {})]
    assert list_of_optimizers("adam:beta1=0.9,beta2=0.99,sgd")[0] == (
        "adam:beta1=0.9,beta2=0.99", "adam", {"beta1": "0.9", "beta2": "0.99"},
    )  # fmt: skip
    for wrong in ("", "sgd,", "sgd:0.1", "lr=1,sgd", "sgd adam", "{sgd}", "sgd:,adam"):
        with pytest.raises(Unfit, match=r"NAME:OPTION=VALUE|begins with an option"):
            list_of_optimizers(wrong)


def test_racers_have_names_and_options_only() -> None:
    assert racers("sgd:lr=0.5,adam") == (("sgd", {"lr": 0.5}), ("adam", {}))
    assert racers("sgd:lr=fast") == (("sgd", {"lr": "fast"}),), "told by the recipe that is made of it"


def test_values_make_a_grid() -> None:
    found = variants(["xor"], ["optimizer.lr=0.1,0.01", "model[0].dense.units=2,3", "train.epochs=9"])
    assert [one.name for one in found] == [
        f"optimizer.lr={lr} model[0].dense.units={units}" for lr in ("0.1", "0.01") for units in (2, 3)
    ]
    assert [(one.lr, one.recipe.model[0].part.units) for one in found] == [(0.1, 2), (0.1, 3), (0.01, 2), (0.01, 3)]  # type: ignore[attr-defined]
    assert all(one.recipe.train.epochs == 9 and not one.tune for one in found)


def test_commas_in_brackets_and_quotes_separate_nothing() -> None:
    assert split("{a: 1, b: [2, 3]},'x,y',4") == ["{a: 1, b: [2, 3]}", "'x,y'", "4"]
    found = variants(["moons"], ["optimizer={name: sgd, lr: 0.1},adam", "metrics=[accuracy, f1]"])
    assert [part(one).name for one in found] == ["sgd", "adam"]


def test_recipes_beside_each_other_and_with_values() -> None:
    assert [one.name for one in variants(["moons", "rings"], ["train.epochs=1"])] == ["moons", "rings"]
    named = [one.name for one in variants(["moons", "rings"], ["optimizer.lr=1,2"])]
    assert named == ["moons optimizer.lr=1", "moons optimizer.lr=2", "rings optimizer.lr=1", "rings optimizer.lr=2"]


def test_too_few_and_too_many() -> None:
    with pytest.raises(Unfit, match="one alone"):
        variants(["xor"], ["optimizer.lr=0.1"])
    with pytest.raises(Unfit, match="more than 16"):
        variants(["xor"], ["optimizer.lr=1,2,3,4,5", "model[0].dense.units=1,2,3,4"])
    values = ",".join(map(str, range(1, MOST + 1)))
    assert len(variants(["xor"], [f"train.epochs={values}"])) == MOST
    with pytest.raises(Unfit, match="nothing to compare"):
        variants(["xor"], ["train.seed=1,2"])
    assert {one.recipe.train.seed for one in variants(["xor"], ["train.seed=3", "optimizer.lr=1,2"])} == {3}
    with pytest.raises(RecipeError, match="trains in folds"):
        variants(["moons"], ["train.folds=3,4"])
