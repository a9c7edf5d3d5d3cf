"""A recipe to begin with for a folder of pictures."""

from __future__ import annotations

from typing import Any

from dllab.data.folder import files_in
from dllab.data.picture_files import side_of

USUAL, LARGE, SMALL = 32, 64, 8
CONVOLUTIONS: list[Any] = [
    {"conv": {"units": 16, "padding": "same"}}, "relu", {"max_pool": 2},
    {"conv": {"units": 32, "padding": "same"}}, "relu", {"max_pool": 2},
    "flatten", {"dense": "classes"},
]  # fmt: skip
DENSE: list[Any] = [{"dense": 32}, "relu", {"dense": "classes"}]
EPOCHS = 40


def beginning(path: str) -> dict[str, Any]:
    """A recipe that trains on the pictures of a folder, made smaller where they are large or differ in size.

    Raises data.table_text.TableError for a folder whose sub-folders are no classes of pictures.
    """
    data: dict[str, Any] = {"folder": path}
    sides = {side_of(file) for file in files_in(path)}
    if len(sides) > 1 or max(max(side) for side in sides) > LARGE:
        data["size"] = USUAL
    elif min(min(side) for side in sides) < SMALL:
        return {"data": data, "model": DENSE, "train": {"epochs": EPOCHS}}
    data["flatten"] = False
    return {"data": data, "model": CONVOLUTIONS, "train": {"epochs": EPOCHS}}
