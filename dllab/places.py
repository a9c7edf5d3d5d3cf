"""Where the recipes and data sets that come with the lab lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).resolve().parent


def folder(kind: Literal["recipes", "datasets"]) -> Path:
    """The folder of shipped recipes or data sets.

    An installed wheel carries them inside the package (`dllab/shipped/<kind>`); a checkout keeps them at its top
    level. Raises FileNotFoundError, naming both places, where there is neither.
    """
    candidates = (PACKAGE / "shipped" / kind, PACKAGE.parent / kind)
    for place in candidates:
        if place.is_dir():
            return place
    looked = " or ".join(str(place) for place in candidates)
    raise FileNotFoundError(f"the lab's own {kind} are missing: expected {looked}; reinstall dllab")
