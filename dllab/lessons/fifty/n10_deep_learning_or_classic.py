"""When does deep learning beat the classic models, and when not?

On a small table of numbers that mean something, hardly ever: linear and logistic regression are as good, cost a fraction,
and say why. A net has to find out what they take for granted, and a few hundred rows teach it noise as well. On images a
pixel by itself means nothing, and a CNN (LeCun and others 1998) learns which groups of pixels do. It takes examples: with
30 pictures logistic regression is still ahead, but more of them help the CNN more, and with 500 it leads.
"""

from __future__ import annotations

from dataclasses import astuple
from operator import sub
from statistics import median

import numpy as np

from dllab.lab.baselines import INSTALL, Kind, fit, there
from dllab.lab.saliency import saliency
from dllab.lab.standing import rows_of, standing
from dllab.lab.subject import Subject
from dllab.lessons.claim import Op, Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines

RECIPES = {
    "values": """\
about: How far diabetes has progressed after a year in 442 patients, from ten measurements.
data: {name: diabetes, test: 0.3}
model: [{dense: 16}, tanh, {dense: outputs}]
optimizer: {adam: 0.005}
train: {epochs: 20, batch: 32, weight_decay: 0.1}
""",
    "classes": """\
about: Malignant or benign, from 30 measurements of cell nuclei.
data: {name: breast_cancer, test: 0.3}
model: [{dense: 16}, relu, {dense: classes}]
optimizer: {adam: 0.005}
train: {epochs: 30, batch: 16, weight_decay: 0.1}
""",
    "pictures": """\
about: Digits of 14 x 14 pixels, 50 of each, by a small CNN.
data: {name: mnist10k, size: 14, flatten: false, per_class: 50}
model:
  - repeat: {times: 2, layers: [{conv: {units: 16, kernel: 3, padding: same}}, relu, max_pool]}
  - flatten
  - dropout: 0.3
  - dense: classes
optimizer: {adam: 0.01}
schedule: cosine
train: {epochs: 15, batch: 32}
""",
}
KNOBS = {"kernel": "model[0].repeat.layers[0].conv.kernel", "units": "model[0].repeat.layers[0].conv.units"}
CARE, ALONE, CANCER = "diabetes", "diabetes, 150 epochs", "breast cancer"
TABLES = {CARE: ("values",), ALONE: ("values", "train.epochs=150", "train.weight_decay=0"), CANCER: ("classes",)}
CLASSIC: dict[str, tuple[Kind, ...]] = {CARE: ("linear", "tree"), CANCER: ("logistic", "tree")}
ON_PICTURES: tuple[Kind, ...] = ("logistic", "tree")
SIZES = (3, 15, 50)
PREDICT = Prediction(
    "from ten measurements of 300 patients linear regression learns to explain nearly half of how the disease progresses "
    "in others. A net with 16 hidden units learns from the same, for 150 epochs: how much does it explain?",
    unit="%", near=7, least=-1000, most=100,
    low="It does find something, if less than linear regression.",
    high="It fits the patients it has seen better and better, noise and all; to others that is of no use.",
    good="Yes: it has room for noise, and learns it. Fewer epochs and weight decay bring it up to linear regression.",
)  # fmt: skip
LEFT_OUT = """The rules of a tree are the model itself, and so are the weights of a linear one; a saliency map holds near
one input only and says which pixels count there, not why. On tables, boosted trees are what a net has to beat, not one
tree: with some 10,000 rows they are still ahead (Grinsztajn, Oyallon, Varoquaux 2022). And on images few build on pixels
alone: a net that has seen others begins further on (lesson 38)."""
NEXT = (
    ("dllab lesson 10 kernel=1", "a CNN whose filters see no neighbours"),
    ("dllab train breast_cancer", "the net on the small table, as a run"),
)
BREAKS = (("kernel=1", "cnn"),)


