"""Why is cross-entropy the loss of classification?

It asks one thing of a net: the probability p that it gave to the right class. Each factor of ten in p costs the same 2.3,
without end, so a mistake made with confidence costs many times one made in doubt. With scores z (what goes into the
softmax) and y_k = 1 for the true class, 0 for the others,

    L = -log p        dL/dz_k = p_k - y_k

The slope is what the net said less what it should have said. With two classes L is called binary cross-entropy (Bishop
2006, section 4.3).
"""

from __future__ import annotations

import numpy as np

from dllab.lab.bias_only import charged
from dllab.lab.scores import at_scores, surest_mistakes
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Heat, Lines

RECIPES = {"net": """\
about: Clouds that overlap, few examples, and a net that trains on them for too long.
data: {name: blobs, classes: 3, samples: 800, noise: 0.5, validation: 0.85, test: 0}
model: [{repeat: {times: 2, layers: [{dense: 32}, relu]}}, {dense: classes}, softmax]
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 200, batch: 15, dtype: float64}
""", "score": """\
about: One score through a sigmoid, to be asked what its loss is.
input: [1]
model: [{dense: 1}, sigmoid]
loss: binary_cross_entropy
"""}  # fmt: skip
KNOBS = {"noise": "data.noise", "samples": "data.samples", "depth": "model[0].repeat.times", "epochs": "train.epochs",
         "width": "model[0].repeat.layers[0].dense.units", "smoothing": "loss.cross_entropy.label_smoothing"}  # fmt: skip
PREDICT = Prediction(
    "a net that gave the true class p = 0.4 loses 0.92. What does it lose where it gave it p = 0.0001?",
    near=0.7, least=0, most=1e6,
    low="A difference such as 1 - p hardly grows any more down there. The logarithm does, by 2.3 for each factor of ten.",
    high="p is 4000 times smaller, but the loss grows with its logarithm: 2.3 for each factor of ten.",
    good="Yes: 0.92 and 2.3 more for each of 3.6 factors of ten.")  # fmt: skip
LEFT_OUT = """The loss is least where the probabilities are right, not where the answers are. A net that has learnt its
rows by heart goes on to grow its scores, since surer is cheaper there; on new rows its loss climbs although it errs
hardly more than before (Guo et al. 2017): the last two claims. And the simple slope needs softmax and loss in one: a p
that was rounded to 0 first has the loss inf."""
NEXT = (("dllab lesson 20 smoothing=0.1", "targets 0.93 and 0.03: p - y, with which y?"),
        ("dllab explain xor --layer loss", "a loss and its slope, on the board"))  # fmt: skip
BREAKS = (("loss=mse", "confident"), ("loss=mse", "gradient"), ("smoothing=0.1", "gradient"))


def run(lab: Lab) -> None:
    """Losses of single scores, slopes at the scores of nets, and what long training does to the loss on new rows."""
    p = np.array([1e-4, 1e-3, 0.01, 0.1, 0.4, 0.7, 0.9, 0.99])
    z = np.log(p / (1 - p))
    one = charged(lab.network(lab.recipe(name="score")), z[:, None])
    costs, squared = one[:, 0], (1 - p) ** 2
    lab.picture(
        Lines("what an answer costs, by the probability it gave to the true class",
              {"cross-entropy": (p, costs), "squared error": (p, squared)}, x="p", y="loss", log_x=True, you="y"),
        "From right to left cross-entropy rises by equal steps without end. The squared error ends at 1, however wrong the "
        "net is (at 2 if the errors of all classes of a softmax are added up).",
    )  # fmt: skip
    lab.table("", ("p of the true class", "loss", "(1 - p)^2"), list(zip(p, costs, squared)))
    lab.predicted(costs[0])
    nets = lab.nets({"net": lab.recipe(name="net")}, 7)["net"]
    early = lab.nets({"early": lab.recipe("epochs=1", name="net")}, 1)["early"]
    found = [at_scores(net, net.rows("train")) for net in early + nets]
    given = [each.slopes * len(each.p) for each in found]
    said, true = found[0].p[0], found[0].y[:6].argmax(1)
    lab.picture(
        Heat("slopes at the scores of six rows after one epoch, each of its own row's loss", given[0][:6],
             [f"class {k}" for k in true], [f"dL/dz_{k}" for k in range(len(said))], signed=True, numbers=True),
        "Each row adds up to 0: the true class's score is pushed up by what its p falls short of 1, the others down.",
    )  # fmt: skip
    lab.trace(
        "the slope at the true class's score",
        formula="dL/dz = p - 1, divided by the number of rows in the batch",
        code=("losses/cross_entropy.py", "slopes[max(target[n], 0)] -= share"),
        number=f"the first row has p = {said[true[0]]:.4f} and, not divided, {given[0][0, true[0]]:.4f}",
        picture=f"the first row of the heat map, below dL/dz_{true[0]}",
    )
    lab.claim("confident", "new rows answered wrong: loss of the surest fifth divided by that of the least sure",
              [surest_mistakes(net, net.rows("validation")) for net in nets], ">", 3)  # fmt: skip
    lab.claim("gradient", "the engine's slopes against p - y, greatest difference in whole batches",
              max(float(np.abs(dz - (each.p - each.y)).max()) for each, dz in zip(found, given)), "<", 1e-12)  # fmt: skip
    smoothing = getattr(lab.recipe(name="net").loss, "label_smoothing", 0.0)
    lab.claim("smoothed", "the same with y as the recipe smooths its targets",
              max(float(np.abs(dz - (each.p - each.smoothed(smoothing))).max()) for each, dz in zip(found, given)),
              "<", 1e-12)  # fmt: skip
    two = lab.network(lab.recipe("model=[{dense: 2}, softmax]", "loss=cross_entropy", name="score"))
    lab.claim("binary", "binary cross-entropy of z against cross-entropy of 0 and z, losses and slopes: at most",
              float(np.abs(one - charged(two, np.stack([0 * z, z], 1))).max()), "<", 1e-12)  # fmt: skip
    ends = [[end.figures["validation"] for end in net.history] for net in nets]
    best = [min(each, key=lambda figures: figures["loss"]) for each in ends]
    lab.claim("overconfident", "trained for long, the loss on new rows divided by the least on the way",
              [each[-1]["loss"] / least["loss"] for each, least in zip(ends, best)], ">", 1.6)  # fmt: skip
    fallen = [100 * (least["accuracy"] - each[-1]["accuracy"]) for each, least in zip(ends, best)]
    lab.claim("accuracy", "while the accuracy there has fallen by", fallen, "<", 10, "points")
