"""Why can a plain RNN not learn what lies far back?

To learn that a letter matters 60 steps later, its gradient must come back through all the steps between. Each of them
multiplies it:

    dL/dh[t-1] = wh (slope of tanh * dL/dh[t])

A product of many such factors fades (or bursts) like g^steps; what the far past adds is soon lost beside what the last
steps add (Hochreiter 1991; Bengio, Simard and Frasconi 1994). The state could hold the letter, but hardly any gradient
teaches it to.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.subject import Subject
from dllab.lab.through_time import through_time
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: A letter, then others that do not count. Which was the first? The longer the gap, the harder for an RNN.
data: {name: recall, gap: 60, distractors: symbols, samples: 2000, test: 0.25}
model:
  - embedding: 8
  - rnn: {units: 20, return: last}
  - dense: classes
optimizer: {adam: 0.01}
train: {epochs: 10, batch: 32, clip_norm: 1.0}
"""
KNOBS = {"layer": "model[1]", "activation": "model[1].rnn.activation", "lr": "optimizer.lr", "epochs": "train.epochs"}
GAPS = (5, 20, 40, 60)
PREDICT = Prediction(
    "with 8 letters to choose from, how accurate is the RNN at a gap of 60, in percent, after a training that brings it to "
    "100 % at a gap of 5?",
    unit="%", near=8, least=0, most=100, low="Guessing has 12.5 %, and training does not make it worse than that.",
    high="Its state has room enough for three bits; but the gradient that should teach it to keep them does not arrive.",
    good="Little more than guessing: the gradient that should teach it does not arrive.",
)  # fmt: skip
LEFT_OUT = """The factor depends on the weights: with wh orthogonal, as here, g is about 0.85, and only the slope of tanh
takes it below 1; with small weights g is far smaller, and so is the gap that can be learnt. And a gradient that fades says
something about learning, not about remembering: a trained state can keep a bit for ever. Where a net answers at every step,
as on names, each answer sends a gradient of its own over a short way, and the sum hardly looks faded."""
LSTM = "'layer={lstm: {units: 20, return: last, forget_bias: 5}}'"
NEXT = (("dllab viz-gradients recall --before 'model[1]={rnn: {units: 48, return: last}}'", "the same in a larger RNN"),)
BREAKS = ((LSTM, "forgets"), (LSTM, "decays"))


def run(lab: Lab) -> None:
    """Accuracy against the length of the gap, and the gradient on its way back."""
    recipes = {str(gap): lab.recipe(f"data.recall.gap={gap}") for gap in GAPS}
    right = {gap: [100 * run.figure("accuracy") for run in runs] for gap, runs in lab.runs(recipes, 7).items()}
    near, far = str(GAPS[0]), str(GAPS[-1])
    lab.picture(
        Lines("test accuracy against the gap",
              {name: (GAPS, [of(each) for each in right.values()])
               for name, of in (("best net", max), ("median of 7", median), ("worst net", min))},
              x="gap", y="accuracy in %", you="y", you_at=GAPS[-1], with_y=(0, 100)),
        f"Guessing has 12.5 %. At a gap of {near} the median has {median(right[near]):.0f} %, at {far} "
        f"{median(right[far]):.0f} %.",
    )  # fmt: skip
    each = [sizes_back(net) for net in lab.nets({far: recipes[far]}, 7, trained=False)[far]]
    sizes, steps = np.median(each, axis=0), np.arange(len(each[0]))
    slope, start = np.polyfit(steps, np.log(sizes), 1)
    keeps = [float(np.exp(np.polyfit(steps, np.log(one), 1)[0])) for one in each]
    explained = [float(np.corrcoef(steps, np.log(one))[0, 1] ** 2) for one in each]
    g = float(np.exp(slope))
    lab.picture(
        Lines("size of the gradient by the state, before training", {"measured": (steps, sizes),
              "g^steps": (steps, np.exp(start + slope * steps))}, x="steps back", y="|dL/dh|", log=True),
        f"A straight line on a logarithmic scale, fitted: each step back keeps g = {g:.3f} of the gradient.",
    )  # fmt: skip
    lab.trace(
        "what a step keeps of the gradient",
        formula="g = |dL/dh[t-1]| / |dL/dh[t]|",
        code=("ops/rnn.py", "row, to, slope, out = y[n, t], dz[n, t], dy_h[n], dy[n, t]"),
        number=f"g = {g:.4f}, so {g ** int(far):.2g} is left after {far} steps",
        picture="the slope of the line",
    )
    lab.table("test accuracy in %", ("gap", "median", "worst net", "best net"),
              [(int(gap), median(some), min(some), max(some)) for gap, some in right.items()])  # fmt: skip
    lab.predicted(median(right[far]))
    lab.claim("near", f"accuracy at a gap of {near}", right[near], ">", 95, "%")
    lab.claim("forgets", f"accuracy at a gap of {far}", right[far], "<", 25, "%")
    lab.claim("decays", "what one step back keeps of the gradient, fitted", keeps, "<", 0.93)
    lab.claim("exponential", "of the logarithm's variance a straight line explains", explained, ">", 0.98)


def sizes_back(net: Subject) -> np.ndarray:
    """The size of the gradient by the state, from the last step back to the first."""
    net.compile("train:plain")
    path = net.network.plan.infos[1].path
    found = through_time(net.backward(net.rows("train", 128)), path)
    assert found is not None
    return np.asarray(found.sizes[::-1])
