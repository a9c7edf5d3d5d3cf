"""Who tells a filter what to look for?

Nobody does: its weights are learned like all others. Each weight gets the gradient

    dw[i, j] = sum over all places p, q of x[p + i, q + j] dy[p, q]

and goes down it. From examples of what an edge filter gives, a convolution finds that filter again, number by number. In a
net for digits the loss asks for no filter in particular. Those that come about have weights that are like their neighbours:
edges and strokes, found because they help (LeCun 1998).
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.data.edges import FILTERS, Edges
from dllab.engine.prepare import data_of
from dllab.lab.filters import filters
from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Grid, Heat, Images

RECIPES = {"edges": """\
about: A filter that is to be found from examples of what it gives.
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
    "in a CNN for digits the four filters stay random, as they are at the start, and only the dense layer behind them "
    "learns. How much of the test does it get right?", unit="%", near=4, least=0, most=100,
    low="Random filters are filters, too: each tells something of the stroke below it, and the dense layer weighs that.",
    high="Close to what learned filters give, but these four see at random, and it costs some points.",
    good="Right: random filters say a good deal of a digit already, learned ones a little more.",
)  # fmt: skip
LEFT_OUT = """That learned filters look sensible proves less than it seems: with random ones the net is nearly as good (Saxe
2011). And a small loss does not mean that the right filter was found: neighbouring pixels are alike, so quite different
weights give nearly the same map. After 10 epochs the map is nearly right, and the weights are not."""
NEXT = (("dllab lesson 33 filter=laplace", "a filter that takes longer: what fails?"),
        ("dllab viz-filters lenet --before", "filters of a larger net"))  # fmt: skip
BREAKS = (("noise=10", "recovered"), ("epochs=1", "smooth"))


def run(lab: Lab) -> None:
    """A filter that is found again, and those of a net for digits, learned and random."""
    edges, digits = lab.recipe(name="edges"), lab.recipe(name="digits")
    wanted = FILTERS[edges.data.filter if isinstance(edges.data, Edges) else "sobel_x"]
    start = lab.nets({"start": edges}, 1, trained=False)["start"]
    nets = lab.nets({"learned": edges, "early": lab.recipe("train.epochs=10", name="edges")}, 7)
    first, *found = (filters(net).layers[0].weights[0, ..., 0] for net in [*start, *nets["learned"]])
    off = [float(np.abs(w - wanted).max()) for w in found]
    early = [float(np.abs(filters(net).layers[0].weights[0, ..., 0] - wanted).max()) for net in nets["early"]]
    lab.picture(
        Grid([Heat(name, w.round(2), numbers=True, signed=True) for name, w in
              (("at the start, random", first), ("learned", found[0]), ("wanted", wanted))], 24),
        "The filter of a convolution before and after it has seen what the wanted one gives for digits.",
    )  # fmt: skip
    net, data = lab.network(edges), data_of(edges)
    x, t = data.seen(data.splits.train).astype(np.float64), data.targets(data.splits.train).astype(np.float64)
    dy = 2 * (net.forward(x) - t).reshape(-1, 6, 6) / t.size
    by_hand = np.array([[(x[:, i : i + 6, j : j + 6, 0] * dy).sum() for j in range(3)] for i in range(3)])
    dw = net.loss_and_gradients(x, t)[1]["0_conv.w"][..., 0, 0]
    right = lab.nets({"learned": digits, "random": lab.recipe("freeze=[look]", name="digits")}, 7)
    accuracy = {name: [100 * net.figure("accuracy") for net in each] for name, each in right.items()}
    layers = {name: [filters(net).layers[0] for net in each] for name, each in right.items()}
    rough = {name: [layer.roughness for layer in each] for name, each in layers.items()}
    lab.picture(
        Grid([Images(f"{name} filters for digits", each[0].weights[..., 0], signed=True, own=True, zoom=2)
              for name, each in layers.items()], 60),
        "Learned filters are less ragged: their positive and their negative weights lie in patches.",
    )  # fmt: skip
    lab.picture(
        Bars(
            "test accuracy by how the filters are found",
            {name: median(each) for name, each in accuracy.items()},
            "%",
            you=True,
        ),
        f"Random filters give {median(accuracy['random']):.0f} %, learned ones {median(accuracy['learned']):.0f} %.",
    )
    lab.table("medians over the nets", ("filters", "roughness", "accuracy in %"),
              [(name, median(rough[name]), median(accuracy[name])) for name in right],
              "Roughness: mean squared difference of neighbouring weights divided by that of any two; "
              "about 1 for random ones.")  # fmt: skip
    lab.trace(
        "the gradient of one weight",
        formula="dw[1, 2] = sum of x[p + 1, q + 2] dy[p, q]",
        code=("ops/conv.py", "products(dw, 0, w_to, padded, 0, w_at, r,"),
        number=f"{dw[1, 2]:.4f} at the start (by hand {by_hand[1, 2]:.4f}); the weight ends at {found[0][1, 2]:.2f}",
        picture="matrix 'learned', middle row, last column: the weight after training",
    )
    lab.predicted(median(accuracy["random"]))
    lab.claim("gradient", "difference of the gradient from the sum by hand", float(np.abs(dw - by_hand).max()), "<",
              1e-12)  # fmt: skip
    lab.claim("recovered", "learned: the greatest difference of a weight from the wanted filter's", off, "<", 0.005)
    lab.claim("early", "after 10 epochs: the share of the map's variance that is explained",
              [100 * net.figure("r2") for net in nets["early"]], ">", 98, "%")  # fmt: skip
    lab.claim("early-off", "after 10 epochs: the greatest difference of a weight from the wanted one", early, ">", 0.1)
    lab.claim("smooth", "digits: roughness of learned filters divided by that of random ones",
              over(rough["learned"], rough["random"]), "<", 0.75)  # fmt: skip
    lab.claim("learned", "digits: accuracy with learned filters less that with random ones",
              less(accuracy["learned"], accuracy["random"]), ">", 1, "points")  # fmt: skip
    lab.claim("random", "digits: accuracy with random filters", accuracy["random"], ">", 80, "%")
