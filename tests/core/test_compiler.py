"""What every kernel is compiled with, and what is said when numba is not the one dllab knows."""

from __future__ import annotations

from typing import Any

import numba
import pytest

from dllab.core import compiler, native
from dllab.core.settings import FASTMATH, jit_enabled

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="nothing is compiled")


def test_flags_keep_nan_and_inf() -> None:
    flags = compiler.flags()
    assert flags["nogil"] is True
    assert flags["error_model"] == "numpy"
    assert set(flags["fastmath"]) == set(FASTMATH) == {"arcp", "contract", "nsz", "reassoc"}  # never nnan, ninf, fast


def test_another_numba_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler.check_numba.cache_clear()
    monkeypatch.setattr(numba, "__version__", "0.99.1")
    with pytest.raises(native.KernelError, match=r"numba 0\.99\.1 cannot compile.*pip install 'numba==0\.68"):
        compiler.check_numba()
    compiler.check_numba.cache_clear()


def broken(*_: Any) -> Any:
    raise AttributeError("'CodeLibrary' object has no attribute '_final_module'")


@pytest.mark.parametrize(("fault", "said"), [(broken, "_final_module"), (lambda *_: 41, "wrong result")])
def test_a_numba_that_has_changed_inside_is_named(fault: Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler.check_numba.cache_clear()
    if said == "wrong result":
        monkeypatch.setattr(native.NativeFunction, "__call__", lambda *_: 41)
    else:
        monkeypatch.setattr(compiler, "_object_code", fault)
    with pytest.raises(native.KernelError, match=rf"failed its self-check \(.*{said}.*pip install"):
        compiler.check_numba()
    monkeypatch.undo()
    compiler.check_numba.cache_clear()
    compiler.check_numba()
