"""Pictures side by side, two pixels a character by half blocks: grey, coloured, or blue and orange for signed numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.views import colours
from dllab.views.labels import cut
from dllab.views.scale import NAN, Scale

WIDEST = 32  # pixels of a picture in a line; of wider ones every second pixel is shown, or every third, ...
INK = 0.4  # an 8 x 8 digit, thresholded there, is still legible
NAME = 12  # cells that a name above a picture may make it wider
INDENT, GAP = 2, 2


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures (N, H, W) or (N, H, W, C), as many beside each other as there is room for; `names` above and
    `captions` below, each of a line or of several.

    Three channels are red, green and blue. signed: 0 is in the middle of the scale. per_image_scale: each picture from its
    own lowest to its own highest value. zoom: cells a pixel is wide. two_tone: without colour half blocks, for what is
    brighter than INK, in place of shades, which are coarser but show more than two. most_lines: of pictures (0: all).
    legend: a line with the scale below.
    """

    images: NDArray[Any]
    names: Sequence[str] = ()
    captions: Sequence[str] = ()
    signed: bool = False
    widest: int = WIDEST
    per_image_scale: bool = False
    low: float | None = None
    high: float | None = None
    zoom: int = 1
    two_tone: bool = False
    most_lines: int = 0
    legend: bool = False
    unit: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines of pictures, each with names and captions."""
        images = np.asarray(self.images, np.float64)
        images = images[..., np.newaxis] if images.ndim == 3 else images
        if images.ndim != 4 or not images.size:
            yield Text("  (no pictures)")
            return
        scale = self._scale(images, colours.few(console))
        step = max(1, -(-images.shape[2] * self.zoom // max(1, min(self.widest * self.zoom, options.max_width - INDENT))))
        images = images[:, ::step, ::step].repeat(self.zoom, axis=1).repeat(self.zoom, axis=2)
        colour, width = colours.coloured(console, options), images.shape[2]
        texts = [*self.names, *self.captions]
        longest = max((cell_len(line) for text in texts for line in str(text).split("\n")), default=0)
        slot = min(max(width, min(longest, NAME)), max(1, options.max_width - INDENT))
        fit = max(1, (options.max_width - INDENT) // (slot + GAP))
        for first in range(0, min(len(images), self.most_lines * fit or len(images)), fit):
            if first and not self.most_lines and not any(self.captions):
                yield Text()  # else a picture would seem to go on in the one below it
            some = [self._drawn(image, scale, colour, options.ascii_only) for image in images[first : first + fit]]
            yield from self._names(self.names[first : first + fit], slot, options.ascii_only)
            for row in range(len(some[0])):
                line = Text(" " * INDENT, no_wrap=True, overflow="crop")
                for lines in some:
                    for style, run in groupby(lines[row], key=lambda cell: cell[1]):
                        line.append("".join(character for character, _ in run), style)
                    line.append(" " * (slot - width + GAP))
                line.rstrip()
                yield line
            yield from self._names(self.captions[first : first + fit], slot, options.ascii_only)
        if self.legend:
            room = max(1, options.max_width - INDENT)
            legend = self._legend(scale, colour, options.ascii_only)
            yield from (Text(" " * INDENT) + line for line in legend.wrap(console, room))

    def _scale(self, images: NDArray[Any], few: bool) -> Scale:
        low = self.low
        if low is None and not self.signed:
            low = min(0.0, Scale.of(images).low)
        return Scale.of(images, low, self.high, self.signed, few)

    def _names(self, names: Sequence[str], slot: int, ascii_only: bool) -> Iterator[Text]:
        for line in zip_longest(*(str(name).split("\n") for name in names), fillvalue="") if any(names) else ():
            cells = "".join(set_cell_size(cut(part, slot, ascii_only), slot + GAP) for part in line)
            yield Text(" " * INDENT + cells.rstrip(), no_wrap=True, overflow="crop")

    def _drawn(self, image: NDArray[Any], scale: Scale, colour: bool, ascii_only: bool) -> list[list[tuple[str, str]]]:
        """The lines of one picture (H, W, C), each of cells with their styles."""
        if self.per_image_scale:
            scale = Scale.of(image, None, None, self.signed, scale.few)
        shares = scale.shares(image)
        lines = []
        for row in range(0, len(shares), 2):
            upper, lower = shares[row], shares[row + 1] if row + 1 < len(shares) else None
            lines.append(
                list(self._halves(upper, lower, scale) if colour else self._plain(upper, lower, scale, ascii_only))
            )
        return lines

    def _halves(self, upper: NDArray[Any], lower: NDArray[Any] | None, scale: Scale) -> Iterable[tuple[str, str]]:
        """Cells of two rows of pixels (W, C) in colour; of the last row if nothing is below."""
        for column, pixel in enumerate(upper):
            if np.isnan(pixel).any() or (lower is not None and np.isnan(lower[column]).any()):
                yield NAN, ""
            else:
                below = "" if lower is None else f" on {self._colour(lower[column], scale)}"
                yield "▀", self._colour(pixel, scale) + below

    def _plain(
        self, upper: NDArray[Any], lower: NDArray[Any] | None, scale: Scale, ascii_only: bool
    ) -> Iterable[tuple[str, str]]:
        """Cells of two rows of pixels without colour."""
        above = _bright(upper)
        below = np.zeros_like(above) if lower is None and self.two_tone else above if lower is None else _bright(lower)
        for a, b in zip(above, below):
            if self.two_tone and not ascii_only and not np.isnan(a + b):
                yield " ▄▀█"[2 * (a > INK) + (b > INK)], ""
            else:
                yield scale.shade((a + b) / 2, ascii_only), ""

    def _colour(self, pixel: NDArray[Any], scale: Scale) -> str:
        """The colour of a pixel (C,) of shares."""
        if len(pixel) == 3:
            red, green, blue = (255 * pixel).round().astype(int)
            return f"#{red:02x}{green:02x}{blue:02x}"
        return scale.colour(float(pixel.mean())) if self.signed else colours.grey(float(pixel.mean()))

    def _legend(self, scale: Scale, colour: bool, ascii_only: bool) -> Text:
        line = Text()
        if self.per_image_scale and self.signed:
            return line.append("each picture on its own scale: ").append_text(scale.key(colour, ascii_only))
        if self.per_image_scale:
            return line.append("each picture on its own scale: from its lowest to its highest")
        if colour and not self.signed:
            return line.append(f"black {scale.low:.3g}, white {scale.high:.3g} {self.unit}".rstrip())
        return line.append_text(scale.legend(colour, ascii_only, self.unit))


def _bright(row: NDArray[Any]) -> NDArray[Any]:
    """How bright pixels (W, C) look."""
    bright: NDArray[Any] = row @ np.array(colours.LUMA) if row.shape[1] == 3 else row.mean(axis=1)
    return bright
