from typing import Annotated

from pydantic import Field, model_validator

from dllab.catalogue import Fraction, Nested, Part, Rate, Size


class Adam(Part):
    """Adam."""

    name = "adam"
    main = "lr"
    lr: Rate = 0.001
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)


class Sgd(Part):
    """Gradient descent."""

    name = "sgd"
    main = "lr"
    lr: Rate
    momentum: Fraction = 0.0
    nesterov: bool = False

    @model_validator(mode="after")
    def _needs_momentum(self) -> "Sgd":
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class ClipNorm(Part):
    """Bounds the norm of the gradient."""

    name = "clip_norm"
    main = "limit"
    limit: Annotated[float, Field(gt=0)]


class Lookahead(Part):
    """Slow weights behind another optimizer."""

    name = "lookahead"
    main = "inner"
    inner: Annotated[Part, Nested("optimizers")]
    every: Size = 5
