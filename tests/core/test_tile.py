"""Sums over windows: compiled against plain, in every size of tile, and code that is shared by kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, plain, run

from dllab.core import native
from dllab.core.kernel import kernel
from dllab.core.settings import jit_enabled
from dllab.core.tile import FROM_START, FROM_Y, FROM_ZERO, lanes, largest, products, spread

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="compares compiled code with plain code")
TOLERANCE = {"float32": 2e-5, "float64": 1e-13}


@kernel(y="Y", to="M:int64", x="X", at="M:int64", w="W", start="C", begin=":int64", n1=":int64", n2=":int64", n3=":int64")
def multiply(y, to, x, at, w, start, begin, n1, n2, n3):
    columns = start.shape[0]
    products(y, 1, to, x, 2, at, at.shape[0], 7, 3, 1, w, 3, n2 * n3 * columns, n3 * columns, columns, n1, n2, n3, columns,
             start, begin)  # fmt: skip


@kernel(y="Y", to="M:int64", x="M K", w="W", piece_to="P:int64", piece_of="P:int64", piece_size="P:int64")
def scatter(y, to, x, w, piece_to, piece_of, piece_size):
    spread(y, 1, to, x, 0, x.shape[1], to.shape[0], w, 20, x.shape[1], piece_to, piece_of, piece_size, piece_to.shape[0])


@kernel(y="Y", best="Y:int32", x="X", windows=":int64", columns=":int64")
def maxima(y, best, x, windows, columns):
    largest(y, 1, best, x, 2, windows, columns + 1, 2, 30, 3, 5, columns)


@kernel(y="Y", size="S:int64")
def width(y, size):
    size[0] = lanes(y)


def both(call: Any, names: tuple[str, ...], precision: str, **operands: Any) -> list[tuple[Any, Any]]:
    """What the compiled and the plain form leave in the arrays of those names."""
    found = []
    for way in (run, plain):
        own = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in operands.items()}
        way(call, precision, **own)
        found.append([own[name] for name in names])
    return list(zip(*found))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("rows", [1, 2, 3, 8, 14, 15, 29])
@pytest.mark.parametrize("columns", [1, 7, 16, 17, 40, 65])
def test_products_in_every_size_of_tile(precision: str, rows: int, columns: int) -> None:
    rng = np.random.default_rng(rows * 100 + columns)
    for begin, (n1, n2, n3) in (
        (FROM_ZERO, (1, 2, 5)),
        (FROM_START, (2, 3, 1)),
        (FROM_Y, (2, 1, 3)),
        (FROM_START, (0, 2, 2)),
    ):
        at, to = rng.permutation(40)[:rows], rng.permutation(rows) * (columns + 1)
        [(compiled, expected)] = both(
            multiply, ("y",), precision, y=rng.normal(size=rows * (columns + 1) + 2).astype(precision), to=to,
            x=rng.normal(size=80).astype(precision), at=at, w=rng.normal(size=3 + 12 * columns).astype(precision),
            start=rng.normal(size=columns).astype(precision), begin=begin, n1=n1, n2=n2, n3=n3,
        )  # fmt: skip
        np.testing.assert_allclose(compiled, expected, rtol=0, atol=TOLERANCE[precision])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("pieces", [1, 2, 6, 7, 11, 13, 25])
def test_windows_that_overlap_add_up(precision: str, pieces: int) -> None:
    rng = np.random.default_rng(pieces)
    sizes = rng.integers(1, 64 // np.dtype(precision).itemsize // 2, pieces)
    [(compiled, expected)] = both(
        scatter, ("y",), precision, y=rng.normal(size=400).astype(precision), to=np.arange(0, 36, 4),
        x=rng.normal(size=(9, 5)).astype(precision), w=rng.normal(size=150).astype(precision),
        piece_to=np.arange(pieces) * 13, piece_of=rng.integers(0, 20, pieces), piece_size=sizes,
    )  # fmt: skip
    np.testing.assert_allclose(compiled, expected, rtol=0, atol=TOLERANCE[precision])
    assert (compiled != expected).sum() < len(compiled)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("columns", [1, 5, 16, 23])
def test_the_largest_and_where_it_stands(precision: str, columns: int) -> None:
    rng = np.random.default_rng(columns)
    x = np.round(rng.normal(size=300), 1).astype(precision)  # some are equal
    x[::17] = np.nan
    y = np.zeros(3 * columns + 2, precision)
    numbers, places = both(
        maxima, ("y", "best"), precision, y=y, best=np.zeros(len(y), np.int32), x=x, windows=3, columns=columns
    )
    np.testing.assert_array_equal(*numbers)
    np.testing.assert_array_equal(*places)


def test_nothing_beside_the_columns_is_touched() -> None:
    marked = np.full(60, 7.0, np.float32)
    operands = {"to": np.array([4, 30]), "x": np.ones(80, np.float32), "at": np.array([0, 1])}
    run(multiply, y=marked, w=np.ones(99, np.float32), start=np.zeros(3, np.float32), begin=FROM_ZERO, n1=1, n2=1, n3=2,
        **operands)  # fmt: skip
    assert np.flatnonzero(marked != 7.0).tolist() == [5, 6, 7, 31, 32, 33]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_vector_holds_whole_numbers_of_that_type(precision: str) -> None:
    size = np.zeros(1, np.int64)
    run(width, precision, y=np.zeros(1, precision), size=size)
    assert size[0] * np.dtype(precision).itemsize in (16, 32, 64)


def test_kernels_call_code_that_is_compiled_once() -> None:
    entry = native._compile(multiply, "float32", multiply.dtypes("float32", {}))
    assert "dllab_products_float32" in entry.needs
    assert len(entry.code) < 20_000  # the tiles themselves are some 30 KB
