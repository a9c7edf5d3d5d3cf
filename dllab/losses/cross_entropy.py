"""Cross-entropy: minus the logarithm of the probability given to the right class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dllab.catalogue import Fraction
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import exp, log
from dllab.losses.loss import Loss, LossCase, answers_of
from dllab.symbols import Dim, Net, ShapeError, Value

# The forward kernels go through the scores in few passes: exp, the costly one, over the whole batch as one vector, since
# rows are short. They leave for backward p = e^(x - the largest of the row) and its sum over the row; p / sum is the
# softmax, and nothing overflows. `flat` is p once more. Targets of -1 count nowhere; batch times positions is the number of
# those that do.


@kernel(
    loss="1:float64",
    p="*N K",
    flat="*F",
    sums="*N",
    gap="*N",
    x="*N K",
    target="*N:int32",
    batch=":int64",
    positions=":int64",
)
def forward(loss, p, flat, sums, gap, x, target, batch, positions):
    """Loss = the sum over the rows of log(sum_k e^x_k) - x_target, divided by batch."""
    for n in range(x.shape[0]):
        row, shifted = x[n], p[n]
        highest = row[0]
        for k in range(1, row.shape[0]):
            highest = row[k] if row[k] > highest else highest
        gap[n] = highest - row[max(target[n], 0)]
        for k in range(row.shape[0]):
            shifted[k] = row[k] - highest
    for i in range(flat.shape[0]):
        flat[i] = exp(flat[i])
    for n in range(p.shape[0]):
        row = p[n]
        whole = row[0]
        for k in range(1, row.shape[0]):
            whole += row[k]
        sums[n] = whole
    total = 0.0
    for n in range(sums.shape[0]):
        if target[n] >= 0:
            total += float(gap[n] + log(sums[n]))
    loss[0] = total / (batch * positions)


@kernel(dx="*N K", p="*N K", sums="*N", target="*N:int32", batch=":int64", positions=":int64")
def backward(dx, p, sums, target, batch, positions):
    """Dx = (softmax(x) - 1 in the column of the class) / batch."""
    for n in range(dx.shape[0]):
        row, slopes = p[n], dx[n]
        share = like(sums[n], 1 / (batch * positions) if target[n] >= 0 else 0.0)
        scale = share / sums[n]
        for k in range(row.shape[0]):
            slopes[k] = row[k] * scale
        slopes[max(target[n], 0)] -= share


@kernel(loss="1:float64", p="*N K", flat="*F", sums="*N", gap="*N", x="*N K", target="*N:int32", batch=":int64",
        positions=":int64", weights="K", smoothing="")  # fmt: skip
def forward_weighted(loss, p, flat, sums, gap, x, target, batch, positions, weights, smoothing):
    """Loss = the sum over the rows of weight (log(sum_k e^x_k) - sum_k q_k x_k) / batch, q = smoothed targets."""
    for n in range(x.shape[0]):
        row, shifted = x[n], p[n]
        highest = row[0]
        for k in range(1, row.shape[0]):
            highest = row[k] if row[k] > highest else highest
        below = highest - highest
        for k in range(row.shape[0]):
            shifted[k] = row[k] - highest
            below -= shifted[k]
        gap[n] = highest - row[max(target[n], 0)]
        if smoothing > 0:  # otherwise an x of minus infinity would bring 0 times infinity
            gap[n] += smoothing * (below / like(below, row.shape[0]) - gap[n])
    for i in range(flat.shape[0]):
        flat[i] = exp(flat[i])
    total = 0.0
    for n in range(p.shape[0]):
        row = p[n]
        whole = row[0]
        for k in range(1, row.shape[0]):
            whole += row[k]
        sums[n] = whole
        if target[n] >= 0:
            total += float(weights[target[n]] * (gap[n] + log(whole)))
    loss[0] = total / (batch * positions)


@kernel(dx="*N K", p="*N K", sums="*N", target="*N:int32", batch=":int64", positions=":int64", weights="K", smoothing="")
def backward_weighted(dx, p, sums, target, batch, positions, weights, smoothing):
    """Dx = weight (softmax(x) - q) / batch, q = 1 - smoothing in the column of the class, plus smoothing / K in all."""
    for n in range(dx.shape[0]):
        row, slopes = p[n], dx[n]
        share = weights[max(target[n], 0)] * like(sums[n], 1 / (batch * positions) if target[n] >= 0 else 0.0)
        scale = share / sums[n]
        floor = share * smoothing / like(sums[n], row.shape[0])
        for k in range(row.shape[0]):
            slopes[k] = row[k] * scale - floor
        slopes[max(target[n], 0)] -= share * (like(sums[n], 1.0) - smoothing)


@kernel(loss="1:float64", p="*N K", flat="*F", sums="*N", gap="*N", mass="*N", x="*N K", target="*N K", batch=":int64",
        positions=":int64", weights="K", smoothing="")  # fmt: skip
def forward_shares(loss, p, flat, sums, gap, mass, x, target, batch, positions, weights, smoothing):
    """Loss = the sum over the rows of what forward_weighted says of each class, times the class's share t_k, / batch.

    With u_k = t_k weight_k and mass = sum_k u_k that is mass log(sum_k e^x_k) - sum_k (1 - smoothing) u_k x_k - smoothing
    mass mean(x).
    """
    for n in range(x.shape[0]):
        row, shifted, shares = x[n], p[n], target[n]
        highest = row[0]
        for k in range(1, row.shape[0]):
            highest = row[k] if row[k] > highest else highest
        below = highest - highest
        whole, miss = below, below
        for k in range(row.shape[0]):
            shifted[k] = row[k] - highest
            below -= shifted[k]
            share = shares[k] * weights[k]
            whole += share
            if share != 0:  # otherwise an x of minus infinity would bring 0 times infinity
                miss -= share * shifted[k]
        mass[n], gap[n] = whole, miss
        if smoothing > 0:
            gap[n] += smoothing * (whole * below / like(below, row.shape[0]) - miss)
    for i in range(flat.shape[0]):
        flat[i] = exp(flat[i])
    total = 0.0
    for n in range(p.shape[0]):
        row = p[n]
        whole = row[0]
        for k in range(1, row.shape[0]):
            whole += row[k]
        sums[n] = whole
        total += float(gap[n] + mass[n] * log(whole))
    loss[0] = total / (batch * positions)


@kernel(
    dx="*N K", p="*N K", sums="*N", mass="*N", target="*N K", batch=":int64", positions=":int64", weights="K", smoothing=""
)
def backward_shares(dx, p, sums, mass, target, batch, positions, weights, smoothing):
    """Dx = (mass (softmax(x) - smoothing / K) - (1 - smoothing) u) / batch, u = share times weight of each class."""
    kept = like(smoothing, 1.0) - smoothing
    for n in range(dx.shape[0]):
        row, slopes, shares = p[n], dx[n], target[n]
        share = mass[n] * like(sums[n], 1 / (batch * positions))
        scale, pull = share / sums[n], kept * like(sums[n], 1 / (batch * positions))
        floor = share * smoothing / like(sums[n], row.shape[0])
        for k in range(row.shape[0]):
            slopes[k] = row[k] * scale - floor - pull * shares[k] * weights[k]


class CrossEntropy(Loss):
    """Cross-entropy: the mean over the examples of -log(p of the true class), with p = softmax(x).

    The usual loss of classification with one output for each class: the likelihood of the labels. Computed on the scores
    x that go into the softmax, as log(sum_k e^x_k) - x_class, which neither overflows nor loses a tiny probability. End
    the net in `dense: classes` (it then answers with scores) or in `softmax` after it (it answers with probabilities);
    both train alike. A net that knows nothing has log(K) for K classes. Where the augmentation mixup makes shares of
    classes of the labels, the losses of the classes count by their shares. Sequences with a label at every step have the
    mean over all steps that have one; padding (-1) does not count. Gradient: (p - 1 in the class's column) / B.

        loss: cross_entropy
        loss: {cross_entropy: {label_smoothing: 0.1}}
        loss: {cross_entropy: {class_weights: [1, 5, 1]}}

    Options:

    - label_smoothing: the share e that is smoothed: the target is 1 - e for the class plus e / K for every class, so that
      scores do not grow without end.
    - class_weights: a number for each class, by which an example's loss is multiplied; the mean is still over the
      number of examples, not over the sum of their weights. Left out, all count alike.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.4; label smoothing: Szegedy et al.,
    Rethinking the Inception architecture for computer vision (2016), section 7.
    """

    name = "cross_entropy"
    group = "for classes"
    targets: ClassVar[Literal["labels", "values"]] = "labels"
    absorbs: ClassVar[str | None] = "softmax"
    shares: ClassVar[bool] = True
    at_steps: ClassVar[bool] = True
    label_smoothing: Fraction = 0.0
    class_weights: tuple[Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)], ...] | None = None

    cases: ClassVar[Sequence[LossCase]] = (
        LossCase(),
        LossCase(outputs=2),
        LossCase({"label_smoothing": 0.1}, outputs=4),
        LossCase({"class_weights": [0.5, 2.0, 1.0]}),
        LossCase({"label_smoothing": 0.2, "class_weights": [0.5, 2.0, 1.0]}),
        LossCase(outputs=4, shares=True),
        LossCase(steps=3),
        LossCase(steps=4, gaps=True),
        LossCase({"label_smoothing": 0.2, "class_weights": [0.5, 2.0, 1.0]}, steps=3, gaps=True),
        LossCase({"label_smoothing": 0.2, "class_weights": [0.5, 2.0, 1.0]}, shares=True),
    )

    def check(self, shape: tuple[Dim, ...], wanted: tuple[int, ...], labelled: bool) -> None:
        """At least two outputs, as many as classes, and as many class weights."""
        if shape[-1] == 1:
            raise ShapeError("cross_entropy compares the scores of classes, and the model ends in a single output; "
                             "end it in dense: classes, or take loss: binary_cross_entropy")  # fmt: skip
        super().check(shape, wanted, labelled)
        if self.class_weights is not None and len(self.class_weights) != shape[-1]:
            raise ShapeError(f"cross_entropy has {len(self.class_weights)} class_weights for {shape[-1]} classes; "
                             "give one number for each class, in the order of the labels")  # fmt: skip

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward; other kernels where there is smoothing or weights, or shares of classes."""
        p, sums, gap = net.array(x.shape, "p"), net.array(x.shape[:-1], "sums"), net.array(x.shape[:-1], "gap")
        operands = {"loss": loss, "p": p, "flat": p, "sums": sums, "gap": gap, "x": x, "target": target}
        operands |= answers_of(net, x, target)
        shares = target.dtype != "int32"
        if self.label_smoothing == 0 and self.class_weights is None and not shares:
            net.call(forward, backward=(backward,), **operands)
            return
        weights = net.vector(self.class_weights or (1.0,) * x.features)
        operands |= {"weights": weights, "smoothing": net.constant(self.label_smoothing)}
        if shares:
            net.call(forward_shares, backward=(backward_shares,), mass=net.array(x.shape[:-1], "mass"), **operands)
        else:
            net.call(forward_weighted, backward=(backward_weighted,), **operands)
