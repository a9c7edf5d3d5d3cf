"""How English words are spoken: letters in, sounds out."""

from __future__ import annotations

import gzip
from pathlib import Path

from dllab.catalogue import Fraction
from dllab.data.dataset import Dataset, Source
from dllab.data.files import reading
from dllab.data.sequences import END, filled, lengths_of, one_step_late
from dllab.data.steps import BOUNDARY, step_names

WORDS, PHONES = 20_000, 39
LETTERS = (BOUNDARY, *"abcdefghijklmnopqrstuvwxyz")


class CmuDict(Source):
    """CMUdict: 20,000 English words of 2 to 12 letters, and how they are spoken in 39 sounds. A sequence for a sequence.

    An encoder reads the letters, (N, 12), of which `lengths` are there. A decoder reads the sounds one step late, from
    the boundary on (`from: decoder`), and says them: for `cat` it reads `. K AE T` and says `K AE T .`; steps after the
    end count nowhere. Of each word the first pronunciation is there, without stress.

    Options:

    - test: share of the words for the final test.

        data: cmudict
        data: {name: cmudict, test: 0.05, validation: 0.05}

    Source: Carnegie Mellon University, the CMU Pronouncing Dictionary; datasets/cmudict.md says where the file comes
    from and under which licence.
    """

    name = "cmudict"
    main = "test"
    test: Fraction | None = 0.1

    def generate(self) -> Dataset:
        """Letters (N, 12), the sounds that the decoder reads and is to say (N, 14), int32."""
        with reading("cmudict_20k_nostress.txt.gz") as path:
            words, spoken = _entries(path)
        phones = (BOUNDARY, *sorted({phone for sounds in spoken for phone in sounds}))
        letter_of = {letter: i for i, letter in enumerate(LETTERS)}
        phone_of = {phone: i for i, phone in enumerate(phones)}
        rows = [[letter_of[letter] for letter in word] for word in words]
        read, said = one_step_late([[phone_of[phone] for phone in sounds] for sounds in spoken])
        inputs = filled(rows, max(map(len, rows)), END)
        return Dataset(
            name=self.name,
            columns={"inputs": inputs, "targets": said, "lengths": lengths_of(rows), "decoder": read},
            task="classification",
            classes=phones,
            features=step_names(inputs.shape[1]),
            fixed_test=None,
            about="20,000 English words, letter by letter, and the sounds they are spoken with (CMU).",
            vocabulary=LETTERS,
        )


def _entries(path: Path) -> tuple[list[str], list[list[str]]]:
    """The words and their sounds."""
    lines = [line.split() for line in gzip.decompress(path.read_bytes()).decode("ascii").splitlines()]
    if len(lines) != WORDS:
        raise ValueError(f"it has {len(lines)} words, not {WORDS}")
    if not all(len(line) > 1 and set(line[0]) <= set(LETTERS[1:]) for line in lines):
        raise ValueError("a line is no word of small letters with its sounds")
    kinds = {phone for line in lines for phone in line[1:]}
    if len(kinds) != PHONES:
        raise ValueError(f"it has {len(kinds)} different sounds, not {PHONES}")
    return [line[0] for line in lines], [line[1:] for line in lines]
