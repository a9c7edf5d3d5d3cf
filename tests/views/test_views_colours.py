"""The colour maps: in order by lightness, and apart for those who do not tell red from green."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.color import Color, ColorSystem

from dllab.views import colours

DEUTERANOPE = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
"""How a person without green cones sees linear red, green and blue (Machado, Oliveira and Fernandes 2009)."""
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, seen: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """CIE L*a*b* of a colour, as it is or as it is seen."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    x, y, z = np.cbrt(XYZ @ ((seen if seen is not None else np.eye(3)) @ linear).clip(0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_amounts_grow_brighter_and_signed_numbers_darker_on_both_sides() -> None:
    light = [lab(colours.amount(i / 50))[0] for i in range(51)]
    assert np.all(np.diff(light) > 0) and light[0] < 15 and light[-1] > 90
    for sign in (-1, 1):
        light = [lab(colours.signed(sign * i / 50))[0] for i in range(51)]
        assert np.all(np.diff(light) < 0) and light[0] > 95


@pytest.mark.parametrize("few", [False, True])
def test_colours_stay_apart_without_green_cones(few: bool) -> None:
    """A distance of 2.3 is just seen."""
    amounts = [lab(colours.amount(i / 7, few), DEUTERANOPE) for i in range(8)]
    signed = [lab(colours.signed(i / 4 - 1, few), DEUTERANOPE) for i in range(9)]
    for seen in (amounts, signed):
        distances = [float(np.linalg.norm(a - b)) for i, a in enumerate(seen) for b in seen[:i]]
        assert min(distances) > 8
    opposite = [float(np.linalg.norm(signed[i] - signed[8 - i])) for i in range(4)]
    assert min(opposite) > 12 and opposite[0] > 60


def test_ends_and_middle() -> None:
    assert (colours.amount(0), colours.amount(1)) == ("#081b47", "#ffeb54")
    assert (colours.signed(-1), colours.signed(0), colours.signed(1)) == ("#00569f", "#f5f5f5", "#9d5300")
    assert (colours.grey(0), colours.grey(0.5), colours.grey(1)) == ("#000000", "#808080", "#ffffff")
    assert colours.amount(-3) == colours.amount(0) and colours.signed(7) == colours.signed(1)
    assert colours.amount(0.5, few=True) == "#808080" and colours.signed(0, few=True) == "#ffffff"


def test_the_few_are_colours_that_256_have() -> None:
    for colour in colours.FEW_AMOUNT + colours.FEW_SIGNED:
        palette = Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT)
        assert palette.get_truecolor().hex == colour
    light = [lab(colour)[0] for colour in colours.FEW_AMOUNT]
    assert np.all(np.diff(light) > 4)
    light = [lab(colour)[0] for colour in colours.FEW_SIGNED]
    assert np.all(np.diff(light[:5]) > 4) and np.all(np.diff(light[4:]) < -4)


def test_letters_are_legible_on_every_colour() -> None:
    for colour in [colours.amount(i / 20) for i in range(21)] + [colours.signed(i / 10 - 1) for i in range(21)]:
        assert abs(lab(colour)[0] - lab(colours.contrast(colour))[0]) > 40
