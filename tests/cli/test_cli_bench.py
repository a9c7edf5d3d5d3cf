"""`dllab bench` as a process."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from terminals import piped

SLOWED = "dllab: OPENBLAS_CORETYPE is set, which slows matrix products; for figures that\n  count, unset it\n"
WARNING = SLOWED if "OPENBLAS_CORETYPE" in os.environ else ""
KEYS = ["case", "us_per_step", "samples_per_second", "gflops", "roofline_percent", "peers", "ratio_to_fastest"]


def test_json(tmp_path: Path) -> None:
    done = piped(tmp_path, "bench", "--cases", "xor", "--rounds", "1", "--json")
    assert (done.code, done.err) == (0, WARNING)
    document = json.loads(done.out)
    assert list(document) == ["machine", "cases"]
    assert list(document["machine"]) == ["processor", "cores", "system", "python"]
    (case,) = document["cases"]
    assert list(case) == KEYS
    assert case["case"] == "xor" and case["us_per_step"] > 0 and case["peers"] == {}


def test_a_table(tmp_path: Path) -> None:
    done = piped(tmp_path, "bench", "--cases", "xor", "--rounds", "1")
    assert (done.code, done.err) == (0, WARNING)
    assert "roofline" in done.out and "2-8-2, 4" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cases", "mnist"], "the cases are xor, spirals, digits, mnist-mlp"),
        (["--cases", ","], "the cases are xor, spirals, digits, mnist-mlp"),
        (["--against", "tensorflow"], "the peers are torch, jax, sklearn"),
        (["--rounds", "0"], "--rounds"),
    ],
)
def test_refusals(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = piped(tmp_path, "bench", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
