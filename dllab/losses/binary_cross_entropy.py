"""Binary cross-entropy: minus the logarithm of the probability given to the right answer, yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from dllab.catalogue import Fraction
from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.vecmath import exp, softplus
from dllab.losses.loss import Loss, LossCase, answers_of
from dllab.symbols import Net, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray


@device
def surprise(x, yes, no):
    """Return yes * -log(sigmoid(x)) + no * -log(1 - sigmoid(x)), each without cancellation at either end."""
    zero = like(x, 0.0)
    above, below = (zero if x < zero else x), (-x if x < zero else zero)
    return (yes + no) * softplus(-abs(x)) + no * above + yes * below


@device
def slope(x, yes, no):
    """The derivative of `surprise` by x: no * sigmoid(x) - yes * sigmoid(-x)."""
    zero, one = like(x, 0.0), like(x, 1.0)
    power = exp(-abs(x))
    larger = one / (one + power)
    smaller = power * larger
    return (no * smaller - yes * larger) if x < zero else (no * larger - yes * smaller)


@kernel(
    loss="1:float64", x="*F", target="*N:int32", batch=":int64", positions=":int64", columns="", smoothing="", positive=""
)
def forward(loss, x, target, batch, positions, columns, smoothing, positive):
    """Loss = the sum of -positive q log(s(x)) - (1 - q) log(1 - s(x)) / (batch positions columns), q smoothed 0 or 1."""
    width = int(columns)
    low = smoothing * like(smoothing, 0.5)
    high = like(smoothing, 1.0) - low
    yes_1, no_1, yes_0, no_0 = positive * high, low, positive * low, high
    total = 0.0
    if width == 1:  # a single column is that of class 1: one loop over the batch
        for n in range(x.shape[0]):
            right = target[n] == 1
            score = float(surprise(x[n], yes_1 if right else yes_0, no_1 if right else no_0))
            total += score if target[n] >= 0 else 0.0
    else:
        for n in range(target.shape[0]):
            row, part = x[n * width : (n + 1) * width], 0.0
            for k in range(row.shape[0]):
                right = target[n] == k
                part += float(surprise(row[k], yes_1 if right else yes_0, no_1 if right else no_0))
            total += part if target[n] >= 0 else 0.0
    loss[0] = total / (batch * positions * width)


@kernel(dx="*F", x="*F", target="*N:int32", batch=":int64", positions=":int64", columns="", smoothing="", positive="")
def backward(dx, x, target, batch, positions, columns, smoothing, positive):
    """Dx = ((1 - q) s(x) - positive q (1 - s(x))) / (batch positions columns)."""
    width = int(columns)
    share = like(smoothing, 1 / (batch * positions * width))
    low = smoothing * like(smoothing, 0.5)
    high = like(smoothing, 1.0) - low
    yes_1, no_1, yes_0, no_0 = positive * high * share, low * share, positive * low * share, high * share
    if width == 1:
        for n in range(dx.shape[0]):
            right = target[n] == 1
            tilt = slope(x[n], yes_1 if right else yes_0, no_1 if right else no_0)
            dx[n] = tilt if target[n] >= 0 else like(tilt, 0.0)
    else:
        for n in range(target.shape[0]):
            row, slopes = x[n * width : (n + 1) * width], dx[n * width : (n + 1) * width]
            for k in range(row.shape[0]):
                right = target[n] == k
                tilt = slope(row[k], yes_1 if right else yes_0, no_1 if right else no_0)
                slopes[k] = tilt if target[n] >= 0 else like(tilt, 0.0)


@kernel(loss="1:float64", x="*F", target="*F", batch=":int64", positions=":int64", columns="", smoothing="", positive="")
def forward_shares(loss, x, target, batch, positions, columns, smoothing, positive):
    """Loss = the sum of -positive q log(s(x)) - (1 - q) log(1 - s(x)) / (batch positions columns), q the smoothed share."""
    low = smoothing * like(smoothing, 0.5)
    kept, one = like(smoothing, 1.0) - smoothing, like(smoothing, 1.0)
    total = 0.0
    for i in range(x.shape[0]):
        q = kept * target[i] + low
        total += float(surprise(x[i], positive * q, one - q))
    loss[0] = total / (batch * positions * int(columns))


@kernel(dx="*F", x="*F", target="*F", batch=":int64", positions=":int64", columns="", smoothing="", positive="")
def backward_shares(dx, x, target, batch, positions, columns, smoothing, positive):
    """Dx = ((1 - q) s(x) - positive q (1 - s(x))) / (batch positions columns)."""
    share = like(smoothing, 1 / (batch * positions * int(columns)))
    low = smoothing * like(smoothing, 0.5)
    kept, one = like(smoothing, 1.0) - smoothing, like(smoothing, 1.0)
    for i in range(dx.shape[0]):
        q = kept * target[i] + low
        dx[i] = slope(x[i], positive * q * share, (one - q) * share)


class BinaryCrossEntropy(Loss):
    """Binary cross-entropy: the mean of -log(p) where the answer is yes and -log(1 - p) where it is no, p = sigmoid(x).

    One output says how likely class 1 is, in data of two classes. With an output for each class every one answers "my
    class or not" by itself (one against the rest), and the mean is over the examples and the outputs; where shares of
    the classes are asked for, as by perplexity, these answers are divided by their sum. Computed on the scores x that
    go into the sigmoid, as max(x, 0) - x [yes] + log(1 + e^-|x|), which never overflows. End the net in `sigmoid` (it
    then answers with probabilities) or without it (it answers with scores, above 0 for yes); both train alike. A net
    that knows nothing has log(2). Gradient: (p - [yes]) / (B K) for B examples of K outputs.

        model: [{dense: 8}, tanh, {dense: 1}, sigmoid]
        loss: binary_cross_entropy

    Options:

    - label_smoothing: the share e that is smoothed: the target is 1 - e / 2 for yes and e / 2 for no.
    - positive_weight: how much more a yes counts than a no, for a rare class 1; it multiplies the term -log(p).

    Source: Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.2.
    """

    name = "binary_cross_entropy"
    group = "for classes"
    targets: ClassVar[Literal["labels", "values"]] = "labels"
    absorbs: ClassVar[str | None] = "sigmoid"
    shares: ClassVar[bool] = True
    at_steps: ClassVar[bool] = True
    label_smoothing: Fraction = 0.0
    positive_weight: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 1.0

    cases: ClassVar[Sequence[LossCase]] = (
        LossCase(outputs=1),
        LossCase(outputs=3),
        LossCase({"label_smoothing": 0.1, "positive_weight": 3.0}, outputs=1),
        LossCase({"label_smoothing": 0.1, "positive_weight": 3.0}, outputs=3),
        LossCase({"label_smoothing": 0.1, "positive_weight": 3.0}, outputs=3, shares=True),
        LossCase({"positive_weight": 3.0}, outputs=1, steps=4, gaps=True),
        LossCase({"label_smoothing": 0.1}, outputs=3, steps=3, gaps=True),
    )

    def answers(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Scores as probabilities."""
        import numpy as np

        power = np.exp(-np.abs(outputs))
        probabilities: NDArray[Any] = np.where(outputs < 0, power, 1) / (1 + power)
        return probabilities

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward; other kernels for shares of classes."""
        smoothing, positive = net.constant(self.label_smoothing), net.constant(self.positive_weight)
        kernels = (forward, backward) if target.dtype == "int32" else (forward_shares, backward_shares)
        net.call(kernels[0], backward=kernels[1:], loss=loss, x=x, target=target, columns=net.constant(x.features),
                 smoothing=smoothing, positive=positive, **answers_of(net, x, target))  # fmt: skip
