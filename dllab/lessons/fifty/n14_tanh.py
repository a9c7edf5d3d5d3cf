"""How is tanh related to the sigmoid, and why is it better between layers?

    tanh(x) = 2 sigmoid(2x) - 1,    from -1 to 1, slope 1 at 0

It is the sigmoid stretched and shifted, so nets of either can compute the same functions. They do not learn alike. A
sigmoid's outputs are all above 0, so that after one row the weights of a unit that reads them all rise or all fall; tanh's
have a mean near 0. And tanh's slope at 0 is 1, not 1/4 (LeCun and others 1998; Glorot and Bengio 2010). Far from 0 both are
flat: they saturate.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median

import numpy as np

from dllab.lab.activation_curves import curve
from dllab.lab.activations import between
from dllab.lab.going_on import go_on, training_loss
from dllab.lab.same_function import twin, with_sigmoids
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

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
SIGMOID, SAME = ("activation=sigmoid",), "sigmoid, same start"
RATES, LONGER = (0.1, 0.3, 1.0, 3.0, 10.0), 4
WIDE = "model[0].repeat.layers[0]={dense: {units: 32, init: {normal: 1}}}"
PREDICT = Prediction(
    "three hidden layers, 200 steps, each net at its best rate: how many times the training loss of tanh does the sigmoid "
    "have?",
    log=True, near=2, least=0.01, most=1e6,
    low="One layer would lose little. But each passes a quarter of the slope on to the next at best, and that multiplies.",
    high="Its loss cannot be far above ln 10 = 2.3, that of guessing, and tanh's is not yet near 0 after 200 steps.",
    good="Yes. Most of the gap comes from the function that the net starts with, as the net with the same start shows.",
)  # fmt: skip
LEFT_OUT = """Most of the gap is where the net begins: sigmoids with weights that make them start as the very function of
the tanh net come much closer, as measured above. And the factor belongs to 200 steps: sigmoids are late, not unable, and
after 800 steps it is another one. In deep nets tanh has given way to ReLU; it is at home in recurrent cells, whose state
needs bounds (lessons 41 and 43)."""
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
    drawn, sigmoids = lab.nets({"": lab.recipe()}, 5, trained=False)[""], lab.recipe(*SIGMOID)
    kind = between(drawn[0])[0].kind
    own = "your net" if kind == "sigmoid" else kind
    nets = {own: drawn, SAME: [twin(net, sigmoids) for net in drawn],
            "sigmoid": lab.nets({"": sigmoids}, 5, trained=False)[""]}  # fmt: skip
    exact, same = lab.network(lab.recipe()), lab.network(sigmoids)
    for values, given in zip(same.parameters.values(), with_sigmoids(exact.parameters)):
        values[...] = given
    seen = drawn[0].data.seen(drawn[0].rows("test"))
    apart = float(np.abs(exact.forward(seen) - same.forward(seen)).max())
    steps = lab.option("steps")
    best = {name: best_of(lab, each, () if name == own else SIGMOID) for name, each in nets.items()}
    centre = {name: [mean(one.mean for one in between(net)) for net in each] for name, each in nets.items()}
    rows = [(name, median(centre[name]), rate, *np.median(ways, axis=0)[[2, -1]]) for name, (rate, ways) in best.items()]
    head = ("hidden", "mean output at start", "best rate", f"loss, {steps}", f"loss, {LONGER * steps}")
    lab.table(f"digits: training loss after {steps} and {LONGER * steps} steps", head, rows)
    times = {name: ways / best[own][1] for name, (_, ways) in best.items() if name != own}
    looks = np.arange(2 * LONGER + 1) * steps / 2
    lab.picture(
        Lines(f"training loss divided by that of {own}", {name: (looks, np.median(each, axis=0)) for name, each in
              times.items()}, x="steps", y="times", log=True, you="y", marks={"P": steps}),
        f"P: {steps} steps. There is no one factor: it depends on how long the nets are trained.",
    )  # fmt: skip
    first, last = ({name: [float(one) for one in ways[:, look]] for name, (_, ways) in best.items()} for look in (2, -1))
    lab.predicted(median(over(first["sigmoid"], first[own])))
    lab.claim("identity", "tanh(x) and 2 sigmoid(2x) - 1 differ by at most", float(gap), "<", 1e-12)
    lab.claim("twin", "the recipe's net and sigmoids of the same function: outputs differ by", apart, "<", 1e-12)
    lab.claim("centred", "the recipe's net: mean hidden output, from 0 by", [abs(one) for one in centre[own]], "<", 0.1)
    lab.claim("off-centre", "mean hidden output of the sigmoid: from 0 by", centre["sigmoid"], ">", 0.4)
    lab.claim("faster", f"sigmoid: loss after {steps} steps, divided by the recipe's net's",
              over(first["sigmoid"], first[own]), ">", 3)  # fmt: skip
    lab.claim("start", "sigmoid, same start: loss divided by the sigmoid's", over(first[SAME], first["sigmoid"]), "<", 0.5)
    lab.shown("behind", "sigmoid, same start: loss divided by the recipe's net's", over(first[SAME], first[own]))
    lab.claim("late", f"sigmoid: loss after {LONGER * steps} steps, divided by its own after {steps}",
              over(last["sigmoid"], first["sigmoid"]), "<", 0.5)  # fmt: skip
    lab.shown("later", f"sigmoid: loss after {LONGER * steps} steps, divided by the recipe's net's",
              over(last["sigmoid"], last[own]))  # fmt: skip
    lab.claim("flat", "slope of tanh beyond 5", float(curve("tanh", np.linspace(5, 9, 41)).slope.max()), "<", 1e-3)
    wide = lab.nets({"": lab.recipe(WIDE)}, 5, trained=False)[""]
    stuck = [mean(one.flat or 0 for one in between(net)) for net in wide]
    lab.claim("saturates", "weights of size 1: share of outputs with next to no slope", stuck, ">", 0.5)


def best_of(lab: Lab, nets: list[Subject], changes: Sequence[str]) -> tuple[float, np.ndarray]:
    """The rate at which nets have the least loss after `steps` steps, by the median; their losses at it, (nets, looks)."""

    def course(rate: float, longer: int) -> np.ndarray:
        recipe, count = lab.recipe(*changes, f"optimizer={{sgd: {rate}}}"), lab.option("steps") * longer
        ways = lab.each(nets, lambda net: go_on(net, recipe, count, training_loss, 2 * longer), f"rate {rate:g}")
        return np.asarray(np.nan_to_num(ways, nan=np.inf))

    best = min(RATES, key=lambda rate: float(np.median(course(rate, 1)[:, -1])))
    return best, course(best, LONGER)
