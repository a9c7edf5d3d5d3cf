"""Rings inside each other."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Classes, Noise, Samples, balanced, classified


class Rings(Source):
    """Rings: circles inside each other, one a class. A stack of linear layers stays near chance here.

    Class c of C: radius (c + 1) / C and a uniform angle, plus normal noise on both coordinates. All rings share their
    centre, so that no straight line tells them apart; the squared distance from the centre does.

    Options:

    - classes: rings, one a class.
    - samples: rows in all rings together.
    - noise: standard deviation of the noise on both coordinates.

        data: rings
        data: {name: rings, classes: 3, noise: 0.03}

    Source: the form in general use follows scikit-learn's `make_circles` (Pedregosa et al. 2011).
    """

    name = "rings"
    main = "classes"
    classes: Classes = 2
    samples: Samples = 400
    noise: Noise = 0.05

    def generate(self) -> Dataset:
        """Rows go through the rings in turn, from the innermost out."""
        labels = balanced(self.samples, self.classes)
        angle = 2 * np.pi * self.stream("rows").random(self.samples)
        radius = (labels + 1) / self.classes
        points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # (N, 2)
        points += self.noise * self.stream("noise").standard_normal(points.shape)
        return classified(self.name, points, labels, self.classes, f"{self.classes} circles inside each other.")
