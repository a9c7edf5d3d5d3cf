"""How does a GRU do with less what an LSTM does?

It has no second state. One gate z says how much of the state h is kept; the rest is replaced. A gate r says how much of h
the candidate n sees, in the form of PyTorch and cuDNN (Cho et al. 2014 multiply r into h before wh):

    h[t] = z * h[t-1] + (1 - z) * n
    n    = tanh(x wx + b + r * (h[t-1] wh + bh))

Three products with x and h, for r, z and n, where the LSTM has four, for i, f, g and o. Along h the gradient is multiplied
by z, plus what comes back through n.
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
    "order": """\
about: Two marks among other letters. Which of them came first?
data: {name: temporal_order, length: 34, samples: 1000, test: 0.25}
model: [embedding: 8, gru: {units: 16, return: last}, dense: classes]
optimizer: {adam: 0.015}
train: {epochs: 17, batch: 16, clip_norm: 1.0}
""",
    "names": """\
about: Men's names, letter by letter.
data: {name: names, which: male}
model: [embedding: 8, gru: {units: 16}, dense: classes]
metrics: [accuracy, bits_per_character]
optimizer: {adam: 0.01}
schedule: cosine
train: {epochs: 3, batch: 32, clip_norm: 1.0}
""",
}
KNOBS = {"epochs": "train.epochs", "lr": "optimizer.lr", "length": "data.temporal_order.length"}
OPTIONS = {"layer": "gru", "beside": "lstm", "units": 16}
NETS = {"order": 9, "names": 5}
PREDICT = Prediction(
    "an LSTM layer of 16 units that reads 8 numbers a step has 1,600 parameters. How many percent of that has a GRU of the "
    "same size?",
    unit="%", near=2, least=0, most=1000,
    low="It drops one of four products, not two: r and z are gates, and the candidate n has weights of its own.",
    high="One product less, of four: the state is both memory and output, and one gate both keeps and writes.",
    good="Three quarters, and 16 parameters more: n's part of the state has a bias of its own.",
)  # fmt: skip
LEFT_OUT = """Three quarters of the work are not three quarters of the time: each step waits for the one before, and small
nets spend much of it on gates (seconds above). Nor is "as good as an LSTM" a law: it holds for these two tasks, and names
need no gates at all (the last row). A GRU shows all of its state, and cannot count without bound as an LSTM's cell can
(Weiss, Goldberg and Yahav 2018)."""
NEXT = (
    ("dllab summary names-gru", "the sizes of a larger one"),
    ("dllab lesson 44 layer=rnn", "no gate: a quarter of the work, and fails"),
)
BREAKS = (("layer=lstm", "matrices"), ("layer=rnn", "order"), ("length=14", "needs-gates"))


def run(lab: Lab) -> None:
    """Sizes of both, two tasks with an RNN for contrast, and the gates on their way."""
    own, other = kinds = str(lab.option("layer")), str(lab.option("beside"))
    names, units = f"{own.upper()} divided by {other.upper()}", lab.option("units")
    nets = {}
    for task, count in NETS.items():
        options = f"units: {units}" + (", return: last" if task == "order" else "")
        recipes = {kind: lab.recipe(f"model[1]={{{kind}: {{{options}}}}}", name=task) for kind in (*kinds, "rnn")}
        nets[task] = lab.nets(recipes, count)
    sizes = [summarize(nets["order"][kind][0].recipe).layers[1] for kind in kinds]
    steps = nets["order"][own][0].data.dataset.columns["inputs"].shape[1]
    parts = [nets["order"][kind][0].network.parameters.items() for kind in kinds]
    matrices = [sum(w.size for name, w in each if name.startswith("1_") and w.ndim == 2) for each in parts]
    share = sizes[0].parameters / sizes[1].parameters
    lab.picture(
        Bars(f"parameters of a layer of {units} units, in % of the {other.upper()}'s",
             {kind.upper(): 100 * one.parameters / sizes[1].parameters for kind, one in zip(kinds, sizes)}, "%", you=True),
        f"{sizes[0].parameters:,} and {sizes[1].parameters:,}: weights from the input, weights from the state, and biases.",
    )  # fmt: skip
    right = {task: {kind: [100 * net.figure("accuracy") for net in some]
                    for kind, some in each.items()} for task, each in nets.items()}  # fmt: skip
    lab.table("test accuracy in %", ("task", "layer", "median", "worst net", "best net"),
              [(task, kind.upper(), median(some), min(some), max(some))
               for task, each in right.items() for kind, some in each.items()])  # fmt: skip
    gated = [kind for kind in kinds if kind != "rnn"]
    kept = {kind: np.median([gates(net, "1_" + kind).forget for net in nets["order"][kind]], axis=0) for kind in gated}
    means = {kind: float(each.mean()) for kind, each in kept.items()}
    first, mean = next(iter(means.items()))
    lab.picture(
        Lines("order: the gate that keeps (GRU: z, LSTM: f), mean over units, rows",
              {kind.upper(): (range(1, steps + 1), each) for kind, each in kept.items()}, x="step", y="gate, 0 to 1"),
        f"On the mean the {first.upper()}'s is {mean:.2f}." + (f" The rest, {1 - mean:.0%} a step, is rewritten by n, "
        "which has itself read the old state: so it is not yet forgotten." if first == "gru" else ""),
    )  # fmt: skip
    lab.trace(
        "the gate that keeps",
        formula="h[t] = n + z * (h[t-1] - n)",
        code=("ops/gru.py", "out[j] = c[j] + u[j] * (before[j] - c[j])"),
        number=f"{first.upper()}: {mean:.2f}, the mean over all steps",
        picture="the first curve of the second picture",
    )
    lab.predicted(100 * share)
    lab.claim("matrices", f"numbers in the weight matrices, {names}", matrices[0] / matrices[1], "==", 0.75)
    lab.claim("work", f"multiply-adds of a step, {names}", sizes[0].multiply_adds / sizes[1].multiply_adds, "==", 0.75)
    lab.claim("needs-gates", "order: accuracy of an RNN, which has no gates", right["order"]["rnn"], "<", 75, "%")
    lab.claim("solves", f"order: accuracy of the {own.upper()}", right["order"][own], ">", 97, "%")
    for task, bound in (("order", 5), ("names", 1)):
        lab.claim(task, f"{task}: {other.upper()} minus {own.upper()}, accuracies of nets with one seed",
                  less(right[task][other], right[task][own]), "<", bound, "points")  # fmt: skip
    lab.shown("parameters", f"all parameters of the layer, {names}", share)
    for kind in kinds:
        lab.shown(f"seconds-{kind}", f"names: seconds of training, {kind.upper()}",
                  [net.ended.seconds for net in nets["names"][kind] if net.ended], "s")  # fmt: skip
