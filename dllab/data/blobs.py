"""Gaussian blobs: round clouds, one a class."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.catalogue import Size
from dllab.data.dataset import Dataset, Source
from dllab.data.points import Classes, Noise, Points, Samples, balanced, classified


class Blobs(Source):
    """Blobs: round normal clouds, one a class. The easy case, where straight lines are enough.

    x = centre_y + offset + noise * e, with e standard normal. The centres lie evenly on the unit circle of the first
    two features (on a line from -1 to 1 where there is but one feature); further features are noise alone.

    Options:

    - classes: clouds, one a class.
    - samples: rows in all classes together.
    - noise: standard deviation of each cloud.
    - features: inputs a row.
    - offset: number added to every feature; far from 0 it shows what biases and `standardise` are for.

        data: {name: blobs, classes: 4, noise: 0.2}
        data: {name: blobs, offset: 20, standardise: true}

    Source: the textbook mixture of Gaussians; see Bishop 2006, "Pattern recognition and machine learning", section 4.2.
    """

    name = "blobs"
    main = "classes"
    classes: Classes = 3
    samples: Samples = 300
    noise: Noise = 0.3
    features: Size = 2
    offset: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0

    def generate(self) -> Dataset:
        """Rows go through the classes in turn: 0, 1, ..., 0, 1, ..."""
        labels = balanced(self.samples, self.classes)
        clouds = self.noise * self.stream("noise").standard_normal((self.samples, self.features))
        points = self._centres()[labels] + self.offset + clouds
        return classified(self.name, points, labels, self.classes, f"{self.classes} round clouds, one a class.")

    def _centres(self) -> Points:
        centres = np.zeros((self.classes, self.features))
        if self.features == 1:
            centres[:, 0] = np.linspace(-1.0, 1.0, self.classes)
        else:
            angle = np.pi / 2 + 2 * np.pi * np.arange(self.classes) / self.classes
            centres[:, 0], centres[:, 1] = np.cos(angle), np.sin(angle)
        return centres
