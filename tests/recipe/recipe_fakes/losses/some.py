from typing import Annotated

from pydantic import Field

from dllab.catalogue import Part


class CrossEntropy(Part):
    """Cross-entropy."""

    name = "cross_entropy"


class Mse(Part):
    """Mean squared error."""

    name = "mse"


class Huber(Part):
    """Huber loss."""

    name = "huber"
    main = "delta"
    delta: Annotated[float, Field(gt=0)] = 1.0
