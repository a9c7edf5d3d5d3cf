"""Two interleaved half circles."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Noise, Samples, balanced, classified


class Moons(Source):
    """Moons: two interleaved half circles. The smallest problem with a bent boundary.

    Class 0: (cos t, sin t). Class 1: (1 - cos t, 1/2 - sin t). t is uniform on 0..pi, and normal noise is added to
    both coordinates.

    Options:

    - samples: rows.
    - noise: standard deviation of the noise on both coordinates; without noise the moons are 0.5 apart.

        data: moons
        data: {name: moons, noise: 0.2, samples: 1000}

    Source: the form in general use follows scikit-learn's `make_moons` (Pedregosa et al. 2011).
    """

    name = "moons"
    main = "noise"
    samples: Samples = 400
    noise: Noise = 0.1

    def generate(self) -> Dataset:
        """Rows alternate between the classes."""
        labels = balanced(self.samples, 2)
        t = np.pi * self.stream("rows").random(self.samples)
        upper = np.stack([np.cos(t), np.sin(t)], axis=1)  # (N, 2)
        lower = np.stack([1.0 - np.cos(t), 0.5 - np.sin(t)], axis=1)
        points = np.where(labels[:, None] == 0, upper, lower)
        points += self.noise * self.stream("noise").standard_normal(points.shape)
        return classified(self.name, points, labels, 2, "Two interleaved half circles.")
