"""What does a bidirectional RNN know that a plain one does not?

What is still to come. Two RNNs read the same row, one from the front and one from the back, and what stands at step t is
both their states there (Schuster and Paliwal 1997):

    y[t] = ( f(x[1], ..., x[t]),  g(x[T], ..., x[t]) )

Where the answer at a step depends on later steps, one direction can only guess. The price: the row must be there to its
end before the first answer is.
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
    "about a quarter of the steps are marks, A or B by a coin; at the others the last mark and the next are asked for. How "
    "accurate is a net that reads from left to right only?",
    unit="%", near=4, least=0, most=100,
    low="It has read the last mark, and a mark counts as both: only the next one, at blanks, is a guess of two.",
    high="No size and no training help: the next mark is a coin that has not been tossed when it must answer.",
    good="All of the marks, and half of the blanks: there the next mark is a coin.",
)  # fmt: skip
LEFT_OUT = """Such a net cannot stream, and it cannot write: asked for the next letter it would read it. In between lies
waiting: who answers a few steps late has most of the gain (the second picture), and one direction with late answers has it,
too (Schuster and Paliwal compare both). And the two states meet only in the layer above: within one layer neither direction
knows what the other has read."""
NEXT = (
    ("dllab train both-sides 'model[1]={rnn: 32}'", "one direction"),
    ("dllab lesson 45 rate=0.05", "fewer marks: how long now?"),
)
BREAKS = (("'layer={rnn: 32}'", "both"), ("rate=1", "one"))


def run(lab: Lab) -> None:
    """Two directions and one; which steps an answer depends on; what waiting is worth."""
    nets = lab.nets({"two directions": lab.recipe(), "one direction": lab.recipe("layer={rnn: 32}")}, 5)
    two = nets["two directions"]
    rows = two[0].rows("test")
    x, y = two[0].data.dataset.columns["inputs"][rows], two[0].data.targets(rows)
    steps, kinds = x.shape[1], int(x.max())
    bound = known_ahead(x, kinds, 0)
    right = {name: [net.ended.figures["test"]["accuracy"] for net in each if net.ended] for name, each in nets.items()}
    lab.table("", ("net", "test accuracy", "worst of 5", "best of 5"),
              [(name, median(each), min(each), max(each)) for name, each in right.items()]
              + [("the best that one direction can do", bound, None, None)])  # fmt: skip
    depends = {
        name: [dependence(net.network, x[:200], (x[:200] + 1) % (kinds + 1)) for net in each] for name, each in nets.items()
    }
    middle, later = steps // 2, np.triu_indices(steps, 1)
    lab.picture(
        Lines(f"share of rows whose answer at step {middle + 1} changes when a step is changed",
              {name: (np.arange(1, steps + 1), np.median([share[middle] for share, _ in each], axis=0))
               for name, each in depends.items()}, x="the step that is changed", y="share"),
        "One direction is deaf to all that comes later. Both reach as far as the next marks: behind them nothing counts.",
    )  # fmt: skip
    latest = {name: [most[0, -1] for _, most in each] for name, each in depends.items()}
    ahead = [k for k in AHEAD if k < steps]
    waits = [np.array([answered_early(net.network, x[:SEEN], y[:SEEN], k) for k in ahead]) for net in two]
    foretold = np.array([known_ahead(x[:SEEN], kinds, k) for k in ahead])
    lab.picture(
        Lines("two directions that answer before the row has ended: accuracy, and what can be known",
              {"measured": (ahead, 100 * np.median(waits, axis=0)), "can be known": (ahead, 100 * foretold)},
              x="steps ahead that are there", y="%", you="y"),
        f"Without any step ahead they have {100 * median(each[0] for each in waits):.0f} %, no more than one direction.",
    )  # fmt: skip
    lab.trace(
        "the last step, as the first one sees it",
        formula="g reads x[T], ..., x[1]: turned[t] = x[T + 1 - t]",
        code=("ops/bidirectional.py", "to, of = y[n, t], x[n, ends[n] - 1 - t if t < ends[n] else t]"),
        number=f"the net's numbers at step 1 change by up to {median(latest['two directions']):.2g}, with one "
        f"direction by {max(latest['one direction']):g}",
        picture="the right half of the first picture",
    )  # fmt: skip
    lab.predicted(100 * median(right["one direction"]))
    lab.claim("both", "two directions of 16 units: accuracy", right["two directions"], ">", 0.995)
    lab.claim("one", "one direction of 32 units: accuracy", right["one direction"], "<", 0.66)
    lab.claim("bound", "and its distance from the best that can be done without the future",
              [abs(each - bound) for each in right["one direction"]], "<", 0.02)  # fmt: skip
    lab.claim("deaf", "one direction: largest change of its numbers at any step by any later one",
              max(float(each[1][later].max()) for each in depends["one direction"]), "==", 0)  # fmt: skip
    lab.claim("stream", "two directions, no step ahead: accuracy", [float(each[0]) for each in waits], "<", 0.67)
    lab.claim("wait", "steps ahead: accuracy differs from what can be known by at most",
              [float(np.abs(each - foretold).max()) for each in waits], "<", 0.03)  # fmt: skip
