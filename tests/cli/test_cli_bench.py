"""`dllab bench` as a process."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command_lines import typed
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


def test_sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dllab.lab import bench_sweep

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(bench_sweep, "SIZES", (20, 40))
    monkeypatch.setattr(bench_sweep.run, "__defaults__", ((20, 40),))
    done = typed(tmp_path, ["bench", "--sweep"])
    assert done.code == 0 and "members/s" in done.out and "\n     40 " in done.out
    document = json.loads(typed(tmp_path, ["bench", "--sweep", "--json"]).out)
    assert [one["members"] for one in document["sweeps"]] == [20, 40] and document["sweeps"][0]["epochs"] == 200
    monkeypatch.setattr(bench_sweep, "RATES", 0.5)
    failed = typed(tmp_path, ["bench", "--sweep"])
    assert (failed.code, failed.err) == (2, "dllab: a sweep that was to be timed failed\n" + WHY)


WHY = """\
  dllab: optimizer.lr=log(0.001,1,0.5): 0.5 is no count of values
  log(a,b,n) with n from 2 on
"""


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
