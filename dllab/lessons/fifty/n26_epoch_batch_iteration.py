"""What are an epoch, a batch and an iteration?

A batch is the B examples whose mean gradient makes one update of the weights; such an update is an iteration, or step. An
epoch is one pass over all N training examples, each taken once. So

    iterations = epochs x ceil(N / B)

for what is left at the end of an epoch makes one more batch, a shorter one. Counts of epochs compare how often the data
were seen; counts of iterations, how often the weights were moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np

from dllab.lab.batches import Batch, batches
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Lines

RECIPE = """\
about: 200 training examples in batches of 32, of which an epoch takes seven.
data: {name: blobs, classes: 3, samples: 250, test: 0.2}
model: [{dense: classes}]
optimizer: {sgd: 0.1}
train: {epochs: 5, batch: 32, evaluate_every: 1}
"""
KNOBS = {"batch": "train.batch", "epochs": "train.epochs", "samples": "data.samples", "shuffle": "train.shuffle"}
OPTIONS = {"rounding": "up"}
SIZES = ("1", "7", "32", "50", "full")
ROWS = (125, 250, 404)
PREDICT = Prediction(
    "200 training examples, batches of 32, 5 epochs: how many updates of the weights?",
    unit="updates", near=0.5, least=0, most=1e9,
    low="5 x 200 / 32 is 31.25, but an epoch does not share a batch with the next: it ends in a short one, each time.",
    high="An update takes a whole batch, not one example; and an epoch is all the batches, not one.",
    good="Right: the short batch at the end of each epoch is an update like the others.",
)  # fmt: skip
LEFT_OUT = """The gradient is a mean over the batch, so an example in a batch of 8 pulls four times as hard as one of 32.
A new order in every epoch is what makes that fair. And the word "iteration" is used loosely: some mean an epoch by it;
where gradients are summed over several batches, an update takes more than one."""
NEXT = (
    ("dllab lesson 26 batch=full", "one update an epoch"),
    ("dllab lesson 26 shuffle=false", "whom does the short batch favour?"),
)
BREAKS = (("rounding=down", "count"), ("batch=50", "short"), ("shuffle=false", "turns"))


def run(lab: Lab) -> None:
    """Count updates of trainings with several N and B; look at the batches of one, row by row."""
    rounded = {"up": ceil, "down": floor}.get(lab.option("rounding"), ceil)
    grid = {(rows, size): lab.recipe(f"samples={rows}", f"batch={size}") for rows in ROWS for size in SIZES}
    found = {key: runs[0] for key, runs in lab.runs({str(key): grid[key] for key in grid}, 1).items()}
    [taken] = lab.each([lab.recipe()], lambda recipe: batches(recipe, seed=lab.seed))
    rows, off, table = {}, [], []
    for (samples, size), recipe in grid.items():
        run, n = found[str((samples, size))], round(samples * 0.8)
        b = n if size == "full" else int(size)
        said, epochs = rounded(n / b), recipe.train.epochs or 1
        off += [abs(run.steps - epochs * said), *(abs(end.step - end.epoch * said) for end in run.curve)]
        rows[samples, size] = [end.step for end in run.curve]
        if samples == 250:
            table.append((size, f"{n} / {b}", said, epochs * said, run.steps))
    lab.table(
        "updates with 200 examples: by the formula, and counted",
        ("batch", "N / B", "an epoch", "all epochs", "counted"),
        table,
    )
    curves = {f"batch {size}": (range(len(rows[250, size]) + 1), [0, *rows[250, size]]) for size in ("7", "32", "full")}
    lab.picture(
        Lines("updates of the weights so far", curves, x="epoch", y="updates", you="y"),
        "Straight lines: every epoch takes as many updates as the one before, and the smaller the batch, the more.",
    )
    first = [len(batch.rows) for batch in taken if batch.epoch == 1]
    per_epoch = len(first)
    shown = {f"update {place}": float(size) for place, size in list(enumerate(first, 1))[-10:]}
    which = f"the last {len(shown)} of {per_epoch} batches" if per_epoch > len(shown) else "each batch"
    lab.picture(Bars(f"examples in {which} of the first epoch", shown), "What is left at its end is a batch, too.")
    lab.trace(
        "updates in an epoch",
        formula="ceil(N / B) = (N + B - 1) // B, in whole numbers",
        code=("core/loop.py", "per_epoch = (rows + batch - 1) // batch"),
        number=f"{per_epoch} updates, the last of {first[-1]} examples",
        picture=f"the number of the last bar, update {per_epoch}",
    )
    lab.predicted(len(taken))
    lab.claim("count", f"formula against count in {len(grid)} trainings: greatest difference", max(off), "==", 0, "updates")
    lab.claim("once", "examples that an epoch takes twice, or not at all", unfair(taken), "==", 0, "examples")
    lab.claim("short", "examples in the last batch of an epoch divided by those in the first", first[-1] / first[0], "<", 1)
    short = [set(batch.rows.tolist()) for batch in taken if batch.step % per_epoch == 0]
    turns = f"different examples in the {len(short)} last batches, of {first[-1]} examples each"
    lab.claim("turns", turns, len(set.union(*short)), ">", 2 * first[-1], "examples")


def unfair(taken: Sequence[Batch]) -> int:
    """Examples that some epoch does not take exactly once."""
    everybody = np.unique(np.concatenate([batch.rows for batch in taken]))
    epochs = [np.concatenate([batch.rows for batch in taken if batch.epoch == epoch]) for epoch in {b.epoch for b in taken}]
    return sum(int((np.array([np.sum(epoch == row) for row in everybody]) != 1).sum()) for epoch in epochs)
