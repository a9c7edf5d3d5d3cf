"""One thread a call of BLAS, whichever thread asks for it, and as many as before when the last block ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import numpy  # noqa: F401  its BLAS is looked at
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from dllab.core import blas
from dllab.core.blas_threads import one_for_now

IN_A_WORKER = """
import threading
import numpy
from threadpoolctl import threadpool_info, threadpool_limits
from dllab.core import blas

with threadpool_limits(2, user_api="blas"):  # this thread may set threads, and from threadpoolctl 3.8 on no other
    worker = threading.Thread(target=blas.addresses)
    worker.start()
    worker.join()
print([pool["num_threads"] for pool in threadpool_info() if "numpy.libs" not in pool["filepath"]])
"""


def threads(*, kernels: bool = False) -> set[int]:
    """How many a call of NumPy's BLAS takes now, or one of the BLAS that kernels call."""
    return {
        pool["num_threads"]
        for pool in threadpool_info()
        if pool["user_api"] == "blas" and ("numpy.libs" not in pool["filepath"]) == kernels
    }


def in_a_thread(do: Callable[[], None]) -> None:
    worker = threading.Thread(target=do)
    worker.start()
    worker.join()


def test_kernels_take_one_thread_though_a_worker_asks_for_it_while_another_thread_has_set_more() -> None:
    done = subprocess.run([sys.executable, "-c", IN_A_WORKER], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[1]"]


@pytest.mark.parametrize("ask", [lambda do: do(), in_a_thread], ids=["here", "in a worker"])
def test_numpy_has_its_threads_again_after_the_last_of_blocks_that_overlap(ask: Callable[..., None]) -> None:
    """And not before, though the first to come is the first to go."""
    seen: list[set[int]] = []
    first, second = one_for_now(), one_for_now()
    with threadpool_limits(2, user_api="blas"):
        for step in (first.__enter__, second.__enter__, lambda: first.__exit__(None, None, None)):
            ask(step)
            seen.append(threads())
        ask(lambda: second.__exit__(None, None, None))
        assert seen == [{1}, {1}, {1}] and threads() == {2}


def test_what_is_limited_for_good_within_a_block_stays_so_after_it() -> None:
    blas.addresses()
    with threadpool_limits(2, user_api="blas"):
        with one_for_now():
            blas._addresses.cache_clear()
            blas.addresses()
        assert threads(kernels=True) == {1} and threads() == {2}


def test_an_error_in_a_block_ends_it() -> None:
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(ValueError, match="within"), one_for_now():
            raise ValueError("within")
        assert threads() == {2}
