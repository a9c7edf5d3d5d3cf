"""How does gradient descent find its way down, and how large may a step be?

It steps against the gradient g, which points uphill:

    w <- w - lr g     falls at every step if lr < 2 / L, L: largest curvature

On a quadratic each direction of curvature c has its own factor, 1 - lr c, by which its distance from the bottom is
multiplied: below -1 it overshoots by more than it came. The steepest direction sets the step, and the flattest, with a
factor just below 1, then crawls (Nesterov 2004, section 1.2.3). On a net L is that of one place, and it changes.
"""

from __future__ import annotations

import numpy as np

from dllab.lab.curvature import descent
from dllab.lab.surface_race import hiker, relief, rises
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.lesson import NoLesson
from dllab.lessons.pictures import Lines, Paths
from dllab.losses.surface import Surface

RECIPES = {"quadratic": """\
about: A point in a valley, 25 times as steep across as along, (a^2 + 25 b^2) / 2.
input: [1]
model: [{point: [-2.2, 0.8]}]
loss: {surface: valley}
optimizer: {sgd: 0.05}
""", "net": """\
about: A sine through noisy points; every step sees them all.
data: {name: function, samples: 100, noise: 0.1, test: 0}
model: [{repeat: {times: 2, layers: [{dense: 16}, tanh]}}, {dense: outputs}]
loss: mse
optimizer: {sgd: 0.1}
train: {batch: 100, dtype: float64}
"""}  # fmt: skip
KNOBS = {"surface": "loss.surface", "depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense.units",
         "activation": "model[0].repeat.layers[1]"}  # fmt: skip
OPTIONS = {"share": 0.8}
PREDICT = Prediction(
    "in the valley (a^2 + 25 b^2) / 2, up to which learning rate does the height fall at every step?",
    log=True, near=1.3, least=1e-9, most=1e9,
    low="More is possible. Across the valley the slope is 25 b: at 1/25 a step ends at the bottom, at 2/25 as high on the "
    "other side as it began.",
    high="Across the valley a step multiplies b by 1 - 25 lr. Beyond lr = 2/25 that is below -1, and b grows without end.",
    good="Yes, 2/25: there 1 - 25 lr is -1.",
)  # fmt: skip
LEFT_OUT = """On a net the rule is local. L is a number of the place: with a step that is well below 2 / L at the start,
training goes to ever sharper places until L is about 2 / lr, and lives there: the loss goes up again and again, and yet
falls over the long run, where a quadratic would blow up (Cohen et al. 2021). And of a minimum the gradient knows
nothing but that it is flat, whether it is the lowest or not."""
NEXT = (("dllab lesson 22 optimizer=momentum", "does the limit hold with momentum?"),
        ("dllab compare-optimizers --surface valley", "other optimizers in that valley"))  # fmt: skip
BREAKS = (("optimizer=momentum", "limit"), ("surface=rosenbrock", "limit"), ("share=0.1", "rises"))


def run(lab: Lab) -> None:
    """The limit of the step in valleys, by trying; then nets at a share of their limit."""
    recipe, share = lab.recipe(name="quadratic"), lab.option("share")
    if not isinstance(recipe.loss, Surface):
        raise NoLesson("the valley is gone", "choose a landscape, such as surface=bowl")
    surface, walker, bowl = recipe.loss.surface, hiker(recipe), hiker(lab.recipe("surface=bowl", name="quadratic"))
    bend = walker.curvature
    ways = {f"lr = {times:g} / L": walker.walk(times / bend, 12)[0] for times in (0.5, 1.0, 1.95)}
    (a, b), (_, after) = ways["lr = 1.95 / L"][:2]
    lab.picture(
        Paths(f"the {surface}: twelve steps at three rates", *relief(surface, (a, b)), ways, unit_x="a", unit_y="b"),
        "The rate that is fine for the steep way across lets both others crawl along; c all but overshoots.",
    )
    rates = np.geomspace(0.05, 2.02, 150) / bend
    ends = [walker.heights(rate, 60)[-1] for rate in rates]
    lab.picture(
        Lines(f"the {surface}: height after 60 steps", {"height": (rates, ends)}, x="lr", y="height", log=True, log_x=True,
              marks={"L": 2 / bend}, you="x"),
        "The larger the step the lower it gets, up to just below the limit (L: 2 / L); beyond, it shoots up.",
    )  # fmt: skip
    rows, below, above = [], [], []
    for name, one in ((surface, walker), ("bowl", bowl)):
        limit = 2 / one.curvature
        low, high = one.heights(0.98 * limit, 200), one.heights(1.02 * limit, 200)
        rows.append((name, one.curvature, limit, one.limit(5 * limit)))
        below.append(rises(low))
        above.append(high[-1] / high[0])
    lab.table("", ("surface", "L", "2 / L", "limit by trying"), rows)
    lab.predicted(rows[0][3])
    lab.trace(
        "b, across the valley, after one step",
        formula="b - lr 25 b = (1 - 25 lr) b",
        code=("optim/sgd.py", "p[i] -= lr * g[i]"),
        number=f"lr = {1.95 / bend:.4g}: from {b:.4g} to {after:.4g}",
        picture="c's first step, from the upper left to the other side",
    )
    lab.claim("limit", "the largest step that always goes down, by trying, is off 2 / L by a share of",
              max(abs(found / limit - 1) for *_, limit, found in rows), "<", 1e-5)  # fmt: skip
    lab.claim("below", "at 0.98 of 2 / L: how many of 200 steps go up", max(below), "==", 0)
    lab.claim("above", "at 1.02 of 2 / L: the height grows by a factor of", min(above), ">", 100)
    nets = lab.nets({"net": lab.recipe(name="net")}, 7, trained=False)["net"]
    found = lab.each(nets, lambda net: descent(net, share, 600, 15), "descent on nets")
    middle = np.median([one.largest * one.lr / 2 for one in found], axis=0)
    lab.picture(
        Lines(f"{len(nets)} nets, each step by all rows: median", {"L lr / 2": (found[0].looks, middle)}, x="step"),
        "In the valley this would be a level line. Here it climbs to 1, the limit, and stays about there.",
    )
    grown, up = [one.largest.max() / one.largest[0] for one in found], [rises(one.losses) for one in found]
    lab.claim("moves", "on nets L grows, from the start to its largest, by a factor of", grown, ">", 1.3)
    lab.claim("rises", f"though lr is {share:g} of 2 / L at the start, of 600 steps go up", up, ">", 5)
    left = [one.losses[-1] / one.losses[0] for one in found]
    lab.claim("falls", "and still the loss falls to a share of", left, "<", 0.2)
