"""What makes gradients explode, and why in recurrent nets above all?

On its way back through time the gradient is multiplied at each step by the same matrix, the recurrent weights W, and by
the slopes of the activation. For h_t = f(h_(t-1) W + ...), h a row (for columns read W^T),

    dL/dh_(t-1) = W diag(f'(z_t)) dL/dh_t     |dL/dh_(T-k)| ~ radius ^ k

where all slopes are 1. The radius is the size of W's largest eigenvalue: above 1 the gradient grows exponentially with the
length of the sequence, below it vanishes (Bengio, Simard and Frasconi 1994). One step along such a gradient throws the
weights far off, unless it is clipped (Pascanu, Mikolov and Bengio 2013).
"""

from __future__ import annotations

from math import inf
from statistics import median

import numpy as np

from dllab.lab.through_time import going_back, growth
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: A ReLU RNN whose gradient explodes, under plain SGD that is clipped.
data: {name: adding, length: 12, samples: 1500}
model:
  - rnn: {units: 32, activation: relu, return: last, recurrent_init: {orthogonal: 2.0}}
  - dense: outputs
loss: mse
optimizer: {sgd: 0.1}
train: {epochs: 12, batch: 20, clip_norm: 1.0}
"""
KNOBS = {"gain": "model[0].rnn.recurrent_init.orthogonal", "activation": "model[0].rnn.activation", "lr": "optimizer.sgd",
         "threshold": "train.clip_norm", "units": "model[0].rnn.units"}  # fmt: skip
OPTIONS = {"radius": 1.1}
STEPS = 50
LONG = ("data.length=51", "data.samples=64", "train.dtype=float64")
POSITIVE = ("model[0].rnn.recurrent_init={uniform: {low: 0, high: 1}}", "model[0].rnn.init={uniform: {low: 0, high: 1}}",
            "model[1]={dense: {units: outputs, init: {uniform: {low: 0, high: 1}}}}")  # fmt: skip
PREDICT = Prediction(
    "the recurrent weights have the radius 1.1. How many times as large is the gradient after 50 steps back through time?",
    log=True, near=2.5, least=0, most=1e300,
    low="A tenth more at each of 50 steps is not 5 times as much: each tenth comes on top of all before, 1.1^50 = 117.",
    high="It is 1.1 to the 50th, about 117: exponential, but from a small beginning.",
    good="Right: 1.1^50 is 117.",
)  # fmt: skip
LEFT_OUT = """The radius alone decides only where no unit switches off. With weights of both signs about half of a ReLU's
units are off, and with a radius of 1.1 the gradient vanishes: see the last claim. In a tanh RNN and an LSTM slopes and
gates below 1 keep it from exploding at the start. In the LSTM it fades, as its forget gates begin well below 1; with a
forget bias of 6 far more arrives. (This is the gradient by h; for the cell c see lesson 43.) But nothing keeps training
from raising the weights, and clipping does nothing for gradients that vanish."""
NEXT = (("dllab lesson 17 gain=0.9", "training where nothing explodes"),
        ("dllab viz-gradients adding-rnn", "the opposite: an RNN's gradient that vanishes"))  # fmt: skip
BREAKS = (("gain=0.9", "lost"), ("activation=tanh", "rate"), ("radius=0.95", "grows"))


def run(lab: Lab) -> None:
    """Gradients through time by radius, then training with and without clipping."""
    radius = lab.option("radius")
    nets = lab.nets({"": lab.recipe(*LONG, *POSITIVE)}, 5, trained=False)[""]
    radii = (0.8, 0.9, 1.0, radius, 1.2)
    found = {one: [going_back(net, one) for net in nets] for one in radii}
    other = lab.nets({
        "ReLU, signs": lab.recipe(*LONG, f"gain={radius}", "activation=relu"),
        "tanh": lab.recipe(*LONG, f"gain={radius}", "activation=tanh"),
        "LSTM": lab.recipe(*LONG, "model[0]={lstm: {units: 32, return: last}}"),
        "LSTM, open": lab.recipe(*LONG, "model[0]={lstm: {units: 32, return: last, forget_bias: 6}}"),
    }, 7, trained=False)  # fmt: skip
    contrast = {name: [going_back(net) for net in each] for name, each in other.items()}
    curves = {f"{one:g}": found[one] for one in (0.9, radius)} | contrast
    lab.picture(
        Lines("size of dL/dh going back through time, divided by its size at the end",
              {name: (range(STEPS + 1), np.median(each, axis=0)) for name, each in curves.items()},
              x="steps back", y="times", log=True, you="y"),
        "Numbers: radii of RNNs with positive weights; with ReLU all their units stay on. Signs: weights of both signs. A "
        "straight line: one factor a step.",
    )  # fmt: skip
    rates = {one: [growth(sizes) for sizes in each] for one, each in found.items()}
    lab.table("", ("radius", "factor a step", f"size after {STEPS} steps back", f"radius^{STEPS}"),
              [(one, median(rates[one]), median(sizes[-1] for sizes in found[one]), one**STEPS) for one in radii],
              "The last two columns differ: on its first steps back the gradient does not yet lie along the main "
              "eigenvector, the direction that W stretches by the radius.")  # fmt: skip
    lab.trace(
        "factor a step",
        formula="|dL/dh_(t-1)| / |dL/dh_t|, the radius of W where f' = 1",
        code=("ops/rnn.py", "gates_to_state(dy_h, rows[3], dz, t * units"),
        number=f"radius {radius:g}: times {median(rates[radius]):.4f} a step",
        picture=f"how steeply the curve of {radius:g} rises",
    )
    times = {name: [sizes[-1] for sizes in each] for name, each in curves.items()}
    lab.predicted(median(times[f"{radius:g}"]))
    off = [max(abs(rates[one][net] / one - 1) for one in radii) for net in range(len(nets))]
    lab.claim("rate", "ReLU, all weights positive: factor a step divided by the radius, off 1 by at most", off, "<", 1e-6)
    size = f"size after {STEPS} steps back, divided by that at the end"
    lab.claim("grows", f"radius {radius:g}: {size}", times[f"{radius:g}"], ">", 50)
    lab.claim("shrinks", f"radius 0.9: {size}", times["0.9"], "<", 0.02)
    lab.claim("tanh", f"tanh RNN of radius {radius:g}, weights of both signs: {size}", times["tanh"], "<", 2)
    lab.claim("lstm", f"LSTM, forget bias 1 as usual: {size}", times["LSTM"], "<", 0.01)
    lab.claim("open", f"LSTM, forget bias 6: {size}", times["LSTM, open"], ">", 0.05)
    runs = lab.runs({"clipped": lab.recipe(), "not clipped": lab.recipe("train.clip_norm=")}, 7)
    ends = {name: [inf if run.status == "diverged" else run.figure("loss") for run in each] for name, each in runs.items()}
    lab.claim("lost", "not clipped: loss at the end (inf: diverged); a net that always says 1 has 1/6", ends["not clipped"],
              ">", 1 / 6)  # fmt: skip
    lab.claim("rescued", "clipped: loss at the end", ends["clipped"], "<", 0.1)
    signs = [growth(sizes) / radius for sizes in contrast["ReLU, signs"]]
    lab.claim("signs", "ReLU, weights of both signs: factor a step divided by the radius", signs, "<", 0.9)
