"""How does a GRU do with less what an LSTM does?

It has no second state. One gate z says both how much of the state h is kept and how much is written, and a gate r how much
of h the candidate n sees (Cho et al. 2014):

    h[t] = z * h[t-1] + (1 - z) * n
    n    = tanh(x wx + b + r * (h[t-1] wh + bh))

Three products with x and h, for r, z and n, where the LSTM has four, for i, f, g and o. Along h the gradient is multiplied
by z, as along an LSTM's cell by f.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.gates import gates
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPES = {
    "recall": """\
about: One of 4 letters, then 12 digits. Which was it?
data: {name: recall, gap: 12, symbols: 4, samples: 1000, test: 0.25}
model: [embedding: 8, gru: {units: 16, return: last}, dense: classes]
optimizer: {adam: 0.01}
train: {epochs: 16, batch: 32, clip_norm: 1.0}
""",
    "order": """\
about: Two marks among other letters. Which of them came first?
data: {name: temporal_order, length: 20, samples: 1000, test: 0.25}
model: [embedding: 8, gru: {units: 16, return: last}, dense: classes]
optimizer: {adam: 0.01}
train: {epochs: 16, batch: 32, clip_norm: 1.0}
""",
    "names": """\
about: Men's names, letter by letter.
data: {name: names, which: male}
model: [embedding: 8, gru: {units: 16}, dense: classes]
metrics: [accuracy, bits_per_character]
optimizer: {adam: 0.01}
schedule: cosine
train: {epochs: 4, batch: 32, clip_norm: 1.0}
""",
}
KNOBS = {"epochs": "train.epochs", "lr": "optimizer.lr", "gap": "data.recall.gap"}
OPTIONS = {"layer": "gru", "beside": "lstm", "units": 16}
PREDICT = Prediction(
    "an LSTM layer of 16 units that reads 8 numbers a step has 1,600 parameters. A GRU of that size has how many of them?",
    unit="%", near=2, least=0, most=1000,
    low="It drops one of four products, not two: r and z are gates, and the candidate n has weights of its own.",
    high="One product less, of four: the state is both memory and output, and one gate both keeps and writes.",
    good="Three quarters, and 16 more: n's part of the state has a bias of its own.",
)  # fmt: skip
LEFT_OUT = """Three quarters of the work are not three quarters of the time: each step waits for the one before, and small
nets spend much of it on gates (seconds above). And as good is no law: on these three tasks they are; but a GRU shows all of
its state, and cannot count without bound as an LSTM's cell can (Weiss, Goldberg and Yahav 2018)."""
NEXT = (
    ("dllab summary names-gru", "the sizes of a larger one"),
    ("dllab lesson 44 layer=rnn", "with no gate at all"),
)
BREAKS = (("layer=lstm", "matrices"), ("layer=rnn", "work"))


def run(lab: Lab) -> None:
    """Sizes of both, three tasks, and the gate of the GRU on its way."""
    kinds = str(lab.option("layer")), str(lab.option("beside"))
    nets, errors = {}, {}
    for task in RECIPES:
        options = f"units: {lab.option('units')}" + (", return: last" if task != "names" else "")
        found = lab.nets({kind: lab.recipe(f"model[1]={{{kind}: {{{options}}}}}", name=task) for kind in kinds}, 5)
        nets[task] = [found[kind] for kind in kinds]
    sizes = [summarize(net[0].recipe).layers[1] for net in nets["recall"]]
    steps = nets["recall"][0][0].data.dataset.columns["inputs"].shape[1]
    work = [size.multiply_adds / steps for size in sizes]
    inside = [[w for name, w in net[0].network.parameters.items() if name.startswith("1_")] for net in nets["recall"]]
    matrices = [sum(w.size for w in own if w.ndim == 2) for own in inside]
    lab.picture(
        Bars(f"parameters of a layer of {lab.option('units')} units, by those of the {kinds[1].upper()}",
             {kind.upper(): 100 * one.parameters / sizes[1].parameters for kind, one in zip(kinds, sizes)}, "%", you=True),
        "Weights into the gates, weights from the state, biases: one gate less of each.",
    )  # fmt: skip
    rows = []
    for task, each in nets.items():
        right = [[100 * net.ended.figures["test"]["accuracy"] for net in some if net.ended] for some in each]
        errors[task] = less(*right)
        rows.append((task, *(median(one) for one in right), *(f"{min(one):.1f} to {max(one):.1f}" for one in right)))
    lab.table("test accuracy, %: medians of 5 nets, and their spread", ("task", *kinds, *kinds), rows)
    if "rnn" not in kinds:
        kept = [np.median([gates(net, net.network.plan.infos[1].path).forget for net in some], axis=0)
                for some in nets["recall"]]  # fmt: skip
        at = range(1, steps + 1)
        lab.picture(
            Lines("recall: how open the gate is that keeps, means over units and rows",
                  {f"{kinds[0]}": (at, kept[0]), f"{kinds[1]}": (at, kept[1])}, x="step", y="gate"),
            f"On the mean the {kinds[0].upper()} keeps {kept[0][1:-1].mean():.0%} of its state a step. What z lets go the "
            "candidate n, which has seen the state, can write anew.",
        )  # fmt: skip
        lab.trace(
            "the gate z",
            formula="h[t] = n + z * (h[t-1] - n)",
            code=("ops/gru.py", "out[j] = c[j] + u[j] * (before[j] - c[j])"),
            number=f"z = {kept[0][1:-1].mean():.2f} between letter and question, on the mean",
            picture="the first curve of the second picture",
        )
    lab.predicted(100 * sizes[0].parameters / sizes[1].parameters)
    lab.claim("matrices", "numbers in the weight matrices, GRU by LSTM", matrices[0] / matrices[1], "==", 0.75)
    lab.claim("work", "multiply-adds of a step, GRU by LSTM", work[0] / work[1], "==", 0.75)
    for task, bound in (("recall", 5), ("order", 5), ("names", 2)):
        lab.claim(task, f"{task}: accuracies differ by", errors[task], "<", bound, "points")
    lab.shown("parameters", "all parameters of the layer, GRU by LSTM", sizes[0].parameters / sizes[1].parameters)
    for kind, some in zip(kinds, nets["names"]):
        lab.shown(
            f"seconds-{kind}", f"names: seconds of training, {kind}", [net.ended.seconds for net in some if net.ended], "s"
        )
