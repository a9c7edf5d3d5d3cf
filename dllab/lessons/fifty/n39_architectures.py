"""What is new in LeNet, AlexNet, VGG, Inception and ResNet?

LeNet (1998): small filters at every place, then pools, dense layers last. AlexNet (2012): ReLU, overlapping pools, dropout.
VGG (2015): nothing but windows of 3 x 3, in pairs: two see as much as one of 5 x 5, with a ReLU between, and

    weights per pair of channels:  2 x 3 x 3 = 18,  not  5 x 5 = 25

Inception (2015): windows of several sizes side by side, a 1 x 1 in front of the larger ones to make them cheap. ResNet
(2016): blocks that add to what came in. Here they are in miniature, for digits of 14 x 14.
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

DATA = "{name: mnist10k, flatten: false, size: 14, per_class: 200}"
MODELS = {
    "LeNet": """\
  conv: {units: 6, kernel: 5, padding: same}, relu, max_pool: 2, conv: {units: 16, kernel: 3}, relu, max_pool: 2,
  flatten, dense: 64, relu, dense: 48, relu, dense: classes]
optimizer: {adam: 0.008}
""",
    "AlexNet": """\
  conv: {units: 16, kernel: 5, stride: 2, padding: same}, relu, max_pool: {size: 3, stride: 2, padding: same},
  repeat: {times: 2, layers: [conv: {units: 32, padding: same}, relu]},
  flatten, dropout: 0.3, dense: 64, relu, dropout: 0.3, dense: classes]
optimizer: {adam: 0.005}
""",
    "VGG": """\
  repeat: {times: 2, layers: [conv: {units: 8, padding: same}, relu]}, max_pool: 2,
  repeat: {times: 2, layers: [conv: {units: 16, padding: same}, relu]}, max_pool: 2,
  flatten, dense: 64, relu, dense: classes]
optimizer: {adam: 0.008}
""",
    "Inception": """\
  conv: {units: 16, stride: 2, padding: same}, relu,
  branches: [
    [conv: {units: 8, kernel: 1}, relu],
    [conv: {units: 8, kernel: 1}, relu, conv: {units: 16, padding: same}, relu],
    [conv: {units: 4, kernel: 1}, relu, conv: {units: 8, kernel: 5, padding: same}, relu],
    [max_pool: {size: 3, stride: 1, padding: same}, conv: {units: 8, kernel: 1}, relu]],
  max_pool: 2,
  branches: [
    [conv: {units: 16, kernel: 1}, relu],
    [conv: {units: 12, kernel: 1}, relu, conv: {units: 24, padding: same}, relu],
    [max_pool: {size: 3, stride: 1, padding: same}, conv: {units: 8, kernel: 1}, relu]],
  global_avg_pool, dense: classes]
optimizer: {adam: 0.02}
""",
    "ResNet": """\
  conv: {units: 16, stride: 2, padding: same, bias: false}, batch_norm, relu,
  residual: [conv: {units: 16, padding: same, bias: false}, batch_norm, relu,
             conv: {units: 16, padding: same, bias: false}, batch_norm], relu,
  residual: {shortcut: projection, layers: [
             conv: {units: 32, stride: 2, padding: same, bias: false}, batch_norm, relu,
             conv: {units: 32, padding: same, bias: false}, batch_norm]}, relu,
  global_avg_pool, dense: classes]
