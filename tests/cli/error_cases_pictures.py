"""Command lines that are refused because of pictures, or of the classes and rows that are chosen of a data set."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from command_lines import typed
from error_cases import MODEL, Case, changed
from PIL import Image


def photos(folder: Path) -> Path:
    """Three pictures of each of two classes."""
    for name in ("cat", "dog"):
        for i in range(3):
            put(folder / "photos" / name / f"{i}.png")
    return folder / "photos"


def put(path: Path, width: int = 6, height: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), (90, 120, 30)).save(path)


def of_photos(
    act: Callable[[Path], object] = lambda base: None, options: str = "", line: str = "train r.yaml --no-save"
) -> Case:
    """A folder of pictures to which something has been done."""

    def before(folder: Path) -> None:
        act(photos(folder))
        (folder / "r.yaml").write_text(f"data: {{folder: photos{options}}}\n{MODEL}")

    return line, before


def trained(line: str, act: Callable[[Path], object] = lambda base: None, *changes: str) -> Case:
    """A net that has learnt from pictures, or from something else; then something is done to them."""

    def before(folder: Path) -> None:
        base = photos(folder)
        np.savez(folder / "pixels.npz", x=np.linspace(0, 1, 96).reshape(4, 4, 6), y=[0, 1, 0, 1])
        (folder / "p.yaml").write_text(f"data: {{folder: photos, test: 0}}\n{MODEL}train: {{epochs: 1}}\n")
        assert typed(folder, ["train", "p.yaml", "-q", *changes]).code == 0
        next((folder / "runs").glob("p-*")).rename(folder / "runs/own")
        act(base)

    return line, before


def emptied(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def split_with_a_stranger(base: Path) -> None:
    """Folders train and test, with a class in one of them that the other has not."""
    for name in ("cat", "dog"):
        (base / "train").mkdir(exist_ok=True)
        (base / name).rename(base / "train" / name)
    put(base / "test" / "cat" / "0.png")
    put(base / "test" / "emu" / "0.png")


PICTURES: list[Case] = [
    of_photos(shutil.rmtree), of_photos(lambda base: emptied(base)), of_photos(lambda base: emptied(base / "dog")),
    of_photos(lambda base: shutil.rmtree(base / "dog")),
    of_photos(lambda base: (base / "cat" / "1.png").write_bytes(b"no")),
    of_photos(lambda base: put(base / "cat" / "1.png", 7, 5)), of_photos(lambda base: put(base / "cat" / "0.png", 300, 4)),
    ("train r.yaml --no-save", {"r.yaml": f"data: {{folder: t.csv}}\n{MODEL}"}),
    ("train r.yaml --no-save", {"r.yaml": f'data: {{folder: "a\\0b"}}\n{MODEL}'}),
    of_photos(options=", size: 300"), of_photos(options=", size: [4]"),
    of_photos(options=", colour: gray"), of_photos(options=", test: 0.01"),
    of_photos(lambda base: [put(base / part / "cat" / "0.png") for part in ("train", "test")]),
    of_photos(split_with_a_stranger),
    of_photos(line="datasets show photos/cat"), of_photos(line="init photos/cat"),
    of_photos(line="datasets photos"),
    trained("predict own none.png"), trained("predict own folder"),
    trained("predict own photos/cat/1.png", lambda base: None, "data=moons"),
    trained("predict own photos/cat/1.png", lambda base: None, "data={npz: pixels.npz}"),
    trained("predict own photos/x.png", lambda base: (base / "x.png").write_bytes(b"no")),
    trained("eval own photos/cat/1.png"), trained("eval own photos/cat"),
    trained("eval own none.png"),
    trained("eval own other", lambda base: put(base.parent / "other" / "emu" / "0.png")),
    trained("eval own other", lambda base: [put(base.parent / f"other/{part}/cat/0.png") for part in ("train", "test")]),
    *(changed(change, line="train my.yaml --no-save -q") for change in (
        "data={iris: {only: [setosa, virginca]}}", "data={digits: {only: [1, 10]}}", "data={iris: {only: [0]}}",
        "data={iris: {only: [0, setosa]}}", "data={iris: {only: [1.5]}}", "data={iris: {per_class: 0}}",
        "data={diabetes: {only: [0, 1]}}", "data={diabetes: {per_class: 3}}", "data={mnist10k: {size: 16}}", "data=photos/",
    )),
]  # fmt: skip
