"""scikit-learn: MLPClassifier, whole epochs of its own loop."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping

import numpy as np
from sklearn.neural_network import MLPClassifier

from dllab.lab.bench_cases import BenchCase
from dllab.lab.peers import Contender

EPOCHS, LEAST_ROWS = 20, 1024


def contenders(case: BenchCase) -> Mapping[str, Contender]:
    """`scikit-learn`; nothing for nets it cannot build."""
    if case.sizes is None:
        return {}
    rng = np.random.default_rng(0)
    rows = max(LEAST_ROWS, case.batch)
    x = rng.normal(size=(rows, *case.input)).astype(np.float32)
    y = rng.integers(0, case.classes, rows)
    hidden = case.sizes[1:-1]
    steps = EPOCHS * (rows // case.batch)

    def round_() -> float:
        net = MLPClassifier(hidden, batch_size=case.batch, max_iter=EPOCHS, n_iter_no_change=10**6, tol=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that so few epochs have not converged
            start = time.perf_counter()
            net.fit(x, y)
            return (time.perf_counter() - start) / steps

    return {"scikit-learn": round_}
