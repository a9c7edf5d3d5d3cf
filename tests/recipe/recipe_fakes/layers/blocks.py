"""Layers with layers inside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from dllab.catalogue import Nested, Part, Size


class Residual(Part):
    """y = x + f(x)."""

    name = "residual"
    main = "layers"
    layers: Annotated[tuple[Any, ...], Nested("layers")]
    scale: float = 1.0


class Repeat(Part):
    """The same layers several times."""

    name = "repeat"
    times: Size
    layers: Annotated[tuple[Any, ...], Nested("layers")]


class Branches(Part):
    """Side by side."""

    name = "branches"
    main = "paths"
    paths: Annotated[tuple[tuple[Any, ...], ...], Nested("layers")]
    join: Literal["add", "concat"] = "concat"


class Bidirectional(Part):
    """One layer in both directions."""

    name = "bidirectional"
    main = "layer"
    layer: Annotated[Part, Nested("layers")]
    join: Literal["add", "concat"] = "concat"
