"""Every kernel of the augmentations against its twin in plain numpy, compiled and plain, odd sizes included."""

from __future__ import annotations

from typing import Any

import augment_naive as naive
import numpy as np
import pytest
from augment_naive import Draw
from kernels import PRECISIONS, plain, run

from dllab.augment import bilinear, cutout, draws, flip, mixup, noise, rotate, scale, shift

ROWS = np.array([12, 3, 40, 0, 7])
SEED, LINK, STEP = 9, 2, 31
SHAPES = [(5, 7, 9, 1), (1, 6, 5, 3), (4, 1, 11, 1), (3, 1, 8, 2), (2, 3, 3, 1)]
shapes = pytest.mark.parametrize("shape", SHAPES)
calls = pytest.mark.parametrize("call", [run, plain])
precisions = pytest.mark.parametrize("precision", PRECISIONS)
CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-5}, "float64": {"rtol": 1e-12, "atol": 1e-12}}


def keys(count: int, probability: float = 1.0) -> dict[str, Any]:
    chance = round(probability * draws.DRAWS)
    return {"rows": ROWS[:count], "chance": chance, "seed": SEED, "link": LINK, "step": STEP}


def row_draws(count: int) -> list[Draw]:
    return [Draw(SEED, LINK, STEP, int(row)) for row in ROWS[:count]]


def numbers(shape: tuple[int, ...], precision: str) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(precision)


def lines(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:2], -1)


@calls
@precisions
@shapes
@pytest.mark.parametrize(("down", "across"), [(2, 1), (0, 2), (0, 0)])
def test_shift(call: Any, precision: str, shape: tuple[int, ...], down: int, across: int) -> None:
    x = numbers(shape, precision)
    y = np.full_like(x, np.nan)
    call(shift.forward, precision, y=lines(y), x=lines(x), **keys(len(x)), down=down, across=across,
         channels=shape[3], fill=0.5)  # fmt: skip
    expected = [naive.shift(one, draw, down, across, 0.5) for one, draw in zip(x, row_draws(len(x)))]
    np.testing.assert_array_equal(y, expected)
    if down == across == 0:
        np.testing.assert_array_equal(y, x)


def test_shift_by_more_than_the_width_leaves_nothing() -> None:
    x, y = np.ones((5, 3, 2)), np.empty((5, 3, 2))
    run(shift.forward, "float64", y=y, x=x, **keys(5), down=0, across=40, channels=1, fill=-1.0)
    expected = [naive.shift(x[n][:, :, None], draw, 0, 40, -1.0)[:, :, 0] for n, draw in enumerate(row_draws(5))]
    np.testing.assert_array_equal(y, expected)
    assert (y == -1).all(axis=(1, 2)).any()


@calls
@precisions
@shapes
def test_flip(call: Any, precision: str, shape: tuple[int, ...]) -> None:
    x = numbers(shape, precision)
    y, z = np.empty_like(x), np.empty_like(x)
    call(flip.horizontal, precision, y=lines(y), x=lines(x), **keys(len(x)), channels=shape[3])
    np.testing.assert_array_equal(y, x[:, :, ::-1])
    call(flip.horizontal, precision, y=lines(z), x=lines(y), **keys(len(x)), channels=shape[3])
    np.testing.assert_array_equal(z, x)
    call(flip.vertical, precision, y=lines(y), x=lines(x), **keys(len(x)))
    np.testing.assert_array_equal(y, x[:, ::-1])


@calls
@precisions
@pytest.mark.parametrize("probability", [0.0, 0.7, 1.0])
def test_chance_is_met_row_by_row(call: Any, precision: str, probability: float) -> None:
    x = numbers((5, 4, 3, 1), precision)
    y = np.empty_like(x)
    call(flip.vertical, precision, y=lines(y), x=lines(x), **keys(5, probability))
    flipped = np.array([draw.uniform(0) < probability for draw in row_draws(5)])
    np.testing.assert_array_equal(y, np.where(flipped[:, None, None, None], x[:, ::-1], x))
    assert 0 < flipped.sum() < 5 or probability in (0, 1)


