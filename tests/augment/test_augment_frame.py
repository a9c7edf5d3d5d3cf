"""What is known of the inputs' shape: pictures, flat or not, signals, tables."""

from __future__ import annotations

import pytest

from dllab.augment.frame import Frame, frame_of

PIXELS = tuple(f"row {i} column {j}" for i in range(4) for j in range(6))
COLOURED = tuple(f"{name} {colour}" for name in PIXELS for colour in ("red", "green", "blue"))
TIMES = tuple(f"t{i}" for i in range(8))


@pytest.mark.parametrize(
    ("shape", "features", "frame"),
    [
        ((4, 6), PIXELS, Frame("picture", 4, 6, 1)),
        ((4, 6, 1), PIXELS, Frame("picture", 4, 6, 1)),
        ((24,), PIXELS, Frame("picture", 4, 6, 1)),
        ((4, 6, 3), COLOURED, Frame("picture", 4, 6, 3)),
        ((72,), COLOURED, Frame("picture", 4, 6, 3)),
        ((4, 6, 3), tuple(f"x{i}" for i in range(72)), Frame("picture", 4, 6, 3)),
        ((2, 4), tuple(f"x{i}" for i in range(8)), Frame("picture", 2, 4, 1)),
        ((8,), TIMES, Frame("signal", 1, 8, 1)),
        ((8, 1), TIMES, Frame("signal", 1, 8, 1)),
        ((4, 2), ("t0 a", "t0 b", "t1 a", "t1 b", "t2 a", "t2 b", "t3 a", "t3 b"), Frame("signal", 1, 4, 2)),
        ((8,), tuple(f"x{i}" for i in range(8)), Frame("signal", 1, 8, 1)),
        ((3,), ("x1", "x2", "x3"), Frame("table", 1, 3, 1)),
        ((2,), ("x0", "x1"), Frame("table", 1, 2, 1)),
        ((3,), ("age", "height", "t0"), Frame("table", 1, 3, 1)),
    ],
)
def test_frames(shape: tuple[int, ...], features: tuple[str, ...], frame: Frame) -> None:
    found = frame_of(shape, features)
    assert found == frame and found.size == len(features)


def test_in_words() -> None:
    said = [str(frame_of(s, f)) for s, f in (((24,), PIXELS), ((72,), COLOURED), ((8,), TIMES), ((2,), ("a", "b")))]
    assert said == ["4 x 6 pixels", "4 x 6 pixels of 3 channels", "8 points in time", "2 numbers of a table"]
