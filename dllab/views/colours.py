"""Colour maps: numbers to colours that keep their order for every kind of colour vision, and on grey paper.

Their points lie on straight lines of OKLab, the colour space in which equal steps look equally large: from dark blue
over grey to yellow for amounts (only the lightness and blue against yellow change, as in cividis), from blue over nearly
white to orange for numbers with a sign (the further from 0 the darker).
"""

from __future__ import annotations

from rich.console import Console, ConsoleOptions

AMOUNT = ("#081b47", "#1f3260", "#3c4b6d", "#5c6476", "#7d7d7d", "#9e987b", "#c1b375", "#e6cf69", "#ffeb54")
SIGNED = (
    "#00569f", "#3c7ebe", "#70a6de", "#b3ceeb", "#f5f5f5", "#eec8a9", "#e49959", "#c07630", "#9d5300",
)  # fmt: skip
FEW_AMOUNT = ("#00005f", "#000087", "#444444", "#5f5f87", "#808080", "#afaf87", "#d7d75f", "#ffff5f")
FEW_SIGNED = (
    "#005faf", "#5f87d7", "#87afd7", "#afd7ff", "#ffffff", "#ffd7af", "#ffaf5f", "#d78700", "#af5f00",
)  # fmt: skip
"""Near these, those that a terminal of 256 colours has: the nearest to a colour between them may be green or pink."""

LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue look, by ITU-R BT.601


def amount(share: float, few: bool = False) -> str:
    """The colour of a share from 0, dark blue, to 1, yellow; `few`: one of those that 256 colours have."""
    return _nearest(FEW_AMOUNT, share) if few else _between(AMOUNT, share)


def signed(value: float, few: bool = False) -> str:
    """The colour of a number from -1, blue, over 0, nearly white, to 1, orange; `few`: as above."""
    return _nearest(FEW_SIGNED, (value + 1) / 2) if few else _between(SIGNED, (value + 1) / 2)


def grey(share: float) -> str:
    """A grey from 0, black, to 1, white."""
    return _between(("#000000", "#ffffff"), share)


def mixed(first: str, second: str, share: float) -> str:
    """A colour between two: from the first, 0, to the second, 1."""
    return _between((first, second), share)


def contrast(colour: str) -> str:
    """The colour of letters that are legible on this one: black or white."""
    bright = sum(weight * part for weight, part in zip(LUMA, _parts(colour)))
    return "#000000" if bright > 127 else "#ffffff"


def coloured(console: Console, options: ConsoleOptions) -> bool:
    """Whether a map can be told by its colours: 16 of a terminal's own choice do not do."""
    return console.color_system in ("256", "truecolor") and not console.no_color and not options.ascii_only


def few(console: Console) -> bool:
    """Whether the terminal has 256 colours only."""
    return console.color_system == "256"


def _nearest(points: tuple[str, ...], share: float) -> str:
    return points[round(min(max(share, 0.0), 1.0) * (len(points) - 1))]


def _between(points: tuple[str, ...], share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(points) - 1)
    first = min(int(place), len(points) - 2)
    pairs = zip(_parts(points[first]), _parts(points[first + 1]))
    return "#" + "".join(f"{round(a + (b - a) * (place - first)):02x}" for a, b in pairs)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