def read(call: Any, precision: str, x: np.ndarray, turns: np.ndarray, fill: float) -> np.ndarray:
    y, (height, width) = np.full_like(x, np.nan), x.shape[1:3]
    pad = np.empty((height + bilinear.BORDER) * (width + bilinear.BORDER), precision)
    call(bilinear.warp, precision, y=y, x=x, turns=turns, pad=pad, at=np.empty(width, np.int64),
         down=np.empty(width, precision), right=np.empty(width, precision), fill=fill)  # fmt: skip
    return y


@calls
@precisions
@shapes
@pytest.mark.parametrize("kind", ["rotate", "scale", "away"])
def test_pictures_are_read_between_pixels(call: Any, precision: str, shape: tuple[int, ...], kind: str) -> None:
    x = numbers(shape, precision)
    random = np.random.default_rng(2)
    angles = random.uniform(-3, 3, len(x))
    turns = {
        "rotate": np.stack([np.cos(angles), np.sin(angles), -np.sin(angles), np.cos(angles)], axis=1),
        "scale": np.stack([1 / (2 + angles), 0 * angles, 0 * angles, 1 / (2 + angles)], axis=1),
        "away": 50 * random.normal(size=(len(x), 4)),
    }[kind].astype(precision)
    expected = [naive.warp(one, turn.astype(float), 0.5) for one, turn in zip(x, turns)]
    tolerance = {key: 40 * value if kind == "away" else value for key, value in CLOSE[precision].items()}
    np.testing.assert_allclose(read(call, precision, x, turns, 0.5), expected, **tolerance)


@precisions
@shapes
def test_a_full_turn_changes_nothing_and_none_not_a_bit(precision: str, shape: tuple[int, ...]) -> None:
    x = numbers(shape, precision)
    turns = np.tile([1.0, 0.0, 0.0, 1.0], (len(x), 1)).astype(precision)
    np.testing.assert_array_equal(read(run, precision, x, turns, 7.0), x)
    angle = 2 * np.pi
    turns[:] = [np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)]
    np.testing.assert_allclose(read(run, precision, x, turns, 7.0), x, rtol=1e-4, atol=1e-4)
    if shape[1] == shape[2]:
        turns[:] = [0, 1, -1, 0]
        np.testing.assert_allclose(read(run, precision, x, turns, 7.0), np.rot90(x, 1, (1, 2)), rtol=1e-4, atol=1e-4)


@calls
@precisions
@pytest.mark.parametrize(("part", "twin", "furthest"), [(rotate, naive.turned, np.pi), (scale, naive.scaled, 0.9)])
def test_matrices(call: Any, precision: str, part: Any, twin: Any, furthest: float) -> None:
    turns = np.empty((5, 4), precision)
    call(part.draw, precision, turns=turns, **keys(5), furthest=furthest)
    expected = [twin(draw, furthest) for draw in row_draws(5)]
    np.testing.assert_allclose(turns, expected, **CLOSE[precision])
    call(part.draw, precision, turns=turns, **keys(5, 0.0), furthest=furthest)
    np.testing.assert_array_equal(turns, np.tile([1, 0, 0, 1], (5, 1)))


@calls
@precisions
@shapes
@pytest.mark.parametrize("side", [1, 2, 5])
def test_cutout(call: Any, precision: str, shape: tuple[int, ...], side: int) -> None:
    x = numbers(shape, precision)
    y = x.copy()
    call(cutout.forward, precision, x=lines(y), **keys(len(x)), side=side, channels=shape[3], fill=0.5)
    expected = [naive.cutout(one, draw, side, 0.5) for one, draw in zip(x, row_draws(len(x)))]
    np.testing.assert_array_equal(y, expected)


