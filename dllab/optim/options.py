"""Ranges of options that several optimizers share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.catalogue import Fraction

Beta = Fraction
"""How much of a running mean is kept at every step, from 0 (nothing) to below 1."""

Epsilon = Annotated[float, Field(gt=0, le=1)]
"""What keeps a denominator away from 0."""

Strength = Annotated[float, Field(ge=0, le=1e6)]
"""The weight of a penalty or the rate of a decay; 0 is none."""
