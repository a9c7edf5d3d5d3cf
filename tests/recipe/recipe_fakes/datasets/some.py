from dllab.catalogue import Fraction, Part, Size


class Spirals(Part):
    """Arms wound around each other."""

    name = "spirals"
    main = "classes"
    classes: Size = 3
    noise: float = 0.2
    samples: Size = 900
    test: Fraction = 0.25


class Moons(Part):
    """Two half circles."""

    name = "moons"
    noise: float = 0.1
