"""Penguins of the Palmer Archipelago: a small table with words and gaps in it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Literal

from dllab.data.csv import Csv, Names
from dllab.data.dataset import Dataset, ScaledTargets
from dllab.data.encoding import Missing
from dllab.data.files import reading

SHA256 = "f204db2c753b0937caac3cb35258562c14f073e4bbc76be24b4c51ce22767a93"


class Penguins(ScaledTargets):
    """Penguins: three species told apart by bill, flipper, mass, sex and island. 344 rows, 11 of them with gaps.

    A real table: numbers beside words (island and sex, a number for each word), and values that are missing
    as they are in the field. Two birds have no measurements at all, nine more have no sex.

    Options:

    - target: the column to predict: species by default; sex, island and the measures in mm or g do as well.
    - features: the columns to learn from; all others if left out.
    - drop: columns to leave out: year by default, that of the study.
    - categories: columns whose numbers are names: year, say.
    - missing: drop_rows by default, which leaves 333 rows; mean, median, most_frequent or category fill the gaps with
      figures of the training rows (category: a category of its own, and the mean for numbers); refuse.
    - task: classification or regression; left out, as the target is.
    - standardise_targets: train on targets of mean 0 and standard deviation 1 where these are numbers, true by default.

    and those of every source (`standardise` is true by default).

        data: penguins
        data: {name: penguins, missing: median, test: 0.3}
        data: {name: penguins, target: sex, missing: drop_rows}

    Source: Gorman, Williams and Fraser 2014, "Ecological sexual dimorphism and environmental variability within a
    community of Antarctic penguins (genus Pygoscelis)", PLoS ONE 9(3) e90081; datasets/penguins.md says where the file
    comes from and under which licence.
    """

    name = "penguins"
    main = "target"
    target: str = "species"
    features: Names = ()
    drop: Names = ("year",)
    categories: Names = ()
    missing: Missing = "drop_rows"
    task: Literal["classification", "regression"] | None = None
    standardise: bool = True

    def generate(self) -> Dataset:
        """(333, 9) float32 where rows with gaps are dropped, in the order of the file: species by species."""
        with reading("penguins.csv") as path:
            if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
                raise ValueError("it is not as it was shipped")
        dataset = Csv(csv=str(path), delimiter=",", **self.model_dump()).generate()
        about = "Penguins of three species by island, sex and four measures (Gorman et al. 2014)."
        return dataclasses.replace(dataset, name=self.name, about=about)
