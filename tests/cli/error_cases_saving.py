"""Command lines that ask for a figure in a file that cannot be written; refused before anything is done."""

from __future__ import annotations

from error_cases import Case

SAVING: list[Case] = [
    (f"viz-augment {recipe} --save {file}", {})
    for recipe, file in (
        ("my.yaml", "fig.pdf"), ("none.yaml", "fig"), ("my.yaml", "''"), ("my.yaml", "-"), ("my.yaml", "'my fig.jpeg'"),
        ("my.yaml", "folder"), ("my.yaml", "folder/"), ("my.yaml", "nothing/here/fig.png"), ("my.yaml", "my.yaml/fig.svg"),
        ("my.yaml", f"{'n' * 300}.png"),
    )
]  # fmt: skip
