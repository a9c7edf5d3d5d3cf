"""MyPart: say in a line what these data are."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source


class MyPart(Source):
    """MyPart: points of a plane, those inside a ring told from those outside it.

    Say here what makes them interesting. This text is the data set's page: `dllab datasets mypart.py --trust`.

        data: mypart
        data: {name: mypart, samples: 500, radius: 0.5, test: 0.2}

    Options:

    - samples: how many points.
    - radius: of the ring.

    Source: say where the data come from and under which licence.
    """

    name = "mypart"  # what recipes write
    main: ClassVar[str | None] = "samples"  # `mypart: 500` is short for `mypart: {samples: 500}`
    samples: Annotated[int, Field(ge=10, le=1_000_000)] = 300
    radius: Annotated[float, Field(gt=0, le=2)] = 0.7

    def generate(self) -> Dataset:
        """All rows. Draw random numbers from `self.stream(name)`, so that the same seed gives the same rows."""
        points = self.stream("points").uniform(-1, 1, (self.samples, 2))
        inside = np.hypot(points[:, 0], points[:, 1]) < self.radius
        return Dataset(
            name=self.name,
            columns={"inputs": points.astype(np.float32), "targets": inside.astype(np.int32)},
            task="classification",
            classes=("outside", "inside"),
            features=("x1", "x2"),
            fixed_test=None,
            about=f"{self.samples} points of a plane, inside a ring of radius {self.radius:g} or not.",
        )
