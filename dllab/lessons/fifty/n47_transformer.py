"""What does a Transformer do that a recurrent net cannot?

It lets every step look at every other directly, by attention, and then passes each step through a small net (Vaswani et
al. 2017), each added to its input x:

    a = x + attention(norm(x))        y = a + dense(gelu(dense(norm(a))))

Between any two steps lies one look, however far apart they are; and no step waits for another. A mask lets each see only
itself and those before, so that the net can be trained to say what comes next.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.looking_ahead import dependence
from dllab.lab.rounds import rounds, seconds
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Heat, Lines

RECIPES = {
    "recall": """\
about: One of 8 letters, then 80 digits, then a question mark, which looks back to the letter.
data: {name: recall, gap: 80, symbols: 8, samples: 1000, test: 0.25}
model:
  - embedding: 16
  - positional: sinusoidal
  - transformer_block: {heads: 1, causal: true}
  - layer_norm
  - last_step
  - dense: classes
optimizer: {adam: 0.005}
train: {epochs: 7, batch: 16, clip_norm: 1.0}
""",
    "names": """\
about: Men's names letter by letter, by a small causal Transformer.
data: {name: names, which: male}
model:
  - embedding: 16
  - positional: learned
  - transformer_block: {heads: 2, causal: true}
  - layer_norm
  - dense: classes
loss: cross_entropy
metrics: [bits_per_character]
optimizer: {adam: 0.01}
schedule: cosine
train: {epochs: 4, batch: 32, clip_norm: 1.0}
""",
}
KNOBS = {"block": "model[2]", "causal": "model[2].transformer_block.causal", "heads": "model[2].transformer_block.heads",
         "gap": "data.recall.gap", "epochs": "train.epochs"}  # fmt: skip
RNN = "model=[{embedding: 16}, {rnn: {units: 16, return: last}}, {dense: classes}]"
BIGRAM = ("model=[{embedding: 27}, {dense: classes}]", "optimizer={adam: 0.03}")
GAPS = (10, 40, 80, 120)
PREDICT = Prediction(
    "for a row of 122 steps an RNN needs over 122 rounds of work, each waiting for the one before. How many does a "
    "Transformer with one block need?",
    unit="rounds", log=True, near=2, least=1, most=1e6,
    low="One look is not all: norms, products, shares, sums and two dense layers follow each other, a round each.",
    high="Steps do not wait for each other: each round does its work for all steps, and the rounds of a block are counted.",
    good="A fixed number for each block, whatever the length: each round does its work for all steps at once.",
)  # fmt: skip
LEFT_OUT = """Rounds are not seconds: within a round attention compares all pairs of steps, so its work grows with the
square of their number, and on two processors, which do most of a round one piece after the other, an RNN's step is still
cheaper (the last lines of the claims). Many thousands of processors are what the rounds pay off on. And without
positions or a mask a Transformer cannot tell orders apart; nor does it see further back than its rows are long."""
NEXT = (
    ("dllab viz-attention names-gpt train.steps=300", "where its heads look"),
    ("dllab lesson 47 gap=200", "a longer way back"),
)
BREAKS = (("causal=false", "mask"), ("'block={dense: 16}'", "recall"))


def run(lab: Lab) -> None:
    """Recall, rounds, the mask, and names."""
    recall = {"Transformer": lab.recipe(name="recall"), "RNN": lab.recipe(RNN, name="recall")}
    right = {name: [run.figure("accuracy") for run in runs] for name, runs in lab.runs(recall, 5).items()}
    lab.table("One of 8 letters, asked for after a gap", ("net", "test accuracy", "worst of 5", "best of 5"),
              [(name, median(each), min(each), max(each)) for name, each in right.items()])  # fmt: skip
    sized = {name: [lab.network(lab.recipe(*change, f"data.recall.gap={gap}", name="recall")) for gap in GAPS]
             for name, change in (("Transformer", ()), ("RNN", (RNN,)))}  # fmt: skip
    steps, counted = [gap + 2 for gap in GAPS], {name: [rounds(net.plan) for net in each] for name, each in sized.items()}
    lab.picture(
        Lines("rounds of work that wait for each other, for one answer, counted in the plan",
              {name: (steps, each) for name, each in counted.items()}, x="steps", y="rounds", you="y"),
        f"The Transformer has {counted['Transformer'][0]} whatever the length, the RNN one more with every step.",
    )  # fmt: skip
    names = lab.nets({"Transformer": lab.recipe(name="names"), "bigram": lab.recipe(*BIGRAM, name="names")}, 5)
    bits = {name: [net.ended.figures["test"]["bits_per_character"] for net in each if net.ended]
            for name, each in names.items()}  # fmt: skip
    lab.table("Names: what comes next, in bits per letter", ("net", "median", "worst of 5", "best of 5"),
              [(name, median(each), max(each), min(each)) for name, each in bits.items()])  # fmt: skip
    leaks = []
    for net in names["Transformer"]:
        x = net.data.dataset.columns["inputs"][net.rows("test", 200)]
        shares, most = dependence(net.network, x, (x + 1) % len(net.data.dataset.classes))
        leaks.append(float(most[np.triu_indices(len(most), 1)].max()))
    lab.picture(
        Heat("names: share of answers at a step (rows) that change when a step (columns) does", shares),
        "Above the diagonal, where the future is, there is nothing: not small, but 0.",
    )
    lab.trace(
        "what a step is told of those behind it",
        formula="p[t, s] = 0 where s > t",
        code=("ops/shares.py", "last = min(t + 1, memory) if causal else memory"),
        number=f"largest change of an output by a later letter: {max(leaks):g}",
        picture="the empty half of the second picture",
    )
    lab.predicted(counted["Transformer"][-1])
    lab.claim("recall", "Transformer: accuracy on recall", right["Transformer"], ">", 0.8)
    lab.claim("fails", "an RNN trained alike", right["RNN"], "<", 0.3)
    lab.claim(
        "constant",
        "Transformer: how many other numbers of rounds there are for 12 to 122 steps",
        len(set(counted["Transformer"])) - 1,
        "==",
        0,
    )
    lab.claim(
        "grows",
        "RNN: rounds more for each step more",
        (counted["RNN"][-1] - counted["RNN"][0]) / (steps[-1] - steps[0]),
        "==",
        1,
    )
    lab.claim("mask", "largest change of an output by a later letter, in 5 trained nets", max(leaks), "==", 0)
    lab.claim("names", "bits per letter less than the bigram's", less(bits["bigram"], bits["Transformer"]),
              ">", 0.2)  # fmt: skip
    for name, each in sized.items():
        lab.shown(name.lower(), f"{name}: seconds for 64 rows of 122 steps", seconds(each[-1], 64), "s")
