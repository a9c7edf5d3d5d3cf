"""Muon: the step it makes of a matrix, and what it takes for one."""

from __future__ import annotations

import kernels
import numpy as np
import pytest
from by_hand import batches, net_with
from hypothesis import given, settings
from hypothesis import strategies as st

from dllab.optim import muon

SHAPES = [(8, 8), (3, 20), (20, 3), (1, 9), (9, 1), (32, 48), (48, 32)]


def orthogonalised(x: np.ndarray) -> np.ndarray:
    """What the kernel makes of x."""
    small, dtype = min(x.shape), x.dtype
    found, scratch = x.copy(), np.empty_like(x)
    a, b = np.empty((small, small), dtype), np.empty((small, small), dtype)
    kernels.run(muon.orthogonalise, dtype.name, x=found, y=scratch, a=a, b=b)
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_singular_values_come_near_one_and_singular_vectors_stay(shape: tuple[int, int], dtype: str) -> None:
    random = np.random.default_rng(sum(shape))
    u, _, v = np.linalg.svd(random.normal(size=shape), full_matrices=False)
    sizes = np.geomspace(1.0, 0.02, len(v))
    x = (u * (sizes / np.linalg.norm(sizes))) @ v
    found = orthogonalised(np.ascontiguousarray(x, dtype)).astype(np.float64)
    values = np.linalg.svd(found, compute_uv=False)
    assert values.min() > 0.6 and values.max() < 1.3
    inside = u.T @ found @ v.T  # diagonal if the directions are the same
    np.testing.assert_allclose(inside - np.diag(np.diagonal(inside)), 0.0, atol=1e-4 if dtype == "float32" else 1e-12)
    assert np.diagonal(inside).min() > 0


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6))
def test_random_gradients_of_any_shape(rows: int, columns: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(rows, columns))
    x /= np.linalg.norm(x)
    large = np.linalg.svd(x, compute_uv=False) > 0.02  # smaller ones need more than five rounds
    values = np.linalg.svd(orthogonalised(x), compute_uv=False)
    assert np.all(values < 1.3) and np.all(values[large] > 0.6)


def test_steps_of_the_net_are_orthogonal_and_scaled_by_the_shape() -> None:
    net = net_with({"muon": 0.02})
    for x, y in batches(4, rows=32):
        before = {label: p.copy() for label, p in net.parameters.items()}
        net.step(x, y)
        for label, scale in (("0_dense.w", np.sqrt(7 / 5)), ("2_dense.w", 1.0)):
            step = (before[label] - net.parameters[label]) / (0.02 * scale)
            values = np.linalg.svd(step, compute_uv=False)
            assert values.min() > 0.6 and values.max() < 1.3, label


def test_a_gradient_of_zero_moves_nothing() -> None:
    net = net_with({"muon": 0.02})
    before = {label: p.copy() for label, p in net.parameters.items()}
    for p in net.parameters.values():
        p[...] = 0.0
    net.step(np.zeros((2, 5)), np.zeros((2, 3)))
    assert all(not p.any() for p in net.parameters.values()), before


def test_only_parameters_of_two_axes_are_matrices() -> None:
    rows = [row for row in net_with("muon").plan.program("train").rows if row.kernel is not None]
    matrices = [row.operands["x"].shape for row in rows if row.kernel is muon.orthogonalise]
    rest = [row.operands["p"].shape for row in rows if row.kernel is muon.update_rest]
    assert matrices == [(5, 7), (7, 3)] and rest == [(7,), (3,)]
