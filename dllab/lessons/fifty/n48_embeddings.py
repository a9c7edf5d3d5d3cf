"""How can a list of a few numbers stand for a word?

A word is an id, as a row with a single 1 (one-hot): all words are then equally far from each other. An embedding is a table
with a short vector for every id, and its numbers are learnt like any weights. Skip-gram (Mikolov and others 2013) tells a
word's neighbours in the text from drawn words, GloVe (Pennington and others 2014) fits how often two words meet:

    skip-gram: largest log s(u v) + sum of log s(-u drawn)
    GloVe:     smallest (u v + a + b - log count)^2

So words in the same company get vectors of one direction. Numbers that a net learns to add modulo 59 end up on circles.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab import neighbours
from dllab.lab.embeddings import on_circle, vectors_of
from dllab.lab.subject import Subject
from dllab.lab.word_vectors import unit
from dllab.lessons.claim import Prediction
from dllab.lessons.lab import Lab
from dllab.lessons.pictures import Bars, Heat, Lines

RECIPES = {
    "skip-gram": """\
about: Vectors of the thousand most frequent words of the King James Bible, by skip-gram.
data: {name: word_pairs, task: skip_gram, window: 3, words: 1000, subsample: 0.0003, test: 0}
model: [skip_gram: {units: 20, negatives: 5}]
loss: negative_sampling
optimizer: {adam: 0.02}
schedule: cosine
train: {epochs: 1, batch: 1024}
""",
    "GloVe": """\
about: The same by GloVe, from how often two words meet.
data: {name: word_pairs, task: glove, window: 5, words: 1000, test: 0}
model: [glove: {units: 20}]
loss: {glove: 10}
optimizer: {adam: 0.02}
schedule: cosine
train: {epochs: 5, batch: 1024}
""",
    "sums": """\
