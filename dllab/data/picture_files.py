"""Reading picture files: found in folders, opened by Pillow, turned into bytes of one size."""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dllab.data.table_text import TableError

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
LARGEST = 256
"""Pixels a side, at most: a row of more numbers is beyond nets of this lab's size."""
BROKEN = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, MemoryError, struct.error, zlib.error)
"""What reading a damaged picture may raise."""
LUMA = np.array([299, 587, 114], np.uint32)
"""How bright red, green and blue look, in thousandths (ITU-R BT.601)."""

Picture = NDArray[np.uint8]


def is_picture(path: Path) -> bool:
    """Whether a file is one of those that are read, by the ending of its name."""
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie in a folder itself, 2.png before 10.png; other files are passed over."""
    return sorted((path for path in folder.iterdir() if is_picture(path)), key=lambda path: by_number(path.name))


def folders_in(folder: Path) -> list[Path]:
    """The sub-folders, those named by numbers in the order of these; hidden ones are passed over."""
    found = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(found, key=lambda path: by_number(path.name))


def by_number(name: str) -> tuple[tuple[int, int, str], ...]:
    """Orders names by the numbers in them: 2 before 10, a2 before a10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(piece), "") if piece[0] in "0123456789" else (1, 0, piece) for piece in pieces)


def read_pictures(paths: Sequence[Path], size: tuple[int, int] | None, base: Path) -> NDArray[np.uint8]:
    """The pictures as (N, H, W, 3), stretched to `size` (height, width) if it is given.

    Messages name files as seen from the folder `base`. Raises TableError for a picture that cannot be read, and without
    a size for the first two of different sizes, and for large ones.
    """
    found: NDArray[np.uint8] | None = None
    for row, path in enumerate(paths):
        one = read_picture(path, size, base)
        if found is None:
            found = np.empty((len(paths), *one.shape), np.uint8)
        if one.shape != found.shape[1:]:
            first, this = (f"{_named(p, base)} is {_said(s)}" for p, s in ((paths[0], found.shape[1:]), (path, one.shape)))
            raise TableError(f"{first}, {this}", "make them one size: size: 32, or size: [HEIGHT, WIDTH]")
        found[row] = one
    assert found is not None
    return found


def read_picture(path: Path, size: tuple[int, int] | None, base: Path) -> Picture:
    """One picture as (H, W, 3): turned as the camera was held, what is transparent laid over white."""
    from PIL import Image, ImageOps  # here, not above: reading other data takes no Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of very many pixels: they are shrunk, or refused below
            with Image.open(path) as opened:
                picture = _on_white(ImageOps.exif_transpose(opened))
    except (*BROKEN, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "it is no picture, or it is damaged"
        problem = f"{_named(path, base)} cannot be read: {reason}"
        raise TableError(problem, "mend the file, or take it out of the folder") from None
    if size is not None:
        picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    elif max(picture.size) > LARGEST:
        problem = f"{_named(path, base)} is {_said((picture.height, picture.width))}; {LARGEST} is the most"
        raise TableError(problem, "make all pictures smaller: size: 32, or size: [HEIGHT, WIDTH]")
    return np.array(picture, np.uint8)


def side_of(path: Path) -> tuple[int, int]:
    """Height and width as they stand at the head of a file; (0, 0) where it has none."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            return opened.height, opened.width
    except (*BROKEN, Image.DecompressionBombError):
        return 0, 0


def coloured(pictures: NDArray[np.uint8]) -> bool:
    """Whether any pixel of pictures (N, H, W, 3) is not grey."""
    first = pictures[..., :1]
    return any(bool((one != grey).any()) for one, grey in zip(pictures, first, strict=True))


def in_grey(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (N, H, W, 3) as (N, H, W), each pixel as bright as it looks."""
    grey = np.empty(pictures.shape[:3], np.uint8)
    for one, out in zip(pictures, grey, strict=True):
        out[...] = (one @ LUMA + 500) // 1000
    return grey


def stamp_of(paths: Iterable[Path]) -> tuple[int, ...]:
    """A number that changes when a file of these comes, goes or is written anew."""
    told = "\0".join(f"{path}\0{_age(path)}" for path in paths)
    return (zlib.crc32(told.encode("utf-8", "surrogatepass")),)


def _age(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def _on_white(picture: Image) -> Image:
    """A picture as RGB; 16 bits of grey become 8."""
    from PIL import Image

    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture).clip(0, 65535) // 256).astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    above = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")


def _named(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) and path != base else str(path)


def _said(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} pixels high and {shape[1]} wide"
