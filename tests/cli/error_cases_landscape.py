"""Command lines that ask for a surface, a schedule or data which there are not."""

from __future__ import annotations

from error_cases import MODEL, Case, changed, recipe

NO_DATA = f"input: [2]\n{MODEL}"
LANDSCAPE: list[Case] = [
    ("viz-landscape my.yaml --before --path", {}),
    changed("model=[{dense: {units: classes, init: zeros}}]", line="viz-landscape my.yaml --before"),
    changed("train.epochs=", "train.steps=1", line="viz-landscape my.yaml"),
    changed("model=[identity]", line="viz-landscape my.yaml"),
    changed(
        f"model=[{', '.join(['{dense: 9}'] * 9)}, {{dense: outputs}}]", "optimizer={sgd: 1e6}", "loss=mse",
        line="viz-landscape my.yaml",
    ),
    ("viz-landscape last train.epochs=9", {}), ("viz-landscape last --seed 3", {}), ("viz-landscape folds.yaml", {}),
    ("viz-landscape my.yaml --points 2", {}), ("viz-landscape my.yaml --span 0", {}),
    recipe(NO_DATA, "viz-landscape r.yaml"), recipe(NO_DATA, "viz-schedule r.yaml"), recipe(NO_DATA, "viz-data r.yaml"),
    ("viz-landscape my.yaml --directions 3", {}),
    ("viz-schedule linear", {}), ("viz-schedule one schedule.warmup=-1", {}),
    ("viz-schedule step", {}), ("viz-schedule xor linear", {}),
    ("viz-schedule cosine --steps 0", {}), ("viz-schedule my.yaml cosine schedule.warmup=-1", {}),
    ("viz-data my.yaml --split validation", {}), ("viz-data my.yaml --split all", {}),
    ("viz-data my.yaml --input 4 --input 99", {}), ("viz-data my.yaml --rows 0", {}),
    ("viz-data nosuch", {}), ("viz-data my.yaml --rows 2 --input 1", {}), ("viz-data one --split validation", {}),
]  # fmt: skip
