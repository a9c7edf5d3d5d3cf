"""Command lines that ask for a learning rate where none can be looked for."""

from __future__ import annotations

from error_cases import MODEL, Case, recipe

RATES: list[Case] = [
    recipe(f"input: [2]\n{MODEL}", "lr-find r.yaml"),
    ("lr-find nosuch", {}), ("lr-find my.yaml optimizer.lr=0", {}),
    ("lr-find my.yaml --from 3 --to 2", {}), ("lr-find my.yaml --from 1 --to 1.5", {}), ("lr-find my.yaml --from 0", {}),
    ("lr-find my.yaml --from 1e-13", {}),
    ("lr-find my.yaml --to 1e7", {}), ("lr-find my.yaml --to nan", {}), ("lr-find my.yaml --from x", {}),
    ("lr-find my.yaml --steps 19", {}), ("lr-find my.yaml --seeds 0", {}), ("lr-find my.yaml --save fig.pdf", {}),
    ("lr-find uses.yaml", {}),
]  # fmt: skip
