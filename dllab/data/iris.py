"""Iris flowers: the classic small table."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, Source
from dllab.data.files import reading, table

SPECIES = ("setosa", "versicolor", "virginica")


class Iris(Source):
    """Iris: three species of flower told apart by four lengths in cm. 150 rows, 50 of each.

    Features: length and width of sepal and petal. A straight line sets setosa apart; the other two overlap
    a little. Inputs are standardised unless told otherwise.

        data: iris
        data: {name: iris, test: 0.3, seed: 1}

    Source: Fisher 1936, "The use of multiple measurements in taxonomic problems"; datasets/iris.md says where the file
    comes from and under which licence.
    """

    name = "iris"
    main = "test"
    standardise: bool = True

    def generate(self) -> Dataset:
        """(150, 4) float32 in cm, in the order of the file: species by species."""
        with reading("iris.csv") as path:
            rows = table(path, (150, 5), np.float64, header="150,4," + ",".join(SPECIES))
            return Dataset(
                name=self.name,
                columns={"inputs": rows[:, :4].astype(np.float32), "targets": rows[:, 4].astype(np.int32)},
                task="classification",
                classes=SPECIES,
                features=("sepal length", "sepal width", "petal length", "petal width"),
                fixed_test=None,
                about="Three species of iris by four lengths in cm (Fisher 1936).",
            )
