"""How does an LSTM remember for longer?

It has a second state, the cell c, that is not pressed through weights and tanh at every step, but kept, written and read
by gates between 0 and 1 (Hochreiter and Schmidhuber 1997; the forget gate f: Gers et al. 2000):

    c[t] = f * c[t-1] + i * g        h[t] = o * tanh(c[t])

Along the cell the gradient is multiplied by f alone: where f is near 1, it goes back undiminished.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.gates import gates
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: One of 4 letters, then 60 digits. Which was it? An LSTM whose forget gates begin open still knows.
data: {name: recall, gap: 60, symbols: 4, samples: 1600, test: 0.25}
model:
  - embedding: 8
  - lstm: {units: 16, return: last, forget_bias: 6}
  - dense: classes
optimizer: {adam: 0.01}
train: {epochs: 18, batch: 32, clip_norm: 1.0}
"""
KNOBS = {
    "forget_bias": "model[1].lstm.forget_bias",
    "layer": "model[1]",
    "gap": "data.recall.gap",
    "epochs": "train.epochs",
}
LSTM, RNN, SHUT = "LSTM", "RNN", "half shut"
WAYS = {
    LSTM: (),
    RNN: ("layer={rnn: {units: 16, return: last}}",),
    SHUT: ("layer={lstm: {units: 16, return: last, forget_bias: 0}}",),
}
NETS = {LSTM: 7, RNN: 9, SHUT: 5}
PREDICT = Prediction(
    "a trained LSTM holds a letter over 60 steps. How far open are its forget gates on the way, on the mean (0 to 1)?",
    near=0.02, least=0, most=1,
    low="That sounds open, but it is multiplied 60 times: 0.9 to the 60th is 0.002, 0.98 to the 60th 0.3.",
    high="A little less: a sigmoid never reaches 1, and some units have nothing to keep.",
    good="So near 1 it has to be: even 0.98 to the 60th is only 0.3.",
)  # fmt: skip
LEFT_OUT = """Vanishing is eased, not abolished. With a forget bias of 0, f begins near 1/2, the gradient along the cell
halves with every step, and the same LSTM fails as the RNN does (the third row): what f begins with decides. And wherever f
is below 1 all is forgotten in the end."""
NEXT = (
    ("dllab viz-gradients names-lstm", "the gradient through time"),
    ("dllab lesson 43 forget_bias=3", "gates a little less open: enough?"),
)
BREAKS = (("forget_bias=-2", "solves"), ("forget_bias=-2", "keeps"))


def run(lab: Lab) -> None:
    """A gap that the RNN fails at, and what the gates do on the way."""
    nets = {name: lab.nets({name: lab.recipe(*WAYS[name])}, count)[name] for name, count in NETS.items()}
    right = {name: [net.ended.figures["test"]["accuracy"] for net in each if net.ended] for name, each in nets.items()}
    counts = {name: summarize(each[0].recipe).layers[1].parameters for name, each in nets.items()}
    lab.table("test accuracy; half shut: an LSTM with a forget bias of 0", ("net", "weights", "median", "worst", "best"),
              [(name, counts[name], median(one), min(one), max(one)) for name, one in right.items()])  # fmt: skip
    found, shut = ([gates(net, net.network.plan.infos[1].path) for net in nets[name]] for name in (LSTM, SHUT))
    letter, lost = (np.median([one.explained for one in each], axis=0) for each in (found, shut))
    kept = [float(one.forget[1:-1].mean()) for one in found]
    steps = np.arange(1, len(letter) + 1)
    gap, f = len(steps) - 2, median(kept)
    lab.picture(
        Lines("gates (means); what the letter explains of the cells' variance, half shut too", {
            "forget": (steps, np.median([one.forget for one in found], axis=0)),
            "input": (steps, np.median([one.write for one in found], axis=0)), "letter": (steps, letter),
            "shut": (steps, lost)}, x="step", y="0 to 1", you="y"),
        f"Between letter and question f is {f:.3f} on the mean. Of what the cells hold at the question, {letter[-2]:.0%} "
        f"tells the letter; with gates half shut {lost[-2]:.0%}.",
    )  # fmt: skip
    lab.trace(
        "the forget gate",
        formula="dL/dc[t-1] = f * dL/dc[t]",
        code=("ops/lstm.py", "cell[j] *= f[j]"),
        number=f"f = {f:.3f}: of the gradient {f**gap:.2g} is left after {gap} steps; of 0.5 it were {0.5**gap:.0e}",
        picture="the curve of f",
    )
    lab.predicted(f)
    lab.claim("solves", f"LSTM: accuracy at a gap of {gap}", right[LSTM], ">", 0.7)
    lab.claim("fails", f"RNN: accuracy at a gap of {gap}", right[RNN], "<", 0.5)
    lab.claim("keeps", "LSTM: of the variance of its cells before the question, the letter's share",
              [float(one.explained[-2]) for one in found], ">", 0.9)  # fmt: skip
    lab.claim("eased", "the LSTM whose forget gates begin half shut: accuracy", right[SHUT], "<", 0.35)
    lab.claim("open", f"what the trained forget gates leave of a gradient after {gap} steps", [one**gap for one in kept],
              ">", 0.4)  # fmt: skip
    lab.claim("parameters", "parameters of the LSTM layer, by those of the RNN layer", counts[LSTM] / counts[RNN], "==", 4)
