"""Lessons that there are not, and changes that they cannot make."""

from __future__ import annotations

from error_cases import Case

LESSONS: list[Case] = [
    ("lesson", {}), ("lesson 0", {}), ("lesson 99999", {}), ("lesson vanishing", {}), ("lesson vanishing-gradients", {}),
    ("lesson 16 depth", {}), ("lesson 16 dephts=3", {}), ("lesson 16 depth=many", {}), ("lesson 16 depth=-1", {}),
    ("lesson 12 steps=few", {}), ("lesson 35 rounding", {}), ("lesson 26 --seed x", {}), ("lesson 26 --seed -1", {}),
    ("lesson 16 --predict much", {}), ("lesson all depth=3", {}), ("lesson all --show-recipe", {}),
    ("lesson all --save all.png", {}), ("lesson 16 --show-recipe --save my.yaml", {}),
    ("lesson 16 depth=3 --predict 3", {}), ("lesson 16 other --show-recipe", {}), ("lesson 7 other --show-recipe", {}),
    ("lesson 22 loss=mse", {}), ("lesson 7 'model=[{dense: 3}, relu, {dense: 2}]'", {}),
    ("lesson 16 --save fig.doc", {}), ("lessons 3", {}),
]  # fmt: skip
