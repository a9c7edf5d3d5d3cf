"""First names and surnames, letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import model_validator

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.files import reading
from dllab.data.sequences import END, filled, lengths_of, one_step_late
from dllab.data.steps import BOUNDARY, LETTERS, step_names

FILES = {"female": 4_951, "male": 3_898, "surnames": 32_033}
"""The lines of each file."""


class Names(Source):
    """Names: 8,422 English first names, or 32,033 surnames; what letter comes next, or whose name it is.

    Names are in small letters. A name is read from a boundary on, and each letter asks for the next one: of `emma` a net
    reads `. e m m a` and says `e m m a .`; steps after the end count nowhere. `task: classify` gives the letters, and asks
    whether the name is a woman's or a man's; the 419 names that are both are left out.

    Options:

    - which: female (4,944 names), male (3,897), all (both, 8,422), or surnames (32,033, the most frequent first).
    - task: next for the next letter at every step, classify for female or male.
    - test: share of the names for the final test.

        data: names
        data: {name: names, which: surnames, validation: 0.1}
        data: {name: names, task: classify}

    Source: Ward 1996, Moby Word II; United States Census Bureau 1990, frequently occurring surnames; datasets/names.md
    says where the files come from and under which licence.
    """

    name = "names"
    main = "which"
    which: Literal["female", "male", "all", "surnames"] = "all"
    task: Literal["next", "classify"] = "next"
    test: Fraction | None = 0.1

    @model_validator(mode="after")
    def _check_classes(self) -> Names:
        if self.task == "classify" and self.which != "all":
            raise ValueError(
                f"task: classify tells female names from male ones, which: {self.which} has one kind; leave it out"
            )
        return self

    def generate(self) -> Dataset:
        """Letters (N, T) int32, and the next ones at every step, or labels (N,)."""
        if self.task == "classify":
            return self._classified()
        names = _all() if self.which == "all" else _names(self.which)
        letters = _letters(names)
        read, said = one_step_late([[letters.index(letter) for letter in name] for name in names])
        return Dataset(
            name=self.name,
            columns={"inputs": read, "targets": said, "lengths": np.array([len(name) + 1 for name in names], np.int32)},
            task="classification",
            classes=letters,
            features=step_names(read.shape[1]),
            fixed_test=None,
            about=f"{len(names):,} {'surnames' if self.which == 'surnames' else 'first names'}, letter by letter.",
            vocabulary=letters,
        )

    def _classified(self) -> Dataset:
        kinds = {kind: set(_names(kind)) for kind in ("female", "male")}
        both = kinds["female"] & kinds["male"]
        names = [(name, label) for label, kind in enumerate(kinds) for name in _names(kind) if name not in both]
        letters = _letters([name for name, _ in names])
        rows = [[letters.index(letter) for letter in name] for name, _ in names]
        inputs = filled(rows, max(map(len, rows)), END)
        return Dataset(
            name=self.name,
            columns={
                "inputs": inputs,
                "targets": np.array([label for _, label in names], np.int32),
                "lengths": lengths_of(rows),
            },
            task="classification",
            classes=tuple(kinds),
            features=step_names(inputs.shape[1]),
            fixed_test=None,
            about=f"{len(names):,} first names, a woman's or a man's.",
            vocabulary=letters,
        )


def _names(which: str) -> list[str]:
    """The names of a file in small letters, each once."""
    with reading(f"names-{which}.txt") as path:
        return list(dict.fromkeys(_lines(path, FILES[which])))


def _all() -> list[str]:
    return list(dict.fromkeys([*_names("female"), *_names("male")]))


def _lines(path: Path, count: int) -> list[str]:
    lines = path.read_text(encoding="ascii").lower().split()
    if len(lines) != count:
        raise ValueError(f"it has {len(lines)} names, not {count}")
    strange = sorted({letter for line in lines for letter in line} - {*LETTERS, "-"})
    if strange:
        raise ValueError(f"a name holds {strange[0]!r}")
    return lines


def _letters(names: Sequence[str]) -> tuple[str, ...]:
    """The boundary, the hyphen where a name has one, and the alphabet."""
    hyphen = ("-",) if any("-" in name for name in names) else ()
    return (BOUNDARY, *hyphen, *LETTERS)
