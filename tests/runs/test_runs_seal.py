"""Files with checksums: every change is noticed, whatever bit it is."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dllab
from dllab.runs.seal import Damaged, digest_of, sealed, sealed_json, unsealed, unsealed_json
from dllab.runs.store import CHECKPOINT

ARRAYS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1.5]), "empty": np.empty(0)}
FACTS = {"step": 7, "text": 'a "quoted" line\nand ä', "none": None, "nested": {"list": [1, 2.5]}}


def test_what_went_in_comes_out() -> None:
    arrays, facts = unsealed(sealed(ARRAYS, FACTS))
    assert facts == FACTS
    assert list(arrays) == sorted(ARRAYS) or set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_other_readers_can_read_it(tmp_path: Path) -> None:
    from safetensors import safe_open

    path = tmp_path / "x.safetensors"
    path.write_bytes(sealed(ARRAYS, FACTS))
    with safe_open(path, framework="numpy") as file:
        np.testing.assert_array_equal(file.get_tensor("w"), ARRAYS["w"])
        assert json.loads(file.metadata()["dllab"])["facts"] == FACTS


def test_every_bit_flip_and_truncation_of_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    recipe = {"data": "xor", "model": [{"dense": 2}, "tanh", {"dense": 1}, "sigmoid"], "train": {"epochs": 2}}
    result = dllab.train(recipe, run_dir=tmp_path)
    assert result.folder is not None
    content = (result.folder / CHECKPOINT).read_bytes()
    arrays, _ = unsealed(content)
    assert "optimizer/adam/m/0_dense.w" in arrays
    assert len(content) > 1000
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            with pytest.raises(Damaged):
                unsealed(bytes(flipped))
    for length in range(len(content)):
        with pytest.raises(Damaged):
            unsealed(content[:length])
    with pytest.raises(Damaged):
        unsealed(content + b"\0")


@given(st.binary(max_size=300))
def test_nonsense_is_damage(content: bytes) -> None:
    with pytest.raises(Damaged):
        unsealed(content)
    with pytest.raises(Damaged):
        unsealed_json(content)


def test_every_bit_flip_of_a_json_document_is_noticed_or_says_the_same() -> None:
    document = {"classes": ["a", "ä"], "shift": [0.1, 1e-30], "none": None}
    content = sealed_json(document)
    assert unsealed_json(content) == document
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            with contextlib.suppress(Damaged):
                assert unsealed_json(bytes(flipped)) == document  # one kind of white space for another
    for length in range(len(content) - 1):
        with pytest.raises(Damaged):
            unsealed_json(content[:length])


def test_a_digest_sees_names_types_shapes_and_bytes() -> None:
    base = {"x": np.zeros((2, 3), np.float32)}
    others = [
        {"y": base["x"]}, {"x": base["x"].astype(np.float64)}, {"x": base["x"].reshape(3, 2)}, {"x": base["x"] + 1}, {},
    ]  # fmt: skip
    assert digest_of(base) == digest_of({"x": np.zeros((3, 2), np.float32).T})
    assert len({digest_of(arrays) for arrays in [base, *others]}) == 6
