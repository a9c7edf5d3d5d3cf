"""Stand-in augmentations."""

from typing import Annotated

from pydantic import Field

from dllab.catalogue import Part


class Augmentation(Part):
    """Base of augmentations."""

    probability: Annotated[float, Field(ge=0, le=1)] = 1.0


class Shift(Augmentation):
    """Moved."""

    name = "shift"
    main = "pixels"
    pixels: Annotated[int, Field(ge=0)] = 2


class Flip(Augmentation):
    """Mirrored."""

    name = "flip"
