"""How large is the map of a convolution, with stride and padding?

A window of k numbers goes along a row of n in steps of s, the stride; p zeros stand at either end, the padding. Only
windows that fit in as a whole count:

    size = floor((n + 2p - k) / s) + 1

Padding "valid" means p = 0. With padding "same" the size is ceil(n / s), whatever k. A stride of 2 quarters places and
work. Padding keeps the size, and lets edge pixels be seen more often: by windows of 3 x 3 a corner is seen 4 times, not
once (Dumoulin and Visin 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.network import Network
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Grid, Heat, Lines

RECIPE = """\
about: One filter that goes over a picture of one channel.
input: [28, 28, 1]
model:
  - conv: {units: 1, kernel: 5, stride: 2, padding: same}
"""
KNOBS = {"kernel": "model[0].conv.kernel", "stride": "model[0].conv.stride", "padding": "model[0].conv.padding"}
OPTIONS = {"rounding": "down"}
PREDICT = Prediction(
    "a window of 5 goes over a picture 28 pixels wide, stride 2, no padding: how wide is the map?",
    unit="pixels", near=0, least=1,
    low="28 - 5 = 23 pixels are left to move along, that is 11 whole steps; but the first window stands there already.",
    high="A window must lie in the picture as a whole, so the last one begins at pixel 23 of 28: halving counts too many.",
    good="Right: 11 steps fit into the 23 pixels that are left to move along, and the first window needs none.",
)  # fmt: skip
LEFT_OUT = """Zeros are no neutral border. A filter that averages a white picture gives 4/9 in its corners: the net sees
black where nothing is, and can learn from it where the edge is (Islam, Jia and Bruce 2020). And a stride may leave pixels
out: 3 x 3 windows in steps of 2 over 8 x 8 pixels never look at the last row and column, and no error says so."""
NEXT = (("dllab lesson 35 padding=valid", "no zeros around the picture: what of its edge?"),
        ("dllab summary lenet", "sizes down a whole net"))  # fmt: skip
BREAKS = (("rounding=up", "formula"), ("padding=valid", "edge"))
SMALL = ("input=[8, 8, 1]", "kernel=3")
WAYS = {f"{padding}, {stride}": (f"padding={padding}", f"stride={stride}", *SMALL)
        for padding in ("valid", "same") for stride in (1, 2)}  # fmt: skip


def run(lab: Lab) -> None:
    """Sizes over a grid of cases, how often each pixel is seen, and what the zeros do at the edge."""
    rounded = ceil if lab.option("rounding") == "up" else floor
    cases = [(n, k, s, p) for n in range(5, 10) for k in range(1, 6) for s in (1, 2, 3) for p in (0, 1)]
    engine = [made(lab, n, f"kernel={k}", f"stride={s}", f"padding={p}") for n, k, s, p in cases]
    formula = [rounded((n + 2 * p - k) / s) + 1 for n, k, s, p in cases]
    counted = [len(range(-p, n + p - k + 1, s)) for n, k, s, p in cases]  # a window for each place where one begins
    same = [(made(lab, n, f"kernel={k}", f"stride={s}", "padding=same"), ceil(n / s)) for n, k, s, p in cases if p == 0]
    width, sizes = made(lab, 28, "kernel=5", "stride=2", "padding=valid"), range(1, 9)
    curves = {name: (sizes, [made(lab, 28, f"stride={s}", f"padding={name}") for s in sizes]) for name in ("same", "valid")}
    lab.picture(
        Lines(
            "how wide the map of a picture 28 pixels wide is", curves, x="stride", y="pixels", you="y", you_at=2, height=10
        ),
        f"Size falls about as 1 / stride. Without padding (valid) it is {curves['valid'][1][1]} pixels at stride 2.",
    )
    nets = {name: lab.network(lab.recipe(*changes)) for name, changes in WAYS.items()}
    layers = {name: summarize(net.recipe).layers[0] for name, net in nets.items() if net.recipe}
    seen = {name: maps(net, np.eye(64), 1).sum(axis=(1, 2)).reshape(8, 8) for name, net in nets.items()}
    unseen = {name: int((times == 0).sum()) for name, times in seen.items()}
    white = maps(lab.network(lab.recipe("stride=1", *SMALL)), np.ones((1, 64)), 1 / 9)[0]  # with the recipe's padding
    corners = white[[0, 0, -1, -1], [0, -1, 0, -1]]
    lab.picture(
        Grid([Heat("valid, stride 2: windows that see it", seen["valid, 2"], numbers=True),
              Heat("a white picture, averaged", white)], 34),
        "Left, 3 x 3 windows over 8 x 8 pixels: some pixels lie in many, some in none. Right, a filter that averages 3 x 3 "
        f"pixels of a picture of ones: it gives {white.max():.2f} in the middle and {corners.max():.2f} in the corners; "
        "zeros of the padding count as black.",
    )  # fmt: skip
    lab.table("3 x 3 over 8 x 8 pixels", ("padding, stride", "width", "multiply-adds", "windows at a corner", "unseen"),
              [(name, one.output_shape[0], one.multiply_adds, int(seen[name][0, 0]), unseen[name])
               for name, one in layers.items()])  # fmt: skip
    lab.trace(
        "the size of a map",
        formula="size = floor((n + 2p - k) / s) + 1",
        code=("ops/window.py", "return (self.padded - self.span) // self.stride + 1"),
        number=f"28 pixels, window of 5, stride 2, no padding: {width}",
        picture="the curve 'valid' at stride 2",
    )
    lab.predicted(width)
    work = layers["same, 1"].multiply_adds / layers["same, 2"].multiply_adds
    lab.claim(
        "formula", f"cases of {len(cases)} where the formula differs from the engine", differ(formula, engine), "==", 0
    )
    lab.claim(
        "counted",
        f"cases of {len(cases)} where the engine differs from a count of windows",
        differ(engine, counted),
        "==",
        0,
    )
    lab.claim("same", 'cases where padding "same" does not give ceil(n / stride)', differ(*zip(*same)), "==", 0)
    lab.claim("work", "multiply-adds of stride 1 divided by those of stride 2", work, "==", 4)
    lab.claim("unseen", "pixels of 64 that stride 2 without padding never sees", unseen["valid, 2"], "==", 15)
    lab.claim(
        "edge",
        "the averaged white picture: greatest difference of a corner from 4/9",
        np.abs(corners - 4 / 9).max(),
        "<",
        1e-12,
    )


def differ(one: Sequence[int], other: Sequence[int]) -> int:
    """In how many places two lists differ."""
    return sum(a != b for a, b in zip(one, other))


def made(lab: Lab, size: int, *changes: str) -> int:
    """How wide the engine makes the map of a picture of so many pixels."""
    return int(lab.network(lab.recipe(f"input=[{size}, {size}, 1]", *changes)).output_shape[0])


def maps(net: Network, pictures: NDArray[Any], weight: float) -> NDArray[Any]:
    """The maps of pictures (N, 64) with all weights alike."""
    net.parameters["0_conv.w"][...] = weight
    return net.forward(pictures.reshape(-1, 8, 8, 1))[..., 0]
