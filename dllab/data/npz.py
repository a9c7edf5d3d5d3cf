"""Arrays of the user's own, saved by numpy, as a data set."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from math import prod
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import FilePath, Fraction
from dllab.data.csv import MOST_CLASSES, file_stamp
from dllab.data.dataset import Dataset, Source, Splits
from dllab.data.encoding import place_of, some
from dllab.data.images import pixel_names
from dllab.data.table import TableError
from dllab.data.table_text import COUNTED

BROKEN = (
    OSError, ValueError, EOFError, LookupError, RuntimeError, TypeError, ArithmeticError, MemoryError,
    struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
)  # fmt: skip
"""What reading a damaged archive may raise."""
SMALLER = "give the array in a larger unit"
USUAL = {"x": ("x", "X", "x_train", "inputs"), "y": ("y", "Y", "y_train", "targets", "labels")}
SAVE = "save x and y together: numpy.savez('my.npz', x=x, y=y)"
MEND = "mend such rows, or leave them out, before you save"
USUAL_TEST = {"x": ("x_test",), "y": ("y_test",)}


class Npz(Source):
    """Arrays that numpy has saved: inputs x (N, ...) and targets y (N,) or (N, K) in one .npz file.

    Whole numbers or words in y are classes, other numbers are values to predict. Inputs of bytes stay bytes and are seen
    as 0 to 1. Rows of two or three axes, (H, W) or (H, W, C), are taken for pictures. A file with x_train, y_train, x_test
    and y_test, as Keras ships them, keeps its test split.

        data: {npz: shapes.npz}
        data: {npz: shapes.npz, x: images, y: kinds, test: 0.2}

    Options:

    - npz: the file, counted from the recipe's folder.
    - x: the name of the array of inputs; left out, x or x_train.
    - y: the name of the array of targets; left out, y or y_train.
    - x_test: the inputs of a test split; left out, x_test if there is one.
    - y_test: the targets of a test split; left out, y_test if there is one.
    - flatten: true makes a line of numbers of a row, for dense layers; false keeps its shape, and gives grey pictures of
      bytes the axis of one channel that convolutions take: (H, W, 1). Other numbers stay as they are saved, since (T, F)
      may be a sequence; the layer `reshape: [28, 28, 1]` adds the axis to those.
    - test: share of all rows for the final test; left out, the file's own test split, or a quarter of the rows.

    Source: the format of numpy.savez, without pickled objects.
    """

    name = "npz"
    main: ClassVar[str | None] = "npz"
    npz: Annotated[str, FilePath()]
    x: str | None = None
    y: str | None = None
    x_test: str | None = None
    y_test: str | None = None
    flatten: bool = True
    test: Fraction | None = None

    def stamp(self) -> tuple[int, ...]:
        """The content of the file, as a number."""
        return file_stamp(self.npz)

    def generate(self) -> Dataset:
        """The arrays, inputs as float32 or bytes, with a test split after the others if there is one."""
        arrays = _arrays(self.npz)
        x, y = (_chosen(arrays, self.npz, role, getattr(self, role), USUAL[role]) for role in ("x", "y"))
        tests = [name for role in ("x", "y") if (name := self._test_name(arrays, role)) is not None]
        fixed = None
        if len(tests) == 2:
            tx, ty = (arrays[name] for name in tests)
            _check(self.npz, tx, ty, *tests)
            if tx.shape[1:] != x.shape[1:]:
                raise TableError(
                    f"{self.npz}: rows of {tests[0]} are {tx.shape[1:]}, those to train on {x.shape[1:]}",
                    "save rows of one shape for both",
                )
            fixed = np.arange(len(x), len(x) + len(tx))
            x, y = np.concatenate([x, tx]), np.concatenate([y, ty])
        _check(self.npz, x, y, "x", "y")
        targets, classes = _targets(self.npz, y)
        inputs = x if x.dtype == np.uint8 else x.astype(np.float32)
        if self.flatten or inputs.ndim == 1:
            inputs = inputs.reshape(len(inputs), -1)
        elif inputs.dtype == np.uint8 and inputs.ndim == 3:  # grey pictures; numbers of another kind may be sequences
            inputs = inputs[..., None]
        return Dataset(
            name=self.npz.replace("\\", "/").rpartition("/")[2],
            columns={"inputs": np.ascontiguousarray(inputs), "targets": targets},
            task="classification" if classes else "regression",
            classes=classes,
            features=_names(x.shape[1:]),
            fixed_test=fixed,
            about=f"{len(inputs):,} rows of {self.npz}.",
        )

    def _split(self, dataset: Dataset) -> Splits:
        if self.test is None and dataset.fixed_test is None:
            return self.model_copy(update={"test": Source.model_fields["test"].default})._split(dataset)
        return super()._split(dataset)

    def _test_name(self, arrays: dict[str, NDArray[Any]], role: str) -> str | None:
        given = getattr(self, f"{role}_test")
        if given is not None:
            _chosen(arrays, self.npz, role, given, ())
            return str(given)
        return next((name for name in USUAL_TEST[role] if name in arrays), None)


def _names(shape: tuple[int, ...]) -> tuple[str, ...]:
    """A name for each number of a row: its place in the picture where rows are (H, W) or (H, W, C), else x0, x1, ..."""
    if len(shape) not in (2, 3) or 0 in shape:
        return tuple(f"x{i}" for i in range(prod(shape)))
    return pixel_names(shape[0], shape[1], shape[2] if len(shape) == 3 else 1)


def _arrays(path: str) -> dict[str, NDArray[Any]]:
    try:
        with open(path, "rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                raise TableError(f"{path} holds one array", SAVE)
            with loaded as file:
                return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise TableError(f"there is no file {path}", COUNTED) from None
    except TableError:
        raise
    except BROKEN as error:
        reason = getattr(error, "strerror", None) or "it is no .npz file of plain arrays, or it is damaged"
        raise TableError(f"{path} cannot be read: {reason}", SAVE) from None


def _chosen(arrays: dict[str, NDArray[Any]], path: str, role: str, given: str | None, usual: tuple[str, ...]) -> Any:
    name = given if given is not None else next((name for name in usual if name in arrays), None)
    if name is None or name not in arrays:
        there = ", ".join(f"{key} {array.shape}" for key, array in arrays.items()) or "nothing"
        wanted = f"no array {name!r}" if name is not None else f"no array that is called {' or '.join(usual)}"
        raise TableError(f"{path} has {wanted}; it holds {there}", f"name one with {role}: ...")
    return arrays[name]


def _check(path: str, x: NDArray[Any], y: NDArray[Any], x_name: str, y_name: str) -> None:
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y) or not len(x):
        raise TableError(f"{path}: {x_name} is {x.shape} and {y_name} {y.shape}", "every row needs one of each")
    if x.dtype.kind not in "fiub":
        raise TableError(f"{path}: {x_name} holds {x.dtype}, no numbers", "a net reads numbers: save them as such")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        row = int(np.argwhere(~np.isfinite(x))[0][0])
        raise TableError(f"{path}: row {row} of {x_name} (counted from 0) holds NaN or infinity", MEND)
    if (large := _too_large(x)) is not None:
        raise TableError(f"{path}: row {large} of {x_name} (counted from 0) holds a number too large for 32 bits", SMALLER)


def _too_large(values: NDArray[Any]) -> int | None:
    """The first row with a number that float32 cannot hold."""
    with np.errstate(over="ignore"):
        beyond = np.isinf(values.astype(np.float32))
    return int(np.argwhere(beyond)[0][0]) if values.dtype.kind in "fiu" and beyond.any() else None


def _targets(path: str, y: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Labels and classes, or values and ()."""
    flat = y.reshape(len(y), -1)
    if y.dtype.kind in "OSUV" or (y.dtype.kind in "iub" and flat.shape[1] == 1):
        if flat.shape[1] != 1 or y.dtype.kind in "OV":
            raise TableError(f"{path}: y is {y.dtype} {y.shape}", "classes are whole numbers or words, one a row")
        values, labels = np.unique(flat[:, 0], return_inverse=True)
        if y.dtype.kind in "SU" or len(values) <= max(MOST_CLASSES, len(y) // 10):
            if len(values) == 1:
                raise TableError(
                    f"{path}: y is always {values[0]}", "there is nothing to tell apart; name another array: y: ..."
                )
            words = tuple(v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.tolist())
            return labels.reshape(-1).astype(np.int32), words
    if y.dtype.kind == "c":
        raise TableError(f"{path}: y holds complex numbers", "save real ones, such as y.real")
    if not np.isfinite(flat).all():
        raise TableError(
            f"{path}: row {int(np.argwhere(~np.isfinite(flat))[0][0])} of y (counted from 0) is NaN or infinity", MEND
        )
    if (row := _too_large(flat)) is not None:
        raise TableError(f"{path}: row {row} of y (counted from 0) holds a number too large for 32 bits", SMALLER)
    return flat.astype(np.float32), ()


def rows_of(path: str, shape: tuple[int, ...], classes: Sequence[str], *, wanted: bool) -> tuple[NDArray[Any], Any]:
    """The arrays of a file for a net that takes rows of that shape: inputs (N, ...), and targets if they are `wanted`.

    Targets are labels (N,) of these classes, or without classes values (N, K). Raises TableError where they do not fit.
    """
    arrays = _arrays(path)
    x = _chosen(arrays, path, "x", None, USUAL["x"])
    _check(path, x, x, "x", "x")
    if prod(x.shape[1:]) != prod(shape):
        wide = prod(shape)
        raise TableError(
            f"{path}: a row of x is {x.shape[1:]}", f"this net takes {wide} numbers a row, as it has learnt from"
        )
    if not wanted:
        return x, None
    y = _chosen(arrays, path, "y", None, USUAL["y"])
    _check(path, x, y, "x", "y")
    if not classes:
        return x, y.reshape(len(y), -1).astype(np.float32)
    words = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in y.reshape(len(y), -1)[:, 0].tolist()]
    places = {word: place_of(word, classes) for word in set(words)}
    for row, word in enumerate(words):
        if places[word] is None:
            problem = f"{path}: row {row} of y (counted from 0) is {word!r}, no class of this net"
            raise TableError(problem, f"its classes are {some(classes)}; remove such rows")
    return x, np.array([places[word] for word in words], np.int32)
