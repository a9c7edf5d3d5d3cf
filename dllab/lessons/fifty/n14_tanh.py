"""How is tanh related to the sigmoid, and why is it better between layers?

    tanh(x) = 2 sigmoid(2x) - 1,    from -1 to 1, slope 1 at 0

It is the sigmoid stretched and shifted, so nets of either can compute the same functions. They do not learn alike. Tanh's
outputs have a mean near 0, so that the weights that read them do not all have to move together, and its slope at 0 is 1
and not 1/4 (LeCun and others 1998; Glorot and Bengio 2010). Far from 0 it is as flat as the sigmoid: it saturates.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import mean, median

import numpy as np

from dllab.lab.activation_curves import curve
from dllab.lab.activations import between
from dllab.lab.going_on import go_on, training_loss
from dllab.lab.same_function import twin, with_sigmoids
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPE = """\
about: Digits, by three hidden layers of tanh.
data: {name: digits, test: 0.25}
model:
  - repeat: {times: 3, layers: [{dense: 32}, tanh]}
  - dense: classes
optimizer: {sgd: 0.3}
train: {epochs: 5, batch: 32}
"""
KNOBS = {"depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense",
         "activation": "model[0].repeat.layers[1]"}  # fmt: skip
OPTIONS = {"steps": 200}
SIGMOID = ("activation=sigmoid",)
RATES = (0.1, 0.3, 1.0, 3.0)
WIDE = "model[0].repeat.layers[0]={dense: {units: 32, init: {normal: 1}}}"
PREDICT = Prediction(
    "three hidden layers, 200 steps, each net at its best rate: how many times the training loss of tanh does the sigmoid "
    "have?",
    log=True, near=2, least=0.01, most=1e6,
    low="One layer would lose little. But each hands the next less slope and a mean that is off, and that adds up.",
    high="It learns, if slowly: its loss still falls a little.",
    good="Yes. The function it starts with and the mean of its outputs make that difference, no lack of ability.",
)  # fmt: skip
LEFT_OUT = """Most of the gap is where the net begins: with weights chosen so that they start as the very function of the
tanh net, sigmoids learn nearly as well, as measured above. What is usually left comes of the mean of their outputs. So a
good start can make up for much of a poor activation; and in deep nets tanh has given way to ReLU, while it is at home in
recurrent cells, whose state needs bounds (lessons 41 and 43)."""
NEXT = (
    ("dllab lesson 14 depth=1", "one hidden layer: how large is the gap?"),
    ("dllab lesson 13", "the sigmoid, and where it belongs"),
)
BREAKS = (("activation=sigmoid", "faster"), ("activation=relu", "twin"))


def run(lab: Lab) -> None:
    """One curve from the other; three nets at their best rates, two of which begin as the same function."""
    x = np.linspace(-4, 4, 33)
    tanh, sigmoid = curve("tanh", x), curve("sigmoid", 2 * x)
    lab.picture(
        Lines("one curve from the other", {"tanh(x)": (x, tanh.y), "2 sigmoid(2x) - 1": (x, 2 * sigmoid.y - 1),
              "sigmoid(x)": (x, curve("sigmoid", x).y)}, x="x", y="y", points=["2 sigmoid(2x) - 1"], height=10),
        "The stretched and shifted sigmoid lies on tanh everywhere.",
    )  # fmt: skip
    fine = np.linspace(-20, 20, 4001)
    gap = np.abs(curve("tanh", fine).y - (2 * curve("sigmoid", 2 * fine).y - 1)).max()
    lab.trace(
        "tanh from the sigmoid",
        formula="tanh(x) = 2 sigmoid(2x) - 1",
        code=("ops/tanh.py", "y[i] = vecmath.tanh(x[i])"),
        number=f"at most {gap:.1g} apart for x from -20 to 20",
        picture="the points b on the curve a",
    )
    nets = {"tanh": lab.nets({"": lab.recipe()}, 5, trained=False)[""]}
    sigmoids = lab.recipe(*SIGMOID)
    nets["sigmoid, same start"] = [twin(net, sigmoids) for net in nets["tanh"]]
    nets["sigmoid"] = lab.nets({"": sigmoids}, 5, trained=False)[""]
    exact, same = lab.network(lab.recipe()), lab.network(sigmoids)
    for own, values in zip(same.parameters.values(), with_sigmoids(exact.parameters)):
        own[...] = values
    seen = nets["tanh"][0].data.seen(nets["tanh"][0].rows("test"))
    apart = float(np.abs(exact.forward(seen) - same.forward(seen)).max())
    best = {name: best_of(lab, each, SIGMOID if "sigmoid" in name else ()) for name, each in nets.items()}
    centre = {name: [mean(one.mean for one in between(net)) for net in each] for name, each in nets.items()}
    lab.table("digits", ("hidden", "mean output at the start", "best rate", "loss in the end"),
              [(name, median(centre[name]), rate, median(ends)) for name, (rate, ends) in best.items()])  # fmt: skip
    times = {name: [one / tanh for one, tanh in zip(ends, best["tanh"][1])] for name, (_, ends) in best.items()}
    lab.picture(
        Bars(
            "training loss in the end, that of tanh being 1", {name: median(each) for name, each in times.items()}, you=True
        ),
        "Sigmoids that begin as the function of the tanh net make up most of the gap.",
    )
    lab.predicted(median(times["sigmoid"]))
    lab.claim("identity", "tanh(x) and 2 sigmoid(2x) - 1 differ by at most", float(gap), "<", 1e-12)
    lab.claim("twin", "outputs of a tanh net and of sigmoids with its function differ by", apart, "<", 1e-12)
    lab.claim("centred", "mean hidden output of tanh: from 0 by", [abs(one) for one in centre["tanh"]], "<", 0.1)
    lab.claim("off-centre", "mean hidden output of the sigmoid: from 0 by", centre["sigmoid"], ">", 0.4)
    lab.claim("faster", "sigmoid: times the training loss of tanh", times["sigmoid"], ">", 4)
    closed = over(best["sigmoid, same start"][1], best["sigmoid"][1])
    lab.claim("start", "sigmoid, same start: training loss for that of the sigmoid", closed, "<", 0.5)
    lab.shown("left", "sigmoid, same start: times the training loss of tanh", times["sigmoid, same start"])
    lab.claim("flat", "slope of tanh beyond 5", float(curve("tanh", np.linspace(5, 9, 41)).slope.max()), "<", 1e-3)
    wide = lab.nets({"": lab.recipe(WIDE)}, 5, trained=False)[""]
    stuck = [mean(one.flat or 0 for one in between(net)) for net in wide]
    lab.claim("saturates", "weights of size 1: share of outputs with next to no slope", stuck, ">", 0.5)


def best_of(lab: Lab, nets: list[Subject], changes: Sequence[str]) -> tuple[float, list[float]]:
    """The rate at which so many nets end with the least loss, by the median, and their losses."""
    ends = {}
    for rate in RATES:
        recipe = lab.recipe(*changes, f"optimizer={{sgd: {rate}}}")
        further = partial(go_on, recipe=recipe, steps=lab.option("steps"), look=training_loss, looks=1)
        ends[rate] = [float(np.nan_to_num(seen[-1], nan=np.inf)) for seen in lab.each(nets, further, f"rate {rate:g}")]
    return min(ends.items(), key=lambda one: median(one[1]))
