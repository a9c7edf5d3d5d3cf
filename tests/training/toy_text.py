"""A source for tests: one long text of four letters in windows that flow on, or short ones with lengths."""

from __future__ import annotations

from typing import Literal

import numpy as np

from dllab.data.dataset import Dataset, Source, Splits


class ToyText(Source):
    """Toy text.

        data: toy_text

    Options:

    - kind: flowing windows, or words with lengths.
    - samples: how many.
    """

    name = "toy_text"
    kind: Literal["windows", "words"] = "windows"
    samples: int = 60

    def generate(self) -> Dataset:
        """Letters that follow the two before them, most of the time."""
        rng, steps = np.random.default_rng(3), 7
        ids = np.zeros(self.samples * steps + 1, np.int32)
        for i in range(2, len(ids)):
            ids[i] = (ids[i - 1] + ids[i - 2] + 1) % 4 if rng.random() < 0.9 else rng.integers(4)
        inputs, targets = ids[:-1].reshape(-1, steps), ids[1:].reshape(-1, steps).copy()
        columns = {"inputs": inputs, "targets": targets}
        if self.kind == "words":
            lengths = rng.integers(1, steps + 1, self.samples).astype(np.int32)
            columns["lengths"] = lengths
            targets[np.arange(steps) >= lengths[:, None]] = -1
        features = tuple(f"letter {t}" for t in range(steps))
        return Dataset("toy_text", columns, "classification", tuple("abcd"), features, None, "",
                       vocabulary=tuple("abcd"), flows=self.kind == "windows")  # fmt: skip

    def _split(self, dataset: Dataset) -> Splits:
        rows, cut = np.arange(dataset.rows), dataset.rows * 3 // 4
        return Splits(rows[:cut], rows[:0], rows[cut:])
