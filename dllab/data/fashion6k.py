"""Six thousand images of Fashion-MNIST."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.files import idx, reading
from dllab.data.images import pictures, smaller

PARTS = {"train5000": 5000, "test1000": 1000}
CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


class Fashion6k(Source):
    """Fashion-MNIST, 6,000 of its images: clothes and shoes, 28 x 28 pixels. 5,000 to train, 1,000 to test.

    A pixel is 0 (ground) to 255 (cloth); the network sees it divided by 255. Harder than digits, and the shirts are
    hardest: a tenth or more of the test rows is out of reach of nets of this size. The rows are the first 5,000 training
    and the first 1,000 test images of the full set, in its order; the last 1,000 are the test split unless `test` gives
    a fraction. 457 to 556 training rows of each class.

    Options:

    - flatten: true gives 784 numbers a row, false pictures (28, 28, 1), as convolutions take them.
    - size: pixels a side, 28, 14 or 7; the smaller ones are means of blocks of 2 x 2 or 4 x 4 pixels, and train faster.

        data: fashion6k
        data: {name: fashion6k, flatten: false, validation: 0.1}
        data: {name: fashion6k, size: 14, only: [0, 1, 2], per_class: 50}

    Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms"; datasets/fashion6k.md says where the files come from and under which licence.
    """

    name = "fashion6k"
    main = "test"
    flatten: bool = True
    size: Literal[28, 14, 7] = 28
    test: Fraction | None = None

    def generate(self) -> Dataset:
        """(6000, 784) or (6000, 28, 28, 1) uint8, or as many as `size` says: the training rows, then the test rows."""
        images = smaller(_both("images-idx3", (28, 28)), self.size)
        labels = _both("labels-idx1", ())
        fixed_test = np.arange(PARTS["train5000"], len(labels), dtype=np.int64)
        about = f"6,000 clothes and shoes of {self.size} x {self.size} pixels (Xiao and others 2017)."
        return pictures(self.name, images, labels, self.flatten, fixed_test, about, CLOTHES)


def _both(kind: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The files of that kind, training rows before test rows: (6000, *shape)."""
    found = []
    for part, rows in PARTS.items():
        with reading(f"fashion6k-{part}-{kind}-ubyte.gz") as path:
            found.append(idx(path, (rows, *shape)))
    return np.concatenate(found)
