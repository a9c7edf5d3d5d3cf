from typing import Annotated

from pydantic import Field

from dllab.catalogue import Part


class Schedule(Part):
    """Base of schedules."""

    warmup: Annotated[int, Field(ge=0)] = 0


class Constant(Schedule):
    """The same rate throughout."""

    name = "constant"


class Cosine(Schedule):
    """Half a cosine."""

    name = "cosine"
    floor: float = 0.0
