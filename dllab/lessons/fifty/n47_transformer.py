"""What does a Transformer do that a recurrent net cannot?

It lets every step of a row look at every other directly, by attention, and then passes each step through a small dense
net. What either makes is added to what it was given (Vaswani and others 2017; norm: layer norm):

    a = x + attention(norm(x))        y = a + dense(gelu(dense(norm(a))))

Between any two steps lies one look, however far apart they are, and no step waits for another. A causal mask lets each
step see only itself and those before, so that the net can be trained to say what comes next.
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
    "a round of work is all that can be done at once; each round waits for the one before. For a row of 122 steps an RNN "
    "needs over 122 rounds. How many does a Transformer with one block need?",
    unit="rounds", log=True, near=2, least=1, most=1e6,
    low="One look is not all: norms, products, shares, sums and two dense layers follow each other, a round each.",
    high="Steps do not wait for each other: each round does its work for all steps, and the rounds of a block are counted.",
    good="A fixed number for each block, whatever the length: each round does its work for all steps at once.",
)  # fmt: skip
LEFT_OUT = """Rounds are not seconds: within a round attention compares all pairs of steps, so its work grows with the
square of their number, and on two processors, which do most of a round one piece after the other, an RNN's step is still
cheaper (the last lines of the claims). Few rounds pay off on thousands of processors. And without positions or a mask a
Transformer cannot tell in which order its steps come; nor does it see further back than its rows are long."""
NEXT = (("dllab viz-attention names-gpt train.steps=300", "where its heads look"),
        ("dllab lesson 47 gap=200", "a longer way back"))  # fmt: skip
BREAKS = (("causal=false", "mask"), ("'block={dense: 16}'", "recall"))


def run(lab: Lab) -> None:
    """Recall, rounds, the mask, and names."""
    own = "Transformer" if "transformer_block" in lab.text("recall") else "your net"
    recall = {own: lab.recipe(name="recall"), "RNN": lab.recipe(RNN, name="recall")}
    sized = {name: [lab.network(lab.recipe(*change, f"data.recall.gap={gap}", name="recall")) for gap in GAPS]
             for name, change in ((own, ()), ("RNN", (RNN,)))}  # fmt: skip
    right = {name: [100 * run.figure("accuracy") for run in runs] for name, runs in lab.runs(recall, 5).items()}
    guess = 100 / sized["RNN"][0].plan.question.outputs
    lab.table("a letter, asked for after a gap: test accuracy, %", ("net", "median", "worst net", "best net"),
              [*((name, median(each), min(each), max(each)) for name, each in right.items()),
               ("guessing", guess, None, None)])  # fmt: skip
    steps, counted = [gap + 2 for gap in GAPS], {name: [rounds(net.plan) for net in each] for name, each in sized.items()}
    lab.picture(
        Lines("rounds of work that wait for each other, for one answer, counted in the plan",
              {name: (steps, each) for name, each in counted.items()}, x="steps", y="rounds", you="y"),
        f"{own}: {counted[own][0]} for 12 steps, {counted[own][-1]} for 122. The RNN has one more with every step.",
    )  # fmt: skip
    names = lab.nets({own: lab.recipe(name="names"), "bigram": lab.recipe(*BIGRAM, name="names")}, 5)
    bits = {name: [net.figure("bits_per_character") for net in each]
            for name, each in names.items()}  # fmt: skip
    lab.table("names: bits per letter, the mean of -log2 p of the letter that comes next",
              ("net", "median", "worst net", "best net"),
              [(name, median(each), max(each), min(each)) for name, each in bits.items()],
              "The bigram net reads the letter before only.")  # fmt: skip
    net = names[own][0]
    x, letters = net.data.dataset.columns["inputs"][net.rows("test", 200)], net.data.dataset.vocabulary
    other = (x + 1) % len(letters)
    leaks = [float(np.triu(dependence(one.network, x, other)[1], 1).max()) for one in names[own]]
    at = int((x > 0).sum(axis=1).argmax())
    read = [letters[letter] for letter in x[at][: (x[at] > 0).sum() + 1]]  # what follows only fills the row up
    change = dependence(net.network, x[at : at + 1], other[at : at + 1])[1][: len(read), : len(read)]
    lab.picture(
        Heat(f"{''.join(read)}: how much the answer at a letter (rows) changes when a letter (columns) does",
             change, read, read),
        "Right of the diagonal, where the future is, there is nothing: not small, but 0. (The dot begins a name.)",
    )  # fmt: skip
    lab.trace(
        "what a step is told of later steps",
        formula="p[t, s] = 0 where s > t",
        code=("ops/shares.py", "last = min(t + 1, memory) if causal else memory"),
        number=f"largest change of a number by a later letter: {float(np.triu(change, 1).max()):g}",
        picture="the empty half of the second picture, to the right of its diagonal",
    )
    lab.predicted(counted[own][-1])
    lab.claim("recall", f"{own}: accuracy on recall", right[own], ">", 80, "%")
    lab.claim("fails", "RNN, trained alike: accuracy on recall", right["RNN"], "<", 30, "%")
    lab.claim("constant", f"{own}: different counts of rounds from 12 to 122 steps", len(set(counted[own])), "==", 1)
    lab.claim("grows", "RNN: rounds more for each step more",
              (counted["RNN"][-1] - counted["RNN"][0]) / (steps[-1] - steps[0]), "==", 1)  # fmt: skip
    lab.claim("mask", "largest change of a number by a later letter, 200 names, all trained nets", max(leaks), "==", 0)
    lab.claim("names", f"names: {own} needs fewer bits per letter than the bigram net, by",
              less(bits["bigram"], bits[own]), ">", 0.2, "bits")  # fmt: skip
    for name, each in sized.items():
        lab.shown(name.lower(), f"{name}: seconds for 64 rows of 122 steps", seconds(each[-1], 64), "s")
