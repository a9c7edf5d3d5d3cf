"""What does attention give an encoder and decoder?

Without it the decoder has of the whole input one state of fixed size, and long inputs do not fit. With it, at every step t
it asks all states m[s] of the encoder, and takes most from those that answer (Bahdanau, Cho and Bengio 2015):

    p[t, s] = softmax over s of q[t] . k[s] / sqrt(d)
    y[t]    = sum over s of p[t, s] v[s]

q comes from the decoder's state, k and v from the encoder's.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab.attention import look
from dllab.lab.said import mirrored, right_by_length
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Heat, Lines

RECIPE = """\
about: Words of up to 14 letters said backwards. The decoder looks at the letter that it needs next.
data: {name: reversal, min_length: 2, max_length: 14, samples: 2500, test: 0.2}
model:
  - embedding: 12
  - bidirectional: {layers: [gru: 12], name: encoder}
  - embedding: {units: 12, from: decoder}
  - gru: {units: 24, start: encoder}
  - branches: [[identity], [attention: {memory: encoder}]]
  - dense: classes
optimizer: {adam: 0.02}
schedule: cosine
train: {epochs: 6, batch: 16, clip_norm: 1.0}
"""
KNOBS = {"attention": "model[4]", "length": "data.reversal.max_length", "epochs": "train.epochs", "lr": "optimizer.lr"}
WITH, WITHOUT, TWICE, BAG = "attention", "no attention", "no attention, twice the units", "attention to bare letters"
WAYS = {
    WITH: (),
    WITHOUT: ("attention=identity",),
    TWICE: ("attention=identity", "model[1].bidirectional.layers[0].gru=24", "model[3].gru.units=48"),
    BAG: ("model[1]={identity: {name: encoder}}", "model[3]={gru: 24}"),
}
PREDICT = Prediction(
    "without attention nearly all words of 2 to 4 letters are said right, and next to none of 11 to 14. Of these long "
    "ones, how many with attention?",
    unit="%", near=10, least=0, most=100,
    low="It has no need to remember the word: at every step it looks for the one letter it needs, and a long word is only "
    "more such steps.",
    high="Not all: a word counts only if each of its letters is right, and now and then one look goes astray.",
    good="It need not remember the word, only find the next letter; now and then a look goes astray.",
)  # fmt: skip
LEFT_OUT = """Attention itself knows no order: asked over bare letters, without an encoder that has read them in a row, it
fails (last row of the table); Transformers add positions for that. Every step looks at every other, so the work grows with
the product of both lengths. And where a head looks need not be why the net answers as it does (Jain and Wallace 2019)."""
NEXT = (
    ("dllab viz-attention reversal train.epochs=2", "looks of a larger net"),
    ("dllab lesson 46 length=20", "longer words"),
)
BREAKS = (("attention=identity", "long"), ("attention=identity", "aligned"))


def run(lab: Lab) -> None:
    """Whole words by their length, with attention and without, and where it looks."""
    nets = lab.nets({name: lab.recipe(*changes) for name, changes in WAYS.items()}, 5)
    lengths = right_by_length(nets[WITH][0])[0]
    right = {name: [right_by_length(net)[1] for net in each] for name, each in nets.items()}
    short, long = lengths <= lengths[0] + 2, lengths >= lengths[-1] - 3
    said = {name: [[each[which].mean() for each in right[name]] for which in (short, long, lengths > 0)] for name in WAYS}
    spans = [f"{lengths[which][0]} to {lengths[which][-1]} letters" for which in (short, long)]
    lab.table("test words of which every letter is right, %, median of 5 nets", ("net", *spans, "all"),
              [(name, *(100 * median(each) for each in said[name])) for name in WAYS])  # fmt: skip
    lab.picture(
        Lines("words said right against their length, median of 5 nets", {
            name: (lengths, 100 * np.median(right[name], axis=0)) for name in (WITH, WITHOUT)},
              x="letters", y="%", you="y"),
        "What has to fit into one state is lost as it gets longer; what can be looked up is not.",
    )  # fmt: skip
    looks = [share for net in nets[WITH] if (share := mirrored(net)) is not None]
    if looks:
        net = nets[WITH][0]
        longest = int(np.argmax(net.data.dataset.columns["lengths"][net.rows("test")]))
        seen = look(net, "test", longest)
        lab.picture(
            Heat(f"where a decoder looks that has read {seen.text}: what it says (rows), the word (columns)",
                 seen.layers[0].heads[0].shares, seen.layers[0].asks, seen.layers[0].looked_at),
            f"The diagonal from the right: of its looks {median(looks):.0%} are at the letter that it says next "
            f"({1 / np.mean(lengths):.0%} if it looked everywhere alike).",
        )  # fmt: skip
        lab.trace(
            "the share of the letter that is needed",
            formula="p[t, s] = exp(q[t] . k[s] / sqrt(d)) / sum over all s",
            code=("ops/shares.py", "row[s] *= share"),
            number=f"p = {median(looks):.2f} on the mean over all letters of the test words",
            picture="the bright cells of the second picture",
        )
    lab.predicted(100 * median(said[WITH][1]))
    lab.claim("long", f"attention: share of words of {spans[1]} that are right", said[WITH][1], ">", 0.6)
    lab.claim("plain", "no attention: the same", said[WITHOUT][1], "<", 0.03)
    lab.claim("short", f"no attention: of {spans[0]}", said[WITHOUT][0], ">", 0.75)
    lab.claim("twice", "no attention, a state twice as large: of the long ones", said[TWICE][1], "<", 0.05)
    lab.claim("order", "attention to bare letters: of the short ones", said[BAG][0], "<", 0.05)
    lab.claim("aligned", "the letter that is needed has of all looks", looks or [0.0], ">", 0.5)
