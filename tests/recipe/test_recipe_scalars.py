"""Plain scalars mean what YAML 1.2 says, not what YAML 1.1 said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dllab.recipe.scalars import OutOfRange, resolve

VALUES = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "False": False,
    "yes": "yes",
    "no": "no",
    "on": "on",
    "12": 12,
    "-3": -3,
    "+7": 7,
    "010": 10,
    "0o10": 8,
    "0x1f": 31,
    "1_000": "1_000",
    "1:30": "1:30",
    "1e-3": 0.001,
    "1e3": 1000.0,
    "1.": 1.0,
    ".5": 0.5,
    "-.inf": -math.inf,
    ".Inf": math.inf,
    "e5": "e5",
    ".": ".",
    "-": "-",
    "1e": "1e",
    "nan": "nan",
    "2001-01-01": "2001-01-01",
    "١٢": "١٢",
}


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_core_schema(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value and type(found) is type(value)


def test_not_a_number() -> None:
    found = resolve(".nan")
    assert isinstance(found, float) and math.isnan(found)


@pytest.mark.parametrize("text", ["9" * 19, "-" + "9" * 30, "0x" + "f" * 16, "9" * 10_000, "1e999", "-1e400"])
def test_numbers_the_lab_cannot_hold(text: str) -> None:
    with pytest.raises(OutOfRange, match="the largest"):
        resolve(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back(value: float) -> None:
    assert resolve(repr(value)) == value


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_integers_read_back(value: int) -> None:
    assert resolve(str(value)) == value
