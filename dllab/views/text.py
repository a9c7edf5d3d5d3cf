"""Numbers as people read them."""

from __future__ import annotations

import math

from dllab.catalogue import parts

SHARES = ("accuracy", "sequence_accuracy")
"""Metrics shown in percent."""
LONG = 12
"""Names of metrics longer than this are shown by their short label, where they have one."""


def number(value: float | None, digits: int = 4) -> str:
    """Four significant digits, no more than 9 characters: 0.1234, 12.3, 1.2e-05, nan."""
    if value is None or math.isnan(value):
        return "nan"
    return f"{value:.{digits}g}"


def written(value: float | None, digits: int = 4) -> str:
    """As in a text: digits significant ones, thousands apart up to ten millions: 0.1234, 3,860, 1.2e+08."""
    if value is None or not 1000 <= abs(value) < 1e7:
        return number(value, digits)
    return f"{float(number(value, digits)):,.0f}"


def count(number: int, one: str) -> str:
    """1 epoch, 2 epochs, 1,000 steps."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def figure(metric: str, value: object) -> str:
    """A metric's value: accuracy in percent, other figures as numbers."""
    if not isinstance(value, int | float):
        return "-"
    if metric in SHARES and math.isfinite(value):
        return percent(float(value))
    return number(float(value))


def heading(metric: str) -> str:
    """What a metric is called on a line where room is short: bits/char for bits_per_character."""
    label = getattr(parts("metrics").get(metric), "label", "")
    return str(label or metric) if len(metric) > LONG else metric


def percent(share: float) -> str:
    """97.3 %; never rounded up to 100 %, nor down to 0."""
    if 0 < share < 0.0005:
        return f"{100 * share:.1g} %"
    shown = f"{100 * share:.1f}"
    return f"{shown if shown != '100.0' or share >= 1 else '99.9'} %".replace(".0 %", " %")


def duration(seconds: float) -> str:
    """0.034 s, 12.3 s, 2:05, 1:02:03."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 60:
        return f"{seconds:.3g} s" if seconds >= 0.001 else "0 s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def rate(steps: float, seconds: float) -> str:
    """12,345 steps/s; three significant digits of slow ones."""
    if seconds <= 0:
        return ""
    speed = steps / seconds
    return f"{speed:,.0f} steps/s" if speed >= 100 else f"{speed:.3g} steps/s"
