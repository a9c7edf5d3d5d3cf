"""How does a recurrent net remember what it has read?

It reads a sequence step by step and hands a state on from each step to the next, the same weights at every step:

    h[t] = tanh(x[t] wx + h[t-1] wh + b)

So h[t] can hold whatever of x[1..t] is worth keeping, for sequences of any length (Elman 1990). Here it is one bit: has
the number of ones so far been odd? A layer that sees only x[t] cannot know.
"""

from __future__ import annotations

from statistics import median

import numpy as np
from numpy.typing import NDArray

from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: After every bit, is the number of ones so far odd? The state of an RNN keeps that one bit.
data: {name: running_parity, length: 16, samples: 2400, test: 0.5}
model:
  - rnn: 32
  - dense: classes
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 40, batch: 32, clip_norm: 1.0}
"""
KNOBS = {"layer": "model[0]", "length": "data.running_parity.length", "lr": "optimizer.lr", "epochs": "train.epochs"}
PREDICT = Prediction(
    "what accuracy, in percent, does a net reach here that sees one bit at a time and remembers nothing?",
    unit="%", near=2.5, least=0, most=100,
    low="Guessing has 50 %, and the first of the 16 bits tells its own parity: it is a little more than that.",
    high="From one bit alone the count so far cannot be told: only at the first step is that enough.",
    good="A coin for 15 steps, and the first of the 16 for certain: (15 / 2 + 1) / 16 = 53.1 % are expected.",
)  # fmt: skip
LEFT_OUT = """The state can hold a bit for ever, but that has to be learnt: gradients through many steps fade or burst
(lesson 42), and this net learns slowly for about a quarter of its training, and then has the trick within a few epochs. And
a state has a fixed size: what does not fit is lost."""
NEXT = (("dllab viz-activations parity --during", "the moment when the trick is found"),)
BREAKS = (("'layer={dense: 32}'", "remembers"),)


def run(lab: Lab) -> None:
    """Parity with and without a state, and of bits in another order."""
    recipes = {"RNN": lab.recipe(), "no memory": lab.recipe("model=[{dense: 32}, tanh, {dense: classes}]")}
    nets = lab.nets(recipes, 5)
    right = {name: [100 * net.figure("accuracy") for net in each] for name, each in nets.items()}
    shuffled = [100 * accuracy(net, shuffle=True) for net in nets["RNN"]]
    before, last = [one[:-1].mean() for one in shuffled], [one[-1] for one in shuffled]
    lab.table("", ("test accuracy in %", "median of 5 nets"), [
        ("RNN", median(right["RNN"])),
        (f"no memory (expected: {50 + 50 / len(shuffled[0]):.1f})", median(right["no memory"])),
        ("RNN, the bits of each row shuffled: all steps but the last", median(before)),
        ("RNN, shuffled: the last step, where all bits are counted", median(last)),
    ])  # fmt: skip
    bits, state, together = read(nets["RNN"][0])
    steps = np.arange(1, len(bits) + 1)
    odd = bits.cumsum() % 2
    lab.picture(
        Lines("one row: the parity so far, and the state, scaled to its largest",
              {"odd so far": (steps, 2 * odd - 1), "state": (steps, state)},
              x="step", y="1 = odd, -1 = even"),
        f"The bits are {' '.join(str(int(bit)) for bit in bits)}: a 1 turns the parity over, a 0 leaves it, and the "
        "state goes along. It is drawn along the difference of the output weights of odd and even.",
    )  # fmt: skip
    lab.trace(
        "the state, along the direction that the output layer reads",
        formula="h[t] = tanh(x[t] wx + h[t-1] wh + b)",
        code=("ops/rnn.py", "row[j] = tanh(row[j])"),
        number=f"over 64 rows it goes with the parity: correlation {together:.3f}",
        picture="the curve called state",
    )
    lab.predicted(median(right["no memory"]))
    lab.claim("remembers", "an RNN tells the parity so far: accuracy", right["RNN"], ">", 95, "%")
    lab.claim("memoryless", "without a state: accuracy", right["no memory"], "<", 55, "%")
    lab.claim("order", "the same bits in another order: accuracy at all steps but the last", before, "<", 60, "%")
    lab.claim("sum", "and at the last step, which is the same sum in any order", last, ">", 95, "%")


def accuracy(net: Subject, shuffle: bool) -> NDArray[np.float64]:
    """Of each step, over the test rows; `shuffle`: the bits of each row in another order, the answers those of before."""
    rows = net.rows("test")
    x, y = net.data.seen(rows), net.data.targets(rows)
    if shuffle:
        x = np.random.default_rng(0).permuted(x, axis=1)
    right: NDArray[np.float64] = (net.network.forward(x).argmax(-1) == y).mean(axis=0)
    return right


def read(net: Subject) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """A test row's bits, its states along the direction that the output layer reads, and how that goes with the parity."""
    rows = net.rows("test")[:64]
    net.compile("infer")
    x, inside = net.data.seen(rows)[:, :, 0], net.inference(rows)
    w = list(net.network.parameters.values())[-2]
    states = inside.output(inside.infos[0].path) @ (w[:, 1] - w[:, 0])
    odd = x.cumsum(axis=1) % 2
    return x[0], states[0] / np.abs(states).max(), float(np.corrcoef(states.ravel(), odd.ravel())[0, 1])
