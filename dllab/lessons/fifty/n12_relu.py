"""What does ReLU give a net, and what can go wrong with it?

    relu(x) = max(0, x),    slope 1 where x > 0, else 0

It costs a comparison, where sigmoid and tanh take an exponential; about half of the units are silent (give 0) for any one
example; and a slope of 1 does not wear a gradient down from layer to layer (Glorot, Bordes, Bengio 2011). The price: a unit
that is silent for every example has slope 0 for all of them, gets no gradient and is dead. In a first hidden layer, whose
inputs stay what they are, it never comes back.
"""

from __future__ import annotations

from functools import partial
from statistics import mean, median

import numpy as np
from numpy.typing import NDArray

from dllab.lab.activation_curves import curve
from dllab.lab.activations import between, never_on
from dllab.lab.going_on import go_on
from dllab.lab.gradients import first_over_last
from dllab.lab.op_count import nanoseconds, operations
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines
from dllab.ops import relu, sigmoid, tanh

RECIPE = """\
about: A hidden layer of ReLUs, trained with a learning rate that is 30 times too large.
data: {name: digits, test: 0.25}
model:
  - dense: 64
  - relu
  - dense: classes
optimizer: {sgd: 3.0}
train: {epochs: 5, batch: 32}
"""
KNOBS = {"activation": "model[1]", "width": "model[0].dense", "lr": "optimizer.sgd", "epochs": "train.epochs"}
OPTIONS = {"steps": 300}
KINDS = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh}
SMALL = "optimizer={adam: 0.01}"
SAME, LEAKY = "as they were", "as leaky ReLU"
DEEP = "model=[{{repeat: {{times: 10, layers: [{{dense: 64}}, {0}]}}}}, {{dense: classes}}]"
PREDICT = Prediction(
    "five epochs at 30 times a good rate, then a good rate: how many of 64 ReLUs give 0 for every example in the end?",
    near=8, least=0, most=64,
    low="Training on repairs weights, but only those that get a gradient. These get none, so they stay as they are.",
    high="Not quite all of them: a few still answer to some example.",
    good="Nearly all are dead, and no later step can wake them.",
)  # fmt: skip
LEFT_OUT = """Leaky ReLU wakes dead units, but slowly: its slope there is 0.01, and many sums are still below 0 in the end,
as drawn. A smaller rate, which kills few, is the better cure. Behind a layer that learns, the inputs of a dead unit move,
so there it may wake by luck. And few operations are not always few seconds: processors do many at once, and where numbers
come from memory, loading them takes longest; so the times above are shown, not claimed."""
NEXT = (
    ("dllab lesson 12 lr=0.3", "a smaller rate: do units die, too?"),
    ("dllab lesson 12 activation=leaky_relu", "leaky units from the start"),
)
BREAKS = (("activation=leaky_relu", "stay"), ("lr=0.1", "killed"))


def run(lab: Lab) -> None:
    """What it costs and what it keeps, then how units die and wake."""
    deep = lab.nets({name: lab.recipe(DEEP.format(name)) for name in KINDS}, 5, trained=False)
    share = {name: [first_over_last(net) for net in each] for name, each in deep.items()}
    silent = [100 * mean(one.zeros for one in between(net)) for net in deep["relu"]]
    cost = {name: operations(module.forward) for name, module in KINDS.items()}
    took = {name: nanoseconds(name) for name in KINDS}
    lab.table("what one number costs; what ten layers of 64 leave of a gradient: first layer's divided by last layer's",
              ("activation", "operations", "nanoseconds", "|dW_1| / |dW_L|"),
              [(name, cost[name], took[name], median(share[name])) for name in KINDS])  # fmt: skip

    trained, steps = lab.nets({"": lab.recipe()}, 7)[""], int(lab.option("steps"))
    later = {SAME: lab.recipe(SMALL), LEAKY: lab.recipe(SMALL, "model[1]=leaky_relu")}
    went = {
        name: lab.each(trained, partial(go_on, recipe=recipe, steps=steps, look=seen)) for name, recipe in later.items()
    }
    off = {name: np.array([[look[0] for look in one] for one in each]) for name, each in went.items()}  # nets, looks, units
    right = {name: [100 * looks[-1][1] for looks in each] for name, each in went.items()}
    below = {name: np.median(each.sum(-1), axis=0) for name, each in off.items()}
    woken = {name: (each[:, 0] & ~each[:, -1]).sum(-1).tolist() for name, each in off.items()}
    x = np.linspace(0, steps, len(below[SAME]))
    lab.picture(
        Lines("units whose sum z is above 0 for no example, from the last large step on",
              {name: (x, each) for name, each in below.items()}, x="small step", y="units", you="y"),
        f"Of {below[SAME][0]:.0f} such units {median(woken[SAME]):.0f} come back as they are, and "
        f"{median(woken[LEAKY]):.0f} where leaky ReLU takes their place.",
    )  # fmt: skip
    lab.table("", ("units", "never above 0 at first", "in the end", "right, %"),
              [(name, below[name][0], below[name][-1], median(right[name])) for name in later])  # fmt: skip
    lab.trace(
        "the gradient of a unit that is silent for every example",
        formula="dx = dy where y > 0, else 0",
        code=("ops/relu.py", "dx[i] = dy[i] if y[i] > 0 else 0"),
        number=f"of {off[SAME][0, 0].sum()} units that were dead in the first net, {woken[SAME][0]} woke",
        picture="why the whole line does not fall: without a gradient no weight moves",
    )
    lab.predicted(below[SAME][-1])
    exact = curve("relu", np.linspace(-6, 6, 1201))
    lab.claim("exact", "relu(x) and max(0, x) differ by at most", float(abs(exact.y - exact.x.clip(0)).max()), "==", 0)
    for name in ("sigmoid", "tanh"):
        lab.claim(
            f"cheaper-than-{name}", f"operations of {name} divided by those of ReLU", cost[name] / cost["relu"], ">", 10
        )
        lab.shown(f"seconds-{name}", f"seconds of {name} divided by those of ReLU, here and now", took[name] / took["relu"])
    lab.claim("half", "silent outputs before training: from 50 % by", [abs(one - 50) for one in silent], "<", 5, "points")
    even = [max(one, 1 / one) for one in share["relu"]]
    lab.claim("keeps", "ReLU: the larger of first and last layer's gradient divided by the smaller", even, "<", 3)
    lab.claim("fades", "sigmoid: the first layer's gradient divided by the last layer's", share["sigmoid"], "<", 1e-5)
    lab.claim("killed", "ReLUs that large steps leave dead", 100 * off[SAME][:, 0].mean(-1), ">", 90, "%")
    lab.claim("stay", "dead ReLUs that wake in small steps", woken[SAME], "==", 0)
    lab.claim("revive", "units that wake as leaky ones", woken[LEAKY], ">", 8)
    lab.claim(
        "learns", "in the end leaky units are right more often by", less(right[LEAKY], right[SAME]), ">", 30, "points"
    )


def seen(net: Subject) -> tuple[NDArray[np.bool_], float]:
    """Which hidden units have no sum above 0 for any training example (units,), and the test accuracy."""
    said = net.network.forward(net.data.seen(net.rows("test"))).argmax(-1)
    return never_on(net, "0_dense"), float((said == net.data.targets(net.rows("test"))).mean())
