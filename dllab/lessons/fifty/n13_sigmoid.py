"""What is a sigmoid good for, and why not between layers?

    y = 1 / (1 + exp(-x)),    slope y (1 - y): 1/4 at 0, nearly 0 beyond +-10

It turns any score into a number between 0 and 1, and a net that is trained with binary cross-entropy makes it a
probability: of what it calls 80 % sure, 80 % happen. Between layers it is a poor choice. Its outputs have a mean near 1/2
instead of 0, its slope shrinks what goes back, and so the layers learn slower than with tanh (LeCun and others 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median

import numpy as np
from numpy.typing import NDArray

from dllab.lab.activation_curves import curve
from dllab.lab.activations import between
from dllab.lab.calibration import calibration
from dllab.lessons.claim import Prediction, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPES = {
    "hidden": """\
about: Digits, by two hidden layers of sigmoids.
data: {name: digits, test: 0.25}
model:
  - repeat: {times: 2, layers: [{dense: 32}, sigmoid]}
  - dense: classes
optimizer: {sgd: 1.0}
train: {epochs: 5, batch: 32}
""",
    "output": """\
about: Two clouds that overlap, told apart by one sigmoid, which says how sure it is.
data: {name: blobs, classes: 2, samples: 4000, noise: 1, test: 0.75}
model: [{dense: 1}, sigmoid]
loss: binary_cross_entropy
optimizer: {adam: 0.1}
schedule: cosine
train: {epochs: 20, batch: 32}
""",
}
KNOBS = {"activation": "model[0].repeat.layers[1]", "depth": "model[0].repeat.times", "noise": "data.noise"}
OPTIONS = {"loss": "binary_cross_entropy"}
WAYS = {"hidden": (), "beside": ("activation=tanh",)}
RATES = (0.1, 0.3, 1.0, 3.0, 10.0)
FEW = ("data.per_class=10", "model=[{dense: 32}, tanh, {dense: 1}, sigmoid]", "train.epochs=200")
ENOUGH, HEART = "1,000 examples", "larger net on 20"
PREDICT = Prediction(
    "the slope of a sigmoid is 1/4 at x = 0; what is it at x = 10?",
    log=True, near=3, least=1e-300, most=0.25,
    low="It falls fast, but no faster than exp(-x): at 10 that is 0.000045.",
    high="Far from 0 the slope is exp(-x): with each 2.3 that x goes on, it loses a factor of ten.",
    good="Yes: the slope is nearly exp(-10). A unit that far out hardly learns.",
)  # fmt: skip
LEFT_OUT = """A sigmoid at the end is a probability only if the net is trained as one and has examples enough. A larger net
on 20 of these examples learns them by heart and is far too sure of itself, as measured above; modern nets are, too (Guo and
others 2017). And inside a net a sigmoid has its place: as a gate that is to be open or shut (lesson 43)."""
NEXT = (
    ("dllab lesson 13 loss=mae", "another loss: is it still a probability?"),
    ("dllab lesson 13 activation=relu", "ReLU between the layers"),
)
BREAKS = (("loss=mae", "calibrated"), ("activation=tanh", "slower"))


def run(lab: Lab) -> None:
    """Its curve; as hidden layer beside tanh; as output."""
    x = np.linspace(-12, 12, 2401)
    found = curve("sigmoid", x)
    lab.picture(
        Lines("the slope of a sigmoid", {"slope": (x, found.slope)}, x="x", y="slope", log=True, you="y"),
        "1/4 in the middle; on both sides a straight line on this scale, that is, an exponential.",
    )
    at_ten = float(curve("sigmoid", [10.0]).slope[0])
    lab.trace(
        "the slope",
        formula="dx = dy y (1 - y)",
        code=("ops/sigmoid.py", "dx[i] = dy[i] * (y[i] * (like(y[i], 1.0) - y[i]))"),
        number=f"{found.slope.max():.4g} at 0, {at_ten:.3g} at 10",
        picture="the height of the curve",
    )
    starts = lab.nets({way: lab.recipe(*changes, name="hidden") for way, changes in WAYS.items()}, 7, trained=False)
    layers = {way: [between(net) for net in nets] for way, nets in starts.items()}
    centre = {way: [mean(one.mean for one in each) for each in nets] for way, nets in layers.items()}
    best = {way: best_of(lab, changes) for way, changes in WAYS.items()}
    rows = [(layers[way][0][0].kind, median(centre[way]), rate, median(losses)) for way, (rate, losses) in best.items()]
    lab.table(
        "two hidden layers on digits", ("hidden", "mean output at the start", "best rate", "loss after 5 epochs"), rows
    )
    loss = f"loss={lab.option('loss')}"
    judged = {name: answers(lab, loss, *changes) for name, changes in ((ENOUGH, ()), (HEART, FEW))}
    error = {name: [100 * calibration(*one).error for one in each] for name, each in judged.items()}
    pooled = {name: [np.concatenate(part) for part in zip(*each)] for name, each in judged.items()}
    shown = {name: ((one := calibration(said, truth)).said, one.happened) for name, (said, truth) in pooled.items()}
    lab.picture(
        Lines("what the sigmoid says, and how often it is so", {"ideal": ([0, 1], [0, 1]), **shown}, x="said",
              y="share that is so"),
        f"On average what is said and how often it is so are {median(error[ENOUGH]):.1f} points apart with 1,000 examples, "
        f"{median(error[HEART]):.1f} with the larger net on 20 (the calibration error).",
    )  # fmt: skip
    lab.predicted(at_ten)
    lab.claim("above-0", "output at x = -30: above 0 by", float(curve("sigmoid", [-30.0]).y[0]), ">", 0)
    lab.claim("below-1", "output at x = 30: below 1 by", 1 - float(curve("sigmoid", [30.0]).y[0]), ">", 0)
    lab.claim("peak", "greatest slope, at 0: from 1/4 by", abs(float(found.slope.max()) - 0.25), "<", 1e-12)
    lab.claim("flat", "greatest slope beyond +-10", float(found.slope[np.abs(x) >= 10].max()), "<", 1e-4)
    off = [abs(one - 0.5) for one in centre["hidden"]]
    lab.claim("off-centre", "mean of hidden outputs at the start: from 1/2 by", off, "<", 0.05)
    times = over(best["hidden"][1], best["beside"][1])
    lab.claim("slower", "loss after 5 epochs divided by that with tanh, each at its best rate", times, ">", 1.8)
    lab.claim("calibrated", "calibration error of the output, 1,000 examples", error[ENOUGH], "<", 3, "points")
    lab.claim("too-sure", "calibration error of the larger net on 20 examples", error[HEART], ">", 12, "points")


def best_of(lab: Lab, changes: Sequence[str]) -> tuple[float, list[float]]:
    """The rate with the least training loss after 5 epochs, the median of 7 nets, and the loss of each of them."""
    recipes = {f"{rate}": lab.recipe(*changes, f"optimizer={{sgd: {rate}}}", name="hidden") for rate in RATES}
    ends = {
        float(rate): [run.losses[1][-1] if run.status == "finished" else np.inf for run in each]
        for rate, each in lab.runs(recipes, 7).items()
    }
    return min(ends.items(), key=lambda one: median(one[1]))


def answers(lab: Lab, *changes: str) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """What nets say of test points and what these are, each for other points."""
    recipes = {f"points {seed}": lab.recipe(*changes, f"data.seed={seed}", name="output") for seed in lab.seeds(9)}
    nets = [each[0] for each in lab.nets(recipes, 1).values()]
    return [(net.network.forward(net.data.seen(net.rows("test"))), net.data.targets(net.rows("test"))) for net in nets]
