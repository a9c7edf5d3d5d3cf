"""Recurrent layers that cannot begin where they are told to."""

from __future__ import annotations

from error_cases import Case, recipe

CARRIED = """\
data: {shakespeare8: {length: 20}}
model: [{embedding: 4}, {bidirectional: [{gru: 4}]}, {dense: classes}]
train: {carry_state: true, shuffle: false, steps: 1}
"""

RECURRENT: list[Case] = [
    *(recipe(f"input: [4, 3]\nmodel: [{layers}]\n") for layers in (
        "{gru: {units: 3, name: a}}, {gru: {units: 3, start: a, learn_start: true}}",
        "{dense: {units: 3, name: a}}, {gru: {units: 3, start: a}}",
        "{lstm: {units: 3, name: a}}, {gru: {units: 4, start: a}}",
        "{gru: {units: 3, layers: 2, name: a}}, {rnn: {units: 3, start: a}}",
        "{gru: {units: 3, name: a}}, {rnn: {units: 3, start: b}}",
        "{gru: {units: 3, layers: 0, dropout: 2}}",
    )),
    recipe("input: [4]\nmodel: [{lstm: 3}]\n"),
    recipe("input: [4, 4, 1]\nmodel: [{bidirectional: [{lstm: 3}]}]\n"),
    recipe(CARRIED, "train r.yaml --no-save -q"),
]  # fmt: skip
