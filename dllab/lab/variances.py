"""How the variance of activations, and of gradients, goes from layer to layer."""

from __future__ import annotations

from collections.abc import Sequence

from dllab.lab.activations import activations
from dllab.lab.gradients import gradients
from dllab.lab.subject import Subject


def variances(net: Subject, kinds: Sequence[str] = ("relu", "tanh")) -> tuple[list[float], list[float]]:
    """Of the outputs of each layer of these kinds, and the mean squares of the gradients by them, first layer first.

    Gradients are those of one batch, summed over a layer's outputs: comparable between layers of one width.
    """
    found = {layer.path: layer.spread**2 for layer in activations(net, "train").layers if layer.kind in kinds}
    sizes = {layer.path: layer.size for layer in gradients(net).layers if layer.size is not None}
    return list(found.values()), [float(sizes[path][0]) ** 2 for path in found]
