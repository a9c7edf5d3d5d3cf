"""What is a loss function, and why not minimise the errors themselves?

It says in one number how wrong a net is on all rows, so that two nets can be compared, and the slope of that number by
every weight says which way is better:

    L(w) = mean over the rows of  loss(answer(x; w), truth)

All parameters (weights and biases) together are a place, L is the height there, training a way down (Bishop 2006,
section 5.2). What one cares for, such as accuracy, only follows: it counts rows and does not change until one of them
crosses a boundary, so that it has no slope to go by.
"""

from __future__ import annotations

import numpy as np

from dllab.lab.directions import path_plane
from dllab.lab.landscape import landscape
from dllab.lab.nudges import nudges
from dllab.lab.scores import at_scores
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines, Paths

RECIPE = """\
about: Two half moons, and a small net that learns to tell them apart.
data: {name: moons, samples: 400, noise: 0.15, validation: 0.5, test: 0}
model: [{dense: 8}, tanh, {dense: 8}, tanh, {dense: classes}, softmax]
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 40, batch: 20, dtype: float64}
"""
KNOBS = {"lr": "optimizer.adam.lr", "noise": "data.noise", "width": "model[0].dense.units", "epochs": "train.epochs"}
OPTIONS = {"step": 1e-8}
PREDICT = Prediction(
    "a net has 114 parameters. Each in turn is moved by 0.00000001. In how many cases does the accuracy change?",
    near=0.5, least=0, most=114,
    low="Fewer than none cannot be.",
    high="None: accuracy counts rows, and so small a move carries no row across the boundary. There is no slope to follow.",
    good="None: it is flat almost everywhere, with no slope to follow.",
)  # fmt: skip
LEFT_OUT = """The loss is a stand-in. It can go on falling when the errors no longer do, or rise while they stay (lesson
20). And a picture of it is a slice: two directions of all there are, here those in which training went furthest (Li et al.
2018); walls and valleys in the others are not in it."""
NEXT = (("dllab viz-landscape moons", "the same for a net of ReLUs"),
        ("dllab lesson 18 lr=3", "steps that are too large: units saturate"))  # fmt: skip
BREAKS = (("lr=1e-9", "falls"), ("lr=1e-9", "follows"), ("step=0.5", "flat"))


def run(lab: Lab) -> None:
    """One number for a net, the way of training over its surface, and how the errors follow."""
    recipe = lab.recipe()
    nets = lab.each(lab.seeds(7), lambda seed: Subject.trained(recipe, seed=seed, path=True), "training")
    rows, begun = nets[0].rows("train"), Subject.untrained(recipe, seed=lab.seeds(1)[0])
    losses = {name: at_scores(net, rows).losses for name, net in (("before", begun), ("after", nets[0]))}
    lab.table("the loss of single rows, and their mean: the loss of the net", ("training row", *losses),
              [*((str(n + 1), *(each[n] for each in losses.values())) for n in range(4)),
               (f"mean of {len(rows)}", *(each.mean() for each in losses.values()))])  # fmt: skip
    seen = landscape(nets[0], points=25)
    assert seen.path is not None
    places = seen.path.places
    lab.picture(
        Paths(f"the loss on a plane in the space of all {seen.parameters} parameters", seen.x, seen.y, seen.loss,
              {"training": places}, {"S": (places[0, 0], places[0, 1]), "E": (places[-1, 0], places[-1, 1])},
              unit_x="1st direction", unit_y="2nd"),
        "From S, before training, to E, its end. Axes: the two directions in which training went furthest, in lengths of "
        "all parameters as a vector. Dots join places of equal loss.",
    )  # fmt: skip
    lab.trace(
        "the loss of the net",
        formula="L = mean of -log p, p: what the true class got",
        code=("losses/cross_entropy.py", "loss[0] = total / (batch * positions)"),
        number=f"{losses['before'].mean():.4f} before training, {losses['after'].mean():.4f} after",
        picture="the heights at S and at E",
    )
    falling = [[end.loss for end in net.history] for net in nets]
    errors = [[1 - end.figures["validation"]["accuracy"] for end in net.history] for net in nets]
    epochs = range(1, len(falling[0]) + 1)
    lab.picture(
        Lines("what is minimised, and what one cares for",
              {"loss in training": (epochs, falling[0]), "share of new rows that are wrong": (epochs, errors[0])}),
        "The errors move in steps, for they are counted; the loss moves smoothly.",
    )  # fmt: skip
    moved = lab.each(nets, lambda net: nudges(net, lab.option("step")), "parameters moved one by one")
    lab.picture(
        Bars(f"parameters that change it when moved by {lab.option('step'):g}",
             {"the loss": moved[0].loss, "the accuracy": moved[0].accuracy}, you=True),
        f"Of {moved[0].weights} moves {moved[0].loss} change the loss, {moved[0].accuracy} the accuracy.",
    )  # fmt: skip
    lab.predicted(moved[0].accuracy)
    told = [float(np.mean(at_scores(net, rows).losses)) - (net.backward(rows).loss or 0.0) for net in nets]
    lab.claim("one", "the engine's loss against the mean of -log p of all rows", max(map(abs, told)), "<", 1e-12)
    lab.claim("falls", "training loss of the last epoch divided by that of the first",
              [each[-1] / each[0] for each in falling], "<", 0.5)  # fmt: skip
    with np.errstate(invalid="ignore"):  # of errors that stay the same
        together = [float(np.corrcoef(*each)[0, 1]) for each in zip(falling, errors)]
    lab.claim("follows", "correlation, over the epochs, of training loss and errors on new rows", together, ">", 0.7)
    planes = [path_plane(net.network, net.path).shares for net in nets if net.path]
    lab.claim("slice", "variance of the way through all parameters: share that lies in its plane",
              [100 * sum(shares or ()) for shares in planes], ">", 80, "%")  # fmt: skip
    flat, steep = max(one.accuracy for one in moved), [100 * one.loss / one.weights for one in moved]
    lab.claim(
        "flat", f"parameters that change the accuracy when moved by {lab.option('step'):g}, in any net", flat, "==", 0
    )
    lab.claim("slope", "parameters that change the loss, of all", steep, ">", 90, "%")
