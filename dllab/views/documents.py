"""Numbers in JSON documents: what is no number, or infinite, becomes null."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """A number, or an array as lists of numbers."""
    if isinstance(value, np.ndarray):
        return [plain(part) for part in value] if value.ndim > 1 or not np.isfinite(value).all() else value.tolist()
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, np.integer):
        return int(value)
    return float(value) if np.isfinite(value) else None
