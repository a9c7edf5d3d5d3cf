"""Plain YAML scalars to values, by the core schema of YAML 1.2.

In YAML 1.1 `1e-3` is a text and `no` is a boolean; here `1e-3` is the number 0.001 and `no` a text.
Source: YAML 1.2.2 specification, section 10.3.2, with integers limited to 64 bits and floats to those that exist.
"""

from __future__ import annotations

import math
import re

NULLS = {"", "~", "null", "Null", "NULL"}
TRUE = {"true", "True", "TRUE"}
FALSE = {"false", "False", "FALSE"}
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
NOT_A_NUMBER = {".nan", ".NaN", ".NAN"}
LARGEST_INT = 2**63 - 1


class OutOfRange(ValueError):
    """A number the lab cannot hold; the text says the limit."""


def resolve(text: str) -> bool | int | float | str | None:
    """The value of a plain (unquoted) scalar. Raises OutOfRange for integers over 64 bits and floats over 1.8e308."""
    if text in NULLS:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if INTEGER.fullmatch(text):
        return _integer(text, 10)
    if OCTAL.fullmatch(text):
        return _integer(text[2:], 8)
    if HEXADECIMAL.fullmatch(text):
        return _integer(text[2:], 16)
    if FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise OutOfRange("the largest number is about 1.8e308; infinity is written .inf")
        return value
    if INFINITY.fullmatch(text):
        return -math.inf if text[0] == "-" else math.inf
    return math.nan if text in NOT_A_NUMBER else text


def checked_int(value: int) -> int:
    """The integer itself if it fits 64 bits. Raises OutOfRange."""
    if abs(value) > LARGEST_INT:
        raise OutOfRange(f"the largest whole number is {LARGEST_INT:,}")
    return value


def _integer(digits: str, base: int) -> int:
    # Checked by length first: int() itself refuses, or takes quadratic time on, thousands of digits.
    if len(digits.lstrip("+-0")) > 64:
        raise OutOfRange(f"the largest whole number is {LARGEST_INT:,}")
    return checked_int(int(digits, base))
