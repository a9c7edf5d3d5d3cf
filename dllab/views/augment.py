"""Training rows before and after a recipe's augmentations: small pictures, curves, or lines of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.augmented import Augmented, Draw, Sample
from dllab.recipe.dump import brief, plain_value
from dllab.views.histogram import ASCII_BARS, BARS
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.scale import ASCII_SHADES

GAP = 2
BLOCKS = " ░▒▓█"
HEIGHT = 2  # lines of a curve
MOST_NUMBERS = 6  # of a row of a table

Array = NDArray[Any]


def augment_view(found: Augmented, reference: str) -> RenderableType:
    """Every sample as it is and as it comes in the first epochs. `reference`: what the user calls the recipe."""
    kinds: dict[str, type[Pictures | Curves | Numbers]] = {"picture": Pictures, "signal": Curves, "table": Numbers}
    epochs = len(found.samples[0].draws)
    when = "the first epoch" if epochs == 1 else f"{epochs} epochs"
    blocks: list[RenderableType] = [
        Text.assemble((found.recipe, "bold"), f": augment: [{', '.join(map(brief, found.parts))}]"),
        Text(f"{found.frame}, as they are and as the net sees them in {when} (seed {found.seed})"),
    ]
    for sample in found.samples:
        blocks += [
            Text(),
            Text(f"row {sample.row}: {found.said(sample.row)}", "bold"),
            kinds[found.frame.kind](found, sample),
        ]
    steps = [
        (f"dllab train {reference}", "train on them; figures are of rows as they are"),
        ("dllab augmentations", "all there are"),
    ]
    return Group(Plain(Group(*blocks)), Text(), NextSteps(steps))


def document(found: Augmented) -> dict[str, Any]:
    """The JSON document: numbers as the net sees them, in the shape of the inputs."""
    return {
        "recipe": found.recipe,
        "augment": [plain_value(part) for part in found.parts],
        "seed": found.seed,
        "kind": found.frame.kind,
        "input_shape": list(found.data.dataset.input_shape),
        "samples": [_sample(found, sample) for sample in found.samples],
    }


def _sample(found: Augmented, sample: Sample) -> dict[str, Any]:
    shape = found.data.dataset.input_shape
    draws = [
        {
            "epoch": draw.epoch,
            "step": draw.step,
            "values": draw.values.reshape(shape).tolist(),
            "partner": draw.partner,
            "partner_target": None if draw.partner is None else found.said(draw.partner),
            "weight": draw.weight,
        }
        for draw in sample.draws
    ]
    target = found.said(sample.row)
    return {"row": sample.row, "target": target, "values": sample.before.reshape(shape).tolist(), "draws": draws}


def _shares(found: Augmented, sample: Sample, draw: Draw) -> list[str]:
    """`83 % 7`, `17 % 3`: whose targets a draw has; nothing where rows are not mixed."""
    if draw.partner is None or draw.weight is None:
        return []
    return [
        f"{100 * share:.0f} % {found.said(row)}"
        for row, share in ((sample.row, draw.weight), (draw.partner, 1 - draw.weight))
    ]


def _titles(sample: Sample) -> list[str]:
    return ["as it is", *(f"epoch {draw.epoch}" for draw in sample.draws)]


@dataclass(frozen=True)
class Pictures:
    """A picture and its draws side by side: half blocks in their colours, or shades where there is no colour."""

    found: Augmented
    sample: Sample

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Titles, pictures, and under them how they are mixed; what does not fit beside goes on below."""
        frame, colour = self.found.frame, console.color_system is not None and not console.no_color
        count = len(self.sample.draws) + 1
        room = max((options.max_width - GAP) // count - GAP, 8)
        block = -(-frame.width // min(max(room, 8), options.max_width - GAP))
        pictures = [self._scaled(values, block) for values in self._values()]
        width = max(pictures[0].shape[1], min(room, 16))
        fit = max(1, (options.max_width - GAP) // (width + GAP))
        notes = [[], *(_shares(self.found, self.sample, draw) for draw in self.sample.draws)]
        titles = _titles(self.sample)
        for first in range(0, count, fit):
            some = slice(first, first + fit)
            yield _beside([Text(title) for title in titles[some]], width)
            for row in range(0, pictures[0].shape[0], 2):
                yield _beside([_line(p, row, options.ascii_only, colour) for p in pictures[some]], width)
            for note in range(max(map(len, notes[some]))):
                yield _beside([Text(lines[note] if note < len(lines) else "") for lines in notes[some]], width)

    def _values(self) -> Iterator[Array]:
        yield self.sample.before
        yield from (draw.values for draw in self.sample.draws)

    def _scaled(self, values: Array, block: int) -> Array:
        """The picture from 0 to 1, (H, W, C), each `block` x `block` pixels made one."""
        frame, inputs = self.found.frame, self.found.data.dataset.columns["inputs"]
        low, high = float(inputs.min()), float(inputs.max())
        x = self.found.raw(values).astype(np.float64).reshape(frame.height, frame.width, frame.channels)
        x = np.clip((x - low) / ((high - low) or 1.0), 0.0, 1.0)
        height, width = -(-frame.height // block), -(-frame.width // block)
        padded = np.pad(x, ((0, height * block - frame.height), (0, width * block - frame.width), (0, 0)), mode="edge")
        means: Array = padded.reshape(height, block, width, block, frame.channels).mean(axis=(1, 3))
        return means


def _beside(cells: list[Text], width: int) -> Text:
    """Texts side by side, each in its column."""
    line = Text(" " * GAP, no_wrap=True)
    for cell in cells:
        cell.truncate(width, overflow="crop")
        cell.pad_right(width + GAP - cell.cell_len)
        line.append_text(cell)
    line.rstrip()
    return line


def _line(picture: Array, row: int, ascii_only: bool, colour: bool) -> Text:
    """Two rows of pixels as a line of text."""
    line = Text(no_wrap=True)
    lower = picture[row + 1] if row + 1 < len(picture) else picture[row] * 0
    for a, b in zip(picture[row], lower):
        if colour:
            line.append("▀", f"{_style(a)} on {_style(b)}")
        else:
            signs = ASCII_SHADES if ascii_only else BLOCKS
            line.append(signs[round(float(a.mean() + b.mean()) / 2 * (len(signs) - 1))])
    return line


def _style(pixel: Array) -> str:
    red, green, blue = (round(255 * float(c)) for c in (pixel if len(pixel) == 3 else [pixel.mean()] * 3))
    return f"rgb({red},{green},{blue})"


@dataclass(frozen=True)
class Curves:
    """A signal and its draws one below the other, on one scale; of several channels the first."""

    found: Augmented
    sample: Sample

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Two lines for each curve, then how it is mixed."""
        bars = ASCII_BARS if options.ascii_only else BARS
        frame, sample = self.found.frame, self.sample
        curves = [self._curve(values, -(-frame.width // max(options.max_width - 40, 20)))
                  for values in (sample.before, *(draw.values for draw in sample.draws))]  # fmt: skip
        low, high = min(float(c.min()) for c in curves), max(float(c.max()) for c in curves)
        notes = ["", *(", ".join(_shares(self.found, sample, draw)) for draw in sample.draws)]
        for title, curve, note in zip(_titles(sample), curves, notes):
            levels = ((curve - low) / ((high - low) or 1.0) * (HEIGHT * (len(bars) - 1))).round().astype(int)
            for line in reversed(range(HEIGHT)):
                signs = "".join(bars[min(max(int(n) - line * (len(bars) - 1), 0), len(bars) - 1)] for n in levels)
                head, end = ("", "") if line else (title, f"  {note}")
                yield Text(f"  {head:<10}{signs}{end}".rstrip(), no_wrap=True)

    def _curve(self, values: Array, block: int) -> Array:
        frame = self.found.frame
        curve = self.found.raw(values).astype(np.float64).reshape(frame.width, frame.channels)[:, 0]
        padded = np.pad(curve, (0, -len(curve) % block), mode="edge")
        means: Array = padded.reshape(-1, block).mean(axis=1)
        return means


@dataclass(frozen=True)
class Numbers:
    """The numbers of a row of a table, and of its draws, in the unit of the data set."""

    found: Augmented
    sample: Sample

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line for each, with how it is mixed; as many numbers as there is room for."""
        features = self.found.data.dataset.features
        notes = ["", *(", ".join(_shares(self.found, self.sample, draw)) for draw in self.sample.draws)]
        count = min(MOST_NUMBERS, max(1, (options.max_width - 14 - max(*map(len, notes), 8)) // 10))
        more = f"  {len(features) - count} more" if len(features) > count else ""
        yield Text(f"  {'':<10}" + "".join(f"{name[:9]:>10}" for name in features[:count]) + more, no_wrap=True)
        rows = (self.sample.before, *(draw.values for draw in self.sample.draws))
        for title, values, note in zip(_titles(self.sample), rows, notes):
            numbers = "".join(f"{number:>10.4g}" for number in self.found.raw(values)[:count])
            yield Text(f"  {title:<10}{numbers}  {note}".rstrip(), no_wrap=True)
