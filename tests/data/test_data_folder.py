"""A folder of pictures as data: what is read, in which order, of what size and colour."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dllab.data.folder import Folder, rows_of
from dllab.data.table_text import TableError

RED, GREY, WHITE = (200, 30, 40), (90, 90, 90), (255, 255, 255)


def put(path: Path, colour: Any = GREY, size: tuple[int, int] = (4, 6), mode: str = "RGB", **options: Any) -> Path:
    """A picture of one colour, (height, width)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size[::-1], colour).save(path, **options)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three grey pictures of each of two classes."""
    for label, name in enumerate(("cat", "dog")):
        for i in range(3):
            put(tmp_path / "photos" / name / f"{i}.png", (10 * i + 100 * label,) * 3)
    return tmp_path / "photos"


def inputs(folder: Path, **options: Any) -> NDArray[Any]:
    found: NDArray[Any] = Folder(folder=str(folder), **options).load().columns["inputs"]
    return found


def test_a_folder_is_a_data_set(photos: Path) -> None:
    data = Folder(folder=str(photos), flatten=False).prepare()
    assert (data.dataset.name, data.dataset.classes, data.dataset.input_shape) == ("photos", ("cat", "dog"), (4, 6, 1))
    assert data.dataset.columns["inputs"][:, 0, 0, 0].tolist() == [0, 10, 20, 100, 110, 120]
    assert data.dataset.columns["targets"].tolist() == [0, 0, 0, 1, 1, 1]
    assert len(data.splits.train) + len(data.splits.test) == 6 and len(data.splits.test) in (1, 2)
    assert data.seen(np.arange(6)).max() == pytest.approx(120 / 255, rel=1e-6)
    assert inputs(photos).shape == (6, 24)
    few = Folder(folder=str(photos), per_class=1, only=("dog", "cat")).prepare()
    assert few.dataset.classes == ("dog", "cat") and len(few.splits.train) == 2


def test_classes_and_files_that_are_numbers_come_in_the_order_of_numbers(tmp_path: Path) -> None:
    for name in ("10", "9", "2"):
        for file in (10, 9):
            put(tmp_path / name / f"{file}.png", (int(name) * 10 + file,) * 3)
    data = Folder(folder=str(tmp_path), flatten=False).load()
    assert data.classes == ("2", "9", "10")
    assert data.columns["inputs"][:, 0, 0, 0].tolist() == [29, 30, 99, 100, 109, 110]


def test_other_files_and_hidden_folders_are_passed_over(photos: Path) -> None:
    (photos / "cat" / "notes.txt").write_text("mine")
    (photos / "cat" / ".hidden.png").write_text("mine")
    (photos / ".cache").mkdir()
    (photos / "readme.md").write_text("mine")
    assert Folder(folder=str(photos)).load().rows == 6


@pytest.mark.parametrize(("ending", "exact"), [("png", True), ("bmp", True), ("gif", True), ("jpg", False), ("JPEG", False),
                                               ("webp", False)])  # fmt: skip
def test_every_kind_of_file(tmp_path: Path, ending: str, exact: bool) -> None:
    put(tmp_path / "a" / f"1.{ending}", RED, (8, 8)), put(tmp_path / "b" / f"1.{ending}", WHITE, (8, 8))
    found = inputs(tmp_path, flatten=False, colour="rgb")
    assert found.shape == (2, 8, 8, 3)
    np.testing.assert_allclose(found[0, 4, 4], RED, atol=0 if exact else 12)
    np.testing.assert_allclose(found[1, 4, 4], WHITE, atol=0 if exact else 2)


def test_grey_where_no_pixel_has_a_colour_else_rgb(photos: Path) -> None:
    assert inputs(photos, flatten=False).shape[-1] == 1
    assert inputs(photos, flatten=False, colour="rgb").shape[-1] == 3
    put(photos / "dog" / "9.png", RED)
    found = inputs(photos, flatten=False)
    assert found.shape[-1] == 3 and found[-1, 0, 0].tolist() == list(RED)
    grey = inputs(photos, flatten=False, colour="grey")
    assert grey[-1, 0, 0, 0] == round(0.299 * RED[0] + 0.587 * RED[1] + 0.114 * RED[2])
    np.testing.assert_array_equal(grey[:3], found[:3, ..., :1])


def test_names_tell_the_colours(photos: Path) -> None:
    assert Folder(folder=str(photos)).load().features[:2] == ("row 0 column 0", "row 0 column 1")
    names = Folder(folder=str(photos), colour="rgb").load().features
    assert names[:4] == ("row 0 column 0 red", "row 0 column 0 green", "row 0 column 0 blue", "row 0 column 1 red")


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("RGBA", (200, 30, 40, 0), WHITE),
        ("RGBA", (0, 0, 0, 255), (0, 0, 0)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("LA", (0, 51), (204, 204, 204)),
        ("1", 1, WHITE),
        ("L", 77, (77, 77, 77)),
        ("I;16", 77 * 256 + 5, (77, 77, 77)),
        ("P", 0, (0, 0, 0)),
    ],
)
def test_every_mode_of_a_png_and_what_is_transparent_lies_on_white(
    tmp_path: Path, mode: str, colour: Any, seen: Any
) -> None:
    put(tmp_path / "a" / "1.png", colour, mode=mode), put(tmp_path / "b" / "1.png")
    assert inputs(tmp_path, flatten=False, colour="rgb")[0, 0, 0].tolist() == list(seen)


def test_a_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.gif", 0, mode="P", transparency=0), put(tmp_path / "b" / "1.gif")
    assert inputs(tmp_path, flatten=False, colour="rgb")[0, 0, 0].tolist() == list(WHITE)


def test_a_photo_is_turned_as_the_camera_was_held(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    put(tmp_path / "a" / "1.jpg", size=(4, 6), exif=exif), put(tmp_path / "b" / "1.jpg", size=(6, 4))
    assert inputs(tmp_path, flatten=False).shape == (2, 6, 4, 1)


def test_pictures_are_stretched_to_a_size(photos: Path) -> None:
    put(photos / "cat" / "wide.png", size=(3, 50))
    assert inputs(photos, size=8, flatten=False).shape == (7, 8, 8, 1)
    assert inputs(photos, size=(5, 7), flatten=False).shape == (7, 5, 7, 1)
    half = np.zeros((4, 4), np.uint8)
    half[:, 2:] = 200
    for name in ("x", "y"):
        (photos / "halves" / name).mkdir(parents=True)
        Image.fromarray(half).save(photos / "halves" / name / "1.png")
    assert inputs(photos / "halves", size=(1, 1)).ravel().tolist() == [100, 100]


def test_folders_train_and_test_are_the_published_split(tmp_path: Path) -> None:
    for part, count in (("train", 4), ("test", 2)):
        for label, name in enumerate(("cat", "dog")):
            for i in range(count):
                put(tmp_path / part / name / f"{i}.png", (100 * label + i + 50 * (part == "test"),) * 3)
    data = Folder(folder=str(tmp_path), flatten=False).prepare()
    assert data.dataset.classes == ("cat", "dog") and data.splits.test.tolist() == [8, 9, 10, 11]
    assert data.dataset.columns["inputs"][data.splits.test, 0, 0, 0].tolist() == [50, 51, 150, 151]
    assert len(Folder(folder=str(tmp_path), test=0.5).prepare().splits.test) == 6


def test_train_and_test_may_be_classes(tmp_path: Path) -> None:
    put(tmp_path / "train" / "1.png"), put(tmp_path / "test" / "1.png")
    assert Folder(folder=str(tmp_path)).load().classes == ("test", "train")


def test_changed_files_are_noticed(photos: Path) -> None:
    source = Folder(folder=str(photos))
    before = source.stamp()
    assert before == source.stamp()
    put(photos / "dog" / "8.png")
    added = source.stamp()
    status = (photos / "dog" / "8.png").stat()
    os.utime(photos / "dog" / "8.png", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert len({before, added, source.stamp()}) == 3
    (photos / "dog" / "8.png").unlink()
    assert source.stamp() == before


def test_new_pictures_are_made_as_those_in_training(photos: Path) -> None:
    put(photos / "new" / "2.png", RED, (9, 9)), put(photos / "new" / "10.png", WHITE, (2, 2))
    found, labels, names = rows_of(str(photos / "new"), (4, 6, 1), ("cat", "dog"), wanted=False)
    assert found.shape == (2, 4, 6, 1) and found[1, 0, 0, 0] == 255
    assert labels is None and names == ["2.png", "10.png"]
    one, _, names = rows_of(str(photos / "new" / "2.png"), (4, 6, 3), ("cat", "dog"), wanted=False)
    assert one.shape == (1, 4, 6, 3) and one[0, 0, 0].tolist() == list(RED) and names == [str(photos / "new" / "2.png")]


def test_new_pictures_with_classes(photos: Path) -> None:
    found, labels, names = rows_of(str(photos), (4, 6, 1), ("emu", "dog", "cat"), wanted=True)
    assert found.shape == (6, 4, 6, 1) and labels.tolist() == [2, 2, 2, 1, 1, 1]
    assert names == [f"{name}/{i}.png" for name in ("cat", "dog") for i in range(3)]


def test_a_folder_without_rights_is_named(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def without_rights(path: Path) -> Iterator[Path]:
        if path.name == "dog":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", without_rights)
    for read in (lambda: inputs(photos), lambda: rows_of(str(photos), (4, 6, 1), ("cat", "dog"), wanted=False)):
        with pytest.raises(TableError, match="cannot be read: Permission denied; check the path"):
            read()


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(40), b"BM" + bytes(60)])
def test_a_damaged_picture_is_named(photos: Path, content: bytes) -> None:
    (photos / "dog" / "7.png").write_bytes(content)
    with pytest.raises(TableError, match=r"^dog/7.png cannot be read"):
        inputs(photos)


def test_a_picture_that_is_cut_off_anywhere_is_named_unless_all_pixels_are_there(photos: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    path = photos / "dog" / "7.png"
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    refused = 0
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(inputs(photos, flatten=False)[-1], noise)
        except TableError as error:
            assert error.problem.startswith("dog/7.png cannot be read"), length
            refused += 1
    assert refused > len(whole) - 24


def test_other_data_take_no_pillow() -> None:
    code = "import sys; import dllab.data.folder, dllab.data.digits; print('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
