"""Recipes of sequences beside what they are compared with: the same task without what the recipe is about."""

from __future__ import annotations

from functools import cache
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from marks import compiled_only
from numpy.typing import NDArray

import dllab
from dllab import Result
from dllab.data.both_sides import BothSides, one_way
from dllab.data.dataset import Prepared
from dllab.data.time_series import naive
from dllab.engine.prepare import prepared
from dllab.recipe import load

pytestmark = compiled_only

BESIDE = ("lengths", "decoder")


@cache
def trained(name: str, *overrides: str, seed: int = 0) -> Result:
    return dllab.train(name, list(overrides), seed=seed, save=False)


def reached(name: str, *overrides: str, seed: int = 0, metric: str = "accuracy") -> float:
    return float(trained(name, *overrides, seed=seed).metrics["test"][metric])


def data_of(name: str) -> Prepared:
    found = prepared(load(name))
    assert found is not None
    return found


def right_words(name: str) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Of each test row: whether all of the answer is right, and how many letters it was asked about."""
    dataset, rows = data_of(name).dataset, data_of(name).splits.test
    columns = {column: values[rows] for column, values in dataset.columns.items()}
    said = trained(name).network.forward(columns["inputs"], **{column: columns[column] for column in BESIDE})
    targets = columns["targets"]
    return ((said.argmax(axis=-1) == targets) | (targets < 0)).all(axis=1), columns["lengths"]


# ---- recurrent nets and what they are compared with --------------------------------------------------------------------


def test_the_recipes_of_the_adding_problem_differ_in_the_layer_alone() -> None:
    lstm, rnn = load("adding-lstm"), load("adding-rnn")
    assert (lstm.data, lstm.optimizer, lstm.schedule, lstm.train) == (rnn.data, rnn.optimizer, rnn.schedule, rnn.train)
    assert [entry.part.name for entry in lstm.model] == ["lstm", "dense"]
    assert [entry.part.name for entry in rnn.model] == ["rnn", "dense"]
    assert lstm.model[0].part.units == rnn.model[0].part.units  # type: ignore[attr-defined]
    assert lstm.model[1] == rnn.model[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_an_lstm_solves_the_adding_problem_and_an_rnn_does_not(seed: int) -> None:
    data = data_of("adding-rnn")
    always_1 = float(((data.targets(data.splits.test) - 1) ** 2).mean())
    assert always_1 == pytest.approx(1 / 6, rel=0.05)
    assert reached("adding-rnn", seed=seed, metric="loss") > 0.95 * always_1
    assert reached("adding-lstm", seed=seed, metric="loss") < 0.03 * always_1


def test_parity_takes_memory() -> None:
    assert reached("parity") > 0.99
    assert reached("parity", "model=[{dense: 32}, relu, {dense: classes}]") < 0.56


def test_parity_takes_order() -> None:
    """With the same bits in another order only the sum of all of them, at the last step, is the same."""
    data = data_of("parity")
    inputs, targets = (data.dataset.columns[name][data.splits.test] for name in ("inputs", "targets"))
    order = np.random.default_rng(0).permutation(inputs.shape[1])
    right = trained("parity").network.forward(inputs[:, order]).argmax(axis=-1) == targets
    assert right[:, -1].mean() > 0.99 and right[:, :-1].mean() < 0.62


@pytest.mark.slow
def test_an_lstm_recalls_over_a_gap_at_which_an_rnn_fails() -> None:
    rnn = "model=[{embedding: 8}, {rnn: {units: 48, return: last}}, {dense: classes}]"
    assert all(reached("recall", seed=seed) > 0.99 for seed in range(3))
    assert fmean(reached("recall", rnn, seed=seed) for seed in range(3)) < 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    "layer", ["lstm: {units: 32, return: last}", "rnn: {units: 32, return: last}"], ids=["forgets", "rnn"]
)
def test_temporal_order_takes_a_net_that_remembers_from_the_start(layer: str) -> None:
    assert reached("temporal-order", f"model=[{{embedding: 8}}, {{{layer}}}, {{dense: classes}}]") < 0.4


def test_brackets_take_memory() -> None:
    """Without it a net sees what was read last, as who closes what was opened last."""
    assert reached("brackets", "model=[{embedding: 8}, {dense: 48}, {dense: classes}]") < 0.8


@pytest.mark.parametrize("seed", range(2))
def test_one_direction_stays_at_its_bound_and_two_know_both_sides(seed: int) -> None:
    one = ("both-sides", "model=[{embedding: 4}, {rnn: 32}, {dense: classes}]")
    data = data_of("both-sides")
    source = load("both-sides").data
    assert isinstance(source, BothSides)
    accuracy, loss = one_way(data.dataset.columns["inputs"][data.splits.test], source.kinds)
    assert reached(*one, seed=seed) < accuracy + 0.03
    assert reached(*one, seed=seed, metric="loss") > loss - 0.02
    assert reached("both-sides", seed=seed) > 0.99
    assert reached("both-sides", seed=seed, metric="loss") < 0.02


@pytest.mark.slow
def test_states_that_go_on_know_more_than_a_row() -> None:
    bits = "bits_per_character"
    alone = reached("carry", "train.carry_state=false", "train.shuffle=true", metric=bits)
    assert reached("carry", metric=bits) < alone - 0.3


@pytest.mark.slow
def test_shuffled_points_are_harder_for_a_gru() -> None:
    """57 % are published."""
    assert 0.53 < reached("mnist1d-gru", "data.shuffle=true") < 0.63


# ---- encoder and decoder -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["reversal", "cmudict"])
def test_the_plain_recipe_lacks_the_attention_alone(name: str) -> None:
    attending, plain = load(name), load(f"{name}-plain")
    assert (attending.data, attending.loss, attending.optimizer, attending.schedule, attending.train) == (
        plain.data, plain.loss, plain.optimizer, plain.schedule, plain.train,
    )  # fmt: skip
    left = [entry for entry in attending.model if entry.part.name != "branches"]
    assert left == list(plain.model) and len(left) == len(attending.model) - 1


@pytest.mark.slow
def test_long_words_are_reversed_with_attention_alone() -> None:
    """Without it the share of right words falls with their length, with it even the longest are said."""
    (attending, lengths), (plain, _) = right_words("reversal"), right_words("reversal-plain")
    short, long = lengths <= 8, lengths >= 16
    assert min(short.sum(), long.sum()) > 400
    assert attending[short].mean() > 0.97 and attending[long].mean() > 0.85
    assert plain[short].mean() > 0.5 and plain[long].mean() < 0.05


@pytest.mark.slow
def test_whole_words_right_are_those_that_the_decoder_says_of_its_own() -> None:
    """Sequence accuracy is taken behind the true letters; the first wrong one spoils a word either way."""
    right, lengths = right_words("reversal-plain")
    dataset, rows = data_of("reversal-plain").dataset, data_of("reversal-plain").splits.test
    inputs, wanted = dataset.columns["inputs"][rows], dataset.columns["targets"][rows]
    said = np.zeros_like(wanted)
    for step in range(wanted.shape[1]):
        read = np.column_stack([np.zeros(len(rows), np.int32), said[:, :-1]])
        out = trained("reversal-plain").network.forward(inputs, lengths=lengths, decoder=read)
        said[:, step] = out[:, step].argmax(axis=-1)
    assert (((said == wanted) | (wanted < 0)).all(axis=1) == right).all()


@pytest.mark.slow
def test_attention_spells_out_more_words() -> None:
    """The share of words with all sounds right, and of those of 9 letters and more above all."""
    (attending, lengths), (plain, _) = right_words("cmudict"), right_words("cmudict-plain")
    long = lengths >= 9
    assert attending.mean() > plain.mean() + 0.1
    assert attending[long].mean() > 1.5 * plain[long].mean()


# ---- series ------------------------------------------------------------------------------------------------------------


def wrong_by(name: str, said: NDArray[Any]) -> float:
    """The root of the mean squared error of a forecast for the test rows."""
    data = data_of(name)
    return float(np.sqrt(((data.dataset.columns["targets"][data.splits.test] - said) ** 2).mean()))


def naive_error(name: str, season: int = 1) -> float:
    data = data_of(name)
    return wrong_by(name, naive(data.dataset, data.splits.test, season))


def line_error(name: str) -> float:
    """That of least squares with all numbers of a window."""
    data = data_of(name)
    columns = data.dataset.columns

    def known(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        flat = columns["inputs"][rows].reshape(len(rows), -1).astype(np.float64)
        return np.column_stack([flat, np.ones(len(rows))])

    train = data.splits.train
    weights = np.linalg.lstsq(known(train), columns["targets"][train].astype(np.float64), rcond=None)[0]
    return wrong_by(name, known(data.splits.test) @ weights)


@pytest.mark.parametrize(
    ("name", "season", "told", "share"),
    [("sunspots", 1, 29.9, 0.35), ("airline", 12, 52.1, 0.6), ("co2", 1, 0.509, 0.15), ("seattle", 1, 3.09, 0.04)],
)
def test_a_forecast_is_better_than_the_naive_one(name: str, season: int, told: float, share: float) -> None:
    """By that share; the recipe's comment has the figure of the naive forecast."""
    error = naive_error(name, season)
    assert f"{told:.3g}" in load(name).text and error == pytest.approx(told, rel=0.005)
    assert reached(name, metric="rmse") < (1 - share) * error
    assert load(name).expect["test_rmse"] < (1 - share / 2) * error


@pytest.mark.parametrize(("name", "told"), [("sunspots", 18.1), ("airline", 16.3), ("co2", 0.408), ("seattle", 2.91)])
def test_the_recipes_say_what_a_straight_line_does(name: str, told: float) -> None:
    assert f"{told:.3g}" in load(name).text and line_error(name) == pytest.approx(told, rel=0.005)


def test_growth_that_stays_is_a_better_forecast_of_passengers_than_last_year() -> None:
    data = data_of("airline")
    grown = data.dataset.columns["inputs"][data.splits.test][:, -1]
    assert "19.6" in load("airline").text and wrong_by("airline", grown) == pytest.approx(19.6, rel=0.005)
