"""Handwritten digits of 8 x 8 pixels."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from dllab.data.dataset import Dataset, Source
from dllab.data.files import reading, table
from dllab.data.images import pictures


class Digits(Source):
    """Digits: handwritten digits of 8 x 8 pixels. 1,797 rows of real images that train in a blink.

    A pixel is a count 0..16 of inked points; the network sees it divided by 16. 174 to 183 rows of each digit, from 13
    writers.

    Options:

    - flatten: true gives 64 numbers a row, false pictures (8, 8, 1), as convolutions take them.

        data: digits
        data: {name: digits, flatten: false, validation: 0.1}

    Source: Alpaydin and Kaynak 1998, optical recognition of handwritten digits (UCI); datasets/digits.md says where the
    file comes from and under which licence.
    """

    name = "digits"
    main = "test"
    full_scale: ClassVar[float] = 16.0
    flatten: bool = True

    def generate(self) -> Dataset:
        """(1797, 64) or (1797, 8, 8, 1) uint8, 0..16, in the order of the file."""
        with reading("digits.csv.gz") as path:
            rows = table(path, (1797, 65), np.uint8)
            images = np.ascontiguousarray(rows[:, :64]).reshape(-1, 8, 8)
            if images.max() > self.full_scale:
                raise ValueError(f"it has a pixel above {self.full_scale:g}")
            about = "Handwritten digits of 8 x 8 pixels (Alpaydin and Kaynak 1998)."
            return pictures(self.name, images, rows[:, 64], self.flatten, None, about)
