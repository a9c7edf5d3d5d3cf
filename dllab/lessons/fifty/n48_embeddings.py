"""How can a list of a few numbers stand for a word?

A row with a single 1 (one-hot) makes all words equally far apart. An embedding is a table with a short vector v for every
word, learnt like any weights. Skip-gram (Mikolov 2013) tells a word's neighbours in the text from words picked at random,
GloVe (Pennington 2014) fits how often two words meet:

    skip-gram: log s(u v) + sum of log s(-u picked) as large as can be
    GloVe:     f(count) (u v + a + b - log count)^2 as small as can be

u: the neighbour's other vector; s: sigmoid; a, b: a number a word; f: less for rare pairs. Words in the same company get
similar vectors. Numbers that a net adds modulo 59, with weight decay, come to lie on circles.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from dllab.lab import neighbours
from dllab.lab.embeddings import counted, on_circle, vectors_of
from dllab.lab.subject import Subject
from dllab.lab.word_vectors import top_share, unit
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
NETS = {"skip-gram": 3, "GloVe": 3, "sums": 5}
STRONGEST = 5
SHOWN = ("king", "david", "bread", "water", "heaven", "earth", "day", "night")
OPPOSITES = (("good", "evil"), ("day", "night"), ("heaven", "earth"), ("life", "death"), ("man", "woman"),
             ("great", "small"), ("light", "darkness"), ("right", "left"), ("come", "go"))  # fmt: skip
PREDICT = Prediction(
    "one net has read the Bible once, another 6 billion words of other texts. Of the ten words nearest to a word in the "
    "one, how many percent are among the ten nearest in the other, too? By chance it would be 1.3.",
    unit="%", near=5, least=0, most=100,
    low="It is far above chance: what company a word keeps does not depend on the book alone.",
    high="Some of it is the same in every text; but in the Bible and in the news words keep other company.",
    good="It is many times chance, and yet little: words keep other company in other texts.",
)  # fmt: skip
LEFT_OUT = """Near means in the same company, not of the same meaning: opposites, such as day and night, are close. Nor is
learning needed for it: plain counts of how often a word meets each other word agree with the net of 6 billion words, too
(last bar); what vectors save is room. And what a vector holds depends on the task: the net that adds modulo 59 finds turns
on a circle because sums are turns (less clearly without weight decay)."""
NEXT = (("dllab neighbours glove10k king 'king - man + woman'", "vectors from 6 billion words"),
        ("dllab lesson 48 decay=0", "circles without weight decay?"))  # fmt: skip
BREAKS = (("lr=0.0000001", "skip-gram"), ("decay=0", "circle"))


def run(lab: Lab) -> None:
    """Vectors of words against those of another text; numbers on circles."""
    ways = ("skip-gram", "GloVe")
    nets = lab.nets({name: lab.recipe(name=name) for name in NETS}, NETS)
    drawn = lab.nets({"sums": lab.recipe(name="sums"), "words": lab.recipe(name="skip-gram")}, 1, trained=False)
    sample, table = neighbours.sample(), vectors_of(nets["skip-gram"][0]).table
    found = {name: [neighbours.against(vectors_of(net).table, sample) for net in nets[name]] for name in ways}
    counts, untrained = counted(nets["GloVe"][0]), vectors_of(drawn["words"][0]).table
    whole, before = (neighbours.against(one, sample).share for one in (counts, untrained))
    chance, length = found["GloVe"][0].chance, table.vectors.shape[1]
    share = {name: median(one.share for one in each) for name, each in found.items()}
    bars = {"chance": chance, "untrained": before, **share, "counts": whole}
    lab.picture(
        Bars("of the ten nearest words, how many are those of glove10k too",
             {name: 100 * each for name, each in bars.items()}, "%", you=True),
        f"Vectors have {length} numbers a word. Counts have {len(counts.words):,}: log(1 + how often it meets each word).",
    )  # fmt: skip
    rows = [table.words.index(word) for word in SHOWN]
    cosines = unit(table.vectors[rows]) @ unit(table.vectors[rows]).T
    lab.picture(
        Heat("cosines between vectors of words (skip-gram)", cosines.round(2), SHOWN, SHOWN, signed=True, numbers=True),
        "Between any two different words a one-hot row would have 0.",
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
    power = [100 * top_share(frequencies(net), STRONGEST) for net in nets["sums"]]
    shares = frequencies(nets["sums"][0])
    place = on_circle(vectors_of(nets["sums"][0]).table.vectors.astype(np.float64), int(shares.argmax()) + 1)
    lab.picture(
        Lines("the numbers 0 to 58 in the plane of their strongest frequency", {"numbers": (place[:, 0], place[:, 1])},
              x="cosine", y="sine", points=("numbers",), height=14),
        f"Frequency k: the vector turns k times while the number runs through all. Where few of the {len(shares)} hold "
        f"most of the power (the sum of squares), numbers lie on circles; here {STRONGEST} hold {power[0]:.0f} %.",
    )  # fmt: skip
    right = [100 * net.figure("accuracy") for net in nets["sums"]]
    opposites = [[vectors_of(net).table.rank(*pair) for pair in OPPOSITES] for net in nets["skip-gram"]]
    lab.predicted(100 * share["skip-gram"])
    for name, each in found.items():
        lab.claim(name.lower(), f"{name}: agreement with glove10k, as multiples of chance",
                  [one.share / chance for one in each], ">", 6)  # fmt: skip
    lab.claim("short", f"GloVe, {len(counts.words) / length:.0f} times shorter than a one-hot row: agreement, divided "
              "by that of counts", [one.share / whole for one in found["GloVe"]], ">", 0.6)  # fmt: skip
    lab.claim("opposites", f"place of a word's opposite among its nearest, of {len(table.words) - 1:,}; median of 9 pairs",
              [median(each) for each in opposites], "<", 100)  # fmt: skip
    lab.claim("sums", "sums that the net has not seen: accuracy", right, ">", 90, "%")
    lab.claim("circle", f"power in the {STRONGEST} strongest of {len(shares)} frequencies", power, ">", 85, "%")
    lab.shown("circle-drawn", "the same before training", 100 * top_share(frequencies(drawn["sums"][0]), STRONGEST), "%")


def frequencies(net: Subject) -> np.ndarray:
    """The shares of frequencies in the vectors of numbers."""
    found = neighbours.circles(vectors_of(net).table)
    assert found is not None
    return found
