"""Branches: paths side by side over one input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dllab.catalogue import Nested
from dllab.ops.join import Join, joined
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value


class Branches(Layer):
    """Branches: several paths of layers over the same input, their outputs put side by side or added up.

    concat: y = (p1(x), p2(x), ...) along the last axis; add: y = p1(x) + p2(x) + .... Use it for views of the input that
    should not share layers (a wide path beside a deep one, kernels of several sizes). To join layers that stand apart, let
    each path begin with its own `from:`.

        - branches: [[dense: 16, relu], [dense: 4, tanh]]
        - branches: {paths: [[dense: 8], [dense: 16, relu, dense: 8]], join: add}
        - dense: {units: 8, name: left}
        - dense: {units: 4, name: right, from: input}
        - branches: [[identity: {from: left}], [identity: {from: right}]]

    Parameters are named after path and place: `1_branches.0.0_dense.w`.

    Options:

    - paths: two or more lists of layers.
    - join: concat puts the outputs side by side (paths may differ in the last axis), add sums them.

    Source: Szegedy and others, Going deeper with convolutions (2015), section 4.
    """

    name = "branches"
    group = "blocks and paths"
    main = "paths"
    paths: Annotated[tuple[tuple[Any, ...], ...], Nested("layers"), Field(min_length=2)]
    join: Join = "concat"

    cases: ClassVar[Sequence[Case]] = (
        Case({"paths": [[{"dense": 2}], [{"dense": 3}], [{"dense": 1}]]}),
        Case({"paths": [[{"dense": 3}], [{"dense": 2}, {"dense": 3}], [{"dense": 3}]], "join": "add"}),
        Case({"paths": [[{"dense": 2}], [{"dense": 3}]]}, shape=(2, 4)),
        Case(
            {"paths": [[{"conv": {"units": 2, "padding": "same"}}], [{"conv": {"units": 1, "kernel": 1}}]]}, shape=(3, 4, 2)
        ),
    )

    def build(self, net: Net, x: Value) -> Value:
        """The paths one after the other, then the rows that join them."""
        ends = [net.layers(path, x, str(number)) for number, path in enumerate(self.paths)]
        return joined(net, ends, self.join)
