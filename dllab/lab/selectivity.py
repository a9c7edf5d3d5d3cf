"""How far the channels of a layer answer to one class alone.

    selectivity = (m1 - m2) / (m1 + m2)

m1 is a channel's mean output for the class that it answers to most, m2 its mean over the means of all others: 0 for a
channel that is the same for all classes, 1 for one that is silent for all but one. For outputs that are not below 0.

Source: Morcos, Barrett, Rabinowitz, Botvinick, On the importance of single directions for generalization (2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def selectivity(outputs: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Of every channel (C,), from outputs (N, ..., C) of examples with labels (N,); 0 for one that is always silent."""
    each = np.asarray(outputs, np.float64).reshape(len(outputs), -1, outputs.shape[-1]).mean(axis=1)  # (N, C)
    if each.min(initial=0) < 0:
        raise ValueError("selectivity is defined for outputs that are not below 0, such as those of relu")
    means = np.sort([each[labels == label].mean(axis=0) for label in np.unique(labels)], axis=0)  # (K, C)
    most, others = means[-1], means[:-1].mean(axis=0)
    return np.asarray(np.divide(most - others, most + others, out=np.zeros_like(most), where=most + others > 0))
