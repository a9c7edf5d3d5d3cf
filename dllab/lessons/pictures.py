"""What lessons draw, as plain data; dllab/views/lesson_pictures.py draws it. What another view of the lab draws already,
such as a boundary (lab.plane_map.PlaneMap), is handed over as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Lines:
    """Curves by name, each of its x and y. `log`: a logarithmic scale. `log_x`: x is drawn by its logarithm.

    `x`, `y`: what the axes are. `points`: names that are drawn as points. `you`: the axis on which a guess is drawn;
    `you_at`: the x of a guess on the y axis (None: all of them). `marks`: letters below the axis and their x. `with_x`,
    `with_y`: what the scales hold, too, so that a picture can be compared with another. `decades`: that a logarithmic scale
    spans at most; smaller values lie on its lower end.
    """

    title: str
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]]
    x: str = "epoch"
    y: str = ""
    log: bool = False
    log_x: bool = False
    points: Sequence[str] = ()
    you: Literal["x", "y", ""] = ""
    you_at: float | None = None
    marks: Mapping[str, float] = field(default_factory=dict)
    height: int = 12
    decades: int = 12
    with_x: Sequence[float] = ()
    with_y: Sequence[float] = ()


@dataclass(frozen=True, eq=False)
class Bars:
    """Numbers by name as bars; `spread`: least and greatest of each. `you`: whether a guess is drawn as a bar, too.

    `beside`: numbers of a picture that this one is compared with.
    """

    title: str
    values: Mapping[str, float]
    unit: str = ""
    log: bool = False
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    you: bool = False
    beside: Sequence[float] = ()


@dataclass(frozen=True, eq=False)
class Heat:
    """A matrix (R, C) in colours; `signed`: 0 in the middle. `numbers`: written into the cells."""

    title: str
    values: NDArray[Any]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    signed: bool = False
    numbers: bool = False
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Paths:
    """Ways over a surface: `heights` (N, M) over x (M,) and y (N,), and by name the places (K, 2) that were visited."""

    title: str
    x: NDArray[Any]
    y: NDArray[Any]
    heights: NDArray[Any]
    paths: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unit_x: str = ""
    unit_y: str = ""
    name: str = "loss"


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures (N, H, W) with names above and captions below. `own`: each on its own scale."""

    title: str
    images: NDArray[Any]
    names: Sequence[str] = ()
    captions: Sequence[str] = ()
    signed: bool = False
    own: bool = False
    zoom: int = 1


@dataclass(frozen=True, eq=False)
class Histogram:
    """How numbers lie: values, counted into `bins` from `low` to `high` (None: their own ends)."""

    title: str
    values: ArrayLike
    bins: int = 32
    low: float | None = None
    high: float | None = None
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Titled:
    """A picture that has no title of its own, such as a boundary, with one above it."""

    title: str
    picture: Any


@dataclass(frozen=True, eq=False)
class Grid:
    """Pictures beside each other, where there is room."""

    pictures: Sequence[Any]
    least: int = 36


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of texts and numbers under their headings."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Trace:
    """One quantity, four ways: in the formula, in a line of the lab's code, as a number of this run, in the picture.

    `code`: a file below dllab/ and what stands in one of its lines.
    """

    quantity: str
    formula: str
    code: tuple[str, str]
    number: str
    picture: str
