"""Wines of three growers."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, Source
from dllab.data.files import reading, table

GROWERS = ("class_0", "class_1", "class_2")
FEATURES = (
    "alcohol",
    "malic acid",
    "ash",
    "alcalinity of ash",
    "magnesium",
    "phenols",
    "flavanoids",
    "nonflavanoid phenols",
    "proanthocyanins",
    "colour",
    "hue",
    "OD280/OD315",
    "proline",
)


class Wine(Source):
    """Wine: which of three growers made it? 178 rows of 13 chemical measurements, 59, 71 and 48 of each class.

    All from one region of Italy. The features differ a thousandfold in scale (proline about 700, hue about 1), so
    inputs are standardised unless told otherwise; with `standardise: false` one sees what that is good for.

        data: wine
        data: {name: wine, test: 0.3, seed: 1}

    Source: Forina and others, PARVUS; Aeberhard, Coomans and de Vel 1992, "Comparison of classifiers in high dimensional
    settings"; datasets/wine.md says where the file comes from and under which licence.
    """

    name = "wine"
    main = "test"
    standardise: bool = True

    def generate(self) -> Dataset:
        """(178, 13) float32, in the order of the file."""
        with reading("wine.csv") as path:
            rows = table(path, (178, 14), np.float64, header="178,13," + ",".join(GROWERS))
            return Dataset(
                name=self.name,
                columns={"inputs": rows[:, :13].astype(np.float32), "targets": rows[:, 13].astype(np.int32)},
                task="classification",
                classes=GROWERS,
                features=FEATURES,
                fixed_test=None,
                about="Wines of three growers by 13 chemical measurements (Forina and others).",
            )
