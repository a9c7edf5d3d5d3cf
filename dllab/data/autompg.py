"""How far cars of 1970 to 1982 go on a gallon."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, ScaledTargets
from dllab.data.files import reading, table

COLUMNS = "cylinders,displacement,horsepower,weight,acceleration,year,origin,mpg"
ORIGINS = ("american", "european", "japanese")


class AutoMpg(ScaledTargets):
    """Auto MPG: how far does a car go on a gallon? Regression, 392 cars of 1970 to 1982, target 9 to 46.6 mpg.

    Features: cylinders, displacement (cubic inches), horsepower, weight (pounds), acceleration (seconds to 60 miles per
    hour), year (70 to 82), and where it comes from as three columns of 0 and 1.

    Options:

    - standardise_targets: train on targets of mean 0 and standard deviation 1, true by default. The loss is then that of
      these; rmse and mae stay in miles per gallon.

        data: autompg
        data: {name: autompg, test: 0.3, seed: 1}

    Source: the 1983 exposition of the American Statistical Association (StatLib); Quinlan 1993, "Combining instance-based
    and model-based learning"; datasets/autompg.md says where the file comes from and under which licence.
    """

    name = "autompg"
    main = "test"
    standardise: bool = True

    def generate(self) -> Dataset:
        """Inputs (392, 9) and targets (392, 1) float32 in miles per gallon, in the order of the file."""
        with reading("autompg.csv") as path:
            rows = table(path, (392, 8), np.float32, header=COLUMNS)
            origin = rows[:, 6:7]
            if not np.isin(origin, (1, 2, 3)).all():
                raise ValueError("it has an origin that is not 1, 2 or 3")
            return Dataset(
                name=self.name,
                columns={
                    "inputs": np.hstack([rows[:, :6], origin == np.arange(1, 4)]).astype(np.float32),
                    "targets": np.ascontiguousarray(rows[:, 7:]),
                },
                task="regression",
                classes=(),
                features=(*COLUMNS.split(",")[:6], *ORIGINS),
                fixed_test=None,
                about="Miles per gallon of 392 cars of 1970 to 1982 by seven features (Quinlan 1993).",
            )
