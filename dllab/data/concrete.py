"""The strength of concrete from what is in it."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, ScaledTargets
from dllab.data.files import reading, table

FEATURES = ("cement", "slag", "fly ash", "water", "superplasticizer", "coarse aggregate", "fine aggregate", "age")
HEADER = "cement,blast_furnace_slag,fly_ash,water,superplasticizer,coarse_aggregate,fine_aggregate,age,compressive_strength"


class Concrete(ScaledTargets):
    """Concrete: how strong is it? Regression, 1,030 samples, 8 features, target 2.3 to 82.6 MPa.

    Features: seven ingredients in kg per cubic metre and the age in days. Strength grows fast in the first weeks and
    then hardly, and water counts in relation to cement: curves and products, which a net learns and a straight line
    (R2 about 0.6) does not.

    Options:

    - standardise_targets: train on targets of mean 0 and standard deviation 1, true by default. The loss is then that of
      these; rmse and mae stay in MPa.

        data: concrete
        data: {name: concrete, test: 0.3, seed: 1}

    Source: Yeh 1998, "Modeling of strength of high-performance concrete using artificial neural networks";
    datasets/concrete.md says where the file comes from and under which licence.
    """

    name = "concrete"
    main = "test"
    standardise: bool = True

    def generate(self) -> Dataset:
        """Inputs (1030, 8) and targets (1030, 1) float32 in MPa, in the order of the file."""
        with reading("concrete.csv") as path:
            rows = table(path, (1030, 9), np.float32, header=HEADER)
            return Dataset(
                name=self.name,
                columns={"inputs": np.ascontiguousarray(rows[:, :8]), "targets": np.ascontiguousarray(rows[:, 8:])},
                task="regression",
                classes=(),
                features=FEATURES,
                fixed_test=None,
                about="Strength of concrete in MPa by ingredients and age (Yeh 1998).",
            )
