"""Layers without layers inside."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dllab.catalogue import Fraction, Nested, Part, Size


class Dense(Part):
    """Fully connected: y = x w + b."""

    name = "dense"
    main = "units"
    units: Size | Literal["classes", "features"]
    bias: bool = True
    init: Annotated[Part | None, Nested("initializers")] = None


class Tanh(Part):
    """y = tanh x."""

    name = "tanh"


class LeakyRelu(Part):
    """y = x where x > 0, slope * x elsewhere."""

    name = "leaky_relu"
    main = "slope"
    slope: Annotated[float, Field(ge=0, le=1)] = 0.01


class Dropout(Part):
    """Zeroes a fraction of its inputs."""

    name = "dropout"
    main = "rate"
    rate: Fraction = 0.5


class Conv(Part):
    """Two-dimensional convolution."""

    name = "conv2d"
    filters: Size
    kernel: tuple[Size, Size] = (3, 3)
    padding: Literal["same", "valid"] = "valid"


class Attention(Part):
    """Self-attention."""

    name = "attention"
    width: Size
    heads: Size = 1

    @model_validator(mode="after")
    def _divides(self) -> Attention:
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        return self


class Lstm(Part):
    """Long short-term memory."""

    name = "lstm"
    main = "units"
    units: Size
