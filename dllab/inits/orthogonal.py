"""Orthogonal: weights that turn and mirror, and stretch nothing."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dllab.core import rng
from dllab.core.blas_threads import one_for_now
from dllab.inits.initializer import Initializer


class Orthogonal(Initializer):
    """Orthogonal: a matrix whose rows or columns, whichever are fewer, are orthonormal, times `gain`.

    Every singular value is `gain`, so a deep linear net or a recurrent one neither shrinks nor blows up any direction at
    the start. Drawn uniformly from all such matrices: Q of the QR decomposition of a normal matrix, each column with the
    sign of R's diagonal. Weights of more than two axes count as a matrix (product of the leading axes, last axis), those
    of one axis as a single row.

        - dense: {units: 32, init: orthogonal}
        - dense: {units: 32, init: {orthogonal: 1.41}}

    Options:

    - gain: every singular value; sqrt(2) before ReLU.

    Source: Saxe, McClelland, Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks (2014); for the signs Mezzadri, How to generate random matrices from the classical compact groups (2007).
    """

    name = "orthogonal"
    group = "suited to the size of the layer"
    main: ClassVar[str | None] = "gain"
    gain: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """A scaled orthogonal matrix of that shape; `fans` do not matter."""
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = rng.normal(key, rows * columns).reshape(max(rows, columns), min(rows, columns))
        with one_for_now():  # with more threads LAPACK gives other bits
            q, r = np.linalg.qr(tall)
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)
