"""What do momentum, RMSprop and Adam add to gradient descent?

In a valley that is steep across and flat along, a rate small enough for the steep way is too small for the flat one.

    momentum  v = beta v + g,  w = w - lr v                 (Polyak 1964)
    RMSprop   s = rho s + (1 - rho) g^2,  w = w - lr g / sqrt(s) (Hinton 2012)
    Adam      m = b1 m + (1 - b1) g, s = b2 s + (1 - b2) g^2 (Kingma, Ba 2015)
              w = w - lr M / sqrt(S),  M = m / (1 - b1^t), S = s / (1 - b2^t)

Momentum sums gradients g, like a ball that rolls: what keeps its sign grows, what flips cancels. RMSprop divides g by its
usual size. Adam does both; 1 - b^t at step t makes good that m and s begin at 0.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.data.streams import generator
from dllab.lab.rate_band import rate_band
from dllab.lab.valley import Valley, best_beta, by_formula, fewest
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
    "a valley 400 times as steep across as along takes plain descent some 900 steps. How many does momentum take, with "
    "beta = 0.9?",
    unit="steps", log=True, near=1.8, least=1, most=1e6,
    low="Momentum keeps a share beta of its speed at every step, so it swings about the bottom. At the best rates the "
    "height is multiplied by about beta a step: by 0.9, so that it takes 113 steps from 150 down to 0.001.",
    high="Plain descent needs about twice as many steps as the ratio of the slopes. Momentum bears a rate that suits the "
    "flat way, too; the height is then multiplied by about beta a step: by 0.9, 113 steps from 150 down to 0.001.",
    good="Right: at the best rates the height is multiplied by about beta a step: by 0.9, 113 steps from 150 to 0.001.",
)  # fmt: skip
LEFT_OUT = """A fixed beta sets the pace: with 0.9 momentum takes about 80 steps at a ratio k = 25, where plain descent
needs fewer, and 150 at k = 1600. Only with a beta chosen for each valley, (sqrt(k) - 1)^2 / (sqrt(k) + 1)^2, do its steps
grow with the root of k, twice as many for 4 k (claimed above). Dividing by the size of g helps along the axes only: turn
the valley by 45 degrees and Adam takes nearly twice as long, while momentum does not know of axes. How wide the band of
good rates is depends on net, data and length: no law says that Adam's is the widest."""
NEXT = (("dllab lesson 25 turn=45", "askew: who still gains?"), ("dllab lesson 25 steepness=25", "try beta=0.5 there"))
BREAKS = (("steepness=1", "momentum"), ("beta=0", "momentum"), ("turn=45", "adam"), ("turn=45", "axes"))


def run(lab: Lab) -> None:
    """Race down a valley, each optimizer at its own best rate; then try rates on a net."""
    beta, ratio, turn = lab.option("beta"), lab.option("steepness"), lab.option("turn")
    draw = generator(lab.seed, "lesson 25").uniform
    starts = [(float(draw(-2, -1)), float(draw(0.5, 1))) for _ in lab.seeds(5)]

    def hikers(name: str, turn: float = turn, ratio: float = ratio, beta: float = beta) -> list[Valley]:
        options = {"beta": beta} if name == "momentum" else {}
        return [Valley(start, name, options, steepness=ratio, turn=turn) for start in starts]

    races = {name: hikers(name) for name in NAMES} | {"askew": hikers("adam", turn=45)}
    races |= {"4 k": hikers("momentum", ratio=4 * ratio), "k, chosen": hikers("momentum", beta=best_beta(ratio)),
              "4 k, chosen": hikers("momentum", ratio=4 * ratio, beta=best_beta(4 * ratio))}  # fmt: skip
    ended = {name: lab.each(each, lambda one: fewest(one, RATES, MOST)) for name, each in races.items()}
    steps = {name: [count for count, _ in each] for name, each in ended.items()}
    rate, first = {name: ended[name][0][1] for name in NAMES}, {name: races[name][0] for name in NAMES}
    walks = {name: first[name].walk(rate[name], MOST) for name in NAMES}
    high = {name: (np.arange(1, MOST + 2), np.maximum.accumulate(np.maximum(values, 1e-5)[::-1])[::-1])
            for name, (_, values) in walks.items()}  # fmt: skip
    lab.picture(
        Lines("greatest height still to come, each at its best rate", high, x="step", y="height", log=True, log_x=True,
              you="x"),
        "Momentum and Adam may climb again, so a curve shows the greatest height still to come. From the start drawn here "
        f"it is below 0.001 after {', '.join(f'{steps[name][0]:,} ({name})' for name in NAMES)} steps.",
    )  # fmt: skip
    along = {name: (np.arange(101), way[:101] @ first[name].x[0]) for name, (way, _) in walks.items()}
    swing = " and ".join(name for name, (_, place) in along.items() if max(place) > 0.02) or "no optimizer"
    lab.picture(
        Lines("how far along the flat floor, whose lowest place is 0", along, x="step", y="place", height=9),
        f"These swing over, beyond the lowest place: {swing}.",
    )
    nets = lab.runs({f"{name} {lr}": lab.recipe(f"optimizer={{{name}: {lr}}}") for name in NAMES for lr in NET_RATES}, 3)
    losses = {name: [[run.figure("loss", "train") for run in nets[f"{name} {lr}"]] for lr in NET_RATES] for name in NAMES}
    curves = {name: [median(each) for each in one] for name, one in losses.items()}
    bands = {name: rate_band(NET_RATES, curve) for name, curve in curves.items()}
    rows = [(name, rate[name], median(steps[name]), np.nanmin(curves[name]), b.low, b.high) for name, b in bands.items()]
    lab.table("down the valley; a net, and the rates within 10 % of its best loss", COLUMNS, rows)
    lab.trace(
        "the velocity of momentum",
        formula=f"v = {beta:g} v + g: a slope that stays sums up to {1 / max(1 - beta, 1e-9):.3g} times itself",
        code=("optim/momentum.py", "v[i] = beta * v[i] + g[i]"),
        number=f"{steps['sgd'][0]:,} steps without it, {steps['momentum'][0]:,} with",
        picture="where the curves of sgd and momentum get below 0.001",
    )
    lab.predicted(median(steps["momentum"]))
    off = [abs(by_formula(name, first[name], rate[name], 30, beta) - walks[name][0][:31]).max() for name in NAMES[1:]]
    lab.claim("formula", "the papers' formulas by hand, 30 steps of all three: off by", max(off), "<", 1e-12)
    for name, bound in (("momentum", 6.5), ("adam", 7)):
        text = f"steps of sgd divided by those of {name}, each at its best rate"
        lab.claim(name, text, over(steps["sgd"], steps[name]), ">", bound, what="starts")
    lab.claim("axes", "adam: steps at 45 degrees to the axes divided by those in this valley",
              over(steps["askew"], steps["adam"]), ">", 1.5, what="starts")  # fmt: skip
    lab.claim("pace", "momentum with one beta for both: steps in a valley 4 times as steep divided by those here",
              over(steps["4 k"], steps["momentum"]), "<", 1.6, what="starts")  # fmt: skip
    lab.claim("root", "the same with a beta chosen for each of the two",
              over(steps["4 k, chosen"], steps["k, chosen"]), "<", 2.6, what="starts")  # fmt: skip
    for name in NAMES:
        width = [rate_band(NET_RATES, curve).decades for curve in zip(*losses[name])]
        lab.shown(f"band-{name}", f"{name}: rates within 10 % of its best loss", width, "decades")
