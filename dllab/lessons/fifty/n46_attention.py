"""What does attention give an encoder and decoder?

Without it all that the decoder gets of the input is one state of fixed size, and it is hard to learn to keep a long input
in it. With it the decoder asks at every step t all states of the encoder, s = 1, 2, ..., and takes most from those that
match best (Bahdanau, Cho and Bengio 2015; scored by products as here: Luong 2015, Vaswani 2017):

    p[t, s] = softmax over s of q[t] . k[s] / sqrt(d)
    y[t]    = sum over s of p[t, s] v[s]

q, of d numbers, is made of the decoder's state, k and v are made of the encoder's states.
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
WITH, WITHOUT, TWICE, BAG = "attention", "no attention", "no attention, twice the units", "attention, no encoder"
WAYS = {
    WITH: (),
    WITHOUT: ("attention=identity",),
    TWICE: ("attention=identity", "model[1].bidirectional.layers[0].gru=24", "model[3].gru.units=48"),
    BAG: ("model[1]={identity: {name: encoder}}", "model[3]={gru: 24}"),
}
PREDICT = Prediction(
    "nets learn to say words backwards. Without attention most words of 2 to 4 letters are said right, and next to none of "
    "11 to 14. Of the words of 11 to 14 letters, how many percent are said right with attention?",
    unit="%", near=10, least=0, most=100,
    low="It has no need to remember the word: at every step it looks for the one letter it needs, and a long word is only "
    "more such steps.",
    high="Not all: a word counts only if each of its letters is right, and now and then one look goes astray.",
    good="It need not remember the word, only find the next letter; now and then a look goes astray.",
)  # fmt: skip
LEFT_OUT = """Attention itself knows nothing of order: without an encoder that has read the letters one after the other it
fails (last row of the table). Transformers have no such encoder: they add the position of a letter to its numbers. Every
step looks at every other, so the work grows with the product of both lengths. And where a net looks need not be why it
answers as it does (Jain and Wallace 2019)."""
NEXT = (("dllab viz-attention reversal train.epochs=2", "looks of a larger net"),
        ("dllab lesson 46 length=20", "longer words"))  # fmt: skip
BREAKS = (("attention=identity", "long"), ("attention=identity", "aligned"))


def run(lab: Lab) -> None:
    """Whole words by their length, with attention and without, and where it looks."""
    nets = lab.nets({name: lab.recipe(*changes) for name, changes in WAYS.items()}, 5)
    own = WITH if "attention" in lab.text() else "your net"
    names = {name: own if name == WITH else name for name in WAYS}
    lengths = right_by_length(nets[WITH][0])[0]
    right = {name: [100 * right_by_length(net)[1] for net in each] for name, each in nets.items()}
    short, long = lengths <= lengths[0] + 2, lengths >= lengths[-1] - 3
    said = {name: [[each[which].mean() for each in right[name]] for which in (short, long, lengths > 0)] for name in WAYS}
    spans = [f"{lengths[which][0]} to {lengths[which][-1]} letters" for which in (short, long)]
    lab.table("test words of which every letter is right, %, median of the nets", ("net", *spans, "all"),
              [(names[name], *map(median, said[name])) for name in WAYS],
              "The decoder reads the right letters so far, as in training.")  # fmt: skip
    lab.picture(
        Lines("words said right against their length, median of the nets",
              {names[name]: (lengths, np.median(right[name], axis=0)) for name in (WITH, WITHOUT)},
              x="letters", y="%", you="y"),
        "To keep a longer word in one state is harder to learn; attention looks each letter up.",
    )  # fmt: skip
    looks = [100 * share for net in nets[WITH] if (share := mirrored(net)) is not None]
    if looks:
        net = nets[WITH][0]
        seen = look(net, "test", int(np.argmax(net.data.dataset.columns["lengths"][net.rows("test")])))
        shares, word = seen.layers[0].heads[0].shares, seen.layers[0].looked_at
        needed = np.diagonal(shares[: len(word), ::-1]).mean()
        lab.picture(
            Heat(f"where a decoder looks that has read {seen.text}: what it says (rows), the word (columns)",
                 shares.round(3), seen.layers[0].asks, word),
            f"The diagonal from the right: the letter that is said next has {100 * needed:.0f} % of the looks. If all "
            f"letters had the same share, it would be {100 / len(word):.0f} %.",
        )  # fmt: skip
        lab.trace(
            "the share of the letter that is needed",
            formula="p[t, s] = exp(q[t] . k[s] / sqrt(d)) / sum over all s",
            code=("ops/shares.py", "row[s] *= share"),
            number=f"p = {needed:.2f} on average over the letters of {seen.text}",
            picture="the diagonal of the second picture",
        )
    lab.predicted(median(said[WITH][1]))
    lab.claim("long", f"{own}: words of {spans[1]} that are right", said[WITH][1], ">", 60, "%")
    lab.claim("plain", f"{WITHOUT}: words of {spans[1]}", said[WITHOUT][1], "<", 3, "%")
    lab.claim("short", f"{WITHOUT}: words of {spans[0]}", said[WITHOUT][0], ">", 75, "%")
    lab.claim("twice", f"{TWICE}: words of {spans[1]}", said[TWICE][1], "<", 5, "%")
    lab.claim("order", f"{BAG}: words of {spans[0]}", said[BAG][0], "<", 5, "%")
    lab.claim("aligned", f"{own}: share of the looks at the letter that is needed, over all test words",
              looks or [0.0], ">", 50, "%")  # fmt: skip
