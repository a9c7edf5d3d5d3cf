"""What does a bidirectional RNN know that a plain one does not?

It knows what is still to come. Two RNNs read the same row, one from the front and one from the back, and the output at
step t holds the states that both have there (Schuster and Paliwal 1997):

    y[t] = ( f(x[1], ..., x[t]),  g(x[T], ..., x[t]) )

Where the answer at a step depends on later steps, one direction can only guess. The price: no step can be answered before
the whole row has been read.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.data.both_sides import known_ahead
from dllab.lab.looking_ahead import answered_early, dependence
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: Marks A and B among blanks. At every step, which mark came last, and which comes next?
data: {name: both_sides, length: 24, rate: 0.2, samples: 3000, test: 0.5}
model:
  - embedding: 4
  - bidirectional: [rnn: 16]
  - dense: classes
optimizer: {adam: 0.02}
train: {epochs: 5, batch: 16}
"""
KNOBS = {"layer": "model[1]", "rate": "data.both_sides.rate", "kinds": "data.both_sides.kinds", "epochs": "train.epochs"}
AHEAD = (0, 1, 2, 4, 7, 12, 23)
SEEN = 1000
PREDICT = Prediction(
    "in rows of blanks and marks about a quarter of the steps are marks, each A or B by a coin. Every step asks which mark "
    "came last and which comes next; a mark counts as both. What accuracy, in percent, has a net that reads from left to "
    "right only?",
    unit="%", near=4, least=0, most=100,
    low="It has read the last mark, and a mark counts as both: only at blanks must it guess, the next mark, one of two.",
    high="No size and no training help: the next mark is a coin that has not been tossed when it must answer.",
    good="It has all of the marks right, and half of the blanks: there the next mark is a coin.",
)  # fmt: skip
LEFT_OUT = """A net of two directions cannot answer while its input is still coming in, as in live speech, and it cannot
write: asked for the next letter of a text, it would read it there. A way in between is to wait: an answer that is given a
few steps late has most of the gain (second picture), and one direction can be trained to answer late, too (Schuster and
Paliwal compare both). And the two states meet only in the layer above: within one layer neither direction knows what the
other has read."""
NEXT = (("dllab train both-sides 'model[1]={rnn: 32}'", "one direction"),
        ("dllab lesson 45 rate=0.05", "rarer marks: how far ahead?"))  # fmt: skip
BREAKS = (("'layer={rnn: 32}'", "both"), ("rate=1", "one"))
ONE = "one direction"


def run(lab: Lab) -> None:
    """Two directions and one; which steps an answer depends on; what waiting is worth."""
    two = "two directions" if "bidirectional" in lab.text() else "your net"
    nets = lab.nets({two: lab.recipe(), ONE: lab.recipe("layer={rnn: 32}")}, 5)
    rows = nets[two][0].rows("test")
    x, y = nets[two][0].data.dataset.columns["inputs"][rows], nets[two][0].data.targets(rows)
    steps, kinds = x.shape[1], int(x.max())
    right = {name: [100 * net.figure("accuracy") for net in each] for name, each in nets.items()}
    best = 100 * known_ahead(x, kinds, 0)
    lab.table("", ("net", "test accuracy, %", "worst net", "best net"),
              [(name, median(each), min(each), max(each)) for name, each in right.items()]
              + [("the best that one direction can do", best, None, None)])  # fmt: skip
    other = (x[:200] + 1) % (kinds + 1)
    depends = {name: [dependence(net.network, x[:200], other) for net in each] for name, each in nets.items()}
    middle, later = steps // 2, np.triu_indices(steps, 1)
    lab.picture(
        Lines(f"share of rows whose answer at step {middle + 1} changes when another step is changed",
              {name: (np.arange(1, steps + 1), 100 * np.median([share[middle] for share, _ in each], axis=0))
               for name, each in depends.items()}, x="the step that is changed", y="%"),
        "Both look back as far as the last mark; only two directions look ahead, as far as the next one.",
    )  # fmt: skip
    change = {name: max(float(most[middle, middle + 1 :].max()) for _, most in each) for name, each in depends.items()}
    lab.trace(
        f"what step {middle + 1} is told of later steps",
        formula="g reads x[T], ..., x[1]: turned[t] = x[T + 1 - t]",
        code=("ops/bidirectional.py", "to, of = y[n, t], x[n, ends[n] - 1 - t if t < ends[n] else t]"),
        number=f"a later step changes its numbers by up to {change[two]:.2g}, with one direction by {change[ONE]:g}",
        picture=f"the curves to the right of step {middle + 1}",
    )
    ahead = [k for k in AHEAD if k < steps]
    waits = [[100 * answered_early(net.network, x[:SEEN], y[:SEEN], k) for k in ahead] for net in nets[two]]
    foretold = [100 * known_ahead(x[:SEEN], kinds, k) for k in ahead]
    lab.picture(
        Lines(f"{two}, answering k steps late, the rest of the row unread",
              {"measured": (ahead, np.median(waits, axis=0)), "the most that can be known": (ahead, foretold)},
              x="k", y="accuracy, %", you="y"),
        f"Without any later step the accuracy is {median(each[0] for each in waits):.0f} %; one direction has "
        f"{median(right[ONE]):.0f} %.",
    )  # fmt: skip
    lab.predicted(median(right[ONE]))
    lab.claim("both", f"{two}: accuracy", right[two], ">", 99.5, "%")
    lab.claim("one", "one direction of 32 units: accuracy", right[ONE], "<", 66, "%")
    lab.claim("bound", "its distance from the best that can be done without the future",
              [abs(each - best) for each in right[ONE]], "<", 2, "points")  # fmt: skip
    lab.claim("deaf", "one direction: largest change of its numbers at any step by any later one",
              max(float(most[later].max()) for _, most in depends[ONE]), "==", 0)  # fmt: skip
    lab.claim("stream", f"{two}, when no later step is there: accuracy", [each[0] for each in waits], "<", 67, "%")
    lab.claim("wait", "answering k steps late: accuracy is off what can be known by at most",
              [max(abs(one - most) for one, most in zip(each, foretold)) for each in waits], "<", 3, "points")  # fmt: skip
