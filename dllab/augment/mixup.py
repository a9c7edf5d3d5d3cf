"""Mixup: two examples blended, and their targets with them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.augment.augmentation import Augmentation, Sample
from dllab.augment.draws import PI, cosine_of_both, happens, row_key, whole_at
from dllab.core.bits import like, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.rng import uniform_at
from dllab.core.vecmath import exp, log
from dllab.symbols import Net, Value


@device
def beta_at(key: int, i: int, alpha: float) -> float:
    """A draw from Beta(alpha, alpha) for elements i and i + 1, from two uniform ones (Devroye 1996).

    1/2 + z / (2 sqrt(1 + z^2)) with z = sqrt(u^(-1/alpha) - 1) cos(2 pi v): a draw of Student's t, put between 0 and 1.
    """
    power = exp(log(1.0 - uniform_at(key, i)) / alpha)
    cosine = cosine_of_both(PI * (uniform_at(key, i + 1) - 0.5))
    root = sqrt(power + (1.0 - power) * cosine * cosine)
    return 0.5 + 0.5 * sqrt(1.0 - power) * cosine / root if root > 0.0 else 0.5


@kernel(partners="B:int64", weights="B", base="N:int64", rows="B:int64", chance=":int64", seed=":int64", link=":int64",
        step=":int64", alpha="")  # fmt: skip
def draw(partners, weights, base, rows, chance, seed, link, step, alpha):
    """For every row another of the training rows, and the weight of the row itself."""
    for n in range(rows.shape[0]):
        own = row_key(seed, link, step, rows[n])
        partners[n] = base[whole_at(own, 1, base.shape[0])]
        weights[n] = beta_at(own, 2, float(alpha)) if happens(own, chance) else 1.0


@kernel(x="B F", other="B F", weights="B")
def blend(x, other, weights):
    """X = weight x + (1 - weight) other."""
    for n in range(x.shape[0]):
        to, of, weight = x[n], other[n], weights[n]
        if weight == 1:  # a row that is not mixed stays as it is, to the bit
            continue
        for j in range(to.shape[0]):
            to[j] = of[j] + weight * (to[j] - of[j])


@kernel(y="B K", source="R:int32", rows="B:int64", partners="B:int64", weights="B")
def blend_labels(y, source, rows, partners, weights):
    """Y = weight in the column of the row's class plus 1 - weight in that of its partner's; one column is class 1's."""
    first = 1 if y.shape[1] == 1 else 0
    for n in range(y.shape[0]):
        to, weight = y[n], weights[n]
        own, other, none = source[rows[n]], source[partners[n]], like(weight, 0.0)
        rest = like(weight, 1.0) - weight
        for k in range(to.shape[0]):
            to[k] = (weight if own == k + first else none) + (rest if other == k + first else none)


class Mixup(Augmentation):
    """Mixup: y = w x + (1 - w) x', x' another training row, w drawn from Beta(alpha, alpha); the targets are mixed alike.

    The net learns to change its mind evenly between examples, and is less sure of wrong labels. The partner is any row of
    the training split, changed by the parts of the list before mixup as it would be in its own place; mixup is the last.
    Class labels become shares of classes, which cross_entropy and binary_cross_entropy take; losses of values compare
    with mixed values. 0.1 to 0.4 is usual: most w are then near 0 or 1. The training loss is that of mixed rows, so it
    stays higher; accuracies, also of the training split, are of rows as they are, and `dllab viz-augment` shows them mixed.

        augment: [mixup: 0.2]
        augment: [shift: 2, mixup: {alpha: 0.4, probability: 0.5}]

    Options:

    - alpha: 1 makes all weights equally likely, less makes most of them near 0 or 1, more near one half.
    - probability: the chance that a row is mixed at all, drawn anew in every epoch.

    Source: Zhang, Cisse, Dauphin, Lopez-Paz, mixup: beyond empirical risk minimization (2018); the draw of Beta:
    Devroye, Random variate generation in one line of code (1996).
    """

    name = "mixup"
    group = "mixes"
    main = "alpha"
    mixes = True
    alpha: Annotated[float, Field(gt=0, le=1000)] = 0.2

    def partners(self, net: Net, sample: Sample) -> tuple[Value, Value]:
        """One row that draws the partners (B,) int64 and the weights (B,) of these rows."""
        count = sample.rows.shape[0]
        partners, weights = net.array((count,), "partners", "int64"), net.array((count,), "weights")
        sample.call(
            net,
            draw,
            self.probability,
            partners=partners,
            weights=weights,
            base=sample.base,
            alpha=net.constant(self.alpha),
        )
        return partners, weights

    def build(self, net: Net, x: Value, sample: Sample) -> Value:
        """One row that mixes, in place, after those that bring the partners."""
        partners, weights = sample.mixed or self.partners(net, sample)
        net.call(blend, x=x, other=sample.same(partners), weights=weights)
        return x
