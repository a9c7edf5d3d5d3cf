"""Normal numbers by key against scipy."""

from __future__ import annotations

import numpy as np
from scipy import special

from dllab.core import rng
from dllab.core.normal import erfinv, normal_at


def test_the_inverse_of_the_error_function() -> None:
    x = np.concatenate([np.linspace(-1, 1, 4001)[1:-1], 1 - 2.0 ** -np.arange(1, 53), 2.0 ** -np.arange(1, 53) - 1])
    found = np.array([erfinv(float(value)) for value in x])
    far = np.abs(x) > 1 - 2.0**-23  # 5.3 deviations of the normal distribution and more
    np.testing.assert_allclose(found[~far], special.erfinv(x[~far]), rtol=2e-6)
    np.testing.assert_allclose(found[far], special.erfinv(x[far]), rtol=0.1)


def test_they_are_quantiles_of_the_uniform_numbers() -> None:
    key = rng.key(3, rng.STREAM_AUGMENT, 8)
    found = [normal_at(key, i) for i in range(2000)]
    np.testing.assert_allclose(found, special.ndtri(rng.uniform(key, 2000) + 2.0**-54), rtol=2e-6, atol=1e-9)
