from typing import Annotated

from pydantic import Field

from dllab.catalogue import Part


class Xavier(Part):
    """Glorot and Bengio 2010."""

    name = "xavier"


class Normal(Part):
    """Normal numbers."""

    name = "normal"
    main = "deviation"
    deviation: Annotated[float, Field(gt=0)]
