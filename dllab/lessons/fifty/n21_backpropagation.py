"""How does backpropagation find the slope by every weight at once?

A net is a function of a function. The chain rule multiplies the slopes of all that lies between a weight and the loss:

    dL/dw_1 = dL/dy  w_3  (1 - h_2^2)  w_2  (1 - h_1^2)  x     (h = tanh z)

Weights share most of these factors. On the way from the loss back to the input each layer takes the slope by its output,
keeps dL/dw for its weights and hands dL/dx on: one way back gives all slopes, for about the work of two forward passes
(Rumelhart, Hinton and Williams 1986). To try each weight by itself, a bit more and a bit less, takes two forward passes
for every one of them.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from dllab.engine.network import Network
from dllab.lab.chain_rule import way_back
from dllab.lab.gradcheck import PROGRAM, check_network, jitter
from dllab.lab.passes import by_trying, passes
from dllab.lab.planted_bug import plant
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPES = {"chain": """\
about: One number after the other, so that the chain rule is one product.
input: [1]
model: [{dense: {units: 1, init: {normal: 1}}}, tanh, {dense: {units: 1, init: {normal: 1}}}, tanh, {dense: 1}]
loss: mse
""", "net": """\
about: A net whose gradient is compared with differences, and counted at several widths.
input: [8]
model: [{repeat: {times: 4, layers: [{dense: 16}, tanh]}}, {dense: 1}]
loss: mse
train: {batch: 32}
"""}  # fmt: skip
KNOBS = {"depth": "model[0].repeat.times", "width": "model[0].repeat.layers[0].dense.units",
         "activation": "model[0].repeat.layers[1]"}  # fmt: skip
OPTIONS = {"bug": 0}
WIDTHS = (4, 16, 64, 256)
PREDICT = Prediction(
    "a net has 200,000 parameters (weights and biases). What do its loss and its whole gradient cost together, in "
    "forward passes?",
    log=True, near=1.4, least=0, most=1e12,
    low="The way forward makes one product of matrices a layer; the way back makes two more, for dL/dx and for dL/dw.",
    high="So it would be if each were tried by itself. What lies behind a layer is worked out once for all before it.",
    good="Right: one forward, and about two more for the way back, however many parameters there are.",
)  # fmt: skip
LEFT_OUT = """It is paid for in memory: the way back needs what the way forward has left, so all layers' outputs are kept,
twice as many in a net twice as deep: measured as the last claim. And it is exact only for what was computed: at a kink
(ReLU at 0) there is no slope, and the lab takes 0. Differences are no better a truth: too large a step cuts a curve
short, too small a one drowns in rounding."""
NEXT = (("dllab lesson 21 bug=1", "spoil one gradient by a tenth: who sees it?"),
        ("dllab gradcheck digits-cnn", "the same proof for any recipe"))  # fmt: skip
BREAKS = (("bug=1", "numeric"),)


def run(lab: Lab) -> None:
    """A chain in numbers, a net against differences, and what both cost."""
    links = way_back(lab.network(lab.recipe(name="chain")), 0.8, 1.0)
    lab.table("from the loss to the first weight", ("slope by", "times the factor", "value", "product", "by the engine"),
              [(one.at, one.factor, one.value, one.product, one.engine) for one in links])  # fmt: skip
    lab.picture(
        Bars("size of the slope on its way back", {f"dL/d{one.at}": abs(one.product) for one in links}),
        "Each bar is the one above times a weight, a slope of tanh (at most 1) or, in the end, the input.",
    )
    lab.trace(
        "the slope by the first weight",
        formula=" ".join(["dL/dw_1 =", *(f"({one.factor})" for one in links)]),
        code=("ops/dense.py", "gemm(dw, x, dy, True, False, False)"),
        number=" x ".join(f"{one.value:.4f}" for one in links) + f" = {links[-1].product:.6f}",
        picture="the last bar",
    )
    lab.claim("chain", "products by hand against the engine's slopes, greatest difference",
              max(abs(one.product - one.engine) for one in links), "<", 1e-12)  # fmt: skip
    rng = np.random.default_rng(lab.seed)
    x, y = rng.normal(size=(8, 8)), rng.normal(size=(8, 1))
    nets = [lab.network(lab.recipe(name="net"), seed=seed) for seed in range(len(lab.seeds(5)))]
    for net in nets:
        jitter(net, rng)
        if lab.option("bug"):
            plant(net.plan, PROGRAM, "dense")
    worst = lab.each(nets, lambda net: max(check.relative_error for check in check_network(net, x, y)), "differences")
    lab.claim("numeric", "backpropagation against differences, in float64: greatest relative error", worst, "<", 1e-7)
    began = perf_counter()
    _, tries = by_trying(nets[0], x, y)
    middle, each = perf_counter(), tries // size(nets[0])
    nets[0].loss_and_gradients(x, y)
    times = (middle - began) / (perf_counter() - middle)
    lab.claim("tries", "differences: forward passes for each parameter", each, "==", 2)
    lab.shown(
        "seconds", f"net of {size(nets[0]):,} parameters: seconds of differences divided by those of backpropagation", times
    )
    wide = [lab.network(lab.recipe(f"width={width}", name="net")) for width in WIDTHS]
    rows = [(size(net), passes(net, 32).whole, each * size(net)) for net in wide]
    count, whole, trying = (list(column) for column in zip(*rows))
    lab.picture(
        Lines("what all slopes cost, by the number P of parameters",
              {"backpropagation": (count, whole), "differences": (count, trying)}, x="P",
              y="forward passes", log=True, log_x=True, you="y"),
        f"Backpropagation stays between {min(whole):.2f} and {max(whole):.2f} forward passes, however many parameters "
        "there are. Passes are counted operations.",
    )  # fmt: skip
    lab.table("operations for loss and all slopes divided by those of one forward pass",
              ("parameters", "backpropagation", "differences"), rows)  # fmt: skip
    lab.predicted(whole[-1])
    lab.claim("cost", "loss and all slopes by backpropagation: forward passes, of four nets the most", max(whole), "<", 3.1)
    lab.claim("gain", f"{count[-1]:,} parameters: cost of differences divided by that of backpropagation",
              trying[-1] / whole[-1], ">", 1e5)  # fmt: skip
    kept = [summarize(lab.recipe(f"depth={depth}", name="net")).memory.activations for depth in (4, 8)]
    lab.claim("memory", "memory for the outputs of 8 hidden layers divided by that of 4", kept[1] / kept[0], ">", 1.7)


def size(net: Network) -> int:
    """How many parameters a net has."""
    return sum(values.size for values in net.parameters.values())
