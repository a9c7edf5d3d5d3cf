"""Reading the data files in `datasets/`: tables, images and arrays, checked against the shape they must have."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dllab.places import folder


@contextmanager
def reading(file: str) -> Iterator[Path]:
    """The path of a shipped data file; turns whatever goes wrong with it into a ValueError that names it."""
    try:
        path = folder("datasets") / file
    except FileNotFoundError as error:
        raise ValueError(str(error)) from None
    try:
        yield path
    except FileNotFoundError:
        raise ValueError(f"data file {path} is missing; reinstall dllab") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError(f"data file {path} is damaged: {error}; reinstall dllab") from error


def table(path: Path, shape: tuple[int, int], dtype: DTypeLike, header: str | None = None) -> NDArray[Any]:
    """A comma-separated table of numbers, plain or gzipped, as (rows, columns).

    header: what the first line must say where it is not numbers. Raises ValueError where the shape or header differ,
    and OSError, EOFError or zlib.error where it cannot be read.
    """
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("ascii").splitlines()
    if header is not None and lines[:1] != [header]:
        raise ValueError(f"its first line must be {header!r}")
    rows = lines if header is None else lines[1:]
    if len(rows) != shape[0]:
        raise ValueError(f"it has {len(rows)} rows, not {shape[0]}")
    numbers = np.loadtxt(rows, delimiter=",", dtype=dtype, ndmin=2)
    if numbers.shape != shape:
        raise ValueError(f"it has {numbers.shape[1]} columns, not {shape[1]}")
    return numbers


def arrays(path: Path, *names: str) -> list[NDArray[Any]]:
    """The arrays of those names in an .npz archive. Raises ValueError where it is none, or lacks one."""
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            return [file[name] for name in names]
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError):  # a single array is no context
        raise ValueError(f"it is no archive of {', '.join(names)}") from None


def idx(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A gzipped IDX file of unsigned bytes (the format of MNIST), as an array of that shape.

    The header is 0, 0, 8 (unsigned byte), the number of dimensions, then each dimension as 4 bytes, high byte first.
    Raises ValueError where the shape differs, and OSError, EOFError or zlib.error where it cannot be read.
    """
    content = gzip.decompress(path.read_bytes())
    start = 4 + 4 * len(shape)
    header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
    if content[:start] != header or len(content) != start + prod(shape):
        raise ValueError(f"it is not an IDX file of {' x '.join(map(str, shape))} bytes")
    return np.frombuffer(bytearray(content), np.uint8, offset=start).reshape(shape)
