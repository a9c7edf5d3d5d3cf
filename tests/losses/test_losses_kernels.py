"""The kernels of every loss against its formula in numpy, at the ends of the number range, and by differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from losses_naive import FORMULAS, compiled, naive

from dllab.catalogue import parts
from dllab.losses.loss import Loss

TOLERANCE = {"float32": 3e-6, "float64": 1e-13}
LOSSES = {name: part for name, part in parts("losses").items() if name in FORMULAS}
CASES = [(name, case) for name, part in LOSSES.items() for case in part.cases]
IDS = [f"{name}-{case.outputs}-{'-'.join(case.options)}".rstrip("-") + "-steps" * case.steps for name, case in CASES]
LABELLED = ("cross_entropy", "binary_cross_entropy", "perceptron")


def drawn(name, columns, rows, seed=0, spread=2.0, steps=0, gaps=False):
    rng = np.random.default_rng(seed)
    if steps:
        labels = rng.integers(-1 if gaps else 0, max(columns, 2), (rows, steps)).astype(np.int32)
        return (spread * rng.normal(size=(rows, steps, columns))).astype(np.float32), labels
    x = (spread * rng.normal(size=(rows, columns))).astype(np.float32)
    if name in LABELLED:
        return x, rng.integers(0, max(columns, 2), rows).astype(np.int32)
    return x, (spread * rng.normal(size=(rows, columns))).astype(np.float32)


def test_every_loss_with_a_gradient_of_its_own_has_a_twin():
    others = {name for name, part in parts("losses").items() if issubclass(part, Loss)} - set(FORMULAS)
    assert others == {"surface"}, "give the new loss a twin in losses_naive.py"


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 5, 64])
@pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)
def test_loss_and_gradient_follow_the_formula(name, case, rows, precision):
    x, target = drawn(name, case.outputs, rows, steps=case.steps, gaps=case.gaps)
    expected, slopes = naive(name, x, target, **case.options)
    loss, dx = compiled(name, x, target, precision, **case.options)
    assert loss == pytest.approx(expected, rel=TOLERANCE[precision])
    np.testing.assert_allclose(dx, slopes, rtol=0, atol=TOLERANCE[precision] * max(1, np.abs(slopes).max()))


@pytest.mark.parametrize("columns", [2, 3, 7, 10, 16, 27, 200])
def test_cross_entropy_for_any_number_of_classes(columns):
    x, target = drawn("cross_entropy", columns, 33)
    for options in ({}, {"label_smoothing": 0.1}):
        expected, slopes = naive("cross_entropy", x, target, **options)
        loss, dx = compiled("cross_entropy", x, target, "float32", **options)
        assert loss == pytest.approx(expected, rel=3e-6)
        np.testing.assert_allclose(dx, slopes, rtol=0, atol=1e-7)


@pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)
def test_gradients_by_central_differences(name, case):
    x, target = drawn(name, case.outputs, 4, seed=3, steps=case.steps, gaps=case.gaps)
    x = x.astype(np.float64)
    _, dx = compiled(name, x, target, **case.options)
    epsilon = 1e-4 if name in ("huber", "cross_entropy", "binary_cross_entropy") else 1e-5
    for place in np.ndindex(*x.shape):
        moved = []
        for step in (epsilon, -epsilon, 2 * epsilon, -2 * epsilon):
            there = x.copy()
            there[place] += step
            moved.append(compiled(name, there, target, **case.options)[0])
        slope = (8 * (moved[0] - moved[1]) - (moved[2] - moved[3])) / (12 * epsilon)
        assert dx[place] == pytest.approx(slope, abs=1e-6 * np.abs(dx).max()), place


@pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)
def test_shares_of_a_batch_add_up_to_the_whole(name, case):
    x, target = drawn(name, case.outputs, 7)
    loss, dx = compiled(name, x, target, **case.options)
    first = compiled(name, x[:3], target[:3], batch=7, **case.options)
    second = compiled(name, x[3:], target[3:], batch=7, **case.options)
    assert first[0] + second[0] == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(np.concatenate([first[1], second[1]]), dx, rtol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_a_shard_without_rows_adds_nothing(name):
    loss, dx = compiled(name, *drawn(name, 3, 0), batch=1)
    assert loss == 0.0
    assert dx.shape == (0, 3)


def test_labels_of_minus_one_count_nowhere():
    x, target = drawn("cross_entropy", 4, 6, steps=5, gaps=True)
    loss, dx = compiled("cross_entropy", x, target)
    flat, labels = x.reshape(-1, 4), target.reshape(-1)
    alone, slopes = compiled("cross_entropy", flat[labels >= 0], labels[labels >= 0])
    assert loss == pytest.approx(alone, rel=1e-14)
    np.testing.assert_allclose(dx.reshape(-1, 4)[labels >= 0], slopes, rtol=1e-13)
    assert not dx.reshape(-1, 4)[labels < 0].any()
    nothing, still = compiled("cross_entropy", x, np.full_like(target, -1))
    assert nothing == 0
    assert not still.any()


# ---- the ends of the number range --------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("size", [100.0, 1e4])
def test_scores_of_any_size_give_the_exact_loss(precision, size):
    x = np.array([[size, -size, 0.0], [-size, size, 0.0], [size, size, size]], np.float32)
    right, wrong = np.array([0, 1, 0], np.int32), np.array([1, 0, 2], np.int32)
    for target, expected in ((right, math.log(3) / 3), (wrong, (4 * size + math.log(3)) / 3)):
        loss, dx = compiled("cross_entropy", x, target, precision)
        assert loss == pytest.approx(expected, rel=1e-6)
        assert np.isfinite(dx).all()
    np.testing.assert_allclose(dx[0], np.array([1, -1, 0]) / 3, atol=1e-7)

    x = np.array([[size], [-size], [size], [-size]], np.float32)
    loss, dx = compiled("binary_cross_entropy", x, np.array([1, 0, 0, 1], np.int32), precision)
    assert loss == pytest.approx(2 * size / 4, rel=1e-6)
    np.testing.assert_allclose(dx[:, 0], [0, 0, 0.25, -0.25], atol=1e-7)


def test_sure_and_right_keeps_its_tiny_loss():
    loss, dx = compiled("binary_cross_entropy", np.array([[30.0]]), np.array([1]), "float32")
    assert loss == pytest.approx(math.exp(-30), rel=1e-5)
    assert float(dx[0, 0]) == pytest.approx(-math.exp(-30), rel=1e-5)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("columns", [1, 3])
def test_nan_reaches_the_loss_and_its_own_row_of_the_gradient(name, columns, precision):
    if name == "cross_entropy" and columns == 1:
        return
    for place in np.ndindex(2, columns):
        x, target = drawn(name, columns, 2)
        x[place] = np.nan
        loss, dx = compiled(name, x, target, precision)
        assert math.isnan(loss), place
        if name != "perceptron":
            assert np.isnan(dx[place]), place
        assert np.isfinite(dx[1 - place[0]]).all(), "the other row has nothing to do with it"


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "binary_cross_entropy"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_infinite_miss_is_an_infinite_loss(name, sign):
    target = np.array([0 if sign > 0 else 1], np.int32) if name in LABELLED else np.zeros((1, 1), np.float32)
    loss, dx = compiled(name, np.array([[sign * math.inf]]), target, "float32")
    assert loss == math.inf
    assert not math.isnan(dx[0, 0])


def test_infinite_scores_in_cross_entropy():
    impossible = np.array([[0.0, -math.inf, 0.0]])
    for options in ({}, {"class_weights": [1, 1, 1]}):
        loss, dx = compiled("cross_entropy", impossible, np.array([0]), "float32", **options)
        assert loss == pytest.approx(math.log(2))
        np.testing.assert_allclose(dx, [[-0.5, 0.0, 0.5]], atol=1e-7)
        assert compiled("cross_entropy", impossible, np.array([1]), "float32", **options)[0] == math.inf
        with np.errstate(invalid="ignore"):  # without JIT numpy remarks on inf - inf
            assert math.isnan(compiled("cross_entropy", -impossible, np.array([0]), "float32", **options)[0])


@pytest.mark.parametrize("strange", [math.nan, math.inf])
@pytest.mark.parametrize("columns", [1, 2])
def test_scores_where_no_label_is_do_not_count_whatever_they_are(columns, strange):
    x, target = drawn("binary_cross_entropy", columns, 3, steps=4)
    target[1, 2] = target[0, 0] = -1
    expected = compiled("binary_cross_entropy", x, target)
    x[1, 2] = x[0, 0] = strange
    loss, dx = compiled("binary_cross_entropy", x, target)
    assert loss == expected[0]
    np.testing.assert_array_equal(dx, expected[1])


def test_a_big_miss_squares_without_overflow_in_float32():
    loss, dx = compiled("mse", np.array([[3e20]]), np.zeros((1, 1)), "float32")
    assert loss == pytest.approx(9e40)
    assert float(dx[0, 0]) == pytest.approx(6e20)


# ---- what the options mean ---------------------------------------------------------------------------------------------


def test_where_nothing_is_missed_nothing_pulls():
    x = np.array([[1.0, -2.0, 0.5]])
    for name in ("mse", "mae", "huber"):
        loss, dx = compiled(name, x, x.copy())
        assert loss == 0.0
        assert not dx.any()


def test_huber_is_half_of_mse_for_small_misses_and_delta_times_mae_far_off():
    x, target = np.array([[0.3], [-0.4]]), np.zeros((2, 1))
    assert compiled("huber", x, target, delta=0.5)[0] == pytest.approx(compiled("mse", x, target)[0] / 2)
    far = 1000 * x
    assert compiled("huber", far, target, delta=0.5)[0] == pytest.approx(0.5 * compiled("mae", far, target)[0] - 0.125)


def test_a_net_that_knows_nothing_pays_the_logarithm_of_the_choices():
    assert compiled("cross_entropy", np.zeros((4, 5)), np.arange(4))[0] == pytest.approx(math.log(5))
    for columns in (1, 3):
        target = np.array([0, 1, 1, 0])
        assert compiled("binary_cross_entropy", np.zeros((4, columns)), target)[0] == pytest.approx(math.log(2))


def test_class_weights_multiply_rows_and_leave_the_count_alone():
    x, target = drawn("cross_entropy", 3, 12)
    each = [compiled("cross_entropy", x[n : n + 1], target[n : n + 1])[0] for n in range(12)]
    weights = [0.0, 1.0, 4.0]
    expected = sum(weights[t] * loss for t, loss in zip(target, each)) / 12
    loss, dx = compiled("cross_entropy", x, target, class_weights=weights)
    assert loss == pytest.approx(expected)
    assert not dx[target == 0].any(), "a class of weight 0 does not count"


def test_smoothed_targets_are_met_by_smoothed_probabilities():
    x = np.log([[0.1 / 3, 0.1 / 3, 0.9 + 0.1 / 3]])
    _, dx = compiled("cross_entropy", x, np.array([2]), label_smoothing=0.1)
    np.testing.assert_allclose(dx, 0, atol=1e-16)
    _, dx = compiled("binary_cross_entropy", np.log([[0.95 / 0.05]]), np.array([1]), label_smoothing=0.1)
    np.testing.assert_allclose(dx, 0, atol=1e-16)


def test_positive_weight_counts_a_yes_so_many_times():
    x = np.array([[0.3], [-1.2]])
    plain = [compiled("binary_cross_entropy", x[n : n + 1], np.array([1 - n]))[0] for n in range(2)]
    loss = compiled("binary_cross_entropy", x, np.array([1, 0]), positive_weight=5.0)[0]
    assert loss == pytest.approx((5 * plain[0] + plain[1]) / 2)


def test_one_output_for_each_of_two_classes_of_bce_answers_twice():
    x = np.array([[-0.7, 0.7], [0.2, -0.2]])
    target = np.array([1, 1])
    assert compiled("binary_cross_entropy", x, target)[0] == pytest.approx(
        compiled("binary_cross_entropy", np.ascontiguousarray(x[:, 1:]), target)[0]
    )


def test_words_that_nothing_is_known_of_cost_a_bit_each():
    assert compiled("negative_sampling", np.zeros((3, 6)), np.zeros(3))[0] == pytest.approx(6 * math.log(2))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_scores_of_any_size_tell_true_pairs_from_drawn_ones(precision):
    sure, wrong = np.array([[1e4, -1e4, -1e4]]), np.array([[-1e4, 1e4, 0.0]])
    assert compiled("negative_sampling", sure, np.zeros(1), precision)[0] == 0.0
    loss, dx = compiled("negative_sampling", wrong, np.zeros(1), precision)
    assert loss == pytest.approx(2e4 + math.log(2))
    np.testing.assert_allclose(dx, [[-1, 1, 0.5]])


def test_counts_of_pairs_weigh_up_to_x_max_and_nothing_without_any():
    x, counts = np.zeros((4, 1)), np.array([[math.e], [math.e**2], [0.0], [-3.0]])
    loss, dx = compiled("glove", x, counts, x_max=math.e, alpha=0.5)
    assert loss == pytest.approx((1 + 4) / 4)
    np.testing.assert_allclose(dx[:, 0], [-0.5, -1.0, 0.0, 0.0])
    loss, dx = compiled("glove", x[:1], counts[:1], x_max=4 * math.e, alpha=0.5)
    assert loss == pytest.approx(0.5)  # (1 / 4) ** 0.5
    assert compiled("glove", x[:1], counts[:1], x_max=1e6, alpha=0.0)[0] == pytest.approx(1)
