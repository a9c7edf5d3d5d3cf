"""Labels at every step, states that are carried on, batches by length: where they do not fit."""

from __future__ import annotations

from error_cases import Case, recipe

NAMES = "data: {name: names, which: male}\nmodel: [{embedding: 4}, {gru: LAST}, {dense: classes}]\n"
TRAIN = "train r.yaml --no-save -q"


def names(more: str, units: str = "4") -> Case:
    """A net on names with further keys."""
    return recipe(NAMES.replace("LAST", units) + more, TRAIN)


STEPS: list[Case] = [
    names("loss: mse\n"),
    names("loss: cross_entropy\n", "{units: 4, return: last}"),
    names("train: {carry_state: true}\n"),
    names("train: {carry_state: true, shuffle: false, batch: full}\n"),
    recipe("data: {name: text, file: own.py, length: 8}\nmodel: [{embedding: 4}, {gru: 4}, {dense: classes}]\n"
           "train: {carry_state: true, shuffle: false, batch: 25}\n", TRAIN),
    ("summary r.yaml 'model.gru={rnn: {units: 32}}'", {"r.yaml": NAMES.replace("LAST", "4")}),
    names("train: {bucket_lengths: true, shuffle: false}\n"), names("train: {bucket_lengths: true, batch: 5000}\n"),
    recipe("data: adding\nmodel: [{gru: {units: 4, return: last}}, {dense: 1}]\ntrain: {bucket_lengths: true}\n", TRAIN),
    recipe("data: adding\nmodel: [skip_gram: 4]\nloss: negative_sampling\n", TRAIN),
    recipe("data: adding\nmodel: [{gru: 4}, {dense: {units: 3, name: a}}, {dense: {units: 3, from: decoder}}]\n", TRAIN),
    recipe("data: {name: names, standardise: true}\nmodel: [{embedding: 4}, {dense: classes}]\n", TRAIN),
    recipe("data: {name: names, reconstruct: true}\nmodel: [{embedding: 4}, {dense: classes}]\n", TRAIN),
    recipe("data: {name: names, per_class: 3}\nmodel: [{embedding: 4}, {dense: classes}]\n", TRAIN),
    recipe("data: adding\nmodel: [gru: 8, dense: outputs]\n"),
    recipe("data: reversal\nmodel: [embedding: 16, gru: 32, dense: classes]\n"),
    recipe("data: adding\nmodel: [{embedding: 4}, {dense: 1}]\n", TRAIN),
    names("augment: [{noise: 0.1}, {mixup: 0.2}]\n"),
    recipe("data: running_parity\nmodel: [{gru: 4}, {dense: classes}]\naugment: [{noise: 0.1}, {mixup: 0.2}]\n", TRAIN),
    recipe("data: running_parity\nmodel: [{gru: 4}, {dense: classes}]\naugment: [{shift: 2}, {scale: 0.1}]\n", TRAIN),
]  # fmt: skip

LETTERS = """dllab.build({"data": {"names": "male"}, "model": [{"embedding": 3}, {"gru": 3}, {"dense": "classes"}]})"""
ANSWERS = """dllab.build({"data": "sorting", "model": [{"embedding": 3}, {"gru": {"units": 3, "name": "e"}}, {"one_hot": {"from": "decoder", "size": 11}}, {"gru": {"units": 3, "start": "e"}}, {"dense": "classes"}]})"""  # noqa: E501
PYTHON = [
    f"{LETTERS}.forward(numpy.zeros((2, 14)), lengths=[0, 15])",
    f"{LETTERS}.forward(numpy.zeros((2, 14)), lengths=[1, 2, 3])",
    f"{LETTERS}.forward(numpy.zeros((2, 14)), decoder=numpy.zeros((2, 14)))",
    f"{LETTERS}.step(numpy.zeros((2, 14)), [[0, 1]])",
    f"{LETTERS}.step(numpy.zeros((1, 14)), [[30] * 14])",
    f"{ANSWERS}.forward(numpy.zeros((1, 10)))",
]
