"""`dllab viz-augment` on the command line: pipes, terminals, JSON; what it shows is what training sees."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from terminals import CONTROL, in_terminal, piped

from dllab.core.settings import jit_enabled
from dllab.lab.augmented import Sampler
from dllab.recipe import load

WORDS = ("viz-augment", "digits", "augment=[shift: 1, mixup: 2.0]", "--rows", "1", "--draws", "2")


def test_a_pipe_gets_plain_text(tmp_path: Path) -> None:
    done = piped(tmp_path, *WORDS)
    assert done.code == 0 and not CONTROL.search(done.out)
    assert done.out.startswith("digits: augment: [shift: 1, mixup: 2]\n8 x 8 pixels, as they are and as the net sees them")
    assert "as it is" in done.out and "epoch 2" in done.out and "epoch 3" not in done.out
    assert "dllab train digits 'augment=[shift: 1, mixup: 2.0]'" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_locale_without_blocks_gets_ascii(tmp_path: Path) -> None:
    done = piped(
        tmp_path, *WORDS, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}
    )
    assert done.code == 0 and done.out.isascii() and "@" in done.out


@pytest.mark.parametrize(
    ("env", "colours"), [({"COLORTERM": "truecolor"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminals(tmp_path: Path, env: dict[str, str], colours: bool) -> None:
    done = in_terminal(tmp_path, *WORDS, env=env)
    assert done.code == 0 and "epoch 2" in done.out
    assert ("▀" in done.out and "[38;2;" in done.out) == colours
    assert any(sign in done.out for sign in "░▒▓█") != colours


def test_the_document_is_what_training_sees(tmp_path: Path) -> None:
    done = piped(tmp_path, *WORDS, "--seed", "5", "--json")
    found = json.loads(done.out)
    sampler = Sampler(load("digits", ["augment=[shift: 1, mixup: 2.0]"]), 5)
    (sample,) = sampler.look(1, 2).samples
    assert found["seed"] == 5 and found["samples"][0]["row"] == sample.row
    values = [draw["values"] for draw in found["samples"][0]["draws"]]
    if jit_enabled():
        np.testing.assert_array_equal(np.array(values, np.float32), [draw.values for draw in sample.draws])


def test_the_parts_are_listed_and_explained(tmp_path: Path) -> None:
    listed = json.loads(piped(tmp_path, "augmentations", "--json").out)["augmentations"]
    assert set(listed) == {"shift", "flip", "rotate", "scale", "noise", "cutout", "mixup"}
    page = piped(tmp_path, "augmentations", "mixup").out
    assert "alpha" in page and "Zhang" in page
