"""Searches for rates: which rates they try, what they find, what the band of good ones is, and on which rows they judge."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from dllab.engine.prepare import prepared
from dllab.lab.rate_search import (
    NOT_SPLIT,
    TOO_FEW,
    Band,
    Tried,
    band_of,
    best_of,
    first_rates,
    search,
    tuning_data,
    tuning_seed,
)
from dllab.recipe import load


def valley(best: float) -> object:
    """A loss that grows with the distance from the best rate, on the logarithmic scale; ten times too much diverges."""

    def train(lr: float) -> Tried:
        away = math.log10(lr / best)
        loss = math.nan if away > 1 else abs(away)
        return Tried(lr, "diverged" if away > 1 else "finished", loss, loss)

    return train


def tried(best: float, runs: int = 8, usual: float = 0.01) -> list[Tried]:
    return list(search(usual, runs, False, valley(best)))  # type: ignore[arg-type]


@pytest.mark.parametrize("best", [0.0003, 0.004, 0.01, 0.07, 2.0, 30.0])
def test_the_best_rate_is_found_within_a_third_of_a_decade(best: float) -> None:
    found = tried(best)
    assert len(found) == 8
    assert abs(math.log10(best_of(found, False).lr / best)) <= 0.3


@pytest.mark.parametrize(("best", "runs"), [(1e-7, 10), (3e4, 14)])
def test_the_grid_goes_on_where_the_best_is_at_its_end(best: float, runs: int) -> None:
    assert abs(math.log10(best_of(tried(best, runs), False).lr / best)) <= 0.55


def test_the_rates_of_a_search_of_eight() -> None:
    assert [one.lr for one in tried(0.01)] == [0.0001, 0.001, 0.01, 0.1, 1.0, 0.0316, 0.00316, 0.00562]


@pytest.mark.parametrize("runs", [1, 2, 3, 6, 7, 8, 30])
def test_as_many_runs_as_asked_for_all_at_other_rates(runs: int) -> None:
    found = tried(0.02, runs)
    assert len(found) == runs == len({one.lr for one in found})
    assert first_rates(0.1, 1) == [0.1] and first_rates(0.1, 4) == [0.01, 0.1, 1.0]


def test_where_all_diverge_lower_rates_are_tried() -> None:
    found = list(search(0.01, 6, True, lambda lr: Tried(lr, "diverged", math.nan, math.nan)))
    assert [one.lr for one in found] == [0.001, 0.01, 0.1, 0.0001, 0.00001, 0.000001]


def test_of_equal_figures_the_one_in_the_middle_is_taken() -> None:
    def best(values: dict[float, float], higher: bool = True) -> float:
        return best_of([Tried(lr, "finished", value, 1 / lr) for lr, value in values.items()], higher).lr

    assert best({0.001: 0.9, 0.01: 1.0, 0.1: 1.0, 1.0: 1.0, 10.0: 0.5}) == 0.1
    assert best({0.01: 1.0, 0.1: 1.0, 1.0: 0.9}) == 0.1, "of two in the middle that of the lower loss"
    assert best({0.01: 1.0, 0.1: 1.0, 1.0: 1.0, 10.0: 0.5, 100.0: 1.0}) == 0.1, "a lucky one far away counts less"
    assert best({0.01: 3.0, 0.1: 2.0, 1.0: math.nan}, higher=False) == 0.1


def test_the_band_reaches_half_way_to_rates_that_are_not_good() -> None:
    values = {0.001: 0.5, 0.01: 0.98, 0.1: 1.0, 1.0: 0.98, 10.0: 0.6}
    rates = [Tried(lr, "finished", value, 1 - value) for lr, value in values.items()]
    band = band_of(rates, True, 0.5, 1.0)
    assert band is not None and (band.open_low, band.open_high) == (False, False)
    assert (band.low, band.high) == pytest.approx((0.01 / 10**0.5, 10**0.5)) and band.decades == pytest.approx(3)
    open_ = band_of(rates[1:4], True, 0.5, 1.0)
    assert open_ == Band(0.01, 1.0, True, True) and open_.decades == pytest.approx(2)


def test_what_is_good_is_measured_by_the_best_of_all() -> None:
    poor = [Tried(lr, "finished", 0.7, 0.5) for lr in (0.01, 0.1)]
    assert band_of(poor, True, 0.5, 1.0) is None
    assert band_of(poor, True, 0.5, 0.7) is not None
    hole = [Tried(lr, "finished", value, 0.0) for lr, value in ((0.01, 0.1), (0.1, 3.0), (1.0, 0.11), (10.0, 0.1))]
    band = band_of(hole, False, 5.0, 0.1)
    assert band is not None and band.high == pytest.approx(10**-1.5), "a band has no hole in it"


def test_the_seed_of_searches_is_none_of_those_compared() -> None:
    own = tuning_seed([0, 1, 2])
    assert own not in (0, 1, 2)
    assert tuning_seed([0, 1]) == own, "the same however many are compared"
    assert tuning_seed([0, own]) not in (0, own)


def test_a_validation_split_judges() -> None:
    recipe = load("moons", ["data.validation=0.2"])
    data = prepared(recipe)
    assert data is not None and tuning_data(recipe, data) == (data, "validation", 0, "")


@pytest.mark.parametrize("name", ["moons", "digits", "names-bigram", "sunspots"])
def test_else_some_training_rows_are_held_out_and_test_rows_take_no_part(name: str) -> None:
    recipe = load(name, ["data.validation=0", "train.early_stop="])
    data = prepared(recipe)
    assert data is not None
    held, split, count, _ = tuning_data(recipe, data)
    assert split == "validation" and count == len(held.splits.validation) > 0
    assert count == pytest.approx(0.2 * len(data.splits.train), rel=0.35 if name == "sunspots" else 0.15)
    used = np.concatenate([held.splits.train, held.splits.validation])
    assert len(used) == len(np.unique(used)) and not np.isin(used, data.splits.test).any()


def test_a_test_row_that_other_shares_would_round_away_takes_no_part_either() -> None:
    recipe = load("function", ["data.samples=66", "data.test=0.1"])
    data = prepared(recipe)
    assert data is not None
    held, *_ = tuning_data(recipe, data)
    used = np.concatenate([held.splits.train, held.splits.validation])
    assert not np.isin(used, data.splits.test).any()


def test_a_handful_of_rows_judges_itself() -> None:
    recipe = load("xor")
    data = prepared(recipe)
    assert data is not None and tuning_data(recipe, data) == (data, "train", 0, TOO_FEW)


def test_a_series_too_short_for_a_third_part_judges_itself_and_says_why() -> None:
    recipe = load("airline", ["data.validation=0"])
    data = prepared(recipe)
    assert data is not None and len(data.splits.train) == 77
    assert tuning_data(recipe, data) == (data, "train", 0, NOT_SPLIT)


def test_rows_of_the_test_do_not_scale_what_a_search_trains_on(tmp_path: Path) -> None:
    lines = ["x,kind", *(f"{number**2},k{int(17 * (number / 85) ** 2):02}" for number in range(85))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    (tmp_path / "r.yaml").write_text(
        "data: {csv: t.csv, target: kind, test: 0.3}\nmodel: [dense: classes]\nloss: cross_entropy\n"
    )
    recipe = load(str(tmp_path / "r.yaml"))
    data = prepared(recipe)
    assert data is not None and recipe.data is not None
    anew = recipe.data.model_copy(update={"validation": 0.2 * len(data.splits.train) / 85}).prepare()
    assert np.isin(anew.splits.train, data.splits.test).any(), "of other shares another row of a small class is drawn"
    held, split, *_ = tuning_data(recipe, data)
    assert split == "validation" and held.shift is not None and held.scale is not None
    inputs = held.dataset.columns["inputs"][held.splits.train]
    np.testing.assert_allclose([held.shift[0], 1 / held.scale[0]], [inputs.mean(), inputs.std()], rtol=1e-5)
