"""What is on a feature map, and how does that change with depth?

A filter is laid over every place, and its answers make a map of the picture. Maps of the first layer show where edges are.
A number of a later map depends on a window of the map before, and so on more of the picture, its field:

    field = 1 + sum over layers of (kernel - 1) x (product of strides below)

Later maps depend less on the place and more on the class: they light up for some classes and hardly for others (Zeiler and
Fergus 2014).
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.receptive import receptive_fields
from dllab.lab.receptive_seen import effect, extent
from dllab.lab.selectivity import selectivity
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Grid, Heat, Images

RECIPE = """\
about: Three convolutions with a pool between the second and the third, for digits.
data: {name: mnist10k, flatten: false, size: 14, per_class: 60}
model:
  - conv: {units: 8, padding: same}
  - relu
  - conv: {units: 16, padding: same}
  - relu
  - max_pool: 2
  - conv: {units: 32, padding: same}
  - relu
  - global_avg_pool
  - dense: classes
optimizer: {adam: 0.01}
train: {epochs: 10, batch: 32}
"""
KNOBS = {"pool": "model[4]", "kernel": "model[5].conv.kernel", "epochs": "train.epochs", "lr": "optimizer.lr"}
OPTIONS = {"trained": "yes"}
PREDICT = Prediction(
    "windows of 3 x 3, again 3 x 3, a pool of 2 x 2, again 3 x 3: how many pixels of the picture, in one direction, does a "
    "number behind them depend on?",
    near=0.5, least=1, most=14,
    low="Behind the pool a step is two pixels wide: there a window of 3 adds 4 pixels, not 2.",
    high="Only windows above the pool count double: 1 + 2 + 2 + 1 + 2 x 2.",
    good="1 + 2 + 2, the pool adds 1, and above it a window of 3 adds 2 x 2.",
)  # fmt: skip
LEFT_OUT = """A field says what can matter, not what does: pixels in its middle reach the number in many ways, those at its
edge in few, so most of the effect comes from the middle (Luo and others 2016). And that a map answers to one class alone
does not mean that the net needs it: that shows only when the map is taken out (Morcos and others 2018)."""
NEXT = (("dllab viz-filters digits-cnn", "the filters that make such maps"),)
BREAKS = (("pool=identity", "field"), ("trained=no", "selective"))


def run(lab: Lab) -> None:
    """Maps by depth, the fields of their numbers, and how far they answer to single classes."""
    nets = lab.nets({"": lab.recipe()}, 7, trained=lab.option("trained") == "yes")[""]
    net = nets[0]
    infos = net.network.plan.infos
    convs = [info.path for info in infos if info.kind == "conv"]
    fields = {info.path: field[0] for info, field in zip(infos, receptive_fields(infos)) if field}
    maps = [maps_of(net, path) for path in relus(net)]
    lab.picture(
        Grid([Images(f"layer {place}, brightest 2", each, own=True) for place, each in enumerate(maps, 1)], 24),
        "One digit on the two brightest maps of each layer: the first look like the digit, the last show only about where "
        "something was found.",
    )  # fmt: skip
    effects = effect(net, convs, lab.seed)
    last = effects[convs[-1]]
    middle = lab.each(nets[1:5], lambda one: effect(one, convs[-1:], lab.seed)[convs[-1]])
    area, share = inner(last)[0], [inner(each)[1] for each in (last, *middle)]
    lab.picture(
        Heat("how much each pixel changes the number in the middle of the last map", last),
        f"Pixels of {extent(last)} rows of 14 do; the middle {area:.0%} of the field has {share[0]:.0%} of the effect.",
    )
    per = [[float(selectivity(*seen(one, path)).mean()) for path in relus(one)] for one in nets]
    by_layer = [[one[place] for one in per] for place in range(len(convs))]
    lab.table("", ("layer", "maps", "field computed", "field measured", "class selectivity"),
              [(place + 1, size_of(net, path), fields[path], extent(effects[path]), median(by_layer[place]))
               for place, path in enumerate(convs)],
              "Selectivity: 0 for a map equally bright for all classes, 1 for one bright for one class only.")  # fmt: skip
    lab.trace(
        "the field of the last map",
        formula="field = 1 + sum of (kernel - 1) x (product of the strides below)",
        code=("lab/receptive.py", "count = -(-((count - 1) * stride + (kernel - 1) * dilation + 1) // growth)"),
        number=f"{fields[convs[-1]]} pixels computed, {extent(last)} measured",
        picture="the height of what is not dark in the second picture",
    )
    lab.predicted(extent(last))
    lab.claim("field", "pixels in one direction that a number of the last map depends on", extent(last), "==", 10)
    lab.claim("computed", "greatest difference of a layer's field computed from the one measured",
              max(abs(extent(effects[path]) - fields[path]) for path in convs), "==", 0)  # fmt: skip
    lab.claim("selective", "class selectivity of the last layer's maps divided by that of the first layer's",
              over(by_layer[-1], by_layer[0]), ">", 1.5)  # fmt: skip
    lab.claim("middle", "share of the effect in the middle of the field, divided by its share of the area",
              [one / area for one in share], ">", 1.5)  # fmt: skip


def inner(effects: np.ndarray) -> tuple[float, float]:
    """The middle of a field, without a quarter of its rows and columns at each end: shares of the area, of the effect."""
    rows = np.flatnonzero(effects.any(axis=1))
    quarter = len(rows) // 4
    middle = slice(rows[quarter], rows[-1 - quarter] + 1)
    part = effects[middle, middle]
    return part.size / len(rows) ** 2, float((part**2).sum() / (effects**2).sum())


def relus(net: Subject) -> list[str]:
    """The layers whose outputs are looked at."""
    return [info.path for info in net.network.plan.infos if info.kind == "relu"]


def maps_of(net: Subject, path: str) -> np.ndarray:
    """The two brightest maps (2, H, W) of a layer for the first test picture."""
    maps = net.inference(net.rows("test", 2)).output(path)[0].transpose(2, 0, 1)
    return np.asarray(maps[np.argsort(-maps.sum(axis=(1, 2)), kind="stable")[:2]])


def size_of(net: Subject, path: str) -> str:
    """How many maps a layer has, and their size."""
    shapes = {info.path: info.output_shape for info in net.network.plan.infos}
    _, height, width, count = shapes[path]
    return f"{count} of {height} x {width}"


def seen(net: Subject, path: str) -> tuple[np.ndarray, np.ndarray]:
    """A layer's outputs for test pictures, and the labels of these."""
    rows = net.rows("test", 400)
    return net.inference(rows).output(path), net.data.targets(rows)
