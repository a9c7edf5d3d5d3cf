"""What is new in LeNet, AlexNet, VGG, Inception and ResNet?

LeNet (1998): small filters at every place, then pools, dense layers last. AlexNet (2012): ReLU, overlapping pools, dropout.
VGG (2014): nothing but windows of 3 x 3, in pairs: two see as much as one of 5 x 5, with a bend between, and

    weights per pair of channels:  2 x 3 x 3 = 18,  not  5 x 5 = 25

Inception (2015): windows of several sizes side by side, a 1 x 1 in front of each to make it cheap. ResNet (2016): blocks
that add to what came in, and batch norm. Here they are in miniature, for digits of 14 x 14.
"""

from __future__ import annotations

from statistics import median

from dllab.engine.network import build
from dllab.lab.depth import depth
from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars
from dllab.recipe import parse

HEAD, TAIL = """\
data: {name: mnist10k, flatten: false, size: 14, per_class: 200}
model:
""", """\
schedule: one_cycle
train: {epochs: 5, batch: 32, evaluate_every: 5}
"""  # fmt: skip
MODELS = {
    "LeNet": """\
  - conv: {units: 6, kernel: 5, padding: same}
  - relu
  - max_pool: 2
  - conv: {units: 16, kernel: 3}
  - relu
  - max_pool: 2
  - flatten
  - dense: 64
  - relu
  - dense: 48
  - relu
  - dense: classes
optimizer: {adam: 0.008}
""",
    "AlexNet": """\
  - conv: {units: 16, kernel: 5, stride: 2, padding: same}
  - relu
  - max_pool: {size: 3, stride: 2, padding: same}
  - repeat: {times: 2, layers: [conv: {units: 32, padding: same}, relu]}
  - flatten
  - dropout: 0.3
  - dense: 64
  - relu
  - dropout: 0.3
  - dense: classes
optimizer: {adam: 0.005}
""",
    "VGG": """\
  - repeat: {times: 2, layers: [conv: {units: 8, padding: same}, relu]}
  - max_pool: 2
  - repeat: {times: 2, layers: [conv: {units: 16, padding: same}, relu]}
  - max_pool: 2
  - flatten
  - dense: 64
  - relu
  - dense: classes
optimizer: {adam: 0.008}
""",
    "Inception": """\
  - conv: {units: 16, stride: 2, padding: same}
  - relu
  - branches:
      - [conv: {units: 8, kernel: 1}, relu]
      - [conv: {units: 8, kernel: 1}, relu, conv: {units: 16, padding: same}, relu]
      - [conv: {units: 4, kernel: 1}, relu, conv: {units: 8, kernel: 5, padding: same}, relu]
      - [max_pool: {size: 3, stride: 1, padding: same}, conv: {units: 8, kernel: 1}, relu]
  - max_pool: 2
  - branches:
      - [conv: {units: 16, kernel: 1}, relu]
      - [conv: {units: 12, kernel: 1}, relu, conv: {units: 24, padding: same}, relu]
      - [max_pool: {size: 3, stride: 1, padding: same}, conv: {units: 8, kernel: 1}, relu]
  - global_avg_pool
  - dense: classes
optimizer: {adam: 0.02}
""",
    "ResNet": """\
  - conv: {units: 16, stride: 2, padding: same, bias: false}
  - batch_norm
  - relu
  - residual: [
      conv: {units: 16, padding: same, bias: false}, batch_norm, relu,
      conv: {units: 16, padding: same, bias: false}, batch_norm]
  - relu
  - residual: {shortcut: projection, layers: [
      conv: {units: 32, stride: 2, padding: same, bias: false}, batch_norm, relu,
      conv: {units: 32, padding: same, bias: false}, batch_norm]}
  - relu
  - global_avg_pool
  - dense: classes
optimizer: {adam: 0.02}
""",
}
RECIPES = {name: f"about: {name} in miniature, for small digits.\n{HEAD}{model}{TAIL}" for name, model in MODELS.items()}
KNOBS = {"images": "data.per_class", "epochs": "train.epochs", "lr": "optimizer.lr", "batch": "train.batch"}
OPTIONS = {"window": 3}
PREDICT = Prediction(
    "for each pair of channels, in and out, one window of 5 x 5 has 25 weights. How many have two layers of 3 x 3, which "
    "see as many pixels, together?",
    near=0.5, least=1, most=1000,
    low="One window of 3 x 3 has 9, but it sees 3 pixels only: it takes two layers to see 5.",
    high="Two windows of 3 x 3 have 9 each; they need not be as many as the pixels they see.",
    good="Twice 9: fewer weights than 25, and a ReLU in between.",
)  # fmt: skip
LEFT_OUT = """On digits the order of the five says little: dense layers alone come near (last claim), and nets of one
kind differ by luck as much as some kinds do. The ideas were made for a million photographs in a thousand classes, and what
won there was as much data and training as the drawing of the net. The newest one is not always the one to take: look at
what a picture costs."""
NEXT = (("dllab train lenet --no-save", "the real size: 28 x 28 pixels, 98 %"),
        ("dllab summary inception", "every layer, its shape and its cost"))  # fmt: skip
