"""When does deep learning beat the classic models, and when not?

On a small table of numbers that mean something, hardly ever: linear and logistic regression and trees are as good or
better, cost a fraction, and say why. A net has to find out what they take for granted, and a few hundred rows are not
enough for it (Grinsztajn, Oyallon, Varoquaux 2022). On images it is the other way round: a pixel by itself means nothing,
and a CNN (LeCun and others 1998) learns which groups of pixels do. More examples help it more than the others.
"""

from __future__ import annotations

from dataclasses import astuple
from statistics import median

import numpy as np

from dllab.lab.baselines import INSTALL, Kind, fit, there
from dllab.lab.saliency import saliency
from dllab.lab.standing import rows_of, standing
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Images, Lines

RECIPES = {
    "values": """\
about: How diabetes goes on in 442 patients, from ten measurements.
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
LEFT_ALONE = ("train.epochs=150", "train.weight_decay=0")
COLUMNS = ("data", "model", "score", "numbers", "operations", "seconds")
SIZES = (5, 15, 50)
CLASSIC: dict[str, tuple[Kind, Kind]] = {"values": ("linear", "tree"), "classes": ("logistic", "tree")}
ON_PICTURES: tuple[Kind, Kind] = ("logistic", "tree")
JUDGED = {
    "linear": "small table: variance that the net explains beyond linear regression",
    "logistic": "small table: accuracy of the net beyond logistic regression",
    "cheaper-linear": "operations of its training for one of linear regression",
    "cheaper-logistic": "operations of its training for one of logistic regression",
    "images": "pictures: accuracy of the CNN beyond the better of tree and logistic regression",
}
PREDICT = Prediction(
    "from ten measurements of 300 patients linear regression learns to explain nearly half of how diabetes goes on in "
    "others. A net with 16 hidden units learns from the same, for 150 epochs: how much does it explain?",
    unit="%", near=7, least=-1000, most=100,
    low="It does find something, if less than the straight line.",
    high="It fits the patients it has seen better and better, noise and all; to others that is of no use.",
    good="Yes: it has room for noise, and learns it. Fewer epochs and weight decay bring it up to the straight line.",
)  # fmt: skip
LEFT_OUT = """A rule of a tree is the model itself, and so is a weight of a linear one; a saliency map holds near one input
only and says which pixels count there, not why. On tables, boosted trees are what a net has to beat, not one tree; and on
images few build on pixels alone: a net that has seen others begins further on (lesson 38)."""
NEXT = (
    ("dllab lesson 10 kernel=1", "a CNN whose filters see no neighbours"),
    ("dllab train breast_cancer", "the net on the small table, as a run"),
)
BREAKS = (("kernel=1", "cnn"),)


def run(lab: Lab) -> None:
    """Small tables, then pictures, then reasons."""
    tables = {name: splits(lab, name, 7) for name in ("values", "values, left alone", "classes")}
    found = {(name, "net"): [standing(net) for net in nets] for name, nets in tables.items()}
    for name, kinds in CLASSIC.items():
        found |= {(name, kind): [standing(net, kind, 3) for net in tables[name]] for kind in kinds if there()}
    medians = {key: [median(column) for column in zip(*map(astuple, each))] for key, each in found.items()}
    lab.table("small tables; score: share of the variance explained, or accuracy", COLUMNS,
              [(*key, *row) for key, row in medians.items()])  # fmt: skip
    learnt = {10 * size: lab.recipe(f"data.per_class={size}", name="pictures") for size in SIZES}
    pictures = list(lab.nets({f"{size} pictures": recipe for size, recipe in learnt.items()}, 5).values())
    right = {"CNN": [[standing(net).score for net in nets] for nets in pictures]}
    for kind in ON_PICTURES if there() else ():
        right[kind] = [[standing(nets[0], kind).score] for nets in pictures]
    lab.picture(
        Lines("right about new pictures, by how many were learnt from",
              {name: (list(learnt), [median(each) for each in all_]) for name, all_ in right.items()},
              x="pictures", y="accuracy", log_x=True),
        "Every model learns from more pictures; the distance is what each can make of them.",
    )  # fmt: skip
    reasons(lab, tables["classes"][0], pictures[-1][0])
    score = {key: [one.score for one in each] for key, each in found.items()}
    net, alone = score["values", "net"], score["values, left alone", "net"]
    lab.predicted(100 * median(alone))
    lab.claim("care", "variance that few epochs and weight decay explain beyond 150 epochs", less(net, alone), ">", 0.05)
    lab.claim("cnn", "CNN: right about new pictures, from 500", right["CNN"][-1], ">", 0.85)
    if not there():
        for id, text in JUDGED.items():
            lab.missing(id, text, INSTALL)
        return
    lab.claim("linear", JUDGED["linear"], less(net, score["values", "linear"]), "<", 0.02)
    lab.claim("logistic", JUDGED["logistic"], less(score["classes", "net"], score["classes", "logistic"]), "<", 0.01)
    for name, (kind, _) in CLASSIC.items():
        pairs = list(zip(found[name, "net"], found[name, kind]))
        lab.claim(
            f"cheaper-{kind}", JUDGED[f"cheaper-{kind}"], [net.work / classic.work for net, classic in pairs], ">", 10
        )
        lab.shown(f"seconds-{kind}", f"times the seconds of {kind} regression", [a.seconds / b.seconds for a, b in pairs])
    best = max(right[kind][-1][0] for kind in ON_PICTURES)
    lab.claim("images", JUDGED["images"], [one - best for one in right["CNN"][-1]], ">", 0.02)


def splits(lab: Lab, name: str, count: int) -> list[Subject]:
    """A trained net for each of so many ways to share out the rows."""
    changes = LEFT_ALONE if "alone" in name else ()
    recipes = {
        f"{name} {seed}": lab.recipe(*changes, f"data.seed={seed}", name=name.split(",")[0]) for seed in lab.seeds(count)
    }
    return [nets[0] for nets in lab.nets(recipes, 1).values()]


def reasons(lab: Lab, net: Subject, cnn: Subject) -> None:
    """What each says of its reasons: weights, saliency, rules, and pictures."""
    (x, _), (digits, labels) = rows_of(net, "test"), rows_of(cnn, "test")
    names, known = net.data.dataset.features, net.data.dataset.classes
    three = digits[labels == 3][:1]
    images = {"a 3": three[0, :, :, 0], "CNN saliency": saliency(cnn, three, 3)[0, :, :, 0]}
    told = {"net: |saliency|": np.abs(saliency(net, x, 1) - saliency(net, x, 0)).mean(0)}
    if there():
        told["logistic: |weight|"] = np.abs(fit("logistic", *rows_of(net, "train")).weights()[:, 0])
        images["its weights"] = fit("logistic", *rows_of(cnn, "train")).weights()[:, 3].reshape(three.shape[1:3])
        tree = fit("tree", net.data.dataset.columns["inputs"][net.rows("train")], rows_of(net, "train")[1], depth=2)
        rules = [rule.text(names, known[int(rule.answer)]) for rule in tree.rules()]
        lab.say("\n".join(["The reasons of a small tree are its rules:", *rules]))
    first = {name: np.argsort(-sizes)[:3] for name, sizes in told.items()}
    most = [[f"{names[place]} {told[name][place]:.2f}" for place in places] for name, places in first.items()]
    lab.table("what counts most among 30 measurements", list(told), list(zip(*most)))
    lab.picture(
        Images("what speaks for a 3: its ink, the saliency of that, logistic regression", np.stack(list(images.values())),
               list(images), signed=True, own=True),
        "Filled: ink there speaks for a 3; letters and dashes: against. The saliency is that of this one picture.",
    )  # fmt: skip
    lab.trace(
        "the saliency of a pixel",
        formula="d score / d x_i, the score of class 3",
        code=("lab/saliency.py", "scores = network.forward(both)"),
        number=f"from {images['CNN saliency'].min():.2f} to {images['CNN saliency'].max():.2f} in this picture",
        picture="how dark a pixel is in the second picture",
    )
