"""What does a dense layer do, and what does it cost?

Each of its outputs is a weighted sum of all its inputs, and a bias:

    y_o = sum over i of x_i w_io + b_o        dy_o / dx_i = w_io

So every output depends on every input, and that has its price: each pair of an input and an output takes one weight and one
multiplication, and each output one bias. That makes inputs x outputs multiplications and (inputs + 1) x outputs parameters
(weights and biases).
"""

from __future__ import annotations

import timeit
from itertools import product

import numpy as np

from dllab.lab.jacobian import jacobian
from dllab.lab.subject import Subject
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines

DIGITS = """\
about: A single dense layer reads digits; every pixel counts for every class.
data: {name: digits, flatten: false, test: 0.25}
model: [flatten, {dense: classes}]
loss: cross_entropy
optimizer: {adam: 0.01}
train: {dtype: float64, epochs: 8, batch: 32}
"""
BARE = """\
about: A dense layer alone, of any size.
input: [64]
model: [{dense: 64}]
"""
RECIPES = {"digits": DIGITS, "bare": BARE}
KNOBS = {"lr": "optimizer.lr", "epochs": "train.epochs"}
OPTIONS = {"pool": 1}  # only the largest pixel of such a square reaches the layer
PREDICT = Prediction(
    "a dense layer has 64 inputs and 64 outputs. With 128 of both, how many times as many parameters has it?", near=0.2,
    low="Twice as many outputs, and each of them has twice as many weights: two times two.",
    high="Twice as many outputs, each with twice as many weights: that is all. The biases only double.",
    good="Twice as many outputs, each with twice as many weights; a little less than 4, as biases only double.",
    least=0, most=1e6,
)  # fmt: skip
LEFT_OUT = """A dense layer sees every input, but knows nothing of which pixels are neighbours: with the pixels in any other
order, and its weights in the same order, it gives the same answers, as claimed above. Convolutions use what neighbours have
in common. And four times the multiplications need not take four times as long: memory and calls take time, too."""
NEXT = (("dllab lesson 5 pool=4", "a layer that sees only the largest of 16 pixels"),
        ("dllab summary digits", "what each layer of a net costs"))  # fmt: skip
BREAKS = (("pool=4", "all"), ("pool=2", "order"))
SIZES = (1, 2, 7, 16, 40)


def run(lab: Lab) -> None:
    """What each output sees; what is counted for layers of many sizes; and pixels in another order."""
    pool = lab.option("pool")
    pooled = (f"model=[{{max_pool: {pool}}}, flatten, {{dense: classes}}]",) if pool > 1 else ()
    nets = lab.nets({"": lab.recipe(*pooled, name="digits")}, 7)[""]
    x = nets[0].data.seen(nets[0].rows("test", 1))[0]
    slopes = [jacobian(net.network, x)[:, :, 0] for net in nets]  # (8, 8, 10) each
    conv = lab.network(lab.recipe("input=[8, 8, 1]", "model=[{conv: {units: 1, padding: same}}]", name="bare"))
    local = jacobian(conv, x)[:, :, 0, :, :, 0]  # (8, 8, 8, 8)
    shown = np.stack([*(slopes[0][:, :, digit] for digit in (0, 3)), *(local[:, :, row, row] for row in (1, 5))])
    zeros = [int((one == 0).sum()) for one in shown]
    lab.picture(Images("slopes of four outputs for each of the 64 pixels", shown, signed=True, own=True, zoom=2,
                       names=("dense: digit 0", "dense: digit 3", "conv: at 2,2", "conv: at 6,6")),
                "Without colour - = o are below 0, and blank is near 0. Exactly 0 are, from left to right, "
                f"{', '.join(map(str, zeros))} slopes. The convolution is one of 3 x 3.")  # fmt: skip
    recipes = {(i, o): lab.recipe(f"input=[{i}]", f"model=[{{dense: {o}}}]", name="bare")
               for i, o in product((*SIZES, 64, 128), repeat=2) if max(i, o) < 64 or i == o}  # fmt: skip
    sums = {size: summarize(recipe) for size, recipe in recipes.items()}
    lab.table("what is counted in the engine's plan of a layer", ("inputs", "outputs", "parameters", "multiplications"),
              [(*size, sums[size].parameters, sums[size].multiply_adds)
               for size in ((1, 1), (7, 16), (16, 7), (40, 40), (64, 64), (128, 128))])  # fmt: skip
    widths = (*SIZES, 64, 128)
    times = [sums[(width, width)].parameters / sums[(64, 64)].parameters for width in widths]
    curves = {"counted": (widths, times), "proportional to n": (widths, [width / 64 for width in widths])}
    lab.picture(Lines("parameters of a layer from n inputs to n outputs, divided by those for n = 64", curves, x="n",
                      y="times", you="y"),
                "They grow as the square of n; at 128, on the right, is the answer.")  # fmt: skip
    lab.trace("how much one input counts", formula="dy_o / dx_i = w_io",
              code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
              number=f"{slopes[0][3, 4, 3]:.4f} for digit 3, by moving the pixel in row 4, column 5 a little",
              picture="row 4 of the second image; each pixel is 2 characters wide")  # fmt: skip
    lab.predicted(times[-1])
    lab.claim("all", "digits: slopes of a net that are 0, of 640", max(int((one == 0).sum()) for one in slopes), "==", 0)
    lab.claim("local", "a 3 x 3 convolution with as many outputs as pixels: slopes that are 0",
              100 * float((local == 0).mean()), ">", 80, "%")  # fmt: skip
    lab.claim("parameters", f"{len(sums)} layers: parameters in the engine's plan and (inputs + 1) x outputs differ by",
              max(abs(found.parameters - (i + 1) * o) for (i, o), found in sums.items()), "==", 0)  # fmt: skip
    lab.claim("work", f"{len(sums)} layers: multiplications in the engine's plan and inputs x outputs differ by",
              max(abs(found.multiply_adds - i * o) for (i, o), found in sums.items()), "==", 0)  # fmt: skip
    changed = max(reordered(net) for net in nets)
    lab.claim("order", "digits: answers with pixels and weights in another order differ by", changed, "<", 1e-12)
    small, large = (seconds(lab, width) for width in (512, 1024))
    lab.shown("seconds", "time of a layer 1,024 wide, divided by that of one 512 wide", large / small)


def reordered(net: Subject) -> float:
    """How far answers change where pixels and the weights of each are put into another order."""
    x, order = net.data.seen(net.rows("test")), np.random.default_rng(0).permutation(64)
    before, w = net.network.forward(x), next(iter(net.network.parameters.values()))
    kept = w.copy()
    w[...] = w[order] if len(w) == 64 else w
    after = net.network.forward(x.reshape(len(x), 64)[:, order].reshape(x.shape))
    w[...] = kept
    return float(abs(after - before).max())


def seconds(lab: Lab, width: int) -> float:
    """The shortest of five times that a batch of 64 takes through a layer."""
    net = lab.network(lab.recipe(f"input=[{width}]", f"model=[{{dense: {width}}}]", name="bare"), dtype="float32")
    asking = net.asking(64)
    asking.outputs()
    return min(timeit.repeat(asking.outputs, number=1, repeat=5))
