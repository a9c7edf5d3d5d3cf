"""Muon: momentum whose matrices are made orthogonal before the step."""

from __future__ import annotations

import dataclasses
import math

from dllab.catalogue import Rate
from dllab.core.bits import like, sqrt
from dllab.core.blas import gemm
from dllab.core.kernel import kernel
from dllab.optim.adam import beta_operands, move
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Beta, Epsilon, Strength
from dllab.symbols import Dim, Value

ITERATIONS = 5
QUINTIC = (3.4445, -4.7750, 2.0315)
"""s -> 3.4445 s - 4.775 s^3 + 2.0315 s^5 takes singular values from (0, 1] to about 0.7 to 1.2, small ones fast."""

TINY = 1e-7


@kernel(x="P", v="P", g="P", beta="")
def look_ahead(x, v, g, beta):
    """V = beta v + g; x = g + beta v, divided by its norm."""
    total = like(beta, 0.0)
    for i in range(x.shape[0]):
        v[i] = beta * v[i] + g[i]
        x[i] = g[i] + beta * v[i]
        total += x[i] * x[i]
    scale = like(beta, 1.0) / (sqrt(total) + like(beta, TINY))
    for i in range(x.shape[0]):
        x[i] *= scale


@kernel(x="R C", y="R C", a="S S", b="S S")
def orthogonalise(x, y, a, b):
    """Bring all singular values of x (at most 1) near 1. S is the smaller of R and C; y, a, b are scratch.

    Newton and Schulz: a = x x', b = q1 a + q2 a a, x = q0 x + b x; where x is tall a = x' x and x = q0 x + x b instead.
    """
    tall = x.shape[0] > x.shape[1]
    for _ in range(ITERATIONS):
        gemm(a, x, x, tall, not tall, False)
        gemm(b, a, a, False, False, False)
        for r in range(b.shape[0]):
            products, squares = b[r], a[r]
            for c in range(products.shape[0]):
                one = products[c]
                products[c] = like(one, QUINTIC[1]) * squares[c] + like(one, QUINTIC[2]) * one
        if tall:
            gemm(y, x, b, False, False, False)
        else:
            gemm(y, b, x, False, False, False)
        for r in range(x.shape[0]):
            row, more = x[r], y[r]
            for c in range(row.shape[0]):
                row[c] = like(row[c], QUINTIC[0]) * row[c] + more[c]


@kernel(p="P", x="P", lr="", scale="", decay="")
def update(p, x, lr, scale, decay):
    """P = (1 - lr decay) p - lr scale x."""
    keep = like(lr, 1.0) - lr * decay
    step = lr * scale
    for i in range(p.shape[0]):
        p[i] = keep * p[i] - step * x[i]


@kernel(
    p="P", m="P", v="P", g="P", lr="", share="", beta1="", rest1="", log1="", beta2="", rest2="", log2="", eps="",
    decay="", t=":int64",
)  # fmt: skip
def update_rest(p, m, v, g, lr, share, beta1, rest1, log1, beta2, rest2, log2, eps, decay, t):
    """Adam with `share` of the learning rate."""
    move(p, m, v, g, lr * share, beta1, rest1, log1, beta2, rest2, log2, eps, decay, t)


class Muon(Optimizer):
    """Muon: for a weight matrix, v = beta * v + g, then p -= lr * s * U V' where g + beta * v = U S V' (its SVD).

    The step has all singular values near 1 (0.7 to 1.2), so directions that the gradient hardly shows are learnt as fast
    as the loudest; s = sqrt(max(1, outputs / inputs)) suits the step to the shape. U V' is found by five Newton-Schulz
    rounds of three small matrix products each, no SVD. Only parameters of two axes are matrices; the rest (biases, gains,
    filters of convolutions) moves by adam, whose rate starts at `rest_lr` and follows the same schedule.

        optimizer: {muon: 0.02}
        optimizer: {name: muon, lr: 0.02, rest_lr: 0.003, weight_decay: 0.1}

    Options:

    - beta: how much of the velocity a step keeps.
    - rest_lr: learning rate of adam for all that is no matrix.
    - beta1: how much of the mean gradient adam's step keeps.
    - beta2: how much of the mean square adam's step keeps.
    - eps: adam's guard against dividing by 0.
    - weight_decay: share of a weight that a step takes away, times lr; biases and gains do not decay.

    Source: Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024), with Nesterov momentum; the decay
    as in Liu et al., Muon is scalable for LLM training (2025).
    """

    name = "muon"
    whole_matrices = True
    lr: Rate = 0.02
    beta: Beta = 0.95
    rest_lr: Rate = 0.001
    rate_apart = False  # adam's share of it is worked out beforehand
    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-8
    weight_decay: Strength = 0.0

    def build(self, group: Group) -> None:
        """Three rows for every matrix, one for every other parameter."""
        for matrix, shape in group.matrices():
            self._build_matrix(matrix, *shape)
        for rest in group.rest():
            self._build_rest(rest)

    def _build_matrix(self, group: Group, inputs: int, outputs: int) -> None:
        small = min(inputs, outputs)
        x, y, a, b = (group.scratch(name) for name in ("x", "y", "a", "b"))
        beta = group.constant(self.beta)
        group.call(look_ahead, x=x, v=group.slot("m"), g=group.g, beta=beta)
        group.call(
            orthogonalise, x=_seen_as(x, inputs, outputs), y=_seen_as(y, inputs, outputs),
            a=_seen_as(a, small, small), b=_seen_as(b, small, small),
        )  # fmt: skip
        scale = group.constant(math.sqrt(max(1.0, outputs / inputs)))
        group.call(update, p=group.p, x=x, lr=group.lr, scale=scale, decay=self._decay(group))

    def _build_rest(self, group: Group) -> None:
        group.call(
            update_rest, p=group.p, m=group.slot("m"), v=group.slot("v"), g=group.g, lr=group.lr,
            share=group.constant(self.rest_lr / self.lr), **beta_operands(group, self.beta1, self.beta2),
            eps=group.constant(self.eps), decay=self._decay(group), t=group.update(),
        )  # fmt: skip

    def _decay(self, group: Group) -> Value:
        return group.constant(self.weight_decay if group.decays else 0.0)


def _seen_as(flat: Value, *shape: Dim) -> Value:
    """The same memory, or its beginning, under another shape."""
    return dataclasses.replace(flat, shape=shape)
