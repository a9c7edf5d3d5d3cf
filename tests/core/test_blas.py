"""Matrix products: every orientation, from nothing to many pieces, against numpy."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import PRECISIONS, run

from dllab.core import blas
from dllab.core.blas import gemm
from dllab.core.kernel import Kernel, kernel
from dllab.core.settings import jit_enabled


@kernel(y="M N", a="M K", b="K N")
def plain(y, a, b):
    gemm(y, a, b, False, False, False)


@kernel(y="M N", a="M K", b="K N")
def added(y, a, b):
    gemm(y, a, b, False, False, True)


@kernel(y="M N", a="K M", b="K N")
def first_turned(y, a, b):
    gemm(y, a, b, True, False, False)


@kernel(y="M N", a="M K", b="N K")
def second_turned(y, a, b):
    gemm(y, a, b, False, True, False)


@kernel(y="M N", a="K M", b="N K")
def both_turned(y, a, b):
    gemm(y, a, b, True, True, True)


def check(one: Kernel, precision: str, m: int, n: int, k: int) -> None:
    rng = np.random.default_rng(m + 1000 * n + 1_000_000 * k)
    size = {"M": m, "N": n, "K": k}
    a, b = (rng.normal(size=[size[d] for d in operand.dims]).astype(precision) for operand in one.operands[1:])
    before = rng.normal(size=(m, n)).astype(precision)
    product = (a.T if one.operands[1].dims[0] == "K" else a) @ (b if one.operands[2].dims[0] == "K" else b.T)
    expected = product + (before if one in (added, both_turned) else 0)
    y = before.copy()
    run(one, precision, y=y, a=a, b=b)
    bound: Any = {"float32": 2e-6, "float64": 4e-15}[precision]
    np.testing.assert_allclose(y, expected, rtol=0, atol=bound * (1 + k))


ALL = pytest.mark.parametrize("one", [plain, added, first_turned, second_turned, both_turned], ids=lambda k: k.title)


@ALL
@pytest.mark.parametrize("precision", PRECISIONS)
@settings(max_examples=40)
@given(m=st.integers(0, 40), n=st.integers(0, 40), k=st.integers(0, 40))
def test_small_products(one: Kernel, precision: str, m: int, n: int, k: int) -> None:
    check(one, precision, m, n, k)


@ALL
@pytest.mark.parametrize(
    ("m", "n", "k"),
    [(64, 128, 784), (128, 784, 64), (784, 128, 64), (65, 129, 131), (1000, 9, 600), (3, 3000, 400), (300, 300, 300)],
)
def test_products_in_pieces_and_too_large_for_them(one: Kernel, m: int, n: int, k: int) -> None:
    check(one, "float32", m, n, k)


@pytest.mark.skipif(not jit_enabled(), reason="the cutting is that of the compiled form")
def test_pieces_cover_all_and_are_no_larger_than_allowed() -> None:
    from dllab.core.blas_numba import GRAIN, SMALL, _piece

    for length in (17, 128, 784, 5000):
        for each in (1000, 8192, 50_176, 62_500, 62_501, 10**7):
            piece = _piece(length, each)
            if each * GRAIN > SMALL:
                assert piece == length
            else:
                assert piece % GRAIN == 0
                assert piece * each <= SMALL
                assert -(-length // piece) <= -(-length // (SMALL // each // GRAIN * GRAIN))  # and no more than needed


def test_threads_that_begin_together_load_the_library_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, loads, found = blas._cython_blas, [], []
    together = threading.Barrier(4)

    def slow() -> Any:
        loads.append(1)
        time.sleep(0.1)
        return real()

    def ask() -> None:
        together.wait()
        found.append(blas.addresses())

    monkeypatch.setattr(blas, "_cython_blas", slow)
    blas._addresses.cache_clear()
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1 and len(found) == 4 and all(one == found[0] and len(one) == 2 for one in found)