BREAKS = (("images=4", "lenet"), ("images=4", "resnet"), ("window=5", "windows"))
LEAST = {"LeNet": 0.89, "AlexNet": 0.88, "VGG": 0.93, "Inception": 0.9, "ResNet": 0.92}
DENSE = "model=[flatten, {dense: 100}, relu, {dense: 64}, relu, {dense: classes}]"


def run(lab: Lab) -> None:
    """Five architectures on one data set: what they cost, and what they can."""
    recipes = {name: lab.recipe(name=name) for name in RECIPES}
    runs = lab.runs({**recipes, "dense layers": lab.recipe(DENSE, name="LeNet")}, 5)
    right = {name: [run.figure("accuracy") for run in each] for name, each in runs.items()}
    cost = {name: summarize(recipe) for name, recipe in recipes.items()}
    deep = {name: depth(build(recipe).plan.infos) for name, recipe in recipes.items()}
    lab.picture(
        Bars("test accuracy in percent: median, least and greatest of the nets",
             {name: 100 * median(each) for name, each in right.items()}, "%",
             spread={name: (100 * min(each), 100 * max(each)) for name, each in right.items()}),
        "All of them can do it; in brackets how far nets of one kind differ by luck.",
    )  # fmt: skip
    lab.table("", ("net", "depth", "parameters", "multiply-adds", "seconds", "accuracy"),
              [(name, deep[name], cost[name].parameters, cost[name].multiply_adds,
                median(run.seconds for run in runs[name]), median(right[name])) for name in RECIPES],
              "Depth: layers with weights on the longest way. Multiply-adds: of one picture, forward.")  # fmt: skip
    window = lab.option("window")
    pair = ((16, 16, window), (16, 16, window))
    one, two, cheap, dear = convs((16, 16, 5)), convs(*pair), convs((64, 16, 1), (16, 16, 5)), convs((64, 16, 5))
    per_pair = {"one of 5 x 5": one[0] / 256, f"two of {window} x {window}": two[0] / 256}
    lab.picture(
        Bars("weights per pair of channels", per_pair, you=True), f"The two together see {two[1]} x {two[1]} pixels."
    )
    lab.trace(
        "weights of two small windows",
        formula="2 x 3 x 3 = 18",
        code=("ops/conv.py", 'w = net.parameter("w", (rows.kernel, columns.kernel, inputs, self.units)'),
        number=f"{two[0]:,} weights for 16 x 16 pairs of channels: {two[0] / 256:g} each",
        picture="the second bar",
    )
    lab.predicted(two[0] / 256)
    for name, least in LEAST.items():
        lab.claim(name.lower(), f"{name}: test accuracy", right[name], ">", least)
    lab.claim("windows", "VGG: weights of two small windows for a pair of channels", two[0] / 256, "==", 18)
    lab.claim("see", "and the pixels that they see, in one direction", two[1], "==", one[1])
    lab.claim("front", "Inception: weights of a 5 x 5 on 64 channels with a 1 x 1 in front, beside none",
              cheap[0] / dear[0], "<", 0.3)  # fmt: skip
    lab.claim("deeper", "layers that ResNet and Inception are deeper than LeNet, at least",
              min(deep["ResNet"], deep["Inception"]) - deep["LeNet"], ">=", 1)  # fmt: skip
    best = max(RECIPES, key=lambda name: median(right[name]))
    lab.claim("dense", f"the best of the five ({best}) is more accurate than dense layers by",
              less(right[best], right["dense layers"]), ">", 0.01)  # fmt: skip
    lab.shown("seconds", "seconds of a training, the longest of the five",
              max(median(run.seconds for run in runs[name]) for name in RECIPES))  # fmt: skip


def convs(*layers: tuple[int, int, int]) -> tuple[int, int]:
    """Weights of convolutions, of channels in and out and kernel of each, and how many pixels their last one sees."""
    stack = ", ".join(
        f"conv: {{units: {units}, kernel: {kernel}, padding: same, bias: false}}" for _, units, kernel in layers
    )
    found = summarize(parse(f"{{input: [14, 14, {layers[0][0]}], model: [{stack}]}}"))
    field = found.layers[-1].receptive_field
    assert field is not None
    return found.parameters, field[0]
