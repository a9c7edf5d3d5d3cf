"""Breast tumours, malignant or benign."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, Source
from dllab.data.files import reading, table

KINDS = ("malignant", "benign")
MEASURED = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
FEATURES = (
    *(f"mean {name}" for name in MEASURED),
    *(f"{name} error" for name in MEASURED),
    *(f"worst {name}" for name in MEASURED),
)


class BreastCancer(Source):
    """Breast cancer: is a tumour malignant? 569 rows of 30 measurements of cell nuclei, 212 malignant, 357 benign.

    Ten properties of the nuclei in one image of a fine needle aspirate: their mean, its standard error and the mean of
    the three largest. The classes are uneven, and the two kinds of mistake weigh differently: look at recall too.
    Inputs are standardised unless told otherwise.

        data: breast_cancer
        data: {name: breast_cancer, test: 0.3, seed: 1}

    Source: Street, Wolberg and Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis";
    datasets/breast_cancer.md says where the file comes from and under which licence.
    """

    name = "breast_cancer"
    main = "test"
    standardise: bool = True

    def generate(self) -> Dataset:
        """(569, 30) float32, in the order of the file."""
        with reading("breast_cancer.csv") as path:
            rows = table(path, (569, 31), np.float64, header="569,30," + ",".join(KINDS))
            return Dataset(
                name=self.name,
                columns={"inputs": rows[:, :30].astype(np.float32), "targets": rows[:, 30].astype(np.int32)},
                task="classification",
                classes=KINDS,
                features=FEATURES,
                fixed_test=None,
                about="Breast tumours by 30 measurements of their cell nuclei (Street and others 1993).",
            )
