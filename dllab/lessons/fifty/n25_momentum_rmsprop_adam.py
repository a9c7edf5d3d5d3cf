"""What do momentum, RMSprop and Adam add to gradient descent?

In a valley that is steep across and flat along, a rate small enough not to bounce is too small to get on.

    momentum   v = beta v + g,  w -= lr v                 (Polyak 1964)
    RMSprop    s = rho s + (1 - rho) g^2,  w -= lr g / sqrt(s)   (Hinton 2012)
    Adam       both as means, freed of their start at 0   (Kingma, Ba 2015)

Momentum sums gradients: what keeps its direction grows, what flips cancels. RMSprop divides each by its usual size.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.data.streams import generator
from dllab.lab.rate_band import rate_band
from dllab.lab.surface_race import Pair
from dllab.lab.valley import Valley, by_formula, fewest
from dllab.lessons.claim import Prediction, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: Two noisy moons, as a net on which to try many learning rates.
data: {name: moons, samples: 250, noise: 0.35, test: 0.2}
model: [{dense: 8}, tanh, {dense: classes}]
optimizer: {sgd: 0.1}
train: {epochs: 40, batch: 20, evaluate_every: 40}
"""
KNOBS = {"units": "model[0].dense.units", "epochs": "train.epochs", "batch": "train.batch", "noise": "data.noise"}
OPTIONS = {"steepness": 400.0, "turn": 0.0, "beta": 0.9}
NAMES = ("sgd", "momentum", "rmsprop", "adam")
RATES, NET_RATES = [10 ** (k / 10) for k in range(-40, 1)], [10 ** (k / 3) for k in range(-9, 3)]
MOST, COLUMNS = 1500, ("optimizer", "best rate", "steps", "loss of net", "rates from", "to")
PREDICT = Prediction(
    "a valley 400 times as steep across as along takes plain descent some 900 steps. How many does momentum take?",
    unit="steps", log=True, near=1.8, least=1, most=1e6,
    low="Too few: with beta 0.9 the ball keeps 9 tenths of a wrong way, too, and swings about the bottom.",
    high="More than you think is gained: plain descent takes about the ratio of the slopes, momentum about its root.",
    good="Right: plain descent takes about as many as the ratio of the slopes, momentum some multiple of its root.",
)  # fmt: skip
LEFT_OUT = """Dividing by the size works along the axes only: turn the valley by 45 degrees and Adam takes nearly twice as
long, while momentum does not know of axes. In a mild valley momentum with beta 0.9 is slower than plain descent. And how
wide a band of rates is good depends on net, data and length: no law says that Adam's is the widest."""
NEXT = (("dllab lesson 25 turn=45", "askew: who still gains?"), ("dllab lesson 25 steepness=25", "try beta=0.5 there"))
BREAKS = (("steepness=1", "momentum"), ("turn=45", "adam"), ("turn=45", "axes"))


def run(lab: Lab) -> None:
    """Race down a valley, each optimizer at its own best rate; then try rates on a net."""
    beta = lab.option("beta")
    draw = generator(lab.seed, "lesson 25").uniform
    starts = [(float(draw(-2, -1)), float(draw(0.5, 1))) for _ in lab.seeds(5)]

    def hiker(name: str, start: Pair, more: float = 0.0) -> Valley:
        options = {"beta": beta} if name == "momentum" else {}
        return Valley(start, name, options, steepness=lab.option("steepness"), turn=lab.option("turn") + more)

    races = {name: [hiker(name, start) for start in starts] for name in NAMES}
    races["askew"] = [hiker("adam", start, 45) for start in starts]
    ended = {name: lab.each(each, lambda one: fewest(one, RATES, MOST)) for name, each in races.items()}
    steps = {name: [count for count, _ in each] for name, each in ended.items()}
    rate, first = {name: ended[name][0][1] for name in NAMES}, {name: races[name][0] for name in NAMES}
    walks = {name: first[name].walk(rate[name], MOST) for name in NAMES}
    high = {name: (np.arange(1, MOST + 2), np.maximum.accumulate(np.maximum(values, 1e-5)[::-1])[::-1])
            for name, (_, values) in walks.items()}  # fmt: skip
    lab.picture(
        Lines("greatest height still to come, each at its best rate", high, x="step", log=True, log_x=True, you="x"),
        "Plain descent is the last below 0.001: it takes small steps all the way, for the steep side's sake.",
    )
    along = {name: (np.arange(101), way[:101] @ first[name].x[0]) for name, (way, _) in walks.items()}
    lab.picture(
        Lines("how far along the flat floor, whose lowest place is 0", along, x="step", height=9),
        "Momentum gathers speed and swings over; RMSprop and Adam hardly slow down as it gets flatter.",
    )
    nets = lab.runs({f"{name} {lr}": lab.recipe(f"optimizer={{{name}: {lr}}}") for name in NAMES for lr in NET_RATES}, 3)
    loss = {key: median(run.figure("loss", "train") for run in each) for key, each in nets.items()}
    curves = {name: [loss[f"{name} {lr}"] for lr in NET_RATES] for name in NAMES}
    bands = {name: rate_band(NET_RATES, curve) for name, curve in curves.items()}
    rows = [(name, rate[name], median(steps[name]), np.nanmin(curves[name]), b.low, b.high) for name, b in bands.items()]
    lab.table("down the valley; a net, and the rates within 10 % of its best loss", COLUMNS, rows)
    lab.trace(
        "the velocity of momentum",
        formula=f"v = {beta:g} v + g: a slope that stays sums up to {1 / (1 - beta):.3g} times itself",
        code=("optim/momentum.py", "v[i] = beta * v[i] + g[i]"),
        number=f"{median(steps['sgd']):g} steps without it, {median(steps['momentum']):g} with",
        picture="where the curves of sgd and momentum get below 0.001",
    )
    lab.predicted(median(steps["momentum"]))
    off = [abs(by_formula(name, first[name], rate[name], 30, beta) - walks[name][0][:31]).max() for name in NAMES[1:]]
    lab.claim("formula", "the papers' formulas by hand, 30 steps of all three: off by", max(off), "<", 1e-12)
    for name, bound in (("momentum", 6.5), ("adam", 7)):
        gain = over(steps["sgd"], steps[name])
        lab.claim(name, f"{name}: times fewer steps than sgd, each at its best rate", gain, ">", bound)
    slower = over(steps["askew"], steps["adam"])
    lab.claim("axes", "adam: times as many steps with the valley turned by 45 degrees", slower, ">", 1.5)
    for name, band in bands.items():
        lab.shown(f"band-{name}", f"{name}: rates within 10 % of its best loss", band.decades, "decades")
