"""How does an LSTM remember for longer?

It has a second state, the cell c, that does not pass through weights and tanh at every step. Three gates between 0 and 1
keep it (f, the forget gate), write the candidate g into it (i) and read it (o) (Hochreiter and Schmidhuber 1997; f: Gers
et al. 2000):

    c[t] = f * c[t-1] + i * g        h[t] = o * tanh(c[t])

Along the cell the gradient is multiplied by f alone: where f is near 1, it hardly fades.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.gates import gates
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction, less
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
train: {epochs: 12, batch: 32, clip_norm: 1.0}
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
NETS = {LSTM: 7, RNN: 11, SHUT: 3}
PREDICT = Prediction(
    "with forget_bias: 6 the forget gates begin at sigmoid(6) = 0.9975. How much of a cell do they keep over 60 steps when "
    "the net is trained, in percent?",
    unit="%", near=12, least=0, most=100,
    low="Training could have closed the gates, and it did not need to: the net is paid for keeping the letter.",
    high="A sigmoid never reaches 1, and 60 factors are multiplied: even 0.9975 to the 60th is only 86 %.",
    good="About 0.9975 to the 60th, 86 %: training found the gates open, and left them so.",
)  # fmt: skip
LEFT_OUT = """Vanishing is eased, not abolished. With a forget bias of 0, f begins at 1/2, the gradient along the cell
halves with every step, and the same LSTM fails as the RNN does (the third row). So the start of f decides here, more than
what training makes of it. And what only the cell carries fades wherever f is below 1, unless it is written again."""
NEXT = (
    ("dllab viz-gradients recall --before", "back over a gap of 50"),
    ("dllab lesson 43 forget_bias=3", "gates a little less open: enough?"),
)
BREAKS = (("forget_bias=-2", "solves"), ("forget_bias=-2", "keeps"))


def run(lab: Lab) -> None:
    """A gap that the RNN fails at, and what the gates do on the way."""
    nets = lab.nets({name: lab.recipe(*changes) for name, changes in WAYS.items()}, NETS)
    right = {name: [100 * net.figure("accuracy") for net in each] for name, each in nets.items()}
    counts = {name: summarize(each[0].recipe).layers[1].parameters for name, each in nets.items()}
    lucky = sum(one > 90 for one in right[RNN])
    lab.table("test accuracy in %; half shut: LSTM with forget_bias 0", ("net", "parameters", "median", "worst", "best"),
              [(name, counts[name], median(one), min(one), max(one)) for name, one in right.items()],
              f"Of {len(right[RNN])} RNNs {lucky or 'none'} found the letter by luck.")  # fmt: skip
    found, shut = ([gates(net, net.network.plan.infos[1].path) for net in nets[name]] for name in (LSTM, SHUT))
    letter, lost = (np.median([one.explained for one in each], axis=0) for each in (found, shut))
    kept = [100 * one.kept for one in found]
    steps = np.arange(1, len(letter) + 1)
    gap = len(steps) - 2
    drawn = lab.nets({LSTM: nets[LSTM][0].recipe}, NETS[LSTM], trained=False)[LSTM]
    before = [100 * gates(net, net.network.plan.infos[1].path).kept for net in drawn]
    lab.picture(
        Lines("gates of the trained LSTMs, and what their cells know of the letter", {
            "forget gate": (steps, np.median([one.forget for one in found], axis=0)),
            "input gate": (steps, np.median([one.write for one in found], axis=0)),
            "share of the letter": (steps, letter), "the same, half shut": (steps, lost)}, x="step", y="0 to 1"),
        "Share of the letter: of what the cells hold, the part of the variance that the letter explains. Before the "
        f"question it is {letter[-2]:.0%}; in the LSTMs that began half shut {lost[-2]:.0%}.",
    )  # fmt: skip
    lab.trace(
        "the forget gate",
        formula="dL/dc[t-1] = f * dL/dc[t]",
        code=("ops/lstm.py", "cell[j] *= f[j]"),
        number=f"{median(kept):.0f} % of the gradient are left after {gap} steps; with f = 1/2: {100 * 0.5**gap:.0e} %",
        picture="the curve of the forget gate, multiplied over all steps",
    )
    lab.predicted(median(kept))
    lab.claim("solves", f"LSTM: accuracy at a gap of {gap}", right[LSTM], ">", 65, "%")
    lab.claim("fails", f"RNN: accuracy at a gap of {gap}", right[RNN], "<", 60, "%")
    lab.claim("eased", "the LSTM whose forget gates begin half shut: accuracy", right[SHUT], "<", 35, "%")
    lab.claim("keeps", "LSTM: share of the letter in what its cells hold before the question",
              [float(one.explained[-2]) for one in found], ">", 0.95)  # fmt: skip
    lab.claim("open", f"of a cell the trained forget gates keep over {gap} steps", kept, ">", 75, "%")
    lab.claim("begun", "training changed that by (up or down)", [abs(one) for one in less(kept, before)], "<", 10, "points")
    lab.claim(
        "parameters", "parameters of the LSTM layer divided by those of the RNN layer", counts[LSTM] / counts[RNN], "==", 4
    )
