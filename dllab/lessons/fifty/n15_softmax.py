"""How does softmax turn scores into probabilities?

It takes e to the power of each score, and each one's share of the sum:

    p_k = e^(z_k / T) / (e^(z_1 / T) + ... + e^(z_K / T))     T: temperature

so all are positive and add up to 1 (Bridle 1990). Only differences of scores count: at T = 1 a class whose score is 1 above
another's gets e = 2.7 times its probability. So the largest score can be taken from all of them first, and then no power
overflows. The order of the scores stays, and the largest is the answer; a high temperature evens the probabilities out, a
low one sharpens them.
"""

from __future__ import annotations

import numpy as np

from dllab.lab.scores import at_scores
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPES = {"scores": """\
about: Three scores, as a net that is nothing but a softmax gets them.
input: [3]
model: [identity, softmax]
""", "net": """\
about: Three round clouds, and a net that gives a score for each; its loss puts a softmax behind.
data: {name: blobs, classes: 3, noise: 0.4, test: 0.3}
model: [{repeat: {times: 1, layers: [{dense: 16}, relu, {dense: classes}]}}]
loss: cross_entropy
optimizer: {adam: 0.02}
train: {epochs: 20, batch: 16, dtype: float64}
"""}  # fmt: skip
KNOBS = {"function": "model[1]", "temperature": "model[1].softmax.temperature", "noise": "data.noise"}
OPTIONS = {"z1": 4.0, "z2": 2.0, "z3": 1.0}
FAR, HUGE, SHIFT = 1000.0, 1000.0, 100.0
HEATS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
PREDICT = Prediction(
    "three classes have the scores 4, 2 and 1. What probability does softmax give to the first?",
    near=0.04, least=0, most=1,
    low="4 of 7 would be 0.57; but the shares are those of e^4, e^2 and e^1, and e^4 is 55 where e^2 is 7.",
    high="Nearly all, but it is a soft maximum: a lead of 2 over the next is a factor of 7.4, and no more.",
    good="Right: e^4 / (e^4 + e^2 + e^1).",
)  # fmt: skip
LEFT_OUT = """Numbers that add up to 1 are not yet trustworthy. Softmax cannot say "none of these": far from all it has seen
a ReLU net's scores go on growing in a straight line, and it is all the surer of one of its classes (Hein et al. 2019):
measured as the last claim. Nets are often too sure of ordinary rows, too; one temperature fitted on rows held back mends
much of that, and changes no answer (Guo et al. 2017)."""
NEXT = (("dllab lesson 15 temperature=5", "the same scores, evened out"),
        ("dllab lesson 15 function=sigmoid", "each score by itself: what is lost?"))  # fmt: skip
BREAKS = (("function=sigmoid", "sum"), ("function=sigmoid", "shift"), ("function=identity", "positive"))


def run(lab: Lab) -> None:
    """Softmax of three, of random, shifted, huge and heated scores; and of a net's, near and far."""
    scores, recipe = np.array([lab.option(name) for name in OPTIONS]), lab.recipe(name="scores")
    ask, heat = lab.network(recipe).forward, getattr(recipe.model[1].part, "temperature", 1.0)
    names, p = [f"{name} = {score:g}" for name, score in zip(OPTIONS, scores)], ask([scores])[0]
    less = (scores - scores.max()) / heat
    power = np.exp(less)
    lab.picture(Bars("what becomes of the scores", dict(zip(names, p)), you=True),
                "The bars add up to 1: one can grow only if others shrink.")  # fmt: skip
    lab.table("", ("score", "(less the largest) / T", "e to that", "share"), list(zip(scores, less, power, p)))
    lab.trace(
        "the share of the first score",
        formula="p_1 = e^((z_1 - largest) / T) / the sum of these over all scores",
        code=("ops/softmax.py", "out[f] = exp((row[f] - highest) * scale)"),
        number=f"{power[0]:.4f} / ({' + '.join(f'{one:.4f}' for one in power)}) = {power[0] / power.sum():.4f}",
        picture="the first bar",
    )
    lab.predicted(p[0])
    heated = [lab.network(lab.recipe(f"model[1]={{softmax: {heat}}}", name="scores")).forward for heat in HEATS]
    warm = np.array([at([scores])[0] for at in heated])
    lab.picture(
        Lines("the same scores at other temperatures", {name: (HEATS, line) for name, line in zip(names, warm.T)},
              x="T", y="p", log_x=True),
        "Cold, the largest takes all; hot, all get the same; the lines never cross.",
    )  # fmt: skip
    many = np.random.default_rng(lab.seed).normal(0, 10, (500, 3))
    found, huge = ask(many), np.sign(many) * HUGE
    lab.claim("positive", "500 rows of random scores: the least of all outputs", float(found.min()), ">", 0)
    lab.claim("sum", "a row adds up to 1, but for at most", float(np.abs(found.sum(1) - 1).max()), "<", 1e-12)
    moved = float(np.abs(ask(many + SHIFT) - found).max())
    lab.claim("shift", "100 more for every score changes an output by at most", moved, "<", 1e-12)
    with np.errstate(all="ignore"):
        naive = np.exp(huge) / np.exp(huge).sum(1, keepdims=True)
    lost = {name: np.sum(~np.isfinite(values)) for name, values in (("safe", ask(huge)), ("naive", naive))}
    lab.claim("safe", f"scores of 1000 and -1000: of {huge.size:,} outputs not finite", lost["safe"], "==", 0)
    lab.claim("naive", "the same where the largest is not taken off first", lost["naive"], ">", 0)
    lab.claim("cold", f"T = {HEATS[0]}: probability left for the others", 1 - warm[0].max(), "<", 1e-6)
    lab.claim("hot", f"T = {HEATS[-1]:g}: largest less smallest probability", np.ptp(warm[-1]), "<", 0.02)
    same = [float(np.mean(at(many).argmax(1) == many.argmax(1))) for at in heated]
    lab.claim("order", "rows whose largest score has the largest probability, at every T", 100 * min(same), "==", 100, "%")
    nets = lab.nets({"net": lab.recipe(name="net")}, 7)["net"]
    off, sure = [], {1.0: list[float](), FAR: list[float]()}
    for net in nets:
        x, at = net.data.seen(net.rows("test")), at_scores(net, net.rows("test"))
        off.append(abs(np.mean(at.z.argmax(1) == at.y.argmax(1)) - net.figure("accuracy")))
        for times, each in sure.items():
            each.append(float(ask(net.network.forward(times * x)).max(1).mean()))
    lab.claim("answer", "the engine's accuracy against how often the true class's score is largest", max(off), "<", 1e-12)
    lab.shown("near", "the largest p that nets give rows of the data, on average", sure[1.0])
    lab.claim("far", "and the same rows, 1000 times further away from 0", sure[FAR], ">", 0.99)
