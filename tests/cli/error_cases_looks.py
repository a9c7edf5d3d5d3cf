"""Command lines that ask to see attention, filters or vectors of words where there are none."""

from __future__ import annotations

from error_cases import Case, recipe

READER = """\
data: {name: names, which: female}
model: [{embedding: 4}, {attention: {heads: 2, causal: true}}, {dense: classes}]
train: {steps: 1}
"""
ADDING = """\
data: {name: adding, length: 4, samples: 40}
model: [{dense: 4}, {attention: 1}, last_step, {dense: outputs}]
train: {steps: 1}
"""
DECLARED = """\
data: {name: names, which: female}
model: [{embedding: {units: 4, size: 99}}, {gru: 4}, {dense: classes}]
train: {steps: 1}
"""
MANY = """\
data: {name: digits, flatten: false}
model: [{repeat: {times: 19, layers: [{conv: {units: 2, padding: same}}]}}, flatten, {dense: classes}]
train: {steps: 1}
"""
LOOKS: list[Case] = [
    ("viz-attention my.yaml", {}), ("viz-filters my.yaml", {}), ("viz-embeddings my.yaml", {}),
    recipe(READER, "viz-attention r.yaml --layer 0_embedding"), recipe(READER, "viz-attention r.yaml --head 3 --before"),
    recipe(ADDING, "viz-attention r.yaml --head 2 --before"),
    recipe(READER, "viz-attention r.yaml --steps 5"), recipe(READER, "viz-attention r.yaml --steps 9-3"),
    recipe(READER, "viz-attention r.yaml --text \u00df --before"),
    recipe(READER, "viz-attention r.yaml --steps 9-99"), recipe(ADDING, "viz-attention r.yaml --steps 2-5"),
    recipe(READER, "viz-attention r.yaml --text ann --input 3"),
    recipe(READER, "viz-attention r.yaml --text ann --split test"),
    ("viz-embeddings modular-addition --words 12", {}),
    ("viz-attention reversal --text ''", {}), ("viz-attention reversal --before --text ' '", {}),
    recipe(READER, f"viz-attention r.yaml --before --text {'a' * 40}"),
    recipe(ADDING, "viz-attention r.yaml --before --text abc"),
    recipe(READER, "viz-attention r.yaml --before --split validation"),
    recipe(ADDING, "viz-attention r.yaml --before --input 10"),
    ("viz-filters lenet --layer 1_relu", {}), ("viz-filters resnet-deep --layer nothing", {}),
    recipe(MANY, "viz-filters r.yaml --layer conv1d"),
    ("viz-filters lenet --save fig.jpg", {}),
    ("viz-embeddings glove10k kinq", {}), ("viz-embeddings glove10k --before", {}),
    ("viz-embeddings glove10k --words 2", {}),
    recipe(READER, "viz-embeddings r.yaml --layer gru"), recipe(READER, "viz-embeddings r.yaml --before emma"),
    recipe(DECLARED, "viz-embeddings r.yaml --before"),
]  # fmt: skip
