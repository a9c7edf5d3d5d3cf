"""Pictures of the user's own, in a folder for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dllab.catalogue import FilePath, Fraction
from dllab.data.dataset import Dataset, Source, Splits
from dllab.data.images import pictures
from dllab.data.picture_files import (
    ENDINGS,
    LARGEST,
    coloured,
    folders_in,
    in_grey,
    is_picture,
    pictures_in,
    read_pictures,
    stamp_of,
)
from dllab.data.table_text import COUNTED, TableError

Side = Annotated[int, Field(ge=1, le=LARGEST)]
FULL_SCALE = 255.0  # of the bytes that pictures are read as
TRAIN, TEST = "train", "test"
LAYOUT = "put the pictures of each class into a sub-folder that is named after it: photos/cat/1.png"
KINDS = f"pictures are files that end in {', '.join(ENDINGS)}"


class Folder(Source):
    """Pictures of your own: a folder with a sub-folder for each class, which gives the class its name.

    Classes are in the order of their names, numbers in that of numbers. PNG, JPEG, GIF (the first picture), BMP and WebP
    are read, other files passed over; a net sees each colour of a pixel as 0 to 1. What is transparent is laid over
    white, and photos are turned as the camera was held. Sub-folders `train` and `test`, with one for each class in
    both, are kept as the test split.

        data: {folder: photos, size: 32}
        data: {folder: photos, size: [24, 32], colour: grey, flatten: false, validation: 0.2}

    Options:

    - folder: the folder, counted from the recipe's own.
    - size: height and width that all pictures are stretched to, such as 32 or [24, 32]; left out, they must be of one
      size.
    - colour: grey for a number a pixel, rgb for three; left out, grey where no picture has a coloured pixel, else rgb.
    - flatten: true makes a line of numbers of a picture, for dense layers; false keeps (height, width, 1 or 3), as
      convolutions take them.
    - test: share of all pictures for the final test; left out, those in the folder test, or a quarter of all.

    Source: read by Pillow, the Python Imaging Library.
    """

    name = "folder"
    main: ClassVar[str | None] = "folder"
    folder: Annotated[str, FilePath()]
    size: Side | tuple[Side, Side] | None = None
    colour: Literal["grey", "rgb"] | None = None
    flatten: bool = True
    test: Fraction | None = None

    def stamp(self) -> tuple[int, ...]:
        """Which pictures there are, how large their files are, and when they were written."""
        try:
            return stamp_of(files_in(self.folder))
        except TableError:  # told when they are read
            return ()

    def generate(self) -> Dataset:
        """(N, H, W, C) uint8 or in a line, class after class, the pictures of a test folder after all others."""
        base = Path(self.folder)
        parts = _parts(base)
        classes = tuple(folder.name for folder in parts[0])
        files = [[(file, classes.index(f.name)) for f in part for file in _filled(f, base)] for part in parts]
        images = read_pictures([file for part in files for file, _ in part], self._sides(), base)
        if self.colour == "grey" or (self.colour is None and not coloured(images)):
            images = in_grey(images)
        labels = np.array([label for part in files for _, label in part], np.int32)
        fixed = np.arange(len(files[0]), len(labels)) if len(parts) == 2 else None
        about = f"{len(labels):,} pictures of {self.folder}."
        return pictures(base.name, images, labels, self.flatten, fixed, about, classes)

    def _sides(self) -> tuple[int, int] | None:
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def _split(self, dataset: Dataset) -> Splits:
        if self.test is None and dataset.fixed_test is None:
            return self.model_copy(update={"test": Source.model_fields["test"].default})._split(dataset)
        return super()._split(dataset)


def files_in(path: str) -> list[Path]:
    """All pictures of the classes of a folder. Raises TableError for a folder that is no data set."""
    base = Path(path)
    return [file for part in _parts(base) for folder in part for file in _filled(folder, base)]


def _parts(base: Path) -> list[list[Path]]:
    """The folders of the classes; and those of the test split, if there is one."""
    found = _classes(base)
    names = [folder.name for folder in found]
    if TRAIN not in names or TEST not in names or not folders_in(base / TRAIN):
        return [found]
    others = [name for name in names if name not in (TRAIN, TEST)]
    if others:
        problem = f"{base} holds {TRAIN}, {TEST} and {others[0]}"
        raise TableError(problem, f"put its pictures into {TRAIN}; `validation: 0.1` takes a share of those to choose by")
    train, test = _classes(base / TRAIN), _classes(base / TEST)
    strange = sorted({folder.name for folder in test} - {folder.name for folder in train})
    if strange:
        raise TableError(f"{base / TEST} has a class {strange[0]!r}, and {TRAIN} has none", "both need the same classes")
    return [train, test]


def _classes(base: Path) -> list[Path]:
    """The sub-folders. Raises TableError where there are fewer than two."""
    try:
        found, loose = folders_in(base), pictures_in(base)
    except FileNotFoundError:
        raise TableError(f"there is no folder {base}", COUNTED) from None
    except NotADirectoryError:
        raise TableError(f"{base} is a file, no folder", LAYOUT) from None
    except (OSError, ValueError) as error:
        raise _unreadable(base, error) from None
    if not found:
        raise TableError(f"{base} holds {f'{len(loose):,} pictures and ' if loose else ''}no sub-folders", LAYOUT)
    if len(found) == 1:
        raise TableError(f"{base} holds one class, {found[0].name!r}", "there is nothing to tell apart; add a sub-folder")
    return found


def _unreadable(base: Path, error: Exception) -> TableError:
    reason = getattr(error, "strerror", None) or str(error)
    return TableError(f"{base} cannot be read: {reason}", "check the path and its rights")


def _filled(folder: Path, base: Path) -> list[Path]:
    try:
        found = pictures_in(folder)
    except OSError as error:
        raise _unreadable(folder, error) from None
    if not found:
        raise TableError(f"{folder.relative_to(base).as_posix()} in {base} holds no pictures", KINDS)
    return found


def is_pictures(path: str) -> bool:
    """Whether a path that was given for new rows means pictures: a folder, or a file of one."""
    return Path(path).is_dir() or Path(path).suffix.lower() in ENDINGS


def rows_of(path: str, shape: tuple[int, int, int], classes: Sequence[str], *, wanted: bool) -> tuple[Any, Any, list[str]]:
    """Pictures for a net that takes (H, W, C): (N, H, W, C) uint8, labels (N,) if they are `wanted`, and names of files.

    `path` is a picture or a folder; for labels it has a sub-folder for each class. Raises TableError.
    """
    base = Path(path)
    found, labels = _labelled(base, classes) if wanted else (_new(base), None)
    images = read_pictures(found, shape[:2], base)
    names = [(file.relative_to(base) if file != base else file).as_posix() for file in found]
    return (in_grey(images)[..., None] if shape[2] == 1 else images), labels, names


def _new(base: Path) -> list[Path]:
    if not base.exists():
        raise TableError(f"there is no file {base}", "name a picture, or a folder of pictures")
    if not base.is_dir():
        return [base]
    try:
        found = _new_inside(base)
    except OSError as error:
        raise _unreadable(base, error) from None
    if not found:
        raise TableError(f"{base} holds no pictures", KINDS)
    return found


def _new_inside(folder: Path) -> list[Path]:
    return [*pictures_in(folder), *(file for inner in folders_in(folder) for file in _new_inside(inner))]


def _labelled(base: Path, classes: Sequence[str]) -> tuple[list[Path], NDArray[np.int32]]:
    if is_picture(base):
        raise TableError(f"{base} is one picture, of an unknown class", LAYOUT)
    try:
        folders = folders_in(base)
    except OSError:
        raise TableError(f"there is no folder {base}", LAYOUT) from None
    if not folders:
        raise TableError(f"{base} holds no sub-folders", LAYOUT)
    names = [folder.name for folder in folders]
    strange = [name for name in names if name not in classes]
    if strange:
        hint = f"its classes are {', '.join(classes)}"
        if {TRAIN, TEST} <= set(names):
            hint = f"name one of its folders: {base / TEST}"
        raise TableError(f"{base} has a sub-folder {strange[0]!r}, no class of this net", hint)
    files = [(file, classes.index(folder.name)) for folder in folders for file in _filled(folder, base)]
    return [file for file, _ in files], np.array([label for _, label in files], np.int32)