@calls
@precisions
def test_noise(call: Any, precision: str) -> None:
    x = numbers((5, 23), precision)
    factors = np.random.default_rng(3).uniform(0.5, 2, 23).astype(precision)
    drawn = np.array([naive.normals(draw, 23) for draw in row_draws(5)])
    y, z = x.copy(), x.copy()
    call(noise.plain, precision, x=y, **keys(5), sigma=0.3)
    np.testing.assert_allclose(y, x + 0.3 * drawn, rtol=1e-5, atol=2e-6)
    call(noise.scaled, precision, x=z, **keys(5), sigma=0.3, scale=factors)
    np.testing.assert_allclose(z, x + 0.3 * drawn / factors, rtol=1e-5, atol=4e-6)


def test_noise_is_normal_far_into_its_tails() -> None:
    x = np.zeros((5, 100_000))
    run(noise.plain, "float64", x=x, **keys(5), sigma=1.0)
    assert abs(x.mean()) < 0.01 and abs(x.std() - 1) < 0.01 and abs((x**4).mean() - 3) < 0.1
    expected = np.concatenate([naive.normals(draw, 100_000) for draw in row_draws(2)])
    np.testing.assert_allclose(x[:2].ravel(), expected, rtol=3e-6, atol=1e-6)
    assert np.abs(expected).max() > 4.2


@calls
@precisions
@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 8.0])
def test_partners_and_weights(call: Any, precision: str, alpha: float) -> None:
    base = np.array([50, 3, 8, 21, 40, 33, 2])
    partners, weights = np.empty(5, np.int64), np.empty(5, precision)
    call(mixup.draw, precision, partners=partners, weights=weights, base=base, **keys(5), alpha=alpha)
    np.testing.assert_array_equal(partners, [base[draw.whole(1, 7)] for draw in row_draws(5)])
    np.testing.assert_allclose(weights, [naive.beta(draw, alpha) for draw in row_draws(5)], rtol=1e-5, atol=1e-6)
    call(mixup.draw, precision, partners=partners, weights=weights, base=base, **keys(5, 0.0), alpha=alpha)
    np.testing.assert_array_equal(weights, 1)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 4.0])
def test_weights_have_the_moments_of_beta(alpha: float) -> None:
    count = 40_000
    rows, base = np.arange(count), np.arange(100)
    partners, weights = np.empty(count, np.int64), np.empty(count)
    run(mixup.draw, "float64", partners=partners, weights=weights, base=base, **{**keys(0), "rows": rows}, alpha=alpha)
    variance = 1 / (4 * (2 * alpha + 1))
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    assert weights.mean() == pytest.approx(0.5, abs=0.01)
    assert ((weights - 0.5) ** 2).mean() == pytest.approx(variance, abs=0.004)
    assert ((weights - 0.5) ** 4).mean() == pytest.approx(fourth, abs=0.002)
    assert weights.min() >= 0 and weights.max() <= 1
    assert np.bincount(partners, minlength=100).min() > 300


@calls
@precisions
def test_blends(call: Any, precision: str) -> None:
    x, other = numbers((5, 7), precision), numbers((6, 7), precision)[1:].copy()
    weights = np.array([0.0, 0.25, 0.5, 1.0, 0.9], precision)
    y = x.copy()
    call(mixup.blend, precision, x=y, other=other, weights=weights)
    np.testing.assert_allclose(y, weights[:, None] * x + (1 - weights[:, None]) * other, **CLOSE[precision])
    np.testing.assert_array_equal(y[3], x[3])


@calls
@precisions
def test_blended_labels(call: Any, precision: str) -> None:
    source = np.array([0, 2, 1, 1], np.int32)
    rows, partners = np.array([0, 1, 2, 3]), np.array([1, 1, 0, 2])
    weights = np.array([0.25, 0.5, 1.0, 0.75], precision)
    y, one = np.full((4, 3), np.nan, precision), np.full((4, 1), np.nan, precision)
    call(mixup.blend_labels, precision, y=y, source=source, rows=rows, partners=partners, weights=weights)
    np.testing.assert_array_equal(y, [[0.25, 0, 0.75], [0, 0, 1], [0, 1, 0], [0, 1, 0]])
    call(mixup.blend_labels, precision, y=one, source=np.minimum(source, 1), rows=rows, partners=partners, weights=weights)
    np.testing.assert_array_equal(one.ravel(), [0.75, 1, 1, 1])
