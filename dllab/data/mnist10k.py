"""Ten thousand images of MNIST."""

from __future__ import annotations

from typing import Literal

import numpy as np

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.files import idx, reading
from dllab.data.images import pictures, smaller

ROWS, TRAIN_ROWS = 10_000, 8_000


class Mnist10k(Source):
    """MNIST, 10,000 of its images: handwritten digits of 28 x 28 pixels. 8,000 to train, 2,000 to test.

    A pixel is 0 (paper) to 255 (ink); the network sees it divided by 255. The rows are in a fixed random order, the
    last 2,000 being the test split unless `test` gives a fraction. 863 to 1,127 rows of each digit.

    Options:

    - flatten: true gives 784 numbers a row, false pictures (28, 28, 1), as convolutions take them.
    - size: pixels a side, 28, 14 or 7; the smaller ones are means of blocks of 2 x 2 or 4 x 4 pixels, and train faster.
    - standardise: stretches pixels that are seldom inked a great deal; dividing by 255 is the usual choice.

        data: mnist10k
        data: {name: mnist10k, flatten: false, validation: 0.1}
        data: {name: mnist10k, size: 14, only: [0, 1, 2], per_class: 50}

    Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition";
    datasets/mnist10k.md says where the files come from and under which licence.
    """

    name = "mnist10k"
    main = "test"
    flatten: bool = True
    size: Literal[28, 14, 7] = 28
    test: Fraction | None = None

    def generate(self) -> Dataset:
        """(10000, 784) or (10000, 28, 28, 1) uint8, or as many as `size` says, in the order of the file."""
        fixed_test = np.arange(TRAIN_ROWS, ROWS, dtype=np.int64)
        about = f"10,000 handwritten digits of {self.size} x {self.size} pixels (LeCun et al. 1998)."
        with reading("mnist10k-images-idx3-ubyte.gz") as path:
            images = smaller(idx(path, (ROWS, 28, 28)), self.size)
        with reading("mnist10k-labels-idx1-ubyte.gz") as path:
            return pictures(self.name, images, idx(path, (ROWS,)), self.flatten, fixed_test, about)
