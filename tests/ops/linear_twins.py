"""The gradient of a linear layer from its forward twin alone, one input number after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from nets import batch, net, worst_error

from dllab.core.settings import jit_enabled

Array = np.ndarray[Any, Any]


def pulled_back(forward: Callable[[Array], Array], shape: tuple[int, ...], dy: Array) -> Array:
    """What dy says of an input of that shape: the sum of dy times what each single 1 in the input gives."""
    found = np.zeros(shape)
    for index in np.ndindex(*shape):
        one = np.zeros(shape)
        one[index] = 1.0
        found[index] = float((forward(one) * dy).sum())
    return found


def ramp(shape: tuple[int, ...], seed: int = 0, precision: str = "float64") -> Array:
    """Random numbers of that shape."""
    return np.random.default_rng(seed).normal(size=shape).astype(precision)


def check_forward(layer: Any, shape: tuple[int, ...], expected: Callable[[Array, dict[str, Array]], Array]) -> None:
    """What a layer makes of inputs (B, ...), in both precisions, in training and at inference; parameters by short name."""
    for precision, near in (("float32", 2e-5), ("float64", 1e-12)):
        network = net([layer], list(shape[1:]), precision, batch=shape[0])
        x, _ = batch(network, shape[0])
        named = {label.rpartition(".")[2]: values.astype("float64") for label, values in network.parameters.items()}
        wanted = expected(x.astype("float64"), named)
        assert network.output_shape == wanted.shape[1:]
        for training in (False, True):
            np.testing.assert_allclose(network.forward(x, training), wanted, rtol=near, atol=near)


def check_gradients(layer: Any, shape: tuple[int, ...], shards: int = 1) -> None:
    """Gradients of the layer and of one below it: against differences, and those of float32 against float64."""
    model = [{"dense": {"units": shape[-1], "init": "orthogonal"}}, "tanh", layer, "tanh"]
    rows = shape[0]
    fine, coarse = (net(model, list(shape[1:]), p, batch=rows, shards=shards) for p in ("float64", "float32"))
    weights = sum(values.size for values in fine.parameters.values())
    if jit_enabled() or weights * np.prod(shape) < 1500:  # plain Python is slow, and differences take every weight
        assert worst_error(fine, rows) < 1e-7
    for label, values in fine.parameters.items():
        coarse.parameters[label][...] = values
    x, y = batch(fine, rows)
    of_fine, of_coarse = fine.loss_and_gradients(x, y)[1], coarse.loss_and_gradients(x.astype("f"), y.astype("f"))[1]
    for label, gradient in of_fine.items():
        size = np.abs(gradient).max()
        np.testing.assert_allclose(of_coarse[label], gradient, rtol=1e-4, atol=2e-5 * size, err_msg=label)
