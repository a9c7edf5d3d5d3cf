"""Why does a CNN need so few weights, and so few examples?

A dense layer has a weight for every pixel and every number it gives. A convolution has a small window, and one set of
weights for all places. From an input of H x W x C numbers to an output of P x Q x O, with windows of k x k:

    parameters:      dense  (H W C + 1) P Q O      convolution  (k k C + 1) O
    multiply-adds:   dense   H W C P Q O           convolution   k k C P Q O

What a filter has learnt in one place it knows in all places, so fewer examples do (LeCun 1989). That holds where
neighbours belong together and a pattern may be anywhere.
"""

from __future__ import annotations

from math import prod
from statistics import median

from dllab.lab.summary import summarize
from dllab.lessons.claim import Prediction, less
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPES = {"pictures": """\
about: A small CNN for digits, with few examples.
data: {name: mnist10k, size: 14, flatten: false, per_class: 100}
model:
  - conv: {units: 16, kernel: 3, padding: same}
  - relu
  - max_pool
  - conv: {units: 32, kernel: 3, padding: same}
  - relu
  - max_pool
  - flatten
  - dense: classes
optimizer: {adam: 0.003}
train: {steps: 500, batch: 20}
""", "curves": """\
about: A small CNN for digits that are drawn as curves of 40 points, of which neighbours belong together.
data: {name: mnist1d, per_class: 300}
model:
  - reshape: [40, 1]
  - conv1d: {units: 16, kernel: 5, stride: 2}
  - relu
  - conv1d: {units: 16, kernel: 5, stride: 2}
  - relu
  - flatten
  - dense: classes
optimizer: {adam: 0.003}
train: {steps: 500, batch: 20}
"""}  # fmt: skip
KNOBS = {"kernel": "model[0].conv.kernel", "filters": "model[0].conv.units", "shuffle": "data.shuffle",
         "steps": "train.steps"}  # fmt: skip
NETS = {"CNN": (), "dense": ("model=[flatten, {dense: 32}, relu, {dense: classes}]",)}
SIZES = (10, 40, 100)
TASKS = {**{f"digits, {size} of each": ("pictures", f"data.per_class={size}") for size in SIZES},
         "curves": ("curves",), "shuffled curves": ("curves", "data.shuffle=true")}  # fmt: skip
PREDICT = Prediction(
    "16 filters of 3 x 3 weights make 16 maps of 14 x 14 numbers from 14 x 14 pixels. How many times as many parameters "
    "(weights and biases) would a dense layer take for as many numbers?", log=True, near=2,
    low="Each of 16 x 14 x 14 = 3,136 numbers would have 196 weights and a bias of its own; the filters have 160 in all.",
    high="Too many: 3,136 numbers with 196 weights and a bias each, against 160 parameters of the filters.",
    good="Right: 3,136 numbers with 196 weights and a bias each, against 160.",
)  # fmt: skip
LEFT_OUT = """Few weights do not mean little work: each is used at every place, and this CNN does many times the
multiply-adds of a dense net with about as many parameters. And it is no better learner as such: where neighbours are no
neighbours, as in curves whose points are shuffled, its lead over the dense net is gone."""
NEXT = (("dllab lesson 36 shuffle=true", "curves whose points are out of order"),
        ("dllab summary lenet", "parameters and work of every layer"))  # fmt: skip
BREAKS = (("kernel=7", "parameters"), ("shuffle=true", "curves"))


def run(lab: Lab) -> None:
    """Weights and work of one layer made in two ways, and accuracy with few examples."""
    cnn, small = (summarize(lab.recipe(*change, name="pictures")) for change in NETS.values())
    conv, numbers = cnn.layers[0], prod(map(int, cnn.layers[0].output_shape))
    dense = summarize(lab.recipe(f"model=[flatten, {{dense: {numbers}}}, {{dense: classes}}]", name="pictures")).layers[1]
    times = {"parameters": dense.parameters / conv.parameters, "multiply-adds": dense.multiply_adds / conv.multiply_adds}
    lab.table(f"{numbers:,} numbers from 14 x 14 pixels, and whole nets", ("", "parameters", "multiply-adds"), [
        ("the convolution", conv.parameters, conv.multiply_adds), ("a dense layer", dense.parameters, dense.multiply_adds),
        ("whole CNN", cnn.parameters, cnn.multiply_adds), ("whole dense net", small.parameters, small.multiply_adds),
    ])  # fmt: skip
    lab.picture(
        Bars("dense layer divided by convolution", times, log=True, you=True),
        "The small window saves both; that all places share its weights saves parameters only.",
    )
    recipes = {f"{net}, {task}": lab.recipe(*change, *more, name=name)
               for net, change in NETS.items() for task, (name, *more) in TASKS.items()}  # fmt: skip
    right = {name: [100 * run.figure("accuracy") for run in each] for name, each in lab.runs(recipes, 5).items()}
    middle = {net: [median(right[f"{net}, {task}"]) for task in TASKS] for net in NETS}
    lead = {task: less(right[f"CNN, {task}"], right[f"dense, {task}"]) for task in TASKS}
    lab.picture(
        Lines("test accuracy by the number of examples of each digit", {net: (SIZES, middle[net][:3]) for net in NETS},
              x="examples", y="%", log_x=True, height=9),
        f"CNN: {middle['CNN'][1]:.1f} % with {SIZES[1]} of each; dense net: {middle['dense'][2]:.1f} % with {SIZES[2]}.",
    )  # fmt: skip
    lab.table("test accuracy in %, medians", ("task", "CNN", "dense"),
              [(task, *(round(middle[net][at], 1) for net in NETS)) for at, task in enumerate(TASKS)])  # fmt: skip
    lab.trace(
        "the parameters of a convolution",
        formula="(k k C + 1) O, whatever H and W",
        code=("ops/conv.py", "(rows.kernel, columns.kernel, inputs, self.units)"),
        number=f"{conv.parameters}, where the dense layer has {dense.parameters:,}",
        picture="the first bar: the second number divided by the first",
    )
    lab.predicted(times["parameters"])
    few, some, many, curves, shuffled = TASKS
    lab.claim("parameters", "parameters of the dense layer divided by the convolution's", times["parameters"], ">", 1000)
    lab.claim(
        "multiply-adds", "multiply-adds of the dense layer divided by the convolution's", times["multiply-adds"], ">", 10
    )
    lab.claim("few", f"{few}: accuracy of the CNN less that of the dense net", lead[few], ">", 2, "points")
    lab.claim("many", f"{many}: accuracy of the CNN less that of the dense net", lead[many], ">", 2.5, "points")
    lab.claim("examples", f"accuracy of the CNN with {SIZES[1]} of each digit less that of the dense net with {SIZES[2]}",
              less(right[f"CNN, {some}"], right[f"dense, {many}"]), ">", -1, "points")  # fmt: skip
    lab.claim("curves", "curves: accuracy of the CNN less that of the dense net", lead[curves], ">", 10, "points")
    lab.claim(
        "shuffled", "curves, points shuffled: accuracy of the CNN less the dense net's", lead[shuffled], "<", 8, "points"
    )
    lab.claim("work", "multiply-adds of the whole CNN divided by the dense net's", cnn.multiply_adds / small.multiply_adds,
              ">", 10)  # fmt: skip
