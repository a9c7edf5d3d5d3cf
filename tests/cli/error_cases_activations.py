"""Command lines that ask for layers, splits or examples that there are not; refused before anything is trained."""

from __future__ import annotations

from error_cases import Case, recipe

ACTIVATIONS: list[Case] = [
    (f"viz-activations my.yaml {options}", {})
    for options in (
        "--layer 9_relu", "--layer relu --input 3", "--input 100000", "--split validation", "--split rest", "--input -1",
        "--during --before", "--during --input 3", "--during --split train", "--during --layer nothing",
    )
]  # fmt: skip
ACTIVATIONS += [
    recipe("input: [2]\nmodel: [dense: 2]\n", "viz-activations r.yaml"),
    ("viz-activations my.yaml train.folds=3", {}),
    ("viz-activations nosuch", {}),
    ("viz-activations runs/three", {}),
    ("viz-activations onee --run-dir folder", {}),
    ("viz-gradients my.yaml --layer relu", {}),
]
