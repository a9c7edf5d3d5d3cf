"""What does a convolution calculate, and what if the picture is shifted?

A filter of k x k weights lies on every place of the picture in turn, and says there how much of its pattern it finds:

    y[p, q] = b + sum over i, j of x[p + i, q + j] w[i, j]

The weights are the same at every place. So a pattern that is learnt in one place is known in all (LeCun 1989), and the map
of a shifted picture is the shifted map: equivariance. It does not hold at the edge, where zeros, the padding, stand in for
pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.prepare import data_of
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Grid, Images, Lines

RECIPE = """\
about: One filter of 3 x 3 weights that goes over pictures of 14 x 16 pixels.
input: [14, 16, 1]
model:
  - conv: {units: 1, kernel: 3, padding: same, bias: false}
"""
KNOBS = {"stride": "model[0].conv.stride", "padding": "model[0].conv.padding"}
OPTIONS = {"shift": 3, "mirrored": 0}
PREDICT = Prediction(
    "Sobel's filter has rows -1 0 1, -2 0 2, -1 0 1. It lies on an edge: its two left columns on black, 0, the right one "
    "on white, 1. What does it say?", near=0,
    low="Every weight over white counts, not the middle row alone: 1 + 2 + 1.",
    high="Only the weights of the right column lie on white, and white is 1: 1 + 2 + 1.",
    good="Right: black adds nothing, and over white stand 1, 2 and 1.",
)  # fmt: skip
LEFT_OUT = """What deep learning calls convolution is cross-correlation: the filter is not mirrored first, as mathematicians
do; a net that learns its filters cannot tell (mirrored=1 shows that the numbers differ). And the map follows a shift
exactly at stride 1 only: behind a stride of 2 a shift by an odd number of pixels gives other numbers (Zhang 2019)."""
NEXT = (("dllab lesson 32 stride=2", "every other place is left out"),
        ("dllab explain lenet --layer 0_conv", "one place of a map, number by number"))  # fmt: skip
BREAKS = (("mirrored=1", "definition"), ("stride=2", "shift"), ("padding=valid", "edge"))
SOBEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def run(lab: Lab) -> None:
    """One edge filter: by hand, on a straight edge, on digits that are shifted, and at the edge of the page."""
    data, shift = data_of(lab.shipped("lenet", "data.size=14")), min(max(lab.option("shift"), 1), 8)
    ink = data.seen(np.arange(20) + lab.seed * 20 % 8000)[..., 0].astype(np.float64)
    pages = 1 - np.pad(ink, ((0, 0), (0, 0), (0, 2)))  # (N, 14, 16): ink is black, 0, on white, 1
    moved = np.roll(pages, shift, axis=2)
    straight = np.tile(np.arange(16) >= 8, (1, 14, 1)).astype(np.float64)
    row = maps(lab, straight)[0, 2]
    said, columns = row[len(row) // 4 : -2].max(), np.linspace(0, 15, len(row))
    lab.picture(
        Lines("pixels across a straight edge, and what the filter says of them",
              {"pixels": (range(16), straight[0, 2]), "map": (columns, row)}, x="column", you="y",
              you_at=columns[row.argmax()], height=9),
        f"Where they change from black to white it says {said:g}, in the last column {row[-1]:g}.",
    )  # fmt: skip
    first, then = maps(lab, pages), maps(lab, moved)
    lab.picture(
        Grid([Images(f"a page, and shifted by {shift} pixels", np.stack([pages[0], moved[0]])),
              Images("their maps", np.stack([first[0], then[0]]), signed=True)]),
        "The digit's edges move with it. Lines at the sides do not: there the padding puts black beside white.",
    )  # fmt: skip
    gap = apart(first, then, shift // (16 // first.shape[2])).max(axis=(0, 1))
    lab.table("how far the shifted page's map is from the shifted map", ("columns of the map", "largest difference"),
              [("all others", gap[1:-1].max()), ("first and last", gap[[0, -1]].max())])  # fmt: skip
    strided, later = maps(lab, pages, "stride=2"), maps(lab, moved, "stride=2")
    gaps = [np.linalg.norm(apart(strided, later, by)[:, :, 1:-1]) for by in (shift // 2, -(-shift // 2))]
    share = float(min(gaps) / np.linalg.norm(strided))
    wrong = maps(lab, pages, "stride=1", "padding=same") - [hand(page, lab.option("mirrored")) for page in pages]
    lab.trace(
        "one number of the map",
        formula="y[p, q] = sum over i, j of x[p + i, q + j] w[i, j]",
        code=("ops/conv.py", "products(y, n * rows * columns * outputs, to, padded,"),
        number=f"across the straight edge: {said:g}",
        picture="the top of the curve that is called map",
    )
    lab.predicted(said)
    lab.claim("definition", "the engine's maps differ from nested loops by", float(np.abs(wrong).max()), "<", 1e-12)
    lab.claim("pattern", "on a straight edge from black to white the filter says", said, "==", 4)
    lab.claim("shift", "inside: the map of the shifted page differs from the shifted map by", gap[1:-1].max(), "==", 0)
    lab.claim("edge", "first and last column, beside the padding: it differs by", gap[[0, -1]].max(), ">", 2)
    lab.claim("stride", "with stride 2: it differs, inside, by this share of its size", share, ">", 0.2)


def maps(lab: Lab, pages: NDArray[Any], *changes: str) -> NDArray[Any]:
    """The maps (N, P, Q) that the engine makes of pages (N, 14, 16)."""
    net = lab.network(lab.recipe(*changes))
    net.parameters["0_conv.w"][...] = SOBEL[:, :, None, None]
    return np.asarray(net.forward(pages[..., None])[..., 0])


def apart(first: NDArray[Any], then: NDArray[Any], by: int) -> NDArray[Any]:
    """How far maps, shifted by so many columns, are from those of the shifted pages, (N, P, Q - by)."""
    return np.asarray(np.abs(first[:, :, : first.shape[2] - by] - then[:, :, by:]))


def hand(page: NDArray[Any], mirrored: int) -> NDArray[Any]:
    """The map of a page (14, 16) by the definition, with zeros around the page."""
    x, w, y = np.pad(page, 1), SOBEL[::-1, ::-1] if mirrored else SOBEL, np.zeros_like(page)
    for p, q, i, j in np.ndindex(14, 16, 3, 3):
        y[p, q] += x[p + i, q + j] * w[i, j]
    return y