def run(lab: Lab) -> None:
    """Small tables, then pictures, then reasons."""
    if not there():
        lab.note(f"Nets stand alone here: to compare them with the classic models {INSTALL}")
    tables = {name: splits(lab, *way) for name, way in TABLES.items()}
    found = {(name, "net"): [standing(net) for net in nets] for name, nets in tables.items()}
    for name, kinds in CLASSIC.items() if there() else ():
        found |= {(name, kind): [standing(net, kind, 3) for net in tables[name]] for kind in kinds}
    score = {key: [100 * one.score for one in each] for key, each in found.items()}
    rest = {key: [median(column) for column in zip(*map(astuple, each))][1:] for key, each in found.items()}
    lab.table("small tables; score: variance explained, or right answers",
              ("data", "model", "score, %", "parameters", "operations", "seconds"),
              [(*key, median(score[key]), *rest[key]) for key in sorted(found)])  # fmt: skip
    learnt = {10 * size: splits(lab, "pictures", f"data.per_class={size}", count=5) for size in SIZES}
    right = {"CNN": [[100 * standing(net).score for net in nets] for nets in learnt.values()]}
    for kind in ON_PICTURES if there() else ():
        right[kind] = [[100 * standing(net, kind).score for net in nets] for nets in learnt.values()]
    ends = [f"{name} {median(each[0]):.0f} and {median(each[-1]):.0f} %" for name, each in right.items()]
    lab.picture(
        Lines("right about new pictures, by how many were learnt from",
              {name: (list(learnt), [median(each) for each in all_]) for name, all_ in right.items()},
              x="pictures", y="%", log_x=True),
        f"With {min(learnt)} and with {max(learnt)} pictures: {'; '.join(ends)}.",
    )  # fmt: skip
    reasons(lab, tables[CANCER][0], learnt[10 * SIZES[-1]][0])
    lab.predicted(median(score[ALONE, "net"]))
    lab.claim("care", "diabetes: a net explains more with few epochs and weight decay by",
              less(score[CARE, "net"], score[ALONE, "net"]), ">", 2, "points")  # fmt: skip
    lab.claim("cnn", "CNN: right about new pictures, from 500", right["CNN"][-1], ">", 85, "%")
    for name, kind, bound in ((CARE, "linear", 5), (CANCER, "logistic", 2)):
        pairs = list(zip(found[name, "net"], found.get((name, kind), ())))
        judge(lab, kind, f"{name}: the net's score is above that of {kind} regression by",
              [100 * (net.score - other.score) for net, other in pairs], "<", bound, "points")  # fmt: skip
        judge(lab, f"cheaper-{kind}", f"operations of its training divided by those of {kind} regression",
              [net.work / other.work for net, other in pairs], ">", 10)  # fmt: skip
    few, _, many = (list(map(sub, *two)) for two in zip(right["CNN"], right.get("logistic", [()] * len(SIZES))))
    judge(lab, "few", "30 pictures: the CNN gets more right than logistic regression by", few, "<", 0, "points")
    judge(lab, "images", "500 pictures: the CNN gets more right than logistic regression by", many, ">", 2, "points")
    judge(lab, "gain", "from 30 to 500 pictures the CNN gains more than logistic regression by", less(many, few), ">", 5,
          "points")  # fmt: skip


def judge(lab: Lab, id: str, text: str, values: list[float], op: Op, bound: float, unit: str = "") -> None:
    """Claim it; without scikit-learn there is nothing to compare with."""
    if there():
        lab.claim(id, text, values, op, bound, unit)
    else:
        lab.missing(id, text, INSTALL)


def splits(lab: Lab, name: str, *changes: str, count: int = 9) -> list[Subject]:
    """Trained nets, each with weights of its own and rows of its own that it learns from."""
    work = [(lab.recipe(*changes, f"data.seed={seed}", name=name), seed) for seed in lab.seeds(count)]
    return lab.each(work, lambda one: Subject.trained(one[0], seed=one[1]))


def reasons(lab: Lab, net: Subject, cnn: Subject) -> None:
    """What each says of its reasons: weights, saliency, rules, and pictures."""
    (x, _), (digits, labels) = rows_of(net, "test"), rows_of(cnn, "test")
    names, known = net.data.dataset.features, net.data.dataset.classes
    three = digits[labels == 3][:1]
    images = {"its ink": three[0, :, :, 0], "CNN saliency": saliency(cnn, three, 3)[0, :, :, 0]}
    told = {("net", "|saliency|"): np.abs(saliency(net, x, 1) - saliency(net, x, 0)).mean(0)}
    if there():
        told["logistic", "|weight|"] = np.abs(fit("logistic", *rows_of(net, "train")).weights()[:, 0])
        images["logistic"] = fit("logistic", *rows_of(cnn, "train")).weights()[:, 3].reshape(three.shape[1:3])
        tree = fit("tree", net.data.dataset.columns["inputs"][net.rows("train")], rows_of(net, "train")[1], depth=2)
        rules = [rule.text(names, known[int(rule.answer)]) for rule in tree.rules()]
        lab.note("\n".join(["The reasons of a small tree are its rules:", *rules]))
    most = [[(names[place], round(float(sizes[place]), 2)) for place in np.argsort(-sizes)[:3]] for sizes in told.values()]
    lab.table("breast cancer: what counts most among 30 measurements", [title for pair in told for title in pair],
              [[cell for pair in row for cell in pair] for row in zip(*most)])  # fmt: skip
    lab.picture(
        Images(f"what speaks for a 3: {', '.join(images)}", np.stack(list(images.values())), list(images), signed=True,
               own=True),
        "Filled: ink there speaks for a 3; letters and dashes: against. The saliency is that of this one picture.",
    )  # fmt: skip
    drawn = images["CNN saliency"]
    lab.trace(
        "the saliency of a pixel",
        formula="d score / d x_i, the score of class 3",
        code=("lab/saliency.py", "scores = network.forward(both)"),
        number=f"from {drawn.min():.2f} to {drawn.max():.2f} in this picture",
        picture="how dark a pixel is in the second picture",
    )
