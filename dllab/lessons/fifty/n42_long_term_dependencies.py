"""Why can a plain RNN not learn what lies far back?

To learn that a letter matters 80 steps later, the loss is led back through all the steps between, and each multiplies it:

    dL/dh[t-1] = wh (slope of tanh * dL/dh[t])

A product of many such factors fades (or bursts) like g^steps; what the far past adds is soon lost beside what the last
steps add (Hochreiter 1991; Bengio, Simard and Frasconi 1994). The state could hold the letter: nobody tells it to.
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
data: {name: recall, gap: 80, distractors: symbols, samples: 1200, test: 0.25}
model:
  - embedding: 8
  - rnn: {units: 32, return: last}
  - dense: classes
optimizer: {adam: 0.01}
train: {epochs: 10, batch: 32, clip_norm: 1.0}
"""
KNOBS = {"layer": "model[1]", "activation": "model[1].rnn.activation", "lr": "optimizer.lr", "epochs": "train.epochs"}
GAPS = (5, 20, 40, 80)
PREDICT = Prediction(
    "with 8 letters to choose from, how accurate is the RNN at a gap of 80, in percent, after a training that brings it to "
    "100 % at a gap of 5?",
    unit="%", near=12, least=0, most=100, low="Worse than a guess (12.5 %) nothing that is trained can be for long.",
    high="Its state has room enough for three bits; but the gradient that should teach it to keep them does not arrive.",
    good="Little more than guessing: the gradient that should teach it does not arrive.",
)  # fmt: skip
LEFT_OUT = """The factor depends on the weights: with wh orthogonal, as it is drawn here, it is near 1, and the gap that can
be learnt is far longer than with small weights; some nets are lucky (the spread). And a gradient that fades tells of
learning, not of remembering: a trained state can keep a bit for ever."""
NEXT = (("dllab viz-gradients names-rnn", "the gradient through time, while a net is trained"),)
BREAKS = (("'layer={lstm: {units: 32, return: last, forget_bias: 5}}'", "decays"),)


def run(lab: Lab) -> None:
    """Accuracy against the length of the gap, and the gradient on its way back."""
    recipes = {str(gap): lab.recipe(f"data.recall.gap={gap}") for gap in GAPS}
    right = {gap: [run.figure("accuracy") for run in runs] for gap, runs in lab.runs(recipes, 7).items()}
    lab.picture(
        Lines("test accuracy against the gap, the median of 7 nets and each of them",
              {"median": (GAPS, [median(right[gap]) for gap in right]),
               "each net": (np.repeat(GAPS, len(right["5"])), np.concatenate(list(right.values())))},
              x="gap", y="accuracy", points=("each net",)),
        f"Guessing has 0.125. At a gap of 5 the median is {median(right['5']):.2f}, at 80 {median(right['80']):.2f}.",
    )  # fmt: skip
    each = [sizes_back(net) for net in lab.nets({"80": recipes["80"]}, 7, trained=False)["80"]]
    sizes, steps = np.median(each, axis=0), np.arange(len(each[0]))
    slope, start = np.polyfit(steps, np.log(sizes), 1)
    keeps = [float(np.exp(np.polyfit(steps, np.log(one), 1)[0])) for one in each]
    explained = [float(np.corrcoef(steps, np.log(one))[0, 1] ** 2) for one in each]
    lab.picture(
        Lines("size of the gradient by the state, before training", {"measured": (steps, sizes),
              "g^steps": (steps, np.exp(start + slope * steps))}, x="steps back", y="|dL/dh|", log=True),
        f"On a logarithmic scale it is a line: {100 * (1 - np.exp(slope)):.1f} % are lost with every step back.",
    )  # fmt: skip
    lab.trace(
        "what a step keeps of the gradient",
        formula="g = |dL/dh[t-1]| / |dL/dh[t]|",
        code=("ops/rnn.py", "row, to, slope, out = y[n, t], dz[n, t], dy_h[n], dy[n, t]"),
        number=f"g = {np.exp(slope):.4f}, so {np.exp(80 * slope):.2g} is left after 80 steps",
        picture="the slope of the line",
    )
    lab.table("", ("gap", "accuracy: median", "worst net", "best net"),
              [(int(gap), median(each), min(each), max(each)) for gap, each in right.items()])  # fmt: skip
    lab.predicted(100 * median(right["80"]))
    lab.claim("near", "accuracy at a gap of 5", right["5"], ">", 0.95)
    lab.claim("forgets", "accuracy at a gap of 80", right["80"], "<", 0.5)
    lab.claim("decays", "what one step back keeps of the gradient, fitted", keeps, "<", 0.95)
    lab.claim("exponential", "of the logarithm's variance a straight line explains", explained, ">", 0.98)


def sizes_back(net: Subject) -> np.ndarray:
    """The size of the gradient by the state, from the last step back to the first."""
    net.compile("train:plain")
    path = net.network.plan.infos[1].path
    found = through_time(net.backward(net.rows("train", 128)), path)
    assert found is not None
    return np.asarray(found.sizes[::-1])
