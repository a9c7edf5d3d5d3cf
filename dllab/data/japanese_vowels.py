"""Nine men who say two vowels: who is it?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import Fraction
from dllab.data.channels import Channels
from dllab.data.dataset import Dataset
from dllab.data.files import arrays, reading
from dllab.data.steps import step_names

TRAIN_ROWS, TEST_ROWS = 270, 370
LONGEST, COEFFICIENTS, SPEAKERS = 29, 12, 9


class JapaneseVowels(Channels):
    """Japanese vowels: 640 utterances of `ae` by nine men, 12 numbers at each of 7 to 29 steps; who speaks.

    The numbers are cepstrum coefficients of linear prediction. Rows are filled up with 0 to 29 steps; `lengths` says
    how many are there. The published split has 30 utterances of each speaker to train, 270 in all, and 370 to test, 24
    to 88 of a speaker.

        data: japanese_vowels
        data: {name: japanese_vowels, standardise: true, validation: 0.1}

    Options:

    - test: left out, the published split.

    Source: Kudo, Toyama and Shimbo 1999, "Multidimensional curve classification using passing-through regions";
    datasets/japanese_vowels.md says where the file comes from and under which licence.
    """

    name = "japanese_vowels"
    main = "test"
    test: Fraction | None = None

    def generate(self) -> Dataset:
        """Inputs (640, 29, 12) float32 and the speaker (640,)."""
        with reading("japanese_vowels.npz") as path:
            steps, lengths, speakers = _arrays(path)
        inputs = np.zeros((len(lengths), LONGEST, COEFFICIENTS), np.float32)
        inputs[np.arange(LONGEST) < lengths[:, None]] = steps
        return Dataset(
            name=self.name,
            columns={"inputs": inputs, "targets": speakers.astype(np.int32), "lengths": lengths.astype(np.int32)},
            task="classification",
            classes=tuple(f"speaker {number}" for number in range(1, SPEAKERS + 1)),
            features=step_names(LONGEST, *(f"c{number}" for number in range(1, COEFFICIENTS + 1))),
            fixed_test=np.arange(TRAIN_ROWS, TRAIN_ROWS + TEST_ROWS, dtype=np.int64),
            about="640 utterances of two Japanese vowels by nine men (Kudo et al. 1999).",
        )


def _arrays(path: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
    """All steps of all rows one after the other (M, 12), how many each row has, and who speaks."""
    steps, lengths, speakers = arrays(path, "steps", "lengths", "speakers")
    if lengths.shape != (TRAIN_ROWS + TEST_ROWS,) or steps.shape != (int(lengths.sum()), COEFFICIENTS):
        raise ValueError(f"it has {len(lengths)} rows of {len(steps)} steps in all")
    return steps, lengths, speakers