about: Sums modulo 59; with weight decay the vectors of the numbers end up on circles.
data: {name: modular_addition, p: 59, equals: false, test: 0.2}
model: [embedding: 32, flatten, dense: 128, relu, dense: classes]
optimizer: {adamw: {lr: 0.01, weight_decay: 1.0}}
train: {epochs: 100, batch: 128}
""",
}
KNOBS = {"lr": "optimizer.lr", "decay": "optimizer.weight_decay", "window": "data.window", "epochs": "train.epochs"}
SHOWN = ("king", "david", "bread", "water", "heaven", "earth", "day", "night")
OPPOSITES = (("good", "evil"), ("day", "night"), ("heaven", "earth"), ("life", "death"), ("man", "woman"),
             ("great", "small"), ("light", "darkness"), ("right", "left"), ("come", "go"))  # fmt: skip
PREDICT = Prediction(
    "one net has read the Bible once, another 6 billion words of other texts. How many of a word's ten nearest do both "
    "name, in percent? By chance it is 1.3.",
    unit="%", near=5, least=0, most=100,
    low="It is far above chance: what company a word keeps does not depend on the book alone.",
    high="Some of it is the same in every text; but in the Bible and in the news words keep other company.",
    good="About nine times chance, and yet little: words keep other company in other texts.",
)  # fmt: skip
LEFT_OUT = """Near means in the same company, not of the same meaning: opposites, such as day and night, are close.
And what a vector holds depends on the task alone: the numbers 0 to 58 as words of a text would be mere words;
that sums modulo 59 are turns on a circle, a net finds because it must add."""
NEXT = (("dllab neighbours glove10k king 'king - man + woman'", "vectors from 6 billion words"),)
BREAKS = (("lr=0.0000001", "skip-gram"), ("decay=0", "circle"))


def run(lab: Lab) -> None:
    """Vectors of words against those of another text; numbers on circles."""
    ways = ("skip-gram", "GloVe")
    nets = lab.nets({name: lab.recipe(name=name) for name in ways}, 3)
    nets |= lab.nets({"sums": lab.recipe(name="sums")}, 5)
    drawn = lab.nets({"sums": lab.recipe(name="sums"), "words": lab.recipe(name="skip-gram")}, 1, trained=False)
    sample, table = neighbours.sample(), vectors_of(nets["skip-gram"][0]).table
    found = {name: [neighbours.against(vectors_of(net).table, sample) for net in nets[name]] for name in ways}
    shares = {name: median(one.share for one in each) for name, each in found.items()}
    chance, before = found["GloVe"][0].chance, neighbours.against(vectors_of(drawn["words"][0]).table, sample).share
    percent = {"chance": 100 * chance, "as drawn": 100 * before, **{name: 100 * one for name, one in shares.items()}}
    lab.picture(Bars("of the ten nearest words, how many are those of glove10k too", percent, "%", you=True),
                "What company words keep is in part the same in a text of quite another kind.")  # fmt: skip
    rows = [table.words.index(word) for word in SHOWN]
    cosines = unit(table.vectors[rows]) @ unit(table.vectors[rows]).T
    lab.picture(
        Heat("cosines between vectors of words (skip-gram)", cosines.round(2), SHOWN, SHOWN, signed=True, numbers=True),
        "Between any two of them a one-hot code would have 0.",
    )
    lab.trace(
        "how near two words are",
        formula="cos(u, v) = u v / (|u| |v|)",
        code=("lab/word_vectors.py", "cosines = units @ unit(to[None])[0]"),
        number=f"cos({SHOWN[-2]}, {SHOWN[-1]}) = {cosines[-2, -1]:.2f}",
        picture="the last row, the last number but one",
    )
    lab.table("nearest words (skip-gram)", ("word", "nearest"),
              [(str(one.question), ", ".join(word for word, _ in one.nearest))
               for one in neighbours.answers(table, neighbours.questions(SHOWN[::2], table.words), 6)])  # fmt: skip
    power = [strongest(net) for net in nets["sums"]]
    numbers = vectors_of(nets["sums"][0]).table
    frequencies = neighbours.circles(numbers)
    assert frequencies is not None
    place = on_circle(numbers.vectors.astype(np.float64), int(frequencies.argmax()) + 1)
    lab.picture(
        Lines("the numbers 0 to 58 in the plane of their strongest frequency", {"numbers": (place[:, 0], place[:, 1])},
              x="cosine", y="sine", points=("numbers",), height=14),
        f"They lie on a circle: {len(frequencies)} frequencies are possible, five hold {median(power):.0%} of the power.",
    )  # fmt: skip
    right = [net.ended.figures["test"]["accuracy"] for net in nets["sums"] if net.ended]
    lab.predicted(100 * shares["skip-gram"])
    for name, each in found.items():
        lab.claim(name.lower(), f"{name}: agreement with glove10k, in multiples of chance",
                  [one.share / one.chance for one in each], ">", 6)  # fmt: skip
    lab.shown("drawn", "vectors as drawn: the same", before / chance)
    lab.claim("short", "a one-hot row has so many times the numbers of a vector",
              len(table.words) / table.vectors.shape[1], ">=", 50)  # fmt: skip
    lab.claim("opposites", "place of a word's opposite among its nearest, of 999",
              [opposite(net) for net in nets["skip-gram"]], "<", 100)  # fmt: skip
    lab.claim("sums", "sums that the net has not seen, accuracy", right, ">", 0.9)
    lab.claim("circle", "share of the power in the five strongest frequencies", power, ">", 0.85)
    lab.shown("circle-drawn", "the same of vectors as drawn", strongest(drawn["sums"][0]))


def strongest(net: Subject) -> float:
    """What the five strongest frequencies have together of the power in the vectors of numbers."""
    shares = neighbours.circles(vectors_of(net).table)
    assert shares is not None
    return float(np.sort(shares)[-5:].sum())


def opposite(net: Subject) -> float:
    """The median place of a word's opposite among the words nearest to it."""
    table = vectors_of(net).table
    units, at = unit(table.vectors), {word: row for row, word in enumerate(table.words)}
    pairs = [(at[one], at[other]) for one, other in OPPOSITES if one in at and other in at]
    return median(int((units @ units[one] > units[other] @ units[one]).sum()) for one, other in pairs)
