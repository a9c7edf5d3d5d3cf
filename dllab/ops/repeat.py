"""Repeat: the same layers several times over, each time with parameters of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dllab.catalogue import Nested
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value


class Repeat(Layer):
    """Repeat: y = f_n(... f_2(f_1(x))), every f_k being the inner layers anew.

    A short way to write a deep net. The repetitions share nothing: each has its own parameters, drawn on their own. The
    inner layers must take what they give, except that the first time they may change the shape (`dense: 32` on 4 inputs).

        - repeat: {times: 4, layers: [dense: 32, relu]}
        - repeat: {times: 8, layers: [residual: [layer_norm, relu, dense: 32]]}

    Parameters are named after repetition and place: `2_repeat.0.0_dense.w`, `2_repeat.1.0_dense.w`, and so on.

    Options:

    - times: how often the layers follow each other.
    - layers: what is repeated.

    Source: Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition (2015), whose nets
    are such stacks.
    """

    name = "repeat"
    group = "blocks and paths"
    times: Annotated[int, Field(ge=1, le=1000)]
    layers: Annotated[tuple[Any, ...], Nested("layers")]

    cases: ClassVar[Sequence[Case]] = (
        Case({"times": 3, "layers": [{"dense": 4}]}),
        Case({"times": 2, "layers": [{"residual": [{"dense": 5}]}]}),
    )

    def build(self, net: Net, x: Value) -> Value:
        """The inner layers, `times` times."""
        for repetition in range(self.times):
            x = net.layers(self.layers, x, str(repetition))
        return x
