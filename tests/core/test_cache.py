"""The folder of compiled kernels: what is damaged, stale or unwritable costs a compilation and nothing else."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dllab.core import cache, compiler, native
from dllab.core.kernel import Kernel, kernel
from dllab.core.settings import jit_enabled
from dllab.ops import relu

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="nothing is compiled")
ENTRY = cache.Entry(b"\0code\n with line breaks\n", "symbol", ("dllab_sgemm",))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own, and no memory of kernels that were loaded before."""
    monkeypatch.setenv("DLLAB_CACHE", str(tmp_path / "kernels"))
    forgotten = (cache.folder, native.kernel_address)
    for function in forgotten:
        function.cache_clear()
    yield tmp_path / "kernels"
    for function in forgotten:
        function.cache_clear()


def address_of(one: Kernel) -> int:
    return native.kernel_address(one, "float32", ("float32",) * len(one.operands))


def works(address: int) -> bool:
    x = np.array([-1, 0, 2], np.float32)
    y = np.full(3, 9, np.float32)
    row, sizes = np.array([0, y.ctypes.data, x.ctypes.data, 0]), np.array([3])
    native.NativeFunction(address, 2)(row.ctypes.data, sizes.ctypes.data)
    return y.tolist() == [0, 0, 2]


def test_what_is_written_is_read(folder: Path) -> None:
    cache.write("one.o", ENTRY)
    assert cache.kept()
    assert cache.read("one.o") == ENTRY
    assert cache.read("other.o") is None
    assert sorted(path.name for path in folder.iterdir()) == ["one.o"]


@pytest.mark.parametrize("length", [0, 1, 20, 100, 130])
def test_a_truncated_file_is_deleted(folder: Path, length: int) -> None:
    cache.write("one.o", ENTRY)
    path = folder / "one.o"
    path.write_bytes(path.read_bytes()[:length])
    assert cache.read("one.o") is None
    assert not path.exists()


def test_a_changed_byte_is_noticed(folder: Path) -> None:
    cache.write("one.o", ENTRY)
    path = folder / "one.o"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    assert cache.read("one.o") is None


def test_a_folder_in_the_place_of_a_kernel_gives_way(folder: Path) -> None:
    (cache.folder() / "one.o").mkdir()
    assert cache.read("one.o") is None
    cache.write("one.o", ENTRY)
    assert cache.read("one.o") == ENTRY


def test_a_damaged_kernel_is_compiled_again(folder: Path) -> None:
    assert works(address_of(relu.forward))
    (path,) = folder.glob("ops.relu.forward-*")
    path.write_bytes(b"{}")
    native.kernel_address.cache_clear()
    assert works(address_of(relu.forward))
    assert path.stat().st_size > 1000


def test_a_cached_kernel_is_loaded_without_compiling(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not native.is_cached(relu.forward, "float32", ("float32",) * 2)
    address_of(relu.forward)
    assert native.is_cached(relu.forward, "float32", ("float32",) * 2)
    native.kernel_address.cache_clear()
    monkeypatch.setattr(compiler, "compile_kernel", lambda *_: pytest.fail("compiled although it is there"))
    assert works(address_of(relu.forward))


def test_a_folder_that_cannot_be_written_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("a file, where a folder should be")
    monkeypatch.setenv("DLLAB_CACHE", str(occupied))
    cache.folder.cache_clear()
    try:
        place = cache.folder()
        assert place != occupied
        assert not cache.kept()
        cache.write("one.o", ENTRY)
        assert cache.read("one.o") == ENTRY
    finally:
        cache.folder.cache_clear()


def test_a_full_disk_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.folder()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.write("one.o", ENTRY)
    assert cache.read("one.o") is None


def _made(text: str, tmp_path: Path, name: str) -> Kernel:
    """A kernel from a module of its own that can be changed on disk."""
    path = tmp_path / f"{name}.py"
    path.write_text(f"from dllab.core.kernel import kernel\n@kernel(y='N')\ndef fill(y):\n    y[0] = {text}\n")
    import importlib.util

    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    made: Kernel = module.fill
    return made


def test_the_name_changes_with_the_source_and_the_types(tmp_path: Path) -> None:
    one, other = _made("1", tmp_path, "made_one"), _made("2", tmp_path, "made_two")
    names = {
        native.kernel_file(one, "float32", ("float32",)),
        native.kernel_file(one, "float64", ("float64",)),
        native.kernel_file(other, "float32", ("float32",)),
    }
    assert len({name.rpartition("-")[2] for name in names}) == 3


def test_the_name_changes_with_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    before = native.kernel_file(relu.forward, "float32", ("float32",) * 2)
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1" if not compiler.bounds_checked() else "0")
    cache._environment.cache_clear()
    try:
        assert native.kernel_file(relu.forward, "float32", ("float32",) * 2) != before
    finally:
        monkeypatch.undo()
        cache._environment.cache_clear()


def test_two_processes_may_fill_one_folder_at_once(folder: Path) -> None:
    code = (
        "from dllab.core import native; from dllab.ops import tanh;"
        "print(native.kernel_address(tanh.forward, 'float32', ('float32',) * 2) > 0)"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [run.communicate()[0].strip() for run in runs] == ["True", "True"]
    assert len(list(folder.glob("ops.tanh.forward-*"))) == 1
    assert not list(folder.glob(".new-*"))


@kernel(y="N", x="N")
def calls_libm(y, x):
    for i in range(y.shape[0]):
        y[i] = math.erf(x[i])


@kernel(y="N", x="N")
def allocates(y, x):
    y[:] = np.sort(x)


@pytest.mark.parametrize(("bad", "said"), [(calls_libm, "erf.*which a kernel may not"), (allocates, "NRT|numba|Failed")])
def test_kernels_neither_allocate_nor_call_libm(bad: Kernel, said: str, folder: Path) -> None:
    with pytest.raises(Exception, match=said):
        address_of(bad)
    assert not list(folder.glob("*.o"))
