"""Penguins: a shipped table with words and gaps, and what its options do to both."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.data.penguins import Penguins
from dllab.data.table import TableError

MASS = 6  # the place of body_mass_g among the nine inputs


def test_words_are_spread_out_and_the_year_is_left_out() -> None:
    data = Penguins().load()
    assert data.features == (
        "island=Biscoe", "island=Dream", "island=Torgersen", "bill_length_mm", "bill_depth_mm", "flipper_length_mm",
        "body_mass_g", "sex=female", "sex=male",
    )  # fmt: skip
    assert data.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert np.bincount(data.columns["targets"]).tolist() == [146, 68, 119]
    np.testing.assert_allclose(data.columns["inputs"][0], [0, 0, 1, 39.1, 18.7, 181, 3750, 0, 1], rtol=1e-6)


@pytest.mark.parametrize("rule", ["mean", "median", "most_frequent"])
def test_gaps_are_filled_with_figures_of_the_training_rows(rule: str) -> None:
    source = Penguins(missing=rule)
    prepared = source.prepare()
    inputs, train = prepared.dataset.columns["inputs"], prepared.splits.train
    assert len(inputs) == 344
    lacking = np.array([3, 271])  # the two birds without measurements
    known = np.setdiff1d(train, lacking)
    values = inputs[known, MASS].astype(np.float64)
    kinds, counts = np.unique(values, return_counts=True)
    expected = {"mean": values.mean(), "median": np.median(values), "most_frequent": kinds[counts.argmax()]}[rule]
    np.testing.assert_allclose(inputs[lacking, MASS], expected, rtol=1e-6)


def test_other_training_rows_give_other_figures() -> None:
    one, other = (Penguins(missing="mean", seed=seed).load().columns["inputs"][3, MASS] for seed in (0, 1))
    assert one != other


def test_a_gap_may_be_a_category_of_its_own() -> None:
    data = Penguins(missing="category").load()
    assert data.features[-3:] == ("sex=female", "sex=male", "sex=(missing)")
    assert data.columns["inputs"][:, -1].sum() == 11


def test_gaps_are_refused_with_line_and_column_where_nothing_is_said() -> None:
    with pytest.raises(TableError, match=r"penguins.csv, line 5, column 'bill_length_mm': no value") as told:
        Penguins(missing="refuse").load()
    assert "missing: drop_rows, mean" in told.value.hint


def test_another_target() -> None:
    assert Penguins(target="sex").load().classes == ("female", "male")
    assert Penguins(target="body_mass_g").load().task == "regression"
    with pytest.raises(TableError, match="no column 'mass'"):
        Penguins(target="mass").load()
