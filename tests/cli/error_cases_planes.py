"""Command lines that ask for a plane, a layer or predictions which there are not."""

from __future__ import annotations

from error_cases import Case, changed

PLANES: list[Case] = [
    ("viz-boundary digits", {}), ("viz-boundary modular-addition", {}),
    changed("data={adding: {length: 3, samples: 20}}", "model=[flatten, {dense: outputs}]", "loss=mse",
            line="viz-boundary my.yaml"),
    ("viz-boundary xor --before --layer 7_relu", {}), ("viz-boundary xor --before --split test", {}),
    ("viz-boundary xor --most 0", {}), ("viz-predictions glove", {}), ("viz-predictions xor --worst -1", {}),
    ("viz-predictions xor --before --split none", {}), ("viz-predictions xorr", {}),
]  # fmt: skip
