"""What do the input, the hidden and the output layer each do?

The input layer does nothing: it is the numbers of an example, and has no weights. The hidden layers describe the example
anew, one after the other, until straight borders are enough. The output layer draws these, and makes probabilities of its
sums:

    two classes: p = 1 / (1 + exp(-z))      many: p_k = exp(z_k) / sum exp(z_j)

How far the hidden layers have come is told by a probe: a linear classifier, here fitted by least squares, of what a layer
gives (Alain and Bengio 2016).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from dllab.lab.linear_probe import probe_map, probed
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Grid, Lines, Titled

ARMS = """\
about: Three spiral arms, each wound once around the others; three hidden layers unwind them.
data: {name: spirals, turns: 1, noise: 0.1, samples: 900, test: 0.25}
model:
  - repeat: {times: 3, layers: [{dense: 10}, tanh]}
  - dense: classes
  - softmax
loss: cross_entropy
optimizer: {adam: 0.01}
train: {dtype: float64, epochs: 80, batch: 32}
"""
MOONS = """\
about: Two half moons, and one sigmoid unit that says how probable the second is.
data: {name: moons, samples: 300, test: 0.25}
model: [{dense: 8}, tanh, {dense: 1}, sigmoid]
loss: binary_cross_entropy
optimizer: {adam: 0.03}
train: {dtype: float64, epochs: 30, batch: 32}
"""
RECIPES = {"arms": ARMS, "moons": MOONS}
KNOBS = {
    "depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense", "activation": "model[0].repeat.layers[1]",
    "epochs": "train.epochs",
}  # fmt: skip
PREDICT = Prediction(
    "three spiral arms, each wound once around the others. How much of them do straight borders, fitted by least squares, "
    "get right?",
    unit="%", near=8, least=0, most=100,
    low="A constant answer gets about a third, and straight borders are about as good as that.",
    high="Each arm goes once around: whatever side of a line one looks at, a part of every arm is there.",
    good="Each arm goes once around, so straight borders are about as good as a constant answer.",
)  # fmt: skip
LEFT_OUT = """Hidden layers help before they have learnt anything: even with the weights they were drawn with, they bend the
plane at random, and straight borders do better in what they give than in the inputs, as measured above. Training
adds the rest. And numbers that add up to 1 are not yet honest probabilities: whether 0.9 comes true nine times in ten is
another question."""
NEXT = (("dllab lesson 6 activation=identity", "hidden layers that do not bend"),
        ("dllab viz-boundary spirals --units", "what single hidden units do to the plane"))  # fmt: skip
BREAKS = (("activation=identity", "rise-2"), ("depth=1", "unwound"))


def run(lab: Lab) -> None:
    """Probes of all layers, after training and before; and what the two kinds of output layers give."""
    recipe = lab.recipe(name="arms")
    nets, drawn = lab.nets({"": recipe}, 7)[""], lab.nets({"": recipe}, 7, trained=False)[""]
    infos = nets[0].network.plan.program("infer").infos
    layers = ["", *(info.path for info in infos if info.depth and info.kind != "dense")]
    seen, before = (100 * np.array([list(probed(net, layers).values()) for net in each]).T for each in (nets, drawn))
    ways = {"trained": seen, "before training": before}  # (layers, nets)
    curves = {name: (range(len(layers)), np.median(each, axis=1)) for name, each in ways.items()}
    lab.picture(Lines("what straight borders reach in each layer (0: the inputs)", curves, x="layer", y="%", you="y"),
                "Each hidden layer makes it easier for them; already before training, but much less.")  # fmt: skip
    ends = {"the inputs": "", "last hidden layer": layers[-1]}
    lab.picture(Grid([Titled(name, probe_map(nets[0], layer)) for name, layer in ends.items()]),
                "Capitals: the same rows; the shades: the probe's answer. On the right the axes are the two directions in "
                "which its borders differ.")  # fmt: skip
    names = ("input", *(f"hidden {place}" for place in range(1, len(layers))), "output")
    sizes, weights = sized(nets[0])
    right = [100 * net.figure("accuracy") for net in nets]
    lab.table("the layers, and what straight borders get right there", ("layer", "numbers", "parameters", "%"),
              list(zip(names, sizes, weights, (*np.median(seen, axis=1), np.median(right)))))  # fmt: skip
    lab.trace("the output layer", formula="z_k = h . w_k + b_k, the largest is the answer",
              code=("ops/dense.py", "gemm(y, x, w, False, False, True)"),
              number=f"right for {np.median(right):.1f} %; a probe in its place for {np.median(seen[-1]):.1f} %",
              picture="the straight borders on the right")  # fmt: skip
    lab.predicted(float(np.median(seen[0])))
    lab.claim("input", "parameters of the net that are in none of its dense layers", weights[0], "==", 0)
    lab.claim("inputs", "straight borders on the inputs get right", seen[0], "<", 50, "%")
    for place, bound in zip(range(1, len(layers)), (20, 8, 3)):
        lab.claim(f"rise-{place}", f"hidden layer {place} adds", seen[place] - seen[place - 1], ">", bound, "points")
    lab.claim("unwound", "straight borders on the last hidden layer get right", seen[-1], ">", 93, "%")
    lab.claim(
        "drawn", "before training, the last hidden layer adds to the inputs", before[-1] - before[0], ">", 8, "points"
    )
    lab.claim("learnt", "training adds to that", seen[-1] - before[-1], ">", 15, "points")
    softmax, sigmoid = ([outputs(net) for net in each] for each in (nets, lab.nets({"": lab.recipe(name="moons")}, 7)[""]))
    sums = max(float(abs(p.sum(1) - 1).max()) for _, p in softmax)
    lab.claim("sums", "softmax: the three outputs of a row add up to 1 within", sums, "<", 1e-12)
    outside = sum(int(((p <= 0) | (p >= 1)).sum()) for _, p in softmax + sigmoid)
    lab.claim("range", "outputs of softmax and sigmoid that are not between 0 and 1", outside, "==", 0)
    beyond = [100 * float(((z < 0) | (z > 1)).mean()) for z, _ in softmax]
    lab.claim("scores", "of the sums z that go into softmax, outside of 0 to 1 are", beyond, ">", 50, "%")


def sized(net: Subject) -> tuple[list[int], list[int]]:
    """Of each layer its numbers and its parameters; the inputs have what no dense layer has."""
    dense = [info for info in net.network.plan.program("infer").infos if info.kind == "dense"]
    numbers = [int(dense[0].input_shape[-1]), *(int(info.output_shape[-1]) for info in dense)]
    parameters = [(before + 1) * own for before, own in pairwise(numbers)]
    rest = sum(values.size for values in net.network.parameters.values()) - sum(parameters)
    return numbers, [rest, *parameters]


def outputs(net: Subject) -> tuple[np.ndarray, np.ndarray]:
    """What goes into the last activation and what comes out, for the test rows, (rows, classes)."""
    inside = net.inference(net.rows("test"))
    return inside.input(inside.infos[-1].path), inside.outputs
