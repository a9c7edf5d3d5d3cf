"""Who tells a filter what to look for?

Nobody does: its weights are learned like all others. Each weight gets the gradient

    dw[i, j] = sum over all places p, q of x[p + i, q + j] dy[p, q]

and goes down it. From examples of what an edge filter says, a convolution finds that filter again, number by number. In a
net for digits the loss asks for no filter at all; those that come about have weights that are like their neighbours: edges
and strokes, found because they help (LeCun 1998).
"""

from __future__ import annotations

from math import nan
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.edges import FILTERS, Edges
from dllab.engine.prepare import data_of
from dllab.lab.filters import filters
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Heat, Images

RECIPES = {"edges": """\
about: A filter that is to be found from examples of what it says.
data: {name: edges, filter: sobel_x, samples: 400}
model:
  - conv: {units: 1, kernel: 3}
  - flatten
loss: mse
optimizer: {adam: 0.1}
schedule: cosine
train: {epochs: 40, batch: 20}
""", "digits": """\
about: A small CNN for digits, whose filters are drawn.
data: {name: mnist10k, size: 14, flatten: false, per_class: 60}
model:
  - conv: {units: 4, kernel: 5, name: look}
  - relu
  - max_pool
  - flatten
  - dense: classes
optimizer: {adam: 0.01}
train: {epochs: 10, batch: 20}
"""}  # fmt: skip
KNOBS = {"filter": "data.filter", "noise": "data.noise", "units": "model.look.units", "kernel": "model.look.kernel",
         "epochs": "train.epochs"}  # fmt: skip
PREDICT = Prediction(
    "in a CNN for digits the four filters stay as they were drawn, at random, and only the dense layer behind them learns. "
    "How much of the test does it get right?", unit="%", near=4, least=0, most=100,
    low="Random filters are filters, too: each says something of the stroke below it, and the dense layer weighs that.",
    high="Close to what learned filters give, but these four see at random, and it costs some points.",
    good="Right: random filters say a good deal of a digit already, learned ones a little more.",
)  # fmt: skip
LEFT_OUT = """That learned filters look sensible proves less than it seems: with random ones the net is nearly as good (Saxe
2011). And a small loss does not mean that the right filter was found: neighbouring pixels are alike, so quite different
weights say nearly the same. Stopped early, the map is right to a few percent, and the weights are far off."""
NEXT = (("dllab lesson 33 filter=laplace", "another filter to be found"),
        ("dllab viz-filters lenet --before", "filters of a larger net"))  # fmt: skip
BREAKS = (("noise=10", "recovered"), ("epochs=1", "smooth"))


def run(lab: Lab) -> None:
    """A filter that is found again, and those of a net for digits, learned and random."""
    edges, digits = lab.recipe(name="edges"), lab.recipe(name="digits")
    wanted = FILTERS[edges.data.filter if isinstance(edges.data, Edges) else "sobel_x"]
    early = lab.recipe("train.epochs=20", "optimizer.adam=0.03", name="edges")
    found = lab.nets({"start": edges}, 1, trained=False) | lab.nets({"found": edges, "early": early}, 7)
    weights = {name: [looks(net)[0] for net in each] for name, each in found.items()}
    off = {name: [float(np.abs(w - wanted).max()) for w in each] for name, each in weights.items()}
    lab.picture(
        Grid([Heat(name, w.round(2), numbers=True, signed=True) for name, w in
              (("as it is drawn", weights["start"][0]), ("learned", weights["found"][0]), ("wanted", wanted))], 24),
        "The filter of a convolution before and after it has seen what the wanted one says of digits.",
    )  # fmt: skip
    net, data = lab.network(edges), data_of(edges)
    x, t = data.seen(data.splits.train).astype(np.float64), data.targets(data.splits.train).astype(np.float64)
    dy = 2 * (net.forward(x) - t).reshape(-1, 6, 6) / t.size
    by_hand = np.array([[(x[:, i : i + 6, j : j + 6, 0] * dy).sum() for j in range(3)] for i in range(3)])
    dw = net.loss_and_gradients(x, t)[1]["0_conv.w"][..., 0, 0]
    right = lab.nets({"learned": digits, "random": lab.recipe("freeze=[look]", name="digits")}, 7)
    accuracy = {name: [100 * figure(net, "accuracy") for net in each] for name, each in right.items()}
    rough = {name: [roughness(net) for net in each] for name, each in right.items()}
    lab.picture(
        Grid([Images(f"{name} filters for digits", looks(each[0]), signed=True, own=True, zoom=2)
              for name, each in right.items()], 60),
        "Learned, neighbouring weights are alike: dark and light lie side by side in patches, as at an edge.",
    )  # fmt: skip
    lab.picture(Bars("test accuracy where the filters are", {name: median(each) for name, each in accuracy.items()}, "%",
                     you=True), "Random filters do well, learned ones better.")  # fmt: skip
    lab.table("medians over the nets", ("filters", "roughness", "accuracy"),
              [(name, median(rough[name]), f"{median(accuracy[name]):.1f} %") for name in right],
              "Roughness: squared difference of neighbouring weights by that of any two; 1 for random ones.")  # fmt: skip
    lab.trace(
        "the gradient of one weight",
        formula="dw[1, 2] = sum of x[p + 1, q + 2] dy[p, q]",
        code=("ops/conv.py", "products(dw, 0, w_to, padded, 0, w_at, r,"),
        number=f"{dw[1, 2]:.4f} (by hand {by_hand[1, 2]:.4f}), of a weight that is to be {wanted[1, 2]:g}",
        picture="in the middle row on the right, what has become of it",
    )
    lab.predicted(median(accuracy["random"]))
    lab.claim("gradient", "the filter's gradient is off the sum by hand by", float(np.abs(dw - by_hand).max()), "<", 1e-12)
    lab.claim("recovered", "learned: the weight farthest from the wanted filter's is off by", off["found"], "<", 0.005)
    lab.claim("early", "stopped early: the share of the map that is explained (r2)",
              [figure(net, "r2") for net in found["early"]], ">", 0.97)  # fmt: skip
    lab.claim("early-off", "and the weight farthest from the wanted one is off by", off["early"], ">", 0.2)
    lab.claim("smooth", "digits: learned filters are so many times as rough as random ones",
              over(rough["learned"], rough["random"]), "<", 0.75)  # fmt: skip
    gain = less(accuracy["learned"], accuracy["random"])
    lab.claim("learned", "digits: learning the filters adds to the accuracy", gain, ">", 1, "points")
    lab.claim("random", "digits: with random filters it is", accuracy["random"], ">", 80, "%")


def figure(net: Subject, metric: str) -> float:
    """A figure of the test after training."""
    return float(net.ended.figures["test"][metric]) if net.ended else nan


def looks(net: Subject) -> NDArray[Any]:
    """The filters of the first convolution, (O, K, L)."""
    return filters(net).layers[0].weights[..., 0]


def roughness(net: Subject) -> float:
    """The mean squared difference of weights side by side, by that of any two of a filter."""
    w = looks(net)
    gaps = [((w[:, 1:] - w[:, :-1]) ** 2).mean(), ((w[:, :, 1:] - w[:, :, :-1]) ** 2).mean()]
    return float(np.mean(gaps) / (2 * w.var(axis=(1, 2)).mean()))
