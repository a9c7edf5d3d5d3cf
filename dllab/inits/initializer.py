"""What an initializer is: options, and a function from shape, fans and key to numbers."""

from __future__ import annotations

import numpy as np

from dllab.catalogue import Part


class Initializer(Part):
    """Base of all initializers."""

    group = "the same for layers of any size"

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """Float64 values of that shape. `fans`: numbers of inputs and outputs of one unit; `key`: see core/rng.py."""
        raise NotImplementedError
