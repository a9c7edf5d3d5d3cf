"""Texts and series that a net cannot read, and nets that cannot go on with a text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from error_cases import Case, changed
from error_cases_runs import trained

GRU = "model=[{embedding: 4}, {gru: 4}, {dense: classes}]"
LAST = "model=[{embedding: 4}, {gru: {units: 4, return: last}}, {dense: classes}]"
BOTH = "model=[{embedding: 4}, {bidirectional: [gru: 4]}, {dense: classes}]"
DECODER = (
    "model=[{embedding: 4}, {gru: {units: 4, name: e}}, {embedding: {units: 4, from: decoder}}, "
    "{gru: {units: 4, start: e}}, {dense: classes}]"
)
PEEKING = (
    "model=[{embedding: 4}, {gru: {units: 4, name: e}}, {embedding: {units: 4, from: decoder}}, "
    "{attention: {heads: 2, memory: e}}, {attention: {heads: 2}}, {dense: classes}]"
)
SERIES = "model=[{gru: {units: 4, return: last}}, {dense: outputs}]"
STEPS = "train.steps=1"
NAMES = ("data=names", GRU, STEPS)
CLASSES = ("data={name: names, task: classify}", LAST, STEPS)
BOOK = ("data={text: my.yaml, length: 8}", GRU, STEPS)
REVERSAL = ("data={name: reversal, max_length: 5, symbols: 4, samples: 60}", DECODER, STEPS)
BOOK = ("data={text: own.py, length: 8}", GRU, STEPS)
COPY = ("data={name: copy_memory, length: 2, remember: 2, symbols: 2, samples: 40}", GRU, STEPS)
AIRLINE = ("data={name: airline, window: 6, horizon: 2}", SERIES, "loss=mse", STEPS)
PARITY = (
    "data={name: running_parity, length: 6, samples: 40}", "model=[{gru: 4}, {dense: classes}]", STEPS
)  # fmt: skip
PAIRS = (
    "data={name: word_pairs, task: glove, file: own.py, test: 0}", "model=[{embedding: 4}, flatten, {dense: 1}]",
    "loss=mse", STEPS,
)  # fmt: skip
DIVERGING = """\
data: names
model: [{embedding: 4}, {gru: 4}, {dense: classes}]
optimizer: {sgd: 1e6}
train: {steps: 200}
"""


def text(line: str, changes: tuple[str, ...], content: str) -> Case:
    """A run with these changes, asked about a file of that content, which is the last word of the line."""
    return trained(line, *changes, act=writes(line.split()[-1], content))


def writes(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


ASKING: list[Case] = [
    text("predict own u.txt", NAMES, "emma\nren\u00e9\n"),
    text("predict own u.txt", NAMES, "emma\n\n" + "a" * 20),
    text("predict own u.txt", NAMES, "\n \n"),
    text("predict own u.txt", COPY, "ab_\n"),
    text("predict own u.csv", NAMES, "a,b\n1,2\n"),
    text("predict own u.csv", NAMES, "text\n\n"),
    text("predict own u.csv", NAMES, "text,target\nemma, anna,1\n"),
    text("predict own d.npz", NAMES, ""),
    trained("predict own none.txt", *NAMES),
    trained("predict own --beam 2 none.txt", *NAMES),
    text("predict own u.txt", (REVERSAL[0], PEEKING, STEPS), "ab\n"),
    text("predict own u.txt", (NAMES[0], BOTH, STEPS), "em\n"),
    text("predict own u.txt", ("data={text: my.yaml, length: 8, task: masked}", BOTH, STEPS), "mo<mask>l\n\nmodel"),
    text("eval own u.txt", CLASSES, "emma\n"),
    text("eval own u.txt", BOOK, "the cat sat on the mat\non a qat\n" * 9), text("eval own u.txt", BOOK, "the cat"),
    text("eval own u.csv", BOOK, "text\nd\n"),
    text("eval own u.csv", CLASSES, "text\nemma\n"),
    text("eval own u.csv", CLASSES, "text,target\nemma,cat\n"),
    text("eval own u.csv", REVERSAL, "text,target\nab,bx\n"),
    text("eval own u.csv", REVERSAL, "text,target\nab,abcdab\n"),
    text("eval own u.csv", COPY, "text,target\nab_?__,ab\n"), text("eval own u.txt", BOOK, "i\nn\n"),
    text("eval own u.csv", PAIRS, "text,target\nkernel forward,much\n"),
    text("eval own u.csv", PARITY, "a,b\n1,2\n"),
    text("predict own u.csv", AIRLINE, "passengers\n1\n2\n"),
    text("eval own u.csv", AIRLINE, "passengers\n1\n2\n"),
    trained("predict own u.csv", "data={series: t.csv, target: a, window: 6, gaps: skip}", SERIES, "loss=mse", STEPS,
            act=writes("u.csv", "a,n\n" + "1,0\n" * 8 + ",0\n2,0\n")),
    trained("generate own", *CLASSES), trained("generate own", *NAMES[:1], BOTH, STEPS),
    trained("generate own --prompt 'an\u00e9'", *NAMES), ("generate one", {}), ("generate lost", {}), ("generate", {}),
    ("generate one train.epochs=1", {}), ("generate names.yaml optimizer.lr=no", {"names.yaml": DIVERGING}),
    ("generate names.yaml --weights best", {"names.yaml": DIVERGING}),
    ("generate names.yaml -q", {"names.yaml": DIVERGING}), ("generate my.yaml -q", {}),
    ("generate last --temperature -1", {}), ("generate last --top-k 0", {}),
    ("generate last --length many", {}), ("init book.txt", {"book.txt": "short"}),
    ("init book.txt", {"book.txt": "a" * 1000}), ("init none.txt", {}),
    changed("data={text: none.txt}"),
]  # fmt: skip
