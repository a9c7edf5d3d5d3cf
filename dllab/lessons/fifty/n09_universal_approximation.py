"""Can a net with one hidden layer come near any function?

Any continuous one, on a bounded range, as near as one likes, if the layer is wide enough (Cybenko 1989; Hornik 1991;
Leshno and others 1993). With ReLUs it is easy to see: each unit may put one bend where it likes,

    f(x) = y_0 + sum_i c_i relu(x - t_i),    off by max|f''| h^2 / 8 at most,

with bends h apart. So such weights exist; that training finds them, or what lies outside the range, nobody has promised.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from dllab.lab.interpolating import through
from dllab.lessons.claim import Prediction, over
from dllab.lessons.crowd import Run
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines
from dllab.recipe import parse

RECIPE = """\
about: One hidden layer for a curve, wide enough to come near it.
data: {name: function, function: sine, periods: 1, samples: 512, noise: 0, test: 0.25}
model:
  - dense: 256
  - relu
  - dense: outputs
optimizer: {adam: 0.03}
schedule: cosine
train: {epochs: 80, batch: 32}
"""
KNOBS = {"activation": "model[1]", "lr": "optimizer.adam", "epochs": "train.epochs", "samples": "data.samples",
         "noise": "data.noise"}  # fmt: skip
Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
WIDTHS = (1, 4, 16, 64, 256)
CURVES: dict[str, tuple[str, Curve]] = {
    "sine": ("data.function=sine", lambda x: np.sin(np.pi * x)),
    "bump": ("data.function=bump", lambda x: np.exp(-(x**2) / 0.08)),
}
WAVES, DEPTHS = "data.periods=2", ("one layer of 256", "three layers of 17")
DEEP = "model=[{dense: 17}, relu, {dense: 17}, relu, {dense: 17}, relu, {dense: outputs}]"
PREDICT = Prediction(
    "the weights are set by hand, with 64 ReLUs and then with 256. What is the sine's error with 64 divided by that with "
    "256?",
    log=True, near=1.5, least=1, most=1e6,
    low="Four times the bends are four times as close, and the error goes with the square of that.",
    high="It goes with the square of the distance of the bends, no faster: a straight line between bends stays straight.",
    good="Yes: bends four times as close, and the error goes with the square of their distance.",
)  # fmt: skip
LEFT_OUT = """That weights exist says nothing of how many it takes, nor of whether training finds them: at 256 units the
trained net is far behind the one built by hand, as drawn, and for two waves three layers of 17 do better than one of 256
with more parameters. And the theorem wants a bounded range: outside it the net goes on as it likes, as measured above."""
NEXT = (
    ("dllab lesson 9 activation=identity", "without bends: does width help?"),
    ("dllab viz-boundary function", "the curve that a net has learnt"),
)
BREAKS = (("activation=identity", "sine"), ("epochs=1", "bump"))


def run(lab: Lab) -> None:
    """Error against width, by hand and by training; then depth, and what lies outside."""
    recipes = {f"{name} {width}": lab.recipe(change, f"model[0].dense={width}") for name, (change, _) in CURVES.items()
               for width in WIDTHS}  # fmt: skip
    recipes |= dict(zip(DEPTHS, (lab.recipe(WAVES), lab.recipe(WAVES, DEEP))))
    runs = lab.runs(recipes, 5)
    error = {name: [run.figure("rmse") for run in each] for name, each in runs.items()}
    hand = {name: [by_hand(lab, width, curve) for width in WIDTHS] for name, (_, curve) in CURVES.items()}
    trained = {name: [median(error[f"{name} {width}"]) for width in WIDTHS] for name in CURVES}
    lab.picture(
        Lines("error against width", {**{f"{name}, trained": (WIDTHS, each) for name, each in trained.items()},
              **{f"{name}, by hand": (WIDTHS, each) for name, each in hand.items()}},
              x="units", y="rms error", log=True, log_x=True),
        "By hand the error falls with the square of the width. With 256 units the trained net's error of the sine is "
        f"{trained['sine'][-1] / hand['sine'][-1]:,.0f} times that.",
    )  # fmt: skip
    columns = [(name, way, found) for name in CURVES for way, found in (("trained", trained), ("by hand", hand))]
    lab.table(
        "rms error",
        ("units", *(f"{name}, {way}" for name, way, _ in columns)),
        [(width, *(found[name][place] for name, _, found in columns)) for place, width in enumerate(WIDTHS)],
    )
    size = {name: sum(values.size for values in runs[name][0].parameters.values()) for name in DEPTHS}
    lab.table("two waves", ("net", "parameters", "rms error"), [(name, size[name], median(error[name])) for name in DEPTHS])
    shrinks = hand["sine"][-2] / hand["sine"][-1]
    lab.trace(
        "the error of a sine by hand",
        formula="f(x) - net(x), at most max|f''| h^2 / 8",
        code=("lab/interpolating.py", "changes = np.diff(slopes, prepend=0.0)"),
        number=f"{hand['sine'][-2]:.2g} with 64 units, {hand['sine'][-1]:.2g} with 256",
        picture="the height of the curve 'sine, by hand'",
    )
    lab.predicted(shrinks)
    for name in CURVES:
        lab.claim(f"{name}-1", f"{name}: rms error of one trained unit", error[f"{name} 1"], ">", 0.2)
        lab.claim(name, f"{name}: rms error of 256 trained units", error[f"{name} 256"], "<", 0.02)
    lab.claim("square", "by hand: error of 64 units divided by that of 256", shrinks, ">", 15)
    behind = [one / hand["sine"][-1] for one in error["sine 256"]]
    lab.claim("found", "256 units: error of the trained net divided by that of the one built by hand", behind, ">", 30)
    deeper = over(error[DEPTHS[1]], error[DEPTHS[0]])
    lab.claim("depth", "two waves: error of three narrow layers divided by that of the wide one", deeper, "<", 0.8)
    lab.claim("fewer", "parameters of the three layers divided by those of the wide one", size[DEPTHS[1]] / size[DEPTHS[0]],
              "<", 1)  # fmt: skip
    away = [outside(lab, run) for run in runs["sine 256"]]
    lab.claim("outside", "256 trained units: rms error for x from 1 to 2, where no data were", away, ">", 0.5)


def by_hand(lab: Lab, width: int, curve: Curve) -> float:
    """The rms error on -1 .. 1 of a net whose bends are set at even distances."""
    net = lab.network(parse(f"{{input: [1], model: [{{dense: {width}}}, relu, {{dense: 1}}]}}"))
    knots, x = np.linspace(-1, 1, width + 1), np.linspace(-1, 1, 4001)
    for own, values in zip(net.parameters.values(), through(knots, curve(knots))):
        own[...] = values
    return float(np.sqrt(np.mean((net.forward(x[:, None])[:, 0] - curve(x)) ** 2)))


def outside(lab: Lab, run: Run) -> float:
    """The rms error of a trained net on 1 .. 2."""
    net, x = lab.network(lab.recipe()), np.linspace(1, 2, 201)
    for label, values in run.parameters.items():
        net.parameters[label][...] = values
    return float(np.sqrt(np.mean((net.forward(x[:, None])[:, 0] - np.sin(np.pi * x)) ** 2)))
