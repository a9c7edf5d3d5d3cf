"""How does gradient descent find its way down, and how large may a step be?

It steps against the gradient g, which points uphill. Let L be the largest curvature (second derivative) in any direction:

    w <- w - lr g     goes down at every step if lr < 2 / L

On a quadratic a step multiplies the distance from the bottom by 1 - lr c in each direction of curvature c; below -1 it
ends farther away, on the other side. So the steepest direction limits the step, and the flattest, with a factor just
below 1, crawls (Nesterov 2004, section 1.2.3). On a net L is that of one place, and it changes.
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
about: A point in a valley, 25 times as steep across as along, (u^2 + 25 v^2) / 2.
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
    "in the valley (u^2 + 25 v^2) / 2, up to which learning rate does the height fall at every step?",
    log=True, near=1.3, least=1e-9, most=1e9,
    low="More is possible. Across the valley the slope is 25 v: at lr = 1/25 a step ends at the bottom, at 2/25 as high on "
    "the other side as it began.",
    high="Across the valley a step multiplies v by 1 - 25 lr. Beyond lr = 2/25 that is below -1, and v grows without end.",
    good="Yes, 2/25: there 1 - 25 lr is -1.",
)  # fmt: skip
LEFT_OUT = """On a net the rule is local. L is a number of the place: with a step that is well below 2 / L at the start,
training goes to ever sharper places until L is about 2 / lr, and lives there: the loss goes up again and again, and yet
falls over the long run, where a quadratic would blow up (Cohen et al. 2021). With momentum the height may rise on the way
and still end low, up to 2 (1 + beta) / L. And of a minimum the gradient knows nothing but that it is flat, whether it is
the lowest or not."""
NEXT = (("dllab lesson 22 optimizer=momentum", "it may rise, and yet end low"),
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
    (u, v), (_, after) = ways["lr = 1.95 / L"][:2]
    lab.picture(
        Paths(f"the {surface}: twelve steps at three rates", *relief(surface, (u, v)), ways, unit_x="u", unit_y="v"),
        "b is on the floor after one step; c jumps from wall to wall; along the floor all three crawl.",
    )
    rates = np.geomspace(0.05, 2.02, 150) / bend
    ends = [walker.heights(rate, 60)[-1] for rate in rates]
    lab.picture(
        Lines(f"the {surface}: height after 60 steps", {"height": (rates, ends)}, x="lr", y="height", log=True, log_x=True,
              marks={"*": 2 / bend}, you="x"),
        "The larger the step the lower it gets, up to just below the limit (*: 2 / L); beyond, it shoots up.",
    )  # fmt: skip
    rows, below, above = [], [], []
    for name, one in ((surface, walker), ("bowl", bowl)):
        limit = 2 / one.curvature
        low, high = one.heights(0.98 * limit, 200), one.heights(1.02 * limit, 200)
        rows.append((name, one.curvature, limit, one.limit(5 * limit), one.bears(5 * limit)))
        below.append(rises(low))
        above.append(high[-1] / high[0])
    lab.table("", ("surface", "L", "2 / L", "down at every step up to", "ends lower up to"), rows,
              "By trying: the largest rate with which 200 steps all go down; with which 2,000 steps end lower than they "
              "began.")  # fmt: skip
    lab.predicted(rows[0][3])
    lab.trace(
        "v, across the valley, after one step",
        formula="v - lr 25 v = (1 - 25 lr) v",
        code=("optim/sgd.py", "p[i] -= lr * g[i]"),
        number=f"lr = {1.95 / bend:.4g}: from {v:.4g} to {after:.4g}",
        picture="c's first step, from the upper left to the other side",
    )
    lab.claim("limit", "largest rate that goes down at every step, by trying, against 2 / L: relative difference",
              max(abs(found / limit - 1) for _, _, limit, found, _ in rows), "<", 1e-5)  # fmt: skip
    lab.claim("below", "at 0.98 times 2 / L: steps of 200 that go up", max(below), "==", 0, "steps")
    lab.claim("above", "at 1.02 times 2 / L: height after 200 steps divided by that at the start", min(above), ">", 100)
    nets = lab.nets({"net": lab.recipe(name="net")}, 11, trained=False)["net"]
    found = lab.each(nets, lambda net: descent(net, share, 600, 15), "descent on nets")
    middle = np.median([one.largest * one.lr / 2 for one in found], axis=0)
    lab.picture(
        Lines("the rate as a share of 2 / L on nets (median)", {"lr / (2 / L)": (found[0].looks, middle)}, x="step"),
        f"In the valley this would be a level line. Here it begins at {middle[0]:.2f}, and over the last half its "
        "median is "
        f"{np.median(middle[len(middle) // 2 :]):.2f}: the limit is 1.",
    )
    grown, up = [one.largest.max() / one.largest[0] for one in found], [rises(one.losses) for one in found]
    lab.claim("moves", "on nets: largest L on the way divided by L at the start", grown, ">", 1.3)
    lab.claim("rises", f"nets, lr = {share:g} times 2 / L of the start: steps of 600 that go up", up, ">", 5, "steps")
    left = [one.losses[-1] / one.losses[0] for one in found]
    lab.claim("falls", "and still: loss at the end divided by that at the start", left, "<", 0.2)
