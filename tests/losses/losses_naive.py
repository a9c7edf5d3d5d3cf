"""The losses again in plain numpy, float64, straight from their formulas; and one loss of the lab run on arrays.

`naive(name, x, target, **options)` returns the loss and its gradient by x (B, K).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from kernels import run

from dllab.catalogue import find


def one_hot(target, columns):
    if columns == 1:
        return (target == 1).astype(float)[:, None]
    return np.eye(columns)[target] * (target >= 0)[:, None]


def naive(name, x, target, **options):
    x = np.asarray(x, np.float64)
    return FORMULAS[name](x, np.asarray(target), **options)


def mse(x, target):
    return np.mean((x - target) ** 2), 2 * (x - target) / x.size


def mae(x, target):
    return np.mean(np.abs(x - target)), np.sign(x - target) / x.size


def huber(x, target, delta=1.0):
    miss = x - target
    far = np.abs(miss) > delta
    loss = np.where(far, delta * (np.abs(miss) - delta / 2), miss**2 / 2)
    return np.mean(loss), np.where(far, delta * np.sign(miss), miss) / x.size


def cross_entropy(x, target, label_smoothing=0.0, class_weights=None):
    shape, columns = x.shape, x.shape[-1]
    x, target = x.reshape(-1, columns), target.reshape(-1)
    counts = target >= 0  # -1: no label here
    rows = max(counts.sum(), 1)
    wanted = (1 - label_smoothing) * one_hot(target, columns) + label_smoothing / columns
    weights = counts * (1.0 if class_weights is None else np.asarray(class_weights)[target])
    shifted = x - x.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    slopes = weights[:, None] * (np.exp(logs) - wanted) / rows
    return -np.sum(weights[:, None] * wanted * logs) / rows, slopes.reshape(shape)


def binary_cross_entropy(x, target, label_smoothing=0.0, positive_weight=1.0):
    shape, columns = x.shape, x.shape[-1]
    x, target = x.reshape(-1, columns), target.reshape(-1)
    counts = (target >= 0)[:, None]
    total = max(counts.sum(), 1) * columns
    yes = one_hot(target, x.shape[1]) * (1 - label_smoothing) + label_smoothing / 2
    losses = positive_weight * yes * np.logaddexp(0, -x) + (1 - yes) * np.logaddexp(0, x)
    p = np.where(x < 0, np.exp(-np.abs(x)), 1) / (1 + np.exp(-np.abs(x)))
    q = np.where(x > 0, np.exp(-np.abs(x)), 1) / (1 + np.exp(-np.abs(x)))
    slopes = counts * ((1 - yes) * p - positive_weight * yes * q) / total
    return np.sum(counts * losses) / total, slopes.reshape(shape)


def perceptron(x, target):
    sign = 2 * one_hot(target, x.shape[1]) - 1
    wrong = sign * x <= 0
    return np.sum(np.maximum(0, -sign * x)) / len(x), np.where(wrong, -sign, 0) / len(x)


def negative_sampling(x, target):
    signs = np.where(np.arange(x.shape[1]) == 0, 1, -1)
    loss = np.logaddexp(0, -signs * x).sum() / max(len(x), 1)
    return loss, -signs / (1 + np.exp(signs * x)) / max(len(x), 1)


def glove(x, target, x_max=100.0, alpha=0.75):
    there = target > 0
    counts = np.where(there, np.asarray(target, np.float64), 1.0)
    shares = np.where(there, np.minimum(1, (counts / x_max) ** alpha), 0)
    return np.mean(shares * (x - np.log(counts)) ** 2), 2 * shares * (x - np.log(counts)) / x.size


FORMULAS = {
    f.__name__: f for f in (mse, mae, huber, cross_entropy, binary_cross_entropy, perceptron, negative_sampling, glove)
}


class Held:
    """What a loss sees as a Value: an array with its shape."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.counted = array, array.shape, str(array.dtype), None

    @property
    def features(self):
        return self.shape[-1]


class Runner:
    """What a loss sees as the plan: rows are run at once, on arrays."""

    training, shards = True, 1

    def __init__(self, x, target, precision, batch):
        self.precision, self.batch = precision, batch
        self.loss = Held(np.full(1, np.nan))
        self.dx = np.full_like(x, np.nan)
        self.x, self.target = Held(x), Held(target)
        if target.dtype == np.int32 and (target < 0).any():
            self.target.counted = max(int((target >= 0).sum()), 1)

    def array(self, shape, name="y", dtype="T"):
        return Held(np.full(shape, np.nan, self.precision if dtype == "T" else dtype))

    def constant(self, value):
        return float(value)

    def whole(self, value):
        return int(value)

    def vector(self, values):
        return Held(np.asarray(values, self.precision))

    def counter(self, name):
        assert name == "batch"
        return self.batch

    def call(self, kernel, *, backward=(), **operands):
        given: dict[str, Any] = {n: v.array if isinstance(v, Held) else v for n, v in operands.items()}
        for each in (kernel, *backward):
            named = {o.name: seen(given.get(o.name, self.dx), o.dims) for o in each.operands}
            run(each, self.precision, **named)


def seen(operand, dims):
    """An array with its leading axes joined, as a kernel of these dimensions sees it; numbers as they are."""
    if not dims or not dims[0].startswith("*"):
        return operand
    rest = operand.shape[operand.ndim - len(dims) + 1 :]
    return operand.reshape(operand.size // max(int(np.prod(rest)), 1), *rest)


def compiled(name, x, target, precision="float64", batch=None, **options):
    """The loss of the lab, forward and backward: (loss, dx). `batch`: the rows of the whole batch, if there are more."""
    x = np.ascontiguousarray(x, precision)
    target = np.asarray(target)
    target = np.ascontiguousarray(target, "int32" if target.dtype.kind == "i" else precision)
    runner = Runner(x, target, precision, batch or len(x))
    part = find("losses", name)(**{k: tuple(v) if isinstance(v, list) else v for k, v in options.items()})
    part.build(runner, runner.x, runner.target, runner.loss)
    return float(runner.loss.array[0]), runner.dx
