"""Counter-based random numbers: the same bits in numpy, kernels and plain Python, and good ones."""

import itertools

import numpy as np
import pytest
from compiled import JIT, jit
from hypothesis import given
from hypothesis import strategies as st

from dllab.core import rng
from dllab.core.rng import bits_at, key, mix64, normal, permutation, shuffle_into, uniform, uniform_at

INT64 = st.integers(-(2**63), 2**63 - 1)
STREAMS = [value for name, value in vars(rng).items() if name.startswith("STREAM_")]


@jit
def _fill_bits(out, k):
    for i in range(out.shape[0]):
        out[i] = bits_at(k, i)


@jit
def _fill_uniform(out, k):
    for i in range(out.shape[0]):
        out[i] = uniform_at(k, i)


@jit
def _fill_keys(out, seed, stream):
    for step in range(out.shape[0]):
        out[step] = key(seed, stream, step)


@jit
def _shuffle(order, k):
    shuffle_into(order, k)


@jit
def _shuffle_often(orders, seed):
    for step in range(orders.shape[0]):
        shuffle_into(orders[step], key(seed, 2, step))


def chi_square(counts):
    """Sum of (count - mean)**2 / mean, as standard deviations from its expected value."""
    counts = np.asarray(counts, dtype=np.float64)
    freedom = counts.size - 1
    return (((counts - counts.mean()) ** 2).sum() / counts.mean() - freedom) / np.sqrt(2 * freedom)


def test_bits_are_splitmix64():
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert rng.bits(1234567, 5).tolist() == published
    assert [bits_at(1234567, i) % 2**64 for i in range(5)] == published


@given(INT64, st.integers(0, 40))
def test_numpy_kernels_and_plain_python_agree_exactly(k, n):
    compiled = np.empty(n, dtype=np.int64)
    _fill_bits(compiled, k)
    assert compiled.tolist() == rng.bits(k, n).view(np.int64).tolist() == [bits_at(k, i) for i in range(n)]

    compiled = np.empty(n)
    _fill_uniform(compiled, k)
    assert compiled.tolist() == uniform(k, n).tolist() == [uniform_at(k, i) for i in range(n)]


def test_blocks_of_bits_join():
    n = 2 * rng.BLOCK + 3
    compiled = np.empty(n, dtype=np.int64)
    _fill_bits(compiled, 99)
    assert np.array_equal(compiled, rng.bits(99, n).view(np.int64))


@given(INT64, st.integers(0, 100), INT64)
def test_keys_agree_and_fit_int64(seed, stream, step):
    assert jit_key(seed, stream, step) == key(seed, stream, step)
    assert -(2**63) <= key(seed, stream, step) < 2**63


@jit
def jit_key(seed, stream, step):
    return key(seed, stream, step)


def test_a_key_may_come_unsigned():
    assert rng.bits(key(1, 2, 3), 4).tolist() == rng.bits(key(1, 2, 3) % 2**64, 4).tolist()


def test_keys_and_streams_differ():
    assert len(set(STREAMS)) == len(STREAMS) == 4
    steps = 20_000 if JIT else 500
    keys = np.empty((4, len(STREAMS), steps), dtype=np.int64)
    for seed, (column, stream) in itertools.product(range(4), enumerate(STREAMS)):
        _fill_keys(keys[seed, column], seed, stream)
    assert np.unique(keys).size == keys.size


@given(INT64)
def test_mix64_is_one_to_one(z):
    mask = 2**64 - 1
    x = mix64(z) & mask
    x ^= (x >> 31) ^ (x >> 62)
    x = x * pow(rng.MIX[1], -1, 2**64) & mask
    x ^= (x >> 27) ^ (x >> 54)
    x = x * pow(rng.MIX[0], -1, 2**64) & mask
    x ^= (x >> 30) ^ (x >> 60)
    assert x == z & mask


