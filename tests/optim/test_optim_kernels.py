"""The optimizers' kernels by themselves: machine code, plain Python, NaN, and Adam's bias correction late in a run."""

from __future__ import annotations

import importlib
import platform
import re
from typing import Any

import kernels
import numpy as np
import pytest

from dllab import catalogue
from dllab.core.kernel import Kernel
from dllab.core.settings import bounds_checked, jit_enabled
from dllab.optim import adagrad, adam, lion, rmsprop

MODULES = sorted({part.__module__ for part in catalogue.parts("optimizers").values()})
KERNELS = {
    value.title: value
    for module in map(importlib.import_module, MODULES)
    for value in vars(module).values()
    if isinstance(value, Kernel) and value.function.__module__ == module.__name__
}
FLAT = {title: k for title, k in KERNELS.items() if all(o.scalar or o.dims == ("P",) for o in k.operands)}
SCALARS = {"lr": 0.1, "t": 3, "norm": 5.0, "log1": np.log(0.9), "log2": np.log(0.999), "rest1": 0.1, "rest2": 0.001,
           "max_norm": 2.0, "eps": 1e-8}  # fmt: skip
LARGEST = {"optim.muon.orthogonalise"}


def operands(kernel: Kernel, dtype: str, count: int, **given: Any) -> dict[str, Any]:
    """Random vectors (never negative where a root is taken) and plausible numbers."""
    random = np.random.default_rng(7)
    found: dict[str, Any] = {}
    for operand in kernel.operands:
        if operand.scalar:
            found[operand.name] = SCALARS.get(operand.name, 0.9)
        else:
            values = random.normal(size=count)
            found[operand.name] = (values**2 if operand.name in "hv" else values).astype(dtype)
    return found | given


def test_every_kernel_but_the_product_is_flat() -> None:
    assert KERNELS.keys() - FLAT.keys() == LARGEST and len(FLAT) >= 12


@pytest.mark.skipif(not jit_enabled() or bounds_checked(), reason="about optimised machine code")
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="knows the names of x86 instructions")
@pytest.mark.parametrize("title", FLAT)
def test_float32_loops_are_packed_and_convert_nothing(title: str) -> None:
    code = kernels.assembly(FLAT[title])
    packed = [line for line in code.splitlines() if re.search(r"\bv\w+ps\b.*%[yz]mm", line)]
    assert packed, "no packed loop"
    assert not re.search(r"cvtps2pd|cvtpd2ps|cvtss2sd|cvtsd2ss", code), "numbers are widened"
    roots = sum("vsqrtps" in line for line in packed)  # not vrsqrtps, the estimate
    divisions = sum("vdivps" in line for line in packed)
    rooted = FLAT[title] in (adagrad.update, rmsprop.update)
    assert (roots, divisions) == ((1, 1) if rooted else (0, 0))
    estimated = FLAT[title] is adam.update or title == "optim.muon.update_rest"
    assert any("rsqrt" in line for line in packed) == any("vrcp" in line for line in packed) == estimated


@pytest.mark.parametrize("dtype", kernels.PRECISIONS)
@pytest.mark.parametrize("title", FLAT)
@pytest.mark.parametrize("count", [1, 16, 37])
def test_compiled_and_plain_agree(title: str, dtype: str, count: int) -> None:
    compiled, plain = operands(FLAT[title], dtype, count), operands(FLAT[title], dtype, count)
    kernels.run(FLAT[title], dtype, **compiled)
    kernels.plain(FLAT[title], dtype, **plain)
    for name, value in compiled.items():
        if isinstance(value, np.ndarray):
            rtol, atol = (1e-5, 1e-6) if dtype == "float32" else (1e-13, 1e-14)
            np.testing.assert_allclose(value, plain[name], rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize("title", FLAT)
def test_nan_in_any_vector_shows_in_the_result_and_nowhere_else(title: str) -> None:
    kernel = FLAT[title]
    vectors = [o.name for o in kernel.operands if not o.scalar]
    start, sound = operands(kernel, "float32", 37), operands(kernel, "float32", 37)
    kernels.run(kernel, **sound)
    written = [name for name in vectors if not np.array_equal(start[name], sound[name])]
    result = next(name for name in "pgx" if name in written)  # the parameters, or the gradient, or what muon steps along
    for name in vectors:
        if title == "optim.muon.look_ahead" and name == "x":
            continue  # written without being read
        given = operands(kernel, "float32", 37)
        given[name][20] = np.nan
        kernels.run(kernel, **given)
        assert np.isnan(given[result][20]), name
        if title != "optim.muon.look_ahead":  # there the norm carries it to all
            for n in vectors:
                np.testing.assert_array_equal(np.delete(given[n], 20), np.delete(sound[n], 20))


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.0), (0.5, 0.9), (0.9, 0.99999), (0.0, 0.999)])
@pytest.mark.parametrize("t", [1, 2, 3, 10, 100, 1000, 17_000, 10**6])
@pytest.mark.parametrize("dtype", kernels.PRECISIONS)
def test_adams_correction_is_exact_at_any_step(dtype: str, t: int, betas: tuple[float, float]) -> None:
    beta1, beta2 = betas
    logs = {f"log{i}": np.log(b) if b else -np.inf for i, b in ((1, beta1), (2, beta2))}
    numbers = {"lr": 0.01, "beta1": beta1, "rest1": 1 - beta1, "beta2": beta2, "rest2": 1 - beta2, "eps": 1e-8,
               "decay": 0.0, "t": t, **logs}  # fmt: skip
    given = operands(adam.update, dtype, 16) | numbers
    given["p"] = np.zeros(16, dtype)
    m, v, g = (given[name].astype(np.float64) for name in "mvg")
    kernels.run(adam.update, dtype, **given)
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    right1, right2 = -np.expm1(t * logs["log1"]), -np.expm1(t * logs["log2"])
    expected = -0.01 * (m / right1) / (np.sqrt(v / right2) + 1e-8)
    # The digits that m loses where its two terms cancel are not the correction's fault: allow for them apart.
    lost = np.finfo(dtype).eps * 0.01 * (np.abs(m) + np.abs(g)) / right1 / np.sqrt(v / right2)
    assert np.all(np.abs(given["p"] - expected) <= 8 * np.finfo(dtype).eps * np.abs(expected) + 2 * lost)


def test_lion_goes_by_the_sign_and_stands_still_at_zero() -> None:
    zero = np.zeros(3, np.float32)
    given = operands(lion.update, "float32", 3, p=zero.copy(), m=zero.copy(), g=np.array([1e-30, -4.0, 0.0], np.float32))
    kernels.run(lion.update, **given)
    np.testing.assert_allclose(given["p"], [-0.1, 0.1, 0.0], rtol=1e-6)
