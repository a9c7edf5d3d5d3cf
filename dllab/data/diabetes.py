"""Diabetes: how far the disease goes on in a year."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, ScaledTargets
from dllab.data.files import reading, table

FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


class Diabetes(ScaledTargets):
    """Diabetes: how far does the disease go on in a year? Regression, 442 patients, 10 features, target 25 to 346.

    Features: age in years, sex (1 or 2), body mass index, mean blood pressure, and six of blood serum: total
    cholesterol, LDL, HDL, total / HDL, log of triglycerides, glucose. The target is a score of progression. Half of its
    variance is out of reach, and a net hardly beats a straight line here: a set to learn about overfitting.

    Options:

    - standardise_targets: train on targets of mean 0 and standard deviation 1, true by default. The loss is then that of
      these; rmse and mae stay in points of that score.

        data: diabetes
        data: {name: diabetes, test: 0.3, seed: 1}

    Source: Efron, Hastie, Johnstone and Tibshirani 2004, "Least angle regression"; datasets/diabetes.md says where the file
    comes from and under which licence.
    """

    name = "diabetes"
    main = "test"
    standardise: bool = True

    def generate(self) -> Dataset:
        """Inputs (442, 10) and targets (442, 1) float32 in points of that score, in the order of the file."""
        with reading("diabetes.csv") as path:
            rows = table(path, (442, 11), np.float32, header=",".join((*FEATURES, "progression")))
            return Dataset(
                name=self.name,
                columns={"inputs": np.ascontiguousarray(rows[:, :10]), "targets": np.ascontiguousarray(rows[:, 10:])},
                task="regression",
                classes=(),
                features=FEATURES,
                fixed_test=None,
                about="Progress of diabetes in a year by 10 features of a patient (Efron and others 2004).",
            )
