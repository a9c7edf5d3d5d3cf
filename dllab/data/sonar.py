"""Sonar echoes of rocks and of mines."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, Source
from dllab.data.files import reading, table

OBJECTS = ("rock", "mine")


class Sonar(Source):
    """Sonar: is the echo a rock's or a mine's? 208 rows of 60 frequency bands, 97 rocks and 111 mines.

    A feature is the energy of the echo in one band, 0 to 1; the bands rise in frequency and in time. A mine is a metal
    cylinder. Many features, few rows: nets learn the training rows by heart, and the test figure depends on the split.
    Inputs are standardised unless told otherwise.

        data: sonar
        data: {name: sonar, test: 0.5, seed: 1}

    Source: Gorman and Sejnowski 1988, "Analysis of hidden units in a layered network trained to classify sonar targets";
    datasets/sonar.md says where the file comes from and under which licence.
    """

    name = "sonar"
    main = "test"
    standardise: bool = True

    def generate(self) -> Dataset:
        """(208, 60) float32 between 0 and 1, in the order of the file: rocks, then mines."""
        with reading("sonar.csv") as path:
            rows = table(path, (208, 61), np.float64, header="208,60," + ",".join(OBJECTS))
            return Dataset(
                name=self.name,
                columns={"inputs": rows[:, :60].astype(np.float32), "targets": rows[:, 60].astype(np.int32)},
                task="classification",
                classes=OBJECTS,
                features=tuple(f"band {band}" for band in range(1, 61)),
                fixed_test=None,
                about="Sonar echoes of rocks and of metal cylinders (Gorman and Sejnowski 1988).",
            )
