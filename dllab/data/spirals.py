"""Spiral arms wound around each other."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Classes, Noise, Samples, balanced, classified


class Spirals(Source):
    """Spirals: arms wound around each other, one a class. Only a boundary that winds along separates them.

    Class c of C: r uniform on (0, 1], angle = 2 pi (c / C + turns * r) + noise * e with e standard normal, and the
    point is r (cos angle, sin angle). The noise is in radians, so that an arm is as blurred, for its width, near the
    centre as at its end.

    Options:

    - classes: arms, one a class.
    - samples: rows in all arms together.
    - noise: standard deviation of the angle in radians.
    - turns: how far an arm winds, in full turns. More turns need a wider or deeper net.

        data: {name: spirals, classes: 3, noise: 0.2}
        data: {name: spirals, classes: 2, turns: 1.5, samples: 2000}

    Source: Lang and Witbrock 1988, "Learning to tell two spirals apart"; three blurred arms after the Stanford course
    CS231n (Karpathy 2015).
    """

    name = "spirals"
    main = "classes"
    classes: Classes = 3
    samples: Samples = 900
    noise: Noise = 0.2
    turns: Annotated[float, Field(ge=0, le=20)] = 0.75

    def generate(self) -> Dataset:
        """Rows go through the arms in turn."""
        labels = balanced(self.samples, self.classes)
        radius = 1.0 - self.stream("rows").random(self.samples)
        angle = 2 * np.pi * (labels / self.classes + self.turns * radius)
        angle += self.noise * self.stream("noise").standard_normal(self.samples)
        points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # (N, 2)
        return classified(self.name, points, labels, self.classes, f"{self.classes} arms wound around each other.")