def test_every_bit_is_one_half_of_the_time_and_alone():
    n = 100_000
    z = rng.bits(key(0, rng.STREAM_SHUFFLE, 0), n)
    ones = np.unpackbits(z.view(np.uint8).reshape(n, 8), axis=1).astype(np.float32) * 2 - 1
    assert np.abs(ones.sum(axis=0)).max() / np.sqrt(n) < 4.5
    together = ones.T @ ones / np.sqrt(n)
    np.fill_diagonal(together, 0)
    assert np.abs(together).max() < 5.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_fills_its_interval_evenly(dtype):
    u = uniform(key(3, rng.STREAM_DROPOUT, 7), 500_000, dtype)
    assert u.dtype == dtype
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(chi_square(np.bincount((u * 1000).astype(np.int64), minlength=1000))) < 5


@pytest.mark.parametrize("extreme", [0, 2**64 - 1])
def test_extreme_bits_give_numbers_in_range(monkeypatch, extreme):
    monkeypatch.setattr(rng, "bits", lambda key, n: np.full(n, extreme, dtype=np.uint64))
    for dtype in (np.float32, np.float64):
        u = uniform(0, 3, dtype)
        assert ((u >= 0) & (u < 1)).all()
    assert np.isfinite(normal(0, 3)).all()


def test_neighbouring_elements_steps_and_streams_are_uncorrelated():
    n = 100_000
    base = uniform(key(0, 1, 0), n + 1)
    others = [base[1:], *(uniform(key(*k), n) for k in [(0, 1, 1), (0, 2, 0), (1, 1, 0), (0, 0, 1)])]
    for other in others:
        assert abs(np.corrcoef(base[:n], other)[0, 1]) * np.sqrt(n) < 4.5
    first = np.array([uniform_at(key(0, 1, step), 0) for step in range(20_000)])  # one element over many steps
    assert abs(chi_square(np.bincount((first * 100).astype(np.int64), minlength=100))) < 5
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) * np.sqrt(first.size) < 4.5


def test_normal_has_the_moments_and_tails_of_a_normal():
    n = 400_000
    z = normal(key(5, rng.STREAM_INIT, 0), n)
    for power, (mean, variance) in enumerate([(0, 1), (1, 2), (0, 15), (3, 96)], start=1):
        assert abs((z**power).mean() - mean) < 4.5 * np.sqrt(variance / n)
    beyond = 0.0026997960632601866  # probability of |z| > 3
    assert abs((np.abs(z) > 3).sum() - n * beyond) < 4.5 * np.sqrt(n * beyond)
    assert abs(np.corrcoef(z[::2], z[1::2])[0, 1]) * np.sqrt(n / 2) < 4.5  # the two of a pair


@given(INT64, st.integers(0, 50))
def test_shorter_requests_are_prefixes(k, n):
    assert normal(k, 51)[:n].tolist() == normal(k, n).tolist()
    assert uniform(k, 51)[:n].tolist() == uniform(k, n).tolist()


@given(INT64, st.integers(0, 300))
def test_permutations_hold_every_number_once(k, n):
    drawn = permutation(k, n)
    assert drawn.dtype == np.int64
    assert sorted(drawn.tolist()) == list(range(n))
    plain = [-1] * n
    shuffle_into(plain, k)
    assert sorted(plain) == list(range(n))
    for dtype in (np.int32, np.int64):
        order = np.full(n, -1, dtype=dtype)
        _shuffle(order, k)
        assert order.tolist() == plain


def test_all_orders_of_four_are_equally_likely():
    rounds = 24 * (1000 if JIT else 50)
    orders = np.empty((rounds, 4), dtype=np.int64)
    _shuffle_often(orders, 11)
    drawn = np.array([permutation(key(12, 2, step), 4) for step in range(24 * 400)])
    for sample in (orders, drawn):
        codes = sample @ np.array([64, 16, 4, 1])
        counts = np.unique(codes, return_counts=True)[1]
        assert counts.size == 24
        assert abs(chi_square(counts)) < 5


def test_every_number_may_land_anywhere():
    n, rounds = 50, 4000 if JIT else 400
    orders = np.empty((rounds, n), dtype=np.int64)
    _shuffle_often(orders, 3)
    drawn = np.array([permutation(key(4, 2, step), n) for step in range(rounds)])
    for sample in (orders, drawn):
        landed = np.bincount((sample + np.arange(n) * n).ravel(), minlength=n * n)
        assert abs(chi_square(landed)) < 6