optimizer: {adam: 0.02}
""",
}
RECIPES = {name: f"about: {name} in miniature, for small digits.\ndata: {DATA}\nmodel: [\n{model}schedule: one_cycle\n"
           "train: {epochs: 5, batch: 32, evaluate_every: 5}\n" for name, model in MODELS.items()}  # fmt: skip
KNOBS = {"images": "data.per_class", "epochs": "train.epochs", "lr": "optimizer.lr", "batch": "train.batch"}
OPTIONS = {"window": 3}
PREDICT = Prediction(
    "the small VGG here has 14,082 parameters, the small LeNet 8,806: 1.6 times as many. How many times as many "
    "multiply-adds does it need for a picture?",
    log=True, near=1.4, least=0.01, most=1000,
    low="A filter works at every place: VGG has a layer from 8 channels to 8 on the whole 14 x 14, LeNet none.",
    high="Its maps are halved by pools as LeNet's are, and most of its parameters are in a dense layer, used only once.",
    good="More than the parameters say: a filter works at every place, and VGG has two layers on the whole 14 x 14.",
)  # fmt: skip
LEFT_OUT = """On digits the order of the five says little: dense layers alone do about as well here as LeNet and AlexNet,
with the fewest multiply-adds of all, and nets of one kind differ by luck as much as some kinds do. The ideas were made for
a million photographs in a thousand classes, and what won there was as much data and training as the design of the net. The
newest one is not always the one to take: look at what a picture costs."""
NEXT = (("dllab train lenet --no-save", "the real size: 28 x 28 pixels, 98 %"),
        ("dllab summary inception", "every layer, its shape and its cost"))  # fmt: skip
BREAKS = (("images=4", "lenet"), ("images=4", "resnet"), ("window=5", "windows"))
LEAST = {"LeNet": 89, "AlexNet": 88, "VGG": 93, "Inception": 90, "ResNet": 92}
DENSE = "model=[flatten, {dense: 100}, relu, {dense: 64}, relu, {dense: classes}]"


def run(lab: Lab) -> None:
    """Five architectures on one data set: what they cost, and what they can."""
    recipes = {name: lab.recipe(name=name) for name in RECIPES} | {"dense layers": lab.recipe(DENSE, name="LeNet")}
    runs = lab.runs(recipes, 5)
    right = {name: [100 * run.figure("accuracy") for run in each] for name, each in runs.items()}
    cost = {name: summarize(recipe) for name, recipe in recipes.items()}
    lab.picture(
        Bars("test accuracy: median of the nets, and from the worst to the best",
             {name: median(each) for name, each in right.items()}, "%",
             spread={name: (min(each), max(each)) for name, each in right.items()}),
        "In brackets how far nets of one kind differ by luck.",
    )  # fmt: skip
    lab.table("", ("net", "depth", "parameters", "multiply-adds", "seconds", "accuracy, %"),
              [(name, depth(build(recipe).plan.infos), cost[name].parameters, cost[name].multiply_adds,
                median(run.seconds for run in runs[name]), median(right[name])) for name, recipe in recipes.items()],
              "Depth: layers with weights on the longest way. Multiply-adds: of one picture, forward. Seconds: of one "
              "training.")  # fmt: skip
    work = {name: cost[name].multiply_adds / cost["LeNet"].multiply_adds for name in RECIPES}
    lab.picture(
        Bars("multiply-adds of a picture, divided by LeNet's", work, you=True),
        f"VGG's parameters are {cost['VGG'].parameters / cost['LeNet'].parameters:.1f} times LeNet's, its multiply-adds "
        f"{work['VGG']:.1f} times: a filter works at every place.",
    )
    lab.trace(
        "multiply-adds of a convolution",
        formula="height x width x (window x window x channels in) x channels out",
        code=("ops/conv.py", "return int(y[1]) * int(y[2]) * height * width * int(x[3]) * self.units"),
        number=f"all layers of VGG: {cost['VGG'].multiply_adds:,}, {work['VGG']:.1f} times LeNet's",
        picture="VGG's bar in the second picture",
    )
    lab.predicted(work["VGG"])
    window = lab.option("window")
    one, two = convs((16, 16, 5)), convs((16, 16, window), (16, 16, window))
    cheap, dear = convs((64, 16, 1), (16, 16, 5)), convs((64, 16, 5))
    for name, least in LEAST.items():
        lab.claim(name.lower(), f"{name}: test accuracy", right[name], ">", least, "%")
    best = max(RECIPES, key=lambda name: median(right[name]))
    lab.claim("dense", f"the best of the five ({best}) minus dense layers", less(right[best], right["dense layers"]),
              ">", 1, "points")  # fmt: skip
    lab.claim("windows", "VGG: weights of two small windows for a pair of channels", two[0] / 256, "==", 18)
    lab.claim("see", "and the pixels that the two see, in one direction", two[1], "==", one[1])
    lab.claim("front", "Inception: weights of a 5 x 5 on 64 channels with a 1 x 1 in front, divided by those without",
              cheap[0] / dear[0], "<", 0.3)  # fmt: skip
    lab.shown("lenet-dense", "LeNet minus dense layers", less(right["LeNet"], right["dense layers"]), "points")
    lab.shown("seconds", "seconds of one training, the longest of the five",
              max(median(run.seconds for run in runs[name]) for name in RECIPES), "s")  # fmt: skip


def convs(*layers: tuple[int, int, int]) -> tuple[int, int]:
    """Weights of convolutions, of channels in and out and kernel of each, and how many pixels their last one sees."""
    stack = ", ".join(
        f"conv: {{units: {units}, kernel: {kernel}, padding: same, bias: false}}" for _, units, kernel in layers
    )
    found = summarize(parse(f"{{input: [14, 14, {layers[0][0]}], model: [{stack}]}}"))
    field = found.layers[-1].receptive_field
    assert field is not None
    return found.parameters, field[0]
