"""Why is a very deep net worse than a shallow one, and what do ways past do?

More layers can compute all that fewer can: the others only have to hand on what they are given. Yet plain nets get worse
with depth on the very rows they train on (He and others 2016), so it is not overfitting: they are hard to train. A
residual block learns what to add to its input, and to hand it on it needs only f = 0:

    y = x + f(x),    dx = dy + (what comes back through f)

So the gradient reaches the first layer past any number of blocks. Here the last layer of each f starts at 0 (Goyal and
others 2017).
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.gradients import first_over_last
from dllab.lab.subject import Subject
from dllab.lessons.claim import Prediction, less, over
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Lines

RECIPE = """\
about: Eight layers, with a way past every two; made deeper it stays as good.
data: digits
model:
  - dense: 32
  - repeat:
      times: 3
      layers:
        - residual:
            - batch_norm
            - relu
            - dense: {units: 32, bias: false}
            - batch_norm
            - relu
            - dense: {units: 32, init: zeros}
  - batch_norm
  - relu
  - dense: classes
optimizer: {adam: 0.003}
schedule: cosine
train: {epochs: 5, batch: 32}
"""
KNOBS = {"block": "model[1].repeat.layers", "lr": "optimizer.lr", "epochs": "train.epochs", "batch": "train.batch"}
SAME = "[batch_norm, relu, {dense: {units: 32, bias: false}}, batch_norm, relu, {dense: 32}]"
WAYS = {"residual": (), "not from 0": (f"block=[{{residual: {SAME}}}]",), "plain": (f"block={SAME}",)}
TIMES = (3, 9, 21)
PREDICT = Prediction(
    "a net that guesses has a training loss of 2.30 here; 8 plain layers get to about 0.5. What loss have 44 plain layers, "
    "after the same number of steps?",
    near=0.4, least=0, most=10,
    low="More layers can compute more, but here the question is what training finds; and it hardly finds anything.",
    high="Hardly anything is worse than guessing, which has 2.30.",
    good="No better than guessing; and this on the rows it trains on, so nothing is overfitted.",
)  # fmt: skip
LEFT_OUT = """A way past is not enough: where f does not begin at 0, each block adds numbers of one size (f ends behind a
batch norm), and the loss grows with depth again, though less than in plain nets: hence the zeros. And the gradient of the
plain net does not vanish, it grows on its way to the first layer, as in plain nets with batch norm (Yang and others 2019).
Its size alone does no harm, for Adam divides it out; but so steep a loss is rough, and a gradient says little about places
a step away."""
NEXT = (("dllab train resnet-deep model.repeat.times=27", "56 layers of convolutions: 6 seconds"),)
BREAKS = (("'block=[relu, {dense: 32}]'", "residual"), ("'block=[relu, {dense: 32}]'", "identity"))


def run(lab: Lab) -> None:
    """Training loss and the first layer's gradient by depth, with and without a way past."""
    recipes = {f"{name} {times}": lab.recipe(*changes, f"model[1].repeat.times={times}")
               for name, changes in WAYS.items() for times in TIMES}  # fmt: skip
    loss = {name: [run.figure("loss", "train") for run in runs] for name, runs in lab.runs(recipes, 5).items()}
    nets = lab.nets(recipes, 5, trained=False)
    share = {name: [first_over_last(net) for net in each] for name, each in nets.items()}
    deep, depths = f"{TIMES[-1]}", [2 * times + 2 for times in TIMES]
    lines = [{way: (depths, [median(found[f"{way} {times}"]) for times in TIMES]) for way in WAYS}
             for found in (loss, share)]  # fmt: skip
    lab.picture(
        Lines("loss on the training rows after 5 epochs", lines[0], x="layers", y="loss", you="y", you_at=depths[-1]),
        "Guessing has 2.30. Residual: blocks whose f begins at 0; depth costs them nothing. Where f does not begin at 0, "
        "the loss grows with depth again, as that of plain layers does.",
    )
    lab.picture(
        Lines("size of the first layer's gradient divided by the last one's, before training", lines[1], x="layers",
              y="|dW_1| / |dW_L|", log=True),
        "Past blocks that begin at 0 it arrives about as large as it left; through plain layers it grows "
        f"{growth(share['plain ' + deep], depths[-1]):.2f} times a layer.",
    )  # fmt: skip
    lab.trace(
        "the first layer's share of the last one's gradient",
        formula="dx = dy + (what comes back through f)",
        code=("ops/join.py", "y[i] = x[i] + f[i]"),
        number=f"{depths[-1]} layers: {median(share['residual ' + deep]):.2f}; plain {median(share['plain ' + deep]):,.0f}",
        picture="the right ends of the two curves",
    )
    rows = [(depth, way, *(found[way][1][row] for found in lines)) for row, depth in enumerate(depths) for way in WAYS]
    lab.table("medians of 5 nets", ("layers", "net", "training loss", "|dW_1| / |dW_L|"), rows)
    lab.predicted(median(loss["plain " + deep]))
    lab.claim("plain", f"plain: training loss of {depths[-1]} layers minus {depths[0]}", more(loss, "plain"), ">", 1.5)
    lab.claim("residual", "residual: the same difference", more(loss, "residual"), "<", 0)
    lab.claim("plain-gradient", f"plain, {depths[-1]} layers: |dW_1| / |dW_L|", share["plain " + deep], ">", 3000)
    lab.claim("residual-gradient", f"residual, {depths[-1]} layers: |dW_1| / |dW_L|, or its inverse where that is above 1",
              [max(one, 1 / one) for one in share["residual " + deep]], "<", 2)  # fmt: skip
    lab.claim("identity", "at the start, greatest difference of what all blocks hand on from what goes into them",
              handed_on(nets["residual " + deep][0]), "==", 0)  # fmt: skip
    lab.claim(
        "zeros", f"not from 0: training loss of {depths[-1]} layers minus {depths[0]}", more(loss, "not from 0"), ">", 0.1
    )
    lab.claim("still", f"{depths[-1]} layers: loss of plain divided by loss of not from 0",
              over(loss["plain " + deep], loss["not from 0 " + deep]), ">", 2)  # fmt: skip


def growth(share: list[float], layers: int) -> float:
    """How many times as large the gradient becomes with each layer."""
    return float(median(share) ** (1 / (layers - 1)))


def more(loss: dict[str, list[float]], way: str) -> list[float]:
    """How much greater the loss of the deepest nets is than that of the shallowest, seed by seed."""
    return less(loss[f"{way} {TIMES[-1]}"], loss[f"{way} {TIMES[0]}"])


def handed_on(net: Subject) -> float:
    """The greatest difference between what goes into the blocks and what comes out of them."""
    inside = net.backward(net.rows("train", 64))
    first, blocks = inside.infos[0].path, next(info.path for info in inside.infos if info.kind == "repeat")
    return float(np.abs(inside.output(blocks) - inside.output(first)).max())
