"""Command lines that ask to watch a training where none is drawn."""

from __future__ import annotations

from error_cases import Case

LIVE: list[Case] = [
    ("viz-boundary xor --before --watch 5", {}), ("viz-activations xor --watch 5", {}),
    ("viz-gradients xor --before --watch 5", {}), ("viz-gradients xor --watch -1", {}),
]  # fmt: skip
